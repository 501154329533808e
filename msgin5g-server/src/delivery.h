/*
 * MSG and IMDN on their way from one UE to another, and what is said about it with MSGRESP (TS 24.538 6.4.1.2,
 * TS 23.554 8.3). There is no store yet: who is not reachable now does not get the message, and the sender is told.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "coap/transport.h"
#include "recent.h"
#include "request.h"
#include "router.h"
#include "server_metrics.h"

struct delivery_config {
    /** transport_send(), or what a test puts in its place. */
    enum msgin5g_err (*send)(
        struct transport_session *session, const struct transport_call *call, transport_done_fn *done, void *ctx);
    const char *path;  /* Uri-Path of the service at the UE (EC-2); borrowed */
    size_t in_flight;  /* messages on their way to one UE */
    size_t duplicates; /* message ids remembered (EC-11) */
    size_t reports;    /* reports awaited (EC-32) */
};

struct delivery;
/** The loop and the three objects are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err delivery_create(struct loop *loop, const struct delivery_config *config, const struct router *router,
    struct registrations *registrations, struct server_metrics *metrics, struct delivery **out);
/** Every exchange must have ended (free the transport first). NULL is allowed. */
void delivery_free(struct delivery *delivery);
/** Tell @p peer with MSGRESP that its message (oriAddr and msgId as readable; else nothing is sent) failed with @p err.
 */
void delivery_reject(
    struct delivery *delivery, struct peer *peer, const struct msgin5g_message *message, enum msgin5g_err err);

/** Handlers of MSG and IMDN; see request.h. */
request_handler_fn delivery_on_msg;
request_handler_fn delivery_on_imdn;

#endif
