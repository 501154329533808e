/* What belongs to one session of a UE. The peer is the rest of the server's view of it. */
#ifndef LINK_H
#define LINK_H

#include "a_kid_sessions.h"
#include "handshake.h"
#include "peer.h"

struct endpoint;

/** Life of an OSCORE context (TS 33.535 Annex D). */
enum context_state {
    CONTEXT_NONE,      /* a (D)TLS session */
    CONTEXT_HALF_OPEN, /* nobody has shown to have the key */
    CONTEXT_OPEN,
    CONTEXT_EXPIRED, /* K_AF is over; kept so that the UE can be told */
    CONTEXT_ENDED    /* about to be closed */
};

struct link {
    struct peer peer;
    struct endpoint *endpoint;   /* (D)TLS */
    struct handshake *handshake; /* (D)TLS; goes when it is over */
    struct a_kid_member a_kid;   /* whose K_AF protects it, from the moment it was handed out */
    struct contexts *contexts;   /* OSCORE, with all that follows */
    enum context_state state;
    int64_t expiry_s;         /* of K_AF, seconds since 1970-01-01 UTC */
    struct link *prev, *next; /* of the half-open contexts, oldest first */
};

static inline struct link *link_of_a_kid(struct a_kid_member *member)
{
    return (struct link *)((char *)member - offsetof(struct link, a_kid));
}

#endif
