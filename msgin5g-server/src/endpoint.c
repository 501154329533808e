#include "endpoint.h"

#include "base/log.h"
#include "contexts.h"
#include "topics.h"
#include "ue_configuration.h"
#include "way_ue.h"

#include <stdlib.h>
#include <string.h>

#define HOST_SIZE (AKMA_FQDN_MAX + 1)
#define PATH_SIZE (MSGIN5G_SERVICE_ID_MAX + 64) /* a literal server URI may stand in Uri-Path (EC-1) */

struct endpoint {
    struct loop *loop;
    const struct server_config *config;
    struct transport *transport;
    struct handshakes *handshakes;
    struct registrations *registrations;
    struct dispatch *dispatch;
    struct ue_configuration *configuration;
    struct server_metrics *metrics;
    struct a_kid_sessions *a_kid_sessions;
    struct way_ue_config way_config;
    struct contexts *contexts;
    struct establishments *establishments; /* NULL: listen.oscore is off */
    uint16_t port;
    uint16_t tcp_port;
    uint16_t oscore_port;
};

static void on_key_expiry(void *ctx)
{
    struct link *link = ctx;
    log_debug("session closed, K_AF expired remote=%s", transport_session_remote(link->peer.session));
    metric_add(link->endpoint->metrics->sessions_key_expired, 1);
    transport_session_close(link->peer.session);
}

static struct link *link_create(struct endpoint *endpoint, struct transport_session *session)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    link->endpoint = endpoint;
    link->peer.session = session;
    way_ue_init(&link->peer, &endpoint->way_config);
    loop_timer_init(&link->peer.key_expiry, on_key_expiry, link);
    link->handshake = handshake_begin(endpoint->handshakes, session);
    if (link->handshake == NULL) {
        free(link);
        return NULL;
    }
    transport_session_set_user(session, link);
    return link;
}

static void end_handshake(struct link *link)
{
    handshake_end(link->handshake);
    link->handshake = NULL;
}

/* TS 33.535 5.2: a session does not outlive its K_AF, but for the grace time of the configuration. */
static enum msgin5g_err set_key_expiry(struct link *link, int64_t expiry_s)
{
    struct endpoint *endpoint = link->endpoint;
    int64_t left_ms = (expiry_s - loop_utc_s(endpoint->loop)) * 1000 + endpoint->config->key_expiry_grace_ms;
    return loop_timer_set(endpoint->loop, &link->peer.key_expiry, left_ms > 0 ? left_ms : 0);
}

static bool admit(struct link *link)
{
    struct handshake_outcome outcome = handshake_outcome(link->handshake);
    if (!outcome.known)
        return false;
    if (*outcome.identity != '\0') {
        link->peer.identity = strdup(outcome.identity);
        if (link->peer.identity == NULL)
            return false;
    }
    return set_key_expiry(link, outcome.expiry_s) == MSGIN5G_OK;
}

static void open_context(struct link *link)
{
    contexts_confirm(link);
    log_debug("session opened remote=%s protection=OSCORE", transport_session_remote(link->peer.session));
}

static void on_opened(void *ctx, struct transport_session *session)
{
    struct endpoint *endpoint = ctx;
    struct link *link = transport_session_user(session);
    if (transport_session_scheme(session) == TRANSPORT_OSCORE) {
        open_context(link);
        return;
    }
    bool admitted = link != NULL && link->handshake != NULL && admit(link);
    if (link != NULL)
        end_handshake(link);
    metric_add(admitted ? endpoint->metrics->handshakes_completed : endpoint->metrics->handshakes_failed, 1);
    if (!admitted) {
        transport_session_close(session);
        return;
    }
    log_debug("session opened remote=%s suite=%04x protection=%s%s", transport_session_remote(session),
        transport_session_suite(session), transport_session_scheme(session) == TRANSPORT_COAPS_TCP ? "TLS" : "DTLS",
        transport_session_is_1_3(session) ? "1.3" : "1.2");
}

