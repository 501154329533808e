#include "application_servers.h"

#include "base/log.h"
#include "base/secret.h"
#include "hash.h"
#include "http_services.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct application_server {
    struct party party;
    UT_hash_handle hh;
    struct application_servers *all;
    const struct application_server_config *config;
    char registration_id[AS_REGISTRATION_ID_LEN + 1]; /* "": not registered */
    struct loop_timer expiry;
    struct target_uri target; /* where it is pushed to now */
};

struct application_servers {
    struct origins *origins;
    const struct way_http_config *way_config;
    int64_t registration_max_s;
    struct application_server *by_id;
};

/* ---- where to push ---- */

static void aim(struct application_server *as, const struct target_uri *target)
{
    as->target = *target;
    party_aim(&as->party, as->all->origins, &as->target);
}

static void aim_at_configured(struct application_server *as)
{
    struct target_uri target;
    if (*as->config->target != '\0' && target_uri_parse(msgin5g_str(as->config->target), &target) == MSGIN5G_OK)
        aim(as, &target);
    else
        party_aim(&as->party, as->all->origins, NULL);
}

static bool within(const struct target_uri *uri, const char *allowed)
{
    struct target_uri base;
    return target_uri_parse(msgin5g_str(allowed), &base) == MSGIN5G_OK && target_uri_within(uri, &base);
}

static bool target_allowed(const struct application_server_config *config, const struct target_uri *uri)
{
    if (*config->target != '\0' && within(uri, config->target))
        return true;
    for (size_t i = 0; i < config->allowed_targets.count; i++) {
        if (within(uri, config->allowed_targets.values[i]))
            return true;
    }
    return false;
}

/* ---- objects ---- */

static void on_expiry(void *ctx)
{
    struct application_server *as = ctx;
    log_info("registration of application server expired as_service_id=%s", as->party.id.text);
    application_server_deregister(as);
}

static enum msgin5g_err add_origins(struct origins *origins, const struct application_server_config *config)
{
    enum msgin5g_err err = MSGIN5G_OK;
    if (*config->target != '\0')
        err = origins_add(origins, config->target);
    for (size_t i = 0; i < config->allowed_targets.count && err == MSGIN5G_OK; i++)
        err = origins_add(origins, config->allowed_targets.values[i]);
    return err;
}

static enum msgin5g_err add(struct application_servers *all, const struct application_server_config *config)
{
    struct application_server *as = calloc(1, sizeof *as), *same;
    if (as == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    as->all = all;
    as->config = config;
    loop_timer_init(&as->expiry, on_expiry, as);
    party_init(&as->party, config->id, &config->certificates, all->way_config, &http_service_as);
    HASH_FIND(hh, all->by_id, as->party.id.text, as->party.id.length, same);
    if (same != NULL) {
        log_error("application_servers: two entries with the same id=%s", as->party.id.text);
        free(as);
        return MSGIN5G_ERR_CONFIG;
    }
    HASH_ADD(hh, all->by_id, party.id.text[0], as->party.id.length, as);
    if (!HASH_ADDED(as)) {
        free(as);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    aim_at_configured(as);
    return MSGIN5G_OK;
}

enum msgin5g_err application_servers_create(struct origins *origins, const struct way_http_config *way_config,
    const struct server_config *config, struct application_servers **out)
{
    const struct application_server_config *rows = config->application_servers.values;
    struct application_servers *all = calloc(1, sizeof *all);
    enum msgin5g_err err = MSGIN5G_OK;
    if (all == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    all->origins = origins;
    all->way_config = way_config;
    all->registration_max_s = config->api.as_registration_max_ms / 1000;
    for (size_t i = 0; i < config->application_servers.count && err == MSGIN5G_OK; i++) {
        err = add_origins(origins, &rows[i]);
        if (err == MSGIN5G_OK)
            err = add(all, &rows[i]);
    }
    if (err != MSGIN5G_OK) {
        application_servers_free(all);
        return err;
    }
    *out = all;
    return MSGIN5G_OK;
}

void application_servers_close(struct application_servers *all)
{
    struct application_server *as, *next;
    HASH_ITER (hh, all->by_id, as, next) {
        way_http_close(&as->party.way);
    }
}

static void release(struct application_server *as)
{
    loop_timer_cancel(as->all->way_config->loop, &as->expiry);
    free(as);
}

void application_servers_free(struct application_servers *all)
{
    if (all == NULL)
        return;
    struct application_server *as = all->by_id;
    HASH_CLEAR(hh, all->by_id); /* of the table alone */
    while (as != NULL) {
        struct application_server *next = as->hh.next;
        release(as);
        as = next;
    }
    free(all);
}

struct application_server *application_servers_find(
    const struct application_servers *all, const struct msgin5g_service_id *id)
{
    struct application_server *as;
    HASH_FIND(hh, all->by_id, id->text, id->length, as);
    return as;
}

struct party *application_server_party(struct application_server *as)
{
    return &as->party;
}

/* ---- registration ---- */

/* Rel-19 lets the AS ask for an end; one of Rel-18 stays until it goes. */
static enum msgin5g_err set_expiry(
    struct application_server *as, const struct api_as_registration *registration, int64_t *expiry_s)
{
    struct loop *loop = as->all->way_config->loop;
    int64_t left_s = registration->expiry_s - loop_utc_s(loop);
    *expiry_s = 0;
    loop_timer_cancel(loop, &as->expiry);
    if (registration->expiry_s == 0)
        return MSGIN5G_OK;
    if (left_s > as->all->registration_max_s)
        left_s = as->all->registration_max_s;
    *expiry_s = loop_utc_s(loop) + left_s;
    return loop_timer_set(loop, &as->expiry, left_s * 1000);
}

enum msgin5g_err application_server_register(
    struct application_server *as, const struct api_as_registration *registration, struct as_registration_result *out)
{
    struct target_uri target;
    uint8_t random[AS_REGISTRATION_ID_LEN / 2];
    bool named = registration->target_uri.length > 0;
    if (named &&
        (target_uri_parse(registration->target_uri, &target) != MSGIN5G_OK || !target_allowed(as->config, &target)))
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    if (registration->expiry_s != 0 && registration->expiry_s <= loop_utc_s(as->all->way_config->loop))
        return MSGIN5G_ERR_EXPIRED;
    enum msgin5g_err err = set_expiry(as, registration, &out->expiry_s);
    if (err != MSGIN5G_OK)
        return err;
    if (named)
        aim(as, &target);
    else
        aim_at_configured(as);
    secret_random(random, sizeof random);
    for (size_t i = 0; i < sizeof random; i++)
        (void)snprintf(as->registration_id + 2 * i, 3, "%02x", random[i]);
    memcpy(out->id, as->registration_id, sizeof out->id);
    return MSGIN5G_OK;
}

struct application_server *application_servers_registered(
    const struct application_servers *all, struct msgin5g_str registration_id)
{
    struct application_server *as, *next;
    if (registration_id.length != AS_REGISTRATION_ID_LEN)
        return NULL;
    HASH_ITER (hh, all->by_id, as, next) {
        if (memcmp(as->registration_id, registration_id.octets, AS_REGISTRATION_ID_LEN) == 0)
            return as;
    }
    return NULL;
}

void application_server_deregister(struct application_server *as)
{
    loop_timer_cancel(as->all->way_config->loop, &as->expiry);
    as->registration_id[0] = '\0';
    aim_at_configured(as);
}
