/*
 * OSCORE (RFC 8613): peers are known by their context, whatever address they have. A path has libcoap's session and the
 * answers that are owed; a peer has its context, its requests under way, and the path it was heard from last.
 */
#include "internal.h"

#include "coap/transport_oscore.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define HALF_OPEN_S      30    /* choice C14 */
#define UNUSED_PATH_MS   30000 /* more than a bootstrap takes, or an answer that is owed to a former address */
#define VACATED_PATH_MS  500   /* the peer's last answer is out by then, and its keys are over */
#define OPEN_BODY_OCTETS 1024  /* of a request without protection, which libcoap keeps until its last block */

#define QUEUES 3

/* ---- what does not stay if nothing happens ---- */

static void arm(struct transport *transport)
{
    const struct oscore_queue *const queues[QUEUES] = { &transport->oscore.half_open, &transport->oscore.unused,
        &transport->oscore.vacated };
    const struct session_oscore *first = NULL;
    for (size_t i = 0; i < QUEUES; i++) {
        const struct session_oscore *next = queues[i]->first;
        if (next != NULL && (first == NULL || next->due_ms < first->due_ms))
            first = next;
    }
    if (first == NULL)
        return;
    int64_t left_ms = first->due_ms - transport_now_ms(transport);
    (void)loop_timer_set(transport->loop, &transport->oscore.timer, left_ms > 0 ? left_ms : 0);
}

/* At the limit the oldest goes: a peer that asks again gets what it wants, one that floods makes room itself. */
static void wait_in(struct session_oscore *oscore, struct oscore_queue *queue)
{
    struct transport *transport = oscore->session->transport;
    if (queue->count >= transport->config.half_open_total)
        session_end(queue->first->session, TRANSPORT_END_TIMEOUT);
    oscore->due_ms = transport_now_ms(transport) + queue->life_ms;
    oscore->queue = queue;
    DL_APPEND(queue->first, oscore);
    queue->count++;
    arm(transport);
}

static void stop_waiting(struct session_oscore *oscore)
{
    if (oscore->queue == NULL)
        return;
    DL_DELETE(oscore->queue->first, oscore);
    oscore->queue->count--;
    oscore->queue = NULL;
}

static void end_due(const struct oscore_queue *queue, int64_t now_ms)
{
    while (queue->first != NULL && queue->first->due_ms <= now_ms)
        session_end(queue->first->session, TRANSPORT_END_TIMEOUT);
}

static void on_timer(void *ctx)
{
    struct transport *transport = ctx;
    int64_t now_ms = transport_now_ms(transport);
    end_due(&transport->oscore.half_open, now_ms);
    end_due(&transport->oscore.unused, now_ms);
    end_due(&transport->oscore.vacated, now_ms);
    arm(transport);
}

/* ---- peers and paths ---- */

static void leave_path(struct transport_session *peer)
{
    struct session_oscore *oscore = peer->oscore, *path = oscore->path;
    if (path == NULL)
        return;
    DL_DELETE2(path->users, oscore, user_prev, user_next);
    oscore->path = NULL;
    peer->coap = NULL;
    struct transport_oscore_state *state = &peer->transport->oscore;
    if (path->users == NULL && path->session->state == SESSION_OPEN)
        wait_in(path, oscore->context == NULL ? &state->vacated : &state->unused);
}

static void use_path(struct transport_session *peer, struct transport_session *path)
{
    if (peer->oscore->path == path->oscore)
        return;
    stop_waiting(path->oscore);
    leave_path(peer);
    peer->oscore->path = path->oscore;
    DL_APPEND2(path->oscore->users, peer->oscore, user_prev, user_next);
    peer->coap = path->coap;
    peer->remote = path->remote;
    free(peer->remote_text);
    peer->remote_text = NULL;
}

