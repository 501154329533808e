/* Test vectors from tests/vectors/<name>.json: {"vectors": [{"name": ..., "<key>": "<text or hex>", ...}]}. */
#ifndef UNIT_AKMA_VECTORS_H
#define UNIT_AKMA_VECTORS_H

#include <stddef.h>
#include <stdint.h>

struct vectors;
struct vector; /* one JSON object of the file; lives as long as the file's struct vectors */

/** Fails the test when the file cannot be read. Release with vectors_free(). */
struct vectors *vectors_load(const char *path);
void vectors_free(struct vectors *vectors);
size_t vectors_count(const struct vectors *vectors);
const struct vector *vectors_at(const struct vectors *vectors, size_t index);

/* Each fails the test when the member is not there. */
const char *vector_text(const struct vector *vector, const char *key);
/** Exactly @p length octets of hexadecimal text. */
void vector_hex(const struct vector *vector, const char *key, void *out, size_t length);
/** Members of an array of objects. */
size_t vector_array_count(const struct vector *vector, const char *key);
const struct vector *vector_array_at(const struct vector *vector, const char *key, size_t index);

#endif
