#include "segments.h"

#include "base/secret.h"
#include "msg/aggregate.h"
#include "segment_table.h"
#include "segments_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void on_expiry(void *ctx)
{
    struct segments *segments = ctx;
    int64_t now_ms = loop_now_ms(segments->loop);
    while (segments->oldest != NULL && segments->oldest->touched_ms + segments->config.keep_ms <= now_ms)
        set_free(segments->oldest);
    if (segments->oldest != NULL)
        (void)loop_timer_set(
            segments->loop, &segments->expiry, segments->oldest->touched_ms + segments->config.keep_ms - now_ms);
}

enum msgin5g_err segments_create(struct loop *loop, const struct segments_config *config, const struct router *router,
    struct delivery *delivery, struct server_metrics *metrics, struct segments **out)
{
    struct segments *segments = calloc(1, sizeof *segments);
    if (segments == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    segments->loop = loop;
    segments->config = *config;
    segments->router = router;
    segments->delivery = delivery;
    segments->metrics = metrics;
    segments->budget.limit = config->octets;
    loop_timer_init(&segments->expiry, on_expiry, segments);
    *out = segments;
    return MSGIN5G_OK;
}

void segments_free(struct segments *segments)
{
    struct set *set, *next;
    if (segments == NULL)
        return;
    DL_FOREACH_SAFE (segments->oldest, set, next)
        set_free(set);
    for (struct handover *handover = segments->handovers; handover != NULL; handover = handover->next)
        handover->segments = NULL; /* whoever ends it finds nobody to tell */
    loop_timer_cancel(segments->loop, &segments->expiry);
    delivery_use_segments(segments->delivery, NULL);
    free(segments);
}

enum msgin5g_err segments_emit(struct segments *segments, const struct submission *like,
    const struct msgin5g_message *message, const struct route_target *target, struct delivery_pending *pending)
{
    struct submission submission = *like;
    submission.message = message;
    segments->emitting = true;
    enum msgin5g_err err = delivery_to_target(segments->delivery, &submission, target, pending);
    segments->emitting = false;
    return err;
}

/* ---- messages larger than a segment ---- */

/* The set the server makes of @p whole for one recipient (EC-15). @return NULL when memory is short. */
static struct set *set_of_whole(struct segments *segments, const struct submission *submission, struct whole *whole,
    const struct route_target *target, const struct segment_cuts *cuts)
{
    unsigned char random[16];
    char id[MSGIN5G_UUID_LEN + 1];
    secret_random(random, sizeof random);
    msgin5g_uuid_format(random, id);
    struct set *set = set_create(segments, msgin5g_str(id), submission);
    if (set == NULL)
        return NULL;
    set->whole = whole;
    whole->users++;
    set->cuts = malloc(sizeof *set->cuts);
    if (set->cuts == NULL || set_add_receiver(set, target->recipient.text) == NULL) {
        set_free(set);
        return NULL;
    }
    *set->cuts = *cuts;
    return set;
}

enum msgin5g_err segments_send_whole(struct segments *segments, const struct submission *submission,
    struct whole *whole, const struct route_target *target, struct delivery_pending *pending)
{
    struct segment_cuts cuts;
    if (target->segment_limit == 0 || whole->message.payload.length <= target->segment_limit)
        return segments_emit(segments, submission, &whole->message, target, pending);
    enum msgin5g_err err = segment_cut(whole->message.payload, target->segment_limit, &cuts);
    if (err != MSGIN5G_OK)
        return err;
    struct set *set = set_of_whole(segments, submission, whole, target, &cuts);
    if (set == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    struct msgin5g_str id = { set->id, MSGIN5G_UUID_LEN };
    for (unsigned number = 1; number <= cuts.count && err == MSGIN5G_OK; number++) {
        struct msgin5g_message segment = segment_of(&whole->message, &cuts, id, number);
        err = segments_emit(segments, submission, &segment, target, pending);
        if (err == MSGIN5G_ERR_QUEUE_FULL && number > 1)
            return MSGIN5G_OK; /* the recipient will ask for the rest */
    }
    if (err != MSGIN5G_OK)
        set_free(set);
    return err;
}

/* One message that came whole and is too large for this recipient. */
static enum msgin5g_err cut(struct segments *segments, const struct submission *submission,
    const struct msgin5g_message *message, const struct route_target *target, struct delivery_pending *pending)
{
    struct whole *whole = calloc(1, sizeof *whole);
    if (whole == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    whole->users = 1;
    whole->sender = sender_use(segments, submission->originator->text);
    if (whole->sender == NULL) {
        free(whole);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    enum msgin5g_err err = segment_set_keep(message, &whole->sender->budget, &whole->storage, &whole->message);
    if (err == MSGIN5G_OK)
        err = segments_send_whole(segments, submission, whole, target, pending);
    whole_release(segments, whole);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_QUEUE_FULL : err;
}

/* ---- aggregates ---- */

/* TS 24.538 6.4.1.2.7: the first items that fit stay together under the message id they came with; what was removed
 * from the tail follows, together again as far as it fits. */
static enum msgin5g_err trim(struct segments *segments, const struct submission *submission,
    const struct route_target *target, struct delivery_pending *pending)
{
    const struct msgin5g_message *aggregate = submission->message;
    enum msgin5g_err result = MSGIN5G_OK;
    for (size_t start = 0, count; start < aggregate->item_count; start += count) {
        char id[MSGIN5G_UUID_LEN + 1];
        unsigned char random[16];
        secret_random(random, sizeof random);
        msgin5g_uuid_format(random, id);
        count = aggregate_fit(aggregate, start, target->segment_limit);
        struct msgin5g_message part =
            aggregate_part(aggregate, start, count, start == 0 ? aggregate->msg_id : msgin5g_str(id));
        enum msgin5g_err err = part.payload.length > target->segment_limit
                                   ? cut(segments, submission, &part, target, pending)
                                   : segments_emit(segments, submission, &part, target, pending);
        if (err != MSGIN5G_OK)
            result = err;
    }
    metric_add(segments->metrics->aggregates_trimmed, 1);
    return result;
}

/* ---- segments ---- */

/* EC-34, as far as one can tell without the other segments. */
static bool contradicts(struct set *set, const struct msgin5g_message *message)
{
    const struct msgin5g_segment *place = &message->segment;
    uint32_t told = place->total != 0 ? place->total : place->last ? place->number : 0;
    if (set->total == 0)
        set->total = told;
    return place->number > SEGMENTS_MAX || set->total > SEGMENTS_MAX || (told != 0 && told != set->total) ||
           (set->total != 0 && (place->number > set->total || (place->last && place->number != set->total))) ||
           !msgin5g_str_equal(message->msg_id, (struct msgin5g_str){ set->msg_id, MSGIN5G_UUID_LEN });
}

/*
 * Does the recipient take the segments of this set as they are? A last segment says nothing about the size of the
 * others: with a limit below the general one it is better to look at all of them.
 */
static bool must_collect(
    const struct receiver *receiver, const struct msgin5g_message *message, const struct route_target *target)
{
    size_t limit = target->segment_limit;
    if (receiver != NULL && receiver->waits)
        return true;
    if (limit == 0 || message->payload.length > limit)
        return true;
    bool last = message->segment.last || message->segment.number == message->segment.total;
    return receiver == NULL && last && message->segment.number > 1 && limit < MSGIN5G_PAYLOAD_MAX;
}

/* @return true when it was seen to here, with @p err set. */
static bool take_segment(struct segments *segments, const struct submission *submission,
    const struct route_target *target, enum msgin5g_err *err)
{
    const struct msgin5g_message *message = submission->message;
    struct set *set = set_find(segments, message->segment.set_id);
    *err = MSGIN5G_OK;
    if (set == NULL && (set = set_create(segments, message->segment.set_id, submission)) == NULL) {
        *err = MSGIN5G_ERR_NO_MEMORY;
        return true;
    }
    bool own = set->whole == NULL && strcmp(set->originator.text, submission->originator->text) == 0;
    if (!own || (!set->closed && contradicts(set, message))) {
        *err = MSGIN5G_ERR_BAD_SEGMENT;
        if (own)
            collect_close(set);
        return true;
    }
    if (set->closed) /* its sender knows how it ended */
        return true;
    set_touch(set);
    struct receiver *receiver = set_receiver(set, target->recipient.text);
    bool collects = must_collect(receiver, message, target);
    if (receiver == NULL && (receiver = set_add_receiver(set, target->recipient.text)) == NULL) {
        *err = MSGIN5G_ERR_NO_MEMORY;
        return true;
    }
    if (collects)
        *err = collect_add(set, receiver, submission);
    return collects;
}

bool segments_take(struct segments *segments, const struct submission *submission, const struct route_target *target,
    struct delivery_pending *pending, enum msgin5g_err *err)
{
    const struct msgin5g_message *message = submission->message;
    size_t limit = target->segment_limit;
    bool stored = message->store_forward && target->err == MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    if (segments->emitting || message->type != MSGIN5G_TYPE_MSG || (target->err != MSGIN5G_OK && !stored))
        return false;
    if (message->segmented)
        return take_segment(segments, submission, target, err);
    if (limit == 0 || (message->item_count > 0 ? aggregate_octets(message) : message->payload.length) <= limit)
        return false;
    *err = message->item_count > 0 ? trim(segments, submission, target, pending)
                                   : cut(segments, submission, message, target, pending);
    return true;
}

void segments_target(
    const struct segments *segments, const struct msgin5g_message *message, const char *id, struct route_target *out)
{
    struct msgin5g_service_id recipient;
    (void)msgin5g_service_id_parse(msgin5g_str(id), &recipient); /* it was one */
    *out = (struct route_target){ .way = NULL };
    router_target(segments->router, &recipient, out);
    if (message->dest.type == MSGIN5G_ADDR_GROUP)
        out->group = message->dest.addr;
    if (message->dest.type == MSGIN5G_ADDR_TOPIC)
        out->topic = message->dest.addr;
}

enum msgin5g_err segments_repeated(struct segments *segments, const struct submission *submission, bool changed)
{
    const struct msgin5g_message *message = submission->message;
    struct set *set = set_find(segments, message->segment.set_id);
    struct receiver *receiver, *next;
    if (set == NULL || set->closed || set->whole != NULL ||
        strcmp(set->originator.text, submission->originator->text) != 0 || message->segment.number > SEGMENTS_MAX)
        return changed ? MSGIN5G_ERR_BAD_SEGMENT : MSGIN5G_OK;
    if (changed) {
        collect_close(set);
        return MSGIN5G_ERR_BAD_SEGMENT;
    }
    set_touch(set);
    HASH_ITER (hh, set->receivers, receiver, next) {
        struct route_target target;
        if (!segment_numbers_has(&receiver->wanted, message->segment.number))
            continue;
        segment_numbers_remove(&receiver->wanted, message->segment.number);
        segments_target(segments, message, receiver->id, &target);
        (void)segments_emit(segments, submission, message, &target, NULL);
    }
    return set->collected != NULL ? collect_again(set, submission) : MSGIN5G_OK;
}
