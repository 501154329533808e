#include "segment_table.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/* ---- accounts ---- */

struct sender *sender_use(struct segments *segments, const char *id)
{
    struct sender *sender;
    size_t length = strlen(id);
    HASH_FIND(hh, segments->senders, id, length, sender);
    if (sender == NULL) {
        if ((sender = calloc(1, sizeof *sender + length + 1)) == NULL)
            return NULL;
        memcpy(sender->id, id, length + 1);
        sender->budget.limit = segments->config.octets_per_sender;
        sender->budget.parent = &segments->budget;
        HASH_ADD_KEYPTR(hh, segments->senders, sender->id, length, sender);
        if (!HASH_ADDED(sender)) {
            free(sender);
            return NULL;
        }
    }
    sender->users++;
    return sender;
}

void sender_release(struct segments *segments, struct sender *sender)
{
    if (--sender->users > 0)
        return;
    HASH_DEL(segments->senders, sender);
    free(sender);
}

void whole_release(struct segments *segments, struct whole *whole)
{
    if (whole == NULL || --whole->users > 0)
        return;
    segment_set_free(whole->storage);
    sender_release(segments, whole->sender);
    free(whole);
}

/* ---- sets ---- */

struct set *set_find(const struct segments *segments, struct msgin5g_str id)
{
    struct set *set;
    HASH_FIND(hh, segments->by_id, id.octets, id.length, set);
    return set;
}

void set_touch(struct set *set)
{
    struct segments *segments = set->segments;
    set->touched_ms = loop_now_ms(segments->loop);
    DL_DELETE(segments->oldest, set);
    DL_APPEND(segments->oldest, set);
    if (segments->expiry.heap_index == 0)
        (void)loop_timer_set(segments->loop, &segments->expiry, segments->config.keep_ms);
}

struct set *set_create(struct segments *segments, struct msgin5g_str id, const struct submission *submission)
{
    const struct msgin5g_message *message = submission->message;
    if (segments->count >= segments->config.sets)
        set_free(segments->oldest);
    struct set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return NULL;
    set->segments = segments;
    set->all_good = true;
    set->originator = *submission->originator;
    set->originator_type = message->ori.type;
    memcpy(set->id, id.octets, MSGIN5G_UUID_LEN);
    memcpy(set->msg_id, message->msg_id.octets, MSGIN5G_UUID_LEN);
    HASH_ADD(
        hh, segments->by_id, id, MSGIN5G_UUID_LEN, set); /* NOLINT(clang-analyzer-unix.Malloc): cannot follow uthash */
    if (!HASH_ADDED(set)) {
        free(set);
        return NULL;
    }
    segments->count++;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): cannot follow utlist */
    DL_APPEND(segments->oldest, set);
    set_touch(set);
    return set;
}

void set_drop_collected(struct set *set)
{
    if (set->sender == NULL)
        return;
    segment_set_free(set->collected);
    set->collected = NULL;
    set->sender->open--;
    sender_release(set->segments, set->sender);
    set->sender = NULL;
}

void set_free(struct set *set)
{
    struct segments *segments = set->segments;
    struct receiver *receiver, *next;
    HASH_ITER (hh, set->receivers, receiver, next) {
        HASH_DEL(set->receivers, receiver); /* NOLINT(clang-analyzer-unix.Malloc): cannot follow uthash */
        free(receiver);
    }
    loop_timer_cancel(segments->loop, &set->timer);
    set_drop_collected(set);
    whole_release(segments, set->whole);
    free(set->cuts);
    HASH_DEL(segments->by_id, set);
    DL_DELETE(segments->oldest, set);
    segments->count--;
    free(set);
}

struct receiver *set_receiver(const struct set *set, const char *id)
{
    struct receiver *receiver;
    HASH_FIND(hh, set->receivers, id, strlen(id), receiver);
    return receiver;
}

struct receiver *set_add_receiver(struct set *set, const char *id)
{
    size_t length = strlen(id);
    struct receiver *receiver = calloc(1, sizeof *receiver + length + 1);
    if (receiver == NULL)
        return NULL;
    memcpy(receiver->id, id, length + 1);
    HASH_ADD_KEYPTR(hh, set->receivers, receiver->id, length, receiver);
    if (!HASH_ADDED(receiver)) {
        free(receiver);
        return NULL;
    }
    set->unconfirmed++;
    return receiver;
}
