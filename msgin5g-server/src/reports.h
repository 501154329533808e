/* Who may report on which message (EC-32): messages that asked for a delivery report, for 24 hours. */
#ifndef REPORTS_H
#define REPORTS_H

#include "msgin5g/ids.h"
#include "recent.h"

#include <stdbool.h>

#define REPORTS_WINDOW_S (INT64_C(24) * 3600) /* for recent_create() */

/** Key of @p message_id that @p originator sent to @p recipient. */
struct recent_key reports_key(const struct recent *reports, struct msgin5g_str message_id,
    const struct msgin5g_service_id *originator, const struct msgin5g_service_id *recipient);
/** The originator asked for a report. @p durable: with sfFlag, so that the report is to be as safe as the message. */
void reports_expect(struct recent *reports, struct recent_key key, bool durable, int64_t now_s);

enum reports_verdict {
    REPORTS_EXPECTED,  /* the first one: it is under way now, reports_settle() follows */
    REPORTS_UNDER_WAY, /* there is one, and what becomes of it is not known yet */
    REPORTS_REPEATED,  /* there was one already */
    REPORTS_UNKNOWN    /* nobody asked this UE for a report on this message */
};
/** The recipient reports. @p durable is as it was expected. */
enum reports_verdict reports_take(struct recent *reports, struct recent_key key, bool *durable, int64_t now_s);
/** The report that was under way was handed on; or it was not, and may come again. */
void reports_settle(struct recent *reports, struct recent_key key, bool taken, int64_t now_s);
/** As it was before a restart. */
void reports_restore(struct recent *reports, struct recent_key key, bool arrived, int64_t added_s);

#endif
