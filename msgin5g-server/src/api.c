#include "api_internal.h"

#include <stdlib.h>
#include <string.h>

#define PROBLEM_SIZE 256
#define DELIVERY     "/msgs-msgdelivery/v1"

void api_respond(struct http_request *request, int status, const uint8_t *body, size_t length)
{
    http_respond(request,
        &(struct http_answer){ .status = status, .content_type = "application/json", .body = body, .length = length });
}

bool api_check_format(struct http_request *request)
{
    if (http_request_is_json(request))
        return true;
    http_respond_problem(request, 415, NULL, "the body has to be application/json");
    return false;
}

void api_refuse_body(struct http_request *request, enum msgin5g_err err, const struct api_problem *problem)
{
    if (err == MSGIN5G_ERR_NO_MEMORY)
        http_respond_problem(request, 500, NULL, msgin5g_err_text(err));
    else
        http_respond_invalid(request, err == MSGIN5G_ERR_PAYLOAD_TOO_LARGE ? 413 : 400, API_MALFORMED_CAUSE,
            problem->member, problem->reason);
}

void api_refuse_stranger(struct api *api, struct http_request *request, struct msgin5g_str claimed)
{
    const struct tls_peer_names *names = http_request_peer(request);
    char shown[LOG_IDENTITY_LEN], text[MSGIN5G_SERVICE_ID_MAX + 1] = "";
    unsigned left_out;
    if (claimed.length < sizeof text)
        memcpy(text, claimed.octets, claimed.length);
    if (log_limit_take(&api->refusal_lines, loop_now_ms(api->loop), &left_out))
        log_warning(
            "refused: caller of the API is somebody else service_id=%s certificate=\"%s\" remote=%s left_out=%u",
            log_identity(text, shown), names != NULL && names->count > 0 ? names->names[0] : "",
            http_request_remote(request), left_out);
    http_respond_problem(request, 403, "UNAUTHORIZED_ORIGINATOR", "this certificate may not speak as that Service ID");
}

static const struct http_route routes[] = {
    { "POST", API_AS_REGISTRATIONS, NULL, as_registration_on_register },
    { "DELETE", API_AS_REGISTRATIONS "/{registrationId}", NULL, as_registration_on_deregister },
    { "POST", DELIVERY "/deliver-as-message", NULL, message_api_on_as_message },
    { "POST", DELIVERY "/deliver-ue-message", NULL, message_api_on_ue_message },
    { "POST", DELIVERY "/deliver-report", NULL, message_api_on_report },
    { "POST", API_UE_REGISTRATIONS, NULL, ue_registration_on_register },
    { "DELETE", API_UE_REGISTRATIONS "/{ueSvcId}", NULL, ue_registration_on_deregister },
    { "POST", "/msgs-ueregistration/v1/bulk-registrations", NULL, ue_registration_on_bulk },
    { NULL, NULL, NULL, NULL },
};

static enum msgin5g_err set_up_tls(struct api *api)
{
    const struct server_config *config = api->config;
    char problem[PROBLEM_SIZE] = "";
    const struct tls_context_config tls = { .is_server = true,
        .certificate_file = config->api.certificate,
        .key_file = config->api.key,
        .ca_file = config->api.ca,
        .peer_certificate_required = true,
        .alpn = "h2,http/1.1",
        .key_log = config->debug_key_log,
        .key_log_file = *config->debug_key_log_file != '\0' ? config->debug_key_log_file : NULL };
    enum msgin5g_err err = tls_context_create(&tls, &api->tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("api: TLS cannot be set up problem=\"%s\"", problem);
    return err;
}

static enum msgin5g_err serve(struct api *api, struct metrics *metrics)
{
    const struct api_config *config = &api->config->api;
    const struct http_server_config server = { .host = config->host,
        .port = (uint16_t)config->port,
        .tls = api->tls,
        .limits = { .connections = (size_t)config->connections },
        .routes = routes,
        .ctx = api,
        .metrics = metrics,
        .metrics_label = "api" };
    enum msgin5g_err err = http_server_create(api->loop, &server, &api->server);
    if (err != MSGIN5G_OK)
        log_error("cannot listen for the API host=%s port=%d problem=\"%s\"", config->host, (int)config->port,
            msgin5g_err_text(err));
    return err;
}

enum msgin5g_err api_create(struct loop *loop, const struct server_config *config, struct neighbours *neighbours,
    const struct router *router, struct delivery *delivery, struct metrics *metrics, struct api **out)
{
    *out = NULL;
    if (*config->api.certificate == '\0')
        return MSGIN5G_OK;
    struct api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    api->loop = loop;
    api->config = config;
    api->neighbours = neighbours;
    api->router = router;
    api->delivery = delivery;
    enum msgin5g_err err = set_up_tls(api);
    if (err == MSGIN5G_OK)
        err = serve(api, metrics);
    if (err != MSGIN5G_OK) {
        api_free(api);
        return err;
    }
    *out = api;
    return MSGIN5G_OK;
}

void api_drain(struct api *api)
{
    if (api != NULL)
        http_server_drain(api->server);
}

size_t api_connections(const struct api *api)
{
    return api != NULL ? http_server_connections(api->server) : 0;
}

enum msgin5g_err api_reload_certificate(struct api *api, char *problem, size_t problem_size)
{
    return api != NULL ? tls_context_reload(api->tls, problem, problem_size) : MSGIN5G_OK;
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    http_server_free(api->server);
    tls_context_free(api->tls);
    free(api);
}

uint16_t api_port(const struct api *api)
{
    return api != NULL ? http_server_port(api->server) : 0;
}
