#include "application_servers.h"

#include "base/log.h"
#include "base/secret.h"
#include "hash.h"
#include "http/client.h"
#include "target_uri.h"
#include "way_as.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

#define PROBLEM_SIZE 256

/* Connections to one origin, shared by all application servers behind it. Made at the start: so the only hosts ever
 * connected to, and the only names ever resolved, are those of the configuration. */
struct origin {
    struct http_client *client;
    struct origin *next;
    char text[TARGET_ORIGIN_MAX + 1];
};

struct application_server {
    struct way_as way; /* first: a way of it is it */
    UT_hash_handle hh;
    struct application_servers *all;
    const struct application_server_config *config;
    struct msgin5g_service_id id;
    char registration_id[AS_REGISTRATION_ID_LEN + 1]; /* "": not registered */
    struct loop_timer expiry;
    struct target_uri target; /* where it is pushed to now; origin "": nowhere */
};

struct application_servers {
    struct loop *loop;
    const struct server_config *config;
    struct tls_context *tls;
    struct origin *origins;
    struct way_as_config way_config;
    char server_id[MSGIN5G_SERVICE_ID_MAX + 1];
    struct application_server *by_id;
};

/* ---- origins ---- */

static struct http_client *client_of(const struct application_servers *all, const char *origin)
{
    for (const struct origin *one = all->origins; one != NULL; one = one->next) {
        if (strcmp(one->text, origin) == 0)
            return one->client;
    }
    return NULL;
}

