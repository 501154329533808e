/* segNoList: any octets; what is accepted means the same after writing and reading it again. */
#include "msg/segment.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    char text[MSGIN5G_SEG_NO_LIST_MAX];
    struct segment_numbers numbers, again;
    if (segment_ranges_parse((struct msgin5g_str){ (const char *)data, length }, &numbers) != MSGIN5G_OK)
        return 0;
    if (segment_numbers_count(&numbers) == 0)
        abort();
    if (segment_ranges_parse(segment_ranges_format(&numbers, text), &again) != MSGIN5G_OK ||
        memcmp(&numbers, &again, sizeof numbers) != 0)
        abort();
    return 0;
}
