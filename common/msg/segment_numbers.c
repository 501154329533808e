#include "msg/segment.h"

#include <assert.h>
#include <stdio.h>

#define RANGES_MAX 128 /* that can be apart among SEGMENTS_MAX numbers */

static uint64_t bit_of(unsigned number)
{
    assert(number >= 1 && number <= SEGMENTS_MAX);
    return UINT64_C(1) << (number % 64);
}

void segment_numbers_add(struct segment_numbers *numbers, unsigned number)
{
    numbers->bits[number / 64] |= bit_of(number);
}

void segment_numbers_remove(struct segment_numbers *numbers, unsigned number)
{
    numbers->bits[number / 64] &= ~bit_of(number);
}

bool segment_numbers_has(const struct segment_numbers *numbers, unsigned number)
{
    return (numbers->bits[number / 64] & bit_of(number)) != 0;
}

unsigned segment_numbers_count(const struct segment_numbers *numbers)
{
    unsigned count = 0;
    for (size_t i = 0; i < sizeof numbers->bits / sizeof numbers->bits[0]; i++)
        count += (unsigned)__builtin_popcountll(numbers->bits[i]);
    return count;
}

struct reader {
    struct msgin5g_str text;
    size_t at;
};

static bool take(struct reader *r, char c)
{
    if (r->at == r->text.length || r->text.octets[r->at] != c)
        return false;
    r->at++;
    return true;
}

/* Up to three digits without a leading zero. */
static bool take_number(struct reader *r, unsigned *out)
{
    size_t start = r->at;
    *out = 0;
    while (r->at < r->text.length && r->at - start < 3 && r->text.octets[r->at] >= '0' && r->text.octets[r->at] <= '9')
        *out = *out * 10 + (unsigned)(r->text.octets[r->at++] - '0');
    return r->at > start && r->text.octets[start] != '0' && *out <= SEGMENTS_MAX;
}

static bool take_range(struct reader *r, struct segment_numbers *out)
{
    unsigned first, last;
    if (!take_number(r, &first) || !take(r, '-') || !take_number(r, &last) || first > last)
        return false;
    for (unsigned number = first; number <= last; number++)
        segment_numbers_add(out, number);
    return true;
}

enum msgin5g_err segment_ranges_parse(struct msgin5g_str text, struct segment_numbers *out)
{
    struct reader r = { text, 0 };
    *out = (struct segment_numbers){ { 0 } };
    if (text.length > MSGIN5G_SEG_NO_LIST_MAX || !take(&r, '('))
        return MSGIN5G_ERR_MALFORMED;
    for (unsigned ranges = 0; ranges < RANGES_MAX; ranges++) {
        if (!take_range(&r, out))
            return MSGIN5G_ERR_MALFORMED;
        if (take(&r, ')'))
            return r.at == text.length ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
        if (!take(&r, ','))
            return MSGIN5G_ERR_MALFORMED;
        while (take(&r, ' ')) {
        }
    }
    return MSGIN5G_ERR_MALFORMED;
}

static unsigned end_of_range(const struct segment_numbers *numbers, unsigned first)
{
    while (first < SEGMENTS_MAX && segment_numbers_has(numbers, first + 1))
        first++;
    return first;
}

struct msgin5g_str segment_ranges_format(const struct segment_numbers *numbers, char out[MSGIN5G_SEG_NO_LIST_MAX])
{
    size_t length = 0;
    for (unsigned first = 1; first <= SEGMENTS_MAX; first++) {
        if (!segment_numbers_has(numbers, first))
            continue;
        unsigned last = end_of_range(numbers, first);
        length += (size_t)snprintf(
            out + length, MSGIN5G_SEG_NO_LIST_MAX - length, "%s%u-%u", length == 0 ? "(" : ", ", first, last);
        first = last;
    }
    out[length++] = ')';
    return (struct msgin5g_str){ out, length };
}
