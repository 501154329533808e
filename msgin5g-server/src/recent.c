#include "recent.h"

#include "base/secret.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define PART_MAX 255

/*
 * Open addressing with linear probing in place of uthash: an entry is one cache line's third, found with one miss,
 * where a chained table takes five for find, add and forgetting the oldest one. A hash of 0 marks a free slot.
 */
struct slot {
    uint64_t hash;
    uint64_t value;
    int64_t added_s;
};

struct recent {
    struct slot *slots; /* a power of two, at least twice capacity */
    size_t mask;
    uint64_t *order; /* ring of hashes, oldest at first, count of them in use */
    size_t capacity;
    size_t first;
    size_t count;
    int64_t window_s;
    uint8_t hash_key[SECRET_HASH_KEY_LEN];
};

enum msgin5g_err recent_create(size_t entries, int64_t window_s, struct recent **out)
{
    struct recent *recent = calloc(1, sizeof *recent);
    size_t slots = 2;
    if (recent == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    while (slots < 2 * entries)
        slots *= 2;
    recent->slots = calloc(slots, sizeof *recent->slots);
    recent->order = calloc(entries, sizeof *recent->order);
    if (recent->slots == NULL || recent->order == NULL) {
        recent_free(recent);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    recent->mask = slots - 1;
    recent->capacity = entries;
    recent->window_s = window_s;
    secret_random(recent->hash_key, sizeof recent->hash_key);
    *out = recent;
    return MSGIN5G_OK;
}

void recent_free(struct recent *recent)
{
    if (recent == NULL)
        return;
    free(recent->slots);
    free(recent->order);
    free(recent);
}

const uint8_t *recent_hash_key(const struct recent *recent)
{
    return recent->hash_key;
}

void recent_set_hash_key(struct recent *recent, const uint8_t *hash_key)
{
    assert(recent->count == 0);
    memcpy(recent->hash_key, hash_key, sizeof recent->hash_key);
}

/* The slot of @p hash, or the free one where it belongs; at least half of all are free. */
static size_t place_of(const struct recent *recent, uint64_t hash)
{
    size_t place = hash & recent->mask;
    while (recent->slots[place].hash != 0 && recent->slots[place].hash != hash)
        place = (place + 1) & recent->mask;
    return place;
}

/* Fill the gap with what was pushed behind it, so that no search ends too early. */
static void remove_slot(struct recent *recent, size_t gap)
{
    struct slot *slots = recent->slots;
    for (size_t next = (gap + 1) & recent->mask; slots[next].hash != 0; next = (next + 1) & recent->mask) {
        size_t home = slots[next].hash & recent->mask;
        if (((next - home) & recent->mask) < ((next - gap) & recent->mask))
            continue;
        slots[gap] = slots[next];
        gap = next;
    }
    slots[gap].hash = 0;
}

static void forget_oldest(struct recent *recent)
{
    remove_slot(recent, place_of(recent, recent->order[recent->first]));
    recent->first = recent->first + 1 < recent->capacity ? recent->first + 1 : 0;
    recent->count--;
}

/* Nothing sweeps: old entries are not found, and go when their place is needed. */
static bool is_old(const struct recent *recent, const struct slot *slot, int64_t now_s)
{
    return slot->added_s + recent->window_s <= now_s;
}

struct recent_key recent_key(
    const struct recent *recent, const struct msgin5g_str *parts, size_t count, uint64_t number)
{
    uint8_t octets[(size_t)RECENT_PARTS_MAX * (PART_MAX + 1) + sizeof number];
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        size_t part = parts[i].length < PART_MAX ? parts[i].length : PART_MAX;
        octets[length++] = (uint8_t)part; /* so that parts do not run into each other */
        if (part > 0)
            memcpy(octets + length, parts[i].octets, part);
        length += part;
    }
    memcpy(octets + length, &number, sizeof number);
    uint64_t hash = secret_hash(recent->hash_key, octets, length + sizeof number);
    return (struct recent_key){ hash != 0 ? hash : 1 };
}

uint64_t *recent_find(struct recent *recent, struct recent_key key, int64_t now_s)
{
    struct slot *slot = &recent->slots[place_of(recent, key.hash)];
    return slot->hash != 0 && !is_old(recent, slot, now_s) ? &slot->value : NULL;
}

/* An entry that is old but still there is used again; it keeps its place in the order. */
void recent_add(struct recent *recent, struct recent_key key, uint64_t value, int64_t now_s)
{
    struct slot *slot = &recent->slots[place_of(recent, key.hash)];
    if (slot->hash == 0) {
        if (recent->count == recent->capacity)
            forget_oldest(recent);
        size_t last = recent->first + recent->count++;
        recent->order[last < recent->capacity ? last : last - recent->capacity] = key.hash;
        slot = &recent->slots[place_of(recent, key.hash)];
    }
    *slot = (struct slot){ key.hash, value, now_s };
}

uint64_t recent_digest(const struct recent *recent, struct msgin5g_str text)
{
    return secret_hash(recent->hash_key, text.octets, text.length);
}
