#include "timer_heap.h"

#include <assert.h>
#include <stdlib.h>

#define FIRST_CAPACITY 64

static bool is_before(const struct loop_timer *a, const struct loop_timer *b)
{
    return a->due_ms != b->due_ms ? a->due_ms < b->due_ms : a->order < b->order;
}

static void place(struct timer_heap *heap, size_t index, struct loop_timer *timer)
{
    heap->timers[index] = timer;
    timer->heap_index = index;
}

static void sift_up(struct timer_heap *heap, size_t index, struct loop_timer *timer)
{
    for (; index > 1 && is_before(timer, heap->timers[index / 2]); index /= 2)
        place(heap, index, heap->timers[index / 2]);
    place(heap, index, timer);
}

static void sift_down(struct timer_heap *heap, size_t index, struct loop_timer *timer)
{
    for (size_t child; (child = 2 * index) <= heap->count; index = child) {
        if (child < heap->count && is_before(heap->timers[child + 1], heap->timers[child]))
            child++;
        if (!is_before(heap->timers[child], timer))
            break;
        place(heap, index, heap->timers[child]);
    }
    place(heap, index, timer);
}

/* Put @p timer where the hole at @p index is, and let it find its level. */
static void settle(struct timer_heap *heap, size_t index, struct loop_timer *timer)
{
    if (index > 1 && is_before(timer, heap->timers[index / 2]))
        sift_up(heap, index, timer);
    else
        sift_down(heap, index, timer);
}

static enum msgin5g_err make_room(struct timer_heap *heap)
{
    if (heap->count + 1 < heap->capacity)
        return MSGIN5G_OK;
    size_t capacity = heap->capacity > 0 ? 2 * heap->capacity : FIRST_CAPACITY;
    struct loop_timer **timers = reallocarray(heap->timers, capacity, sizeof(struct loop_timer *));
    if (timers == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    heap->timers = timers;
    heap->capacity = capacity;
    return MSGIN5G_OK;
}

void timer_heap_free(struct timer_heap *heap)
{
    free(heap->timers);
    *heap = (struct timer_heap){ 0 };
}

struct loop_timer *timer_heap_first(const struct timer_heap *heap)
{
    return heap->count > 0 ? heap->timers[1] : NULL;
}

enum msgin5g_err timer_heap_set(struct timer_heap *heap, struct loop_timer *timer, int64_t due_ms)
{
    size_t index = timer->heap_index;
    if (index == 0) {
        enum msgin5g_err err = make_room(heap);
        if (err != MSGIN5G_OK)
            return err;
        index = ++heap->count;
    }
    timer->due_ms = due_ms;
    timer->order = heap->next_order++;
    settle(heap, index, timer);
    return MSGIN5G_OK;
}

void timer_heap_remove(struct timer_heap *heap, struct loop_timer *timer)
{
    size_t index = timer->heap_index;
    assert(index > 0 && index <= heap->count && heap->timers[index] == timer);
    struct loop_timer *last = heap->timers[heap->count--];
    timer->heap_index = 0;
    if (last != timer)
        settle(heap, index, last);
}
