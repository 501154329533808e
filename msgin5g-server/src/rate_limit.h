/* Token buckets by address: how often somebody may ask for something. */
#ifndef RATE_LIMIT_H
#define RATE_LIMIT_H

#include "base/rate_bucket.h"
#include "msgin5g/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** One bucket a source address (IPv6: a /64), at most @p sources of them; the least recently used one is forgotten. */
struct rate_limit;
enum msgin5g_err rate_limit_create(int64_t per_second, int64_t burst, size_t sources, struct rate_limit **out);
/** NULL is allowed. */
void rate_limit_free(struct rate_limit *limit);
/** @param remote "192.0.2.1:40000" or "[2001:db8::1]:40000". @return false when @p remote asked too often. */
bool rate_limit_take(struct rate_limit *limit, const char *remote, int64_t now_ms);

#endif
