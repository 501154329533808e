#include "rate_limit.h"

#include "hash.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESS_TEXT  64
#define SUBNET_OCTETS 8 /* of an IPv6 address: whoever has one has the whole /64 */

struct source {
    UT_hash_handle hh;
    struct rate_bucket bucket;
    uint8_t address[16];
};

struct rate_limit {
    struct source *sources; /* least recently used first */
    size_t max_sources;
    int64_t per_second;
    int64_t burst;
};

/* The address without the port; an address that cannot be read shares one bucket with its like. */
static void read_address(const char *remote, uint8_t out[16])
{
    char text[ADDRESS_TEXT];
    const char *port = strrchr(remote, ':');
    size_t length = port != NULL ? (size_t)(port - remote) : strlen(remote);
    bool bracket = *remote == '[' && length > 2;
    memset(out, 0, 16);
    if (length >= sizeof text)
        return;
    snprintf(text, sizeof text, "%.*s", (int)(bracket ? length - 2 : length), bracket ? remote + 1 : remote);
    if (inet_pton(AF_INET, text, out) == 1)
        return;
    if (inet_pton(AF_INET6, text, out) == 1)
        memset(out + SUBNET_OCTETS, 0, 16 - SUBNET_OCTETS);
}

enum msgin5g_err rate_limit_create(int64_t per_second, int64_t burst, size_t sources, struct rate_limit **out)
{
    struct rate_limit *limit = calloc(1, sizeof *limit);
    if (limit == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    limit->per_second = per_second;
    limit->burst = burst;
    limit->max_sources = sources;
    *out = limit;
    return MSGIN5G_OK;
}

static void forget(struct rate_limit *limit, struct source *source)
{
    HASH_DELETE(hh, limit->sources, source);
    free(source);
}

void rate_limit_free(struct rate_limit *limit)
{
    if (limit == NULL)
        return;
    struct source *source, *next;
    HASH_ITER (hh, limit->sources, source, next)
        forget(limit, source);
    free(limit);
}

/* Take the source out of the table, or make a new one; the caller puts it in at the end, as the latest one used. */
static struct source *take_source(struct rate_limit *limit, const uint8_t address[16])
{
    struct source *source;
    HASH_FIND(hh, limit->sources, address, sizeof source->address, source);
    if (source != NULL) {
        HASH_DELETE(hh, limit->sources, source);
        return source;
    }
    if (HASH_COUNT(limit->sources) >= limit->max_sources)
        forget(limit, limit->sources);
    source = calloc(1, sizeof *source);
    if (source != NULL)
        memcpy(source->address, address, sizeof source->address);
    return source;
}

bool rate_limit_take(struct rate_limit *limit, const char *remote, int64_t now_ms)
{
    uint8_t address[16];
    if (limit->per_second == 0)
        return true;
    read_address(remote, address);
    struct source *source = take_source(limit, address);
    if (source == NULL)
        return false;
    bool taken = rate_bucket_take(&source->bucket, limit->per_second, limit->burst, now_ms);
    /* NOLINTNEXTLINE(clang-analyzer-*): deleting the last element sets the head to NULL */
    HASH_ADD(hh, limit->sources, address, sizeof source->address, source);
    if (!HASH_ADDED(source))
        free(source);
    return taken;
}
