/*
 * Messages and delivery reports from anywhere to their recipients, and what is said about it with MSGRESP (TS 24.538
 * 6.4.1.2, TS 23.554 8.3). There is no store yet: who is not reachable now does not get the message, and the sender is
 * told.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "base/loop.h"
#include "recent.h"
#include "request.h"
#include "server_metrics.h"
#include "targets.h"

struct delivery_config {
    struct audiences audiences;
    size_t in_flight;  /* messages on their way to one recipient */
    size_t duplicates; /* message ids remembered (EC-11) */
    size_t reports;    /* reports awaited (EC-32) */
};

struct delivery;
/** The loop and the three objects are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err delivery_create(struct loop *loop, const struct delivery_config *config, const struct router *router,
    struct server_metrics *metrics, struct delivery **out);
/** Every exchange must have ended (free what ways lead over first). NULL is allowed. */
void delivery_free(struct delivery *delivery);

/** A MSG or IMDN from anywhere, decoded, its originator authorised; all of it is borrowed for the call. */
struct submission {
    const struct msgin5g_message *message;
    const struct msgin5g_service_id *originator; /* oriAddr in canonical form */
    struct msgin5g_str body; /* as received: tells a message that came twice from another one with its id (EC-11) */
    bool confirmable;        /* how it came; copies that need no acknowledgement go out likewise */
};

/** What became of a submission. */
struct delivery_outcome {
    /** MSGIN5G_OK: accepted; with sfFlag at least one recipient has it, or it is stored. Else why not; where the CoAP
     * code is 2.04 (HTTP: 200) the request was fine, and the message failed with this cause. */
    enum msgin5g_err err;
    bool stored; /* for at least one recipient (EC-31); only with MSGIN5G_OK */
};

struct delivery_pending; /* an outcome that is not known yet */
/** Runs exactly once, on the loop, never inside delivery_submit() or delivery_await(). */
typedef void delivery_done_fn(void *ctx, const struct delivery_outcome *outcome);
/**
 * Send or store a copy for every recipient.
 *
 * @param outcome set when it is known at once, which it always is without sfFlag.
 * @return NULL: @p outcome is set; else pass it to delivery_await() before the loop goes on.
 */
struct delivery_pending *delivery_submit(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome);
/** Hear the outcome; @p pending is gone then. */
void delivery_await(struct delivery_pending *pending, delivery_done_fn *done, void *ctx);

/**
 * Tell a sender with MSGRESP what became of its message; nothing is sent when @p originator or @p message_id is absent.
 *
 * @param way to the sender; NULL: the way to it now, if there is one.
 */
void delivery_tell(struct delivery *delivery, struct way *way, const struct msgin5g_address *originator,
    struct msgin5g_str message_id, const struct delivery_outcome *outcome);
/** Likewise over the session it came from: that the message (oriAddr and msgId as readable) failed with @p err. */
void delivery_reject(
    struct delivery *delivery, struct peer *peer, const struct msgin5g_message *message, enum msgin5g_err err);

#endif
