#include "delivery.h"

#include "base/log.h"
#include "copy.h"
#include "duplicates.h"
#include "fanout.h"
#include "reports.h"

#include <stdlib.h>
#include <string.h>

#define DELIVERY_RETRIES 2 /* after the retransmissions of CoAP (EC-30) */

struct delivery {
    struct loop *loop;
    struct delivery_config config;
    const struct router *router;
    struct server_metrics *metrics;
    struct recent *duplicates;
    struct recent *reports;
    struct fanouts fanouts;
    uint8_t scratch[MSGIN5G_MESSAGE_MAX]; /* one message at a time is encoded here, then handed on */
};

/* What the copies of one submission share when somebody waits for its outcome, or when there are several. */
struct delivery_pending {
    struct delivery *delivery;
    delivery_done_fn *done; /* NULL: the outcome was given; that every copy failed is still news (EC-31) */
    void *ctx;
    size_t open; /* copies that are not settled; one more during delivery_submit() */
    bool delivered;
    enum msgin5g_err err; /* of the first copy that failed */
    enum msgin5g_type type;
    struct recent_key mark; /* of the message or, by type, of the report */
};

static void deliver_one_of_many(void *ctx, const struct submission *submission, struct route_target *target);
static void fanout_ended(void *ctx, const struct submission *submission);

enum msgin5g_err delivery_create(struct loop *loop, const struct delivery_config *config, const struct router *router,
    struct server_metrics *metrics, struct delivery **out)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    delivery->loop = loop;
    delivery->config = *config;
    delivery->router = router;
    delivery->metrics = metrics;
    delivery->fanouts = (struct fanouts){ .loop = loop, .deliver = deliver_one_of_many, .ended = fanout_ended };
    enum msgin5g_err err = recent_create(config->duplicates, DUPLICATES_WINDOW_S, &delivery->duplicates);
    if (err == MSGIN5G_OK)
        err = recent_create(config->reports, REPORTS_WINDOW_S, &delivery->reports);
    if (err != MSGIN5G_OK) {
        delivery_free(delivery);
        return err;
    }
    *out = delivery;
    return MSGIN5G_OK;
}

void delivery_free(struct delivery *delivery)
{
    if (delivery == NULL)
        return;
    fanouts_end(&delivery->fanouts);
    recent_free(delivery->duplicates);
    recent_free(delivery->reports);
    free(delivery);
}

/* Seconds that do not go back, for what is remembered. */
static int64_t now_s(const struct delivery *delivery)
{
    return loop_now_ms(delivery->loop) / 1000;
}

/* ---- one copy ---- */

static void copy_done(struct way_exchange *exchange, enum way_result result);

static enum msgin5g_err send_copy(struct copy *copy, struct way *way, struct transport_observation *observation)
{
    struct way_copy out = { copy->type, copy->body, copy->length, true, observation };
    if (way->in_flight >= copy->delivery->config.in_flight)
        return MSGIN5G_ERR_QUEUE_FULL;
    copy->exchange.done = copy_done;
    return way_send(way, &out, &copy->exchange);
}

