/* GET with Observe on a topic of ours: subscribe and unsubscribe (TS 24.538 6.6.2, 6.6.3). */
#ifndef SUBSCRIPTIONS_H
#define SUBSCRIPTIONS_H

#include "coap/transport.h"
#include "request.h"

/** What came in; borrowed for the call. */
struct subscription_request {
    struct peer *peer;
    struct msgin5g_str topic; /* the path behind that of the service */
    enum transport_observe observe;
    int format;
    struct msgin5g_str body;        /* absent: who asks is who is registered over this session (EC-27) */
    struct msgin5g_str expire_time; /* expireTime of Uri-Query; counts without a body */
    struct transport_request *transport;
    struct msgin5g_service_id subscriber; /* set as soon as it is known; else "" */
};

/** transport_observation_begin(), or what a test puts in its place. */
typedef enum msgin5g_err subscription_observe_fn(
    struct transport_request *request, struct transport_observation *observation);

/**
 * Do what @p request asks for.
 *
 * @return MSGIN5G_OK with the answer in @p reply: ADDED, UPDATED, DELETED or, when a wish is not granted, FAILED;
 *         ERR_NOT_FOUND (no name of a topic), ERR_UNSUPPORTED_FORMAT, ERR_MALFORMED, ERR_NOT_REGISTERED,
 *         ERR_UNAUTHORIZED_ORIGINATOR (somebody else's UE Service ID), ERR_NO_MEMORY.
 */
enum msgin5g_err subscriptions_on_get(const struct services *services, struct subscription_request *request,
    subscription_observe_fn *observe, struct reply *reply);

#endif
