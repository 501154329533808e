#include "base/log.h"
#include "delivery_internal.h"

#include <stdlib.h>
#include <string.h>

struct delivery_pending *delivery_pending_create(struct delivery *delivery, const struct submission *submission)
{
    struct delivery_pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        return NULL;
    pending->delivery = delivery;
    pending->open = 1;
    pending->type = submission->message->type;
    pending->originator_id = *submission->originator;
    pending->originator_type = submission->message->ori.type;
    memcpy(pending->message_id, submission->message->msg_id.octets, MSGIN5G_UUID_LEN);
    return pending;
}

void delivery_await(struct delivery_pending *pending, delivery_done_fn *done, void *ctx)
{
    pending->done = done;
    pending->ctx = ctx;
}

/* ---- marks ---- */

/* A message that was rejected may be sent again; a report that was not handed on may come again. */
void outcome_settle_mark(struct delivery *delivery, enum msgin5g_type type, struct recent_key mark, bool taken)
{
    int64_t now_s = marks_now_s(delivery->marks);
    if (type == MSGIN5G_TYPE_IMDN)
        reports_settle(marks_reports(delivery->marks), mark, taken, now_s);
    else
        duplicates_settle(marks_duplicates(delivery->marks), mark, taken, now_s);
}

/* A report on a message with sfFlag came: nobody waits for the store to know. */
static void keep_arrival(struct delivery *delivery, struct recent_key mark)
{
    struct store_write *write = delivery->door != NULL ? store_write_create(delivery->door) : NULL;
    if (write == NULL)
        return;
    marks_write_report(delivery->marks, write, mark, true);
    (void)store_write_commit(write, NULL, NULL);
}

void outcome_write_mark(struct delivery_pending *pending, struct store_write *write)
{
    if (pending == NULL || !pending->single || pending->marked || pending->type != MSGIN5G_TYPE_MSG)
        return;
    marks_write_duplicate(pending->delivery->marks, write, pending->mark);
    pending->marked = true;
}

/* ---- the end ---- */

static void answer(struct delivery_pending *pending)
{
    bool taken = pending->delivered || pending->stored || pending->err == MSGIN5G_OK;
    struct delivery_outcome outcome = { .err = taken ? MSGIN5G_OK : pending->err, .stored = pending->stored };
    outcome_settle_mark(pending->delivery, pending->type, pending->mark, taken);
    if (taken && pending->durable_report)
        keep_arrival(pending->delivery, pending->mark);
    pending->done(pending->ctx, &outcome);
    free(pending);
}

static void on_marked(void *ctx, enum msgin5g_err err)
{
    struct delivery_pending *pending = ctx;
    if (err != MSGIN5G_OK) {
        pending->delivered = pending->stored = false;
        pending->err = err;
    }
    answer(pending);
}

/* Several copies are stored, so that the message may be called taken: for good, before its sender hears it. */
static void mark_and_answer(struct delivery_pending *pending)
{
    struct store_write *write = store_write_create(pending->delivery->door);
    enum msgin5g_err err = MSGIN5G_ERR_NO_MEMORY;
    if (write != NULL) {
        marks_write_duplicate(pending->delivery->marks, write, pending->mark);
        err = store_write_commit(write, on_marked, pending);
    }
    if (err != MSGIN5G_OK)
        on_marked(pending, err);
}

static void finish(struct delivery_pending *pending)
{
    if (pending->done == NULL) {
        struct delivery_outcome outcome = { .err = pending->err };
        struct msgin5g_address originator = { pending->originator_type,
            { pending->originator_id.text, pending->originator_id.length } };
        if (!pending->delivered && !pending->stored && pending->err != MSGIN5G_OK)
            delivery_tell(pending->delivery, NULL, &originator, msgin5g_str(pending->message_id), &outcome);
        free(pending);
    } else if (pending->stored && !pending->marked && pending->type == MSGIN5G_TYPE_MSG) {
        mark_and_answer(pending);
    } else {
        answer(pending);
    }
}

void delivery_hold(struct delivery_pending *pending)
{
    pending->open++;
}

void delivery_release(struct delivery_pending *pending)
{
    if (--pending->open == 0)
        finish(pending);
}

bool outcome_now(struct delivery_pending *pending, struct delivery_outcome *out)
{
    bool known = --pending->open == 0;
    bool taken = pending->delivered || pending->stored || pending->open > 0;
    *out = (struct delivery_outcome){ .err = taken ? MSGIN5G_OK : pending->err, .stored = pending->stored };
    if (known)
        free(pending);
    return known;
}

void outcome_note(struct delivery_pending *pending, enum msgin5g_err err)
{
    if (pending == NULL)
        return;
    if (err == MSGIN5G_OK)
        pending->delivered = true;
    else if (pending->err == MSGIN5G_OK)
        pending->err = err;
}

