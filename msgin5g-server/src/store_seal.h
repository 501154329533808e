/* What of a row makes damage visible and, with a key, keeps its value secret: bound to where the row stands. */
#ifndef STORE_SEAL_H
#define STORE_SEAL_H

#include "base/secret.h"

#include <stddef.h>
#include <stdint.h>

/** Wipe it. */
struct store_seal {
    bool sealed;
    struct secret_seal_key key;
};

/** Octets that say which row this is: its table, its key and everything beside its value. */
struct store_place {
    size_t length;
    uint8_t octets[1100];
};
/** Begin with the letter of a table. */
void store_place_begin(struct store_place *place, char table);
void store_place_number(struct store_place *place, int64_t number);
/** @p text is at most STORE_KEY_MAX octets. */
void store_place_text(struct store_place *place, struct msgin5g_str text);

/** Octets that @p length octets of a value take on the disk. */
size_t store_sealed_length(const struct store_seal *seal, size_t length);
/** Write the value as it goes to the disk, store_sealed_length() octets. */
void store_value_seal(
    const struct store_seal *seal, const struct store_place *place, const void *octets, size_t length, uint8_t *out);
/** Open @p length octets from the disk into *@p out_length of @p out (room for @p length). @return MSGIN5G_OK or
 * ERR_AUTHENTICATION. */
enum msgin5g_err store_value_open(const struct store_seal *seal, const struct store_place *place, const uint8_t *octets,
    size_t length, uint8_t *out, size_t *out_length);
/** Checksum of a row: its place and its value as on the disk. Finds accidents, not forgers. */
int64_t store_row_check(const struct store_place *place, const void *octets, size_t length);

#endif
