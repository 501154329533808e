#include "admin_api.h"

#include "admin_registrations.h"
#include "base/log.h"
#include "base/secret.h"
#include "http/bearer.h"
#include "http/server.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define METRICS_MAX  (1 << 20) /* octets of one exposition */
#define METRICS_TYPE "text/plain; version=0.0.4"
#define TEXT_TYPE    "text/plain"
#define PROBLEM_SIZE 256

struct admin_api {
    struct http_server *server;
    struct tls_context *tls; /* NULL: in clear */
    struct metrics *registry;
    struct shard *shard;
    struct loop *loop;
    struct http_bearer token; /* "": only what needs none is served */
    struct log_limit refusal_lines;
};

static void answer_text(struct http_request *request, int status, const char *content_type, const struct buffer *text)
{
    struct http_answer answer = {
        .status = status, .content_type = content_type, .body = text->data, .length = text->length
    };
    http_respond(request, &answer);
}

static void on_healthz(void *ctx, struct http_request *request)
{
    (void)ctx;
    struct http_answer answer = { .status = 200, .content_type = TEXT_TYPE, .body = "ok\n", .length = 3 };
    http_respond(request, &answer);
}

static void on_readyz(void *ctx, struct http_request *request)
{
    const struct admin_api *api = ctx;
    struct buffer reasons;
    buffer_init(&reasons, PROBLEM_SIZE);
    bool ready = shard_ready(api->shard, &reasons);
    if (ready)
        (void)buffer_append_text(&reasons, "ok\n");
    answer_text(request, ready ? 200 : 503, TEXT_TYPE, &reasons);
    buffer_free(&reasons);
}

static void on_metrics(void *ctx, struct http_request *request)
{
    const struct admin_api *api = ctx;
    struct buffer text;
    buffer_init(&text, METRICS_MAX);
    shard_count(api->shard);
    enum msgin5g_err err = metrics_render(api->registry, &text);
    if (err == MSGIN5G_OK)
        answer_text(request, 200, METRICS_TYPE, &text);
    else
        http_respond_problem(request, msgin5g_err_http_status(err), NULL, msgin5g_err_text(err));
    buffer_free(&text);
}

/* @return false: the request is answered and gone. */
static bool admit(struct admin_api *api, struct http_request *request)
{
    static const struct http_header challenge = { "www-authenticate", "Bearer realm=\"msgin5g-server management\"" };
    unsigned left_out;
    if (http_bearer_shown(&api->token, request))
        return true;
    if (log_limit_take(&api->refusal_lines, loop_now_ms(api->loop), &left_out))
        log_warning(
            "management request without the token remote=%s left_out=%u", http_request_remote(request), left_out);
    if (api->token.text[0] == '\0')
        http_respond_problem(request, 403, NULL, "needs management.token_file");
    else
        http_respond_problem_with(request, 401, NULL, NULL, &challenge, 1);
    return false;
}

static void on_list_registrations(void *ctx, struct http_request *request)
{
    struct admin_api *api = ctx;
    if (admit(api, request))
        admin_registrations_list(shard_registrations(api->shard), request);
}

static void on_end_registration(void *ctx, struct http_request *request)
{
    struct admin_api *api = ctx;
    if (admit(api, request))
        admin_registrations_end(shard_registrations(api->shard), request);
}

static const struct http_route routes[] = {
    { "GET", "/healthz", NULL, on_healthz },
    { "GET", "/readyz", NULL, on_readyz },
    { "GET", "/metrics", NULL, on_metrics },
    { "GET", "/registrations", NULL, on_list_registrations },
    { "DELETE", "/registrations/{id}", NULL, on_end_registration },
    { NULL, NULL, NULL, NULL },
};

static enum msgin5g_err set_up_token(struct admin_api *api, const struct server_config *config)
{
    const char *path = config->management_token_file;
    if (*path == '\0') {
        if (!http_bearer_is_local(config->management_host))
            return MSGIN5G_OK;
        http_bearer_make(&api->token);
        (void)fprintf(stderr, "management token of this run: %s\n", api->token.text);
        return MSGIN5G_OK;
    }
    if (access(path, F_OK) != 0 && errno == ENOENT) {
        http_bearer_make(&api->token);
        if (http_bearer_write(path, &api->token) != MSGIN5G_OK) {
            log_error("management.token_file cannot be used problem=\"cannot be written\"");
            return MSGIN5G_ERR_CONFIG;
        }
        log_info("management token made file=%s", path);
        return MSGIN5G_OK;
    }
    const char *problem = http_bearer_read(path, &api->token);
    if (problem != NULL)
        log_error("management.token_file cannot be used problem=\"%s\"", problem);
    return problem == NULL ? MSGIN5G_OK : MSGIN5G_ERR_CONFIG;
}

static enum msgin5g_err set_up_tls(struct admin_api *api, const struct server_config *config)
{
    char problem[PROBLEM_SIZE] = "";
    struct tls_context_config tls = { .is_server = true,
        .certificate_file = config->management_certificate,
        .key_file = config->management_key,
        .alpn = "h2,http/1.1" };
    if (*config->management_certificate == '\0')
        return MSGIN5G_OK;
    enum msgin5g_err err = tls_context_create(&tls, &api->tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("management: TLS cannot be set up problem=\"%s\"", problem);
    return err;
}

enum msgin5g_err admin_api_create(struct loop *loop, const struct server_config *config, struct metrics *registry,
    struct shard *shard, struct admin_api **out)
{
    struct admin_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    api->registry = registry;
    api->shard = shard;
    api->loop = loop;
    enum msgin5g_err err = set_up_token(api, config);
    if (err == MSGIN5G_OK)
        err = set_up_tls(api, config);
    struct http_server_config server = { .host = config->management_host,
        .port = (uint16_t)config->management_port,
        .tls = api->tls,
        .routes = routes,
        .ctx = api,
        .metrics = registry,
        .metrics_label = "management" };
    if (err == MSGIN5G_OK)
        err = http_server_create(loop, &server, &api->server);
    if (err != MSGIN5G_OK) {
        admin_api_free(api);
        return err;
    }
    *out = api;
    return MSGIN5G_OK;
}

void admin_api_drain(struct admin_api *api)
{
    http_server_drain(api->server);
}

size_t admin_api_connections(const struct admin_api *api)
{
    return http_server_connections(api->server);
}

enum msgin5g_err admin_api_reload_certificate(struct admin_api *api, char *problem, size_t problem_size)
{
    return api->tls != NULL ? tls_context_reload(api->tls, problem, problem_size) : MSGIN5G_OK;
}

void admin_api_free(struct admin_api *api)
{
    if (api == NULL)
        return;
    http_server_free(api->server);
    tls_context_free(api->tls);
    secret_wipe(&api->token, sizeof api->token);
    free(api);
}

uint16_t admin_api_port(const struct admin_api *api)
{
    return http_server_port(api->server);
}
