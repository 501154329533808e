/* Registration of UEs behind message gateways, one or many at a time (TS 23.554 8.2.3, 8.2.4, 8.2.9; EC-19). */
#include "api_internal.h"

#include <stdlib.h>
#include <string.h>

#define RESULT_OCTETS (MSGIN5G_SERVICE_ID_MAX * 6 + 128) /* of one entry, were every character escaped */

static int64_t clamp(const struct server_config *config, int64_t wish_s)
{
    int64_t least_s = config->registration_min_ms / 1000, most_s = config->registration_max_ms / 1000;
    if (wish_s == MSGIN5G_REG_EXP_TIME_NONE)
        return config->registration_default_ms / 1000;
    return wish_s < least_s ? least_s : wish_s > most_s ? most_s : wish_s;
}

/* The gateway @p mgw_service_id when the caller is it. */
static struct gateway *admitted(
    const struct api *api, const struct http_request *request, struct msgin5g_str mgw_service_id)
{
    struct msgin5g_service_id id;
    struct gateway *gateway = NULL;
    if (msgin5g_service_id_parse(mgw_service_id, &id) == MSGIN5G_OK)
        gateway = gateways_find(api->neighbours->gateways, &id);
    return gateway != NULL && party_is(gateway_party(gateway), http_request_peer(request)) ? gateway : NULL;
}

/* A UE that speaks for itself, or is bound to a SIM, belongs to no gateway. */
static bool is_own_ue(const struct api *api, const struct msgin5g_service_id *id)
{
    struct route_target target;
    router_target(api->router, id, &target);
    return target.registration != NULL || router_binds(api->router, id) || target.type == MSGIN5G_ADDR_AS;
}

static enum msgin5g_err register_one(
    const struct api *api, struct gateway *gateway, const struct api_ue_registration *entry, int64_t *lifetime_s)
{
    struct msgin5g_service_id id;
    *lifetime_s = clamp(api->config, entry->lifetime_s);
    enum msgin5g_err err = msgin5g_service_id_parse(entry->ue_service_id, &id);
    if (err == MSGIN5G_OK && is_own_ue(api, &id))
        err = MSGIN5G_ERR_NOT_AUTHORIZED;
    if (err == MSGIN5G_OK)
        err = gateway_register_ue(gateway, &id, *lifetime_s);
    if (err == MSGIN5G_OK)
        delivery_changed(api->delivery, id.text);
    return err;
}

static void respond_results(
    struct http_request *request, const struct api_ue_registration_result *results, size_t count, bool bulk, int status)
{
    size_t length = 0, capacity = API_ANSWER_SIZE + count * RESULT_OCTETS;
    uint8_t *body = malloc(capacity);
    if (body != NULL && api_ue_registration_results_encode(results, count, bulk, body, capacity, &length) == MSGIN5G_OK)
        api_respond(request, status, body, length);
    else
        http_respond_problem(request, 500, NULL, NULL);
    free(body);
}

/* Each entry is verified and answered by itself (TS 23.554 8.2.9). */
static void register_all(
    struct api *api, struct http_request *request, const struct api_ue_registrations *registrations, bool bulk)
{
    struct api_ue_registration_result *results = calloc(registrations->count, sizeof *results);
    int status = 200;
    if (results == NULL) {
        http_respond_problem(request, 500, NULL, msgin5g_err_text(MSGIN5G_ERR_NO_MEMORY));
        return;
    }
    for (size_t i = 0; i < registrations->count; i++) {
        const struct api_ue_registration *entry = &registrations->list[i];
        struct gateway *gateway = admitted(api, request, entry->mgw_service_id);
        if (gateway == NULL && !bulk) {
            api_refuse_stranger(api, request, entry->mgw_service_id);
            free(results);
            return;
        }
        enum msgin5g_err err = gateway != NULL ? register_one(api, gateway, entry, &results[i].lifetime_s)
                                               : MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR;
        results[i].ue_service_id = entry->ue_service_id;
        if (err != MSGIN5G_OK)
            results[i].cause = msgin5g_str(msgin5g_err_cause(err));
        if (!bulk)
            status = err == MSGIN5G_OK ? 201 : msgin5g_err_http_status(err);
    }
    respond_results(request, results, registrations->count, bulk, status);
    free(results);
}

static void take(struct api *api, struct http_request *request, bool bulk)
{
    struct api_problem problem = { "", NULL };
    if (!api_check_format(request))
        return;
    struct api_ue_registrations *registrations = calloc(1, sizeof *registrations);
    if (registrations == NULL) {
        http_respond_problem(request, 500, NULL, msgin5g_err_text(MSGIN5G_ERR_NO_MEMORY));
        return;
    }
    enum msgin5g_err err = api_ue_registrations_decode(http_request_body(request), bulk, registrations, &problem);
    if (err == MSGIN5G_OK)
        register_all(api, request, registrations, bulk);
    else
        api_refuse_body(request, err, &problem);
    api_ue_registrations_free(registrations);
    free(registrations);
}

void ue_registration_on_register(void *ctx, struct http_request *request)
{
    take(ctx, request, false);
}

void ue_registration_on_bulk(void *ctx, struct http_request *request)
{
    take(ctx, request, true);
}

void ue_registration_on_deregister(void *ctx, struct http_request *request)
{
    struct api *api = ctx;
    struct msgin5g_service_id id;
    struct gateway *gateway = NULL;
    if (msgin5g_service_id_parse(http_request_param(request, "ueSvcId"), &id) == MSGIN5G_OK)
        gateway = gateways_of_ue(api->neighbours->gateways, &id);
    /* A UE behind somebody else's gateway looks like none. */
    if (gateway == NULL || !party_is(gateway_party(gateway), http_request_peer(request)) ||
        gateway_deregister_ue(gateway, &id) != MSGIN5G_OK)
        http_respond_problem(request, 404, "NOT_REGISTERED", "there is no such registration");
    else
        http_respond(request, &(struct http_answer){ .status = 204 });
}
