#include "base/metrics.h"

#define HASH_NONFATAL_OOM 1 /* uthash ends the process otherwise */

#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <uthash.h>
#include <utlist.h>

enum type { COUNTER, GAUGE, HISTOGRAM };

static const char *const type_names[] = { "counter", "gauge", "histogram" };

struct metric {
    char *labels; /* owned */
    struct metric *next;
    atomic_uint_least64_t value; /* a gauge's two's complement; a histogram's count */
    atomic_uint_least64_t sum_us;
    const double *bounds;
    size_t bound_count;
    atomic_uint_least64_t buckets[]; /* bound_count of them, not cumulative; what exceeds the last is in none */
};

/* All metrics of one name; HELP and TYPE are written once a family. */
struct family {
    const char *name;
    const char *help;
    enum type type;
    struct metric *metrics;
    UT_hash_handle hh; /* iterates in the order of registration */
};

struct metrics {
    pthread_mutex_t lock; /* registering and rendering; values are atomic */
    struct family *families;
    struct metric not_shown; /* stands in when memory is short */
};

enum msgin5g_err metrics_create(struct metrics **out)
{
    struct metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    pthread_mutex_init(&metrics->lock, NULL);
    *out = metrics;
    return MSGIN5G_OK;
}

void metrics_free(struct metrics *metrics)
{
    struct metric *metric, *next;
    if (metrics == NULL)
        return;
    struct family *family = metrics->families;
    HASH_CLEAR(hh, metrics->families);
    while (family != NULL) {
        struct family *next_family = family->hh.next;
        LL_FOREACH_SAFE (family->metrics, metric, next) {
            free(metric->labels);
            free(metric);
        }
        free(family);
        family = next_family;
    }
    pthread_mutex_destroy(&metrics->lock);
    free(metrics);
}

static struct family *family_find_or_add(struct metrics *metrics, const char *name, const char *help, enum type type)
{
    struct family *family;
    HASH_FIND_STR(metrics->families, name, family);
    if (family != NULL) {
        assert(family->type == type);
        return family;
    }
    if ((family = calloc(1, sizeof *family)) == NULL)
        return NULL;
    family->name = name;
    family->help = help;
    family->type = type;
    HASH_ADD_KEYPTR(hh, metrics->families, family->name, strlen(family->name), family);
    if (family->hh.tbl == NULL) {
        free(family);
        return NULL;
    }
    return family;
}

static struct metric *metric_find_or_add(
    struct family *family, const char *labels, const double *bounds, size_t bound_count)
{
    struct metric *metric;
    LL_FOREACH (family->metrics, metric) {
        if (strcmp(metric->labels, labels) == 0)
            return metric;
    }
    if ((metric = calloc(1, sizeof *metric + bound_count * sizeof metric->buckets[0])) == NULL)
        return NULL;
    if ((metric->labels = strdup(labels)) == NULL) {
        free(metric);
        return NULL;
    }
    metric->bounds = bounds;
    metric->bound_count = bound_count;
    LL_APPEND(family->metrics, metric);
    return metric;
}

static struct metric *find_or_add(struct metrics *metrics, enum type type, const char *name, const char *help,
    const char *labels, const double *bounds, size_t bound_count)
{
    pthread_mutex_lock(&metrics->lock);
    struct family *family = family_find_or_add(metrics, name, help, type);
    struct metric *metric = family != NULL ? metric_find_or_add(family, labels, bounds, bound_count) : NULL;
    pthread_mutex_unlock(&metrics->lock);
    return metric != NULL ? metric : &metrics->not_shown;
}

struct metric *metrics_counter(struct metrics *metrics, const char *name, const char *help, const char *labels)
{
    return find_or_add(metrics, COUNTER, name, help, labels, NULL, 0);
}

struct metric *metrics_gauge(struct metrics *metrics, const char *name, const char *help, const char *labels)
{
    return find_or_add(metrics, GAUGE, name, help, labels, NULL, 0);
}

struct metric *metrics_histogram(struct metrics *metrics, const char *name, const char *help, const char *labels,
    const double *bounds, size_t bound_count)
{
    return find_or_add(metrics, HISTOGRAM, name, help, labels, bounds, bound_count);
}

