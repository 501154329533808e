#include "server_metrics.h"

#include <stdio.h>
#include <stdlib.h>

enum msgin5g_err server_metrics_create(struct metrics *registry, struct server_metrics **out)
{
    struct server_metrics *metrics = calloc(1, sizeof *metrics);
    if (metrics == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    metrics->registry = registry;
#define SERVER_METRIC_CREATE(member, kind, name, labels, help)                                                         \
    metrics->member = metrics_##kind(registry, name, help, labels);
    SERVER_METRICS(SERVER_METRIC_CREATE)
#undef SERVER_METRIC_CREATE
    *out = metrics;
    return MSGIN5G_OK;
}

void server_metrics_free(struct server_metrics *metrics)
{
    free(metrics);
}

static void count(struct server_metrics *metrics, struct metric **result, const char *name, const char *help,
    const char *type, const char *text)
{
    char labels[64];
    if (*result == NULL) {
        snprintf(labels, sizeof labels, "type=\"%s\",result=\"%s\"", type, text);
        *result = metrics_counter(metrics->registry, name, help, labels);
    }
    metric_add(*result, 1);
}

void server_metrics_request(struct server_metrics *metrics, enum msgin5g_type type, enum msgin5g_err err)
{
    count(metrics, &metrics->requests[type][err], "msgin5g_requests_total", "Requests of UEs by result.",
        type == MSGIN5G_TYPE_COUNT ? "other" : msgin5g_type_text(type),
        err == MSGIN5G_OK ? "OK" : msgin5g_err_cause(err));
}

void server_metrics_delivery(struct server_metrics *metrics, enum msgin5g_type type, enum server_outcome outcome)
{
    static const char *const texts[] = {
#define SERVER_OUTCOME_TEXT(name, text) text,
        SERVER_OUTCOMES(SERVER_OUTCOME_TEXT)
#undef SERVER_OUTCOME_TEXT
    };
    count(metrics, &metrics->deliveries[type][outcome], "msgin5g_deliveries_total", "Messages sent to UEs by outcome.",
        msgin5g_type_text(type), texts[outcome]);
}
