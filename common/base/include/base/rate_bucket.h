/* A token bucket: how often somebody may ask for something. */
#ifndef BASE_RATE_BUCKET_H
#define BASE_RATE_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/** A bucket, embedded in its owner; zeroed is full. Thousandths of a token, and when they were counted. */
struct rate_bucket {
    int64_t counted_ms;
    int64_t missing; /* thousandths of a token below the burst */
};
/** Take one token. @param per_second tokens that come back a second; 0: no limit. @return false when there is none. */
bool rate_bucket_take(struct rate_bucket *bucket, int64_t per_second, int64_t burst, int64_t now_ms);

#endif
