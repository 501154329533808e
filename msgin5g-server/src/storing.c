#include "base/log.h"
#include "delivery_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define PAGE_COPIES   64
#define PAGE_OCTETS   65536
#define SAFE_AFTER_MS 2000 /* who waits for an acknowledgement longer than this waits for the store */
#define AGAIN_MS      1000 /* after the store failed to read */

/* ---- writing ---- */

static void store_failed(struct copy *copy, enum msgin5g_err err)
{
    struct delivery *delivery = copy->delivery;
    log_debug("not stored type=%s cause=%s", msgin5g_type_text(copy->type), msgin5g_err_cause(err));
    outcome_settle(copy, err, false);
    copy->keep = false;
    if (copy->flying)
        return; /* it may arrive yet, but nobody counts on it */
    server_metrics_delivery(delivery->metrics, copy->type, SERVER_OUTCOME_FAILED);
    drain_end(copy);
}

/* In the store it need not be in memory, unless the queue has already read past its place. */
static void settle_down(struct copy *copy)
{
    struct queue *queue = copy->queue;
    bool due = copy->not_before_s <= loop_utc_s(copy->delivery->loop);
    if (copy->not_before_s < queue->due_s && !due)
        queue->due_s = copy->not_before_s;
    if (due && !queue_is_behind_cursor(queue, copy)) {
        copy->due_ms = INT64_MIN;
        queue_wait(copy);
        return;
    }
    queue->more = queue->more || due;
    queue_leave(&copy->delivery->queues, copy, true);
    free(copy);
}

static void on_stored(void *ctx, enum msgin5g_err err)
{
    struct copy *copy = ctx;
    struct queue *queue = copy->queue;
    copy->storing = false;
    queue->storing_count--;
    queue->holds++;
    copy->stored = err == MSGIN5G_OK;
    if (copy->stored && copy->expires_s < queue->expires_s)
        queue->expires_s = copy->expires_s;
    if (copy->over) {
        drain_end(copy);
    } else if (!copy->stored) {
        store_failed(copy, err);
    } else {
        server_metrics_delivery(copy->delivery->metrics, copy->type, SERVER_OUTCOME_STORED);
        outcome_settle(copy, MSGIN5G_OK, true);
        if (!copy->flying)
            settle_down(copy);
    }
    queue->holds--;
    drain(queue);
}

