#include "base/secret.h"

#include "base/buffer.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define SLOT_ALIGNMENT 16
#define SLOTS_MAX      (UINT32_MAX - 2)
#define NO_SLOT        UINT32_MAX
#define TAKEN          (UINT32_MAX - 1)
#define KEY_FILE_MAX   256

/* The list of free slots lies outside of the locked region: indexes are no secrets, and a freed slot stays all zero. */
struct secret_arena {
    uint8_t *base;
    size_t slot_octets;
    uint32_t slots;
    uint32_t first_free; /* NO_SLOT when all are taken */
    uint32_t next_free[];
};

enum msgin5g_err secret_setup(void)
{
    return sodium_init() < 0 ? MSGIN5G_ERR_INTERNAL : MSGIN5G_OK;
}

void secret_harden_process(void)
{
    struct rlimit none = { 0, 0 };
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 || setrlimit(RLIMIT_CORE, &none) != 0)
        log_warning("cannot forbid core files reason=%s", strerror(errno));
}

void secret_wipe(void *octets, size_t length)
{
    sodium_memzero(octets, length);
}

bool secret_equal(const void *a, const void *b, size_t length)
{
    return sodium_memcmp(a, b, length) == 0;
}

void secret_random(void *out, size_t length)
{
    randombytes_buf(out, length);
}

uint64_t secret_hash(const uint8_t key[SECRET_HASH_KEY_LEN], const void *octets, size_t length)
{
    static_assert(SECRET_HASH_KEY_LEN == crypto_shorthash_KEYBYTES, "SipHash-2-4 takes 16 octets");
    uint64_t hash;
    crypto_shorthash((unsigned char *)&hash, octets, length, key);
    return hash;
}

