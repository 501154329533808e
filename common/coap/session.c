#include "internal.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define REMOTE_TEXT_SIZE (INET6_ADDRSTRLEN + 9) /* "[address]:port" */

static struct transport *transport_of(coap_session_t *coap)
{
    return coap_context_get_app_data(coap_session_get_context(coap));
}

struct transport_session *session_of(coap_session_t *coap)
{
    struct transport_session *session = coap_session_get_app_data(coap);
    if (session != NULL || coap_session_get_type(coap) != COAP_SESSION_TYPE_CLIENT)
        return session;
    /* libcoap calls back before it has returned the session it is making */
    session = transport_of(coap)->connecting;
    if (session != NULL && session->coap == NULL) {
        session->coap = coap;
        coap_session_set_app_data(coap, session);
        return session;
    }
    return NULL;
}

static enum transport_scheme scheme_of(const coap_session_t *coap)
{
    switch (coap_session_get_proto(coap)) {
    case COAP_PROTO_DTLS:
        return TRANSPORT_COAPS;
    case COAP_PROTO_TLS:
        return TRANSPORT_COAPS_TCP;
    default:
        return TRANSPORT_COAP;
    }
}

static void note_remote(struct transport_session *session, const coap_address_t *address)
{
    size_t length = address->size < sizeof session->remote ? address->size : sizeof session->remote;
    memcpy(&session->remote, &address->addr, length);
}

/* An address that speaks to a port for OSCORE: nobody yet. */
static struct transport_session *path_incoming(struct transport *transport, coap_session_t *coap)
{
    struct transport_session *path = calloc(1, sizeof *path);
    if (path == NULL)
        return NULL;
    path->transport = transport;
    path->coap = coap;
    path->alert = -1;
    path->state = SESSION_OPEN;
    if (oscore_begin(path, true) != MSGIN5G_OK) {
        free(path);
        return NULL;
    }
    note_remote(path, coap_session_get_addr_remote(coap));
    session_apply_parameters(transport, coap);
    coap_session_set_app_data(coap, path);
    DL_PREPEND(transport->sessions, path);
    return path;
}

struct transport_session *session_incoming(struct transport *transport, coap_session_t *coap)
{
    unsigned limit = transport->config.max_sessions;
    if (transport->freeing)
        return NULL;
    if (oscore_owns(transport, coap))
        return path_incoming(transport, coap);
    if (limit > 0 && transport->counts.open + transport->counts.half_open >= limit) {
        metric_add(transport->metrics.refused_by_limit, 1);
        return NULL;
    }
    struct transport_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->transport = transport;
    session->coap = coap;
    session->scheme = (uint8_t)scheme_of(coap);
    session->alert = -1;
    note_remote(session, coap_session_get_addr_remote(coap));
    coap_session_set_app_data(coap, session);
    DL_PREPEND(transport->sessions, session);
    transport->counts.half_open++;
    if (session->scheme == TRANSPORT_COAP)
        session_open(session);
    return session;
}

void session_apply_parameters(const struct transport *transport, coap_session_t *coap)
{
    const struct transport_config *config = &transport->config;
    coap_fixed_point_t ack_timeout = { (uint16_t)(config->ack_timeout_ms / 1000),
        (uint16_t)(config->ack_timeout_ms % 1000) };
    coap_session_set_ack_timeout(coap, ack_timeout);
    coap_session_set_max_retransmit(coap, (uint16_t)config->max_retransmit);
    coap_session_set_nstart(coap, (uint16_t)config->nstart);
}

void session_open(struct transport_session *session)
{
    struct transport *transport = session->transport;
    if (session->state != SESSION_HALF_OPEN)
        return;
    session_apply_parameters(transport, session->coap);
    session_note_tls(session);
    connect_settled(session);
    oscore_settled(session);
    session->state = SESSION_OPEN;
    transport->counts.half_open--;
    transport->counts.open++;
    if (transport->handler.opened != NULL)
        transport->handler.opened(transport->ctx, session);
}

void session_note_tls(struct transport_session *session)
{
    void *ssl = hooks_ssl(session);
    if (ssl == NULL)
        return;
    session->suite = tls_psk_suite(ssl);
    session->is_1_3 = tls_psk_is_1_3(ssl);
    session->alert = (int16_t)tls_psk_alert_received(ssl);
}

void session_end(struct transport_session *session, enum transport_end end)
{
    struct transport *transport = session->transport;
    if (session->state == SESSION_ENDED)
        return;
    session_note_tls(session);
    connect_settled(session);
    if (session->state == SESSION_HALF_OPEN)
        transport->counts.half_open--;
    else if (!oscore_is_path(session))
        transport->counts.open--;
    session->state = SESSION_ENDED;
    session->end = (uint8_t)end;
    oscore_settled(session);
    if (transport->ended == NULL)
        transport->ended = session;
    else
        transport->ended_last->ended_next = session;
    transport->ended_last = session;
    transport_settle_soon(transport);
}

/* Part from libcoap's session. Ours is forgotten first, so that nothing libcoap does now comes back here. */
static void let_go(struct transport_session *session)
{
    coap_session_t *coap = session->coap;
    if (oscore_let_go(session) || coap == NULL || session->coap_freed)
        return;
    session->coap = NULL;
    coap_session_set_app_data(coap, NULL);
    transport_enter(session->transport);
    coap_session_disconnected(coap, COAP_NACK_NOT_DELIVERABLE);
    if (session->client != NULL)
        coap_session_release(coap);
    transport_leave(session->transport);
}

static void free_session(struct transport_session *session)
{
    DL_DELETE(session->transport->sessions, session);
    request_forget_session(session);
    connect_free_client(session->client);
    free(session->oscore);
    free(session->remote_text);
    free(session);
}

