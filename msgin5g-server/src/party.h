/* Somebody at the other end of an HTTP interface: a Service ID, the certificates that prove it, and the way there. */
#ifndef PARTY_H
#define PARTY_H

#include "base/config.h"
#include "origins.h"
#include "tls/stream.h"
#include "way_http.h"

struct party {
    struct way_http way;
    struct msgin5g_service_id id;
    const struct config_strings *certificates;
};

/** @p id was checked when the configuration was read. Everything is borrowed. */
void party_init(struct party *party, const char *id, const struct config_strings *certificates,
    const struct way_http_config *way_config, const struct way_http_service *service);
/** Is whoever shows a certificate with @p names (NULL: none) this one (TS 33.501 Y.4, Y.5; EC-15)? */
bool party_is(const struct party *party, const struct tls_peer_names *names);
/** Push to @p target, whose origin was added, from now on; NULL: nowhere. @p target is borrowed. */
void party_aim(struct party *party, const struct origins *origins, const struct target_uri *target);

#endif
