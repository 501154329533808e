#include "internal.h"

#include "base/log.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define EVENTS_A_TURN    64
#define IDLE_NEVER_S     (10U * 365 * 86400)
#define HALF_OPEN_S      5
#define HALF_OPEN_SOURCE 16
#define HALF_OPEN_TOTAL  65535
#define BODY_OCTETS      262144 /* EC-22 */
#define ACK_TIMEOUT_MS   2000   /* RFC 7252 4.8 */
#define MAX_RETRANSMIT   4
#define MESSAGE_REST     1024 /* octets of a message over TCP besides its body */

/* libcoap's log level is the process's, its messages of level debug show payload: never that far. */
static void on_coap_log(coap_log_t level, const char *message)
{
    (void)level;
    log_debug("libcoap text=\"%.*s\"", (int)strcspn(message, "\n"), message);
}

static void start_libcoap(void)
{
    coap_startup();
    coap_set_log_handler(on_coap_log);
    coap_set_log_level(log_enabled(LOG_LEVEL_DEBUG) ? COAP_LOG_WARN : COAP_LOG_EMERG);
    coap_dtls_set_log_level(COAP_LOG_EMERG);
}

static void default_to(unsigned *value, unsigned otherwise)
{
    if (*value == 0)
        *value = otherwise;
}