/* ---- one copy ---- */

static void tell_failure(const struct copy *copy, enum msgin5g_err err)
{
    struct delivery_outcome outcome = { .err = err };
    struct msgin5g_address originator = { copy->originator_type, copy->originator };
    delivery_tell(copy->delivery, NULL, &originator, copy->message_id, &outcome);
}

void outcome_add(struct delivery_pending *pending, struct copy *copy)
{
    copy->pending = pending;
    if (pending != NULL)
        pending->open++;
}

void outcome_settle(struct copy *copy, enum msgin5g_err err, bool stored)
{
    struct delivery_pending *pending = copy->pending;
    if (copy->settled)
        return;
    copy->settled = true;
    copy->pending = NULL;
    if (err == MSGIN5G_OK && copy->replaces != 0)
        store_remove(copy->delivery->door, copy->replaces);
    if (pending == NULL) {
        if (err != MSGIN5G_OK)
            tell_failure(copy, err);
        return;
    }
    if (err == MSGIN5G_OK && stored)
        pending->stored = true;
    else
        outcome_note(pending, err);
    delivery_release(pending);
}

/* ---- MSGRESP (TS 24.538 6.4.1.2.2 e, 7.3.4.3), a new request and confirmable (EC-30b) ---- */

#define RESPONSE_MAX (2 * MSGIN5G_SERVICE_ID_MAX + 512)

static size_t encode_response(const struct msgin5g_address *originator, struct msgin5g_str message_id,
    const struct delivery_outcome *outcome, uint8_t out[RESPONSE_MAX])
{
    size_t length;
    struct msgin5g_message response = msgin5g_message_init(MSGIN5G_TYPE_MSGRESP);
    response.ori = *originator;
    response.msg_id = message_id;
    response.segment.set_id = outcome->set_id;
    response.delivery_status = outcome->stored ? MSGIN5G_DELIVERY_STORED : MSGIN5G_DELIVERY_FAILURE;
    if (!outcome->stored)
        response.cause = msgin5g_str(msgin5g_err_cause(outcome->err));
    return msgin5g_message_encode(&response, out, RESPONSE_MAX, &length) == MSGIN5G_OK ? length : 0;
}

static void respond(struct delivery *delivery, struct route_target *target, const struct msgin5g_address *originator,
    struct msgin5g_str message_id, const struct delivery_outcome *outcome, uint64_t replaces)
{
    uint8_t body[RESPONSE_MAX];
    struct parcel parcel = { .type = MSGIN5G_TYPE_MSGRESP,
        .recipient = { target->recipient.text, target->recipient.length },
        .body = body,
        .length = encode_response(originator, message_id, outcome, body),
        .priority = MSGIN5G_PRIORITY_HIGH,
        .confirmable = true,
        .keep = outcome->stored || replaces != 0,
        .expires_s = loop_utc_s(delivery->loop) + delivery->config.expiry_s,
        .replaces = replaces };
    if (parcel.length == 0 || delivery_send(delivery, &parcel, target, NULL) == MSGIN5G_OK)
        return;
    server_metrics_delivery(delivery->metrics, MSGIN5G_TYPE_MSGRESP, SERVER_OUTCOME_FAILED);
    if (replaces != 0)
        store_remove(delivery->door, replaces);
}

void delivery_tell(struct delivery *delivery, struct way *way, const struct msgin5g_address *originator,
    struct msgin5g_str message_id, const struct delivery_outcome *outcome)
{
    struct route_target target;
    if (message_id.length == 0 || msgin5g_service_id_parse(originator->addr, &target.recipient) != MSGIN5G_OK)
        return;
    if (way == NULL)
        router_target(delivery->router, &target.recipient, &target);
    else
        target = (struct route_target){ .recipient = target.recipient, .way = way };
    respond(delivery, &target, originator, message_id, outcome, 0);
}

void delivery_reject(
    struct delivery *delivery, struct peer *peer, const struct msgin5g_message *message, enum msgin5g_err err)
{
    struct delivery_outcome outcome = { .err = err };
    delivery_tell(delivery, &peer->way, &message->ori, message->msg_id, &outcome);
}

void outcome_tell_stored(struct copy *copy, enum msgin5g_err err)
{
    struct delivery_outcome outcome = { .err = err };
    struct msgin5g_address originator = { copy->originator_type, copy->originator };
    struct route_target target;
    if (msgin5g_service_id_parse(copy->originator, &target.recipient) != MSGIN5G_OK) {
        store_remove(copy->delivery->door, copy->id);
        return;
    }
    router_target(copy->delivery->router, &target.recipient, &target);
    respond(copy->delivery, &target, &originator, copy->message_id, &outcome, copy->id);
}
