/*
 * UE Service IDs that are registered: by whom, over which session, until when (TS 23.554 8.2.1, 8.2.2;
 * TS 24.538 6.3.1.2). A registration refers to a session and survives it: the UE is then unavailable until it comes
 * back (EC-2).
 */
#ifndef REGISTRATION_H
#define REGISTRATION_H

#include "directory.h"
#include "identity.h"
#include "peer.h"
#include "request.h"
#include "server_metrics.h"

/** What a UE said about itself (cliProfile, TS 24.538 7.3.3.1). */
struct client_profile {
    uint32_t max_segment_size; /* octets of a payload; 0: it did not say (EC-10) */
    struct msgin5g_availability availability;
    char triggering[]; /* triInfo as JSON, "" for none: for a network that wakes UEs up */
};

struct registration {
    struct directory_entry place;     /* its id is the UE Service ID */
    struct registration *prev, *next; /* of the same peer */
    struct peer *peer;                /* NULL: no session now */
    struct loop_timer expiry;
    int64_t expires_s; /* the same as UTC */
    struct registrations *all;
    struct client_profile *profile; /* NULL: it gave none */
    const char *identity;           /* SUPI or GPSI that registered it; "" for none */
    char text[];                    /* both texts, each with a NUL */
};

struct registrations_config {
    int64_t default_s, min_s, max_s; /* lifetimes (EC-9) */
    size_t max;                      /* UE Service IDs in all */
    size_t per_session, per_gateway; /* the latter for who may vouch for others */
    bool allow_anonymous;
    /** @p peer has lost its last registration to a newer session of the same UE (EC-2); may be NULL. */
    void (*superseded)(void *ctx, struct peer *peer);
    void *ctx;
    /** How a UE is reached has changed: over which session, at which times, or not at all any more. May be NULL. */
    void (*changed)(void *ctx, const char *ue_service_id);
    void *changed_ctx;
    /** A registration is to survive a restart, with its REG as received; or, with @p expires_s 0, not any more. May be
     * NULL. */
    void (*keep)(void *ctx, const char *ue_service_id, const char *identity, struct msgin5g_str reg, int64_t expires_s);
    void *keep_ctx;
};

/** @p directory, @p map and @p metrics are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err registrations_create(struct loop *loop, const struct registrations_config *config,
    struct directory *directory, const struct identity_map *map, struct server_metrics *metrics,
    struct registrations **out);
/** NULL is allowed. */
void registrations_free(struct registrations *registrations);

/** @return NULL when @p id is not registered. */
struct registration *registrations_find(const struct registrations *registrations, const struct msgin5g_service_id *id);
/** In the order of registering; NULL behind the last. */
struct registration *registrations_first(const struct registrations *registrations);
struct registration *registrations_next(const struct registration *registration);
/** End @p registration as if it had run out; its UE has to register again. */
void registrations_end(struct registration *registration);
size_t registrations_count(const struct registrations *registrations);
/** Register @p id as before a restart: unavailable until it speaks again, until @p expires_s (UTC). Nothing happens
 * when
 * @p identity may not have it any more, or it is registered already. */
void registrations_restore(struct registrations *registrations, const struct msgin5g_service_id *id,
    const char *identity, const struct msgin5g_message *reg, int64_t expires_s);
/**
 * May @p peer speak as @p id (D14)? A registration of the same SUPI or GPSI moves to the session that speaks (EC-2).
 *
 * @return MSGIN5G_OK, ERR_NOT_REGISTERED (its own UE Service ID), ERR_UNAUTHORIZED_ORIGINATOR (somebody else's).
 */
enum msgin5g_err registrations_authorise(
    struct registrations *registrations, struct peer *peer, const struct msgin5g_service_id *id);
/** The session of @p peer is gone; its registrations wait for another one. */
void registrations_peer_closed(struct registrations *registrations, struct peer *peer);
/** The UE behind @p from is behind @p to now, with the same A-KID: its registrations are reached over @p to. */
void registrations_move(struct registrations *registrations, struct peer *from, struct peer *to);
/** Use @p map from now on and end registrations that it does not allow any more. @return how many. */
size_t registrations_rebind(struct registrations *registrations, const struct identity_map *map);

/** What came of one registration. */
struct registered {
    bool is_new;
    int64_t lifetime_s;
};
/**
 * Register @p id, reached over @p peer, as @p reg says (TS 24.538 6.3.1.2.1); an ID of somebody else is logged.
 *
 * @param body @p reg as octets, to be kept.
 * @return MSGIN5G_OK; ERR_UNAUTHORIZED_ORIGINATOR, ERR_LIMIT, ERR_NO_MEMORY.
 */
enum msgin5g_err registrations_register(struct registrations *registrations, struct peer *peer,
    const struct msgin5g_service_id *id, const struct msgin5g_message *reg, struct msgin5g_str body,
    struct registered *out);
/** End the registration of @p id. @return as registrations_authorise(). */
enum msgin5g_err registrations_deregister(
    struct registrations *registrations, struct peer *peer, const struct msgin5g_service_id *id);
/** May @p peer register other UEs in bulk (TS 33.501 Y.6)? */
bool registrations_is_gateway(const struct registrations *registrations, const struct peer *peer);

/** Handlers of REG and DEREG; see request.h. */
request_handler_fn registration_on_reg;
request_handler_fn registration_on_dereg;

#endif
