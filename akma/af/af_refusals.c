#include "af_refusals.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct refusal {
    UT_hash_handle hh;
    int64_t until_ms;
    enum msgin5g_err err;
    size_t key_length;
    uint8_t key[];
};

struct af_refusals {
    struct refusal *table; /* in the order of arrival: as all live equally long, the first one goes first */
    size_t count;
    int64_t lifetime_ms;
};

enum msgin5g_err af_refusals_create(int64_t lifetime_ms, struct af_refusals **out)
{
    struct af_refusals *refusals = calloc(1, sizeof *refusals);
    if (refusals == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    refusals->lifetime_ms = lifetime_ms;
    *out = refusals;
    return MSGIN5G_OK;
}

static void refusal_free(struct af_refusals *refusals, struct refusal *refusal)
{
    HASH_DEL(refusals->table, refusal); /* NOLINT(clang-analyzer-unix.Malloc): cannot follow uthash's list */
    free(refusal);
    refusals->count--;
}

void af_refusals_free(struct af_refusals *refusals)
{
    if (refusals == NULL)
        return;
    struct refusal *refusal = NULL;
    struct refusal *next = NULL;
    HASH_ITER (hh, refusals->table, refusal, next)
        refusal_free(refusals, refusal);
    free(refusals);
}

static struct refusal *refusal_get(struct af_refusals *refusals, const struct af_ref_key *key)
{
    struct refusal *refusal = NULL;
    HASH_FIND(hh, refusals->table, key->octets, key->length, refusal);
    return refusal;
}

enum msgin5g_err af_refusals_find(struct af_refusals *refusals, const struct af_ref_key *key, int64_t now_ms)
{
    const struct refusal *refusal = refusal_get(refusals, key);
    return refusal != NULL && now_ms < refusal->until_ms ? refusal->err : MSGIN5G_OK;
}

void af_refusals_put(struct af_refusals *refusals, const struct af_ref_key *key, enum msgin5g_err err, int64_t now_ms)
{
    struct refusal *refusal = NULL;
    struct refusal *next = NULL;
    af_refusals_drop(refusals, key);
    HASH_ITER (hh, refusals->table, refusal, next) {
        if (refusal->until_ms > now_ms && refusals->count < AF_REFUSALS_MAX)
            break;
        refusal_free(refusals, refusal);
    }
    if (refusals->lifetime_ms == 0)
        return;
    refusal = calloc(1, sizeof *refusal + key->length);
    if (refusal == NULL)
        return;
    refusal->until_ms = now_ms + refusals->lifetime_ms;
    refusal->err = err;
    refusal->key_length = key->length;
    memcpy(refusal->key, key->octets, key->length);
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): as above */
    HASH_ADD_KEYPTR(hh, refusals->table, refusal->key, refusal->key_length, refusal);
    if (refusal->hh.tbl == NULL) /* uthash had no memory */
        free(refusal);
    else
        refusals->count++;
}

void af_refusals_drop(struct af_refusals *refusals, const struct af_ref_key *key)
{
    struct refusal *refusal = refusal_get(refusals, key);
    if (refusal != NULL)
        refusal_free(refusals, refusal);
}
