#include "auth_store.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

struct entry {
    UT_hash_handle hh;
    struct auth_secret *secret; /* in the arena */
    int64_t until_ms;
    char id[AUTH_ID_LEN + 1];
    char sn_name[AKMA_SN_NAME_MAX + 1];
    char supi[];
};

struct auth_store {
    struct loop *loop;
    struct loop_timer timer;
    struct entry *table; /* in the order of arrival: all live equally long, so the first expires first */
    struct secret_arena *arena;
    int64_t lifetime_ms;
};

static void entry_drop(struct auth_store *store, struct entry *entry)
{
    HASH_DEL(store->table, entry); /* NOLINT(clang-analyzer-unix.Malloc): cannot follow uthash's list */
    secret_arena_give(store->arena, entry->secret);
    free(entry);
}

/* Also a failing timer only delays the wiping: find() looks at the time itself. */
static void expire(void *ctx)
{
    struct auth_store *store = ctx;
    int64_t now_ms = loop_now_ms(store->loop);
    struct entry *entry = NULL;
    struct entry *next = NULL;
    HASH_ITER (hh, store->table, entry, next) {
        if (entry->until_ms > now_ms)
            break;
        entry_drop(store, entry);
    }
    if (store->table != NULL)
        (void)loop_timer_set(store->loop, &store->timer, store->table->until_ms - now_ms);
}

enum msgin5g_err auth_store_create(
    struct loop *loop, size_t authentications, int64_t lifetime_ms, struct auth_store **out)
{
    struct auth_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = secret_arena_create(authentications, sizeof(struct auth_secret), &store->arena);
    if (err != MSGIN5G_OK) {
        free(store);
        return err;
    }
    store->loop = loop;
    store->lifetime_ms = lifetime_ms;
    loop_timer_init(&store->timer, expire, store);
    *out = store;
    return MSGIN5G_OK;
}

void auth_store_free(struct auth_store *store)
{
    if (store == NULL)
        return;
    struct entry *entry = NULL;
    struct entry *next = NULL;
    loop_timer_cancel(store->loop, &store->timer);
    HASH_ITER (hh, store->table, entry, next)
        entry_drop(store, entry);
    secret_arena_free(store->arena);
    free(store);
}

enum msgin5g_err auth_store_add(
    struct auth_store *store, const struct authentication *authentication, char id[AUTH_ID_LEN + 1])
{
    uint8_t random[AUTH_ID_LEN / 2];
    size_t supi_octets = strlen(authentication->supi) + 1;
    size_t sn_name_octets = strlen(authentication->sn_name) + 1;
    struct entry *entry = calloc(1, sizeof *entry + supi_octets);
    if (entry == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (sn_name_octets > sizeof entry->sn_name || (entry->secret = secret_arena_take(store->arena)) == NULL) {
        free(entry);
        return MSGIN5G_ERR_LIMIT;
    }
    *entry->secret = *authentication->secret;
    secret_random(random, sizeof random);
    secret_to_hex(random, sizeof random, entry->id);
    memcpy(entry->supi, authentication->supi, supi_octets);
    memcpy(entry->sn_name, authentication->sn_name, sn_name_octets);
    entry->until_ms = loop_now_ms(store->loop) + store->lifetime_ms;
    HASH_ADD_KEYPTR(hh, store->table, entry->id, AUTH_ID_LEN, entry);
    if (entry->hh.tbl == NULL) {
        secret_arena_give(store->arena, entry->secret);
        free(entry);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    if (store->table == entry)
        (void)loop_timer_set(store->loop, &store->timer, store->lifetime_ms);
    memcpy(id, entry->id, sizeof entry->id);
    return MSGIN5G_OK;
}

static struct entry *entry_find(struct auth_store *store, struct msgin5g_str id)
{
    struct entry *entry = NULL;
    if (id.length == AUTH_ID_LEN)
        HASH_FIND(hh, store->table, id.octets, AUTH_ID_LEN, entry);
    return entry;
}

enum msgin5g_err auth_store_find(struct auth_store *store, struct msgin5g_str id, struct authentication *out)
{
    const struct entry *entry = entry_find(store, id);
    if (entry == NULL || entry->until_ms <= loop_now_ms(store->loop))
        return MSGIN5G_ERR_NOT_FOUND;
    *out = (struct authentication){ .secret = entry->secret, .supi = entry->supi, .sn_name = entry->sn_name };
    return MSGIN5G_OK;
}

void auth_store_remove(struct auth_store *store, struct msgin5g_str id)
{
    struct entry *entry = entry_find(store, id);
    if (entry != NULL)
        entry_drop(store, entry);
}

void auth_store_remove_supi(struct auth_store *store, const char *supi)
{
    struct entry *entry = NULL;
    struct entry *next = NULL;
    HASH_ITER (hh, store->table, entry, next)
        if (strcmp(entry->supi, supi) == 0)
            entry_drop(store, entry);
}

size_t auth_store_count(const struct auth_store *store)
{
    return HASH_COUNT(store->table);
}
