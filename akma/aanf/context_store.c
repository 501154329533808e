#include "context_store.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>
#include <utlist.h>

/* One AF_ID that has K_AF, until when. The key itself is derived anew each time: one HMAC costs less than a place in
 * locked memory. */
struct grant {
    struct grant *prev, *next; /* oldest first */
    int64_t expiry_s;
    struct ua_id ua_id;
    char *notif_uri; /* NULL: nobody wants to hear of the end */
    char fqdn[];
};

struct context {
    UT_hash_handle by_a_kid;
    UT_hash_handle by_subscriber;
    struct k_akma *k_akma; /* in the arena */
    struct grant *grants;
    size_t grant_count;
    const char *subscriber; /* SUPI, or the GPSI when that is all there is */
    char *supi, *gpsi;      /* behind the A-KID in the same allocation */
    char a_kid[];
};

struct context_store {
    struct context *by_a_kid;
    struct context *by_subscriber;
    struct secret_arena *arena;
    size_t af_ids;
    context_ended_fn *ended; /* NULL: nobody watches */
    bool ended_replaced;
    void *ended_ctx;
    context_change_fn *changed; /* NULL: nobody observes */
    void *changed_ctx;
};

enum msgin5g_err context_store_create(size_t contexts, size_t af_ids, struct context_store **out)
{
    struct context_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = secret_arena_create(contexts, sizeof(struct k_akma), &store->arena);
    if (err != MSGIN5G_OK) {
        free(store);
        return err;
    }
    store->af_ids = af_ids;
    *out = store;
    return MSGIN5G_OK;
}

static void grant_free(struct context *context, struct grant *grant)
{
    DL_DELETE(context->grants, grant);
    context->grant_count--;
    free(grant->notif_uri);
    free(grant);
}

/* The context is in none of the tables (any more). */
static void context_free(struct context_store *store, struct context *context)
{
    if (context == NULL)
        return;
    struct grant *grant = NULL;
    struct grant *next = NULL;
    DL_FOREACH_SAFE (context->grants, grant, next)
        grant_free(context, grant);
    secret_arena_give(store->arena, context->k_akma);
    free(context);
}

static void context_drop(struct context_store *store, struct context *context)
{
    HASH_DELETE(by_a_kid, store->by_a_kid, context);
    HASH_DELETE(by_subscriber, store->by_subscriber, context);
    context_free(store, context);
}

void context_store_watch(struct context_store *store, context_ended_fn *ended, bool replaced, void *ctx)
{
    store->ended = ended;
    store->ended_replaced = replaced;
    store->ended_ctx = ctx;
}

void context_store_observe(struct context_store *store, context_change_fn *changed, void *ctx)
{
    store->changed = changed;
    store->changed_ctx = ctx;
}

static void tell_kept(const struct context *context, context_change_fn *run, void *ctx)
{
    const struct context_change change = { .kind = CONTEXT_KEPT,
        .key = { context->supi, context->gpsi, context->a_kid, context->k_akma } };
    if (run != NULL)
        run(ctx, &change);
}

static void tell_granted(const struct context *context, const struct grant *grant, context_change_fn *run, void *ctx)
{
    const struct context_change change = { .kind = CONTEXT_GRANTED,
        .key = { .a_kid = context->a_kid },
        .grant = { grant->fqdn, grant->ua_id, grant->expiry_s, grant->notif_uri != NULL ? grant->notif_uri : "" } };
    if (run != NULL)
        run(ctx, &change);
}

static void tell_gone(const struct context_store *store, const char *subscriber)
{
    const struct context_change change = { .kind = CONTEXT_GONE, .key = { .supi = subscriber } };
    if (store->changed != NULL)
        store->changed(store->changed_ctx, &change);
}

void context_store_each(const struct context_store *store, context_change_fn *run, void *ctx)
{
    const struct context *context = NULL;
    const struct context *next = NULL;
    HASH_ITER (by_a_kid, store->by_a_kid, context, next) {
        const struct grant *grant = NULL;
        tell_kept(context, run, ctx);
        DL_FOREACH (context->grants, grant)
            tell_granted(context, grant, run, ctx);
    }
}

/* True when an older grant names the same place: it hears of the A-KID once, not once for every Ua* protocol. */
static bool told_before(const struct context *context, const struct grant *grant)
{
    for (const struct grant *older = context->grants; older != grant; older = older->next)
        if (older->notif_uri != NULL && strcmp(older->notif_uri, grant->notif_uri) == 0)
            return true;
    return false;
}

