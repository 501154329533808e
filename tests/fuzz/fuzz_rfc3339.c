/* RFC 3339 times of key expiry: what is read can be written and read again. */
#include "base/clock.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    int64_t utc_s, again_s;
    char text[CLOCK_RFC3339_LEN + 1];
    if (clock_parse_rfc3339((struct msgin5g_str){ (const char *)data, length }, &utc_s) != MSGIN5G_OK)
        return 0;
    if (clock_format_rfc3339(utc_s, text) != MSGIN5G_OK)
        return 0; /* before 1970, or beyond 9999 after adding an offset */
    if (clock_parse_rfc3339((struct msgin5g_str){ text, CLOCK_RFC3339_LEN }, &again_s) != MSGIN5G_OK ||
        again_s != utc_s)
        abort();
    return 0;
}
