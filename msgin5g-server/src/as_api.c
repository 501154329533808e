#include "as_api.h"

#include "base/log.h"
#include "http/server.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define JSON            "application/json"
#define REGISTRATIONS   "/msgs-asregistration/v1/registrations"
#define DELIVERY        "/msgs-msgdelivery/v1"
#define PROBLEM_SIZE    256
#define ANSWER_SIZE     1024
#define MALFORMED_CAUSE "INVALID_MSG_FORMAT"

struct as_api {
    struct loop *loop;
    struct application_servers *all;
    struct delivery *delivery;
    struct tls_context *tls;
    struct http_server *server;
    struct log_limit refusal_lines;
};

/* ---- answers ---- */

static void respond_json(struct http_request *request, int status, const uint8_t *body, size_t length,
    const struct http_header *headers, size_t header_count)
{
    http_respond(request, &(struct http_answer){ .status = status,
                              .content_type = JSON,
                              .body = body,
                              .length = length,
                              .headers = headers,
                              .header_count = header_count });
}

static bool check_format(struct http_request *request)
{
    if (http_request_is_json(request))
        return true;
    http_respond_problem(request, 415, NULL, "the body has to be application/json");
    return false;
}

static void refuse_body(struct http_request *request, enum msgin5g_err err, const struct api_problem *problem)
{
    if (err == MSGIN5G_ERR_NO_MEMORY)
        http_respond_problem(request, 500, NULL, msgin5g_err_text(err));
    else
        http_respond_invalid(request, err == MSGIN5G_ERR_PAYLOAD_TOO_LARGE ? 413 : 400, MALFORMED_CAUSE,
            problem->member, problem->reason);
}

/* Deny by default: nobody speaks as an application server but who shows its certificate (TS 33.501 Y.4). */
static void refuse_stranger(struct as_api *api, struct http_request *request, struct msgin5g_str claimed)
{
    const struct tls_peer_names *names = http_request_peer(request);
    char shown[LOG_IDENTITY_LEN], text[MSGIN5G_SERVICE_ID_MAX + 1] = "";
    unsigned left_out;
    if (claimed.length < sizeof text)
        memcpy(text, claimed.octets, claimed.length);
    if (log_limit_take(&api->refusal_lines, loop_now_ms(api->loop), &left_out))
        log_warning("refused: application server is somebody else as_service_id=%s certificate=\"%s\" remote=%s "
                    "left_out=%u",
            log_identity(text, shown), names != NULL && names->count > 0 ? names->names[0] : "",
            http_request_remote(request), left_out);
    http_respond_problem(request, 403, "UNAUTHORIZED_ORIGINATOR", "this certificate is not that application server's");
}

/* @return the application server @p claimed when the caller may speak as it; else the request is answered. */
static struct application_server *admit(struct as_api *api, struct http_request *request, struct msgin5g_str claimed)
{
    struct msgin5g_service_id id;
    struct application_server *as = NULL;
    if (msgin5g_service_id_parse(claimed, &id) == MSGIN5G_OK)
        as = application_servers_find(api->all, &id);
    if (as != NULL && application_server_is(as, http_request_peer(request)))
        return as;
    refuse_stranger(api, request, claimed);
    return NULL;
}

/* ---- MSGS_ASRegistration (TS 29.538 5.2) ---- */

static void respond_registered(
    struct http_request *request, const struct application_server *as, const struct as_registration_result *result)
{
    uint8_t body[ANSWER_SIZE];
    size_t length = 0;
    char location[sizeof REGISTRATIONS + AS_REGISTRATION_ID_LEN + 2];
    const struct msgin5g_service_id *id = application_server_id(as);
    const struct http_header header = { "location", location };
    (void)snprintf(location, sizeof location, REGISTRATIONS "/%s", result->id);
    if (api_as_registration_ack_encode((struct msgin5g_str){ id->text, id->length }, 201, "Created", result->expiry_s,
            body, sizeof body, &length) == MSGIN5G_OK)
        respond_json(request, 201, body, length, &header, 1);
    else
        http_respond_problem(request, 500, NULL, NULL);
}

