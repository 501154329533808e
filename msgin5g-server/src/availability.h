/* When a UE can be reached by its Client Communication Availability (TS 23.554 Table 8.2.1-3, TS 24.538 C.1). */
#ifndef AVAILABILITY_H
#define AVAILABILITY_H

#include "msgin5g/message.h"

/**
 * When may the UE be sent to? A schedule that does not repeat says nothing any more once it has begun: from then on the
 * UE is reached as one without schedule.
 *
 * @param now_s UTC.
 * @return 0: now; else the instant of the next window (UTC, after @p now_s).
 */
int64_t availability_opens_s(const struct msgin5g_availability *availability, int64_t now_s);

#endif
