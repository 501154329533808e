#include "base/log.h"
#include "delivery_internal.h"
#include "segments.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void deliver_one_of_many(void *ctx, const struct submission *submission, struct route_target *target)
{
    struct delivery_pending *pending = ctx;
    (void)delivery_to_target(pending->delivery, submission, target, pending);
}

static void fanout_ended(void *ctx, const struct submission *submission)
{
    (void)submission;
    delivery_release(ctx);
}

enum msgin5g_err delivery_create(struct loop *loop, const struct delivery_config *config, const struct router *router,
    struct store_door *door, uint64_t first_id, struct server_metrics *metrics, struct delivery **out)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    delivery->loop = loop;
    delivery->config = *config;
    delivery->router = router;
    delivery->metrics = metrics;
    delivery->door = door;
    delivery->next_id = first_id;
    delivery->fanouts = (struct fanouts){ .loop = loop, .deliver = deliver_one_of_many, .ended = fanout_ended };
    loop_timer_init(&delivery->unsafe_timer, storing_on_timer, delivery);
    enum msgin5g_err err = marks_create(loop, door, config->duplicates, config->reports, &delivery->marks);
    if (err != MSGIN5G_OK) {
        delivery_free(delivery);
        return err;
    }
    *out = delivery;
    return MSGIN5G_OK;
}

static void free_waiting(struct delivery *delivery, struct queue *queue)
{
    struct copy *copy, *next;
    DL_FOREACH_SAFE (queue->waiting, copy, next) {
        queue_wait_no_more(copy);
        queue_leave(&delivery->queues, copy, true);
        free(copy);
    }
}

void delivery_close(struct delivery *delivery)
{
    struct queue *queue, *next;
    if (delivery == NULL)
        return;
    delivery->closing = true;
    fanouts_end(&delivery->fanouts);
    HASH_ITER (hh, delivery->queues.by_id, queue, next)
        drain(queue);
}

void delivery_free(struct delivery *delivery)
{
    struct queue *queue, *next;
    if (delivery == NULL)
        return;
    HASH_ITER (hh, delivery->queues.by_id, queue, next) {
        free_waiting(delivery, queue);
        queue_free(&delivery->queues, delivery->loop, queue);
    }
    loop_timer_cancel(delivery->loop, &delivery->unsafe_timer);
    marks_free(delivery->marks);
    free(delivery);
}

void delivery_load(struct delivery *delivery, store_done_fn *done, void *ctx)
{
    storing_load(delivery, done, ctx);
}

void delivery_use_segments(struct delivery *delivery, struct segments *segments)
{
    delivery->segments = segments;
}

/* ---- one copy ---- */

#define NO_DEADLINE_MS 60000 /* EC-39: a copy without latency is ordered as one with this */

static struct copy *make_copy(struct delivery *delivery, const struct parcel *parcel)
{
    struct copy *copy = copy_create(parcel);
    int64_t now_ms = loop_now_ms(delivery->loop);
    if (copy == NULL)
        return NULL;
    copy->delivery = delivery;
    copy->id = delivery->next_id++;
    copy->tries_left = parcel->type != MSGIN5G_TYPE_MSGRESP || parcel->keep ? DELIVERY_RETRIES : 0;
    copy->due_ms = now_ms + (parcel->latency_ms > 0 ? parcel->latency_ms : NO_DEADLINE_MS);
    copy->deadline_ms = parcel->latency_ms > 0 ? copy->due_ms : 0;
    return copy;
}

