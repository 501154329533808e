#include "af_callbacks.h"

#include "akma/naanf.h"
#include "base/log.h"
#include "http/server.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROBLEM_SIZE   256
#define BODY_OCTETS    4096
#define CONNECTIONS    64
#define CLEAR_PROTOCOL "http://"

struct af_callbacks {
    struct loop *loop;
    struct http_server *server;
    struct tls_context *tls; /* NULL: in clear, in a lab */
    const struct config_strings *clients;
    af_disable_fn *disable;
    void *ctx;
    struct log_limit stranger_lines;
};

/* The CA alone is not enough: every NF of the operator has a certificate of it. */
static bool client_allowed(const struct af_callbacks *callbacks, const struct http_request *request)
{
    const struct tls_peer_names *peer = http_request_peer(request);
    if (callbacks->tls == NULL)
        return true;
    for (size_t i = 0; peer != NULL && i < callbacks->clients->count; i++)
        for (size_t j = 0; j < peer->count; j++)
            if (strcasecmp(peer->names[j], callbacks->clients->values[i]) == 0)
                return true;
    return false;
}

static void on_disable(void *ctx, struct http_request *request)
{
    struct af_callbacks *callbacks = ctx;
    struct naanf_disable_notif notif;
    struct naanf_problem problem = { 0 };
    char shown[LOG_A_KID_LEN];
    unsigned left_out;
    if (!client_allowed(callbacks, request)) {
        if (log_limit_take(&callbacks->stranger_lines, loop_now_ms(callbacks->loop), &left_out))
            log_warning("notice from a peer that is no AAnF of ours remote=%s left_out=%u",
                http_request_remote(request), left_out);
        http_respond_problem(request, 403, "CONSUMER_NOT_ALLOWED", NULL);
        return;
    }
    if (!http_request_is_json(request)) {
        http_respond_problem(request, 415, NULL, "must be application/json");
        return;
    }
    if (naanf_disable_notif_decode(http_request_body(request), &notif, &problem) != MSGIN5G_OK) {
        http_respond_problem(
            request, strcmp(problem.cause, "SYSTEM_FAILURE") == 0 ? 500 : 400, problem.cause, problem.reason);
        return;
    }
    bool known = callbacks->disable(callbacks->ctx, msgin5g_str(notif.a_kid));
    log_info("AKMA service disabled by the AAnF a_kid=%s known=%d", log_a_kid(notif.a_kid, shown), known);
    if (known)
        http_respond(request, &(struct http_answer){ .status = 204 });
    else
        http_respond_problem(request, 404, NULL, NULL);
}

static const struct http_route routes[] = {
    { "POST", AF_CALLBACKS_PATH, NULL, on_disable },
    { NULL, NULL, NULL, NULL },
};

static enum msgin5g_err set_up_tls(struct af_callbacks *callbacks, const struct server_config *config)
{
    char problem[PROBLEM_SIZE] = "";
    const struct tls_context_config tls = { .is_server = true,
        .certificate_file = config->aanf_certificate,
        .key_file = config->aanf_key,
        .ca_file = config->aanf_ca,
        .peer_certificate_required = true,
        .alpn = "h2" };
    if (strncmp(config->aanf_notif_uri, CLEAR_PROTOCOL, sizeof CLEAR_PROTOCOL - 1) == 0)
        return MSGIN5G_OK;
    enum msgin5g_err err = tls_context_create(&tls, &callbacks->tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("aanf.callbacks: TLS cannot be set up problem=\"%s\"", problem);
    return err;
}

enum msgin5g_err af_callbacks_create(struct loop *loop, const struct server_config *config, struct metrics *metrics,
    af_disable_fn *disable, void *ctx, struct af_callbacks **out)
{
    *out = NULL;
    if (*config->aanf_notif_uri == '\0')
        return MSGIN5G_OK;
    struct af_callbacks *callbacks = calloc(1, sizeof *callbacks);
    if (callbacks == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    callbacks->loop = loop;
    callbacks->clients = &config->aanf_callback_clients;
    callbacks->disable = disable;
    callbacks->ctx = ctx;
    enum msgin5g_err err = set_up_tls(callbacks, config);
    struct http_server_config server = { .host = config->aanf_callback_host,
        .port = (uint16_t)config->aanf_callback_port,
        .tls = callbacks->tls,
        .http2_only = true, /* TS 29.500 5.3 */
        .limits = { .body_octets = BODY_OCTETS, .connections = CONNECTIONS },
        .routes = routes,
        .ctx = callbacks,
        .metrics = metrics,
        .metrics_label = "callbacks" };
    if (err == MSGIN5G_OK)
        err = http_server_create(loop, &server, &callbacks->server);
    if (err != MSGIN5G_OK) {
        log_error("cannot listen for notices of the AAnF host=%s port=%d problem=\"%s\"", config->aanf_callback_host,
            (int)config->aanf_callback_port, msgin5g_err_text(err));
        af_callbacks_free(callbacks);
        return err;
    }
    *out = callbacks;
    return MSGIN5G_OK;
}

void af_callbacks_drain(struct af_callbacks *callbacks)
{
    if (callbacks != NULL)
        http_server_drain(callbacks->server);
}

size_t af_callbacks_connections(const struct af_callbacks *callbacks)
{
    return callbacks != NULL ? http_server_connections(callbacks->server) : 0;
}

enum msgin5g_err af_callbacks_reload_certificate(struct af_callbacks *callbacks, char *problem, size_t problem_size)
{
    if (callbacks == NULL || callbacks->tls == NULL)
        return MSGIN5G_OK;
    return tls_context_reload(callbacks->tls, problem, problem_size);
}

void af_callbacks_free(struct af_callbacks *callbacks)
{
    if (callbacks == NULL)
        return;
    http_server_free(callbacks->server);
    tls_context_free(callbacks->tls);
    free(callbacks);
}
