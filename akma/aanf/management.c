#include "management.h"

#include "base/log.h"
#include "base/secret.h"
#include "contexts_api.h"
#include "subscriber_config.h"
#include "subscribers_api.h"
#include "token_issuer.h"

#include <string.h>

#define METRICS_MAX 1048576
#define PROBLEM_MAX 256

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

/* The key that tokens are signed with, for producers of other labs (RFC 7517). */
static void jwks(void *ctx, struct http_request *request)
{
    const struct management *management = ctx;
    struct buffer text;
    if (management->aanf->issuer == NULL) {
        http_respond_problem(request, 404, NULL, "oauth.enabled is false");
        return;
    }
    buffer_init(&text, METRICS_MAX);
    if (token_issuer_write_keys(management->aanf->issuer, &text) == MSGIN5G_OK)
        respond_text(request, 200, "application/jwk-set+json", text.data, text.length);
    else
        http_respond_problem(request, 500, NULL, "cannot write the keys");
    buffer_free(&text);
}

static void faults(void *ctx, struct http_request *request)
{
    struct management *management = ctx;
    struct faults *injection = management->aanf->faults;
    struct faults_setting setting = faults_setting(injection);
    if (!management_admit(management, request))
        return;
    if (!faults_enabled(injection)) {
        http_respond_problem(request, 404, NULL, "faults.enabled is false");
        return;
    }
    if (faults_json_decode(http_request_body(request), &setting) != MSGIN5G_OK) {
        http_respond_problem(request, 400, NULL,
            "expected {\"latency_ms\": 0..60000, \"status\": 0|200..599, \"location\": URI, \"drop\": bool, "
            "\"reset\": "
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

bool management_admit(struct management *management, struct http_request *request)
{
    static const struct http_header challenge = { "www-authenticate", "Bearer realm=\"akma-aanf management\"" };
    const bool none = management->token.text[0] == '\0';
    unsigned left_out;
    if (none && !management->local) {
        http_respond_problem(request, 403, NULL, "needs management.token_file");
        return false;
    }
    if (none || http_bearer_shown(&management->token, request))
        return true;
    if (log_limit_take(&management->refusal_lines, loop_now_ms(management->aanf->loop), &left_out))
        log_warning(
            "management request without the token remote=%s left_out=%u", http_request_remote(request), left_out);
    http_respond_problem_with(request, 401, NULL, NULL, &challenge, 1);
    return false;
}

bool management_admit_keys(struct management *management, struct http_request *request)
{
    if (!management_admit(management, request))
        return false;
    if (management->local || management->tls != NULL)
        return true;
    http_respond_problem(request, 403, NULL, "keys are taken over TLS only, see management.certificate");
    return false;
}

/* The AAnF depends on nothing else, so it is ready as soon as it answers. */
static const struct http_route routes[] = {
    { "GET", "/healthz", NULL, healthz },
    { "GET", "/readyz", NULL, healthz },
    { "GET", "/metrics", NULL, metrics },
    { "GET", "/jwks", NULL, jwks },
    { "POST", "/faults", NULL, faults },
    { "GET", "/contexts", NULL, contexts_api_list },
    { "DELETE", "/contexts/{subscriber}", NULL, contexts_api_remove },
    { "POST", "/contexts/{subscriber}/expire", NULL, contexts_api_expire },
    { "GET", "/subscribers", NULL, subscribers_api_list },
    { "POST", "/subscribers", NULL, subscribers_api_add },
    { "GET", "/subscribers/{supi}", NULL, subscribers_api_show },
    { "PATCH", "/subscribers/{supi}", NULL, subscribers_api_change },
    { "DELETE", "/subscribers/{supi}", NULL, subscribers_api_remove },
    { NULL, NULL, NULL, NULL },
};

static enum msgin5g_err open_tls(struct management *management, const struct aanf_config *config)
{
    char problem[PROBLEM_MAX] = "";
    const struct tls_context_config tls = { .is_server = true,
        .certificate_file = config->management_certificate,
        .key_file = config->management_key,
        .alpn = "h2,http/1.1" };
    if (config->management_certificate[0] == '\0')
        return MSGIN5G_OK;
    enum msgin5g_err err = tls_context_create(&tls, &management->tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("management: TLS cannot be set up problem=\"%s\"", problem);
    return err;
}

void management_close(struct management *management)
{
    tls_context_free(management->tls);
    management->tls = NULL;
    secret_wipe(&management->token, sizeof management->token);
}

enum msgin5g_err management_create(
    struct management *management, const struct aanf_config *config, struct http_server **out)
{
    const char *problem = config->management_token_file[0] != '\0'
                              ? http_bearer_read(config->management_token_file, &management->token)
                              : NULL;
    if (problem != NULL) {
        log_error("management.token_file cannot be used problem=\"%s\"", problem);
        return MSGIN5G_ERR_CONFIG;
    }
    management->local = http_bearer_is_local(config->management_host);
    enum msgin5g_err err = open_tls(management, config);
    if (err != MSGIN5G_OK)
        return err;
    struct http_server_config http = {
        .host = config->management_host,
        .port = (uint16_t)config->management_port,
        .tls = management->tls,
        .routes = routes,
        .ctx = management,
        .metrics_label = "management",
    };
    return http_server_create(management->aanf->loop, &http, out);
}
