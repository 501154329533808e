/* What the files of libmsgin5g share. A client is a state machine over at most one connection. */
#ifndef CLIENT_INTERNAL_H
#define CLIENT_INTERNAL_H

#include "akma/a_kid.h"
#include "base/loop.h"
#include "base/secret.h"
#include "coap/transport.h"
#include "msg/segment.h"
#include "msgin5g/client.h"
#include "recent.h"
#include "server_uri.h"
#include "tls/stream.h"

#include <utlist.h>

/* Without our patches of libcoap nobody can say which (D)TLS versions a ClientHello offers, and its OSCORE takes
 * answers that are not protected (decision D2). */
#ifdef MSGIN5G_UNPATCHED_LIBCOAP
#define CAN_PIN_VERSION false
#define CAN_OSCORE      false
#else
#define CAN_PIN_VERSION true
#define CAN_OSCORE      true
#endif

struct msgin5g_context {
    struct loop *loop;
    struct transport *transport;
    struct secret_arena *keys; /* one K_AKMA a slot */
    struct msgin5g_client *clients;
    size_t client_count, max_clients;
    int64_t handshake_timeout_ms;
    struct msgin5g_client *freed; /* inside of a callback; released when the outermost call returns */
    unsigned depth;               /* above 0: callbacks may be running */
};

/** One transport session and whose it is; released when the transport says that the session is gone. */
struct connection {
    struct msgin5g_client *client; /* NULL: given up; nobody wants to hear of it any more */
    struct transport_session *session;
};

struct msgin5g_gateway; /* see gateway_internal.h */
struct outbox;          /* messages that survive the process, see outbox.c */
struct bootstrap;       /* POST /akma under way, see bootstrap.c */

/** One message on its way to the server; outlives the client when that is freed first. */
struct pending {
    struct msgin5g_client *client; /* NULL once the client is gone */
    char msg_id[MSGIN5G_UUID_LEN + 1];
    uint8_t *body; /* OSCORE: to send it again when the server did not take it; NULL else */
    size_t length;
    bool waiting;  /* for the next registration */
    bool repeated; /* it went out a second time */
    struct pending *prev, *next;
};

struct bundle;       /* messages that wait to go out as one, see aggregates.c */
struct aggregate;    /* one that went out */
struct subscription; /* to a topic, see subscriptions.c */
struct open_set;     /* a message coming in segments, see segments_in.c */
struct sent_set;     /* one that went out so, see segments_out.c */
struct report;       /* a delivery status report owed to a sender, see reports.c */

struct reports {
    struct report *list;
    size_t count;
    struct loop_timer timer; /* they wait to go out as one */
};

struct msgin5g_client {
    struct msgin5g_context *context;
    struct msgin5g_client_events events;
    void *ctx;

    struct server_uri server;
    char server_name[AKMA_FQDN_MAX + 1];
    struct msgin5g_service_id id; /* empty until the server has told it, see configuration.c */
    int64_t reg_lifetime_s;
    unsigned keep_alive_s;
    enum msgin5g_version version;
    unsigned backoff_min_ms, backoff_max_ms;
    unsigned outstanding_max;
    uint32_t segment_size;     /* payload octets of one message going out */
    uint32_t max_segment_size; /* told to the server (EC-10); 0: not told */
    unsigned segment_wait_ms;
    struct msgin5g_availability availability;
    bool behind_gateway, urgent;
    int64_t hold_s;
    int64_t admitted_s;              /* behind a gateway: how long it has accepted us */
    struct msgin5g_gateway *gateway; /* which it is itself; NULL: none */
    unsigned aggregate_wait_ms;      /* 0: messages and reports go out one by one */

    char a_kid[AKMA_A_KID_MAX + 1];
    struct k_akma *k_akma; /* in context->keys; NULL before msgin5g_client_set_akma(); or the key of the gateway */

    enum msgin5g_client_state state;
    struct connection *connection; /* NULL: none */
    enum tls_psk_versions attempt; /* offered in the handshake under way */
    bool rebootstrapped;           /* one new context was asked for since the last registration */
    struct bootstrap *bootstrap;   /* NULL: none */
    int64_t retry_after_s;         /* what the server asked for; 0 or less: nothing */
    bool key_refreshed;            /* need_key was asked: refresh once, retry once, then back off */
    unsigned failures;             /* in a row, for the back-off */
    struct loop_timer timer;       /* back-off, re-registration or the time DEREG has: by state */

    struct outbox *outbox; /* NULL: none */
    struct pending *pending;
    unsigned pending_count;
    struct reports reports;
    struct recent recent; /* messages already handed to the application */
    struct bundle *bundles;
    size_t bundle_count;
    struct aggregate *aggregates;
    size_t aggregate_count;
    struct open_set *open_sets;
    struct segment_budget open_budget;
    struct recent finished_sets; /* of which late segments are of no use, or that failed on their way out */
    struct sent_set *sent_sets;
    struct subscription *subscriptions;
    unsigned subscription_count;
    size_t sent_octets;
    char protection[64];
    struct msgin5g_client *prev, *next; /* in the context */
};

/* context.c */
/** Around everything that may call back: clients freed by a callback live until the outermost leave. */
void context_enter(struct msgin5g_context *context);
void context_leave(struct msgin5g_context *context);

