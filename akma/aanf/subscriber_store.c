#include "subscriber_store.h"

#include "akma/milenage.h"

#include <stdlib.h>
#include <string.h>

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define SQN_STEP 32 /* SEQ + 1 with the same IND (TS 33.102 C.3.2: five bits of IND) */

struct entry {
    UT_hash_handle hh;
    struct subscriber subscriber;
    struct subscriber_keys *keys; /* in the arena */
    char text[];                  /* SUPI, GPSI and home realm, each with its NUL */
};

struct subscriber_store {
    struct entry *table;
    struct secret_arena *arena;
};

enum msgin5g_err subscriber_store_create(size_t subscribers, struct subscriber_store **out)
{
    struct subscriber_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    size_t slots = subscribers > 0 ? subscribers : 1;
    enum msgin5g_err err = secret_arena_create(slots, sizeof(struct subscriber_keys), &store->arena);
    if (err != MSGIN5G_OK) {
        free(store);
        return err;
    }
    *out = store;
    return MSGIN5G_OK;
}

static void entry_free(struct subscriber_store *store, struct entry *entry)
{
    if (entry == NULL)
        return;
    secret_arena_give(store->arena, entry->keys);
    free(entry);
}

void subscriber_store_free(struct subscriber_store *store)
{
    if (store == NULL)
        return;
    struct entry *entry = NULL;
    struct entry *next = NULL;
    HASH_ITER (hh, store->table, entry, next) {
        HASH_DEL(store->table, entry); /* NOLINT(clang-analyzer-unix.Malloc): cannot follow uthash's list */
        entry_free(store, entry);
    }
    secret_arena_free(store->arena);
    free(store);
}

static enum msgin5g_err keys_read(const struct subscriber_config *config, struct subscriber_keys *out)
{
    uint8_t op[sizeof out->opc.octets];
    enum msgin5g_err err = secret_from_hex(msgin5g_str(config->k), out->k.octets, sizeof out->k.octets);
    if (err == MSGIN5G_OK && config->opc[0] != '\0')
        err = secret_from_hex(msgin5g_str(config->opc), out->opc.octets, sizeof out->opc.octets);
    else if (err == MSGIN5G_OK && (err = secret_from_hex(msgin5g_str(config->op), op, sizeof op)) == MSGIN5G_OK)
        err = milenage_opc(&out->k, op, &out->opc);
    secret_wipe(op, sizeof op);
    return err == MSGIN5G_OK ? MSGIN5G_OK : MSGIN5G_ERR_CONFIG;
}

static const char *text_put(char **next, const char *text)
{
    char *here = *next;
    size_t octets = strlen(text) + 1;
    memcpy(here, text, octets);
    *next += octets;
    return here;
}

static enum msgin5g_err subscriber_read(struct entry *entry, const struct subscriber_config *config, const char *realm)
{
    struct subscriber *subscriber = &entry->subscriber;
    uint8_t sqn[6];
    char *next = entry->text;
    if (secret_from_hex(msgin5g_str(config->sqn), sqn, sizeof sqn) != MSGIN5G_OK ||
        secret_from_hex(msgin5g_str(config->amf), subscriber->amf, sizeof subscriber->amf) != MSGIN5G_OK ||
        strlen(config->rid) >= sizeof subscriber->rid)
        return MSGIN5G_ERR_CONFIG;
    for (size_t i = 0; i < sizeof sqn; i++)
        subscriber->sqn = subscriber->sqn << 8 | sqn[i];
    memcpy(subscriber->rid, config->rid, strlen(config->rid) + 1);
    subscriber->akma_allowed = config->akma_allowed;
    subscriber->supi = text_put(&next, config->supi);
    subscriber->gpsi = text_put(&next, config->gpsi);
    subscriber->home_realm = text_put(&next, realm);
    subscriber->keys = entry->keys;
    return keys_read(config, entry->keys);
}