static void add(atomic_uint_least64_t *value, uint64_t n)
{
    atomic_fetch_add_explicit(value, n, memory_order_relaxed);
}

static uint64_t get(const atomic_uint_least64_t *value)
{
    return atomic_load_explicit(value, memory_order_relaxed);
}

void metric_add(struct metric *metric, uint64_t n)
{
    if (metric != NULL)
        add(&metric->value, n);
}

void metric_set(struct metric *metric, int64_t value)
{
    if (metric != NULL)
        atomic_store_explicit(&metric->value, (uint64_t)value, memory_order_relaxed);
}

void metric_observe_us(struct metric *metric, int64_t microseconds)
{
    if (metric == NULL)
        return;
    if (microseconds < 0)
        microseconds = 0;
    double seconds = (double)microseconds / 1e6;
    size_t i = 0;
    while (i < metric->bound_count && seconds > metric->bounds[i])
        i++;
    if (i < metric->bound_count)
        add(&metric->buckets[i], 1);
    add(&metric->sum_us, (uint64_t)microseconds);
    add(&metric->value, 1);
}

uint64_t metric_value(const struct metric *metric)
{
    return metric != NULL ? get(&metric->value) : 0;
}

static enum msgin5g_err render_plain(const struct family *family, const struct metric *metric, struct buffer *out)
{
    bool bare = metric->labels[0] == '\0';
    uint64_t value = get(&metric->value);
    enum msgin5g_err err =
        buffer_appendf(out, "%s%s%s%s ", family->name, bare ? "" : "{", metric->labels, bare ? "" : "}");
    if (err != MSGIN5G_OK)
        return err;
    if (family->type == GAUGE)
        return buffer_appendf(out, "%" PRId64 "\n", (int64_t)value);
    return buffer_appendf(out, "%" PRIu64 "\n", value);
}

/* Buckets are read before the count, so that "+Inf" is never below one of them while others observe. */
static enum msgin5g_err render_histogram(const struct family *family, const struct metric *metric, struct buffer *out)
{
    uint64_t below = 0;
    const char *name = family->name, *labels = metric->labels;
    const char *comma = labels[0] != '\0' ? "," : "", *open = labels[0] != '\0' ? "{" : "",
               *close = labels[0] != '\0' ? "}" : "";
    for (size_t i = 0; i < metric->bound_count; i++) {
        below += get(&metric->buckets[i]);
        enum msgin5g_err err = buffer_appendf(
            out, "%s_bucket{%s%sle=\"%.9g\"} %" PRIu64 "\n", name, labels, comma, metric->bounds[i], below);
        if (err != MSGIN5G_OK)
            return err;
    }
    uint64_t count = get(&metric->value);
    if (count < below)
        count = below;
    return buffer_appendf(out,
        "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n%s_sum%s%s%s %.9g\n%s_count%s%s%s %" PRIu64 "\n", name, labels, comma,
        count, name, open, labels, close, (double)get(&metric->sum_us) / 1e6, name, open, labels, close, count);
}

static enum msgin5g_err render_family(const struct family *family, struct buffer *out)
{
    const struct metric *metric;
    enum msgin5g_err err = buffer_appendf(
        out, "# HELP %s %s\n# TYPE %s %s\n", family->name, family->help, family->name, type_names[family->type]);
    LL_FOREACH (family->metrics, metric) {
        if (err != MSGIN5G_OK)
            break;
        err = family->type == HISTOGRAM ? render_histogram(family, metric, out) : render_plain(family, metric, out);
    }
    return err;
}

enum msgin5g_err metrics_render(const struct metrics *metrics, struct buffer *out)
{
    enum msgin5g_err err = MSGIN5G_OK;
    pthread_mutex_t *lock = (pthread_mutex_t *)&metrics->lock;
    pthread_mutex_lock(lock);
    for (const struct family *family = metrics->families; family != NULL && err == MSGIN5G_OK; family = family->hh.next)
        err = render_family(family, out);
    pthread_mutex_unlock(lock);
    return err;
}