static enum msgin5g_err copy_config(struct transport *transport, const struct transport_config *config)
{
    struct transport_config *mine = &transport->config;
    *mine = *config;
    default_to(&mine->half_open_s, HALF_OPEN_S);
    default_to(&mine->half_open_per_source, HALF_OPEN_SOURCE);
    default_to(&mine->half_open_total, HALF_OPEN_TOTAL);
    default_to(&mine->ack_timeout_ms, ACK_TIMEOUT_MS);
    default_to(&mine->max_retransmit, MAX_RETRANSMIT);
    default_to(&mine->nstart, 1);
    if (mine->body_octets == 0)
        mine->body_octets = BODY_OCTETS;
    if (config->psk_hint != NULL && (mine->psk_hint = transport->psk_hint = strdup(config->psk_hint)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (config->key_log_file != NULL &&
        (mine->key_log_file = transport->key_log_file = strdup(config->key_log_file)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (config->oscore_open_path != NULL &&
        (mine->oscore_open_path = transport->oscore.open_path = strdup(config->oscore_open_path)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    return MSGIN5G_OK;
}

static void register_metrics(struct transport *transport)
{
    struct metrics *metrics = transport->config.metrics;
    struct transport_metrics *mine = &transport->metrics;
    if (metrics == NULL)
        return;
    mine->retransmissions = metrics_counter(
        metrics, "msgin5g_coap_retransmissions_total", "Confirmable messages sent again (RFC 7252 4.2)", "");
    mine->malformed =
        metrics_counter(metrics, "msgin5g_coap_malformed_total", "Datagrams that are not well-formed CoAP", "");
    mine->duplicates = metrics_counter(
        metrics, "msgin5g_coap_duplicates_total", "Requests that came again and were not run again (RFC 7252 4.2)", "");
    mine->timeouts =
        metrics_counter(metrics, "msgin5g_coap_timeouts_total", "Requests to peers that were never answered", "");
    mine->refused_by_limit =
        metrics_counter(metrics, "msgin5g_coap_sessions_refused_total", "Peers refused by the limit of sessions", "");
    mine->oscore_unprotected = metrics_counter(
        metrics, "msgin5g_oscore_unprotected_total", "Requests refused because OSCORE did not protect them", "");
    mine->oscore_unknown = metrics_counter(metrics, "msgin5g_oscore_unknown_context_total",
        "Requests protected with an OSCORE context that is not there (RFC 8613 8.2)", "");
}

static enum msgin5g_err create_context(struct transport *transport)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    const struct transport_config *config = &transport->config;
    if (pthread_once(&once, start_libcoap) != 0 || (transport->coap = coap_new_context(NULL)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    coap_context_set_app_data(transport->coap, transport);
    coap_context_set_block_mode(
        transport->coap, COAP_BLOCK_USE_LIBCOAP | COAP_BLOCK_SINGLE_BODY | COAP_BLOCK_NO_PREEMPTIVE_RTAG);
    coap_context_set_session_timeout(
        transport->coap, config->session_idle_s > 0 ? config->session_idle_s : IDLE_NEVER_S);
    coap_context_set_csm_max_message_size(transport->coap, (uint32_t)config->body_octets + MESSAGE_REST);
    coap_context_set_max_handshake_sessions(transport->coap, config->half_open_total);
    coap_register_event_handler(transport->coap, session_on_event);
    coap_register_response_handler(transport->coap, exchange_on_response);
    coap_register_nack_handler(transport->coap, exchange_on_nack);
    hooks_setup(transport);
    oscore_setup(transport);
    return request_setup(transport);
}

static void settle(struct transport *transport)
{
    coap_tick_t now;
    assert(transport->depth == 0);
    loop_timer_cancel(transport->loop, &transport->settle_timer);
    connect_open_owed(transport);
    session_release_ended(transport);
    psk_wipe(transport);
    coap_ticks(&now);
    transport_enter(transport);
    (void)coap_io_prepare_epoll(transport->coap, now);
    transport_leave(transport);
}

static void on_settle(void *ctx)
{
    settle(ctx);
}

/* libcoap's own epoll descriptor is ready: one turn of at most EVENTS_A_TURN events, so that others get theirs. */
static void on_ready(void *ctx, uint32_t events)
{
    struct transport *transport = ctx;
    struct epoll_event ready[EVENTS_A_TURN];
    (void)events;
    int count = epoll_wait(coap_context_get_coap_fd(transport->coap), ready, EVENTS_A_TURN, 0);
    if (count <= 0)
        return;
    transport->depth++;
    coap_io_do_epoll(transport->coap, ready, (size_t)count);
    transport->depth--;
    psk_wipe(transport);
    connect_open_owed(transport);
    if (transport->ended != NULL)
        settle(transport);
}

void transport_settle_soon(struct transport *transport)
{
    if (transport->freeing || transport->settle_timer.heap_index != 0)
        return;
    if (loop_timer_set(transport->loop, &transport->settle_timer, 0) != MSGIN5G_OK)
        log_warning("out of memory, sessions are released later");
}

void transport_enter(struct transport *transport)
{
    transport->depth++;
}

void transport_leave(struct transport *transport)
{
    transport->depth--;
    if (transport->depth == 0 && (transport->ended != NULL || transport->psk_in_use))
        transport_settle_soon(transport);
}

int64_t transport_now_ms(const struct transport *transport)
{
    int64_t now_ms = loop_now_ms(transport->loop);
    return now_ms == 0 ? 1 : now_ms;
}

enum msgin5g_err transport_create(struct loop *loop, const struct transport_config *config,
    const struct transport_handler *handler, void *ctx, struct transport **out)
{
    struct transport *transport = calloc(1, sizeof *transport);
    if (transport == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    transport->loop = loop;
    transport->handler = *handler;
    transport->ctx = ctx;
    loop_timer_init(&transport->settle_timer, on_settle, transport);
    loop_timer_init(&transport->half_open_timer, connect_on_timer, transport);
    enum msgin5g_err err = copy_config(transport, config);
    if (err != MSGIN5G_OK)
        goto out;
    exchange_table_init(transport);
    register_metrics(transport);
    if ((err = create_context(transport)) != MSGIN5G_OK)
        goto out;
    err = loop_io_add(loop, coap_context_get_coap_fd(transport->coap), EPOLLIN, on_ready, transport, &transport->io);
    if (err != MSGIN5G_OK)
        goto out;
    *out = transport;
    transport = NULL;
out:
    transport_free(transport);
    return err;
}

void transport_free(struct transport *transport)
{
    if (transport == NULL)
        return;
    assert(transport->depth == 0);
    transport->freeing = true;
    loop_timer_cancel(transport->loop, &transport->settle_timer);
    loop_timer_cancel(transport->loop, &transport->half_open_timer);
    while (transport->sessions != NULL) {
        session_end(transport->sessions, TRANSPORT_END_LOCAL);
        session_release_ended(transport);
    }
    exchange_table_free(transport);
    oscore_free(transport);
    loop_io_remove(transport->io);
    coap_free_context(transport->coap);
    psk_wipe(transport);
    free(transport->psk_hint);
    free(transport->key_log_file);
    free(transport);
}

struct transport_counts transport_count(const struct transport *transport)
{
    struct transport_counts counts = transport->counts;
    counts.unused_paths = transport->oscore.unused.count + transport->oscore.vacated.count;
    return counts;
}
