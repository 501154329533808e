#include "queue.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct queue *queue_find(const struct queues *queues, struct msgin5g_str id)
{
    struct queue *queue = NULL;
    if (queues->by_id != NULL)
        HASH_FIND(hh, queues->by_id, id.octets, id.length, queue);
    return queue;
}

struct queue *queue_take(
    struct queues *queues, struct delivery *delivery, struct msgin5g_str id, loop_timer_fn *on_timer)
{
    struct queue *queue = queue_find(queues, id);
    if (queue != NULL)
        return queue;
    queue = calloc(1, sizeof *queue + id.length + 1);
    if (queue == NULL)
        return NULL;
    memcpy(queue->id, id.octets, id.length);
    queue->id_length = id.length;
    queue->delivery = delivery;
    queue->due_s = INT64_MAX;
    queue->expires_s = INT64_MAX;
    loop_timer_init(&queue->timer, on_timer, queue);
    HASH_ADD_KEYPTR(hh, queues->by_id, queue->id, queue->id_length, queue);
    if (HASH_ADDED(queue))
        return queue;
    free(queue);
    return NULL;
}

void queue_free(struct queues *queues, struct loop *loop, struct queue *queue)
{
    loop_timer_cancel(loop, &queue->timer);
    HASH_DELETE(hh, queues->by_id, queue);
    free(queue);
}

void queue_let_go(struct queues *queues, struct loop *loop, struct queue *queue)
{
    if (queue->count == 0 && queue->holds == 0 && !queue->reading)
        queue_free(queues, loop, queue);
}

void queue_enter(struct queues *queues, struct queue *queue, struct copy *copy)
{
    assert(copy->queue == NULL);
    copy->queue = queue;
    queues->octets += copy->record_length;
    if (copy->stored)
        return; /* counted when it was stored */
    queue->count++;
    queue->octets += copy->record_length;
}

void queue_leave(struct queues *queues, struct copy *copy, bool still_stored)
{
    struct queue *queue = copy->queue;
    queues->octets -= copy->record_length;
    copy->queue = NULL;
    if (still_stored)
        return;
    assert(queue->count > 0);
    queue->count--;
    queue->octets -= copy->record_length < queue->octets ? copy->record_length : queue->octets;
}

/* Nearly always it is the last one. */
void queue_wait(struct copy *copy)
{
    struct copy **head = &copy->queue->waiting;
    struct copy *after = *head != NULL ? (*head)->prev : NULL; /* the last one */
    while (after != NULL && copy_before(copy, after))
        after = after == *head ? NULL : after->prev;
    if (after == NULL)
        DL_PREPEND(*head, copy);
    else
        DL_APPEND_ELEM(*head, after, copy);
}

void queue_wait_no_more(struct copy *copy)
{
    DL_DELETE(copy->queue->waiting, copy);
}

void queue_fly(struct copy *copy)
{
    copy->flying = true;
    copy->queue->flying_count++;
    DL_APPEND(copy->queue->flying, copy);
}

void queue_landed(struct copy *copy)
{
    DL_DELETE(copy->queue->flying, copy);
    copy->queue->flying_count--;
}

bool queue_is_behind_cursor(const struct queue *queue, const struct copy *copy)
{
    if ((int64_t)copy->priority != queue->cursor_rank)
        return (int64_t)copy->priority > queue->cursor_rank;
    return copy->id > queue->cursor_id;
}

struct copy *queue_copy(const struct queue *queue, uint64_t id)
{
    struct copy *copy;
    DL_FOREACH (queue->flying, copy) {
        if (copy->id == id)
            return copy;
    }
    DL_FOREACH (queue->waiting, copy) {
        if (copy->id == id)
            return copy;
    }
    return NULL;
}