static void announce_end(struct context_store *store, const struct context *context)
{
    const struct grant *grant = NULL;
    DL_FOREACH (context->grants, grant)
        if (store->ended != NULL && grant->notif_uri != NULL && !told_before(context, grant))
            store->ended(store->ended_ctx, context->a_kid, grant->notif_uri);
}

void context_store_free(struct context_store *store)
{
    if (store == NULL)
        return;
    struct context *context = NULL;
    struct context *next = NULL;
    HASH_ITER (by_a_kid, store->by_a_kid, context, next)
        context_drop(store, context);
    secret_arena_free(store->arena);
    free(store);
}

static struct context *find_a_kid(struct context_store *store, const char *a_kid)
{
    struct context *context = NULL;
    HASH_FIND(by_a_kid, store->by_a_kid, a_kid, strlen(a_kid), context);
    return context;
}

static struct context *find_subscriber(struct context_store *store, const char *subscriber)
{
    struct context *context = NULL;
    HASH_FIND(by_subscriber, store->by_subscriber, subscriber, strlen(subscriber), context);
    return context;
}

static struct context *context_new(struct context_store *store, const struct anchor_key *key)
{
    size_t a_kid_octets = strlen(key->a_kid) + 1;
    size_t supi_octets = strlen(key->supi) + 1;
    size_t gpsi_octets = strlen(key->gpsi) + 1;
    struct context *context = calloc(1, sizeof *context + a_kid_octets + supi_octets + gpsi_octets);
    if (context == NULL)
        return NULL;
    context->k_akma = secret_arena_take(store->arena);
    if (context->k_akma == NULL) {
        free(context);
        return NULL;
    }
    *context->k_akma = *key->k_akma;
    memcpy(context->a_kid, key->a_kid, a_kid_octets);
    context->supi = context->a_kid + a_kid_octets;
    memcpy(context->supi, key->supi, supi_octets);
    context->gpsi = context->supi + supi_octets;
    memcpy(context->gpsi, key->gpsi, gpsi_octets);
    context->subscriber = context->supi[0] != '\0' ? context->supi : context->gpsi;
    return context;
}

