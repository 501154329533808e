/* What the storage actor counts (decision D10). */
#ifndef STORE_METRICS_H
#define STORE_METRICS_H

#include "base/metrics.h"

/** Member, metrics_counter or metrics_gauge, name, labels, help. */
#define STORE_METRICS(X)                                                                                               \
    X(healthy, gauge, "msgin5g_store_healthy", "", "1 while what is asked for gets stored, else 0.")                   \
    X(messages, gauge, "msgin5g_store_messages", "", "Copies of messages that are stored, one a recipient.")           \
    X(octets, gauge, "msgin5g_store_bytes", "", "What they take of the quota.")                                        \
    X(waiting, gauge, "msgin5g_store_requests_waiting", "", "Requests that wait for the storage thread.")              \
    X(commits, counter, "msgin5g_store_commits_total", "", "Transactions committed and synced.")                       \
    X(stored, counter, "msgin5g_store_writes_total", "result=\"stored\"", "Writes asked for, by what became of them.") \
    X(full, counter, "msgin5g_store_writes_total", "result=\"full\"", "Writes asked for, by what became of them.")     \
    X(failed, counter, "msgin5g_store_writes_total", "result=\"failed\"", "Writes asked for, by what became of them.") \
    X(refused, counter, "msgin5g_store_writes_total", "result=\"refused\"",                                            \
        "Writes asked for, by what became of them.")                                                                   \
    X(damaged, counter, "msgin5g_store_damaged_total", "", "Rows and commits found damaged or lost.")

struct store_metrics {
#define STORE_METRIC_MEMBER(member, type, name, labels, help) struct metric *member;
    STORE_METRICS(STORE_METRIC_MEMBER)
#undef STORE_METRIC_MEMBER
    struct metric *commit_time, *maintenance_time;
};

#endif
