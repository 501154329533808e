/* Strict check of a JSON text (RFC 8259), to run before a lenient parser sees octets of a peer. */
#ifndef BASE_JSON_CHECK_H
#define BASE_JSON_CHECK_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stddef.h>
#include <stdint.h>

#define JSON_DEPTH_MAX  16 /* objects and arrays inside each other; one more is refused */
#define JSON_NUMBER_MAX 63 /* characters of one number: cJSON reads no more */

/** What a parser with NUL-terminated strings cannot tell about a text with "\u0000" inside of its strings. */
struct json_nul {
    size_t count; /* strings, names included, that hold at least one U+0000 */
    /* The last one's name as it stands in the text, when it is the value of a member of the outermost object; else
       absent. Borrowed from the text. */
    struct msgin5g_str member;
    size_t length; /* the last one's octets in UTF-8, unescaped */
};

/**
 * Check that @p text is one JSON value and nothing else but white space: grammar, UTF-8, escapes with whole surrogate
 * pairs, depth, length of numbers. Names that appear twice are not looked for.
 *
 * @param nul     may be NULL: then U+0000 is refused.
 * @param problem receives a constant text for people; "" on MSGIN5G_OK.
 * @return MSGIN5G_OK or ERR_MALFORMED.
 */
enum msgin5g_err json_check(const uint8_t *text, size_t length, struct json_nul *nul, const char **problem);

#endif
