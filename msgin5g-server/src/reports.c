#include "reports.h"

enum { AWAITED, ARRIVED };

static struct recent_key key_of(const struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *recipient)
{
    const struct msgin5g_str parts[] = { message_id, { originator->text, originator->length },
        { recipient->text, recipient->length } };
    return recent_key(reports, parts, 3, 0);
}

void reports_expect(struct recent *reports, struct msgin5g_str message_id, const struct msgin5g_service_id *originator,
    const struct msgin5g_service_id *recipient, int64_t now_s)
{
    struct recent_key key = key_of(reports, message_id, originator, recipient);
    /* Every segment of one message asks again: one report is enough. */
    if (recent_find(reports, key, now_s) == NULL)
        recent_add(reports, key, AWAITED, now_s);
}

enum reports_verdict reports_take(struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *reporter, int64_t now_s)
{
    struct recent_key key = key_of(reports, message_id, originator, reporter);
    uint64_t *state = recent_find(reports, key, now_s);
    if (state == NULL)
        return REPORTS_UNKNOWN;
    if (*state == ARRIVED)
        return REPORTS_REPEATED;
    *state = ARRIVED;
    return REPORTS_EXPECTED;
}

void reports_give_back(struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *reporter, int64_t now_s)
{
    uint64_t *state = recent_find(reports, key_of(reports, message_id, originator, reporter), now_s);
    if (state != NULL)
        *state = AWAITED;
}