/* Once encoded, once copied (by the way); confirmable ones keep the octets for another try. */
static enum msgin5g_err send_parcel(
    struct delivery *delivery, struct way *way, const struct parcel *parcel, struct delivery_pending *pending)
{
    if (!parcel->confirmable) {
        struct way_copy out = { parcel->type, parcel->body, parcel->length, false, parcel->observation };
        enum msgin5g_err err = way_send(way, &out, NULL);
        if (err == MSGIN5G_OK)
            server_metrics_delivery(delivery->metrics, parcel->type, SERVER_OUTCOME_SENT);
        return err;
    }
    struct copy *copy = copy_create(parcel);
    if (copy == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    copy->delivery = delivery;
    copy->pending = pending;
    copy->tries_left = DELIVERY_RETRIES;
    enum msgin5g_err err = send_copy(copy, way, parcel->observation);
    if (err != MSGIN5G_OK)
        free(copy);
    else if (pending != NULL)
        pending->open++;
    return err;
}

static struct way *way_to(const struct delivery *delivery, struct msgin5g_str service_id)
{
    struct msgin5g_service_id id;
    if (msgin5g_service_id_parse(service_id, &id) != MSGIN5G_OK)
        return NULL;
    return router_way(delivery->router, &id);
}

/* MSGRESP (TS 24.538 6.4.1.2.2 e, 7.3.4.3) as a new request, confirmable (EC-30b). */
void delivery_tell(struct delivery *delivery, struct way *way, const struct msgin5g_address *originator,
    struct msgin5g_str message_id, const struct delivery_outcome *outcome)
{
    uint8_t body[2 * MSGIN5G_SERVICE_ID_MAX + 512];
    struct parcel parcel = { .type = MSGIN5G_TYPE_MSGRESP, .body = body, .confirmable = true };
    struct msgin5g_message response = msgin5g_message_init(MSGIN5G_TYPE_MSGRESP);
    if (way == NULL)
        way = way_to(delivery, originator->addr);
    if (way == NULL || originator->addr.length == 0 || message_id.length == 0)
        return;
    response.ori = *originator;
    response.msg_id = message_id;
    response.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    response.cause = msgin5g_str(msgin5g_err_cause(outcome->err));
    if (msgin5g_message_encode(&response, body, sizeof body, &parcel.length) != MSGIN5G_OK)
        return;
    if (send_parcel(delivery, way, &parcel, NULL) != MSGIN5G_OK)
        server_metrics_delivery(delivery->metrics, MSGIN5G_TYPE_MSGRESP, SERVER_OUTCOME_FAILED);
}

void delivery_reject(
    struct delivery *delivery, struct peer *peer, const struct msgin5g_message *message, enum msgin5g_err err)
{
    struct delivery_outcome outcome = { .err = err };
    delivery_tell(delivery, &peer->way, &message->ori, message->msg_id, &outcome);
}

static void tell_failure(struct delivery *delivery, const struct msgin5g_address *originator,
    struct msgin5g_str message_id, enum msgin5g_err err)
{
    struct delivery_outcome outcome = { .err = err };
    if (originator->addr.length > 0)
        delivery_tell(delivery, NULL, originator, message_id, &outcome);
}

/* ---- the outcome of all copies ---- */

/* A message that was rejected may be sent again; a report that was not handed on may come again. */
static void settle_mark(struct delivery *delivery, enum msgin5g_type type, struct recent_key mark, bool taken)
{
    if (type == MSGIN5G_TYPE_IMDN)
        reports_settle(delivery->reports, mark, taken, now_s(delivery));
    else
        duplicates_settle(delivery->duplicates, mark, taken, now_s(delivery));
}

static void finish(struct delivery_pending *pending)
{
    struct delivery_outcome outcome = { .err = pending->delivered ? MSGIN5G_OK : pending->err };
    settle_mark(pending->delivery, pending->type, pending->mark, outcome.err == MSGIN5G_OK);
    pending->done(pending->ctx, &outcome);
}

static void note(struct delivery_pending *pending, enum msgin5g_err err)
{
    if (err == MSGIN5G_OK)
        pending->delivered = true;
    else if (pending->err == MSGIN5G_OK)
        pending->err = err;
}

/* One copy less, or no more to come. */
static void release(
    struct delivery_pending *pending, const struct msgin5g_address *originator, struct msgin5g_str message_id)
{
    if (--pending->open > 0)
        return;
    if (pending->done != NULL)
        finish(pending);
    else if (!pending->delivered && pending->err != MSGIN5G_OK)
        tell_failure(pending->delivery, originator, message_id, pending->err);
    free(pending);
}

/* What becomes of @p copy is known. */
static void settle(struct copy *copy, enum msgin5g_err err)
{
    struct msgin5g_address originator = { copy->originator_type, msgin5g_str(copy->originator) };
    struct msgin5g_str message_id = msgin5g_str(copy->message_id);
    if (copy->pending == NULL) {
        if (err != MSGIN5G_OK)
            tell_failure(copy->delivery, &originator, message_id, err);
        return;
    }
    note(copy->pending, err);
    release(copy->pending, &originator, message_id);
}

/* The recipient's session may be another one by now (EC-2). */
static bool try_again(struct copy *copy)
{
    if (copy->tries_left == 0 || *copy->recipient == '\0')
        return false;
    copy->tries_left--;
    struct way *way = way_to(copy->delivery, msgin5g_str(copy->recipient));
    if (way == NULL || send_copy(copy, way, NULL) != MSGIN5G_OK)
        return false;
    server_metrics_delivery(copy->delivery->metrics, copy->type, SERVER_OUTCOME_RETRIED);
    return true;
}

static void copy_done(struct way_exchange *exchange, enum way_result result)
{
    struct copy *copy = (struct copy *)exchange;
    if (result == WAY_FAILED && try_again(copy))
        return;
    bool delivered = result == WAY_DELIVERED;
    if (!delivered)
        log_debug("not delivered type=%s message_id=%s recipient=%s", msgin5g_type_text(copy->type), copy->message_id,
            log_identity(copy->recipient, (char[LOG_IDENTITY_LEN]){ 0 }));
    server_metrics_delivery(
        copy->delivery->metrics, copy->type, delivered ? SERVER_OUTCOME_DELIVERED : SERVER_OUTCOME_FAILED);
    settle(copy, delivered ? MSGIN5G_OK : MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
    free(copy);
}

/* ---- a submission ---- */

/* The copy a recipient gets: as received, without priority and store-and-forward (TS 24.538 6.4.1.2.6 c). */
static enum msgin5g_err send_to_target(struct delivery *delivery, const struct submission *submission,
    const struct route_target *target, struct delivery_pending *pending)
{
    struct msgin5g_message copy = *submission->message;
    struct parcel parcel = {
        .type = copy.type, .originator_type = copy.ori.type, .message_id = copy.msg_id, .body = delivery->scratch
    };
    copy.delivery_copy = true;
    copy.ori.addr = (struct msgin5g_str){ submission->originator->text, submission->originator->length };
    copy.dest = (struct msgin5g_address){ target->type, { target->recipient.text, target->recipient.length } };
    copy.group_id = target->group; /* whatever the sender wrote there */
    copy.topic = target->topic;
    enum msgin5g_err err = msgin5g_message_encode(&copy, delivery->scratch, sizeof delivery->scratch, &parcel.length);
    if (err != MSGIN5G_OK)
        return err;
    parcel.recipient = copy.dest.addr;
    parcel.originator = copy.ori.addr;
    parcel.observation = target->observation;
    /* IMDN always (6.4.1.2.8), MSG with a report (6.4.1.2.6), segments (EC-30), where somebody waits for the
     * acknowledgement; else as the sender chose to send it. */
    parcel.confirmable = copy.type == MSGIN5G_TYPE_IMDN || copy.report_requested || copy.segmented ||
                         copy.store_forward || submission->confirmable;
    return send_parcel(delivery, target->way, &parcel, pending);
}

/* @p pending is NULL for the only copy of a message whose sender does not wait. */
static enum msgin5g_err deliver(struct delivery *delivery, const struct submission *submission,
    struct route_target *target, struct delivery_pending *pending)
{
    const struct msgin5g_message *message = submission->message;
    if (target->err == MSGIN5G_OK)
        target->err = send_to_target(delivery, submission, target, pending);
    if (target->err == MSGIN5G_OK && message->type == MSGIN5G_TYPE_MSG && message->report_requested)
        reports_expect(delivery->reports,
            reports_key(delivery->reports, message->msg_id, submission->originator, &target->recipient),
            now_s(delivery));
    return target->err;
}

static void deliver_one_of_many(void *ctx, const struct submission *submission, struct route_target *target)
{
    struct delivery_pending *pending = ctx;
    size_t open = pending->open;
    enum msgin5g_err err = deliver(pending->delivery, submission, target, pending);
    if (err != MSGIN5G_OK || pending->open == open) /* else it is under way */
        note(pending, err);
}

static void fanout_ended(void *ctx, const struct submission *submission)
{
    struct msgin5g_address originator = { submission->message->ori.type,
        { submission->originator->text, submission->originator->length } };
    release(ctx, &originator, submission->message->msg_id);
}

static struct delivery_pending *pending_create(
    struct delivery *delivery, const struct submission *submission, struct recent_key mark)
{
    struct delivery_pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        return NULL;
    pending->delivery = delivery;
    pending->open = 1;
    pending->type = submission->message->type;
    pending->mark = mark;
    return pending;
}

/* Nobody is left but who sent it: for a topic whose sender wants reports that is worth saying (EC-38). */
static enum msgin5g_err nobody(const struct msgin5g_message *message)
{
    bool topic = message->dest.type == MSGIN5G_ADDR_TOPIC;
    return topic && message->report_requested ? MSGIN5G_ERR_NO_SUBSCRIBERS : MSGIN5G_OK;
}

/* @return true when there are more recipients than go out at once, and a fan-out sees to them. */
static bool deliver_first_slice(struct delivery *delivery, const struct submission *submission, struct targets *targets,
    struct route_target *target, struct delivery_pending *pending)
{
    size_t count = 0;
    do {
        deliver_one_of_many(pending, submission, target);
        if (++count == FANOUT_SLICE && fanout_continue(&delivery->fanouts, targets, submission, pending) == MSGIN5G_OK)
            return true;
    } while (targets_next(targets, target)); /* without memory for a fan-out all go out at once */
    targets_close(targets);
    return false;
}

/*
 * Send to every target. The outcome is a failure only when every target failed (EC-31); with sfFlag it is known when
 * each of them has the message or failed.
 */
static struct delivery_pending *deliver_to_all(struct delivery *delivery, const struct submission *submission,
    struct targets *targets, struct route_target *target, struct delivery_pending *pending,
    struct delivery_outcome *outcome)
{
    if (deliver_first_slice(delivery, submission, targets, target, pending))
        return submission->message->store_forward ? pending : NULL;
    if (pending->open > 1) {
        pending->open--;
        return submission->message->store_forward ? pending : NULL;
    }
    outcome->err = pending->delivered ? MSGIN5G_OK : pending->err;
    free(pending);
    return NULL;
}

static struct delivery_pending *deliver_all(struct delivery *delivery, const struct submission *submission,
    struct recent_key mark, struct delivery_outcome *outcome)
{
    const struct msgin5g_message *message = submission->message;
    struct targets targets;
    struct route_target target;
    outcome->err = targets_open(&targets, &delivery->config.audiences, message, submission->originator);
    if (outcome->err != MSGIN5G_OK)
        return NULL;
    struct delivery_pending *pending = NULL;
    if (!targets_next(&targets, &target)) {
        outcome->err = nobody(message);
    } else if (!message->store_forward && message->dest.type == MSGIN5G_ADDR_UE) {
        outcome->err = deliver(delivery, submission, &target, NULL);
    } else if ((pending = pending_create(delivery, submission, mark)) != NULL) {
        return deliver_to_all(delivery, submission, &targets, &target, pending, outcome);
    } else {
        outcome->err = MSGIN5G_ERR_NO_MEMORY;
    }
    targets_close(&targets);
    return NULL;
}

static struct delivery_pending *submit_message(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome)
{
    struct recent_key key = duplicates_key(delivery->duplicates, submission->originator, submission->message);
    enum duplicates_verdict verdict = duplicates_check(delivery->duplicates, key, submission->body, now_s(delivery));
    if (verdict != DUPLICATES_NEW) {
        metric_add(delivery->metrics->duplicates, 1);
        outcome->err = verdict == DUPLICATES_SAME      ? MSGIN5G_OK
                       : verdict == DUPLICATES_CHANGED ? MSGIN5G_ERR_DUPLICATE
                                                       : MSGIN5G_ERR_OVERLOADED;
        return NULL;
    }
    struct delivery_pending *pending = deliver_all(delivery, submission, key, outcome);
    if (pending != NULL || outcome->err == MSGIN5G_OK)
        duplicates_add(delivery->duplicates, key, submission->body, pending != NULL, now_s(delivery));
    return pending;
}

static struct delivery_pending *submit_report(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome)
{
    const struct msgin5g_message *report = submission->message;
    struct msgin5g_service_id originator; /* of the message reported on */
    outcome->err = msgin5g_service_id_parse(report->dest.addr, &originator);
    if (outcome->err != MSGIN5G_OK)
        return NULL;
    struct recent_key key = reports_key(delivery->reports, report->msg_id, &originator, submission->originator);
    enum reports_verdict verdict = reports_take(delivery->reports, key, now_s(delivery));
    if (verdict == REPORTS_EXPECTED) {
        struct delivery_pending *pending = deliver_all(delivery, submission, key, outcome);
        if (pending == NULL)
            reports_settle(delivery->reports, key, outcome->err == MSGIN5G_OK, now_s(delivery));
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

struct delivery_pending *delivery_submit(
    struct delivery *delivery, const struct submission *submission, struct delivery_outcome *outcome)
{
    *outcome = (struct delivery_outcome){ .err = MSGIN5G_OK };
    return submission->message->type == MSGIN5G_TYPE_IMDN ? submit_report(delivery, submission, outcome)
                                                          : submit_message(delivery, submission, outcome);
}

void delivery_await(struct delivery_pending *pending, delivery_done_fn *done, void *ctx)
{
    pending->done = done;
    pending->ctx = ctx;
}
