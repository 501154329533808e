/* MSGS_ASRegistration (TS 29.538 5.2). */
#include "api_internal.h"

#include <stdio.h>

static void respond_registered(
    struct http_request *request, const struct msgin5g_service_id *id, const struct as_registration_result *result)
{
    uint8_t body[API_ANSWER_SIZE];
    size_t length = 0;
    char location[sizeof API_AS_REGISTRATIONS + AS_REGISTRATION_ID_LEN + 2];
    const struct http_header header = { "location", location };
    (void)snprintf(location, sizeof location, API_AS_REGISTRATIONS "/%s", result->id);
    if (api_as_registration_ack_encode((struct msgin5g_str){ id->text, id->length }, 201, "Created", result->expiry_s,
            body, sizeof body, &length) == MSGIN5G_OK)
        http_respond(request, &(struct http_answer){ .status = 201,
                                  .content_type = "application/json",
                                  .body = body,
                                  .length = length,
                                  .headers = &header,
                                  .header_count = 1 });
    else
        http_respond_problem(request, 500, NULL, NULL);
}

/* @return the application server @p claimed when the caller is it; else the request is answered. */
static struct application_server *admit(struct api *api, struct http_request *request, struct msgin5g_str claimed)
{
    struct msgin5g_service_id id;
    struct application_server *as = NULL;
    if (msgin5g_service_id_parse(claimed, &id) == MSGIN5G_OK)
        as = application_servers_find(api->neighbours->application_servers, &id);
    if (as != NULL && party_is(application_server_party(as), http_request_peer(request)))
        return as;
    api_refuse_stranger(api, request, claimed);
    return NULL;
}

static void register_as(struct api *api, struct http_request *request, const struct api_as_registration *registration)
{
    struct as_registration_result result;
    struct application_server *as = admit(api, request, registration->as_service_id);
    if (as == NULL)
        return;
    const struct msgin5g_service_id *id = &application_server_party(as)->id;
    enum msgin5g_err err = application_server_register(as, registration, &result);
    if (err == MSGIN5G_OK) {
        log_info("application server registered as_service_id=%s", id->text);
        delivery_changed(api->delivery, id->text);
        respond_registered(request, id, &result);
    } else if (err == MSGIN5G_ERR_NOT_AUTHORIZED) {
        http_respond_invalid(request, 403, "NOT_AUTHORIZED", "/targetUri", "not among the allowed targets");
    } else if (err == MSGIN5G_ERR_EXPIRED) {
        http_respond_invalid(request, 400, API_MALFORMED_CAUSE, "/reqExprTime", "is past");
    } else {
        http_respond_problem(request, 500, NULL, msgin5g_err_text(err));
    }
}

void as_registration_on_register(void *ctx, struct http_request *request)
{
    struct api_as_registration registration;
    struct api_problem problem = { "", NULL };
    if (!api_check_format(request))
        return;
    enum msgin5g_err err = api_as_registration_decode(http_request_body(request), &registration, &problem);
    if (err != MSGIN5G_OK) {
        api_refuse_body(request, err, &problem);
        return;
    }
    register_as(ctx, request, &registration);
    api_as_registration_free(&registration);
}

void as_registration_on_deregister(void *ctx, struct http_request *request)
{
    struct api *api = ctx;
    uint8_t body[API_ANSWER_SIZE];
    size_t length = 0;
    struct application_server *as = application_servers_registered(
        api->neighbours->application_servers, http_request_param(request, "registrationId"));
    /* Somebody else's registration looks like none. */
    if (as == NULL || !party_is(application_server_party(as), http_request_peer(request))) {
        http_respond_problem(request, 404, NULL, "there is no such registration");
        return;
    }
    const struct msgin5g_service_id *id = &application_server_party(as)->id;
    application_server_deregister(as);
    log_info("application server deregistered as_service_id=%s", id->text);
    if (api_as_registration_ack_encode(
            (struct msgin5g_str){ id->text, id->length }, 200, "OK", 0, body, sizeof body, &length) == MSGIN5G_OK)
        api_respond(request, 200, body, length);
    else
        http_respond(request, &(struct http_answer){ .status = 204 });
}