static void on_closed(void *ctx, struct transport_session *session, enum transport_end end)
{
    struct endpoint *endpoint = ctx;
    struct link *link = transport_session_user(session);
    if (link == NULL)
        return;
    if (link->handshake != NULL)
        metric_add(endpoint->metrics->handshakes_failed, 1);
    log_debug("session closed remote=%s end=%d alert=%d", transport_session_remote(session), (int)end,
        transport_session_alert(session));
    end_handshake(link);
    if (link->contexts != NULL)
        contexts_closed(link, end);
    loop_timer_cancel(endpoint->loop, &link->peer.key_expiry);
    a_kid_sessions_leave(endpoint->a_kid_sessions, &link->a_kid);
    registrations_peer_closed(endpoint->registrations, &link->peer);
    transport_session_set_user(session, NULL);
    free(link->peer.identity);
    free(link);
}

static enum transport_gate_verdict on_gate(
    void *ctx, struct transport_session *session, const uint8_t *octets, size_t length)
{
    struct link *link = transport_session_user(session);
    if (link == NULL && (link = link_create(ctx, session)) == NULL)
        return TRANSPORT_GATE_HOLD; /* no memory for another peer: it may try again */
    return link->handshake != NULL ? handshake_gate(link->handshake, octets, length) : TRANSPORT_GATE_PASS;
}

static bool note_a_kid(struct endpoint *endpoint, struct link *link, const char *identity)
{
    struct msgin5g_str a_kid;
    return a_kid_from_psk_identity(msgin5g_str(identity), &a_kid) == MSGIN5G_OK &&
           a_kid_sessions_join(endpoint->a_kid_sessions, &link->a_kid, a_kid) == MSGIN5G_OK;
}

static bool on_psk(void *ctx, struct transport_session *session, const char *identity, struct transport_psk *out)
{
    struct link *link = transport_session_user(session);
    if (link == NULL || link->handshake == NULL || !handshake_psk(link->handshake, identity, out))
        return false;
    /* An A-KID nobody has costs the same work, so that time does not tell (auth.hide_identities). */
    bool noted = note_a_kid(ctx, link, identity);
    return noted || !handshake_outcome(link->handshake).known;
}

/* Without protection: the one thing that a UE may say so is its A-KID. */
static void on_akma_request(
    struct endpoint *endpoint, struct transport_session *session, struct transport_request *request)
{
    char host[HOST_SIZE];
    struct transport_answer answer;
    const struct establishment_request from = {
        .handle = request,
        .method = transport_request_method(request),
        .format = transport_request_format(request),
        .body = transport_request_body(request),
        .host = transport_request_host(request, host, sizeof host) ? host : NULL,
        .remote = transport_session_remote(session),
        .echo = transport_request_echo(request),
    };
    if (establishments_handle(endpoint->establishments, &from, &answer))
        transport_respond(request, &answer);
}

static void refuse_expired(struct link *link, struct transport_request *request)
{
    static const char diagnostic[] = "K_AF_EXPIRED";
    const struct transport_answer answer = { .code = MSGIN5G_COAP_CODE(4, 1),
        .format = TRANSPORT_FORMAT_NONE,
        .body = diagnostic,
        .length = sizeof diagnostic - 1,
        .max_age_s = -1 };
    transport_respond(request, &answer);
    contexts_end(link);
}

static void on_message(struct endpoint *endpoint, struct link *link, struct transport_request *request)
{
    char path[PATH_SIZE];
    struct transport_answer answer;
    struct incoming incoming = {
        .method = transport_request_method(request),
        .path = transport_request_path(request, path, sizeof path) ? path : NULL,
        .format = transport_request_format(request),
        .body = transport_request_body(request),
        .confirmable = transport_request_confirmable(request),
        .transport = request,
        .observe = transport_request_observe(request),
        .expire_time = transport_request_query(request, "expireTime"),
    };
    if (ue_configuration_serves(incoming.path)) {
        ue_configuration_request(endpoint->configuration, &link->peer, incoming.path, request);
        return;
    }
    if (dispatch_request(endpoint->dispatch, &link->peer, &incoming, &answer))
        transport_respond(request, &answer);
}

