#include "reports.h"

enum { AWAITED, UNDER_WAY, ARRIVED };

struct recent_key reports_key(const struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *recipient)
{
    const struct msgin5g_str parts[] = { message_id, { originator->text, originator->length },
        { recipient->text, recipient->length } };
    return recent_key(reports, parts, 3, 0);
}

void reports_expect(struct recent *reports, struct recent_key key, int64_t now_s)
{
    /* Every segment of one message asks again: one report is enough. */
    if (recent_find(reports, key, now_s) == NULL)
        recent_add(reports, key, AWAITED, now_s);
}

enum reports_verdict reports_take(struct recent *reports, struct recent_key key, int64_t now_s)
{
    uint64_t *state = recent_find(reports, key, now_s);
    if (state == NULL)
        return REPORTS_UNKNOWN;
    if (*state != AWAITED)
        return *state == UNDER_WAY ? REPORTS_UNDER_WAY : REPORTS_REPEATED;
    *state = UNDER_WAY;
    return REPORTS_EXPECTED;
}

void reports_settle(struct recent *reports, struct recent_key key, bool taken, int64_t now_s)
{
    uint64_t *state = recent_find(reports, key, now_s);
    if (state != NULL)
        *state = taken ? ARRIVED : AWAITED;
}
