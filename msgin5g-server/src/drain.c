#include "base/log.h"
#include "delivery_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define BUSY_MS        100               /* a way that takes no more is tried again after this */
#define BACK_OFF_MS    2000              /* a recipient that does not take what is stored: this, doubled each time */
#define BACK_OFF_MAX   7                 /* times */
#define SECONDS_MAX_MS INT64_C(86400000) /* a timer runs a day at most, then looks again */

/* ---- what becomes of a copy ---- */

void drain_end(struct copy *copy)
{
    struct delivery *delivery = copy->delivery;
    storing_unwatch(copy);
    if (copy->storing) {
        copy->over = true; /* storing.c goes on */
        return;
    }
    if (copy->stored && !copy->told_later)
        store_remove(delivery->door, copy->id);
    if (copy->queue != NULL)
        queue_leave(&delivery->queues, copy, false);
    free(copy);
}

void drain_give_up(struct copy *copy, enum msgin5g_err err)
{
    struct delivery *delivery = copy->delivery;
    log_debug("not delivered type=%s message_id=%.*s cause=%s", msgin5g_type_text(copy->type),
        (int)copy->message_id.length, copy->message_id.octets, msgin5g_err_cause(err));
    server_metrics_delivery(
        delivery->metrics, copy->type, err == MSGIN5G_ERR_EXPIRED ? SERVER_OUTCOME_EXPIRED : SERVER_OUTCOME_FAILED);
    if (copy->stored) {
        copy->told_later = true;
        outcome_tell_stored(copy, err);
    } else {
        outcome_settle(copy, err, false);
    }
    drain_end(copy);
}

static void delivered(struct copy *copy)
{
    struct delivery *delivery = copy->delivery;
    server_metrics_delivery(delivery->metrics, copy->type, SERVER_OUTCOME_DELIVERED);
    if (copy->deadline_ms != 0 && copy->deadline_ms < loop_now_ms(delivery->loop))
        metric_add(delivery->metrics->latency_missed, 1);
    outcome_settle(copy, MSGIN5G_OK, false);
    drain_end(copy);
}

/* Something arrived, or the way there is another one: nothing speaks against trying. */
static void encourage(struct queue *queue)
{
    queue->failures = 0;
    queue->retry_ms = 0;
}

static void back_off(struct queue *queue)
{
    unsigned times = queue->failures < BACK_OFF_MAX ? queue->failures++ : BACK_OFF_MAX;
    queue->retry_ms = loop_now_ms(queue->delivery->loop) + ((int64_t)BACK_OFF_MS << times);
}

