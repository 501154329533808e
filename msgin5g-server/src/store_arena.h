/* Memory of one request to the store: pieces that stay where they are until all of it is released at once. */
#ifndef STORE_ARENA_H
#define STORE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#define STORE_ARENA_FIRST 1024

struct store_chunk;
/** Begin with store_arena_init(); not to be moved. */
struct store_arena {
    struct store_chunk *chunks;
    uint8_t *next;
    size_t left;
    size_t octets; /* taken from the system, the first ones apart */
    _Alignas(8) uint8_t first[STORE_ARENA_FIRST];
};

void store_arena_init(struct store_arena *arena);
/** Release everything; it can be used again. */
void store_arena_reset(struct store_arena *arena);
/** @p size octets, aligned to 8, or NULL. */
void *store_arena_take(struct store_arena *arena, size_t size);
/** A copy of @p octets, or NULL. */
void *store_arena_copy(struct store_arena *arena, const void *octets, size_t length);

#endif
