#include "form.h"

#include <stdbool.h>
#include <string.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* '+' is a space, %XX an octet. */
static bool decode(struct msgin5g_str text, char *out, size_t max)
{
    size_t written = 0;
    for (size_t i = 0; i < text.length; i++) {
        unsigned char octet = (unsigned char)text.octets[i];
        if (octet == '+') {
            octet = ' ';
        } else if (octet == '%') {
            int high = text.length - i > 2 ? hex_value(text.octets[i + 1]) : -1;
            int low = text.length - i > 2 ? hex_value(text.octets[i + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            octet = (unsigned char)(high << 4 | low);
            i += 2;
        }
        if (octet < ' ' || octet == 0x7f || written == max)
            return false;
        out[written++] = (char)octet;
    }
    out[written] = '\0';
    return true;
}

enum msgin5g_err form_next(struct msgin5g_str *body, struct form_pair *out)
{
    if (body->length == 0)
        return MSGIN5G_ERR_NOT_FOUND;
    const char *end = memchr(body->octets, '&', body->length);
    struct msgin5g_str pair = { body->octets, end != NULL ? (size_t)(end - body->octets) : body->length };
    const char *equals = pair.length > 0 ? memchr(pair.octets, '=', pair.length) : NULL;
    size_t name_length = equals != NULL ? (size_t)(equals - pair.octets) : 0;
    bool last_is_empty = end != NULL && pair.length + 1 == body->length;
    if (name_length == 0 || last_is_empty ||
        !decode((struct msgin5g_str){ pair.octets, name_length }, out->name, FORM_NAME_MAX) ||
        !decode((struct msgin5g_str){ equals + 1, pair.length - name_length - 1 }, out->value, FORM_VALUE_MAX))
        return MSGIN5G_ERR_MALFORMED;
    size_t taken = pair.length + (end != NULL ? 1 : 0);
    body->octets += taken;
    body->length -= taken;
    return MSGIN5G_OK;
}
