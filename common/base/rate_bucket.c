#include "base/rate_bucket.h"

#define TOKEN 1000 /* thousandths */

bool rate_bucket_take(struct rate_bucket *bucket, int64_t per_second, int64_t burst, int64_t now_ms)
{
    if (per_second == 0)
        return true;
    int64_t elapsed_ms = now_ms - bucket->counted_ms;
    bucket->counted_ms = now_ms;
    /* One token a second is one thousandth a millisecond. */
    if (elapsed_ms > bucket->missing / per_second)
        bucket->missing = 0;
    else
        bucket->missing -= elapsed_ms * per_second;
    if (bucket->missing + TOKEN > burst * TOKEN)
        return false;
    bucket->missing += TOKEN;
    return true;
}
