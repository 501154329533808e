/* What was seen lately: a bounded table of 24-octet keys, each with one value, that forgets by age and by need. */
#ifndef RECENT_H
#define RECENT_H

#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recent;

/** Everything that makes two things the same: up to this many texts, NULL octets where unused. */
#define RECENT_PARTS_MAX 4
struct recent_key {
    struct msgin5g_str parts[RECENT_PARTS_MAX];
    uint64_t number;
};

/** At most @p entries, each for @p window_s seconds. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err recent_create(size_t entries, int64_t window_s, struct recent **out);
/** NULL is allowed. */
void recent_free(struct recent *recent);
/**
 * Find what was remembered under @p key.
 *
 * @param now_s any clock that does not go back.
 * @return where its value lies (may be changed; valid until the next call), or NULL.
 */
uint64_t *recent_find(struct recent *recent, const struct recent_key *key, int64_t now_s);
/** Remember @p value under a key that is not there; the oldest entry goes when there is no room. */
void recent_add(struct recent *recent, const struct recent_key *key, uint64_t value, int64_t now_s);
/** A hash of @p text that nobody outside can foresee, as a value to compare. */
uint64_t recent_digest(const struct recent *recent, struct msgin5g_str text);

#endif
