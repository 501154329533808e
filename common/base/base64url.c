#include "base/base64url.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64url_encode(const void *octets, size_t length, char *out)
{
    const uint8_t *in = octets;
    uint32_t bits = 0;
    unsigned int count = 0; /* bits that wait */
    for (size_t i = 0; i < length; i++) {
        bits = bits << 8 | in[i];
        for (count += 8; count >= 6; count -= 6)
            *out++ = alphabet[bits >> (count - 6) & 0x3f];
    }
    if (count > 0)
        *out++ = alphabet[bits << (6 - count) & 0x3f];
    *out = '\0';
}

static int value_of(char character)
{
    if (character >= 'A' && character <= 'Z')
        return character - 'A';
    if (character >= 'a' && character <= 'z')
        return character - 'a' + 26;
    if (character >= '0' && character <= '9')
        return character - '0' + 52;
    if (character == '-')
        return 62;
    return character == '_' ? 63 : -1;
}

enum msgin5g_err base64url_decode(struct msgin5g_str text, uint8_t *out, size_t capacity, size_t *length)
{
    uint32_t bits = 0;
    unsigned int count = 0;
    size_t written = 0;
    if (text.length % 4 == 1)
        return MSGIN5G_ERR_MALFORMED;
    if (text.length / 4 * 3 + (text.length % 4 > 0 ? text.length % 4 - 1 : 0) > capacity)
        return MSGIN5G_ERR_LIMIT;
    for (size_t i = 0; i < text.length; i++) {
        int value = value_of(text.octets[i]);
        if (value < 0)
            return MSGIN5G_ERR_MALFORMED;
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[written++] = (uint8_t)(bits >> count);
        }
    }
    if ((bits & ((1U << count) - 1)) != 0)
        return MSGIN5G_ERR_MALFORMED;
    *length = written;
    return MSGIN5G_OK;
}
