/* What a handler of dispatch.c gets and gives. */
#ifndef REQUEST_H
#define REQUEST_H

#include "msgin5g/message.h"
#include "peer.h"

struct delivery;
struct registrations;

/** The objects handlers work on. */
struct services {
    struct registrations *registrations;
    struct delivery *delivery;
};

/** One request, decoded and checked; borrowed for the call. */
struct request {
    struct peer *peer;
    const struct msgin5g_message *message;
    struct msgin5g_service_id originator; /* oriAddr in canonical form */
    struct msgin5g_str body;              /* as received */
    bool confirmable;
};

#define REPLY_BODY_MAX 1024

/** The answer; zeroed at first: the code of the error returned, no body. */
struct reply {
    uint8_t code;  /* 0: that of the error; see MSGIN5G_COAP_CODE() */
    size_t length; /* octets of JSON in body */
    uint8_t body[REPLY_BODY_MAX];
};

typedef enum msgin5g_err request_handler_fn(
    const struct services *services, const struct request *request, struct reply *reply);

#endif