static enum msgin5g_err realm_of(const struct subscriber_config *config, char out[AKMA_A_KID_MAX + 1])
{
    if (config->home_realm[0] == '\0')
        return a_kid_home_realm(config->supi, (int)config->mnc_digits, out);
    size_t length = strlen(config->home_realm);
    if (length > AKMA_A_KID_MAX)
        return MSGIN5G_ERR_CONFIG;
    memcpy(out, config->home_realm, length + 1);
    return MSGIN5G_OK;
}

enum msgin5g_err subscriber_store_add(struct subscriber_store *store, const struct subscriber_config *config)
{
    char realm[AKMA_A_KID_MAX + 1];
    if (subscriber_store_find(store, config->supi) != NULL)
        return MSGIN5G_ERR_DUPLICATE;
    enum msgin5g_err err = realm_of(config, realm);
    if (err != MSGIN5G_OK)
        return MSGIN5G_ERR_CONFIG;
    size_t text = strlen(config->supi) + strlen(config->gpsi) + strlen(realm) + 3;
    struct entry *entry = calloc(1, sizeof *entry + text);
    if (entry == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    err = MSGIN5G_ERR_LIMIT;
    if ((entry->keys = secret_arena_take(store->arena)) == NULL)
        goto out;
    if ((err = subscriber_read(entry, config, realm)) != MSGIN5G_OK)
        goto out;
    HASH_ADD_KEYPTR(hh, store->table, entry->subscriber.supi, strlen(entry->subscriber.supi), entry);
    if (entry->hh.tbl == NULL)
        err = MSGIN5G_ERR_NO_MEMORY;
    else
        entry = NULL; /* the store's from here on */
out:
    entry_free(store, entry);
    return err;
}

static struct entry *entry_find(const struct subscriber_store *store, const char *supi)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, store->table, supi, strlen(supi), entry);
    return entry;
}

struct subscriber *subscriber_store_find(struct subscriber_store *store, const char *supi)
{
    struct entry *entry = entry_find(store, supi);
    return entry != NULL ? &entry->subscriber : NULL;
}

void subscriber_store_inherit(struct subscriber_store *store, const struct subscriber_store *older)
{
    struct entry *entry = NULL;
    struct entry *next = NULL;
    HASH_ITER (hh, store->table, entry, next) {
        const struct entry *before = entry_find(older, entry->subscriber.supi);
        if (before == NULL)
            continue;
        if (before->subscriber.sqn > entry->subscriber.sqn)
            entry->subscriber.sqn = before->subscriber.sqn;
        memcpy(entry->subscriber.last_rand, before->subscriber.last_rand, sizeof entry->subscriber.last_rand);
        entry->subscriber.challenged = before->subscriber.challenged;
    }
}

void subscriber_store_each(
    struct subscriber_store *store, void (*run)(void *ctx, const struct subscriber *one), void *ctx)
{
    struct entry *entry = NULL;
    struct entry *next = NULL;
    HASH_ITER (hh, store->table, entry, next)
        run(ctx, &entry->subscriber);
}

size_t subscriber_store_count(const struct subscriber_store *store)
{
    return HASH_COUNT(store->table);
}

enum msgin5g_err subscriber_next_sqn(struct subscriber *subscriber, const uint8_t rand[16], uint8_t sqn[6])
{
    if (subscriber->sqn > SQN_MAX - SQN_STEP)
        return MSGIN5G_ERR_LIMIT;
    subscriber->sqn += SQN_STEP;
    for (size_t i = 0; i < 6; i++)
        sqn[i] = (uint8_t)(subscriber->sqn >> (40 - 8 * i));
    memcpy(subscriber->last_rand, rand, sizeof subscriber->last_rand);
    subscriber->challenged = true;
    return MSGIN5G_OK;
}

enum msgin5g_err subscriber_resynchronise(struct subscriber *subscriber, const uint8_t rand[16], uint64_t sqn_ms)
{
    if (!subscriber->challenged || memcmp(subscriber->last_rand, rand, sizeof subscriber->last_rand) != 0)
        return MSGIN5G_ERR_AUTHENTICATION;
    subscriber->challenged = false;
    subscriber->sqn = sqn_ms;
    return MSGIN5G_OK;
}
