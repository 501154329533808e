/* application/x-www-form-urlencoded, as OAuth 2.0 uses it (RFC 6749 Appendix B): one pair after the other, bounded. */
#ifndef AANF_FORM_H
#define AANF_FORM_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#define FORM_PAIRS_MAX 64
#define FORM_NAME_MAX  64
#define FORM_VALUE_MAX 1024

struct form_pair {
    char name[FORM_NAME_MAX + 1];
    char value[FORM_VALUE_MAX + 1];
};

/**
 * Take the first pair off @p body, decoded. Empty pairs ("a=1&&b=2") are refused, as is a NUL or another control
 * character.
 * @return MSGIN5G_OK; ERR_NOT_FOUND when nothing is left; ERR_MALFORMED.
 */
enum msgin5g_err form_next(struct msgin5g_str *body, struct form_pair *out);

#endif
