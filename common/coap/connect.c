/* Sessions we open, and their patience with the handshake. */
#include "address.h"
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

static void wait_for(struct transport_session *session)
{
    struct transport *transport = session->transport;
    struct session_client *client = session->client;
    int64_t life_ms = (int64_t)transport->config.half_open_s * 1000;
    client->session = session;
    client->due_ms = transport_now_ms(transport) + life_ms;
    client->list = session->scheme <= TRANSPORT_COAPS_TCP ? &transport->half_open : &transport->opening;
    DL_APPEND(*client->list, client);
    if (client->list == &transport->half_open && transport->half_open_timer.heap_index == 0)
        (void)loop_timer_set(transport->loop, &transport->half_open_timer, life_ms);
}

void connect_settled(struct transport_session *session)
{
    struct session_client *client = session->client;
    if (client == NULL || client->list == NULL)
        return;
    DL_DELETE(*client->list, client);
    client->list = NULL;
}

void connect_owe_open(struct transport_session *session)
{
    struct session_client *client = session->client;
    connect_settled(session);
    client->list = &session->transport->opening;
    DL_APPEND(*client->list, client);
}

void connect_open_owed(struct transport *transport)
{
    transport_enter(transport);
    while (transport->opening != NULL)
        session_open(transport->opening->session);
    transport_leave(transport);
}

/*
 * A server that chose a suite and then falls silent did not like our key: DTLS 1.2 has no alert for it. The suite of
 * 1.3 says nothing: wolfSSL takes it for chosen when it writes the ClientHello.
 */
static enum transport_end end_of_patience(struct transport_session *session)
{
    session_note_tls(session);
    return session->suite == 0 || session->suite == TLS_SUITE_TLS13_AES_128_GCM ? TRANSPORT_END_TIMEOUT
                                                                                : TRANSPORT_END_HANDSHAKE;
}

void connect_on_timer(void *ctx)
{
    struct transport *transport = ctx;
    struct session_client *first;
    int64_t now_ms = transport_now_ms(transport);
    while ((first = transport->half_open) != NULL && first->due_ms <= now_ms)
        session_end(first->session, end_of_patience(first->session));
    if (first != NULL)
        (void)loop_timer_set(transport->loop, &transport->half_open_timer, first->due_ms - now_ms);
}

void connect_free_client(struct session_client *client)
{
    if (client == NULL)
        return;
    free(client->server_name);
    free(client->identity);
    free(client);
}

static struct transport_session *new_session(struct transport *transport, const struct transport_peer *peer, void *user)
{
    struct transport_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return NULL;
    session->transport = transport;
    session->scheme = (uint8_t)peer->scheme;
    session->alert = -1;
    session->user = user;
    session->client = calloc(1, sizeof *session->client);
    if (session->client != NULL && peer->server_name != NULL)
        session->client->server_name = strdup(peer->server_name);
    if (session->client == NULL || (peer->server_name != NULL && session->client->server_name == NULL)) {
        connect_free_client(session->client);
        free(session);
        return NULL;
    }
    session->client->versions = peer->versions;
    return session;
}

static void free_new_session(struct transport_session *session)
{
    connect_free_client(session->client);
    free(session->oscore);
    free(session);
}

/* (D)TLS 1.3 has no hint to wait for: the key is chosen now. In 1.2 psk_on_client_hint() chooses it. */
static enum msgin5g_err fill_psk(struct transport_session *session, coap_dtls_cpsk_t *setup)
{
    struct transport *transport = session->transport;
    struct session_client *client = session->client;
    setup->version = COAP_DTLS_CPSK_SETUP_VERSION;
    setup->client_sni = client->server_name;
    if (client->versions == TLS_PSK_1_3_ONLY) {
        transport->psk_in_use = true;
        if (transport->handler.client_psk == NULL ||
            !transport->handler.client_psk(transport->ctx, session, NULL, TLS_SUITE_TLS13_AES_128_GCM, &transport->psk))
            return MSGIN5G_ERR_AUTHENTICATION;
    } else { /* libcoap wants something to start with */
        setup->validate_ih_call_back = psk_on_client_hint;
        setup->ih_call_back_arg = transport;
        transport->psk = (struct transport_psk){ .key_length = 1, .identity = "-" };
    }
    if ((client->identity = strdup(transport->psk.identity)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    setup->psk_info.identity = (coap_bin_const_t){ strlen(client->identity), (const uint8_t *)client->identity };
    setup->psk_info.key = (coap_bin_const_t){ transport->psk.key_length, transport->psk.key };
    return MSGIN5G_OK;
}

static enum msgin5g_err start(struct transport_session *session, const coap_address_t *address)
{
    static const coap_proto_t protos[] = {
        [TRANSPORT_COAPS] = COAP_PROTO_DTLS, [TRANSPORT_COAPS_TCP] = COAP_PROTO_TLS
    };
    struct transport *transport = session->transport;
    coap_dtls_cpsk_t setup = { 0 };
    coap_session_t *coap;
    if (session->scheme > TRANSPORT_COAPS_TCP) {
        coap = coap_new_client_session(transport->coap, NULL, address, COAP_PROTO_UDP);
    } else {
        enum msgin5g_err err = fill_psk(session, &setup);
        if (err != MSGIN5G_OK)
            return err;
        coap = coap_new_client_session_psk2(transport->coap, NULL, address, protos[session->scheme], &setup);
    }
    if (coap == NULL) {
        session->coap = NULL;
        session->coap_freed = true;
        return MSGIN5G_ERR_IO;
    }
    session->coap = coap;
    coap_session_set_app_data(coap, session);
    coap_session_set_no_observe_cancel(coap); /* a session that ends says nothing about what is subscribed to */
    return MSGIN5G_OK;
}

/* libcoap had not begun: the owner learns it from the result alone. */
static void abandon(struct transport_session *session)
{
    connect_settled(session);
    session->transport->counts.half_open--;
    DL_DELETE(session->transport->sessions, session);
    free_new_session(session);
}

enum msgin5g_err transport_connect(
    struct transport *transport, const struct transport_peer *peer, void *user, struct transport_session **out)
{
    coap_address_t address;
    enum msgin5g_err err = MSGIN5G_OK;
    if (peer->scheme > TRANSPORT_OSCORE || !address_parse(peer->host, peer->port, &address))
        return MSGIN5G_ERR_INVALID;
    struct transport_session *session = new_session(transport, peer, user);
    if (session == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (peer->scheme == TRANSPORT_OSCORE && (err = oscore_begin(session, false)) != MSGIN5G_OK) {
        free_new_session(session);
        return err;
    }
    memcpy(
        &session->remote, &address.addr, address.size < sizeof session->remote ? address.size : sizeof session->remote);
    DL_PREPEND(transport->sessions, session);
    transport->counts.half_open++;
    wait_for(session);
    transport_enter(transport);
    transport->connecting = session;
    err = start(session, &address);
    transport->connecting = NULL;
    transport_leave(transport);
    transport_settle_soon(transport); /* also arms libcoap's timer for the ClientHello */
    if (err != MSGIN5G_OK && session->state != SESSION_ENDED) {
        abandon(session);
        return err;
    }
    *out = session;
    return MSGIN5G_OK;
}
