/* What the files of the Gateway Client share. */
#ifndef GATEWAY_INTERNAL_H
#define GATEWAY_INTERNAL_H

#include "client_internal.h"
#include "msgin5g/gateway.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define GATEWAY_HELD_MAX 2048 /* octets of one REG or DEREG */

enum gateway_want { GATEWAY_WANTS_NOTHING, GATEWAY_WANTS_REG, GATEWAY_WANTS_DEREG };

/** A constrained UE the gateway knows; lives as long as the gateway. */
struct gateway_ue {
    UT_hash_handle hh; /* by id */
    struct msgin5g_gateway *gateway;
    struct k_akma *key;                /* in gateway->keys */
    struct transport_session *session; /* NULL: away */
    int64_t admitted_until_ms;         /* 0: not admitted */
    enum gateway_want want;            /* what is to be asked of the server */
    bool tell;                         /* it wants to hear what comes of that */
    bool ready;                        /* not to be held any longer */
    int64_t due_ms;                    /* else: until then */
    uint8_t *body;                     /* the request; of a registered UE its REG, to be said again */
    size_t length;
    enum gateway_want sent; /* in the bulk request under way */
    bool sent_tell;
    bool registered;
    int64_t refresh_ms;
    struct msgin5g_service_id id;
};

struct gateway_bulk; /* a request under way, see gateway_bulk.c */

/** One message on its way through; released when its exchange ends. */
struct gateway_relay {
    struct msgin5g_gateway *gateway; /* NULL: gone */
    struct gateway_ue *ue;
    struct transport_deferred *deferred; /* the answer owed to whom it came from; NULL: none */
    enum gateway_want want;              /* of an urgent REG or DEREG */
    bool up;                             /* to the server */
    struct gateway_relay *prev, *next;
};

struct msgin5g_gateway {
    struct msgin5g_client *client;
    struct msgin5g_gateway_events events;
    void *ctx;
    struct transport *transport;
    struct secret_arena *keys;
    struct gateway_ue *ues;
    uint16_t port;
    size_t max_ues, batch;
    int64_t hold_s, admission_s;
    struct loop_timer timer; /* to what is due next */
    struct gateway_bulk *bulk;
    struct gateway_relay *relays;
    size_t relay_count;
};

/* gateway.c */
int64_t gateway_now_ms(const struct msgin5g_gateway *gateway);
struct gateway_ue *gateway_find(const struct msgin5g_gateway *gateway, struct msgin5g_str ue_service_id);
void gateway_tell(struct gateway_ue *ue, enum msgin5g_gateway_event event, struct msgin5g_str cause);
void gateway_respond(struct transport_request *request, uint8_t code, const void *body, size_t length);
/** It is not reachable any more: what it wanted is void, and it will be de-registered. */
void gateway_leave(struct gateway_ue *ue);

/* gateway_bulk.c: requests that wait, and go out together (TS 24.538 6.3.4.3). */
void gateway_bulk_init(struct msgin5g_gateway *gateway);
/** Keep @p body until it is due. @return seconds to that, or -1 when memory is short. */
int64_t gateway_hold(struct gateway_ue *ue, const struct msgin5g_message *message, struct msgin5g_str body);
/** Remember @p body, which goes to the server by itself. @return false when memory is short. */
bool gateway_keep(struct gateway_ue *ue, struct msgin5g_str body);
/** The server has answered what @p ue asked. */
void gateway_settle(struct gateway_ue *ue, enum gateway_want asked, const struct msgin5g_reg_response *response);
/** De-register @p ue with the next batch, untold. */
void gateway_withdraw(struct gateway_ue *ue);
/** Set the timer to what is due next. */
void gateway_schedule(struct msgin5g_gateway *gateway);
/** The client has registered over a new session: so are its UEs. */
void gateway_upstream_registered(struct msgin5g_gateway *gateway);
void gateway_bulk_abandon(struct msgin5g_gateway *gateway);

/* gateway_relay.c */
/** Pass a request of @p ue on to the server; answered when the server has answered. */
void gateway_relay_up(struct gateway_ue *ue, struct transport_request *request, enum gateway_want want);
/** A request of the server: true when it was for a UE behind the gateway, and is answered or will be. */
bool gateway_relay_down(struct msgin5g_gateway *gateway, struct transport_request *request);
/** Answer what is owed to UEs, before their sessions end. */
void gateway_relay_abandon(struct msgin5g_gateway *gateway);

#endif
