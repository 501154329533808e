/* The server's address as applications write it: coaps://host[:port], coaps+tcp:// or, with OSCORE, coap:// (RFC 7252
 * 6). */
#ifndef SERVER_URI_H
#define SERVER_URI_H

#include "coap/transport.h"

#define SERVER_HOST_MAX 253
#define SERVER_PATH     "msgin5g" /* EC-1 */

struct server_uri {
    enum transport_scheme scheme;
    char host[SERVER_HOST_MAX + 1]; /* as written, without brackets */
    char address[64];               /* numeric */
    uint16_t port;
    char path[64]; /* SERVER_PATH when the URI names none */
};

/** Read @p text; "localhost" becomes 127.0.0.1. @return MSGIN5G_OK or ERR_INVALID (another scheme, a name, a port out
 * of range, a path with a query or percent-encoding). */
enum msgin5g_err server_uri_parse(const char *text, struct server_uri *out);

#endif
