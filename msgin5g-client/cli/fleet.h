/* Many simulated UEs in one process: their keys, their registration a few at a time, and who is there. */
#ifndef FLEET_H
#define FLEET_H

#include "options.h"

#include "base/loop.h"

enum fleet_ue_state {
    FLEET_UE_NEW,
    FLEET_UE_STARTING, /* primary authentication, handshake, REG */
    FLEET_UE_REGISTERED,
    FLEET_UE_AWAY,   /* was registered; the library tries again */
    FLEET_UE_FAILED, /* given up */
    FLEET_UE_GONE    /* de-registered */
};

struct fleet;
struct primary_auth;
struct usim;

struct fleet_ue {
    struct fleet *fleet;
    struct msgin5g_client *client;
    struct usim *usim;
    struct primary_auth *auth; /* NULL: no run since the last one was released */
    struct loop_timer auth_end;
    size_t index; /* from 0 */
    enum fleet_ue_state state;
    bool counted; /* as one under way */
    bool used;    /* the command's own: it has done what it does once for each */
    char *service_id;
};

/** What the command wants to know; every row is needed. @p registered runs at each registration and failure. */
struct fleet_events {
    void (*registered)(void *ctx, struct fleet_ue *ue);
    void (*failed)(void *ctx, struct fleet_ue *ue, enum msgin5g_err err);
    void (*message)(void *ctx, struct fleet_ue *ue, const struct msgin5g_message *message);
    void (*report)(void *ctx, struct fleet_ue *ue, struct msgin5g_str msg_id, enum msgin5g_delivery_status status);
    void (*response)(void *ctx, struct fleet_ue *ue, struct msgin5g_str msg_id, enum msgin5g_delivery_status status);
    void (*sent)(void *ctx, struct fleet_ue *ue, const char *msg_id, enum msgin5g_err err, unsigned char coap_code);
    void (*subscription)(void *ctx, struct fleet_ue *ue, enum msgin5g_sub_status status);
    void (*idle)(void *ctx); /* after fleet_leave(): everybody is gone */
};

struct fleet_counts {
    size_t registered; /* now */
    size_t failed;
    size_t under_way;
    int64_t registrations; /* the first of each UE and every one after a loss */
    int64_t losses;        /* of a registration, not wished for */
};

/** Build all UEs of @p options (borrowed); prints what is wrong. @return EXIT_CODE_OK or the code to end with; release
 * *@p out either way. */
int fleet_create(
    struct loop *loop, struct options *options, const struct fleet_events *events, void *ctx, struct fleet **out);
void fleet_free(struct fleet *fleet);
void fleet_start(struct fleet *fleet);
/** Give up those that are not registered yet: failed() with @p err for each. */
void fleet_give_up(struct fleet *fleet, enum msgin5g_err err);
/** De-register everybody. @return false when nobody was there; idle() follows else. */
bool fleet_leave(struct fleet *fleet);
/** Let the library work; after calls to it from outside of its own callbacks. */
void fleet_pump(struct fleet *fleet);
size_t fleet_size(const struct fleet *fleet);
struct fleet_ue *fleet_ue(struct fleet *fleet, size_t index);
const struct fleet_counts *fleet_counts(const struct fleet *fleet);

#endif