static enum msgin5g_err add_origin(struct application_servers *all, const char *text, struct metrics *metrics)
{
    struct target_uri uri;
    enum msgin5g_err err = target_uri_parse(msgin5g_str(text), &uri);
    if (err != MSGIN5G_OK || client_of(all, uri.origin) != NULL)
        return err;
    struct origin *origin = calloc(1, sizeof *origin);
    if (origin == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    (void)snprintf(origin->text, sizeof origin->text, "%s", uri.origin);
    LL_PREPEND(all->origins, origin);
    struct http_client_config client = { .url = origin->text,
        .tls = all->tls,
        .versions = HTTP_VERSION_ANY,
        .connections = (size_t)all->config->api.push_connections,
        .metrics = metrics,
        .metrics_label = "as" };
    err = http_client_create(all->loop, &client, &origin->client);
    if (err == MSGIN5G_ERR_INVALID)
        log_error("application_servers: no such host, or no port target=%s", origin->text);
    return err == MSGIN5G_ERR_INVALID ? MSGIN5G_ERR_CONFIG : err;
}

static enum msgin5g_err add_origins(
    struct application_servers *all, const struct application_server_config *config, struct metrics *metrics)
{
    enum msgin5g_err err = MSGIN5G_OK;
    if (*config->target != '\0')
        err = add_origin(all, config->target, metrics);
    for (size_t i = 0; i < config->allowed_targets.count && err == MSGIN5G_OK; i++)
        err = add_origin(all, config->allowed_targets.values[i], metrics);
    return err;
}

/* ---- where to push ---- */

static void aim(struct application_server *as, const struct target_uri *target)
{
    as->target = *target;
    way_as_aim(&as->way, client_of(as->all, as->target.origin), as->target.path);
}

static void aim_at_configured(struct application_server *as)
{
    struct target_uri target = { .origin = "" };
    if (*as->config->target != '\0')
        (void)target_uri_parse(msgin5g_str(as->config->target), &target); /* checked when it was read */
    aim(as, &target);
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
    log_info("registration of application server expired as_service_id=%s", as->id.text);
    application_server_deregister(as);
}

static enum msgin5g_err add(struct application_servers *all, const struct application_server_config *config)
{
    struct application_server *as = calloc(1, sizeof *as), *same;
    if (as == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    as->all = all;
    as->config = config;
    loop_timer_init(&as->expiry, on_expiry, as);
    way_as_init(&as->way, &all->way_config);
    enum msgin5g_err err = msgin5g_service_id_parse(msgin5g_str(config->id), &as->id);
    if (err == MSGIN5G_OK) {
        HASH_FIND(hh, all->by_id, as->id.text, as->id.length, same);
        if (same != NULL) {
            log_error("application_servers: two entries with the same id=%s", as->id.text);
            err = MSGIN5G_ERR_CONFIG;
        }
    }
    if (err == MSGIN5G_OK) {
        HASH_ADD(hh, all->by_id, id.text[0], as->id.length, as);
        err = HASH_ADDED(as) ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
    }
    if (err != MSGIN5G_OK) {
        free(as);
        return err;
    }
    aim_at_configured(as);
    return MSGIN5G_OK;
}

static enum msgin5g_err set_up_tls(struct application_servers *all)
{
    const struct server_config *config = all->config;
    char problem[PROBLEM_SIZE] = "";
    if (*config->api.certificate == '\0')
        return MSGIN5G_OK;
    const struct tls_context_config tls = { .certificate_file = config->api.certificate,
        .key_file = config->api.key,
        .ca_file = config->api.ca,
        .alpn = "h2,http/1.1",
        .key_log = config->debug_key_log,
        .key_log_file = *config->debug_key_log_file != '\0' ? config->debug_key_log_file : NULL };
    enum msgin5g_err err = tls_context_create(&tls, &all->tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("api: TLS cannot be set up problem=\"%s\"", problem);
    return err;
}

static void name_server(struct application_servers *all)
{
    const struct server_config *config = all->config;
    if (*config->api.server_id != '\0')
        (void)snprintf(all->server_id, sizeof all->server_id, "%s", config->api.server_id);
    else if (config->fqdns.count > 0)
        (void)snprintf(all->server_id, sizeof all->server_id, "im:msgin5g-server@%.200s", config->fqdns.values[0]);
}

enum msgin5g_err application_servers_create(struct loop *loop, const struct server_config *config,
    struct server_metrics *metrics, struct application_servers **out)
{
    const struct application_server_config *rows = config->application_servers.values;
    struct application_servers *all = calloc(1, sizeof *all);
    if (all == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    all->loop = loop;
    all->config = config;
    all->way_config = (struct way_as_config){
        .loop = loop, .server_id = all->server_id, .deadline_ms = config->api.push_deadline_ms, .metrics = metrics
    };
    name_server(all);
    enum msgin5g_err err = set_up_tls(all);
    for (size_t i = 0; i < config->application_servers.count && err == MSGIN5G_OK; i++) {
        err = add_origins(all, &rows[i], metrics->registry);
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

enum msgin5g_err application_servers_reload_certificate(
    struct application_servers *all, char *problem, size_t problem_size)
{
    enum msgin5g_err err = all->tls != NULL ? tls_context_reload(all->tls, problem, problem_size) : MSGIN5G_OK;
    for (struct origin *one = all->origins; one != NULL && err == MSGIN5G_OK; one = one->next)
        http_client_renew(one->client);
    return err;
}

void application_servers_close(struct application_servers *all)
{
    struct application_server *as, *next;
    if (all == NULL)
        return;
    HASH_ITER (hh, all->by_id, as, next) {
        way_as_close(&as->way);
    }
}

static void release(struct application_server *as)
{
    loop_timer_cancel(as->all->loop, &as->expiry);
    free(as);
}

void application_servers_free(struct application_servers *all)
{
    struct origin *origin, *next_origin;
    if (all == NULL)
        return;
    struct application_server *as = all->by_id;
    HASH_CLEAR(hh, all->by_id); /* of the table alone */
    while (as != NULL) {
        struct application_server *next = as->hh.next;
        release(as);
        as = next;
    }
    LL_FOREACH_SAFE (all->origins, origin, next_origin) {
        http_client_free(origin->client);
        free(origin);
    }
    tls_context_free(all->tls);
    free(all);
}

/* ---- questions ---- */

struct application_server *application_servers_find(
    const struct application_servers *all, const struct msgin5g_service_id *id)
{
    struct application_server *as;
    HASH_FIND(hh, all->by_id, id->text, id->length, as);
    return as;
}

bool application_server_is(const struct application_server *as, const struct tls_peer_names *names)
{
    const struct config_strings *allowed = &as->config->certificates;
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        for (size_t k = 0; k < allowed->count; k++) {
            if (strcasecmp(names->names[i], allowed->values[k]) == 0)
                return true;
        }
    }
    return false;
}

const struct msgin5g_service_id *application_server_id(const struct application_server *as)
{
    return &as->id;
}

struct way *application_server_way(struct application_server *as)
{
    return as->way.client != NULL ? &as->way.way : NULL;
}

/* ---- registration ---- */

/* Rel-19 lets the AS ask for an end; one of Rel-18 stays until it goes. */
static enum msgin5g_err set_expiry(
    struct application_server *as, const struct api_as_registration *registration, int64_t *expiry_s)
{
    struct application_servers *all = as->all;
    int64_t left_s = registration->expiry_s - loop_utc_s(all->loop);
    int64_t most_s = all->config->api.as_registration_max_ms / 1000;
    *expiry_s = 0;
    loop_timer_cancel(all->loop, &as->expiry);
    if (registration->expiry_s == 0)
        return MSGIN5G_OK;
    if (left_s > most_s)
        left_s = most_s;
    *expiry_s = loop_utc_s(all->loop) + left_s;
    return loop_timer_set(all->loop, &as->expiry, left_s * 1000);
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
    if (registration->expiry_s != 0 && registration->expiry_s <= loop_utc_s(as->all->loop))
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
    loop_timer_cancel(as->all->loop, &as->expiry);
    as->registration_id[0] = '\0';
    aim_at_configured(as);
}
