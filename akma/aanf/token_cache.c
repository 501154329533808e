#include "token_cache.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

struct entry {
    struct jwt_claims claims;
    size_t length;
    char token[]; /* a bearer's secret: wiped */
};

struct token_cache {
    uint8_t hash_key[SECRET_HASH_KEY_LEN]; /* nobody can aim at a place */
    struct entry *entries[TOKEN_CACHE_ENTRIES];
};

enum msgin5g_err token_cache_create(struct token_cache **out)
{
    struct token_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    secret_random(cache->hash_key, sizeof cache->hash_key);
    *out = cache;
    return MSGIN5G_OK;
}

static void drop(struct entry **place)
{
    struct entry *entry = *place;
    *place = NULL;
    if (entry == NULL)
        return;
    secret_wipe(entry, sizeof *entry + entry->length);
    free(entry);
}

void token_cache_free(struct token_cache *cache)
{
    if (cache == NULL)
        return;
    for (size_t i = 0; i < TOKEN_CACHE_ENTRIES; i++)
        drop(&cache->entries[i]);
    free(cache);
}

static struct entry **place_of(struct token_cache *cache, struct msgin5g_str token)
{
    return &cache->entries[secret_hash(cache->hash_key, token.octets, token.length) % TOKEN_CACHE_ENTRIES];
}

const struct jwt_claims *token_cache_find(struct token_cache *cache, struct msgin5g_str token, int64_t now_s)
{
    struct entry **place = place_of(cache, token);
    struct entry *entry = *place;
    if (entry == NULL || entry->length != token.length || !secret_equal(entry->token, token.octets, token.length))
        return NULL;
    if (now_s < entry->claims.exp_s)
        return &entry->claims;
    drop(place);
    return NULL;
}

void token_cache_put(struct token_cache *cache, struct msgin5g_str token, const struct jwt_claims *claims)
{
    struct entry **place = place_of(cache, token);
    struct entry *entry = malloc(sizeof *entry + token.length);
    if (entry == NULL)
        return;
    entry->claims = *claims;
    entry->length = token.length;
    memcpy(entry->token, token.octets, token.length);
    drop(place);
    *place = entry;
}
