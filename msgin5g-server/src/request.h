/* What a handler of dispatch.c gets and gives. */
#ifndef REQUEST_H
#define REQUEST_H

#include "msgin5g/message.h"
#include "peer.h"

struct audit;
struct delivery;
struct dispatch;
struct registrations;
struct segments;
struct topics;
struct transport_request;

/** The objects handlers work on. */
struct services {
    struct registrations *registrations;
    struct delivery *delivery;
    struct topics *topics;
    struct segments *segments;
    struct audit *audit; /* NULL: none */
};

/** One request, decoded and checked; borrowed for the call. */
struct request {
    struct peer *peer;
    const struct msgin5g_message *message;
    struct msgin5g_service_id originator; /* oriAddr in canonical form */
    struct msgin5g_str body;              /* as received */
    bool confirmable;
    struct dispatch *dispatch;
    struct transport_request *transport; /* for request_defer() */
};

#define REPLY_BODY_MAX 1024

/** The answer, when it is known at once; zeroed at first: the code of the error returned, no body. */
struct reply {
    uint8_t code;  /* 0: that of the error; see MSGIN5G_COAP_CODE() */
    size_t length; /* octets of JSON in body */
    bool later;    /* request_defer() was called: what the handler returns and the rest of this do not count */
    uint8_t body[REPLY_BODY_MAX];
    uint8_t *large; /* from malloc(), instead of body; whoever calls the handler releases it */
};

typedef enum msgin5g_err request_handler_fn(
    const struct services *services, const struct request *request, struct reply *reply);

struct request_later; /* an answer that is owed */
/** May the answer come later? Not when too many are owed already: refuse with ERR_OVERLOADED then. */
bool request_may_defer(const struct request *request);
/** Answer later, with request_answer(). @return NULL when memory is short. */
struct request_later *request_defer(const struct request *request, struct reply *reply);
/** Answer what is owed with @p code, or with that of @p err when it is 0; @p later is gone afterwards. A session that
 * has ended in the meantime is no error. */
void request_answer(struct request_later *later, enum msgin5g_err err, uint8_t code);

#endif
