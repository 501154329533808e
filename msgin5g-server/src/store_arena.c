#include "store_arena.h"

#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 8
#define CHUNK_MAX 65536

struct store_chunk {
    struct store_chunk *next;
    size_t size;
    _Alignas(ALIGNMENT) uint8_t octets[];
};

void store_arena_init(struct store_arena *arena)
{
    arena->chunks = NULL;
    arena->octets = 0;
    arena->next = arena->first;
    arena->left = sizeof arena->first;
}

void store_arena_reset(struct store_arena *arena)
{
    while (arena->chunks != NULL) {
        struct store_chunk *chunk = arena->chunks;
        arena->chunks = chunk->next;
        free(chunk);
    }
    store_arena_init(arena);
}

/* Each chunk is twice the one before, so that a large request is not many of them. */
static int add_chunk(struct store_arena *arena, size_t size)
{
    size_t wanted = arena->chunks != NULL ? 2 * arena->chunks->size : 2 * sizeof arena->first;
    if (wanted > CHUNK_MAX)
        wanted = CHUNK_MAX;
    if (wanted < size)
        wanted = size;
    struct store_chunk *chunk = malloc(sizeof *chunk + wanted);
    if (chunk == NULL)
        return -1;
    chunk->next = arena->chunks;
    chunk->size = wanted;
    arena->chunks = chunk;
    arena->next = chunk->octets;
    arena->left = wanted;
    arena->octets += sizeof *chunk + wanted;
    return 0;
}

void *store_arena_take(struct store_arena *arena, size_t size)
{
    size = (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (size > arena->left && add_chunk(arena, size) != 0)
        return NULL;
    void *place = arena->next;
    arena->next += size;
    arena->left -= size;
    return place;
}

void *store_arena_copy(struct store_arena *arena, const void *octets, size_t length)
{
    void *place = store_arena_take(arena, length);
    if (place != NULL && length > 0)
        memcpy(place, octets, length);
    return place;
}
