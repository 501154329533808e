#include "af_cache.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define SALT_LEN 8 /* random, before the A-KID in the table: whoever picks A-KIDs must not pick hash values */

struct cached_key {
    struct cached_key *prev, *next;
    struct af_cache *cache;
    struct subject *subject;
    struct loop_timer expiry;
    struct k_af *k_af; /* in the arena */
    int64_t expiry_s;
    struct ua_id ua_id;
    char *identity; /* behind the FQDN in the same allocation */
    char fqdn[];
};

/* One A-KID, so one subscriber: its identity leads to it too, for the A-KID that comes after it. */
struct subject {
    UT_hash_handle by_a_kid;
    UT_hash_handle by_identity;
    struct subject *prev, *next; /* least recently used first */
    struct cached_key *keys;     /* oldest first */
    size_t key_count;
    char *identity; /* of the latest key; NULL: none, and not in by_identity */
    size_t a_kid_length;
    char a_kid[]; /* salt, then the A-KID */
};

struct af_cache {
    struct subject *by_a_kid;
    struct subject *by_identity;
    struct subject *least_recent;
    struct secret_arena *arena;
    struct loop *loop;         /* NULL: no timers */
    struct metric *count_seen; /* NULL: nobody looks */
    size_t limit;
    size_t count;
    uint8_t salt[SALT_LEN];
};

