#include "store_seal.h"

#include <assert.h>
#include <string.h>

static const uint8_t check_key[SECRET_HASH_KEY_LEN] = "MSGin5G store 1";

static void append(struct store_place *place, const void *octets, size_t length)
{
    assert(length <= sizeof place->octets - place->length);
    if (length > 0)
        memcpy(place->octets + place->length, octets, length);
    place->length += length;
}

void store_place_begin(struct store_place *place, char table)
{
    place->length = 0;
    append(place, &table, 1);
}

/* Most significant octet first: the same on every machine that opens the file. */
void store_place_number(struct store_place *place, int64_t number)
{
    uint8_t octets[8];
    for (size_t i = 0; i < sizeof octets; i++)
        octets[i] = (uint8_t)((uint64_t)number >> (56 - 8 * i));
    append(place, octets, sizeof octets);
}

void store_place_text(struct store_place *place, struct msgin5g_str text)
{
    store_place_number(place, (int64_t)text.length);
    append(place, text.octets, text.length);
}

size_t store_sealed_length(const struct store_seal *seal, size_t length)
{
    return seal->sealed ? length + SECRET_VALUE_OVERHEAD : length;
}

void store_value_seal(
    const struct store_seal *seal, const struct store_place *place, const void *octets, size_t length, uint8_t *out)
{
    if (seal->sealed)
        secret_value_seal(&seal->key, place->octets, place->length, octets, length, out);
    else if (length > 0)
        memcpy(out, octets, length);
}

enum msgin5g_err store_value_open(const struct store_seal *seal, const struct store_place *place, const uint8_t *octets,
    size_t length, uint8_t *out, size_t *out_length)
{
    *out_length = length;
    if (!seal->sealed) {
        if (length > 0)
            memcpy(out, octets, length);
        return MSGIN5G_OK;
    }
    enum msgin5g_err err = secret_value_open(&seal->key, place->octets, place->length, octets, length, out);
    if (err == MSGIN5G_OK)
        *out_length = length - SECRET_VALUE_OVERHEAD;
    return err;
}

int64_t store_row_check(const struct store_place *place, const void *octets, size_t length)
{
    uint64_t both[2] = { secret_hash(check_key, place->octets, place->length), secret_hash(check_key, octets, length) };
    return (int64_t)secret_hash(check_key, both, sizeof both);
}
