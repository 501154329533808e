/*
 * Has somebody shown to receive what is sent to its address? A token for Echo (RFC 9175 2.3) that costs no memory: it
 * follows from the address, the time and a key of ours.
 */
#ifndef REACHABILITY_H
#define REACHABILITY_H

#include "base/secret.h"

#define REACHABILITY_TOKEN_LEN 8
#define REACHABILITY_LIFE_MS   32000 /* a token is good for at least this long, and at most twice */

struct reachability {
    uint8_t key[SECRET_HASH_KEY_LEN];
};

void reachability_init(struct reachability *reachability);
/** @param remote address and port as text. */
void reachability_token(
    const struct reachability *reachability, const char *remote, int64_t now_ms, uint8_t out[REACHABILITY_TOKEN_LEN]);
/** Is @p token (octets NULL: none) one that @p remote was sent a moment ago? */
bool reachability_shown(
    const struct reachability *reachability, const char *remote, int64_t now_ms, struct msgin5g_str token);

#endif
