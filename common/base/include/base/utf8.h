/* UTF-8 as RFC 3629 defines it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Octets of the character at @p octets (@p length octets are readable): 1 to 4; 0 when it is not UTF-8. */
size_t utf8_sequence(const uint8_t *octets, size_t length);
/** True when all @p length octets are UTF-8; nothing is UTF-8 too. */
bool utf8_valid(const void *octets, size_t length);

#endif