/* Into both tables, or into none when memory is short. */
static enum msgin5g_err context_link(struct context_store *store, struct context *context)
{
    HASH_ADD_KEYPTR(by_a_kid, store->by_a_kid, context->a_kid, strlen(context->a_kid), context);
    if (context->by_a_kid.tbl == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    HASH_ADD_KEYPTR(by_subscriber, store->by_subscriber, context->subscriber, strlen(context->subscriber), context);
    if (context->by_subscriber.tbl != NULL)
        return MSGIN5G_OK;
    HASH_DELETE(by_a_kid, store->by_a_kid, context);
    return MSGIN5G_ERR_NO_MEMORY;
}

static bool same(const struct context *context, const struct anchor_key *key)
{
    return strcmp(context->a_kid, key->a_kid) == 0 && strcmp(context->supi, key->supi) == 0 &&
           strcmp(context->gpsi, key->gpsi) == 0 && secret_equal(context->k_akma, key->k_akma, sizeof *key->k_akma);
}

enum msgin5g_err context_store_register(struct context_store *store, const struct anchor_key *key)
{
    const char *subscriber = key->supi[0] != '\0' ? key->supi : key->gpsi;
    struct context *holder = find_a_kid(store, key->a_kid);
    if (holder != NULL && strcmp(holder->subscriber, subscriber) != 0)
        return MSGIN5G_ERR_DUPLICATE;
    if (holder != NULL && same(holder, key))
        return MSGIN5G_OK;
    struct context *older = find_subscriber(store, subscriber);
    if (older != NULL && store->ended_replaced)
        announce_end(store, older);
    if (older != NULL)
        context_drop(store, older);
    struct context *context = context_new(store, key);
    enum msgin5g_err err = context == NULL ? MSGIN5G_ERR_LIMIT : context_link(store, context);
    if (err == MSGIN5G_OK) {
        tell_kept(context, store->changed, store->changed_ctx);
        return err;
    }
    if (older != NULL)
        tell_gone(store, subscriber);
    context_free(store, context);
    return err;
}

enum msgin5g_err context_store_identity(struct context_store *store, const char *a_kid, struct context_identity *out)
{
    const struct context *context = find_a_kid(store, a_kid);
    if (context == NULL)
        return MSGIN5G_ERR_UNKNOWN_A_KID;
    *out = (struct context_identity){ .supi = context->supi, .gpsi = context->gpsi };
    return MSGIN5G_OK;
}

static struct grant *grant_find(const struct context *context, const char *fqdn, const struct ua_id *ua_id)
{
    struct grant *grant = NULL;
    DL_FOREACH (context->grants, grant)
        if (memcmp(grant->ua_id.octets, ua_id->octets, UA_ID_LEN) == 0 && strcmp(grant->fqdn, fqdn) == 0)
            return grant;
    return NULL;
}

static struct grant *grant_new(struct context *context, size_t limit, const char *fqdn, const struct ua_id *ua_id)
{
    size_t octets = strlen(fqdn) + 1;
    struct grant *grant = calloc(1, sizeof *grant + octets);
    if (grant == NULL)
        return NULL;
    if (context->grant_count >= limit)
        grant_free(context, context->grants);
    grant->ua_id = *ua_id;
    memcpy(grant->fqdn, fqdn, octets);
    DL_APPEND(context->grants, grant);
    context->grant_count++;
    return grant;
}

enum msgin5g_err context_store_k_af(struct context_store *store, const char *a_kid, const char *fqdn,
    const struct ua_id *ua_id, int64_t lifetime_s, int64_t now_s, struct k_af *out, int64_t *expiry_s)
{
    struct context *context = find_a_kid(store, a_kid);
    if (context == NULL)
        return MSGIN5G_ERR_UNKNOWN_A_KID;
    enum msgin5g_err err = kdf_k_af(context->k_akma, fqdn, ua_id, out);
    if (err != MSGIN5G_OK)
        return err;
    struct grant *grant = grant_find(context, fqdn, ua_id);
    if (grant == NULL)
        grant = grant_new(context, store->af_ids, fqdn, ua_id);
    if (grant == NULL) {
        k_af_wipe(out);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    if (grant->expiry_s <= now_s) {
        grant->expiry_s = now_s + lifetime_s;
        tell_granted(context, grant, store->changed, store->changed_ctx);
    }
    *expiry_s = grant->expiry_s;
    return MSGIN5G_OK;
}

enum msgin5g_err context_store_set_notif_uri(
    struct context_store *store, const char *a_kid, const char *fqdn, const struct ua_id *ua_id, const char *notif_uri)
{
    const struct context *context = find_a_kid(store, a_kid);
    if (context == NULL)
        return MSGIN5G_ERR_UNKNOWN_A_KID;
    struct grant *grant = grant_find(context, fqdn, ua_id);
    if (grant == NULL)
        return MSGIN5G_ERR_NOT_FOUND;
    if (grant->notif_uri != NULL && strcmp(grant->notif_uri, notif_uri) == 0)
        return MSGIN5G_OK;
    char *copy = strdup(notif_uri);
    if (copy == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    free(grant->notif_uri);
    grant->notif_uri = copy;
    tell_granted(context, grant, store->changed, store->changed_ctx);
    return MSGIN5G_OK;
}

enum msgin5g_err context_store_restore_grant(
    struct context_store *store, const char *a_kid, const struct context_grant *from)
{
    struct context *context = find_a_kid(store, a_kid);
    if (context == NULL)
        return MSGIN5G_ERR_UNKNOWN_A_KID;
    struct grant *grant = grant_find(context, from->fqdn, &from->ua_id);
    if (grant == NULL)
        grant = grant_new(context, store->af_ids, from->fqdn, &from->ua_id);
    if (grant == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    grant->expiry_s = from->expiry_s;
    return from->notif_uri[0] == '\0'
               ? MSGIN5G_OK
               : context_store_set_notif_uri(store, a_kid, from->fqdn, &from->ua_id, from->notif_uri);
}

enum msgin5g_err context_store_expire(struct context_store *store, const char *subscriber, int64_t now_s)
{
    const struct context *context = find_subscriber(store, subscriber);
    struct grant *grant = NULL;
    if (context == NULL)
        return MSGIN5G_ERR_NOT_FOUND;
    DL_FOREACH (context->grants, grant) {
        if (grant->expiry_s <= now_s)
            continue;
        grant->expiry_s = now_s;
        tell_granted(context, grant, store->changed, store->changed_ctx);
    }
    return MSGIN5G_OK;
}

enum msgin5g_err context_store_end(struct context_store *store, const char *subscriber)
{
    struct context *context = find_subscriber(store, subscriber);
    if (context == NULL)
        return MSGIN5G_ERR_NOT_FOUND;
    announce_end(store, context);
    context_drop(store, context);
    tell_gone(store, subscriber);
    return MSGIN5G_OK;
}

enum msgin5g_err context_store_remove(struct context_store *store, const char *supi)
{
    const struct context *context = find_subscriber(store, supi);
    if (context == NULL || strcmp(context->supi, supi) != 0)
        return MSGIN5G_ERR_NOT_FOUND;
    return context_store_end(store, supi);
}

size_t context_store_count(const struct context_store *store)
{
    return HASH_CNT(by_a_kid, store->by_a_kid);
}
