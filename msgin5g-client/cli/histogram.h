/* Latencies of a run in bounded memory: buckets 1.6 % wide, from a microsecond to an hour. */
#ifndef HISTOGRAM_H
#define HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_SUB_BITS 6 /* buckets to each power of two, as a power of two */
#define HISTOGRAM_BUCKETS  ((33 - HISTOGRAM_SUB_BITS) << HISTOGRAM_SUB_BITS)

struct histogram {
    uint64_t count;
    int64_t highest_us;
    uint64_t buckets[HISTOGRAM_BUCKETS];
};

/** Count one; negative ones count as 0, those beyond 4294 s as that. */
void histogram_add(struct histogram *histogram, int64_t microseconds);
/** Microseconds that @p percent (0 to 100) of the values do not exceed, at most 1.6 % too high; 0 when there is none.
 */
int64_t histogram_percentile(const struct histogram *histogram, double percent);

#endif
