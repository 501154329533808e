#include "gateways.h"

#include "base/log.h"
#include "hash.h"
#include "http_services.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define ANYBODY "*"

struct gateway {
    struct party party;
    struct gateways *all;
    const struct gateway_config *config;
    struct target_uri target;
    struct gateway *next;
};

struct gateway_ue {
    UT_hash_handle hh;
    struct gateway *gateway;
    struct loop_timer expiry; /* not set: by configuration */
    struct msgin5g_service_id id;
};

struct gateways {
    struct loop *loop;
    size_t max_ues;
    struct gateway *list;
    struct gateway_ue *ues;
};

static bool listed(const struct config_strings *list, const char *text)
{
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->values[i], text) == 0)
            return true;
    }
    return false;
}

/* ---- UEs ---- */

static struct gateway_ue *find_ue(const struct gateways *all, const struct msgin5g_service_id *id)
{
    struct gateway_ue *ue;
    HASH_FIND(hh, all->ues, id->text, id->length, ue);
    return ue;
}

static void remove_ue(struct gateway_ue *ue)
{
    struct gateways *all = ue->gateway->all;
    loop_timer_cancel(all->loop, &ue->expiry);
    HASH_DELETE(hh, all->ues, ue);
    free(ue);
}

static void on_expiry(void *ctx)
{
    struct gateway_ue *ue = ctx;
    char shown[LOG_IDENTITY_LEN];
    log_debug("registration behind a gateway expired ue_service_id=%s", log_identity(ue->id.text, shown));
    remove_ue(ue);
}

static struct gateway_ue *add_ue(struct gateway *gateway, const struct msgin5g_service_id *id)
{
    struct gateways *all = gateway->all;
    struct gateway_ue *ue = calloc(1, sizeof *ue);
    if (ue == NULL)
        return NULL;
    ue->gateway = gateway;
    ue->id = *id;
    loop_timer_init(&ue->expiry, on_expiry, ue);
    HASH_ADD(hh, all->ues, id.text[0], id->length, ue);
    if (HASH_ADDED(ue))
        return ue;
    free(ue);
    return NULL;
}

