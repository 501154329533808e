/* What was seen lately: a bounded table that forgets by age and by need. On the path of every message: no allocation.
 */
#ifndef RECENT_H
#define RECENT_H

#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recent;

/** A keyed hash of what makes two things the same: peers choose the texts, but cannot foresee what they hash to. */
struct recent_key {
    uint64_t hash;
};

/** At most @p entries (1 to 16777216), each for @p window_s seconds. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err recent_create(size_t entries, int64_t window_s, struct recent **out);
/** NULL is allowed. */
void recent_free(struct recent *recent);
/** The key of its hashes, SECRET_HASH_KEY_LEN octets: equal ones make equal tables, in another process too. */
const uint8_t *recent_hash_key(const struct recent *recent);
/** Use another one; only while nothing is remembered. */
void recent_set_hash_key(struct recent *recent, const uint8_t *hash_key);
#define RECENT_PARTS_MAX 4
/** Key of @p count (at most RECENT_PARTS_MAX) texts, of each the first 255 octets, and a number. */
struct recent_key recent_key(
    const struct recent *recent, const struct msgin5g_str *parts, size_t count, uint64_t number);
/**
 * Find what was remembered under @p key.
 *
 * @param now_s any clock that does not go back.
 * @return where its value lies (may be changed; valid until the next call), or NULL.
 */
uint64_t *recent_find(struct recent *recent, struct recent_key key, int64_t now_s);
/** Remember @p value under a key that is not there; the oldest entry goes when there is no room. */
void recent_add(struct recent *recent, struct recent_key key, uint64_t value, int64_t now_s);
/** A hash of @p text that nobody outside can foresee, as a value to compare. */
uint64_t recent_digest(const struct recent *recent, struct msgin5g_str text);

#endif
