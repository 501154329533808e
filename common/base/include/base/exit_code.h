/* Exit codes of all our programs (decision D10); the table stands in every man page. */
#ifndef BASE_EXIT_CODE_H
#define BASE_EXIT_CODE_H

#include "msgin5g/error.h"

enum exit_code {
    EXIT_CODE_OK,
    EXIT_CODE_OTHER,
    EXIT_CODE_USAGE,
    EXIT_CODE_CONFIG,
    EXIT_CODE_CONNECT, /* cannot connect, or no answer in time */
    EXIT_CODE_AUTHENTICATION,
    EXIT_CODE_NOT_AUTHORISED,
    EXIT_CODE_REFUSED, /* by the peer */
    EXIT_CODE_PEER_FAILED,
    EXIT_CODE_NOT_DELIVERED /* or expired */
};

/** The exit code that tells a script what @p err means. */
enum exit_code exit_code_of(enum msgin5g_err err);

#endif
