/*
 * OSCORE contexts from POST /akma to their end (TS 33.535 Annex D; choice C14): half-open until a request of the UE
 * verifies, then a session like any other, until another one of the same A-KID takes its place or K_AF expires.
 */
#ifndef CONTEXTS_H
#define CONTEXTS_H

#include "coap/transport_oscore.h"
#include "config.h"
#include "establishment.h"
#include "link.h"
#include "registration.h"
#include "way_ue.h"

#define CONTEXTS_PER_A_KID 8 /* half-open ones; choice C14 */

/** The transport's functions, bound to one; tests put theirs here. */
struct contexts_transport {
    enum msgin5g_err (*expect)(
        struct transport *transport, const struct transport_oscore *oscore, void *user, struct transport_session **out);
    void (*close)(struct transport_session *session);
    void (*end_observations)(struct transport_session *session);
    const char *(*remote)(const struct transport_session *session);
    struct transport *transport;
};

/** Everything is borrowed but @p transport. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err contexts_create(struct loop *loop, const struct server_config *config,
    const struct contexts_transport *transport, const struct way_ue_config *way_config,
    struct a_kid_sessions *a_kid_sessions, struct server_metrics *metrics, struct contexts **out);
/** Every session must have been closed. NULL is allowed. */
void contexts_free(struct contexts *contexts);
/** Before the first session: where the UEs of contexts register; borrowed. */
void contexts_serve(struct contexts *contexts, struct registrations *registrations);

/** Have the transport wait for who has this key; the oldest half-open context gives way to it when there are too many.
 * @return MSGIN5G_OK, ERR_OVERLOADED (limits.sessions), ERR_NO_MEMORY or ERR_INTERNAL. */
enum msgin5g_err contexts_accept(struct contexts *contexts, const struct establishment_grant *grant);
/** A request has verified: the UE has the key. Its context before, and what is registered over that, go to this one. */
void contexts_confirm(struct link *link);
/** Is the K_AF of @p link over? Then its request gets 4.01 K_AF_EXPIRED, and the context ends with contexts_end(). */
bool contexts_expired(const struct link *link);
/** Remove the context; what has been answered already still goes out. */
void contexts_end(struct link *link);
/** The session is gone; @p link is freed by the caller. */
void contexts_closed(struct link *link, enum transport_end end);

#endif
