/* One session as the rest of the server sees it: who is at the other end, and what runs over it. */
#ifndef PEER_H
#define PEER_H

#include "base/loop.h"
#include "rate_limit.h"
#include "way.h"

struct transport_session;
struct registration;
struct way_ue_config;

/** Made by the endpoint when the session opens; it outlives every exchange of the session. */
struct peer {
    struct transport_session *session;
    struct registration *registrations; /* UE Service IDs reached over this session; see registration.h */
    size_t registration_count;
    struct way way; /* to whoever is at the other end; see way_ue.h */
    const struct way_ue_config *way_config;
    char *identity; /* SUPI or GPSI from the AAnF; NULL when it gave none (N17) */
    struct loop_timer key_expiry;
    int64_t registrations_until_s; /* no registration over it lasts longer (UTC); 0: no such limit */
    struct rate_bucket requests;
};

#endif
