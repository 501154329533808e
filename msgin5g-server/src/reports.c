#include "reports.h"

enum { AWAITED, UNDER_WAY, ARRIVED, STATE = 3, DURABLE = 4 };

struct recent_key reports_key(const struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *recipient)
{
    const struct msgin5g_str parts[] = { message_id, { originator->text, originator->length },
        { recipient->text, recipient->length } };
    return recent_key(reports, parts, 3, 0);
}

void reports_expect(struct recent *reports, struct recent_key key, bool durable, int64_t now_s)
{
    /* Every segment of one message asks again: one report is enough. */
    if (recent_find(reports, key, now_s) == NULL)
        recent_add(reports, key, durable ? AWAITED | DURABLE : AWAITED, now_s);
}

enum reports_verdict reports_take(struct recent *reports, struct recent_key key, bool *durable, int64_t now_s)
{
    uint64_t *value = recent_find(reports, key, now_s);
    if (value == NULL)
        return REPORTS_UNKNOWN;
    *durable = (*value & DURABLE) != 0;
    if ((*value & STATE) != AWAITED)
        return (*value & STATE) == UNDER_WAY ? REPORTS_UNDER_WAY : REPORTS_REPEATED;
    *value |= UNDER_WAY;
    return REPORTS_EXPECTED;
}

void reports_settle(struct recent *reports, struct recent_key key, bool taken, int64_t now_s)
{
    uint64_t *value = recent_find(reports, key, now_s);
    if (value != NULL)
        *value = (*value & DURABLE) | (taken ? ARRIVED : AWAITED);
}

void reports_restore(struct recent *reports, struct recent_key key, bool arrived, int64_t added_s)
{
    recent_add(reports, key, DURABLE | (arrived ? ARRIVED : AWAITED), added_s);
}
