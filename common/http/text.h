/* Comparing a borrowed text with a constant. */
#ifndef HTTP_TEXT_H
#define HTTP_TEXT_H

#include "msgin5g/ids.h"

static inline bool text_is(struct msgin5g_str a, const char *b)
{
    return msgin5g_str_equal(a, msgin5g_str(b));
}

#endif