enum msgin5g_err gateway_register_ue(struct gateway *gateway, const struct msgin5g_service_id *id, int64_t lifetime_s)
{
    struct gateways *all = gateway->all;
    const struct config_strings *allowed = &gateway->config->allowed_ues;
    struct gateway_ue *ue = find_ue(all, id);
    bool static_elsewhere = ue != NULL && ue->expiry.heap_index == 0 && ue->gateway != gateway;
    if (gateway->config->kind == GATEWAY_BMG || static_elsewhere ||
        (!listed(allowed, ANYBODY) && !listed(allowed, id->text) && !listed(&gateway->config->ues, id->text)))
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    if (ue != NULL && ue->expiry.heap_index == 0)
        return MSGIN5G_OK; /* by configuration: for good */
    if (ue == NULL && HASH_COUNT(all->ues) >= all->max_ues)
        return MSGIN5G_ERR_LIMIT;
    if (ue == NULL && (ue = add_ue(gateway, id)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    ue->gateway = gateway;
    enum msgin5g_err err = loop_timer_set(all->loop, &ue->expiry, lifetime_s * 1000);
    if (err != MSGIN5G_OK)
        remove_ue(ue);
    return err;
}

enum msgin5g_err gateway_deregister_ue(struct gateway *gateway, const struct msgin5g_service_id *id)
{
    struct gateway_ue *ue = find_ue(gateway->all, id);
    if (ue == NULL || ue->gateway != gateway || ue->expiry.heap_index == 0)
        return MSGIN5G_ERR_NOT_REGISTERED;
    remove_ue(ue);
    return MSGIN5G_OK;
}

/* ---- gateways ---- */

static enum msgin5g_err add_configured_ues(struct gateway *gateway)
{
    const struct config_strings *ues = &gateway->config->ues;
    for (size_t i = 0; i < ues->count; i++) {
        struct msgin5g_service_id id;
        if (msgin5g_service_id_parse(msgin5g_str(ues->values[i]), &id) != MSGIN5G_OK)
            return MSGIN5G_ERR_CONFIG; /* checked when it was read */
        if (find_ue(gateway->all, &id) != NULL) {
            log_error("gateways: a UE behind two of them id=%s", id.text);
            return MSGIN5G_ERR_CONFIG;
        }
        if (add_ue(gateway, &id) == NULL)
            return MSGIN5G_ERR_NO_MEMORY;
    }
    return MSGIN5G_OK;
}

static enum msgin5g_err add(struct gateways *all, struct origins *origins, const struct way_http_config *way_config,
    const struct gateway_config *config)
{
    static const struct way_http_service *const services[] = {
        [GATEWAY_L3G] = &http_service_l3g,
        [GATEWAY_N3G] = &http_service_n3g,
        [GATEWAY_BMG] = &http_service_bmg,
    };
    enum msgin5g_err err = origins_add(origins, config->url);
    if (err != MSGIN5G_OK)
        return err;
    struct gateway *gateway = calloc(1, sizeof *gateway);
    if (gateway == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    gateway->all = all;
    gateway->config = config;
    party_init(&gateway->party, config->id, &config->certificates, way_config, services[config->kind]);
    if (target_uri_parse(msgin5g_str(config->url), &gateway->target) == MSGIN5G_OK)
        party_aim(&gateway->party, origins, &gateway->target);
    LL_APPEND(all->list, gateway);
    return add_configured_ues(gateway);
}

enum msgin5g_err gateways_create(struct origins *origins, const struct way_http_config *way_config,
    const struct server_config *config, struct gateways **out)
{
    const struct gateway_config *rows = config->gateways.values;
    struct gateways *all = calloc(1, sizeof *all);
    enum msgin5g_err err = MSGIN5G_OK;
    if (all == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    all->loop = way_config->loop;
    all->max_ues = (size_t)config->max_registrations;
    for (size_t i = 0; i < config->gateways.count && err == MSGIN5G_OK; i++)
        err = add(all, origins, way_config, &rows[i]);
    if (err != MSGIN5G_OK) {
        gateways_free(all);
        return err;
    }
    *out = all;
    return MSGIN5G_OK;
}

void gateways_close(struct gateways *all)
{
    struct gateway *gateway;
    LL_FOREACH (all->list, gateway)
        way_http_close(&gateway->party.way);
}

static void ue_free(struct gateways *all, struct gateway_ue *ue)
{
    loop_timer_cancel(all->loop, &ue->expiry);
    free(ue);
}

void gateways_free(struct gateways *all)
{
    struct gateway *gateway, *next;
    if (all == NULL)
        return;
    struct gateway_ue *ue = all->ues;
    HASH_CLEAR(hh, all->ues); /* of the table alone */
    while (ue != NULL) {
        struct gateway_ue *following = ue->hh.next;
        ue_free(all, ue);
        ue = following;
    }
    LL_FOREACH_SAFE (all->list, gateway, next)
        free(gateway);
    free(all);
}

struct gateway *gateways_find(const struct gateways *all, const struct msgin5g_service_id *id)
{
    struct gateway *gateway;
    LL_FOREACH (all->list, gateway) {
        if (strcmp(gateway->party.id.text, id->text) == 0)
            return gateway;
    }
    return NULL;
}

struct gateway *gateways_of_ue(const struct gateways *all, const struct msgin5g_service_id *id)
{
    const struct gateway_ue *ue = find_ue(all, id);
    return ue != NULL ? ue->gateway : NULL;
}

struct gateway *gateways_of_area(const struct gateways *all, struct msgin5g_str area)
{
    char text[MSGIN5G_SERVICE_ID_MAX + 1];
    struct gateway *gateway;
    if (area.length > MSGIN5G_SERVICE_ID_MAX)
        return NULL;
    memcpy(text, area.octets, area.length);
    text[area.length] = '\0';
    LL_FOREACH (all->list, gateway) {
        const struct gateway_config *config = gateway->config;
        if (config->kind == GATEWAY_BMG && (listed(&config->areas, ANYBODY) || listed(&config->areas, text)))
            return gateway;
    }
    return NULL;
}

bool gateway_may_broadcast(
    const struct gateway *gateway, enum msgin5g_addr_type type, const struct msgin5g_service_id *originator)
{
    return type == MSGIN5G_ADDR_AS || listed(&gateway->config->senders, ANYBODY) ||
           listed(&gateway->config->senders, originator->text);
}

struct party *gateway_party(struct gateway *gateway)
{
    return &gateway->party;
}
