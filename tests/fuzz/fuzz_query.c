/* Query of a request, any text: pairs come out bounded and printable, and each takes something off the rest. */
#include "http/query.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t max)
{
    size_t length = strnlen(text, max + 1);
    if (length > max)
        abort();
    for (size_t i = 0; i < length; i++) {
        if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct msgin5g_str rest = { (const char *)data, size };
    struct http_query_pair pair;
    while (rest.length > 0) {
        size_t before = rest.length;
        if (http_query_take(&rest, &pair) != MSGIN5G_OK)
            return 0;
        if (rest.length >= before || rest.octets + rest.length != (const char *)data + size)
            abort();
        check(pair.name, HTTP_QUERY_NAME_MAX);
        check(pair.value, HTTP_QUERY_VALUE_MAX);
    }
    return 0;
}
