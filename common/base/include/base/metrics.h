/* Metrics registry with Prometheus text exposition (decision D10): prefix msgin5g_, base units, no UE identity as a
 * label. */
#ifndef BASE_METRICS_H
#define BASE_METRICS_H

#include "base/buffer.h"

#include <stdint.h>

struct metrics;
struct metric; /* a counter, gauge or histogram with fixed labels */

enum msgin5g_err metrics_create(struct metrics **out);
void metrics_free(struct metrics *metrics);

/**
 * Register a metric, or find the one with this name and labels. Owned by the registry, valid until metrics_free().
 *
 * @param name   complete name, e.g. "msgin5g_messages_total"; name and help stay the caller's constants, labels are
 * copied.
 * @param labels inside of the braces, e.g. "type=\"MSG\"", or "" for none.
 * @return never NULL: when memory is short a metric that is not shown.
 */
struct metric *metrics_counter(struct metrics *metrics, const char *name, const char *help, const char *labels);
struct metric *metrics_gauge(struct metrics *metrics, const char *name, const char *help, const char *labels);
/** Buckets are upper bounds in seconds, ascending; @p bounds stays the caller's constant. */
struct metric *metrics_histogram(struct metrics *metrics, const char *name, const char *help, const char *labels,
    const double *bounds, size_t bound_count);

/** Any thread; relaxed atomics. NULL is allowed and does nothing. */
void metric_add(struct metric *metric, uint64_t n);
void metric_set(struct metric *metric, int64_t value);
void metric_observe_us(struct metric *metric, int64_t microseconds);
uint64_t metric_value(const struct metric *metric);

/** Append the Prometheus text exposition (format 0.0.4) of everything. */
enum msgin5g_err metrics_render(const struct metrics *metrics, struct buffer *out);

#endif
