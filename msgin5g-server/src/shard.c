#include "shard.h"

#include "af_callbacks.h"
#include "akma/naanf.h"
#include "api.h"
#include "audit.h"
#include "base/log.h"
#include "delivery.h"
#include "directory.h"
#include "dispatch.h"
#include "endpoint.h"
#include "establishment.h"
#include "groups_local.h"
#include "handshake.h"
#include "identity.h"
#include "psk_source.h"
#include "registration.h"
#include "registration_records.h"
#include "router.h"
#include "segments.h"
#include "server_metrics.h"
#include "topic_records.h"
#include "ue_configuration.h"

#include <stdlib.h>

#define NEGATIVE_CACHE_MS 5000 /* a refused A-KID is not asked about again for this long (D3) */
#define PROBLEM_SIZE      256

struct shard {
    struct loop *loop;
    const struct server_config *config;
    struct metrics *registry;
    struct store *store;
    struct store_door *door;
    struct server_metrics *metrics;
    struct identity_map *map;
    struct tls_context *aanf_tls; /* NULL: http */
    struct akma_af *af;
    struct psk_source *source;
    struct handshakes *handshakes;
    struct establishments *establishments; /* NULL: listen.oscore is off */
    struct directory *directory;
    struct registrations *registrations;
    struct router *router;
    struct groups *groups;
    struct topics *topics;
    struct registration_records registration_records;
    struct topic_records topic_records;
    struct audit *audit;
    struct delivery *delivery;
    struct segments *segments;
    struct dispatch *dispatch;
    struct endpoint *endpoint;
    struct af_callbacks *callbacks; /* NULL: aanf.notif_uri is empty */
    struct neighbours neighbours;
    struct assignments *assignments;
    struct ue_configuration *configuration;
    struct api *api; /* NULL: api.certificate is empty */
};

