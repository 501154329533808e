/*
 * Messages and delivery reports from anywhere to their recipients, now or when they can be reached, and what is said
 * about it with MSGRESP (TS 24.538 6.4.1.2, TS 23.554 8.3). docs/guarantees.md says what an acknowledgement means.
 */
#ifndef DELIVERY_H
#define DELIVERY_H

#include "base/loop.h"
#include "recent.h"
#include "request.h"
#include "server_metrics.h"
#include "store.h"
#include "targets.h"

struct delivery_config {
    struct audiences audiences;
    size_t in_flight;      /* copies on their way to one recipient */
    size_t queue_messages; /* copies that wait for one recipient, in memory or stored (EC-16) */
    size_t queue_octets;   /* likewise */
    size_t memory_octets;  /* of all copies that wait in memory */
    int64_t expiry_s;      /* of what is stored when the sender says nothing (EC-16) */
    int64_t max_expiry_s;
    size_t duplicates; /* message ids remembered (EC-11) */
    size_t reports;    /* reports awaited (EC-32) */
};

struct delivery;
struct segments;
/**
 * The loop and the three objects are borrowed.
 *
 * @param door     borrowed; NULL: nothing is stored.
 * @param first_id above that of every copy stored.
 * @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err delivery_create(struct loop *loop, const struct delivery_config *config, const struct router *router,
    struct store_door *door, uint64_t first_id, struct server_metrics *metrics, struct delivery **out);
/** Store or give up all that waits; nothing may be submitted any more. Then free the door. NULL is allowed, here and
 * next. */
void delivery_close(struct delivery *delivery);
/** Every exchange must have ended and the door be gone (free what ways lead over first). */
void delivery_free(struct delivery *delivery);
/** Ask @p segments about every copy from now on; NULL: nobody. Without it messages go as they come. */
void delivery_use_segments(struct delivery *delivery, struct segments *segments);
/** Take up what was stored by a process before, before anything is submitted. @p done runs once. */
void delivery_load(struct delivery *delivery, store_done_fn *done, void *ctx);

/** A MSG or IMDN from anywhere, decoded, its originator authorised; all of it is borrowed for the call. */
struct submission {
    const struct msgin5g_message *message;
    const struct msgin5g_service_id *originator; /* oriAddr in canonical form */
    struct msgin5g_str body; /* as received: tells a message that came twice from another one with its id (EC-11) */
    bool confirmable;        /* how it came; copies that need no acknowledgement go out likewise */
    int64_t latency_ms;      /* wanted at the latest (EC-39); 0: not said */
};

/** What became of a submission. */
struct delivery_outcome {
    /** MSGIN5G_OK: accepted; with sfFlag every recipient has it, or it is stored for those who have not, or they failed
     * while others did not. Else why not; where the CoAP code is 2.04 (HTTP: 200) the request was fine, and the message
     * failed with this cause. */
    enum msgin5g_err err;
    bool stored;               /* for at least one recipient (EC-31); only with MSGIN5G_OK */
    struct msgin5g_str set_id; /* of the segment it is about, for MSGRESP (EC-6b); absent: it is about all of it */
};

struct delivery_pending; /* an outcome that is not known yet */
/** Runs exactly once, on the loop, never inside delivery_submit() or delivery_await(). */
typedef void delivery_done_fn(void *ctx, const struct delivery_outcome *outcome);
/**
 * Send or store a copy for every recipient.
 *
 * @param outcome set when it is known at once, which it always is for MSG without sfFlag.
 * @return NULL: @p outcome is set; else pass it to delivery_await() before the loop goes on.
 */
struct delivery_pending *delivery_submit(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome);
/** Hear the outcome; @p pending is gone then. */
void delivery_await(struct delivery_pending *pending, delivery_done_fn *done, void *ctx);
/** Who may be reached, or when, has changed for this UE Service ID; see registrations_config. */
void delivery_changed(void *delivery, const char *ue_service_id);

/* ---- for whoever makes the copies of one submission over time ---- */

/** What the copies of one submission share: the outcome is known when every copy and every hold is over (EC-31). With
 * one hold at first. @return NULL when memory is short. */
struct delivery_pending *delivery_pending_create(struct delivery *delivery, const struct submission *submission);
void delivery_hold(struct delivery_pending *pending);
void delivery_release(struct delivery_pending *pending);
/**
 * Make, send or store one copy.
 *
 * @param target  as the router gave it.
 * @param pending NULL: the originator is told by MSGRESP when the copy fails later.
 * @return MSGIN5G_OK or why there is no copy, which @p pending knows then.
 */
enum msgin5g_err delivery_to_target(struct delivery *delivery, const struct submission *submission,
    const struct route_target *target, struct delivery_pending *pending);

/* ---- MSGRESP ---- */

/**
 * Tell a sender with MSGRESP what became of its message; nothing is sent when @p originator or @p message_id is absent.
 *
 * @param way to the sender; NULL: as it is reached now. When it is away it is told later, if the message was stored.
 */
void delivery_tell(struct delivery *delivery, struct way *way, const struct msgin5g_address *originator,
    struct msgin5g_str message_id, const struct delivery_outcome *outcome);
/** Likewise over the session it came from: that the message (oriAddr and msgId as readable) failed with @p err. */
void delivery_reject(
    struct delivery *delivery, struct peer *peer, const struct msgin5g_message *message, enum msgin5g_err err);

#endif
