/* The event loop of one shard: epoll, timers in a heap, and work posted from other threads (decision D4). */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include "base/clock.h"
#include "msgin5g/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;
struct loop_io;

/** Called when a descriptor is ready; @p events are EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP as epoll gave them. */
typedef void loop_io_fn(void *ctx, uint32_t events);
/** Called once when a timer is due. It may set the timer again or release what contains it. */
typedef void loop_timer_fn(void *ctx);

/** A timer, embedded in its owner. Zero it, then call loop_timer_init(); members are the loop's. */
struct loop_timer {
    loop_timer_fn *run;
    void *ctx;
    int64_t due_ms;
    uint64_t order;    /* among timers due at the same time, the one set first runs first */
    size_t heap_index; /* 1-based place in the heap; 0: not set */
};

/** Create a loop that reads time from @p clock (copied). @return MSGIN5G_OK, ERR_IO or ERR_NO_MEMORY. */
enum msgin5g_err loop_create(struct clock_source clock, struct loop **out);
/** Release the loop; descriptors and timers must have been removed by their owners. NULL is allowed. */
void loop_free(struct loop *loop);

/** Run until loop_stop(). @return MSGIN5G_OK or ERR_IO. */
enum msgin5g_err loop_run(struct loop *loop);
/** Make loop_run() return after the current round; any thread, also a signal handler. */
void loop_stop(struct loop *loop);
/** One round: wait at most @p timeout_ms (-1: until something is due), run what is ready. @return MSGIN5G_OK or ERR_IO.
 */
enum msgin5g_err loop_process(struct loop *loop, int timeout_ms);
/** Descriptor that becomes readable when loop_process() has work (timers apart); for nesting in another loop. */
int loop_fd(const struct loop *loop);
/** Milliseconds until the next timer; 0 when one is due, -1 when none is set. */
int loop_next_timeout_ms(struct loop *loop);

/** Monotonic milliseconds, read once a round (outside of a round: now). */
int64_t loop_now_ms(const struct loop *loop);
/** Seconds since 1970-01-01 UTC, read once a round (outside of a round: now). */
int64_t loop_utc_s(const struct loop *loop);

/** Watch @p fd (not owned) for @p events. @return MSGIN5G_OK, ERR_IO or ERR_NO_MEMORY; @p out only on MSGIN5G_OK. */
enum msgin5g_err loop_io_add(
    struct loop *loop, int fd, uint32_t events, loop_io_fn *run, void *ctx, struct loop_io **out);
/** Watch for other events from now on; no system call when they are the same. */
void loop_io_modify(struct loop_io *io, uint32_t events);
/** Stop watching; @p run is not called again, not even for an event already fetched. NULL is allowed. */
void loop_io_remove(struct loop_io *io);

void loop_timer_init(struct loop_timer *timer, loop_timer_fn *run, void *ctx);
/** Run the timer @p delay_ms from now (at least 0); a timer that is set is moved. @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms);
/** Forget the timer; one that is not set is left alone. */
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/** Called at the end of every round in which something ran, in the order of adding: for work that is cheaper in
 * batches. */
typedef void loop_round_fn(void *ctx);
/** Add once for each (@p run, @p ctx), remove with loop_off_round_end(), also from inside of a call. @return MSGIN5G_OK
 * or ERR_NO_MEMORY. */
enum msgin5g_err loop_on_round_end(struct loop *loop, loop_round_fn *run, void *ctx);
void loop_off_round_end(struct loop *loop, loop_round_fn *run, void *ctx);

#endif
