#include "recent.h"

#include "base/secret.h"
#include "hash.h"

#include <stdlib.h>
#include <string.h>

/* Keys are kept as two keyed hashes: peers choose the texts, so nobody may be able to make them collide. */
struct entry {
    UT_hash_handle hh;
    uint64_t key[2];
    uint64_t value;
    int64_t added_s;
};

struct recent {
    struct entry *table;
    struct entry *ring; /* oldest at first, count of them in use; pages are touched only as they are needed */
    size_t capacity;
    size_t first;
    size_t count;
    int64_t window_s;
    uint8_t hash_keys[2][SECRET_HASH_KEY_LEN];
};

enum msgin5g_err recent_create(size_t entries, int64_t window_s, struct recent **out)
{
    struct recent *recent = calloc(1, sizeof *recent);
    if (recent == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    recent->ring = calloc(entries, sizeof *recent->ring);
    if (recent->ring == NULL) {
        free(recent);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    recent->capacity = entries;
    recent->window_s = window_s;
    secret_random(recent->hash_keys, sizeof recent->hash_keys);
    *out = recent;
    return MSGIN5G_OK;
}

void recent_free(struct recent *recent)
{
    if (recent == NULL)
        return;
    HASH_CLEAR(hh, recent->table);
    free(recent->ring);
    free(recent);
}

static void forget_oldest(struct recent *recent)
{
    struct entry *oldest = &recent->ring[recent->first];
    /* NOLINTNEXTLINE(clang-analyzer-*): the table is there as long as the ring counts entries */
    HASH_DELETE(hh, recent->table, oldest);
    recent->first = (recent->first + 1) % recent->capacity;
    recent->count--;
}

static void forget_old(struct recent *recent, int64_t now_s)
{
    while (recent->count > 0 && recent->ring[recent->first].added_s + recent->window_s <= now_s)
        forget_oldest(recent);
}

/* The parts with their lengths in between, so that no two keys give the same octets. */
static void hash_key(const struct recent *recent, const struct recent_key *key, uint64_t out[2])
{
    uint8_t octets[(size_t)RECENT_PARTS_MAX * (MSGIN5G_SERVICE_ID_MAX + 2) + sizeof key->number];
    size_t length = 0;
    for (size_t i = 0; i < RECENT_PARTS_MAX; i++) {
        size_t part = key->parts[i].length < MSGIN5G_SERVICE_ID_MAX ? key->parts[i].length : MSGIN5G_SERVICE_ID_MAX;
        octets[length++] = (uint8_t)part;
        if (part > 0)
            memcpy(octets + length, key->parts[i].octets, part);
        length += part;
    }
    memcpy(octets + length, &key->number, sizeof key->number);
    length += sizeof key->number;
    out[0] = secret_hash(recent->hash_keys[0], octets, length);
    out[1] = secret_hash(recent->hash_keys[1], octets, length);
}

uint64_t *recent_find(struct recent *recent, const struct recent_key *key, int64_t now_s)
{
    uint64_t hashed[2];
    struct entry *entry;
    forget_old(recent, now_s);
    hash_key(recent, key, hashed);
    HASH_FIND(hh, recent->table, hashed, sizeof hashed, entry);
    return entry != NULL ? &entry->value : NULL;
}

void recent_add(struct recent *recent, const struct recent_key *key, uint64_t value, int64_t now_s)
{
    if (recent->count == recent->capacity)
        forget_oldest(recent);
    struct entry *entry = &recent->ring[(recent->first + recent->count) % recent->capacity];
    hash_key(recent, key, entry->key);
    entry->value = value;
    entry->added_s = now_s;
    HASH_ADD(hh, recent->table, key, sizeof entry->key, entry);
    if (HASH_ADDED(entry))
        recent->count++;
}

uint64_t recent_digest(const struct recent *recent, struct msgin5g_str text)
{
    return secret_hash(recent->hash_keys[0], text.octets, text.length);
}
