/* What the AAnF refused, remembered for a few seconds so that a peer with a bad A-KID costs it one request. */
#ifndef AKMA_AF_REFUSALS_H
#define AKMA_AF_REFUSALS_H

#include "af_ref.h"

#define AF_REFUSALS_MAX 10000 /* apart from the keys, so that bad A-KIDs cannot push good keys out */

struct af_refusals;

/** @p lifetime_ms how long one is remembered; 0: not at all. */
enum msgin5g_err af_refusals_create(int64_t lifetime_ms, struct af_refusals **out);
void af_refusals_free(struct af_refusals *refusals);
/** @return the refusal, or MSGIN5G_OK when there is none (any more). */
enum msgin5g_err af_refusals_find(struct af_refusals *refusals, const struct af_ref_key *key, int64_t now_ms);
/** Remember @p err; when memory is short it is forgotten at once. */
void af_refusals_put(struct af_refusals *refusals, const struct af_ref_key *key, enum msgin5g_err err, int64_t now_ms);
/** Nothing happens when there is none. */
void af_refusals_drop(struct af_refusals *refusals, const struct af_ref_key *key);

#endif
