#include "akma/af.h"

#include "af_cache.h"
#include "af_ref.h"
#include "af_refusals.h"
#include "naanf_client.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

#define CACHE_ENTRIES_DEFAULT 100000
#define PENDING_DEFAULT       10000
#define NEGATIVE_MS_MAX       5000

struct waiter {
    struct waiter *prev, *next;
    akma_af_done_fn *done;
    void *ctx;
};

/* One request in flight and everybody who waits for it. */
struct fetch {
    UT_hash_handle hh;
    struct akma_af *af;
    struct waiter *waiters;
    struct ua_id ua_id;
    bool forgotten; /* the answer comes too late */
    size_t a_kid_length;
    char a_kid[AKMA_A_KID_MAX];
    char fqdn[AKMA_FQDN_MAX + 1];
    struct af_ref_key key;
};

struct akma_af {
    struct loop *loop;
    struct af_cache *cache;
    struct af_refusals *refusals;
    struct naanf_client *client;
    struct fetch *fetches;
    size_t waiting; /* waiters of all fetches */
    size_t pending;
    uint8_t salt[AF_SALT_LEN];
};

enum msgin5g_err akma_af_create(struct loop *loop, const struct akma_af_config *config, struct akma_af **out)
{
    struct akma_af *af = calloc(1, sizeof *af);
    if (af == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    int64_t negative_ms = config->negative_ms > NEGATIVE_MS_MAX ? NEGATIVE_MS_MAX : config->negative_ms;
    af->loop = loop;
    af->pending = config->pending > 0 ? config->pending : PENDING_DEFAULT;
    secret_random(af->salt, sizeof af->salt);
    struct metric *keys = NULL;
    if (config->metrics != NULL)
        keys = metrics_gauge(config->metrics, "msgin5g_aanf_cached_keys", "K_AF in the cache of the AF role", "");
    enum msgin5g_err err = af_cache_create(
        config->cache_entries > 0 ? config->cache_entries : CACHE_ENTRIES_DEFAULT, loop, keys, &af->cache);
    if (err == MSGIN5G_OK)
        err = af_refusals_create(negative_ms, &af->refusals);
    if (err == MSGIN5G_OK)
        err = naanf_client_create(loop, config, &af->client);
    if (err != MSGIN5G_OK) {
        akma_af_free(af);
        return err;
    }
    *out = af;
    return MSGIN5G_OK;
}

void akma_af_free(struct akma_af *af)
{
    if (af == NULL)
        return;
    naanf_client_free(af->client); /* answers what is open, so the fetches are gone afterwards */
    af_refusals_free(af->refusals);
    af_cache_free(af->cache);
    free(af);
}

enum msgin5g_err akma_af_lookup(struct akma_af *af, const struct akma_af_ref *ref, struct akma_af_key *out)
{
    struct af_ref_key key;
    if (af_ref_key_make(af->salt, ref, &key) != MSGIN5G_OK)
        return MSGIN5G_ERR_NOT_CACHED;
    enum msgin5g_err err = af_cache_find(af->cache, ref, loop_utc_s(af->loop), out);
    if (err == MSGIN5G_OK)
        return err;
    err = af_refusals_find(af->refusals, &key, loop_now_ms(af->loop));
    return err != MSGIN5G_OK ? err : MSGIN5G_ERR_NOT_CACHED;
}

/* A-KIDs that differ in the case of the realm alone are one. */
static bool one_form(struct msgin5g_str text, char out[AKMA_A_KID_MAX + 1])
{
    if (text.length > AKMA_A_KID_MAX)
        return false;
    memcpy(out, text.octets, text.length);
    out[text.length] = '\0';
    for (char *next = strrchr(out, '@'); next != NULL && *next != '\0'; next++)
        *next = (char)tolower((unsigned char)*next);
    return true;
}

static struct akma_af_ref fetch_ref(const struct fetch *fetch)
{
    return (struct akma_af_ref){ { fetch->a_kid, fetch->a_kid_length }, fetch->fqdn, fetch->ua_id };
}

static void fetch_free(struct fetch *fetch)
{
    struct akma_af *af = fetch->af;
    HASH_DEL(af->fetches, fetch);
    free(fetch);
}

/* The waiters are told after the fetch is gone: they may look up, fetch again, or forget. */
static void fetch_done(void *ctx, enum msgin5g_err err, const struct naanf_key_data *data)
{
    struct fetch *fetch = ctx;
    struct akma_af *af = fetch->af;
    struct akma_af_ref ref = fetch_ref(fetch);
    if (err == MSGIN5G_OK && fetch->forgotten)
        err = MSGIN5G_ERR_UNKNOWN_A_KID;
    if (err == MSGIN5G_OK) {
        af_refusals_drop(af->refusals, &fetch->key);
        err = af_cache_put(af->cache, &ref, data) == MSGIN5G_OK ? MSGIN5G_OK : MSGIN5G_ERR_AANF;
    } else if (err == MSGIN5G_ERR_UNKNOWN_A_KID) {
        af_cache_forget(af->cache, ref.a_kid); /* replaced or removed at the AAnF: no new session on any key of it */
        af_refusals_put(af->refusals, &fetch->key, err, loop_now_ms(af->loop));
    } else if (err == MSGIN5G_ERR_AF_NOT_ALLOWED) {
        af_refusals_put(af->refusals, &fetch->key, err, loop_now_ms(af->loop));
    }
    struct waiter *waiters = fetch->waiters;
    fetch_free(fetch);
    struct waiter *waiter = NULL;
    struct waiter *next = NULL;
    DL_FOREACH_SAFE (waiters, waiter, next) {
        DL_DELETE(waiters, waiter);
        af->waiting--;
        waiter->done(waiter->ctx, err);
        free(waiter);
    }
}

static enum msgin5g_err fetch_start(
    struct akma_af *af, const struct akma_af_ref *ref, const struct af_ref_key *key, struct fetch **out)
{
    struct fetch *fetch = calloc(1, sizeof *fetch);
    if (fetch == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    fetch->af = af;
    fetch->key = *key;
    fetch->ua_id = ref->ua_id;
    fetch->a_kid_length = ref->a_kid.length;
    memcpy(fetch->a_kid, ref->a_kid.octets, ref->a_kid.length);
    memcpy(fetch->fqdn, ref->fqdn, strlen(ref->fqdn) + 1);
    HASH_ADD_KEYPTR(hh, af->fetches, fetch->key.octets, fetch->key.length, fetch);
    if (fetch->hh.tbl == NULL) { /* uthash had no memory */
        free(fetch);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    enum msgin5g_err err = naanf_client_retrieve(af->client, ref, fetch_done, fetch);
    if (err != MSGIN5G_OK) {
        fetch_free(fetch);
        return err;
    }
    *out = fetch;
    return MSGIN5G_OK;
}

enum msgin5g_err akma_af_fetch(struct akma_af *af, const struct akma_af_ref *ref, akma_af_done_fn *done, void *ctx)
{
    struct af_ref_key key;
    struct fetch *fetch = NULL;
    if (af->waiting >= af->pending)
        return MSGIN5G_ERR_LIMIT;
    enum msgin5g_err err = af_ref_key_make(af->salt, ref, &key);
    if (err != MSGIN5G_OK)
        return err;
    struct waiter *waiter = calloc(1, sizeof *waiter);
    if (waiter == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    waiter->done = done;
    waiter->ctx = ctx;
    HASH_FIND(hh, af->fetches, key.octets, key.length, fetch);
    if (fetch == NULL)
        err = fetch_start(af, ref, &key, &fetch);
    if (err != MSGIN5G_OK) {
        free(waiter);
        return err;
    }
    DL_APPEND(fetch->waiters, waiter);
    af->waiting++;
    return MSGIN5G_OK;
}

/* The notice overtook the answer: that K_AF must not open a session any more. */
static bool forget_fetches(struct akma_af *af, const char *a_kid)
{
    bool found = false;
    for (struct fetch *fetch = af->fetches; fetch != NULL; fetch = fetch->hh.next) {
        char other[AKMA_A_KID_MAX + 1];
        if (!one_form((struct msgin5g_str){ fetch->a_kid, fetch->a_kid_length }, other) || strcmp(other, a_kid) != 0)
            continue;
        fetch->forgotten = true;
        found = true;
    }
    return found;
}

bool akma_af_forget(struct akma_af *af, struct msgin5g_str a_kid)
{
    char text[AKMA_A_KID_MAX + 1];
    if (!one_form(a_kid, text))
        return false;
    bool cached = af_cache_forget(af->cache, msgin5g_str(text));
    bool asked = forget_fetches(af, text);
    return cached || asked;
}

bool akma_af_healthy(const struct akma_af *af)
{
    return naanf_client_healthy(af->client);
}

void akma_af_renew(struct akma_af *af)
{
    naanf_client_renew(af->client);
}
