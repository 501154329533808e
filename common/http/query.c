#include "http/query.h"

#include "request.h"

#include <string.h>

static bool decode(const char *text, size_t length, char *out, size_t max)
{
    /* Three characters an octet at most; longer ones could not fit. */
    char place[3 * HTTP_QUERY_VALUE_MAX];
    if (length > 3 * max || length > sizeof place)
        return false;
    memcpy(place, text, length);
    long decoded = percent_decode(place, length);
    if (decoded < 0 || (size_t)decoded > max)
        return false;
    for (long i = 0; i < decoded; i++) {
        if ((unsigned char)place[i] < ' ' || place[i] == 0x7f)
            return false;
    }
    memcpy(out, place, (size_t)decoded);
    out[decoded] = '\0';
    return true;
}

enum msgin5g_err http_query_take(struct msgin5g_str *query, struct http_query_pair *out)
{
    const char *end = memchr(query->octets, '&', query->length);
    size_t length = end != NULL ? (size_t)(end - query->octets) : query->length;
    const char *equals = memchr(query->octets, '=', length);
    if (equals == NULL || equals == query->octets)
        return MSGIN5G_ERR_INVALID;
    size_t name_length = (size_t)(equals - query->octets);
    if (!decode(query->octets, name_length, out->name, HTTP_QUERY_NAME_MAX) ||
        !decode(equals + 1, length - name_length - 1, out->value, HTTP_QUERY_VALUE_MAX))
        return MSGIN5G_ERR_INVALID;
    size_t taken = end != NULL ? length + 1 : length;
    query->octets += taken;
    query->length -= taken;
    return MSGIN5G_OK;
}
