/* What the files of delivery share: delivery.c (submissions), outcome.c, drain.c (copies on their way), storing.c,
 * marks.c. */
#ifndef DELIVERY_INTERNAL_H
#define DELIVERY_INTERNAL_H

#include "delivery.h"
#include "fanout.h"
#include "marks.h"
#include "queue.h"

#define DELIVERY_RETRIES 2 /* after the retransmissions of CoAP (EC-30) */

struct delivery {
    struct loop *loop;
    struct delivery_config config;
    const struct router *router;
    struct server_metrics *metrics;
    struct store_door *door; /* NULL: nothing is stored */
    struct marks *marks;
    struct queues queues;
    struct segments *segments; /* NULL: messages go as they come */
    struct fanouts fanouts;
    struct copy *unsafe; /* copies somebody waits for, neither delivered nor stored; oldest first */
    struct loop_timer unsafe_timer;
    uint64_t next_id;
    bool closing;                         /* nobody is reached any more */
    uint8_t scratch[MSGIN5G_MESSAGE_MAX]; /* one message at a time is encoded here, then handed on */
};

/* What the copies of one submission share when somebody waits for its outcome, or when there are several. */
struct delivery_pending {
    struct delivery *delivery;
    delivery_done_fn *done; /* NULL: the outcome was given; that every copy failed is still news (EC-31) */
    void *ctx;
    size_t open; /* copies that are not settled, and holds */
    bool single; /* one copy only: its mark is stored together with it */
    bool delivered;
    bool stored;
    bool marked;          /* the store knows that the message was taken, or is told with the copy */
    bool durable_report;  /* IMDN on a message with sfFlag */
    enum msgin5g_err err; /* of the first copy that failed */
    enum msgin5g_type type;
    struct recent_key mark; /* of the message or, by type, of the report */
    enum msgin5g_addr_type originator_type;
    struct msgin5g_service_id originator_id;
    char message_id[MSGIN5G_UUID_LEN + 1];
};

/* ---- outcome.c ---- */

/** The message was taken or rejected; or the report was handed on or not. */
void outcome_settle_mark(struct delivery *delivery, enum msgin5g_type type, struct recent_key mark, bool taken);
/** Add the mark of the message, if it belongs into the same write as its copy. @p pending may be NULL. */
void outcome_write_mark(struct delivery_pending *pending, struct store_write *write);
/** End the first hold. @return true when nothing is open (then @p pending is gone); else @p out is what can be said
 * now. */
bool outcome_now(struct delivery_pending *pending, struct delivery_outcome *out);
/** Count one copy without an object of its own. @p pending may be NULL, here and in the next. */
void outcome_note(struct delivery_pending *pending, enum msgin5g_err err);
/** The outcome depends on @p copy, too. */
void outcome_add(struct delivery_pending *pending, struct copy *copy);
/** Everything is known about @p copy that its sender hears: delivered or (@p stored) safe with MSGIN5G_OK, else it
 * failed. Only the first call counts. */
void outcome_settle(struct copy *copy, enum msgin5g_err err, bool stored);
/** Tell the originator of @p copy, which was stored, that it failed with @p err; once that is safe it leaves the store.
 */
void outcome_tell_stored(struct copy *copy, enum msgin5g_err err);

/* ---- delivery.c ---- */

/** Send, queue or store @p parcel. @return MSGIN5G_OK (@p pending has been added to, unless NULL) or why not. */
enum msgin5g_err delivery_send(struct delivery *delivery, const struct parcel *parcel,
    const struct route_target *target, struct delivery_pending *pending);

/* ---- drain.c ---- */

/** Hand @p copy to @p way, perhaps on an observation; drain.c hears what becomes of it. */
enum msgin5g_err drain_send(struct copy *copy, struct way *way, struct transport_observation *observation);
/** Send what may go out now to the recipient of @p queue, which may be gone afterwards. */
void drain(struct queue *queue);
/** @p copy will not be delivered; it is gone afterwards. */
void drain_give_up(struct copy *copy, enum msgin5g_err err);
/** Nothing more is to be done with @p copy: forget it, in the store too. */
void drain_end(struct copy *copy);
/** Queue of @p recipient, made if need be. */
struct queue *drain_queue(struct delivery *delivery, struct msgin5g_str recipient);

/* ---- storing.c ---- */

/** Store @p copy, which is in a queue and in none of its lists; outcome_settle() follows. */
void storing_put(struct copy *copy);
/** Somebody waits for @p copy: store it if it takes its time. */
void storing_watch(struct copy *copy);
void storing_unwatch(struct copy *copy);
loop_timer_fn storing_on_timer;
/** Get what comes next from the store; drain() follows. */
void storing_read(struct queue *queue);
/** Get what has expired; likewise. */
void storing_sweep(struct queue *queue);
/** Make a queue for every recipient with something in the store. @p done runs once, on the loop. */
void storing_load(struct delivery *delivery, store_done_fn *done, void *ctx);

#endif
