/* Who sends a request; outlives the connection while a handler still works for it. */
#ifndef HTTP_PEER_H
#define HTTP_PEER_H

#include "tls/stream.h"

#include <netinet/in.h>

#define PEER_TEXT_MAX 64

struct peer {
    unsigned references;
    char remote[PEER_TEXT_MAX];   /* "127.0.0.1:40000", "[::1]:40000" */
    struct tls_peer_names *names; /* NULL: no certificate */
};

/** One reference, the caller's. @return NULL when memory is short. */
struct peer *peer_new(const struct sockaddr_storage *address);
struct peer *peer_take(struct peer *peer);
/** Release one reference. NULL is allowed. */
void peer_drop(struct peer *peer);
/** Keep the names of the certificate that @p stream's peer showed, if any. */
void peer_set_names(struct peer *peer, const struct tls_stream *stream);

#endif
