#include "management.h"

#include "base/log.h"

#include <string.h>

#define METRICS_MAX 1048576

static void respond_text(struct http_request *request, int status, const char *type, const void *text, size_t length)
{
    http_respond(
        request, &(struct http_answer){ .status = status, .content_type = type, .body = text, .length = length });
}

static void healthz(void *ctx, struct http_request *request)
{
    (void)ctx;
    respond_text(request, 200, "text/plain", "ok\n", 3);
}

static void metrics(void *ctx, struct http_request *request)
{
    const struct management *management = ctx;
    struct buffer text;
    buffer_init(&text, METRICS_MAX);
    if (metrics_render(management->metrics, &text) == MSGIN5G_OK)
        respond_text(request, 200, "text/plain; version=0.0.4", text.data, text.length);
    else
        http_respond_problem(request, 500, NULL, "cannot render the metrics");
    buffer_free(&text);
}

static void faults(void *ctx, struct http_request *request)
{
    const struct management *management = ctx;
    struct faults *injection = management->aanf->faults;
    struct faults_setting setting = faults_setting(injection);
    if (!faults_enabled(injection)) {
        http_respond_problem(request, 404, NULL, "faults.enabled is false");
        return;
    }
    if (faults_json_decode(http_request_body(request), &setting) != MSGIN5G_OK) {
        http_respond_problem(request, 400, NULL,
            "expected {\"latency_ms\": 0..60000, \"status\": 0|200..599, \"drop\": bool, \"reset\": "
            "none|stream|goaway|connection, \"key\": right|other|zero|short, \"expiry\": right|past|unparsable, "
            "\"body\": whole|truncated}");
        return;
    }
    faults_set(injection, &setting);
    log_warning("faults changed latency_ms=%lld status=%lld drop=%d reset=%s key=%s expiry=%s body=%s",
        (long long)setting.latency_ms, (long long)setting.status, setting.drop, faults_resets[setting.reset],
        faults_keys[setting.key], faults_expiries[setting.expiry], faults_bodies[setting.body]);
    http_respond(request, &(struct http_answer){ .status = 204 });
}

/* The AAnF depends on nothing else, so it is ready as soon as it answers. */
static const struct http_route routes[] = {
    { "GET", "/healthz", NULL, healthz },
    { "GET", "/readyz", NULL, healthz },
    { "GET", "/metrics", NULL, metrics },
    { "POST", "/faults", NULL, faults },
    { NULL, NULL, NULL, NULL },
};

enum msgin5g_err management_create(
    struct management *management, const struct aanf_config *config, struct http_server **out)
{
    struct http_server_config http = {
        .host = config->management_host,
        .port = (uint16_t)config->management_port,
        .routes = routes,
        .ctx = management,
        .metrics_label = "management",
    };
    return http_server_create(management->aanf->loop, &http, out);
}
