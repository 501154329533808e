#include "msg/segment.h"

#include <stdlib.h>
#include <string.h>

struct piece {
    size_t length;
    char octets[];
};

struct segment_set {
    struct segment_budget *budget;
    size_t cost;                    /* octets taken from the budget */
    struct msgin5g_message message; /* without payload and place; its texts are its own */
    char id[MSGIN5G_UUID_LEN + 1];
    unsigned total;   /* 0: not known yet */
    unsigned highest; /* number seen */
    unsigned count;
    size_t octets;
    char *whole; /* after the join */
    struct piece *pieces[SEGMENTS_MAX];
};

static bool budget_take(struct segment_set *set, size_t octets)
{
    struct segment_budget *budget;
    for (budget = set->budget; budget != NULL; budget = budget->parent) {
        if (octets > budget->limit || budget->used > budget->limit - octets)
            return false;
    }
    for (budget = set->budget; budget != NULL; budget = budget->parent)
        budget->used += octets;
    set->cost += octets;
    return true;
}

static void budget_give(struct segment_set *set, size_t octets)
{
    for (struct segment_budget *budget = set->budget; budget != NULL; budget = budget->parent)
        budget->used -= octets;
    set->cost -= octets;
}

/* Writing and reading it again copies every text, of members to come, too. */
static enum msgin5g_err copy_message(const struct msgin5g_message *segment, struct msgin5g_message *out)
{
    uint8_t text[MSGIN5G_MESSAGE_MAX];
    struct msgin5g_message bare = *segment;
    size_t length;
    bare.segmented = false;
    bare.payload = (struct msgin5g_str){ NULL, 0 };
    bare.delivery_copy = false;
    enum msgin5g_err err = msgin5g_message_encode(&bare, text, sizeof text, &length);
    if (err == MSGIN5G_OK)
        err = msgin5g_message_decode(text, length, out, NULL, NULL);
    return err == MSGIN5G_OK || err == MSGIN5G_ERR_NO_MEMORY ? err : MSGIN5G_ERR_INVALID;
}

