/*
 * HTTP client of one peer: reconnect with back-off, deadlines, bounded queue (decision D6). HTTP/2 over one connection;
 * HTTP/1.1, where it is allowed and the peer speaks nothing better, over a small pool of them.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include "base/loop.h"
#include "base/metrics.h"
#include "http/route.h"
#include "tls/stream.h"

struct http_client;

/** Which versions a client speaks. */
enum http_versions {
    HTTP_VERSION_2,  /* over TLS by ALPN "h2", in clear by prior knowledge: the services of the 5G core */
    HTTP_VERSION_ANY /* over TLS what ALPN chooses, HTTP/1.1 without it; in clear HTTP/1.1 (TS 29.538 7) */
};

struct http_client_config {
    const char *url;         /* "https://host:port" or "http://host:port" */
    struct tls_context *tls; /* for https; its alpn has to fit versions; borrowed for the client's life */
    enum http_versions versions;
    size_t connections;        /* HTTP/1.1: most at once; default 8 */
    int64_t connect_ms;        /* default 2000 */
    size_t body_octets;        /* of a response at most; default 65536 */
    size_t queued;             /* calls in flight and waiting; default 10000; more: ERR_LIMIT */
    struct metrics *metrics;   /* NULL: none */
    const char *metrics_label; /* constant, "aanf" */
};

/** One request; everything is borrowed for the call of http_client_send(). */
struct http_call {
    const char *method;
    const char *path;         /* with query */
    const char *content_type; /* NULL: no body */
    const void *body;
    size_t length;
    const struct http_header *headers;
    size_t header_count;
    int64_t deadline_ms; /* from now; default 2000 */
};

struct http_response {
    int status;
    const uint8_t *body; /* at most the client's body_octets */
    size_t length;
    const struct http_header *headers;
    size_t header_count;
};

/**
 * Runs exactly once for every accepted call, on the loop, never inside http_client_send().
 * @param err MSGIN5G_OK with @p response (borrowed for the call), else NULL and ERR_TIMEOUT, ERR_CONNECT, ERR_CLOSED,
 *            ERR_AUTHENTICATION (TLS), ERR_PAYLOAD_TOO_LARGE or ERR_PEER (protocol error).
 */
typedef void http_response_fn(void *ctx, enum msgin5g_err err, const struct http_response *response);

/** Nothing is connected yet. @return MSGIN5G_OK, ERR_INVALID (URL), ERR_NO_MEMORY. @p config is copied. */
enum msgin5g_err http_client_create(
    struct loop *loop, const struct http_client_config *config, struct http_client **out);
/** Every call still open is answered with ERR_CLOSED, during this call. NULL is allowed. */
void http_client_free(struct http_client *client);
/** Use new connections for the calls from now on (another certificate); calls in flight end on the old ones. */
void http_client_renew(struct http_client *client);
/** Send now or as soon as connected. @return MSGIN5G_OK, ERR_LIMIT, ERR_NO_MEMORY. */
enum msgin5g_err http_client_send(
    struct http_client *client, const struct http_call *call, http_response_fn *done, void *ctx);
/** Last problem in words for logs ("certificate of 127.0.0.1:8444 is not trusted"), "" when none. */
const char *http_client_problem(const struct http_client *client);
/** Value of the (lower-case) header, NULL when absent. */
const char *http_response_header(const struct http_response *response, const char *name);

#endif
