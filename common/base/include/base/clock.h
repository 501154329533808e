/* Time as a value somebody hands in: the system's clock in programs, a virtual one in tests. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stddef.h>
#include <stdint.h>

/** A source of time. Both functions are cheap, never fail and may be called from any thread. */
struct clock_source {
    int64_t (*monotonic_ms)(void *ctx); /* milliseconds since some start; never goes back */
    int64_t (*utc_s)(void *ctx);        /* seconds since 1970-01-01 UTC */
    void *ctx;
};

/** The machine's clock (CLOCK_MONOTONIC and CLOCK_REALTIME). */
struct clock_source clock_system(void);

#define CLOCK_RFC3339_LEN 20 /* "2026-03-01T12:00:00Z" without the NUL */

/** Write @p utc_s (0 to 253402300799) as RFC 3339 UTC without fraction. @return MSGIN5G_OK or ERR_INVALID. */
enum msgin5g_err clock_format_rfc3339(int64_t utc_s, char out[CLOCK_RFC3339_LEN + 1]);
/** Read an RFC 3339 date-time; fraction and offset are accepted, the fraction is dropped. @return MSGIN5G_OK or
 * ERR_MALFORMED. */
enum msgin5g_err clock_parse_rfc3339(struct msgin5g_str text, int64_t *utc_s);

#define CLOCK_HTTP_DATE_LEN 33 /* "Sun, 04 Aug 2019 08:49:37.845 GMT" without the NUL */

/** Write @p utc_ms (milliseconds since 1970-01-01 UTC) as 3gpp-Sbi-Sender-Timestamp wants it: IMF-fixdate with
 * milliseconds (TS 29.500 5.2.3.3.2). @return MSGIN5G_OK or ERR_INVALID. */
enum msgin5g_err clock_format_http_date(int64_t utc_ms, char out[CLOCK_HTTP_DATE_LEN + 1]);
/** Read an IMF-fixdate (RFC 9110 5.6.7) with or without milliseconds. @return MSGIN5G_OK or ERR_MALFORMED. */
enum msgin5g_err clock_parse_http_date(struct msgin5g_str text, int64_t *utc_ms);

#endif
