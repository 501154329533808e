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

#endif
