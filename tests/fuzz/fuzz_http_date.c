/* Dates of HTTP headers: what is read is written the same, and nothing else is read. */
#include "base/clock.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char text[CLOCK_HTTP_DATE_LEN + 1];
    int64_t first, second;
    if (clock_parse_http_date((struct msgin5g_str){ (const char *)data, size }, &first) != MSGIN5G_OK || first < 0)
        return 0;
    if (clock_format_http_date(first, text) != MSGIN5G_OK)
        return 0; /* a leap second after the last one of 9999 */
    if (clock_parse_http_date(msgin5g_str(text), &second) != MSGIN5G_OK || second != first)
        abort();
    return 0;
}
