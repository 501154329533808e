/* HTTP/2 and HTTP/1.1 server on one port: ALPN over TLS; prior knowledge or HTTP/1.1 in clear (decision D6). */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/loop.h"
#include "base/metrics.h"
#include "http/route.h"
#include "tls/stream.h"

struct http_server;

struct http_limits {
    size_t body_octets;   /* default 65536 */
    size_t header_octets; /* all headers of a request; default 16384 */
    uint32_t streams;     /* concurrent requests a connection; default 100 */
    size_t connections;   /* default 1024 */
    int64_t idle_ms;      /* connection without a request; default 60000 */
    int64_t per_second;   /* requests of one client a second; default 0: no limit; more: 429 with Retry-After */
    int64_t burst;        /* requests of one client at once, with per_second; default per_second */
    int64_t request_ms;   /* from first octet to the whole request, and the TLS handshake; default 10000 */
};

struct http_server_config {
    const char *host;                /* address to bind, "127.0.0.1", "::1", "::" */
    uint16_t port;                   /* 0: any free one, see http_server_port() */
    struct tls_context *tls;         /* borrowed for the server's life; NULL: in clear */
    bool http2_only;                 /* 5G core services: no HTTP/1.1 */
    struct http_limits limits;       /* zero members take the defaults */
    const struct http_route *routes; /* constant table */
    http_handler_fn *fallback;       /* when no row matches; NULL: 404 or 405 as problem details */
    const char *busy_cause;          /* in the problem details of a 429; NULL: none */
    const char *server_name;         /* Server header, NULL: none */
    void *ctx;                       /* for handlers */
    struct metrics *metrics;         /* NULL: none; msgin5g_http_requests_total{server=...,status=...} and the like */
    const char *metrics_label;       /* constant, "api", "management", "naanf" */
};

/** Bind and listen; serves on @p loop from now on. @p config is copied, what it points to is borrowed. */
enum msgin5g_err http_server_create(
    struct loop *loop, const struct http_server_config *config, struct http_server **out);
/** Port actually bound. */
uint16_t http_server_port(const struct http_server *server);
/** Stop listening, send GOAWAY; requests in hand are finished. */
void http_server_drain(struct http_server *server);
/** Connections still open; 0 after http_server_drain() when all requests in hand are answered. */
size_t http_server_connections(const struct http_server *server);
/** Close everything; requests still with handlers must have been answered or are answered into the void. NULL is
 * allowed. */
void http_server_free(struct http_server *server);

#endif