static enum msgin5g_err create(
    const struct msgin5g_message *message, struct segment_budget *budget, struct segment_set **out)
{
    enum msgin5g_err err = MSGIN5G_ERR_LIMIT;
    struct segment_set *set = calloc(1, sizeof *set);
    if (set == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    set->budget = budget;
    if (budget_take(set, sizeof *set) && (err = copy_message(message, &set->message)) == MSGIN5G_OK) {
        set->message.delivery_copy = message->delivery_copy;
        *out = set;
        return MSGIN5G_OK;
    }
    segment_set_free(set);
    return err;
}

enum msgin5g_err segment_set_create(
    const struct msgin5g_message *segment, struct segment_budget *budget, struct segment_set **out)
{
    if (segment->type != MSGIN5G_TYPE_MSG || !segment->segmented || !msgin5g_uuid_valid(segment->segment.set_id))
        return MSGIN5G_ERR_INVALID;
    enum msgin5g_err err = create(segment, budget, out);
    if (err == MSGIN5G_OK)
        memcpy((*out)->id, segment->segment.set_id.octets, MSGIN5G_UUID_LEN);
    return err;
}

static void free_pieces(struct segment_set *set)
{
    for (unsigned i = 0; i < SEGMENTS_MAX; i++) {
        free(set->pieces[i]);
        set->pieces[i] = NULL;
    }
}

void segment_set_free(struct segment_set *set)
{
    if (set == NULL)
        return;
    free_pieces(set);
    free(set->whole);
    msgin5g_message_free(&set->message);
    budget_give(set, set->cost);
    free(set);
}

static bool same_address(const struct msgin5g_address *a, const struct msgin5g_address *b)
{
    return a->type == b->type && msgin5g_str_equal(a->addr, b->addr);
}

/* How many there are, as far as this segment tells; 0: it does not. */
static unsigned total_told(const struct msgin5g_segment *place)
{
    return place->total != 0 ? place->total : place->last ? place->number : 0;
}

/* EC-34: two totals, a number behind the end, a last one that is not the end, another message, or too much of it. */
static bool contradicts(const struct segment_set *set, const struct msgin5g_message *segment)
{
    const struct msgin5g_segment *place = &segment->segment;
    unsigned told = total_told(place);
    unsigned total = set->total != 0 ? set->total : told;
    if (place->number < 1 || place->number > SEGMENTS_MAX || told > SEGMENTS_MAX)
        return true;
    if ((told != 0 && told != total) || (place->last && place->number != total))
        return true;
    if (total != 0 && (place->number > total || set->highest > total))
        return true;
    return !msgin5g_str_equal(segment->msg_id, set->message.msg_id) ||
           !same_address(&segment->ori, &set->message.ori) || !same_address(&segment->dest, &set->message.dest) ||
           segment->payload.length > MSGIN5G_WHOLE_MAX - set->octets;
}

static enum segment_verdict keep(struct segment_set *set, const struct msgin5g_message *segment)
{
    struct msgin5g_str payload = segment->payload;
    unsigned number = segment->segment.number;
    if (!budget_take(set, sizeof(struct piece) + payload.length))
        return SEGMENT_NO_ROOM;
    struct piece *piece = malloc(sizeof *piece + payload.length);
    if (piece == NULL) {
        budget_give(set, sizeof *piece + payload.length);
        return SEGMENT_NO_ROOM;
    }
    piece->length = payload.length;
    if (payload.length > 0)
        memcpy(piece->octets, payload.octets, payload.length);
    set->pieces[number - 1] = piece;
    set->octets += payload.length;
    set->count++;
    if (number > set->highest)
        set->highest = number;
    if (set->total == 0)
        set->total = total_told(&segment->segment);
    set->message.report_requested = set->message.report_requested || segment->report_requested;
    return set->count == set->total ? SEGMENT_COMPLETE : SEGMENT_TAKEN;
}

enum segment_verdict segment_set_add(struct segment_set *set, const struct msgin5g_message *segment)
{
    const struct piece *there;
    unsigned number = segment->segment.number;
    if (number < 1 || number > SEGMENTS_MAX)
        return SEGMENT_BAD;
    there = set->pieces[number - 1];
    if (there != NULL) {
        struct msgin5g_str before = { there->octets, there->length };
        unsigned told = total_told(&segment->segment);
        bool same = msgin5g_str_equal(before, segment->payload) && (told == 0 || set->total == 0 || told == set->total);
        return same ? SEGMENT_REPEATED : SEGMENT_BAD;
    }
    return contradicts(set, segment) ? SEGMENT_BAD : keep(set, segment);
}

void segment_set_missing(const struct segment_set *set, struct segment_numbers *out)
{
    unsigned end = set->total != 0 ? set->total : set->pieces[0] == NULL ? 1 : set->highest + 1;
    *out = (struct segment_numbers){ { 0 } };
    for (unsigned number = 1; number <= end && number <= SEGMENTS_MAX; number++) {
        if (set->pieces[number - 1] == NULL)
            segment_numbers_add(out, number);
    }
}

const char *segment_set_id(const struct segment_set *set)
{
    return set->id;
}

const struct msgin5g_message *segment_set_message(const struct segment_set *set)
{
    return &set->message;
}

static void borrow_whole(const struct segment_set *set, struct msgin5g_message *out)
{
    *out = set->message;
    out->storage = NULL;
    out->payload = (struct msgin5g_str){ set->whole, set->octets };
}

/* The pieces go as they are copied, so that the budget, which was taken once, holds for nearly all of the time. */
enum msgin5g_err segment_set_join(struct segment_set *set, struct msgin5g_message *out)
{
    size_t at = 0;
    set->whole = malloc(set->octets > 0 ? set->octets : 1);
    if (set->whole == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    for (unsigned i = 0; i < set->total; i++) {
        memcpy(set->whole + at, set->pieces[i]->octets, set->pieces[i]->length);
        at += set->pieces[i]->length;
    }
    free_pieces(set);
    borrow_whole(set, out);
    return MSGIN5G_OK;
}

enum msgin5g_err segment_set_keep(const struct msgin5g_message *whole, struct segment_budget *budget,
    struct segment_set **out, struct msgin5g_message *copy)
{
    struct segment_set *set = NULL;
    enum msgin5g_err err = create(whole, budget, &set);
    if (err != MSGIN5G_OK)
        return err;
    err = budget_take(set, whole->payload.length) ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_ERR_LIMIT;
    if (err == MSGIN5G_ERR_LIMIT || (set->whole = malloc(whole->payload.length + 1)) == NULL) {
        segment_set_free(set);
        return err;
    }
    if (whole->payload.length > 0)
        memcpy(set->whole, whole->payload.octets, whole->payload.length);
    set->octets = whole->payload.length;
    borrow_whole(set, copy);
    *out = set;
    return MSGIN5G_OK;
}