enum msgin5g_err secret_arena_create(size_t slots, size_t slot_octets, struct secret_arena **out)
{
    if (slots == 0 || slots > SLOTS_MAX || slot_octets == 0 || slot_octets > SIZE_MAX / 2 / slots - SLOT_ALIGNMENT)
        return MSGIN5G_ERR_INVALID;
    struct secret_arena *arena = calloc(1, sizeof *arena + slots * sizeof arena->next_free[0]);
    if (arena == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    arena->slots = (uint32_t)slots;
    arena->slot_octets = (slot_octets + SLOT_ALIGNMENT - 1) / SLOT_ALIGNMENT * SLOT_ALIGNMENT;
    size_t octets = slots * arena->slot_octets;
    arena->base = sodium_malloc(octets);
    if (arena->base == NULL) {
        free(arena);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    /* sodium_malloc() locks too, but does not say whether it could */
    if (sodium_mlock(arena->base, octets) != 0)
        log_warning("secrets may be written to swap, raise the limit of locked memory octets=%zu reason=%s", octets,
            strerror(errno));
    memset(arena->base, 0, octets);
    for (uint32_t i = 0; i < arena->slots; i++)
        arena->next_free[i] = i + 1 < arena->slots ? i + 1 : NO_SLOT;
    *out = arena;
    return MSGIN5G_OK;
}

void secret_arena_free(struct secret_arena *arena)
{
    if (arena == NULL)
        return;
    sodium_free(arena->base); /* wipes */
    free(arena);
}

void *secret_arena_take(struct secret_arena *arena)
{
    uint32_t slot = arena->first_free;
    if (slot == NO_SLOT)
        return NULL;
    arena->first_free = arena->next_free[slot];
    arena->next_free[slot] = TAKEN;
    return arena->base + slot * arena->slot_octets;
}

void secret_arena_give(struct secret_arena *arena, void *slot)
{
    if (slot == NULL)
        return;
    size_t offset = (size_t)((uint8_t *)slot - arena->base);
    size_t index = offset / arena->slot_octets;
    assert(offset % arena->slot_octets == 0 && index < arena->slots && arena->next_free[index] == TAKEN);
    secret_wipe(slot, arena->slot_octets);
    arena->next_free[index] = arena->first_free;
    arena->first_free = (uint32_t)index;
}

enum msgin5g_err secret_from_hex(struct msgin5g_str hex, void *out, size_t length)
{
    size_t written = 0;
    if (hex.length / 2 == length && hex.length % 2 == 0 &&
        sodium_hex2bin(out, length, hex.octets, hex.length, NULL, &written, NULL) == 0 && written == length)
        return MSGIN5G_OK;
    secret_wipe(out, length);
    return MSGIN5G_ERR_MALFORMED;
}

void secret_to_hex(const void *octets, size_t length, char *out)
{
    sodium_bin2hex(out, 2 * length + 1, octets, length);
}

static crypto_secretstream_xchacha20poly1305_state *seal_state(struct secret_seal *seal)
{
    static_assert(sizeof(crypto_secretstream_xchacha20poly1305_state) <= sizeof seal->state, "room for the state");
    static_assert(SECRET_SEAL_HEADER_LEN == crypto_secretstream_xchacha20poly1305_HEADERBYTES, "header");
    static_assert(SECRET_SEAL_OVERHEAD == crypto_secretstream_xchacha20poly1305_ABYTES, "overhead");
    static_assert(sizeof(struct secret_seal_key) == crypto_secretstream_xchacha20poly1305_KEYBYTES, "key");
    return (crypto_secretstream_xchacha20poly1305_state *)(void *)seal->state;
}

void secret_seal_begin(
    struct secret_seal *seal, const struct secret_seal_key *key, uint8_t header[SECRET_SEAL_HEADER_LEN])
{
    (void)crypto_secretstream_xchacha20poly1305_init_push(seal_state(seal), header, key->octets);
}

void secret_seal_append(struct secret_seal *seal, const void *octets, size_t length, uint8_t *out)
{
    (void)crypto_secretstream_xchacha20poly1305_push(
        seal_state(seal), out, NULL, octets, length, NULL, 0, crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
}

enum msgin5g_err secret_seal_open_begin(
    struct secret_seal *seal, const struct secret_seal_key *key, const uint8_t header[SECRET_SEAL_HEADER_LEN])
{
    int result = crypto_secretstream_xchacha20poly1305_init_pull(seal_state(seal), header, key->octets);
    return result == 0 ? MSGIN5G_OK : MSGIN5G_ERR_AUTHENTICATION;
}

enum msgin5g_err secret_seal_open(struct secret_seal *seal, const uint8_t *sealed, size_t length, void *out)
{
    unsigned char tag;
    int result = crypto_secretstream_xchacha20poly1305_pull(seal_state(seal), out, NULL, &tag, sealed, length, NULL, 0);
    return result == 0 ? MSGIN5G_OK : MSGIN5G_ERR_AUTHENTICATION;
}

#define NONCE_LEN crypto_aead_xchacha20poly1305_ietf_NPUBBYTES

void secret_value_seal(const struct secret_seal_key *key, const void *place, size_t place_length, const void *octets,
    size_t length, uint8_t *out)
{
    static_assert(SECRET_VALUE_OVERHEAD == NONCE_LEN + crypto_aead_xchacha20poly1305_ietf_ABYTES, "overhead");
    randombytes_buf(out, NONCE_LEN);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        out + NONCE_LEN, NULL, octets, length, place, place_length, NULL, out, key->octets);
}

enum msgin5g_err secret_value_open(const struct secret_seal_key *key, const void *place, size_t place_length,
    const uint8_t *sealed, size_t length, void *out)
{
    if (length < SECRET_VALUE_OVERHEAD)
        return MSGIN5G_ERR_AUTHENTICATION;
    int result = crypto_aead_xchacha20poly1305_ietf_decrypt(
        out, NULL, NULL, sealed + NONCE_LEN, length - NONCE_LEN, place, place_length, sealed, key->octets);
    return result == 0 ? MSGIN5G_OK : MSGIN5G_ERR_AUTHENTICATION;
}

enum msgin5g_err secret_seal_key_read(const char *path, struct secret_seal_key *out, const char **problem)
{
    struct buffer file;
    struct stat info;
    buffer_init(&file, KEY_FILE_MAX);
    *problem = "must hold 64 hexadecimal digits; make one with: openssl rand -hex 32";
    bool good = buffer_read_file(&file, path) == MSGIN5G_OK;
    size_t length = file.length;
    while (length > 0 && (file.data[length - 1] == '\n' || file.data[length - 1] == '\r'))
        length--;
    struct msgin5g_str hex = { (const char *)file.data, length };
    good = good && length > 0 && secret_from_hex(hex, out->octets, sizeof out->octets) == MSGIN5G_OK;
    buffer_wipe_free(&file);
    if (good && (stat(path, &info) != 0 || (info.st_mode & (S_IRWXG | S_IRWXO)) != 0)) {
        *problem = "is readable by others; run: chmod go= on it";
        good = false;
    }
    if (!good)
        secret_wipe(out, sizeof *out);
    return good ? MSGIN5G_OK : MSGIN5G_ERR_CONFIG;
}