static void register_as(
    struct as_api *api, struct http_request *request, const struct api_as_registration *registration)
{
    struct as_registration_result result;
    struct application_server *as = admit(api, request, registration->as_service_id);
    if (as == NULL)
        return;
    enum msgin5g_err err = application_server_register(as, registration, &result);
    if (err == MSGIN5G_OK) {
        log_info("application server registered as_service_id=%s", application_server_id(as)->text);
        respond_registered(request, as, &result);
    } else if (err == MSGIN5G_ERR_NOT_AUTHORIZED) {
        http_respond_invalid(request, 403, "NOT_AUTHORIZED", "/targetUri", "not among the allowed targets");
    } else if (err == MSGIN5G_ERR_EXPIRED) {
        http_respond_invalid(request, 400, MALFORMED_CAUSE, "/reqExprTime", "is past");
    } else {
        http_respond_problem(request, 500, NULL, msgin5g_err_text(err));
    }
}

static void on_register(void *ctx, struct http_request *request)
{
    struct api_as_registration registration;
    struct api_problem problem = { "", NULL };
    if (!check_format(request))
        return;
    enum msgin5g_err err = api_as_registration_decode(http_request_body(request), &registration, &problem);
    if (err != MSGIN5G_OK) {
        refuse_body(request, err, &problem);
        return;
    }
    register_as(ctx, request, &registration);
    api_as_registration_free(&registration);
}

static void on_deregister(void *ctx, struct http_request *request)
{
    struct as_api *api = ctx;
    uint8_t body[ANSWER_SIZE];
    size_t length = 0;
    struct application_server *as =
        application_servers_registered(api->all, http_request_param(request, "registrationId"));
    /* Somebody else's registration looks like none. */
    if (as == NULL || !application_server_is(as, http_request_peer(request))) {
        http_respond_problem(request, 404, NULL, "there is no such registration");
        return;
    }
    const struct msgin5g_service_id *id = application_server_id(as);
    application_server_deregister(as);
    log_info("application server deregistered as_service_id=%s", id->text);
    if (api_as_registration_ack_encode(
            (struct msgin5g_str){ id->text, id->length }, 200, "OK", 0, body, sizeof body, &length) == MSGIN5G_OK)
        respond_json(request, 200, body, length, NULL, 0);
    else
        http_respond(request, &(struct http_answer){ .status = 204 });
}

/* ---- MSGS_MSGDelivery (TS 29.538 5.3) ---- */

/* What went into delivery, until its outcome is known. */
struct submitted {
    struct http_request *request;
    struct api_message message; /* of a message; of a report only message.message is used, */
    struct api_report report;   /* and this is what it points into */
};

static void submitted_free(struct submitted *submitted)
{
    api_message_free(&submitted->message);
    api_report_free(&submitted->report);
    free(submitted);
}

/* Accepted, stored and failed are all 200 with a status (EC-40); what was wrong with the request is its error. */
static void respond_outcome(struct submitted *submitted, const struct delivery_outcome *outcome)
{
    const struct msgin5g_message *message = &submitted->message.message;
    struct api_ack ack = { .ori = message->ori, .msg_id = message->msg_id };
    uint8_t body[ANSWER_SIZE];
    size_t length = 0;
    int status = msgin5g_err_http_status(outcome->err);
    if (outcome->err != MSGIN5G_OK) {
        ack.status = MSGIN5G_DELIVERY_FAILURE;
        ack.cause = msgin5g_str(msgin5g_err_cause(outcome->err));
    } else if (outcome->stored) {
        ack.status = MSGIN5G_DELIVERY_STORED;
    }
    if (status != 200)
        http_respond_problem(
            submitted->request, status, msgin5g_err_cause(outcome->err), msgin5g_err_text(outcome->err));
    else if (api_ack_encode(&ack, body, sizeof body, &length) == MSGIN5G_OK)
        respond_json(submitted->request, 200, body, length, NULL, 0);
    else
        http_respond_problem(submitted->request, 500, NULL, NULL);
    submitted_free(submitted);
}

static void on_outcome(void *ctx, const struct delivery_outcome *outcome)
{
    respond_outcome(ctx, outcome);
}

static void submit(struct as_api *api, struct submitted *submitted, const struct application_server *as)
{
    const struct submission submission = { .message = &submitted->message.message,
        .originator = application_server_id(as),
        .body = http_request_body(submitted->request),
        .confirmable = true };
    struct delivery_outcome outcome;
    struct delivery_pending *pending = delivery_submit(api->delivery, &submission, &outcome);
    if (pending != NULL)
        delivery_await(pending, on_outcome, submitted);
    else
        respond_outcome(submitted, &outcome);
}

