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
    size_t capacity; /* the arena has one slot more, for the time of a replacement */
};

enum msgin5g_err subscriber_store_create(size_t subscribers, struct subscriber_store **out)
{
    struct subscriber_store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    store->capacity = subscribers;
    enum msgin5g_err err = secret_arena_create(subscribers + 1, sizeof(struct subscriber_keys), &store->arena);
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

static struct entry *entry_find(const struct subscriber_store *store, const char *supi)
{
    struct entry *entry = NULL;
    HASH_FIND(hh, store->table, supi, strlen(supi), entry);
    return entry;
}

static enum msgin5g_err entry_new(struct subscriber_store *store, size_t text, struct entry **out)
{
    struct entry *entry = calloc(1, sizeof *entry + text);
    if (entry == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if ((entry->keys = secret_arena_take(store->arena)) == NULL) {
        free(entry);
        return MSGIN5G_ERR_LIMIT;
    }
    *out = entry;
    return MSGIN5G_OK;
}

static enum msgin5g_err entry_make(
    struct subscriber_store *store, const struct subscriber_config *config, struct entry **out)
{
    char realm[AKMA_A_KID_MAX + 1];
    struct entry *entry = NULL;
    enum msgin5g_err err = realm_of(config, realm);
    if (err != MSGIN5G_OK)
        return MSGIN5G_ERR_CONFIG;
    size_t text = strlen(config->supi) + strlen(config->gpsi) + strlen(realm) + 3;
    if ((err = entry_new(store, text, &entry)) != MSGIN5G_OK)
        return err;
    if ((err = subscriber_read(entry, config, realm)) != MSGIN5G_OK) {
        entry_free(store, entry);
        return err;
    }
    *out = entry;
    return MSGIN5G_OK;
}

/* The store owns @p entry from here on, also when it has no room for it. */
static enum msgin5g_err entry_add(struct subscriber_store *store, struct entry *entry)
{
    HASH_ADD_KEYPTR(hh, store->table, entry->subscriber.supi, strlen(entry->subscriber.supi), entry);
    if (entry->hh.tbl != NULL)
        return MSGIN5G_OK;
    entry_free(store, entry);
    return MSGIN5G_ERR_NO_MEMORY;
}

enum msgin5g_err subscriber_store_add(struct subscriber_store *store, const struct subscriber_config *config)
{
    struct entry *entry = NULL;
    if (entry_find(store, config->supi) != NULL)
        return MSGIN5G_ERR_DUPLICATE;
    if (subscriber_store_count(store) >= store->capacity)
        return MSGIN5G_ERR_LIMIT;
    enum msgin5g_err err = entry_make(store, config, &entry);
    return err == MSGIN5G_OK ? entry_add(store, entry) : err;
}

static void keep_challenge(struct subscriber *subscriber, const struct subscriber *before)
{
    memcpy(subscriber->last_rand, before->last_rand, sizeof subscriber->last_rand);
    subscriber->challenged = before->challenged;
}

static void entry_drop(struct subscriber_store *store, struct entry *entry)
{
    HASH_DEL(store->table, entry);
    entry_free(store, entry);
}

enum msgin5g_err subscriber_store_put(struct subscriber_store *store, const struct subscriber_config *config)
{
    struct entry *entry = NULL;
    struct entry *before = entry_find(store, config->supi);
    if (before == NULL && subscriber_store_count(store) >= store->capacity)
        return MSGIN5G_ERR_LIMIT;
    enum msgin5g_err err = entry_make(store, config, &entry);
    if (err != MSGIN5G_OK)
        return err;
    entry->subscriber.provisioned = true;
    if (before != NULL && secret_equal(before->keys, entry->keys, sizeof *entry->keys))
        keep_challenge(&entry->subscriber, &before->subscriber);
    err = entry_add(store, entry); /* before the old one goes: for a moment there are two of that name */
    if (err == MSGIN5G_OK && before != NULL)
        entry_drop(store, before);
    return err;
}

enum msgin5g_err subscriber_store_remove(struct subscriber_store *store, const char *supi)
{
    struct entry *entry = entry_find(store, supi);
    if (entry == NULL)
        return MSGIN5G_ERR_NOT_FOUND;
    entry_drop(store, entry);
    return MSGIN5G_OK;
}

static char *hex_of(const void *octets, size_t length)
{
    char *text = malloc(2 * length + 1);
    if (text != NULL)
        secret_to_hex(octets, length, text);
    return text;
}

enum msgin5g_err subscriber_to_config(const struct subscriber *subscriber, struct subscriber_config *out)
{
    uint8_t sqn[6];
    for (size_t i = 0; i < sizeof sqn; i++)
        sqn[i] = (uint8_t)(subscriber->sqn >> (40 - 8 * i));
    *out = (struct subscriber_config){ .supi = strdup(subscriber->supi),
        .k = hex_of(subscriber->keys->k.octets, sizeof subscriber->keys->k.octets),
        .op = strdup(""),
        .opc = hex_of(subscriber->keys->opc.octets, sizeof subscriber->keys->opc.octets),
        .amf = hex_of(subscriber->amf, sizeof subscriber->amf),
        .sqn = hex_of(sqn, sizeof sqn),
        .rid = strdup(subscriber->rid),
        .gpsi = strdup(subscriber->gpsi),
        .home_realm = strdup(subscriber->home_realm),
        .mnc_digits = 2, /* the realm says it */
        .akma_allowed = subscriber->akma_allowed };
    char *const made[] = { out->supi, out->k, out->op, out->opc, out->amf, out->sqn, out->rid, out->gpsi,
        out->home_realm };
    for (size_t i = 0; i < sizeof made / sizeof *made; i++) {
        if (made[i] != NULL)
            continue;
        config_free(subscriber_config_keys, out);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    return MSGIN5G_OK;
}

struct subscriber *subscriber_store_find(struct subscriber_store *store, const char *supi)
{
    struct entry *entry = entry_find(store, supi);
    return entry != NULL ? &entry->subscriber : NULL;
}

static enum msgin5g_err entry_copy(struct subscriber_store *store, const struct entry *from)
{
    struct subscriber_config config;
    struct entry *entry = NULL;
    enum msgin5g_err err = subscriber_to_config(&from->subscriber, &config);
    if (err != MSGIN5G_OK)
        return err;
    err = subscriber_store_put(store, &config);
    config_free(subscriber_config_keys, &config);
    if (err == MSGIN5G_OK && (entry = entry_find(store, from->subscriber.supi)) != NULL)
        keep_challenge(&entry->subscriber, &from->subscriber);
    return err;
}

enum msgin5g_err subscriber_store_inherit(struct subscriber_store *store, const struct subscriber_store *older)
{
    enum msgin5g_err err = MSGIN5G_OK;
    for (const struct entry *before = older->table; before != NULL && err == MSGIN5G_OK; before = before->hh.next) {
        struct entry *entry = entry_find(store, before->subscriber.supi);
        if (entry == NULL) {
            if (before->subscriber.provisioned)
                err = entry_copy(store, before);
            continue;
        }
        if (before->subscriber.sqn > entry->subscriber.sqn)
            entry->subscriber.sqn = before->subscriber.sqn;
        keep_challenge(&entry->subscriber, &before->subscriber);
    }
    return err;
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