static enum msgin5g_err write_copy(struct copy *copy)
{
    struct delivery *delivery = copy->delivery;
    struct store_copy place = { .id = copy->id,
        .rank = copy->priority,
        .due_s = copy->not_before_s,
        .expires_s = copy->expires_s,
        .recipient = copy->recipient };
    if (delivery->door == NULL)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    struct store_write *write = store_write_create(delivery->door);
    if (write == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    store_write_body(write, copy->octets, copy->record_length);
    store_write_copy(write, &place);
    outcome_write_mark(copy->pending, write);
    return store_write_commit(write, on_stored, copy);
}

void storing_put(struct copy *copy)
{
    storing_unwatch(copy);
    if (copy->expires_s <= loop_utc_s(copy->delivery->loop)) {
        copy->last_try = true;
        if (!copy->flying)
            drain_give_up(copy, MSGIN5G_ERR_EXPIRED);
        return;
    }
    copy->storing = true;
    copy->queue->storing_count++;
    enum msgin5g_err err = write_copy(copy);
    if (err != MSGIN5G_OK)
        on_stored(copy, err);
}

/* ---- copies somebody waits for ---- */

static void set_timer(struct delivery *delivery)
{
    if (delivery->unsafe == NULL || delivery->unsafe_timer.heap_index != 0)
        return;
    int64_t left_ms = delivery->unsafe->unsafe_since_ms + SAFE_AFTER_MS - loop_now_ms(delivery->loop);
    (void)loop_timer_set(delivery->loop, &delivery->unsafe_timer, left_ms > 0 ? left_ms : 0);
}

void storing_watch(struct copy *copy)
{
    copy->unsafe = true;
    copy->unsafe_since_ms = loop_now_ms(copy->delivery->loop);
    DL_APPEND2(copy->delivery->unsafe, copy, unsafe_prev, unsafe_next);
    set_timer(copy->delivery);
}

void storing_unwatch(struct copy *copy)
{
    if (!copy->unsafe)
        return;
    copy->unsafe = false;
    DL_DELETE2(copy->delivery->unsafe, copy, unsafe_prev, unsafe_next);
}

/* A copy that flies past all queues gets one, which knows what is stored. */
static void make_safe(struct copy *copy)
{
    struct delivery *delivery = copy->delivery;
    struct queue *queue = copy->queue;
    storing_unwatch(copy);
    if (queue != NULL) {
        if (!copy->flying)
            queue_wait_no_more(copy);
    } else if ((queue = drain_queue(delivery, copy->recipient)) != NULL) {
        queue_enter(&delivery->queues, queue, copy);
        queue_fly(copy);
    } else {
        return;
    }
    storing_put(copy);
}

void storing_on_timer(void *ctx)
{
    struct delivery *delivery = ctx;
    int64_t now_ms = loop_now_ms(delivery->loop);
    while (delivery->unsafe != NULL && delivery->unsafe->unsafe_since_ms + SAFE_AFTER_MS <= now_ms)
        make_safe(delivery->unsafe);
    set_timer(delivery);
}

/* ---- reading ---- */

/* The item as a copy in its queue; NULL: memory is short, or it is no record of ours. */
static struct copy *take_up(struct queue *queue, const struct store_item *item)
{
    struct delivery *delivery = queue->delivery;
    struct copy *copy = copy_from_record(item);
    if (copy == NULL)
        return NULL;
    copy->delivery = delivery;
    copy->tries_left = DELIVERY_RETRIES;
    copy->settled = true; /* who sent it knows that it is stored */
    queue_enter(&delivery->queues, queue, copy);
    return copy;
}

/* What the store lost, damaged as it was, is no reason to wait for it. */
static void count_anew(struct queue *queue, const struct store_page *page)
{
    if (page->more || page->next.due_s != INT64_MAX || queue->waiting != NULL || queue->flying != NULL ||
        queue->storing_count > 0)
        return;
    queue->count = 0;
    queue->octets = 0;
}

static void on_page(void *ctx, enum msgin5g_err err, const struct store_page *page)
{
    struct queue *queue = ctx;
    queue->reading = false;
    queue->holds++;
    if (err != MSGIN5G_OK) {
        queue->retry_ms = loop_now_ms(queue->delivery->loop) + AGAIN_MS;
    } else {
        queue->more = page->more;
        if (page->next.due_s < queue->due_s)
            queue->due_s = page->next.due_s;
        for (size_t i = 0; i < page->count; i++) {
            const struct store_item *item = &page->items[i];
            struct copy *copy = queue_copy(queue, item->copy.id) == NULL ? take_up(queue, item) : NULL;
            if (copy != NULL)
                queue_wait(copy);
            queue->cursor_rank = item->copy.rank;
            queue->cursor_id = item->copy.id;
        }
        count_anew(queue, page);
    }
    queue->holds--;
    drain(queue);
}

static void read(struct queue *queue, const struct store_query *query, store_page_fn *done)
{
    queue->reading = true;
    enum msgin5g_err err = store_page_read(queue->delivery->door, query, done, queue);
    if (err == MSGIN5G_OK)
        return;
    queue->reading = false;
    queue->retry_ms = loop_now_ms(queue->delivery->loop) + AGAIN_MS;
}

void storing_read(struct queue *queue)
{
    struct store_query query = { .recipient = { queue->id, queue->id_length },
        .after_rank = queue->cursor_rank,
        .after_id = queue->cursor_id,
        .due_by_s = loop_utc_s(queue->delivery->loop),
        .expires_by_s = INT64_MAX,
        .count = PAGE_COPIES,
        .octets = PAGE_OCTETS };
    if (queue->delivery->door != NULL)
        read(queue, &query, on_page);
    else
        queue->more = false;
}

/* TS 23.554 8.3.6 step 7: one last attempt, then the sender is told. */
static void expire(struct queue *queue, const struct store_item *item, struct way *way)
{
    struct copy *copy = queue_copy(queue, item->copy.id);
    if (copy != NULL && (copy->flying || copy->storing)) {
        copy->last_try = true;
        return;
    }
    if (copy != NULL)
        queue_wait_no_more(copy);
    else if ((copy = take_up(queue, item)) == NULL)
        return;
    copy->last_try = true;
    if (way != NULL && drain_send(copy, way, NULL) == MSGIN5G_OK)
        queue_fly(copy);
    else
        drain_give_up(copy, MSGIN5G_ERR_EXPIRED);
}

static void on_expired(void *ctx, enum msgin5g_err err, const struct store_page *page)
{
    struct queue *queue = ctx;
    struct delivery *delivery = queue->delivery;
    struct route_target target = { .recipient = { .length = queue->id_length } };
    int64_t now_s = loop_utc_s(delivery->loop);
    queue->reading = false;
    queue->holds++;
    memcpy(target.recipient.text, queue->id, queue->id_length);
    router_target(delivery->router, &target.recipient, &target);
    for (size_t i = 0; i < page->count; i++)
        expire(queue, &page->items[i], target.way);
    if (err != MSGIN5G_OK || page->more)
        queue->expires_s = now_s + (err != MSGIN5G_OK);
    else
        queue->expires_s = page->next.expires_s;
    queue->holds--;
    drain(queue);
}

void storing_sweep(struct queue *queue)
{
    struct store_query query = { .recipient = { queue->id, queue->id_length },
        .due_by_s = INT64_MAX,
        .expires_by_s = loop_utc_s(queue->delivery->loop),
        .count = PAGE_COPIES,
        .octets = PAGE_OCTETS };
    read(queue, &query, on_expired);
}

/* ---- at start ---- */

struct load {
    struct delivery *delivery;
    store_done_fn *done;
    void *ctx;
    enum msgin5g_err err;
};

static enum msgin5g_err load_queue(struct delivery *delivery, const struct store_summary *row)
{
    struct queue *queue = drain_queue(delivery, row->recipient);
    if (queue == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    queue->count = row->count;
    queue->octets = row->octets;
    queue->more = true;
    queue->due_s = row->earliest_due_s > loop_utc_s(delivery->loop) ? row->earliest_due_s : INT64_MAX;
    queue->expires_s = row->earliest_expires_s;
    drain(queue);
    return MSGIN5G_OK;
}

static void on_summaries(void *ctx, enum msgin5g_err err, const struct store_summary *rows, size_t count, bool last)
{
    struct load *load = ctx;
    for (size_t i = 0; i < count && load->err == MSGIN5G_OK; i++)
        load->err = load_queue(load->delivery, &rows[i]);
    if (!last)
        return;
    load->done(load->ctx, err != MSGIN5G_OK ? err : load->err);
    free(load);
}

static void on_marks(void *ctx, enum msgin5g_err err)
{
    struct load *load = ctx;
    if (err == MSGIN5G_OK)
        err = store_summaries_read(load->delivery->door, on_summaries, load);
    if (err != MSGIN5G_OK)
        on_summaries(load, err, NULL, 0, true);
}

void storing_load(struct delivery *delivery, store_done_fn *done, void *ctx)
{
    struct load *load = calloc(1, sizeof *load);
    if (load == NULL) {
        done(ctx, MSGIN5G_ERR_NO_MEMORY);
        return;
    }
    *load = (struct load){ .delivery = delivery, .done = done, .ctx = ctx };
    marks_load(delivery->marks, on_marks, load);
}
