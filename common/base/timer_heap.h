/* Binary heap of timers, first due first, those due at the same time in the order they were set. */
#ifndef BASE_TIMER_HEAP_H
#define BASE_TIMER_HEAP_H

#include "base/loop.h"

/** Zero it to begin with. Timers are borrowed; each knows its place (heap_index). */
struct timer_heap {
    struct loop_timer **timers; /* 1-based: timers[0] is unused, so that an index of 0 means "not set" */
    size_t count;
    size_t capacity;
    uint64_t next_order; /* every timer set so far has a smaller one */
};

/** Release the heap; timers still in it are forgotten. */
void timer_heap_free(struct timer_heap *heap);
/** The timer due first, or NULL. */
struct loop_timer *timer_heap_first(const struct timer_heap *heap);
/** Insert the timer, or move it when it is set. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err timer_heap_set(struct timer_heap *heap, struct loop_timer *timer, int64_t due_ms);
/** Take out a timer that is set. */
void timer_heap_remove(struct timer_heap *heap, struct loop_timer *timer);

#endif