static void release(struct transport_session *session)
{
    struct transport *transport = session->transport;
    let_go(session);
    session->ssl = NULL;
    exchange_end_all(session, MSGIN5G_ERR_CLOSED);
    transport_observations_end(session);
    if (transport->handler.closed != NULL && !oscore_is_path(session))
        transport->handler.closed(transport->ctx, session, (enum transport_end)session->end);
    free_session(session);
}

void session_release_ended(struct transport *transport)
{
    struct transport_session *session;
    assert(transport->depth == 0);
    while ((session = transport->ended) != NULL) {
        transport->ended = session->ended_next;
        release(session);
    }
}

/* The connection is down: who ended it shows in what came before. */
static void on_connection_end(struct transport_session *session)
{
    session_end(session, session->state == SESSION_HALF_OPEN ? TRANSPORT_END_HANDSHAKE
                         : session->tls_failed               ? TRANSPORT_END_ERROR
                                                             : TRANSPORT_END_CLOSED);
}

/* libcoap frees its session right after this event. */
static void on_freed(struct transport_session *session)
{
    enum transport_end end = session->transport->freeing               ? TRANSPORT_END_LOCAL
                             : session->state == SESSION_OPEN          ? TRANSPORT_END_IDLE
                             : session->tls_failed || session->refused ? TRANSPORT_END_HANDSHAKE
                                                                       : TRANSPORT_END_TIMEOUT;
    coap_session_set_app_data(session->coap, NULL);
    session_end(session, end);
    session->coap = NULL;
    session->ssl = NULL;
    session->coap_freed = true;
}

int session_on_event(coap_session_t *coap, coap_event_t event)
{
    struct transport *transport = transport_of(coap);
    struct transport_session *session = session_of(coap);
    if (event == COAP_EVENT_SERVER_SESSION_NEW)
        (void)session_incoming(transport, coap);
    if (session == NULL)
        return 0;
    switch (event) {
    case COAP_EVENT_DTLS_CONNECTED:
        /* A UE over TCP has shown its key; that its CSM may never come is no reason not to know it. */
        if (session->scheme == TRANSPORT_COAPS || session->client == NULL)
            session_open(session);
        break;
    case COAP_EVENT_SESSION_CONNECTED: /* both ends' CSM are through (RFC 8323 5.3) */
        if (session->client != NULL)   /* libcoap would block in coap_send() until this event is over */
            connect_owe_open(session);
        else
            session_open(session);
        break;
    case COAP_EVENT_DTLS_ERROR:
        session->tls_failed = true;
        session_note_tls(session);
        break;
    case COAP_EVENT_DTLS_CLOSED:
        session->ssl = NULL;
        on_connection_end(session);
        break;
    case COAP_EVENT_TCP_FAILED: /* nobody listens there */
        session_end(session, TRANSPORT_END_ERROR);
        break;
    case COAP_EVENT_TCP_CLOSED:
    case COAP_EVENT_SESSION_FAILED:
        on_connection_end(session);
        break;
    case COAP_EVENT_SERVER_SESSION_DEL:
        on_freed(session);
        break;
    case COAP_EVENT_MSG_RETRANSMITTED:
        metric_add(transport->metrics.retransmissions, 1);
        break;
    case COAP_EVENT_BAD_PACKET:
        metric_add(transport->metrics.malformed, 1);
        break;
    default:
        break;
    }
    return 0;
}

void transport_session_close(struct transport_session *session)
{
    if (!oscore_is_path(session))
        session_end(session, TRANSPORT_END_LOCAL);
}

void *transport_session_user(const struct transport_session *session)
{
    return session->user;
}

void transport_session_set_user(struct transport_session *session, void *user)
{
    session->user = user;
}

enum transport_scheme transport_session_scheme(const struct transport_session *session)
{
    return (enum transport_scheme)session->scheme;
}

/* Made when first asked for: most sessions are never named. */
const char *transport_session_remote(const struct transport_session *session)
{
    struct transport_session *mine = (struct transport_session *)session;
    char address[INET6_ADDRSTRLEN] = "?";
    if (session->remote_text != NULL)
        return session->remote_text;
    char *text = malloc(REMOTE_TEXT_SIZE);
    if (text == NULL)
        return "?";
    if (session->remote.any.sa_family == AF_INET6) {
        (void)inet_ntop(AF_INET6, &session->remote.v6.sin6_addr, address, sizeof address);
        (void)snprintf(text, REMOTE_TEXT_SIZE, "[%s]:%u", address, ntohs(session->remote.v6.sin6_port));
    } else {
        (void)inet_ntop(AF_INET, &session->remote.v4.sin_addr, address, sizeof address);
        (void)snprintf(text, REMOTE_TEXT_SIZE, "%s:%u", address, ntohs(session->remote.v4.sin_port));
    }
    mine->remote_text = text;
    return text;
}

static void refresh_tls(const struct transport_session *session)
{
    if (session->state == SESSION_HALF_OPEN)
        session_note_tls((struct transport_session *)session);
}

uint16_t transport_session_suite(const struct transport_session *session)
{
    refresh_tls(session);
    return session->suite;
}

bool transport_session_is_1_3(const struct transport_session *session)
{
    refresh_tls(session);
    return session->is_1_3;
}

const char *transport_session_server_name(const struct transport_session *session)
{
    void *ssl = hooks_ssl(session);
    return ssl != NULL ? tls_psk_server_name(ssl) : NULL;
}

int transport_session_alert(const struct transport_session *session)
{
    refresh_tls(session);
    return session->alert;
}

bool transport_session_cookie_valid(const struct transport_session *session, const uint8_t *cookie, size_t length)
{
    void *ssl = hooks_ssl(session);
    return ssl != NULL && tls_psk_cookie_valid(ssl, cookie, length);
}
