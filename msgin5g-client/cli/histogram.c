#include "histogram.h"

#define SUB_COUNT (UINT32_C(1) << HISTOGRAM_SUB_BITS)

/* Values below 2 * SUB_COUNT have a bucket each; above, the highest bits choose. */
static unsigned bucket_of(uint32_t value)
{
    unsigned shift = 0;

    while (value >> shift >= 2 * SUB_COUNT)
        shift++;
    return (shift << HISTOGRAM_SUB_BITS) + (value >> shift);
}

/* Highest value of a bucket. */
static int64_t bucket_end(unsigned bucket)
{
    unsigned shift = bucket < 2 * SUB_COUNT ? 0 : (bucket >> HISTOGRAM_SUB_BITS) - 1;
    int64_t first = (int64_t)bucket - ((int64_t)shift << HISTOGRAM_SUB_BITS);

    return ((first + 1) << shift) - 1;
}

void histogram_add(struct histogram *histogram, int64_t microseconds)
{
    int64_t value = microseconds < 0 ? 0 : microseconds;

    if (value > UINT32_MAX)
        value = UINT32_MAX;
    histogram->buckets[bucket_of((uint32_t)value)]++;
    histogram->count++;
    if (value > histogram->highest_us)
        histogram->highest_us = value;
}

int64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    double wanted = (double)histogram->count * percent / 100;
    uint64_t seen = 0;

    for (unsigned bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += histogram->buckets[bucket];
        if (histogram->buckets[bucket] > 0 && (double)seen >= wanted) {
            int64_t end = bucket_end(bucket);
            return end < histogram->highest_us ? end : histogram->highest_us;
        }
    }
    return 0;
}
