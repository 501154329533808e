#include "duplicates.h"

/* A value is a digest of the body, but for its lowest bit; 0 is a message that was rejected after all. */
#define UNDER_WAY UINT64_C(1)
#define REJECTED  UINT64_C(0)

static uint64_t digest_of(const struct recent *duplicates, struct msgin5g_str body)
{
    uint64_t digest = recent_digest(duplicates, body) & ~UNDER_WAY;
    return digest != REJECTED ? digest : 2;
}

struct recent_key duplicates_key(
    const struct recent *duplicates, const struct msgin5g_service_id *originator, const struct msgin5g_message *message)
{
    const struct msgin5g_str parts[] = { { originator->text, originator->length }, message->msg_id,
        message->segment.set_id };
    /* Segments are counted from 1, so that none is taken for a whole message. */
    return recent_key(duplicates, parts, message->segmented ? 3 : 2, message->segmented ? message->segment.number : 0);
}

enum duplicates_verdict duplicates_check(
    struct recent *duplicates, struct recent_key key, struct msgin5g_str body, int64_t now_s)
{
    const uint64_t *seen = recent_find(duplicates, key, now_s);
    if (seen == NULL || *seen == REJECTED)
        return DUPLICATES_NEW;
    if ((*seen & ~UNDER_WAY) != digest_of(duplicates, body))
        return DUPLICATES_CHANGED;
    return (*seen & UNDER_WAY) != 0 ? DUPLICATES_UNDER_WAY : DUPLICATES_SAME;
}

void duplicates_add(
    struct recent *duplicates, struct recent_key key, struct msgin5g_str body, bool under_way, int64_t now_s)
{
    recent_add(duplicates, key, digest_of(duplicates, body) | (under_way ? UNDER_WAY : 0), now_s);
}

void duplicates_settle(struct recent *duplicates, struct recent_key key, bool taken, int64_t now_s)
{
    uint64_t *seen = recent_find(duplicates, key, now_s);
    if (seen != NULL)
        *seen = taken ? *seen & ~UNDER_WAY : REJECTED;
}

uint64_t duplicates_value(struct recent *duplicates, struct recent_key key, int64_t now_s)
{
    const uint64_t *seen = recent_find(duplicates, key, now_s);
    return seen != NULL ? *seen & ~UNDER_WAY : REJECTED;
}