/* It did not arrive, as far as anybody knows. Where it was stored, or may be, that is no end. */
static void failed(struct copy *copy, struct queue *queue, enum way_result result)
{
    if (copy->storing)
        return; /* storing.c goes on */
    if (result == WAY_GIVEN_UP)
        copy->tries_left = 0;
    if (copy->last_try || queue == NULL || (copy->tries_left == 0 && !copy->keep)) {
        drain_give_up(copy, copy->last_try ? MSGIN5G_ERR_EXPIRED : MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
        return;
    }
    if (copy->queue == NULL)
        queue_enter(&copy->delivery->queues, queue, copy);
    if (copy->tries_left > 0) {
        copy->tries_left--;
        queue_wait(copy);
        return;
    }
    back_off(copy->queue);
    copy->tries_left = DELIVERY_RETRIES;
    if (copy->stored)
        queue_wait(copy);
    else
        storing_put(copy);
}

static void on_done(struct way_exchange *exchange, enum way_result result)
{
    struct copy *copy = (struct copy *)exchange;
    struct delivery *delivery = copy->delivery;
    struct queue *queue = copy->queue;
    copy->flying = false;
    if (queue != NULL)
        queue_landed(copy);
    else if (result == WAY_FAILED || result == WAY_GIVEN_UP)
        queue = drain_queue(delivery, copy->recipient); /* where it waits for another try */
    else
        queue = queue_find(&delivery->queues, copy->recipient); /* what waits for its place */
    if (queue != NULL) {
        queue->holds++;
        if (result == WAY_DELIVERED)
            encourage(queue);
    }
    if (result == WAY_DELIVERED)
        delivered(copy);
    else if (result == WAY_REFUSED)
        drain_give_up(copy, MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
    else
        failed(copy, queue, result);
    if (queue == NULL)
        return;
    queue->holds--;
    drain(queue);
}

enum msgin5g_err drain_send(struct copy *copy, struct way *way, struct transport_observation *observation)
{
    struct way_copy out = { copy->type, copy->body, copy->length, copy->confirmable, observation };
    if (way->in_flight >= copy->delivery->config.in_flight)
        return MSGIN5G_ERR_QUEUE_FULL;
    copy->exchange.done = on_done;
    enum msgin5g_err err = way_send(way, &out, copy->confirmable ? &copy->exchange : NULL);
    copy->flying = err == MSGIN5G_OK && copy->confirmable;
    return err;
}

/* ---- what waits ---- */

static void on_timer(void *ctx);

struct queue *drain_queue(struct delivery *delivery, struct msgin5g_str recipient)
{
    return queue_take(&delivery->queues, delivery, recipient, on_timer);
}

static bool is_over(const struct copy *copy)
{
    return copy->stored && copy->expires_s <= loop_utc_s(copy->delivery->loop);
}

/* The first one that waits. @return false when nothing more can go out now. */
static bool send_first(struct queue *queue, struct way *way)
{
    struct delivery *delivery = queue->delivery;
    struct copy *copy = queue->waiting;
    queue_wait_no_more(copy);
    assert(queue->waiting != copy);
    copy->last_try = is_over(copy);
    if (copy->tries_left < DELIVERY_RETRIES)
        server_metrics_delivery(delivery->metrics, copy->type, SERVER_OUTCOME_RETRIED);
    enum msgin5g_err err = drain_send(copy, way, NULL);
    if (err == MSGIN5G_OK && copy->confirmable) {
        queue_fly(copy);
    } else if (err == MSGIN5G_OK) {
        server_metrics_delivery(delivery->metrics, copy->type, SERVER_OUTCOME_SENT);
        outcome_settle(copy, MSGIN5G_OK, false);
        drain_end(copy);
    } else if (err == MSGIN5G_ERR_QUEUE_FULL || err == MSGIN5G_ERR_RECIPIENT_UNAVAILABLE ||
               err == MSGIN5G_ERR_NO_MEMORY) {
        queue_wait(copy);
        queue->retry_ms = loop_now_ms(delivery->loop) + BUSY_MS;
        return false;
    } else {
        drain_give_up(copy, err);
    }
    return true;
}

static void send_waiting(struct queue *queue, struct way *way)
{
    const struct delivery_config *config = &queue->delivery->config;
    if (queue->retry_ms > loop_now_ms(queue->delivery->loop))
        return;
    queue->retry_ms = 0;
    while (queue->flying_count < config->in_flight) {
        struct copy *first = queue->waiting;
        bool read_first = queue->more && (first == NULL || queue_is_behind_cursor(queue, first));
        if (read_first && !queue->reading)
            storing_read(queue);
        if (read_first || first == NULL || !send_first(queue, way))
            return;
    }
}

static bool opted_out(const struct route_target *target)
{
    const struct client_profile *profile = target->registration != NULL ? target->registration->profile : NULL;
    return profile != NULL && profile->availability.opted_out;
}

/*
 * Nothing can go out: what is stored need not be in memory, what may be stored is, and the rest waits for a window that
 * will open, or fails.
 */
static void put_off(struct queue *queue, const struct route_target *target)
{
    struct copy *copy, *next;
    DL_FOREACH_SAFE (queue->waiting, copy, next) {
        if (!copy->stored && !copy->keep && target->opens_s > 0)
            continue;
        queue_wait_no_more(copy);
        if (copy->stored) {
            queue_leave(&queue->delivery->queues, copy, true);
            free(copy);
        } else if (copy->keep && !opted_out(target)) {
            storing_put(copy);
        } else {
            drain_give_up(copy, copy->keep ? MSGIN5G_ERR_OPTED_OUT : MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
        }
    }
    if (queue->reading)
        return;
    queue->cursor_rank = 0;
    queue->cursor_id = 0;
    queue->more = queue->count > 0;
}

/* ---- when to look again ---- */

static void earliest(int64_t *at_ms, int64_t candidate_ms)
{
    if (candidate_ms < *at_ms)
        *at_ms = candidate_ms;
}

static int64_t until_ms(const struct delivery *delivery, int64_t utc_s)
{
    int64_t left_s = utc_s - loop_utc_s(delivery->loop);
    if (left_s <= 0)
        return 0;
    return left_s < SECONDS_MAX_MS / 1000 ? left_s * 1000 : SECONDS_MAX_MS;
}

static void schedule(struct queue *queue, const struct route_target *target)
{
    const struct delivery *delivery = queue->delivery;
    int64_t delay_ms = INT64_MAX;
    if (queue->reading)
        return; /* whoever reads comes back here */
    if (queue->expires_s != INT64_MAX)
        earliest(&delay_ms, until_ms(delivery, queue->expires_s));
    if (queue->due_s != INT64_MAX)
        earliest(&delay_ms, until_ms(delivery, queue->due_s));
    if (target->opens_s > 0)
        earliest(&delay_ms, until_ms(delivery, target->opens_s));
    if (target->way != NULL && queue->retry_ms > 0) {
        int64_t left_ms = queue->retry_ms - loop_now_ms(delivery->loop);
        earliest(&delay_ms, left_ms > 0 ? left_ms : 0);
    }
    if (delay_ms == INT64_MAX)
        loop_timer_cancel(delivery->loop, &queue->timer);
    else
        (void)loop_timer_set(delivery->loop, &queue->timer, delay_ms);
}

void drain(struct queue *queue)
{
    struct delivery *delivery = queue->delivery;
    struct route_target target = { .recipient = { .length = queue->id_length } };
    if (queue->holds > 0)
        return; /* somebody further up does it */
    queue->holds++;
    memcpy(target.recipient.text, queue->id, queue->id_length);
    router_target(delivery->router, &target.recipient, &target);
    if (delivery->closing) {
        target.way = NULL;
        target.opens_s = 0;
    }
    if (target.way != NULL)
        send_waiting(queue, target.way);
    else
        put_off(queue, &target);
    queue->holds--;
    schedule(queue, &target);
    queue_let_go(&delivery->queues, delivery->loop, queue);
}

/* Something expired, may go out, or may be tried again. */
static void on_timer(void *ctx)
{
    struct queue *queue = ctx;
    int64_t now_s = loop_utc_s(queue->delivery->loop);
    if (!queue->reading && queue->expires_s <= now_s)
        storing_sweep(queue);
    if (!queue->reading && queue->due_s <= now_s) {
        queue->due_s = INT64_MAX;
        queue->cursor_rank = 0; /* it may lie before what was read already */
        queue->cursor_id = 0;
        queue->more = true;
    }
    drain(queue);
}

void delivery_changed(void *ctx, const char *ue_service_id)
{
    struct delivery *delivery = ctx;
    struct queue *queue = queue_find(&delivery->queues, msgin5g_str(ue_service_id));
    if (queue == NULL)
        return;
    encourage(queue);
    drain(queue);
}
