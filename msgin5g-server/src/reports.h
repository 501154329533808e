/* Who may report on which message (EC-32): messages that asked for a delivery report, for 24 hours. */
#ifndef REPORTS_H
#define REPORTS_H

#include "msgin5g/ids.h"
#include "recent.h"

#define REPORTS_WINDOW_S (INT64_C(24) * 3600) /* for recent_create() */

/** @p recipient was sent message @p message_id of @p originator, who asked for a report. */
void reports_expect(struct recent *reports, struct msgin5g_str message_id, const struct msgin5g_service_id *originator,
    const struct msgin5g_service_id *recipient, int64_t now_s);

enum reports_verdict {
    REPORTS_EXPECTED, /* the first one; from now on it is there */
    REPORTS_REPEATED, /* there was one already */
    REPORTS_UNKNOWN   /* nobody asked this UE for a report on this message */
};
/** @p reporter reports to @p originator. */
enum reports_verdict reports_take(struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *reporter, int64_t now_s);
/** The report just taken could not be handed on: it may come again. */
void reports_give_back(struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *reporter, int64_t now_s);

#endif
