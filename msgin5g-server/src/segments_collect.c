/* Putting messages together for recipients who do not take their segments as they are (TS 24.538 6.5.3.2, 6.5.3.3). */
#include "segments_internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void on_timer(void *ctx);

static void run_timer(struct set *set, int64_t delay_ms)
{
    loop_timer_cancel(set->segments->loop, &set->timer);
    loop_timer_init(&set->timer, on_timer, set);
    (void)loop_timer_set(set->segments->loop, &set->timer, delay_ms);
}

/* The MSGRESP that says why goes first: SEGCONFIR follows when the answer to this segment has been given. */
void collect_close(struct set *set)
{
    if (set->closed)
        return;
    set->closed = true;
    set->rejected = true;
    set_drop_collected(set);
    metric_add(set->segments->metrics->sets_rejected, 1);
    run_timer(set, 0);
}

/* ---- the whole message ---- */

static void on_delivered(void *ctx, const struct delivery_outcome *outcome)
{
    struct handover *handover = ctx;
    struct segments *segments = handover->segments;
    enum msgin5g_err err = outcome->err != MSGIN5G_OK ? outcome->err : handover->err;
    struct receiver *receiver, *next;
    struct set *set = segments != NULL ? set_find(segments, msgin5g_str(handover->id)) : NULL;
    if (segments != NULL)
        DL_DELETE(segments->handovers, handover);
    free(handover);
    if (set == NULL)
        return;
    if (err != MSGIN5G_OK)
        recovery_tell(set, err);
    HASH_ITER (hh, set->receivers, receiver, next) {
        if (receiver->waits)
            recovery_confirmed_by(set, receiver, err == MSGIN5G_OK);
    }
}

/* @return MSGIN5G_OK when there is a copy for at least one of them (EC-31). */
static enum msgin5g_err send_to_all(
    struct set *set, const struct submission *submission, struct whole *whole, struct delivery_pending *pending)
{
    struct segments *segments = set->segments;
    enum msgin5g_err result = MSGIN5G_ERR_INTERNAL;
    struct receiver *receiver, *next;
    HASH_ITER (hh, set->receivers, receiver, next) {
        struct route_target target;
        if (!receiver->waits)
            continue;
        segments_target(segments, submission->message, receiver->id, &target);
        enum msgin5g_err err = segments_send_whole(segments, submission, whole, &target, pending);
        if (result != MSGIN5G_OK)
            result = err;
    }
    return result;
}

static enum msgin5g_err hand_over(struct set *set, struct whole *whole)
{
    struct segments *segments = set->segments;
    struct submission submission = { .message = &whole->message, .originator = &set->originator, .confirmable = true };
    struct handover *handover = calloc(1, sizeof *handover);
    struct delivery_pending *pending =
        handover != NULL ? delivery_pending_create(segments->delivery, &submission) : NULL;
    if (pending == NULL) {
        free(handover);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    handover->segments = segments;
    memcpy(handover->id, set->id, sizeof handover->id);
    DL_APPEND(segments->handovers, handover);
    handover->err = send_to_all(set, &submission, whole, pending);
    delivery_await(pending, on_delivered, handover);
    delivery_release(pending);
    return MSGIN5G_OK;
}

/* The account goes from the set to the whole. @return NULL when memory is short. */
static struct whole *join(struct set *set)
{
    struct whole *whole = calloc(1, sizeof *whole);
    if (whole == NULL || segment_set_join(set->collected, &whole->message) != MSGIN5G_OK) {
        free(whole);
        return NULL;
    }
    whole->users = 1;
    whole->storage = set->collected;
    whole->sender = set->sender;
    set->sender->open--;
    set->collected = NULL;
    set->sender = NULL;
    return whole;
}

static void complete(struct set *set)
{
    struct segments *segments = set->segments;
    struct whole *whole = join(set);
    if (whole == NULL) {
        recovery_tell(set, MSGIN5G_ERR_NO_MEMORY);
        collect_close(set);
        return;
    }
    set->closed = true;
    metric_add(segments->metrics->sets_joined, 1);
    enum msgin5g_err err = hand_over(set, whole);
    whole_release(segments, whole);
    if (err != MSGIN5G_OK)
        recovery_tell(set, err);
}

/* ---- what is missing ---- */

static void ask_or_give_up(struct set *set, const struct segment_numbers *missing)
{
    if (set->attempts < set->segments->config.attempts) {
        set->attempts++;
        set_touch(set);
        recovery_ask(set, missing);
        run_timer(set, set->segments->config.wait_ms);
        return;
    }
    recovery_tell(set, MSGIN5G_ERR_SEGMENT_MISSING);
    collect_close(set);
}

static void on_timer(void *ctx)
{
    struct set *set = ctx;
    struct segment_numbers missing;
    if (set->closed) {
        if (set->rejected)
            recovery_confirm(set, false);
        return;
    }
    segment_set_missing(set->collected, &missing);
    if (segment_numbers_count(&missing) == 0)
        complete(set);
    else
        ask_or_give_up(set, &missing);
}

/* ---- segments ---- */

static enum msgin5g_err open_collection(struct set *set, const struct msgin5g_message *segment)
{
    struct segments *segments = set->segments;
    struct sender *sender = sender_use(segments, set->originator.text);
    if (sender == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = sender->open < segments->config.sets_per_sender
                               ? segment_set_create(segment, &sender->budget, &set->collected)
                               : MSGIN5G_ERR_LIMIT;
    if (err != MSGIN5G_OK) {
        sender_release(segments, sender);
        return err;
    }
    set->sender = sender;
    sender->open++;
    return MSGIN5G_OK;
}

static enum msgin5g_err add(struct set *set, const struct msgin5g_message *segment)
{
    switch (segment_set_add(set->collected, segment)) {
    case SEGMENT_TAKEN:
        run_timer(set, set->segments->config.wait_ms);
        return MSGIN5G_OK;
    case SEGMENT_COMPLETE: /* when the other recipients of this segment have been seen, too */
        run_timer(set, 0);
        return MSGIN5G_OK;
    case SEGMENT_REPEATED:
        return MSGIN5G_OK;
    case SEGMENT_NO_ROOM:
        return MSGIN5G_ERR_LIMIT;
    case SEGMENT_BAD:
        break;
    }
    collect_close(set);
    return MSGIN5G_ERR_BAD_SEGMENT;
}

enum msgin5g_err collect_add(struct set *set, struct receiver *receiver, const struct submission *submission)
{
    enum msgin5g_err err = set->collected == NULL ? open_collection(set, submission->message) : MSGIN5G_OK;
    if (err != MSGIN5G_OK)
        return err;
    receiver->waits = true;
    return add(set, submission->message);
}

enum msgin5g_err collect_again(struct set *set, const struct submission *submission)
{
    return add(set, submission->message);
}
