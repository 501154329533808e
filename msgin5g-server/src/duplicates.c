#include "duplicates.h"

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
    if (seen == NULL)
        return DUPLICATES_NEW;
    return *seen == recent_digest(duplicates, body) ? DUPLICATES_SAME : DUPLICATES_CHANGED;
}

void duplicates_add(struct recent *duplicates, struct recent_key key, struct msgin5g_str body, int64_t now_s)
{
    recent_add(duplicates, key, recent_digest(duplicates, body), now_s);
}
