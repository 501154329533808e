#include "duplicates.h"

struct recent_key duplicates_key(const struct msgin5g_service_id *originator, const struct msgin5g_message *message)
{
    struct recent_key key = { { { originator->text, originator->length }, message->msg_id }, 0 };
    if (message->segmented) {
        key.parts[2] = message->segment.set_id;
        key.number = message->segment.number;
    }
    return key;
}

enum duplicates_verdict duplicates_check(
    struct recent *duplicates, const struct recent_key *key, struct msgin5g_str body, int64_t now_s)
{
    const uint64_t *seen = recent_find(duplicates, key, now_s);
    if (seen == NULL)
        return DUPLICATES_NEW;
    return *seen == recent_digest(duplicates, body) ? DUPLICATES_SAME : DUPLICATES_CHANGED;
}

void duplicates_add(struct recent *duplicates, const struct recent_key *key, struct msgin5g_str body, int64_t now_s)
{
    recent_add(duplicates, key, recent_digest(duplicates, body), now_s);
}
