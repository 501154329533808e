/* HTTP requests as handlers see them, and routes as rows. */
#ifndef HTTP_ROUTE_H
#define HTTP_ROUTE_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_request; /* one request being answered; see the accessors */
struct tls_peer_names;

/** Answers with http_respond(), at once or later on the same loop; exactly once. It may not free the server. */
typedef void http_handler_fn(void *ctx, struct http_request *request);

/** One row; a table ends with method NULL. Path segments in braces match one segment:
 * "/ue-authentications/{authCtxId}". */
struct http_route {
    const char *method;
    const char *path;
    const char
        *scope; /* OAuth 2.0 scope this route needs, NULL for none; for the handler, the router does not judge it */
    http_handler_fn *handle;
};

/** What the router found, for the fallback handler. */
enum http_match { HTTP_MATCH_ROUTE, HTTP_MATCH_OTHER_METHOD, HTTP_MATCH_NONE };

struct http_header {
    const char *name; /* lower case */
    const char *value;
};

/* Accessors; what they return lives until http_respond(). */
struct msgin5g_str http_request_method(const struct http_request *request);
/** Path without the query. */
struct msgin5g_str http_request_path(const struct http_request *request);
/** After '?', absent without one. */
struct msgin5g_str http_request_query(const struct http_request *request);
/** Path segment that matched {name}, percent-decoded; absent when the route has none. */
struct msgin5g_str http_request_param(const struct http_request *request, const char *name);
/** First header of this (lower-case) name, absent when there is none. */
struct msgin5g_str http_request_header(const struct http_request *request, const char *name);
struct msgin5g_str http_request_body(const struct http_request *request);
/** True when the body is application/json, with or without parameters. */
bool http_request_is_json(const struct http_request *request);
/** Names in the client's certificate, NULL without one. */
const struct tls_peer_names *http_request_peer(const struct http_request *request);
/** Textual address of the client, "127.0.0.1:40000". */
const char *http_request_remote(const struct http_request *request);
/** Milliseconds since the whole request was here. */
int64_t http_request_age_ms(const struct http_request *request);
/** server_name of the server's configuration, "" for none. */
const char *http_request_server_name(const struct http_request *request);
const struct http_route *http_request_route(const struct http_request *request);
enum http_match http_request_match(const struct http_request *request);

/** An answer; everything is borrowed for the call. */
struct http_answer {
    int status;
    const char *content_type; /* NULL: no body */
    const void *body;
    size_t length;
    const struct http_header *headers; /* besides content-type and content-length; names in lower case */
    size_t header_count;               /* at most HTTP_ANSWER_HEADERS_MAX */
};
#define HTTP_ANSWER_HEADERS_MAX 16
/** Send the answer; @p request is gone afterwards. A client that has left in the meantime is no error. */
void http_respond(struct http_request *request, const struct http_answer *answer);
enum http_abort {
    HTTP_ABORT_STREAM,    /* RST_STREAM, INTERNAL_ERROR; HTTP/1.1: as HTTP_ABORT_GOAWAY */
    HTTP_ABORT_GOAWAY,    /* GOAWAY, then the connection is closed; HTTP/1.1: closed */
    HTTP_ABORT_CONNECTION /* reset the TCP connection */
};
/** End the request without an answer, for fault injection; @p request is gone afterwards. */
void http_request_abort(struct http_request *request, enum http_abort how);
/** Answer with application/problem+json (RFC 9457, TS 29.571 ProblemDetails); @p cause and @p detail may be NULL. */
void http_respond_problem(struct http_request *request, int status, const char *cause, const char *detail);
/** The same with further headers (Allow, Retry-After, WWW-Authenticate). */
void http_respond_problem_with(struct http_request *request, int status, const char *cause, const char *detail,
    const struct http_header *headers, size_t header_count);

/** Answer with problem details that name one member in invalidParams: @p param, a JSON Pointer ("": the whole body);
 * @p cause and @p reason may be NULL. */
void http_respond_invalid(
    struct http_request *request, int status, const char *cause, const char *param, const char *reason);

#endif
