/* Latencies of a run: kept whole, sorted once. */
#ifndef SAMPLES_H
#define SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
    uint32_t *microseconds;
    size_t count, capacity;
};

/** Keep one; those beyond @p capacity (set at samples_init()) are dropped. */
void samples_init(struct samples *samples, size_t capacity);
void samples_add(struct samples *samples, int64_t nanoseconds);
/** Value below which @p fraction (0 to 1) of the samples lie, in microseconds; sorts in place. */
double samples_quantile(struct samples *samples, double fraction);
void samples_free(struct samples *samples);

/** Monotonic nanoseconds. */
int64_t now_ns(void);
/** CPU time of a process in nanoseconds, all threads (/proc/PID/task/TID/schedstat). */
int64_t process_cpu_ns(int pid);
/** Resident memory of a process in KiB (VmRSS). */
long process_rss_kib(int pid);

#endif
