/* Secrets: locked memory, wiping, comparison in constant time, randomness (decision D8); the door to libsodium. */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Prepare libsodium; call once at start, before anything else here. @return MSGIN5G_OK or ERR_INTERNAL. */
enum msgin5g_err secret_setup(void);
/** Forbid core files and ptrace for this process (PR_SET_DUMPABLE off); daemons call it unless a debug switch says no.
 */
void secret_harden_process(void);

/** Overwrite @p length octets so that no compiler leaves it out. */
void secret_wipe(void *octets, size_t length);
/** Equality in a time that depends on @p length alone. */
bool secret_equal(const void *a, const void *b, size_t length);
/** Fill with unpredictable octets. */
void secret_random(void *out, size_t length);

#define SECRET_HASH_KEY_LEN 16
/** Hash for tables whose keys a peer chooses: SipHash-2-4 under a random key, so that nobody can make them collide. */
uint64_t secret_hash(const uint8_t key[SECRET_HASH_KEY_LEN], const void *octets, size_t length);

/** One mlock()ed region, cut into slots of equal size (one arena, not one call a key: sodium_malloc() costs four
 * pages). */
struct secret_arena;
/** Room for @p slots secrets of @p slot_octets each (both at least 1), for one thread. @return MSGIN5G_OK, ERR_INVALID
 * or ERR_NO_MEMORY; a failing mlock() is a warning in the log, not an error. */
enum msgin5g_err secret_arena_create(size_t slots, size_t slot_octets, struct secret_arena **out);
/** Wipe everything and release. NULL is allowed. */
void secret_arena_free(struct secret_arena *arena);
/** A zeroed slot, aligned to 16 octets, or NULL when all are taken. */
void *secret_arena_take(struct secret_arena *arena);
/** Wipe @p slot and give it back. NULL is allowed. */
void secret_arena_give(struct secret_arena *arena, void *slot);

#define SECRET_SEAL_HEADER_LEN 24 /* goes before the first piece, in clear */
#define SECRET_SEAL_OVERHEAD   17 /* octets a sealed piece is longer */
/** A key for sealing; wipe it. */
struct secret_seal_key {
    uint8_t octets[32];
};
/** A sequence of sealed pieces (XChaCha20-Poly1305, libsodium's secretstream): each is bound to its place. Wipe it. */
struct secret_seal {
    _Alignas(8) uint8_t state[64];
};
/** Begin to seal with a fresh @p header. */
void secret_seal_begin(
    struct secret_seal *seal, const struct secret_seal_key *key, uint8_t header[SECRET_SEAL_HEADER_LEN]);
/** Seal the next piece into @p length + SECRET_SEAL_OVERHEAD octets of @p out. */
void secret_seal_append(struct secret_seal *seal, const void *octets, size_t length, uint8_t *out);
/** Begin to open what began with @p header. @return MSGIN5G_OK or ERR_AUTHENTICATION. */
enum msgin5g_err secret_seal_open_begin(
    struct secret_seal *seal, const struct secret_seal_key *key, const uint8_t header[SECRET_SEAL_HEADER_LEN]);
/** Open the next piece (@p length sealed octets) into @p length - SECRET_SEAL_OVERHEAD octets of @p out. @return
 * MSGIN5G_OK or ERR_AUTHENTICATION: another key, another place, or changed. */
enum msgin5g_err secret_seal_open(struct secret_seal *seal, const uint8_t *sealed, size_t length, void *out);

#define SECRET_VALUE_OVERHEAD 40 /* octets a sealed value is longer: nonce and tag */
/** Seal one value by itself (XChaCha20-Poly1305 with a random nonce) into @p length + SECRET_VALUE_OVERHEAD octets of
 * @p out, bound to @p place (@p place_length octets that say where it belongs; they are not stored with it). */
void secret_value_seal(const struct secret_seal_key *key, const void *place, size_t place_length, const void *octets,
    size_t length, uint8_t *out);
/** Open @p length sealed octets into @p length - SECRET_VALUE_OVERHEAD octets of @p out. @return MSGIN5G_OK or
 * ERR_AUTHENTICATION: another key, another place, or changed. */
enum msgin5g_err secret_value_open(const struct secret_seal_key *key, const void *place, size_t place_length,
    const uint8_t *sealed, size_t length, void *out);
/**
 * Read a key of 64 hexadecimal digits from a file that belongs to its owner alone (no access for group and others).
 *
 * @param problem what is wrong and how to mend it, a constant; set when the key is not read.
 * @return MSGIN5G_OK or ERR_CONFIG (@p out wiped).
 */
enum msgin5g_err secret_seal_key_read(const char *path, struct secret_seal_key *out, const char **problem);

/** Hexadecimal text (either case, exactly 2 * length characters) to octets. @return MSGIN5G_OK or ERR_MALFORMED (out
 * wiped). */
enum msgin5g_err secret_from_hex(struct msgin5g_str hex, void *out, size_t length);
/** Octets to lower-case hexadecimal with a NUL: 2 * length + 1 characters. */
void secret_to_hex(const void *octets, size_t length, char *out);

#endif
