/*
 * What waits for one recipient, or is under way to it: copies in memory in the order in which they go out, and the
 * count of those in the store. There is a queue only where there is something to wait for. Private to delivery.
 */
#ifndef QUEUE_H
#define QUEUE_H

#include "base/loop.h"
#include "copy.h"
#include "hash.h"

struct queue {
    UT_hash_handle hh;
    struct delivery *delivery;
    struct copy *waiting; /* first to go first */
    struct copy *flying;
    size_t flying_count;
    size_t storing_count; /* copies the store has not confirmed */
    size_t count;         /* all copies: in memory, in the store, or both */
    size_t octets;        /* of their records */

    /* What is in the store and not in memory lies behind this place, or is not due yet. */
    int64_t cursor_rank;
    uint64_t cursor_id;
    bool more;    /* there may be something behind it */
    bool reading; /* a page is under way from the store */
    unsigned holds;

    int64_t due_s;     /* earliest not_before_s of what is stored and not due (UTC); INT64_MAX: none */
    int64_t expires_s; /* earliest end of what is stored; INT64_MAX: none */
    int64_t retry_ms;  /* nothing is tried before; 0: at once */
    unsigned failures; /* since something arrived: longer and longer waits */
    struct loop_timer timer;
    size_t id_length;
    char id[];
};

/** Recipients with a queue. */
struct queues {
    struct queue *by_id;
    size_t octets; /* of the records of copies in memory that are in a queue */
};

/** @return NULL when nothing waits for @p id. */
struct queue *queue_find(const struct queues *queues, struct msgin5g_str id);
/** Find or make. @p on_timer runs with the queue as its context. @return NULL when memory is short. */
struct queue *queue_take(
    struct queues *queues, struct delivery *delivery, struct msgin5g_str id, loop_timer_fn *on_timer);
/** Release @p queue if nothing is in it and nobody holds it. */
void queue_let_go(struct queues *queues, struct loop *loop, struct queue *queue);
/** Release it, whatever is in it in memory. */
void queue_free(struct queues *queues, struct loop *loop, struct queue *queue);

/** The queue answers for @p copy from now on; queue_leave() ends that. It is counted unless it came from the store. */
void queue_enter(struct queues *queues, struct queue *queue, struct copy *copy);
/** @p copy is gone from memory and, unless @p still_stored, for good. */
void queue_leave(struct queues *queues, struct copy *copy, bool still_stored);
/** Let it wait, in its place. */
void queue_wait(struct copy *copy);
void queue_wait_no_more(struct copy *copy);
void queue_fly(struct copy *copy);
void queue_landed(struct copy *copy);
/** Would a stored copy that is not in memory come before @p copy? */
bool queue_is_behind_cursor(const struct queue *queue, const struct copy *copy);
/** The copy with this id, if it is in memory and stored. */
struct copy *queue_copy(const struct queue *queue, uint64_t id);

#endif