/* connection.c: session, versions to try, back-off. */
/** Connect anew, whatever was before. */
void connection_start(struct msgin5g_client *client);
void connection_opened(struct msgin5g_client *client);
/** The connection of @p client is gone; @p session may still be asked about it. */
void connection_closed(struct msgin5g_client *client, const struct transport_session *session, enum transport_end end);
/** Give up the connection, if any; nothing of it reaches the client any more. */
void connection_drop(struct msgin5g_client *client);
/** Try again after the back-off; tells the owner @p err. The last thing a function does: the owner may react. */
void connection_retry_later(struct msgin5g_client *client, enum msgin5g_err err);
/** The key seems stale: ask for a fresh one, or back off when that was done already. Likewise the last thing. */
void connection_key_failed(struct msgin5g_client *client, enum msgin5g_err err);
/** The connection is protected, by @p how: register. Likewise. */
void connection_protected(struct msgin5g_client *client, const char *how);

/* registration.c: REG, its refresh, DEREG. */
void registration_start(struct msgin5g_client *client);
/** REGRESP or DEREGRESP: what has come of a request that the gateway held (TS 24.538 6.3.4.3.3, 6.3.4.3.6). */
void registration_on_result(struct msgin5g_client *client, const struct msgin5g_message *message);
enum msgin5g_err registration_end(struct msgin5g_client *client);
/** Stop: no connection, state IDLE. */
void registration_finish(struct msgin5g_client *client, enum msgin5g_err err);

/* keys.c */
/** Identity and PSK for a handshake of @p suite; @p hint is NULL in (D)TLS 1.3. */
bool keys_psk(const struct msgin5g_client *client, const char *hint, uint16_t suite, struct transport_psk *out);

/* messages.c */
void messages_receive(struct msgin5g_client *client, struct transport_request *request);
/** Send again what the server did not take because it had lost the context. */
void messages_flush(struct msgin5g_client *client);
/** Tell the owner that what waits to be sent again will not be. Likewise the last thing a function does. */
void messages_give_up(struct msgin5g_client *client, enum msgin5g_err err);
/** Cut the messages on their way loose from a client about to be freed. */
void messages_abandon(struct msgin5g_client *client);

/** Give a whole message to the application, unless it was there before, and owe the report it asks for. */
void messages_hand_over(struct msgin5g_client *client, const struct msgin5g_message *message);

/** A message that came as a notification of a topic (TS 24.538 6.4.1.2.6 d 4). */
void messages_notified(struct msgin5g_client *client, struct msgin5g_str body);

/* subscriptions.c */
/** Registered: subscribe to what the server does not notify of. */
void subscriptions_resume(struct msgin5g_client *client);
/** The connection is given up. */
void subscriptions_disconnected(struct msgin5g_client *client);
void subscriptions_abandon(struct msgin5g_client *client);

/** POST one message that fits; sent() follows. */
enum msgin5g_err messages_send_whole(struct msgin5g_client *client, const struct msgin5g_message *message);

/* aggregates.c */
/** May @p message wait for others to the same target? */
bool aggregates_wanted(const struct msgin5g_client *client, const struct msgin5g_message *message);
/** Let it wait; sent() follows once. @return as msgin5g_client_send(). */
enum msgin5g_err aggregates_add(struct msgin5g_client *client, const struct msgin5g_message *message);
/** Send what waits. */
void aggregates_flush(struct msgin5g_client *client);
/** When the server speaks of an aggregate, tell the owner about each message of it. @return false: it was none. */
bool aggregates_on_response(struct msgin5g_client *client, const struct msgin5g_message *response);
void aggregates_abandon(struct msgin5g_client *client);

/* segments_out.c */
/** Send a message larger than one segment; sent() follows once. @return as msgin5g_client_send(). */
enum msgin5g_err segments_send(struct msgin5g_client *client, const struct msgin5g_message *whole);
void segments_on_recovery(struct msgin5g_client *client, const struct msgin5g_message *segrec);
void segments_on_confirmation(struct msgin5g_client *client, const struct msgin5g_message *segconfir);
/** The message sent in this set has failed: what is left of it stays here. @return true: that was known. */
bool segments_failed(struct msgin5g_client *client, struct msgin5g_str set_id);
void segments_out_abandon(struct msgin5g_client *client);

/* segments_in.c */
void segments_in_init(struct msgin5g_client *client);
void segments_receive(struct msgin5g_client *client, const struct msgin5g_message *segment);
/** Registered again: the time for what is missing starts anew. */
void segments_in_resume(struct msgin5g_client *client);
void segments_in_abandon(struct msgin5g_client *client);

/* reports.c */
void reports_init(struct msgin5g_client *client);
/** Owe the originator a report about @p message; sent now or after the next registration. @p cause NULL: success. */
void reports_add(struct msgin5g_client *client, const struct msgin5g_message *message, const char *cause);
/** Send what is owed and not on its way. */
void reports_flush(struct msgin5g_client *client);
void reports_abandon(struct msgin5g_client *client);

/* configuration.c */
/** Ask the server for the UE Service ID, then register; on an open connection. */
void configuration_start(struct msgin5g_client *client);

/* client.c */
/** Tell the owner, who may react in any way, so act on the client afterwards only after a look at its state. */
void client_set_state(struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err);
/** How the exchange that carried a message ended: tell the owner, unless the outbox goes on with it. @p max_age_s -1:
 * none. The last thing a function does. */
void client_tell_sent(
    struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, uint8_t code, int64_t max_age_s);
/** Octets of @p message as this UE sends it. @return MSGIN5G_OK or an encoding error. */
enum msgin5g_err client_encode(const struct msgin5g_client *client, const struct msgin5g_message *message,
    uint8_t body[MSGIN5G_MESSAGE_MAX], size_t *length);
/** POST them. @return as transport_send(). */
enum msgin5g_err client_post_octets(
    struct msgin5g_client *client, const uint8_t *body, size_t length, transport_done_fn *done, void *ctx);
/** Both. */
enum msgin5g_err client_post(
    struct msgin5g_client *client, const struct msgin5g_message *message, transport_done_fn *done, void *ctx);

#endif
