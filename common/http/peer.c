#include "peer.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

static void address_text(const struct sockaddr_storage *address, char out[PEER_TEXT_MAX])
{
    char text[INET6_ADDRSTRLEN] = "?";
    if (address->ss_family == AF_INET6) {
        const struct sockaddr_in6 *ip6 = (const struct sockaddr_in6 *)address;
        (void)inet_ntop(AF_INET6, &ip6->sin6_addr, text, sizeof text);
        (void)snprintf(out, PEER_TEXT_MAX, "[%s]:%u", text, ntohs(ip6->sin6_port));
    } else {
        const struct sockaddr_in *ip4 = (const struct sockaddr_in *)address;
        (void)inet_ntop(AF_INET, &ip4->sin_addr, text, sizeof text);
        (void)snprintf(out, PEER_TEXT_MAX, "%s:%u", text, ntohs(ip4->sin_port));
    }
}

struct peer *peer_new(const struct sockaddr_storage *address)
{
    struct peer *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->references = 1;
    address_text(address, peer->remote);
    return peer;
}

struct peer *peer_take(struct peer *peer)
{
    peer->references++;
    return peer;
}

void peer_drop(struct peer *peer)
{
    if (peer == NULL || --peer->references > 0)
        return;
    free(peer->names);
    free(peer);
}

void peer_set_names(struct peer *peer, const struct tls_stream *stream)
{
    struct tls_peer_names *names = malloc(sizeof *names);
    if (names != NULL && tls_stream_peer_names(stream, names) == MSGIN5G_OK) {
        peer->names = names;
        return;
    }
    free(names);
}
