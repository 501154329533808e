#include "reachability.h"

#include <string.h>

#define REMOTE_MAX 64

void reachability_init(struct reachability *reachability)
{
    secret_random(reachability->key, sizeof reachability->key);
}

static void token_of(
    const struct reachability *reachability, const char *remote, int64_t period, uint8_t out[REACHABILITY_TOKEN_LEN])
{
    uint8_t octets[sizeof period + REMOTE_MAX];
    size_t length = strnlen(remote, REMOTE_MAX);
    memcpy(octets, &period, sizeof period);
    memcpy(octets + sizeof period, remote, length);
    uint64_t hash = secret_hash(reachability->key, octets, sizeof period + length);
    memcpy(out, &hash, sizeof hash);
}

void reachability_token(
    const struct reachability *reachability, const char *remote, int64_t now_ms, uint8_t out[REACHABILITY_TOKEN_LEN])
{
    token_of(reachability, remote, now_ms / REACHABILITY_LIFE_MS, out);
}

bool reachability_shown(
    const struct reachability *reachability, const char *remote, int64_t now_ms, struct msgin5g_str token)
{
    uint8_t now[REACHABILITY_TOKEN_LEN], before[REACHABILITY_TOKEN_LEN];
    if (token.octets == NULL || token.length != REACHABILITY_TOKEN_LEN)
        return false;
    token_of(reachability, remote, now_ms / REACHABILITY_LIFE_MS, now);
    token_of(reachability, remote, now_ms / REACHABILITY_LIFE_MS - 1, before);
    return secret_equal(token.octets, now, sizeof now) || secret_equal(token.octets, before, sizeof before);
}