enum msgin5g_err oscore_begin(struct transport_session *session, bool is_path)
{
    session->oscore = calloc(1, sizeof *session->oscore);
    if (session->oscore == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    session->scheme = TRANSPORT_OSCORE;
    session->oscore->session = session;
    session->oscore->is_path = is_path;
    if (is_path)
        wait_in(session->oscore, &session->transport->oscore.unused);
    return MSGIN5G_OK;
}

bool oscore_is_new(const struct transport_session *session)
{
    return session->oscore != NULL && session->client != NULL && session->oscore->context == NULL;
}

bool oscore_is_path(const struct transport_session *session)
{
    return session->oscore != NULL && session->oscore->is_path;
}

struct transport_session *oscore_next_on(const struct transport_session *path, const struct transport_session *previous)
{
    if (!oscore_is_path(path))
        return previous == NULL ? (struct transport_session *)path : NULL;
    const struct session_oscore *next = previous == NULL ? path->oscore->users : previous->oscore->user_next;
    return next != NULL ? next->session : NULL;
}

void oscore_end_users(struct transport_session *path, enum transport_end end)
{
    while (path->oscore->users != NULL) {
        struct transport_session *peer = path->oscore->users->session;
        leave_path(peer);
        session_end(peer, end);
    }
}

void oscore_settled(struct transport_session *session)
{
    if (session->oscore == NULL)
        return;
    stop_waiting(session->oscore);
    if (session->oscore->is_path && session->state == SESSION_ENDED)
        oscore_end_users(session, (enum transport_end)session->end);
}

bool oscore_let_go(struct transport_session *session)
{
    struct session_oscore *oscore = session->oscore;
    if (oscore == NULL)
        return false;
    if (oscore->context != NULL)
        coap_oscore_remove(session->transport->coap, oscore->context);
    oscore->context = NULL;
    if (session->client != NULL)
        return false;
    if (!oscore->is_path) {
        leave_path(session);
    } else if (!session->coap_freed && session->coap != NULL) {
        coap_session_t *coap = session->coap;
        coap_session_set_app_data(coap, NULL);
        transport_enter(session->transport);
        coap_session_end(coap);
        transport_leave(session->transport);
    }
    session->coap = NULL;
    return true;
}

/* ---- contexts ---- */

static coap_bin_const_t octets_of(struct msgin5g_str str)
{
    return (coap_bin_const_t){ str.length, (const uint8_t *)str.octets };
}

static bool valid(const struct transport *transport, const struct transport_oscore *oscore)
{
    return oscore->sender_id.length <= TRANSPORT_OSCORE_ID_MAX &&
           oscore->recipient_id.length <= TRANSPORT_OSCORE_ID_MAX && oscore->id_context.length <= 32 &&
           !msgin5g_str_equal(oscore->sender_id, oscore->recipient_id) &&
           !transport_oscore_id_taken(transport, oscore->recipient_id);
}

static bool add_context(struct transport_session *session, const struct transport_oscore *oscore)
{
    coap_oscore_setup_t setup = { .master_secret = octets_of(oscore->master_secret),
        .master_salt = octets_of(oscore->master_salt),
        .sender_id = octets_of(oscore->sender_id),
        .recipient_id = octets_of(oscore->recipient_id),
        .id_context = octets_of(oscore->id_context),
        .echo = session->client == NULL };
    session->oscore->context = coap_oscore_add(session->transport->coap, &setup, session);
    if (session->oscore->context != NULL)
        oscore_log(session->transport->config.key_log_file, oscore);
    return session->oscore->context != NULL;
}

bool transport_oscore_id_taken(const struct transport *transport, struct msgin5g_str recipient_id)
{
    return coap_oscore_has_recipient(transport->coap, octets_of(recipient_id)) != 0;
}

static struct transport_session *new_peer(struct transport *transport, const struct transport_oscore *oscore)
{
    struct transport_session *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return NULL;
    peer->transport = transport;
    peer->alert = -1;
    if (oscore_begin(peer, false) == MSGIN5G_OK && add_context(peer, oscore))
        return peer;
    free(peer->oscore);
    free(peer);
    return NULL;
}

enum msgin5g_err transport_oscore_expect(
    struct transport *transport, const struct transport_oscore *oscore, void *user, struct transport_session **out)
{
    unsigned limit = transport->config.max_sessions;
    if (!valid(transport, oscore))
        return MSGIN5G_ERR_INVALID;
    if (limit > 0 && transport->counts.open + transport->counts.half_open >= limit) {
        metric_add(transport->metrics.refused_by_limit, 1);
        return MSGIN5G_ERR_LIMIT;
    }
    struct transport_session *peer = new_peer(transport, oscore);
    if (peer == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    peer->user = user;
    DL_PREPEND(transport->sessions, peer);
    transport->counts.half_open++;
    wait_in(peer->oscore, &transport->oscore.half_open);
    *out = peer;
    return MSGIN5G_OK;
}

enum msgin5g_err transport_oscore_protect(struct transport_session *session, const struct transport_oscore *oscore)
{
    if (session->oscore == NULL || session->client == NULL)
        return MSGIN5G_ERR_INVALID;
    if (session->state != SESSION_OPEN)
        return MSGIN5G_ERR_CLOSED;
    if (session->oscore->context != NULL)
        coap_oscore_remove(session->transport->coap, session->oscore->context);
    session->oscore->context = NULL;
    if (!valid(session->transport, oscore))
        return MSGIN5G_ERR_INVALID;
    return add_context(session, oscore) && oscore_use(session) ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

bool oscore_use(const struct transport_session *session)
{
    if (session->oscore->context == NULL || session->coap == NULL)
        return false;
    coap_oscore_use(session->coap, session->oscore->context);
    return true;
}

void oscore_set_unprotected(coap_pdu_t *pdu)
{
    coap_pdu_set_unprotected(pdu);
}

struct transport_session *oscore_owner(const struct transport *transport)
{
    const coap_oscore_context_t *current = coap_oscore_current(transport->coap);
    return current != NULL ? coap_oscore_get_app_data(current) : NULL;
}

/* ---- requests, before libcoap assembles their blocks ---- */

static bool to_open_path(const struct transport_session *path, const coap_pdu_t *pdu)
{
    char name[64];
    struct transport_request request = { .pdu = pdu };
    const char *open_path = path->transport->oscore.open_path;
    return path->oscore->is_path && open_path != NULL && transport_request_path(&request, name, sizeof name) &&
           strcmp(name, open_path) == 0;
}

static bool too_large(const coap_pdu_t *pdu)
{
    coap_opt_iterator_t iterator;
    const coap_opt_t *option = coap_check_option(pdu, COAP_OPTION_BLOCK1, &iterator);
    if (option == NULL)
        option = coap_check_option(pdu, COAP_OPTION_Q_BLOCK1, &iterator);
    if (option == NULL)
        return false;
    unsigned value = coap_decode_var_bytes(coap_opt_value(option), coap_opt_length(option));
    return (uint64_t)(value >> 4) << ((value & 7) + 4) >= OPEN_BODY_OCTETS; /* RFC 7959 2.2: number, more, size */
}

/* The peer is there, and the message no repetition of an old one: this is where it is now (RFC 8613 8.2, RFC 9175). */
static void heard_from(struct transport_session *peer, struct transport_session *path)
{
    if (peer->client != NULL || peer->state == SESSION_ENDED || !path->oscore->is_path)
        return;
    use_path(peer, path);
    session_open(peer);
}

/* A peer that ended bootstraps anew: the answer may take its time. */
static void expect_again(struct transport_session *path)
{
    struct transport_oscore_state *state = &path->transport->oscore;
    if (path->oscore->queue != &state->vacated)
        return;
    stop_waiting(path->oscore);
    wait_in(path->oscore, &state->unused);
}

uint8_t oscore_filter(struct transport_session *path, const coap_pdu_t *pdu, bool *sealed)
{
    coap_opt_iterator_t iterator;
    struct transport_session *owner = oscore_owner(path->transport);
    *sealed = owner == NULL && coap_check_option(pdu, COAP_OPTION_OSCORE, &iterator) != NULL;
    if (path->oscore == NULL)
        return *sealed ? COAP_RESPONSE_CODE(402) : 0; /* a critical option that has no meaning here */
    if (owner != NULL)
        heard_from(owner, path);
    if (owner != NULL || *sealed)
        return 0;
    if (!to_open_path(path, pdu)) {
        metric_add(path->transport->metrics.oscore_unprotected, 1);
        return COAP_RESPONSE_CODE(401);
    }
    if (too_large(pdu))
        return COAP_RESPONSE_CODE(413);
    expect_again(path);
    return 0;
}

static int on_miss(coap_session_t *coap, const coap_bin_const_t *kid, const coap_bin_const_t *kid_context, void *arg)
{
    const struct transport *transport = arg;
    (void)coap, (void)kid, (void)kid_context;
    metric_add(transport->metrics.oscore_unknown, 1);
    return 0;
}

/* ---- the transport's part ---- */

void oscore_setup(struct transport *transport)
{
    struct transport_oscore_state *state = &transport->oscore;
    unsigned half_open_s = transport->config.oscore_half_open_s;
    state->half_open.life_ms = (int64_t)(half_open_s > 0 ? half_open_s : HALF_OPEN_S) * 1000;
    state->unused.life_ms = UNUSED_PATH_MS;
    state->vacated.life_ms = VACATED_PATH_MS;
    loop_timer_init(&state->timer, on_timer, transport);
    coap_context_set_oscore_miss(transport->coap, on_miss, transport);
}

void oscore_free(struct transport *transport)
{
    loop_timer_cancel(transport->loop, &transport->oscore.timer);
    free(transport->oscore.open_path);
}

enum msgin5g_err oscore_listen(struct transport *transport, uint16_t port)
{
    struct transport_oscore_state *state = &transport->oscore;
    if (state->port_count == OSCORE_PORTS_MAX)
        return MSGIN5G_ERR_LIMIT;
    state->ports[state->port_count++] = port;
    return MSGIN5G_OK;
}

bool oscore_owns(const struct transport *transport, const coap_session_t *coap)
{
    const struct transport_oscore_state *state = &transport->oscore;
    if (state->port_count == 0 || coap_session_get_proto(coap) != COAP_PROTO_UDP)
        return false;
    uint16_t port = coap_address_get_port(coap_session_get_addr_local(coap));
    for (size_t i = 0; i < state->port_count; i++)
        if (state->ports[i] == port)
            return true;
    return false;
}