static enum msgin5g_err create_aanf_tls(struct shard *shard)
{
    const struct server_config *config = shard->config;
    char problem[PROBLEM_SIZE] = "";
    struct tls_context_config tls = { .certificate_file =
                                          *config->aanf_certificate != '\0' ? config->aanf_certificate : NULL,
        .key_file = *config->aanf_key != '\0' ? config->aanf_key : NULL,
        .ca_file = config->aanf_ca,
        .alpn = "h2",
        .key_log = config->debug_key_log,
        .key_log_file = *config->debug_key_log_file != '\0' ? config->debug_key_log_file : NULL };
    if (*config->aanf_ca == '\0')
        return MSGIN5G_OK;
    enum msgin5g_err err = tls_context_create(&tls, &shard->aanf_tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("aanf: TLS cannot be set up problem=\"%s\"", problem);
    return err;
}

static enum msgin5g_err create_key_source(struct shard *shard)
{
    const struct server_config *config = shard->config;
    enum msgin5g_err err = create_aanf_tls(shard);
    char notif_uri[NAANF_NOTIF_URI_MAX + 1] = "";
    if (*config->aanf_notif_uri != '\0')
        (void)snprintf(notif_uri, sizeof notif_uri, "%s" AF_CALLBACKS_PATH, config->aanf_notif_uri);
    struct akma_af_config af = { .aanf_url = config->aanf_url,
        .redirect_urls = (const char *const *)config->aanf_redirect_urls.values,
        .redirect_url_count = config->aanf_redirect_urls.count,
        .notif_uri = notif_uri,
        .tls = shard->aanf_tls,
        .token_url = *config->aanf_token_url != '\0' ? config->aanf_token_url : NULL,
        .nf_instance_id = config->aanf_nf_instance_id,
        .token_scope = config->aanf_token_scope,
        .deadline_ms = config->aanf_deadline_ms,
        .cache_entries = (size_t)config->aanf_cached_keys,
        .pending = (size_t)config->pending_peers,
        .negative_ms = NEGATIVE_CACHE_MS,
        .metrics = shard->registry };
    if (err == MSGIN5G_OK)
        err = akma_af_create(shard->loop, &af, &shard->af);
    if (err == MSGIN5G_OK)
        err = psk_source_create(shard->af, &shard->source);
    return err;
}

static enum msgin5g_err create_handshakes(struct shard *shard)
{
    static const struct handshake_transport transport = { .scheme = transport_session_scheme,
        .suite = transport_session_suite,
        .is_1_3 = transport_session_is_1_3,
        .remote = transport_session_remote,
        .cookie_valid = transport_session_cookie_valid,
        .refuse = transport_session_refuse,
        .replay = transport_session_replay };
    return handshakes_create(shard->loop, shard->config, &transport, shard->source, shard->metrics, &shard->handshakes);
}

static enum msgin5g_err create_establishments(struct shard *shard)
{
    const struct establishment_ops ops = endpoint_establishment_ops(shard->endpoint);
    if (!shard->config->oscore_enabled)
        return MSGIN5G_OK;
    return establishments_create(shard->loop, shard->config, &ops, shard->af, shard->metrics, &shard->establishments);
}

static enum msgin5g_err create_audit(struct shard *shard)
{
    const struct server_config *config = shard->config;
    const struct audit_config audit = { config->audit_enabled, config->audit_file, config->audit_lines_per_second };
    return audit_create(shard->loop, &audit, &shard->audit);
}

static void on_changed(void *ctx, const char *ue_service_id)
{
    struct shard *shard = ctx;
    if (shard->delivery != NULL)
        delivery_changed(shard->delivery, ue_service_id);
}

static enum msgin5g_err create_registrations(struct shard *shard)
{
    const struct server_config *config = shard->config;
    struct registrations_config registrations = { .default_s = config->registration_default_ms / 1000,
        .min_s = config->registration_min_ms / 1000,
        .max_s = config->registration_max_ms / 1000,
        .max = (size_t)config->max_registrations,
        .per_session = (size_t)config->registrations_per_session,
        .per_gateway = (size_t)config->registrations_per_gateway,
        .allow_anonymous = config->allow_anonymous,
        .superseded = endpoint_superseded,
        .ctx = shard->endpoint,
        .changed = on_changed,
        .changed_ctx = shard,
        .keep = registration_records_keep,
        .keep_ctx = &shard->registration_records };
    enum msgin5g_err err = store_door_create(shard->store, shard->loop, &shard->door);
    if (err == MSGIN5G_OK)
        err = directory_create(&shard->directory);
    if (err == MSGIN5G_OK)
        err = registrations_create(
            shard->loop, &registrations, shard->directory, shard->map, shard->metrics, &shard->registrations);
    if (err != MSGIN5G_OK)
        return err;
    shard->registration_records = (struct registration_records){
        .door = shard->door, .registrations = shard->registrations, .loop = shard->loop
    };
    return registration_records_load(&shard->registration_records);
}

static enum msgin5g_err create_audiences(struct shard *shard)
{
    const struct server_config *config = shard->config;
    struct topics_config topics = { .default_s = config->topic_default_ms / 1000,
        .max_s = config->topic_max_ms / 1000,
        .empty_s = config->topic_empty_ms / 1000,
        .max_topics = (size_t)config->max_topics,
        .max_subscriptions = (size_t)config->max_subscriptions,
        .per_subscriber = (size_t)config->subscriptions_per_ue,
        .cancel = transport_observation_cancel,
        .keep = topic_records_keep,
        .ctx = &shard->topic_records };
    enum msgin5g_err err =
        router_create(shard->loop, shard->registrations, shard->map, &shard->neighbours, &shard->router);
    if (err == MSGIN5G_OK)
        err = groups_local_create(config, &shard->groups);
    if (err == MSGIN5G_OK)
        err = topics_create(shard->loop, &topics, shard->metrics, &shard->topics);
    if (err != MSGIN5G_OK)
        return err;
    shard->topic_records = (struct topic_records){ .door = shard->door, .topics = shard->topics, .loop = shard->loop };
    return topic_records_load(&shard->topic_records);
}

static enum msgin5g_err create_configuration(struct shard *shard)
{
    const struct server_config *config = shard->config;
    enum msgin5g_err err =
        assignments_create(shard->loop, shard->door, config->ue_configuration_template, &shard->assignments);
    if (err == MSGIN5G_OK)
        err = assignments_load(shard->assignments);
    if (err != MSGIN5G_OK)
        return err;
    identity_map_use(shard->map, shard->assignments);
    return ue_configuration_create(config, shard->map, shard->assignments, &shard->configuration);
}

/* Where UEs register, as those are told that ask; the port is known only now. */
static void tell_address(struct shard *shard)
{
    const struct server_config *config = shard->config;
    char address[300];
    if (*config->ue_configuration_address != '\0')
        (void)snprintf(address, sizeof address, "%s", config->ue_configuration_address);
    else
        (void)snprintf(address, sizeof address, "coaps://%.253s:%u",
            config->fqdns.count > 0 ? config->fqdns.values[0] : config->coaps_host, endpoint_port(shard->endpoint));
    ue_configuration_set_address(shard->configuration, address);
}

static enum msgin5g_err create_segments(struct shard *shard)
{
    const struct server_config *config = shard->config;
    struct segments_config segments = { .octets = (size_t)config->segment_octets,
        .octets_per_sender = (size_t)config->segment_octets_per_sender,
        .sets_per_sender = (size_t)config->segment_sets_per_sender,
        .sets = (size_t)config->segment_sets,
        .wait_ms = config->segment_wait_ms,
        .attempts = (unsigned)config->segment_attempts,
        .keep_ms = config->segment_keep_ms };
    enum msgin5g_err err =
        segments_create(shard->loop, &segments, shard->router, shard->delivery, shard->metrics, &shard->segments);
    if (err == MSGIN5G_OK)
        delivery_use_segments(shard->delivery, shard->segments);
    return err;
}

static enum msgin5g_err create_message_path(struct shard *shard)
{
    const struct server_config *config = shard->config;
    struct delivery_config delivery = { .audiences = { shard->router, shard->groups, shard->topics },
        .in_flight = (size_t)config->in_flight_per_session,
        .queue_messages = (size_t)config->queue_messages,
        .queue_octets = (size_t)config->queue_octets,
        .memory_octets = (size_t)config->queue_memory,
        .expiry_s = config->store_expiry_ms / 1000,
        .max_expiry_s = config->store_max_expiry_ms / 1000,
        .duplicates = (size_t)config->duplicates,
        .reports = (size_t)config->reports };
    struct dispatch_config dispatch = { .path = config->service_path,
        .fqdns = (const char *const *)config->fqdns.values,
        .fqdn_count = config->fqdns.count,
        .requests_per_second = config->requests_per_session,
        .requests_in_all = config->requests_in_all,
        .deferred = (size_t)config->deferred_answers,
        .defer = transport_defer,
        .respond = transport_deferred_respond,
        .observe = transport_observation_begin };
    enum msgin5g_err err = delivery_create(shard->loop, &delivery, shard->router, shard->door,
        store_highest_id(shard->store) + 1, shard->metrics, &shard->delivery);
    if (err == MSGIN5G_OK)
        err = create_segments(shard);
    struct services services = { .registrations = shard->registrations,
        .delivery = shard->delivery,
        .topics = shard->topics,
        .segments = shard->segments,
        .audit = shard->audit };
    if (err == MSGIN5G_OK)
        err = dispatch_create(shard->loop, &dispatch, &services, shard->metrics, &shard->dispatch);
    return err;
}

struct loading {
    bool done;
    enum msgin5g_err err;
};

static void on_loaded(void *ctx, enum msgin5g_err err)
{
    *(struct loading *)ctx = (struct loading){ true, err };
}

/* What was stored before, while nobody is served yet: the loop runs for the store alone. */
static enum msgin5g_err load(struct shard *shard)
{
    struct loading loading = { .done = false };
    enum msgin5g_err err = MSGIN5G_OK;
    delivery_load(shard->delivery, on_loaded, &loading);
    while (!loading.done && err == MSGIN5G_OK)
        err = loop_process(shard->loop, -1);
    if (err == MSGIN5G_OK)
        err = loading.err;
    if (err != MSGIN5G_OK)
        log_error("what was stored cannot be read problem=\"%s\"", msgin5g_err_text(err));
    return err;
}

/* N12: no new session on the old key, and none that goes on. */
static bool disable(void *ctx, struct msgin5g_str a_kid)
{
    struct shard *shard = ctx;
    bool cached = akma_af_forget(shard->af, a_kid);
    return endpoint_disable(shard->endpoint, a_kid) > 0 || cached;
}

static enum msgin5g_err serve(struct shard *shard)
{
    const struct endpoint_services services = { shard->handshakes, shard->establishments, shard->registrations,
        shard->dispatch, shard->configuration };
    enum msgin5g_err err = endpoint_serve(shard->endpoint, &services);
    if (err == MSGIN5G_OK)
        tell_address(shard);
    return err;
}

/* Bottom up: each step needs what the steps before made. */
static enum msgin5g_err build(struct shard *shard)
{
    enum msgin5g_err err = server_metrics_create(shard->registry, &shard->metrics);
    if (err == MSGIN5G_OK)
        err = identity_map_create(shard->config, &shard->map);
    if (err == MSGIN5G_OK)
        err = create_key_source(shard);
    if (err == MSGIN5G_OK)
        err = create_handshakes(shard);
    if (err == MSGIN5G_OK)
        err = endpoint_create(shard->loop, shard->config, shard->metrics, &shard->endpoint);
    if (err == MSGIN5G_OK)
        err = create_establishments(shard);
    if (err == MSGIN5G_OK)
        err = create_audit(shard);
    if (err == MSGIN5G_OK)
        err = create_registrations(shard);
    if (err == MSGIN5G_OK)
        err = neighbours_init(&shard->neighbours, shard->loop, shard->config, shard->metrics);
    if (err == MSGIN5G_OK)
        err = create_audiences(shard);
    if (err == MSGIN5G_OK)
        err = create_message_path(shard);
    if (err == MSGIN5G_OK)
        err = create_configuration(shard);
    if (err == MSGIN5G_OK)
        err = load(shard);
    if (err == MSGIN5G_OK)
        err = serve(shard);
    if (err == MSGIN5G_OK)
        err = af_callbacks_create(shard->loop, shard->config, shard->registry, disable, shard, &shard->callbacks);
    if (err == MSGIN5G_OK)
        err = api_create(shard->loop, shard->config, &shard->neighbours, shard->router, shard->delivery,
            shard->registry, &shard->api);
    return err;
}

enum msgin5g_err shard_create(struct loop *loop, const struct server_config *config, struct metrics *registry,
    struct store *store, struct shard **out)
{
    struct shard *shard = calloc(1, sizeof *shard);
    if (shard == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    shard->loop = loop;
    shard->config = config;
    shard->registry = registry;
    shard->store = store;
    enum msgin5g_err err = build(shard);
    if (err != MSGIN5G_OK) {
        shard_free(shard);
        return err;
    }
    *out = shard;
    return MSGIN5G_OK;
}

/* Sessions first: their last exchanges still need everybody else. */
void shard_free(struct shard *shard)
{
    if (shard == NULL)
        return;
    af_callbacks_free(shard->callbacks);
    api_free(shard->api);
    neighbours_close(&shard->neighbours);
    endpoint_free(shard->endpoint);
    delivery_close(shard->delivery); /* what may be stored is, and answers that are owed are given */
    store_door_free(shard->door);
    segments_free(shard->segments);
    delivery_free(shard->delivery);
    dispatch_free(shard->dispatch);
    ue_configuration_free(shard->configuration);
    audit_free(shard->audit);
    topics_free(shard->topics);
    groups_local_free(shard->groups);
    router_free(shard->router);
    neighbours_free(&shard->neighbours);
    registrations_free(shard->registrations);
    directory_free(shard->directory);
    psk_source_free(shard->source);
    akma_af_free(shard->af);
    handshakes_free(shard->handshakes);
    establishments_free(shard->establishments);
    tls_context_free(shard->aanf_tls);
    identity_map_free(shard->map);
    assignments_free(shard->assignments);
    server_metrics_free(shard->metrics);
    free(shard);
}

uint16_t shard_coaps_port(const struct shard *shard)
{
    return endpoint_port(shard->endpoint);
}

uint16_t shard_coaps_tcp_port(const struct shard *shard)
{
    return endpoint_tcp_port(shard->endpoint);
}

uint16_t shard_oscore_port(const struct shard *shard)
{
    return endpoint_oscore_port(shard->endpoint);
}

uint16_t shard_api_port(const struct shard *shard)
{
    return api_port(shard->api);
}

struct registrations *shard_registrations(const struct shard *shard)
{
    return shard->registrations;
}

enum msgin5g_err shard_reload(struct shard *shard, const struct server_config *config)
{
    struct identity_map *map = NULL;
    size_t groups = 0;
    enum msgin5g_err err = identity_map_create(config, &map);
    if (err == MSGIN5G_OK && (err = groups_local_reload(shard->groups, config, &groups)) != MSGIN5G_OK)
        identity_map_free(map);
    if (err != MSGIN5G_OK)
        return err;
    identity_map_use(map, shard->assignments);
    audit_reopen(shard->audit);
    router_set_map(shard->router, map);
    ue_configuration_set_map(shard->configuration, map);
    size_t ended = registrations_rebind(shard->registrations, map);
    identity_map_free(shard->map);
    shard->map = map;
    log_info("bindings read again entries=%zu registrations_ended=%zu", config->bindings.count, ended);
    log_info("groups read again groups=%zu", groups);
    return MSGIN5G_OK;
}

enum msgin5g_err shard_reload_certificates(struct shard *shard, char *problem, size_t problem_size)
{
    enum msgin5g_err err = af_callbacks_reload_certificate(shard->callbacks, problem, problem_size);
    if (err == MSGIN5G_OK && shard->aanf_tls != NULL)
        err = tls_context_reload(shard->aanf_tls, problem, problem_size);
    if (err == MSGIN5G_OK)
        akma_af_renew(shard->af);
    if (err == MSGIN5G_OK)
        err = api_reload_certificate(shard->api, problem, problem_size);
    if (err == MSGIN5G_OK)
        err = origins_reload_certificate(shard->neighbours.origins, problem, problem_size);
    return err;
}

void shard_drain(struct shard *shard)
{
    af_callbacks_drain(shard->callbacks);
    api_drain(shard->api);
}

size_t shard_http_connections(const struct shard *shard)
{
    return af_callbacks_connections(shard->callbacks) + api_connections(shard->api);
}

bool shard_ready(const struct shard *shard, struct buffer *reasons)
{
    bool aanf = akma_af_healthy(shard->af), store = store_healthy(shard->store);
    if (!aanf)
        (void)buffer_append_text(reasons, "aanf: it did not answer the last request\n");
    if (!store)
        (void)buffer_append_text(reasons, "store: the last write failed\n");
    return aanf && store;
}

void shard_count(struct shard *shard)
{
    endpoint_count_sessions(shard->endpoint);
}
