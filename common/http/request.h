/* One request, from its first octet to the end of its answer, whatever the wire format. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "fields.h"
#include "h2_session.h"
#include "http/route.h"
#include "peer.h"

#define REQUEST_PARAMS_MAX 8

struct http_connection;

struct http_request {
    struct http_connection *connection; /* NULL: the client has left, and only a handler still knows this request */
    struct peer *peer;
    struct fields fields;
    struct text_ref method, path, query;
    bool has_query;
    struct buffer body;
    const struct http_route *route;
    enum http_match match;
    size_t param_count;
    struct {
        struct msgin5g_str name; /* inside the route's path */
        struct text_ref value;
    } params[REQUEST_PARAMS_MAX];
    int refused;          /* status to answer with instead of asking a handler; 0: none */
    bool fields_done;     /* what comes now are trailers */
    bool complete;        /* received */
    bool dispatched;      /* a handler has it, or it was refused */
    bool answered;        /* the answer is on its way */
    bool aborted;         /* there will be none: http_request_abort() */
    size_t dropped;       /* octets of the body that came after the answer */
    int32_t stream_id;    /* HTTP/2 */
    int64_t since_ms;     /* when it began, was complete, was answered: the last of these */
    struct buffer answer; /* body of the answer while it is being sent */
    struct h2_body sending;
    struct http_request *prev, *next; /* among the connection's */
};

/** @return NULL when memory is short. */
struct http_request *request_new(void);
/** Make @p request fit for another message; memory is kept up to a bound. */
void request_reset(struct http_request *request, size_t header_octets, size_t body_octets);
void request_free(struct http_request *request);

/** Store method and target; splits and checks the target. A bad one sets refused to 400. */
void request_set_method(struct http_request *request, struct msgin5g_str method);
void request_set_target(struct http_request *request, struct msgin5g_str target);
/** Note a reason to refuse; the first one stays. */
void request_refuse(struct http_request *request, int status);
/** Add to the body; more than the limit refuses the request with 413. */
void request_add_body(struct http_request *request, const void *octets, size_t length);

/** Find the row of @p routes (may be NULL) for @p request; sets route, match and params. */
void route_find(struct http_request *request, const struct http_route *routes);
bool route_path_matches(const struct http_request *request, const struct http_route *route);
/** Undo percent-encoding in place. @return octets left, or -1 for a malformed or NUL escape. */
long percent_decode(char *text, size_t length);

/** Title of a status for problem details and HTTP/1.1's status line. */
const char *status_text(int status);

#endif