typedef enum msgin5g_err decode_fn(struct msgin5g_str body, struct submitted *out, struct api_problem *problem);

static enum msgin5g_err decode_message(struct msgin5g_str body, struct submitted *out, struct api_problem *problem)
{
    return api_message_decode(API_MESSAGE_AS, body, &out->message, problem);
}

static enum msgin5g_err decode_report(struct msgin5g_str body, struct submitted *out, struct api_problem *problem)
{
    enum msgin5g_err err = api_report_decode(body, &out->report, problem);
    if (err == MSGIN5G_OK)
        out->message.message = out->report.message;
    return err;
}

static void take(struct as_api *api, struct http_request *request, decode_fn *decode)
{
    struct api_problem problem = { "", NULL };
    if (!check_format(request))
        return;
    struct submitted *submitted = calloc(1, sizeof *submitted);
    if (submitted == NULL) {
        http_respond_problem(request, 500, NULL, msgin5g_err_text(MSGIN5G_ERR_NO_MEMORY));
        return;
    }
    submitted->request = request;
    enum msgin5g_err err = decode(http_request_body(request), submitted, &problem);
    if (err != MSGIN5G_OK) {
        refuse_body(request, err, &problem);
        submitted_free(submitted);
        return;
    }
    const struct application_server *as = admit(api, request, submitted->message.message.ori.addr);
    if (as == NULL)
        submitted_free(submitted);
    else
        submit(api, submitted, as);
}

static void on_message(void *ctx, struct http_request *request)
{
    take(ctx, request, decode_message);
}

static void on_report(void *ctx, struct http_request *request)
{
    take(ctx, request, decode_report);
}

static const struct http_route routes[] = {
    { "POST", REGISTRATIONS, NULL, on_register },
    { "DELETE", REGISTRATIONS "/{registrationId}", NULL, on_deregister },
    { "POST", DELIVERY "/deliver-as-message", NULL, on_message },
    { "POST", DELIVERY "/deliver-report", NULL, on_report },
    { NULL, NULL, NULL, NULL },
};

/* ---- the listener ---- */

static enum msgin5g_err set_up_tls(struct as_api *api, const struct server_config *config)
{
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

enum msgin5g_err as_api_create(struct loop *loop, const struct server_config *config, struct application_servers *all,
    struct delivery *delivery, struct metrics *metrics, struct as_api **out)
{
    *out = NULL;
    if (*config->api.certificate == '\0')
        return MSGIN5G_OK;
    struct as_api *api = calloc(1, sizeof *api);
    if (api == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    api->loop = loop;
    api->all = all;
    api->delivery = delivery;
    enum msgin5g_err err = set_up_tls(api, config);
    const struct http_server_config server = { .host = config->api.host,
        .port = (uint16_t)config->api.port,
        .tls = api->tls,
        .limits = { .connections = (size_t)config->api.connections },
        .routes = routes,
        .ctx = api,
        .metrics = metrics,
        .metrics_label = "api" };
    if (err == MSGIN5G_OK && (err = http_server_create(loop, &server, &api->server)) != MSGIN5G_OK)
        log_error("cannot listen for application servers host=%s port=%d problem=\"%s\"", config->api.host,
            (int)config->api.port, msgin5g_err_text(err));
    if (err != MSGIN5G_OK) {
        as_api_free(api);
        return err;
    }
    *out = api;
    return MSGIN5G_OK;
}

void as_api_drain(struct as_api *api)
{
    if (api != NULL)
        http_server_drain(api->server);
}

size_t as_api_connections(const struct as_api *api)
{
    return api != NULL ? http_server_connections(api->server) : 0;
}

enum msgin5g_err as_api_reload_certificate(struct as_api *api, char *problem, size_t problem_size)
{
    return api != NULL ? tls_context_reload(api->tls, problem, problem_size) : MSGIN5G_OK;
}

void as_api_free(struct as_api *api)
{
    if (api == NULL)
        return;
    http_server_free(api->server);
    tls_context_free(api->tls);
    free(api);
}

uint16_t as_api_port(const struct as_api *api)
{
    return api != NULL ? http_server_port(api->server) : 0;
}
