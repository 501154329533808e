/* K_AF the AAnF gave: by A-KID, and under it by FQDN and Ua* id. Bounded; the least recently used A-KID goes first. */
#ifndef AKMA_AF_CACHE_H
#define AKMA_AF_CACHE_H

#include "akma/af.h"
#include "akma/naanf.h"
#include "base/loop.h"

#define AF_CACHE_KEYS_PER_A_KID 32 /* a UE needs one for each transport it uses */

struct af_cache;

/** Room for @p keys keys in locked memory. With @p loop a key is wiped as soon as it has expired, else when it is
 * looked for. @p count (may be NULL) always says how many there are. */
enum msgin5g_err af_cache_create(size_t keys, struct loop *loop, struct metric *count, struct af_cache **out);
/** Wipe and release. NULL is allowed. */
void af_cache_free(struct af_cache *cache);

/** @return MSGIN5G_OK, or ERR_NOT_CACHED with @p out untouched; an expired key is wiped and not found. */
enum msgin5g_err af_cache_find(
    struct af_cache *cache, const struct akma_af_ref *ref, int64_t utc_s, struct akma_af_key *out);
/**
 * Keep a key; one for the same reference is replaced. The AAnF serves the latest A-KID of a subscriber only, so an
 * older A-KID of the same SUPI or GPSI is forgotten: it serves no new session any more (TS 33.535 5.2, 6.1 step 4).
 *
 * @return MSGIN5G_OK, ERR_INVALID (reference), ERR_NO_MEMORY.
 */
enum msgin5g_err af_cache_put(struct af_cache *cache, const struct akma_af_ref *ref, const struct naanf_key_data *data);
/** Wipe all keys of @p a_kid, in any case of its realm. @return false when there were none. */
bool af_cache_forget(struct af_cache *cache, struct msgin5g_str a_kid);
size_t af_cache_count(const struct af_cache *cache);

#endif
