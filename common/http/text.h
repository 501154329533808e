/* Borrowed texts. The same functions of the vocabulary come with the message library, which this one must not need. */
#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

#include "msgin5g/ids.h"

#include <string.h>

static inline struct msgin5g_str text_of(const char *text)
{
    return (struct msgin5g_str){ text, strlen(text) };
}

static inline bool text_equal(struct msgin5g_str a, struct msgin5g_str b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.octets, b.octets, a.length) == 0);
}

static inline bool text_is(struct msgin5g_str a, const char *b)
{
    return text_equal(a, text_of(b));
}

#endif