enum msgin5g_err af_cache_create(size_t keys, struct loop *loop, struct metric *count, struct af_cache **out)
{
    struct af_cache *cache = calloc(1, sizeof *cache);
    if (cache == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = secret_arena_create(keys, sizeof(struct k_af), &cache->arena);
    if (err != MSGIN5G_OK) {
        free(cache);
        return err;
    }
    cache->loop = loop;
    cache->count_seen = count;
    cache->limit = keys;
    secret_random(cache->salt, sizeof cache->salt);
    *out = cache;
    return MSGIN5G_OK;
}

static void count_changed(struct af_cache *cache, int by)
{
    cache->count = (size_t)((int64_t)cache->count + by);
    metric_set(cache->count_seen, (int64_t)cache->count);
}

static void cached_key_free(struct af_cache *cache, struct subject *subject, struct cached_key *key)
{
    if (cache->loop != NULL)
        loop_timer_cancel(cache->loop, &key->expiry);
    DL_DELETE(subject->keys, key);
    subject->key_count--;
    count_changed(cache, -1);
    secret_arena_give(cache->arena, key->k_af);
    free(key);
}

static void subject_unname(struct af_cache *cache, struct subject *subject)
{
    if (subject->identity == NULL)
        return;
    HASH_DELETE(by_identity, cache->by_identity, subject);
    free(subject->identity);
    subject->identity = NULL;
}

static void subject_free(struct af_cache *cache, struct subject *subject)
{
    struct cached_key *key = NULL;
    struct cached_key *next = NULL;
    DL_FOREACH_SAFE (subject->keys, key, next)
        cached_key_free(cache, subject, key);
    subject_unname(cache, subject);
    HASH_DELETE(by_a_kid, cache->by_a_kid, subject);
    DL_DELETE(cache->least_recent, subject);
    free(subject);
}

void af_cache_free(struct af_cache *cache)
{
    if (cache == NULL)
        return;
    struct subject *subject = NULL;
    struct subject *next = NULL;
    DL_FOREACH_SAFE (cache->least_recent, subject, next)
        subject_free(cache, subject);
    secret_arena_free(cache->arena);
    free(cache);
}

static size_t salted(const struct af_cache *cache, struct msgin5g_str a_kid, char out[SALT_LEN + AKMA_A_KID_MAX])
{
    memcpy(out, cache->salt, SALT_LEN);
    memcpy(out + SALT_LEN, a_kid.octets, a_kid.length);
    const char *realm = memrchr(a_kid.octets, '@', a_kid.length); /* compared without regard to case */
    for (size_t i = realm != NULL ? (size_t)(realm - a_kid.octets) : a_kid.length; i < a_kid.length; i++)
        out[SALT_LEN + i] = (char)tolower((unsigned char)a_kid.octets[i]);
    return SALT_LEN + a_kid.length;
}

static struct subject *subject_find(struct af_cache *cache, struct msgin5g_str a_kid)
{
    char name[SALT_LEN + AKMA_A_KID_MAX];
    if (a_kid.length == 0 || a_kid.length > AKMA_A_KID_MAX)
        return NULL;
    size_t length = salted(cache, a_kid, name);
    struct subject *subject = NULL;
    HASH_FIND(by_a_kid, cache->by_a_kid, name, length, subject);
    return subject;
}

static struct subject *subject_new(struct af_cache *cache, struct msgin5g_str a_kid)
{
    struct subject *subject = calloc(1, sizeof *subject + SALT_LEN + a_kid.length);
    if (subject == NULL)
        return NULL;
    subject->a_kid_length = salted(cache, a_kid, subject->a_kid);
    HASH_ADD_KEYPTR(by_a_kid, cache->by_a_kid, subject->a_kid, subject->a_kid_length, subject);
    if (subject->by_a_kid.tbl == NULL) { /* uthash had no memory */
        free(subject);
        return NULL;
    }
    DL_APPEND(cache->least_recent, subject);
    return subject;
}

static void subject_used(struct af_cache *cache, struct subject *subject)
{
    DL_DELETE(cache->least_recent, subject);
    DL_APPEND(cache->least_recent, subject);
}

/* The SUPI or GPSI now belongs to this A-KID; another one that had it is history. */
static enum msgin5g_err subject_name(struct af_cache *cache, struct subject *subject, const char *identity)
{
    if (subject->identity != NULL && strcmp(subject->identity, identity) == 0)
        return MSGIN5G_OK;
    subject_unname(cache, subject);
    if (identity[0] == '\0')
        return MSGIN5G_OK;
    struct subject *older = NULL;
    HASH_FIND(by_identity, cache->by_identity, identity, strlen(identity), older);
    if (older != NULL)
        subject_free(cache, older);
    subject->identity = strdup(identity);
    if (subject->identity == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    HASH_ADD_KEYPTR(by_identity, cache->by_identity, subject->identity, strlen(subject->identity), subject);
    if (subject->by_identity.tbl != NULL)
        return MSGIN5G_OK;
    free(subject->identity);
    subject->identity = NULL;
    return MSGIN5G_ERR_NO_MEMORY;
}

static struct cached_key *key_find(const struct subject *subject, const struct akma_af_ref *ref)
{
    struct cached_key *key = NULL;
    DL_FOREACH (subject->keys, key)
        if (memcmp(key->ua_id.octets, ref->ua_id.octets, UA_ID_LEN) == 0 && strcmp(key->fqdn, ref->fqdn) == 0)
            return key;
    return NULL;
}

static void key_expired(struct af_cache *cache, struct subject *subject, struct cached_key *key)
{
    cached_key_free(cache, subject, key);
    if (subject->keys == NULL)
        subject_free(cache, subject);
}

enum msgin5g_err af_cache_find(
    struct af_cache *cache, const struct akma_af_ref *ref, int64_t utc_s, struct akma_af_key *out)
{
    struct subject *subject = subject_find(cache, ref->a_kid);
    struct cached_key *key = subject == NULL ? NULL : key_find(subject, ref);
    if (key == NULL)
        return MSGIN5G_ERR_NOT_CACHED;
    if (key->expiry_s <= utc_s) {
        key_expired(cache, subject, key);
        return MSGIN5G_ERR_NOT_CACHED;
    }
    subject_used(cache, subject);
    out->k_af = *key->k_af;
    out->expiry_s = key->expiry_s;
    memcpy(out->identity, key->identity, strlen(key->identity) + 1);
    return MSGIN5G_OK;
}

/* Nobody may ask for it again, and a K_AF that is over has no business in memory. */
static void on_expiry(void *ctx)
{
    struct cached_key *key = ctx;
    key_expired(key->cache, key->subject, key);
}

static enum msgin5g_err watch_expiry(struct cached_key *key)
{
    struct loop *loop = key->cache->loop;
    if (loop == NULL)
        return MSGIN5G_OK;
    int64_t left_s = key->expiry_s - loop_utc_s(loop);
    loop_timer_init(&key->expiry, on_expiry, key);
    return loop_timer_set(loop, &key->expiry, left_s > 0 ? left_s * 1000 : 0);
}

/* Fails only for want of memory: the caller has made room in the arena. */
static enum msgin5g_err key_add(struct af_cache *cache, struct subject *subject, const struct akma_af_ref *ref,
    const struct naanf_key_data *data, const char *identity)
{
    size_t fqdn_octets = strlen(ref->fqdn) + 1;
    size_t identity_octets = strlen(identity) + 1;
    struct cached_key *key = calloc(1, sizeof *key + fqdn_octets + identity_octets);
    if (key == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    key->k_af = secret_arena_take(cache->arena);
    if (key->k_af == NULL) {
        free(key);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    *key->k_af = data->k_af;
    key->expiry_s = data->expiry_s;
    key->ua_id = ref->ua_id;
    memcpy(key->fqdn, ref->fqdn, fqdn_octets);
    key->identity = key->fqdn + fqdn_octets;
    memcpy(key->identity, identity, identity_octets);
    key->cache = cache;
    key->subject = subject;
    DL_APPEND(subject->keys, key);
    subject->key_count++;
    count_changed(cache, 1);
    return watch_expiry(key);
}

static void make_room(struct af_cache *cache, struct subject *subject)
{
    if (subject->key_count >= AF_CACHE_KEYS_PER_A_KID)
        cached_key_free(cache, subject, subject->keys);
    struct subject *other = NULL;
    struct subject *next = NULL;
    DL_FOREACH_SAFE (cache->least_recent, other, next) {
        if (cache->count < cache->limit || other == subject)
            break;
        subject_free(cache, other);
    }
    if (cache->count >= cache->limit)
        cached_key_free(cache, subject, subject->keys);
}

enum msgin5g_err af_cache_put(struct af_cache *cache, const struct akma_af_ref *ref, const struct naanf_key_data *data)
{
    const char *identity = data->supi[0] != '\0' ? data->supi : data->gpsi;
    if (ref->a_kid.length == 0 || ref->a_kid.length > AKMA_A_KID_MAX)
        return MSGIN5G_ERR_INVALID;
    struct subject *subject = subject_find(cache, ref->a_kid);
    if (subject == NULL)
        subject = subject_new(cache, ref->a_kid);
    if (subject == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    subject_used(cache, subject);
    struct cached_key *older = key_find(subject, ref);
    if (older != NULL)
        cached_key_free(cache, subject, older);
    make_room(cache, subject);
    enum msgin5g_err err = key_add(cache, subject, ref, data, identity);
    if (err == MSGIN5G_OK)
        err = subject_name(cache, subject, identity);
    if (err != MSGIN5G_OK)
        subject_free(cache, subject);
    return err;
}

bool af_cache_forget(struct af_cache *cache, struct msgin5g_str a_kid)
{
    struct subject *subject = subject_find(cache, a_kid);
    if (subject == NULL)
        return false;
    subject_free(cache, subject);
    return true;
}

size_t af_cache_count(const struct af_cache *cache)
{
    return cache->count;
}
