/* One CoAP request of a UE: checked, decoded, authorised, handed to the handler of its Message Type, answered. */
#ifndef DISPATCH_H
#define DISPATCH_H

#include "coap/transport.h"
#include "delivery.h"
#include "registration.h"
#include "request.h"
#include "server_metrics.h"
#include "subscriptions.h"

struct dispatch_config {
    const char *path;         /* Uri-Path of the service (EC-1) */
    const char *const *fqdns; /* names in a literal server URI (EC-1); all of this is borrowed */
    size_t fqdn_count;
    int64_t requests_per_second; /* of one session; 0: no limit */
    int64_t requests_in_all;     /* a second, of all sessions; 0: no limit */
    size_t deferred;             /* answers owed at a time */
    /** transport_defer() and transport_deferred_respond(), or what a test puts in their place. */
    struct transport_deferred *(*defer)(struct transport_request *request);
    void (*respond)(struct transport_deferred *deferred, const struct transport_answer *answer);
    subscription_observe_fn *observe;
};

/** What came in, as the transport gives it; borrowed for the call. */
struct incoming {
    enum transport_method method;
    const char *path; /* NULL: longer than any path of ours */
    int format;
    struct msgin5g_str body;
    bool confirmable;
    struct transport_request *transport; /* for an answer that comes later */
    enum transport_observe observe;
    struct msgin5g_str expire_time; /* of Uri-Query (EC-27) */
};

struct dispatch;
/** @p services and @p metrics are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err dispatch_create(struct loop *loop, const struct dispatch_config *config,
    const struct services *services, struct server_metrics *metrics, struct dispatch **out);
/** NULL is allowed. */
void dispatch_free(struct dispatch *dispatch);
/**
 * Do what @p incoming asks for. Whatever goes to other UEs is sent during this call, before the answer.
 *
 * @param answer its body is valid until the next call.
 * @return true: @p answer is to be given; false: it comes later by itself.
 */
bool dispatch_request(
    struct dispatch *dispatch, struct peer *peer, const struct incoming *incoming, struct transport_answer *answer);

#endif
