/* The answer of a token endpoint (AccessTokenRsp, TS 29.510 6.3.5.2.3). */
#ifndef AKMA_AF_TOKEN_JSON_H
#define AKMA_AF_TOKEN_JSON_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdint.h>

#define TOKEN_MAX 8192 /* characters of an access token taken; ours need less, an NRF of others may write more */

struct token_answer {
    char token[TOKEN_MAX + 1]; /* visible ASCII without blanks: safe in a header */
    int64_t lifetime_s;        /* expires_in; 0 when the answer does not say */
};

/** Any octets. @return MSGIN5G_OK; ERR_MALFORMED or ERR_NO_MEMORY with @p out wiped. The caller wipes @p out. */
enum msgin5g_err token_answer_decode(struct msgin5g_str body, struct token_answer *out);

#endif