/* Past all queues: nothing waits before it. Confirmable ones keep the octets for another try. */
static enum msgin5g_err send_now(
    struct delivery *delivery, struct way *way, const struct parcel *parcel, struct delivery_pending *pending)
{
    if (!parcel->confirmable) {
        struct way_copy out = { parcel->type, parcel->body, parcel->length, false, parcel->observation };
        enum msgin5g_err err = way_send(way, &out, NULL);
        if (err == MSGIN5G_OK) {
            server_metrics_delivery(delivery->metrics, parcel->type, SERVER_OUTCOME_SENT);
            outcome_note(pending, MSGIN5G_OK);
        }
        return err;
    }
    if (way->in_flight >= delivery->config.in_flight)
        return MSGIN5G_ERR_QUEUE_FULL;
    struct copy *copy = make_copy(delivery, parcel);
    if (copy == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = drain_send(copy, way, parcel->observation);
    if (err != MSGIN5G_OK) {
        free(copy);
        return err;
    }
    outcome_add(pending, copy);
    if (copy->keep && pending != NULL)
        storing_watch(copy);
    return MSGIN5G_OK;
}

static enum msgin5g_err check_room(
    const struct delivery *delivery, const struct queue *queue, const struct parcel *parcel)
{
    const struct delivery_config *config = &delivery->config;
    bool room = queue->count < config->queue_messages && queue->octets + parcel->length <= config->queue_octets &&
                delivery->queues.octets + parcel->length <= config->memory_octets;
    return room ? MSGIN5G_OK : MSGIN5G_ERR_QUEUE_FULL;
}

/* TS 24.538 6.4.1.2.6 a1: who is away gets what may be stored, unless it opted out or it is too late. */
static enum msgin5g_err check_keeping(
    const struct delivery *delivery, const struct parcel *parcel, const struct route_target *target)
{
    const struct client_profile *profile = target->registration != NULL ? target->registration->profile : NULL;
    if (!parcel->keep && target->opens_s == 0)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    if (parcel->type == MSGIN5G_TYPE_MSG && profile != NULL && profile->availability.opted_out)
        return MSGIN5G_ERR_OPTED_OUT;
    return parcel->keep && parcel->expires_s <= loop_utc_s(delivery->loop) ? MSGIN5G_ERR_EXPIRED : MSGIN5G_OK;
}

static enum msgin5g_err put_in_queue(struct delivery *delivery, const struct parcel *parcel,
    const struct route_target *target, struct delivery_pending *pending)
{
    bool away = target->way == NULL || parcel->not_before_s > loop_utc_s(delivery->loop);
    enum msgin5g_err err = away ? check_keeping(delivery, parcel, target) : MSGIN5G_OK;
    if (err != MSGIN5G_OK)
        return err;
    struct queue *queue = drain_queue(delivery, parcel->recipient);
    if (queue == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    struct copy *copy = NULL;
    err = check_room(delivery, queue, parcel);
    if (err == MSGIN5G_OK && (copy = make_copy(delivery, parcel)) == NULL)
        err = MSGIN5G_ERR_NO_MEMORY;
    if (err != MSGIN5G_OK) {
        queue_let_go(&delivery->queues, delivery->loop, queue);
        return err;
    }
    queue_enter(&delivery->queues, queue, copy);
    outcome_add(pending, copy);
    queue->holds++;
    if (copy->keep && (away || queue->more)) {
        storing_put(copy);
    } else {
        queue_wait(copy);
        if (copy->keep && pending != NULL)
            storing_watch(copy);
    }
    queue->holds--;
    drain(queue);
    return MSGIN5G_OK;
}

enum msgin5g_err delivery_send(struct delivery *delivery, const struct parcel *parcel,
    const struct route_target *target, struct delivery_pending *pending)
{
    /* A response waits behind nothing. */
    bool queued = parcel->type != MSGIN5G_TYPE_MSGRESP && queue_find(&delivery->queues, parcel->recipient) != NULL;
    bool early = parcel->not_before_s > 0 && parcel->not_before_s > loop_utc_s(delivery->loop);
    if (target->way != NULL && !queued && !early) {
        enum msgin5g_err err = send_now(delivery, target->way, parcel, pending);
        if (err != MSGIN5G_ERR_QUEUE_FULL && err != MSGIN5G_ERR_RECIPIENT_UNAVAILABLE)
            return err;
        if (parcel->type == MSGIN5G_TYPE_MSGRESP && !parcel->keep)
            return err;
    }
    return put_in_queue(delivery, parcel, target, pending);
}

/* EC-16: what the sender says, or the default, within the limit. */
static int64_t expiry(const struct delivery *delivery, const struct msgin5g_message *message)
{
    int64_t now_s = loop_utc_s(delivery->loop);
    int64_t at_most = now_s + delivery->config.max_expiry_s;
    if (message->expire_time_s == 0)
        return now_s + delivery->config.expiry_s;
    return message->expire_time_s < at_most ? message->expire_time_s : at_most;
}

/* Written where ordinary messages have room, or for a whole one that came in segments into @p large, to be released. */
static enum msgin5g_err write_copy(
    struct delivery *delivery, const struct msgin5g_message *copy, uint8_t **large, struct parcel *parcel)
{
    size_t capacity = 6 * copy->payload.length + MSGIN5G_MESSAGE_MAX; /* of each octet an escape */
    *large = NULL;
    parcel->body = delivery->scratch;
    if (copy->payload.length <= MSGIN5G_PAYLOAD_MAX)
        return msgin5g_message_encode(copy, delivery->scratch, sizeof delivery->scratch, &parcel->length);
    if ((*large = malloc(capacity)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    parcel->body = *large;
    return msgin5g_message_encode_whole(copy, *large, capacity, &parcel->length);
}

/* The copy a recipient gets: as received, without priority and store-and-forward (TS 24.538 6.4.1.2.6 c). */
static enum msgin5g_err make_and_send(struct delivery *delivery, const struct submission *submission,
    const struct route_target *target, struct delivery_pending *pending)
{
    const struct msgin5g_message *message = submission->message;
    struct msgin5g_message copy = *message;
    struct parcel parcel = { .type = copy.type,
        .originator_type = copy.ori.type,
        .recipient = { target->recipient.text, target->recipient.length },
        .message_id = copy.msg_id,
        .observation = target->observation,
        .priority = copy.priority,
        .keep = (copy.store_forward || copy.type == MSGIN5G_TYPE_IMDN) && target->type != MSGIN5G_ADDR_BC,
        .not_before_s = copy.delivery_time_s,
        .latency_ms = submission->latency_ms };
    uint8_t *large = NULL;
    copy.delivery_copy = true;
    copy.ori.addr = (struct msgin5g_str){ submission->originator->text, submission->originator->length };
    copy.dest = (struct msgin5g_address){ target->type, parcel.recipient };
    copy.group_id = target->group; /* whatever the sender wrote there */
    copy.topic = target->topic;
    enum msgin5g_err err = write_copy(delivery, &copy, &large, &parcel);
    /* What becomes later of one of many copies is not told (EC-31). */
    if (target->group.length == 0 && target->topic.length == 0)
        parcel.originator = copy.ori.addr;
    if (parcel.keep)
        parcel.expires_s = expiry(delivery, message);
    /* IMDN always (6.4.1.2.8), MSG with a report (6.4.1.2.6), segments (EC-30), where somebody waits for the
     * acknowledgement; else as the sender chose to send it. */
    parcel.confirmable =
        parcel.keep || copy.store_forward || copy.report_requested || copy.segmented || submission->confirmable;
    if (err == MSGIN5G_OK)
        err = delivery_send(delivery, &parcel, target, pending);
    free(large);
    return err;
}

/* ---- reports that are awaited ---- */

static void on_expectation_stored(void *ctx, enum msgin5g_err err)
{
    struct delivery_pending *pending = ctx;
    if (err != MSGIN5G_OK && pending->err == MSGIN5G_OK)
        pending->err = err;
    delivery_release(pending);
}

/* With sfFlag the report is to be as safe as the message: the outcome waits for the store to know of it. */
static void keep_expectation(struct delivery *delivery, struct recent_key key, struct delivery_pending *pending)
{
    struct store_write *write = store_write_create(delivery->door);
    if (write == NULL)
        return;
    marks_write_report(delivery->marks, write, key, false);
    delivery_hold(pending);
    enum msgin5g_err err = store_write_commit(write, on_expectation_stored, pending);
    if (err != MSGIN5G_OK)
        on_expectation_stored(pending, err);
}

static void expect_report(struct delivery *delivery, const struct submission *submission,
    const struct route_target *target, struct msgin5g_str msg_id, struct delivery_pending *pending)
{
    struct recent *reports = marks_reports(delivery->marks);
    struct recent_key key = reports_key(reports, msg_id, submission->originator, &target->recipient);
    bool durable = submission->message->store_forward && pending != NULL && delivery->door != NULL;
    reports_expect(reports, key, durable, marks_now_s(delivery->marks));
    if (durable)
        keep_expectation(delivery, key, pending);
}

/* Of an aggregated message each item has a report of its own. */
static void expect_reports(struct delivery *delivery, const struct submission *submission,
    const struct route_target *target, struct delivery_pending *pending)
{
    const struct msgin5g_message *message = submission->message;
    if (message->type != MSGIN5G_TYPE_MSG)
        return;
    if (message->report_requested)
        expect_report(delivery, submission, target, message->msg_id, pending);
    for (size_t i = 0; i < message->item_count; i++) {
        if (message->items[i].report_requested)
            expect_report(delivery, submission, target, message->items[i].msg_id, pending);
    }
}

enum msgin5g_err delivery_to_target(struct delivery *delivery, const struct submission *submission,
    const struct route_target *target, struct delivery_pending *pending)
{
    bool reachable = target->err == MSGIN5G_OK || target->err == MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    enum msgin5g_err err = target->err;
    if (delivery->segments == NULL || !segments_take(delivery->segments, submission, target, pending, &err)) {
        if (reachable)
            err = make_and_send(delivery, submission, target, pending);
        if (err == MSGIN5G_OK)
            expect_reports(delivery, submission, target, pending);
    }
    if (err != MSGIN5G_OK)
        outcome_note(pending, err);
    return err;
}

/* ---- a submission ---- */

/* Nobody is left but who sent it: for a topic whose sender wants reports that is worth saying (EC-38). */
static enum msgin5g_err nobody(const struct msgin5g_message *message)
{
    bool topic = message->dest.type == MSGIN5G_ADDR_TOPIC;
    return topic && message->report_requested ? MSGIN5G_ERR_NO_SUBSCRIBERS : MSGIN5G_OK;
}

/* Who is left over after the first slice gets his copy from a fan-out; without memory for one all go out at once. */
static void deliver_slice(struct delivery *delivery, const struct submission *submission, struct targets *targets,
    struct route_target *target, struct delivery_pending *pending)
{
    size_t count = 0;
    do {
        deliver_one_of_many(pending, submission, target);
        if (++count != FANOUT_SLICE)
            continue;
        delivery_hold(pending); /* which fanout_ended() releases */
        if (fanout_continue(&delivery->fanouts, targets, submission, pending) == MSGIN5G_OK)
            return;
        delivery_release(pending);
    } while (targets_next(targets, target));
    targets_close(targets);
}

/*
 * Send to every target. The outcome is a failure only when every target failed (EC-31); who @p waits hears it when each
 * of them has the message, has it stored, or failed.
 */
static struct delivery_pending *deliver_all(struct delivery *delivery, const struct submission *submission,
    struct recent_key mark, bool waits, struct delivery_outcome *outcome)
{
    const struct msgin5g_message *message = submission->message;
    bool single = message->dest.type == MSGIN5G_ADDR_UE || message->dest.type == MSGIN5G_ADDR_AS;
    struct delivery_pending *pending = NULL;
    struct targets targets;
    struct route_target target;
    outcome->err = targets_open(&targets, &delivery->config.audiences, message, submission->originator);
    if (outcome->err != MSGIN5G_OK)
        return NULL;
    if (!targets_next(&targets, &target)) {
        outcome->err = nobody(message);
    } else if (single && !waits) {
        outcome->err = delivery_to_target(delivery, submission, &target, NULL);
    } else if ((pending = delivery_pending_create(delivery, submission)) == NULL) {
        outcome->err = MSGIN5G_ERR_NO_MEMORY;
    } else {
        pending->mark = mark;
        pending->single = single;
        deliver_slice(delivery, submission, &targets, &target, pending);
        return outcome_now(pending, outcome) || !waits ? NULL : pending;
    }
    targets_close(&targets);
    return NULL;
}

static struct delivery_pending *submit_message(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome)
{
    struct recent *seen = marks_duplicates(delivery->marks);
    int64_t now_s = marks_now_s(delivery->marks);
    struct recent_key key = duplicates_key(seen, submission->originator, submission->message);
    enum duplicates_verdict verdict = duplicates_check(seen, key, submission->body, now_s);
    bool waits = submission->message->store_forward;
    if (verdict != DUPLICATES_NEW) {
        metric_add(delivery->metrics->duplicates, 1);
        outcome->err = verdict == DUPLICATES_SAME      ? MSGIN5G_OK
                       : verdict == DUPLICATES_CHANGED ? MSGIN5G_ERR_DUPLICATE
                                                       : MSGIN5G_ERR_OVERLOADED;
        if (submission->message->segmented && verdict != DUPLICATES_UNDER_WAY && delivery->segments != NULL)
            outcome->err = segments_repeated(delivery->segments, submission, verdict == DUPLICATES_CHANGED);
        return NULL;
    }
    if (waits) /* its mark may be stored together with it */
        duplicates_add(seen, key, submission->body, true, now_s);
    struct delivery_pending *pending = deliver_all(delivery, submission, key, waits, outcome);
    if (waits && pending == NULL)
        duplicates_settle(seen, key, outcome->err == MSGIN5G_OK, now_s);
    else if (!waits && outcome->err == MSGIN5G_OK)
        duplicates_add(seen, key, submission->body, false, now_s);
    return pending;
}

/* A report for somebody who is away is stored, one on a message with sfFlag is as safe as that: then it is waited for.
 */
static struct delivery_pending *forward_report(struct delivery *delivery, const struct submission *submission,
    const struct msgin5g_service_id *addressee, struct recent_key key, bool durable, struct delivery_outcome *outcome)
{
    struct route_target target;
    router_target(delivery->router, addressee, &target);
    bool queued = queue_find(&delivery->queues, (struct msgin5g_str){ addressee->text, addressee->length }) != NULL;
    bool waits = durable || target.way == NULL || queued;
    struct delivery_pending *pending = deliver_all(delivery, submission, key, waits, outcome);
    if (pending != NULL)
        pending->durable_report = durable;
    return pending;
}

static struct delivery_pending *submit_report(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome)
{
    struct recent *reports = marks_reports(delivery->marks);
    const struct msgin5g_message *report = submission->message;
    struct msgin5g_service_id originator; /* of the message reported on */
    bool durable = false;
    outcome->err = msgin5g_service_id_parse(report->dest.addr, &originator);
    if (outcome->err != MSGIN5G_OK)
        return NULL;
    struct recent_key key = reports_key(reports, report->msg_id, &originator, submission->originator);
    enum reports_verdict verdict = reports_take(reports, key, &durable, marks_now_s(delivery->marks));
    if (verdict == REPORTS_EXPECTED) {
        struct delivery_pending *pending = forward_report(delivery, submission, &originator, key, durable, outcome);
        if (pending == NULL)
            reports_settle(reports, key, outcome->err == MSGIN5G_OK, marks_now_s(delivery->marks));
        return pending;
    }
    if (verdict == REPORTS_UNKNOWN) {
        outcome->err = MSGIN5G_ERR_NOT_AUTHORIZED;
        return NULL;
    }
    metric_add(delivery->metrics->duplicates, 1);
    outcome->err = verdict == REPORTS_REPEATED ? MSGIN5G_OK : MSGIN5G_ERR_OVERLOADED;
    return NULL;
}

/* Those of several reports in one message that are expected; of the others @p repeated says how many came before. */
static size_t take_reports(struct delivery *delivery, const struct submission *submission,
    const struct msgin5g_service_id *originator, struct msgin5g_item *items, struct recent_key *keys, size_t *repeated)
{
    struct recent *reports = marks_reports(delivery->marks);
    const struct msgin5g_message *message = submission->message;
    size_t count = 0;
    for (size_t i = 0; i < message->item_count; i++) {
        struct recent_key key = reports_key(reports, message->items[i].msg_id, originator, submission->originator);
        bool durable = false;
        enum reports_verdict verdict = reports_take(reports, key, &durable, marks_now_s(delivery->marks));
        *repeated += verdict == REPORTS_REPEATED;
        if (verdict != REPORTS_EXPECTED)
            continue;
        items[count] = message->items[i];
        keys[count++] = key;
    }
    return count;
}

/* Several reports in one message: those that nobody asked for, or that came before, are left out of it. */
static struct delivery_pending *submit_reports(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome)
{
    struct msgin5g_message expected = *submission->message;
    struct submission rest = *submission;
    struct delivery_pending *pending = NULL;
    struct msgin5g_service_id originator; /* of the messages reported on */
    struct recent_key *keys = calloc(expected.item_count, sizeof *keys);
    struct msgin5g_item *items = calloc(expected.item_count, sizeof *items);
    size_t repeated = 0;
    outcome->err = keys == NULL || items == NULL ? MSGIN5G_ERR_NO_MEMORY
                                                 : msgin5g_service_id_parse(expected.dest.addr, &originator);
    if (outcome->err != MSGIN5G_OK)
        goto out;
    expected.item_count = take_reports(delivery, submission, &originator, items, keys, &repeated);
    expected.items = items;
    rest.message = &expected;
    if (expected.item_count > 0)
        pending = forward_report(delivery, &rest, &originator, (struct recent_key){ 0 }, false, outcome);
    else
        outcome->err = repeated > 0 ? MSGIN5G_OK : MSGIN5G_ERR_NOT_AUTHORIZED;
    for (size_t i = 0; i < expected.item_count; i++)
        reports_settle(marks_reports(delivery->marks), keys[i], pending != NULL || outcome->err == MSGIN5G_OK,
            marks_now_s(delivery->marks));
out:
    free(keys);
    free(items);
    return pending;
}

struct delivery_pending *delivery_submit(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome)
{
    *outcome = (struct delivery_outcome){ .err = MSGIN5G_OK };
    if (submission->message->type == MSGIN5G_TYPE_MSG)
        return submit_message(delivery, submission, outcome);
    return submission->message->item_count > 0 ? submit_reports(delivery, submission, outcome)
                                               : submit_report(delivery, submission, outcome);
}