static void on_observation_ended(void *ctx, struct transport_observation *observation, enum transport_observe_end end)
{
    (void)ctx;
    topics_observation_ended(observation, end);
}

static void on_request(void *ctx, struct transport_session *session, struct transport_request *request)
{
    struct endpoint *endpoint = ctx;
    struct link *link = transport_session_user(session);
    if (transport_session_scheme(session) == TRANSPORT_OSCORE && !transport_request_protected(request))
        on_akma_request(endpoint, session, request);
    else if (link == NULL || link->handshake != NULL)
        return;
    else if (link->contexts != NULL && contexts_expired(link))
        refuse_expired(link, request);
    else
        on_message(endpoint, link, request);
}

static struct transport_config transport_config_of(const struct server_config *config, struct metrics *metrics)
{
    bool key_log = config->debug_key_log && *config->debug_key_log_file != '\0';
    return (struct transport_config){
        .psk_hint = AKMA_PSK_PREFIX,
        .ccm8 = config->coap_ccm8,
        .key_log_file = key_log ? config->debug_key_log_file : NULL,
        .half_open_s = (unsigned)(config->half_open_ms / 1000),
        .half_open_per_source = (unsigned)config->half_open_per_source,
        .half_open_total = (unsigned)config->half_open_total,
        .session_idle_s = (unsigned)(config->session_idle_ms / 1000),
        .max_sessions = (unsigned)config->max_sessions,
        .oscore_open_path = ESTABLISHMENT_PATH,
        .oscore_half_open_s = (unsigned)(config->oscore_half_open_ms / 1000),
        .metrics = metrics,
    };
}

static enum msgin5g_err create_contexts(struct endpoint *endpoint)
{
    const struct contexts_transport transport = { transport_oscore_expect, transport_session_close,
        transport_observations_end, transport_session_remote, endpoint->transport };
    return contexts_create(endpoint->loop, endpoint->config, &transport, &endpoint->way_config,
        endpoint->a_kid_sessions, endpoint->metrics, &endpoint->contexts);
}

