#include "base/utf8.h"

static bool continuation(uint8_t octet)
{
    return (octet & 0xC0) == 0x80;
}

/* The second octet has a narrower range after E0, ED, F0 and F4 (RFC 3629 4). */
static bool second_octet_valid(uint8_t first, uint8_t second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0 && second <= 0xBF;
    case 0xED:
        return second >= 0x80 && second <= 0x9F;
    case 0xF0:
        return second >= 0x90 && second <= 0xBF;
    case 0xF4:
        return second >= 0x80 && second <= 0x8F;
    default:
        return continuation(second);
    }
}

static size_t length_from_first(uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xC2 && first <= 0xDF)
        return 2;
    if (first >= 0xE0 && first <= 0xEF)
        return 3;
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t utf8_sequence(const uint8_t *octets, size_t length)
{
    size_t wanted = length == 0 ? 0 : length_from_first(octets[0]);
    if (wanted > length)
        return 0;
    if (wanted >= 2 && !second_octet_valid(octets[0], octets[1]))
        return 0;
    for (size_t i = 2; i < wanted; i++) {
        if (!continuation(octets[i]))
            return 0;
    }
    return wanted;
}

bool utf8_valid(const void *octets, size_t length)
{
    const uint8_t *at = octets;
    while (length > 0) {
        size_t step = utf8_sequence(at, length);
        if (step == 0)
            return false;
        at += step;
        length -= step;
    }
    return true;
}
