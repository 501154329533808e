/* Access tokens whose signature was found right, so that an AF's one token is not verified with each of its requests.
 */
#ifndef AANF_TOKEN_CACHE_H
#define AANF_TOKEN_CACHE_H

#include "tls/jws.h"

#define TOKEN_CACHE_ENTRIES 64 /* one for each client that is busy; two that meet in one place cost a verification */

struct token_cache;

/** @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err token_cache_create(struct token_cache **out);
/** Wipe and release. NULL is allowed. */
void token_cache_free(struct token_cache *cache);
/** Claims of @p token, octet for octet, until its exp; borrowed until the next call. @return NULL when it is not there.
 */
const struct jwt_claims *token_cache_find(struct token_cache *cache, struct msgin5g_str token, int64_t now_s);
/** Keep what was verified; another token in its place is forgotten. Without memory nothing is kept. */
void token_cache_put(struct token_cache *cache, struct msgin5g_str token, const struct jwt_claims *claims);

#endif