enum msgin5g_err endpoint_create(
    struct loop *loop, const struct server_config *config, struct server_metrics *metrics, struct endpoint **out)
{
    static const struct transport_handler handler = { .opened = on_opened,
        .closed = on_closed,
        .request = on_request,
        .gate = on_gate,
        .server_psk = on_psk,
        .observation_ended = on_observation_ended };
    struct transport_config transport_config = transport_config_of(config, metrics->registry);
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    if (endpoint == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    endpoint->loop = loop;
    endpoint->config = config;
    endpoint->metrics = metrics;
    endpoint->way_config = (struct way_ue_config){ transport_send, transport_notify, config->service_path };
    enum msgin5g_err err = a_kid_sessions_create(&endpoint->a_kid_sessions);
    if (err == MSGIN5G_OK)
        err = transport_create(loop, &transport_config, &handler, endpoint, &endpoint->transport);
    if (err == MSGIN5G_OK)
        err = create_contexts(endpoint);
    if (err != MSGIN5G_OK) {
        endpoint_free(endpoint);
        return err;
    }
    *out = endpoint;
    return MSGIN5G_OK;
}

void endpoint_free(struct endpoint *endpoint)
{
    if (endpoint == NULL)
        return;
    transport_free(endpoint->transport);
    contexts_free(endpoint->contexts);
    a_kid_sessions_free(endpoint->a_kid_sessions);
    free(endpoint);
}

static enum msgin5g_err serve(
    struct endpoint *endpoint, enum transport_scheme scheme, const char *host, int64_t port, uint16_t *bound_port)
{
    static const char *const names[] = {
        [TRANSPORT_COAPS] = "coaps", [TRANSPORT_COAPS_TCP] = "coaps+tcp", [TRANSPORT_OSCORE] = "coap"
    };
    enum msgin5g_err err = transport_listen(endpoint->transport, scheme, host, (uint16_t)port, bound_port);
    if (err != MSGIN5G_OK)
        log_error("cannot listen scheme=%s host=%s port=%d problem=\"%s\"", names[scheme], host, (int)port,
            msgin5g_err_text(err));
    return err;
}

enum msgin5g_err endpoint_serve(struct endpoint *endpoint, const struct endpoint_services *services)
{
    const struct server_config *config = endpoint->config;
    endpoint->handshakes = services->handshakes;
    endpoint->establishments = services->establishments;
    endpoint->registrations = services->registrations;
    endpoint->dispatch = services->dispatch;
    endpoint->configuration = services->configuration;
    contexts_serve(endpoint->contexts, services->registrations);
    enum msgin5g_err err = serve(endpoint, TRANSPORT_COAPS, config->coaps_host, config->coaps_port, &endpoint->port);
    if (err == MSGIN5G_OK && config->coaps_tcp_enabled)
        err = serve(endpoint, TRANSPORT_COAPS_TCP, config->coaps_tcp_host, config->coaps_tcp_port, &endpoint->tcp_port);
    if (err == MSGIN5G_OK && config->oscore_enabled)
        err = serve(endpoint, TRANSPORT_OSCORE, config->oscore_host, config->oscore_port, &endpoint->oscore_port);
    return err;
}

static bool id_taken(void *ctx, const struct oscore_sid *ue_sid)
{
    const struct endpoint *endpoint = ctx;
    return transport_oscore_id_taken(
        endpoint->transport, (struct msgin5g_str){ (const char *)ue_sid->octets, ue_sid->length });
}

static enum msgin5g_err accept_context(void *ctx, const struct establishment_grant *grant)
{
    const struct endpoint *endpoint = ctx;
    return contexts_accept(endpoint->contexts, grant);
}

struct establishment_ops endpoint_establishment_ops(struct endpoint *endpoint)
{
    return (struct establishment_ops){ .id_taken = id_taken,
        .accept = accept_context,
        .demand_echo = transport_request_demand_echo,
        .defer = transport_defer,
        .respond = transport_deferred_respond,
        .ctx = endpoint };
}

uint16_t endpoint_port(const struct endpoint *endpoint)
{
    return endpoint->port;
}

uint16_t endpoint_tcp_port(const struct endpoint *endpoint)
{
    return endpoint->tcp_port;
}

uint16_t endpoint_oscore_port(const struct endpoint *endpoint)
{
    return endpoint->oscore_port;
}

void endpoint_count_sessions(struct endpoint *endpoint)
{
    struct transport_counts counts = transport_count(endpoint->transport);
    metric_set(endpoint->metrics->sessions_open, (int64_t)counts.open);
    metric_set(endpoint->metrics->sessions_half_open, (int64_t)counts.half_open);
}

static void close_disabled(void *ctx, struct a_kid_member *member)
{
    const struct endpoint *endpoint = ctx;
    struct link *link = link_of_a_kid(member);
    log_debug("session closed, the AAnF disabled its UE remote=%s", transport_session_remote(link->peer.session));
    metric_add(endpoint->metrics->sessions_disabled, 1);
    transport_session_close(link->peer.session);
}

size_t endpoint_disable(struct endpoint *endpoint, struct msgin5g_str a_kid)
{
    return a_kid_sessions_each(endpoint->a_kid_sessions, a_kid, close_disabled, endpoint);
}

void endpoint_superseded(void *endpoint, struct peer *peer)
{
    (void)endpoint;
    log_debug(
        "session closed, its UE has registered over another one remote=%s", transport_session_remote(peer->session));
    transport_session_close(peer->session);
}
