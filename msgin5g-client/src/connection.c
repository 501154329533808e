/* Getting and keeping a session: which version to offer, whose fault a failure is, when to try again. */
#include "bootstrap.h"
#include "client_internal.h"

#include <stdio.h>
#include <stdlib.h>

#define ALERT_BAD_RECORD_MAC        20 /* RFC 8446 6 */
#define ALERT_PROTOCOL_VERSION      70
#define ALERT_INSUFFICIENT_SECURITY 71

/* Alerts after which the A-KID may be stale, whatever the peer's stack calls it (TS 33.535; RFC 4279 2, RFC 8446 6.2).
 */
static bool alert_blames_key(int alert)
{
    return alert == TLS_ALERT_UNKNOWN_PSK_IDENTITY || alert == TLS_ALERT_DECRYPT_ERROR ||
           alert == TLS_ALERT_HANDSHAKE_FAILURE || alert == TLS_ALERT_ILLEGAL_PARAMETER ||
           alert == ALERT_BAD_RECORD_MAC;
}

/* A server of (D)TLS 1.2 alone says one of these, or nothing we understand. */
static bool alert_blames_version(int alert)
{
    return alert == ALERT_PROTOCOL_VERSION || alert == TLS_ALERT_HANDSHAKE_FAILURE ||
           alert == ALERT_INSUFFICIENT_SECURITY || alert < 0;
}

/* The wait doubles with every failure in a row. */
static unsigned backoff_ms(const struct msgin5g_client *client)
{
    unsigned shift = client->failures < 16 ? client->failures : 16;
    uint64_t wait_ms = (uint64_t)client->backoff_min_ms << shift;

    return wait_ms < client->backoff_max_ms ? (unsigned)wait_ms : client->backoff_max_ms;
}

/* Half of it to all of it, so that a thousand clients do not come back in the same moment. */
static int64_t with_jitter(unsigned wait_ms)
{
    uint16_t jitter;

    secret_random(&jitter, sizeof jitter);
    return (int64_t)(wait_ms / 2 + (uint64_t)wait_ms * jitter / (2ULL * UINT16_MAX));
}

static void on_backoff(void *ctx)
{
    connection_start(ctx);
}

/* Not before the server said, but not later than the longest wait either: nobody shall hold a client off for good. */
static int64_t next_attempt_ms(const struct msgin5g_client *client, unsigned wait_ms)
{
    int64_t asked_s = client->retry_after_s, longest_s = client->backoff_max_ms / 1000;
    int64_t asked_ms = asked_s <= 0 ? 0 : 1000 * (asked_s < longest_s ? asked_s : longest_s);

    return asked_ms + with_jitter(wait_ms);
}

void connection_retry_later(struct msgin5g_client *client, enum msgin5g_err err)
{
    unsigned wait_ms = backoff_ms(client);

    connection_drop(client);
    loop_timer_init(&client->timer, on_backoff, client);
    (void)loop_timer_set(client->context->loop, &client->timer, next_attempt_ms(client, wait_ms));
    client->retry_after_s = 0;
    if (wait_ms == client->backoff_max_ms)
        client->key_refreshed = false; /* after the longest wait the key may be asked for again */
    client->failures++;
    client_set_state(client, MSGIN5G_CLIENT_WAITING, err);
    if (client->state == MSGIN5G_CLIENT_WAITING)
        messages_give_up(client, err);
}

void connection_key_failed(struct msgin5g_client *client, enum msgin5g_err err)
{
    if (client->key_refreshed || client->events.need_key == NULL) {
        connection_retry_later(client, err);
        return;
    }
    client->key_refreshed = true;
    connection_drop(client);
    client_set_state(client, MSGIN5G_CLIENT_WAITING_KEY, err);
    if (client->state == MSGIN5G_CLIENT_WAITING_KEY && client->events.need_key != NULL)
        client->events.need_key(client->ctx, client);
}

static enum msgin5g_err connect_with(struct msgin5g_client *client, enum tls_psk_versions versions)
{
    const struct transport_peer peer = {
        .scheme = client->server.scheme,
        .host = client->server.address,
        .port = client->server.port,
        .server_name = client->server_name,
        .versions = versions,
    };
    struct connection *connection = calloc(1, sizeof *connection);
    enum msgin5g_err err;

    if (connection == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    connection->client = client;
    client->attempt = versions;
    err = transport_connect(client->context->transport, &peer, connection, &connection->session);
    if (err == MSGIN5G_OK)
        client->connection = connection;
    else
        free(connection);
    return err;
}

static enum tls_psk_versions first_versions(const struct msgin5g_client *client)
{
    if (!CAN_PIN_VERSION || client->server.scheme == TRANSPORT_OSCORE)
        return TLS_PSK_1_2_AND_1_3;
    return client->version == MSGIN5G_VERSION_1_2 ? TLS_PSK_1_2_ONLY : TLS_PSK_1_3_ONLY;
}

void connection_start(struct msgin5g_client *client)
{
    enum msgin5g_err err;

    connection_drop(client);
    if ((err = connect_with(client, first_versions(client))) != MSGIN5G_OK)
        connection_retry_later(client, err);
    else
        client_set_state(client, MSGIN5G_CLIENT_CONNECTING, MSGIN5G_OK);
}

void connection_drop(struct msgin5g_client *client)
{
    struct connection *connection = client->connection;

    loop_timer_cancel(client->context->loop, &client->timer);
    bootstrap_drop(client);
    client->connection = NULL;
    client->protection[0] = '\0';
    if (connection == NULL)
        return;
    subscriptions_disconnected(client);
    connection->client = NULL;
    transport_session_close(connection->session);
}

static const char *suite_name(uint16_t suite)
{
    switch (suite) {
    case TLS_SUITE_TLS13_AES_128_GCM:
        return "TLS_AES_128_GCM_SHA256";
    case TLS_SUITE_ECDHE_PSK_AES128_GCM:
        return "TLS_ECDHE_PSK_WITH_AES_128_GCM_SHA256";
    case TLS_SUITE_ECDHE_PSK_CHACHA20:
        return "TLS_ECDHE_PSK_WITH_CHACHA20_POLY1305_SHA256";
    case TLS_SUITE_PSK_AES128_CCM_8:
        return "TLS_PSK_WITH_AES_128_CCM_8";
    default:
        return "another suite";
    }
}

void connection_protected(struct msgin5g_client *client, const char *how)
{
    snprintf(client->protection, sizeof client->protection, "%s", how);
    registration_start(client);
}

void connection_opened(struct msgin5g_client *client)
{
    const struct transport_session *session = client->connection->session;
    char how[sizeof client->protection];

    if (client->server.scheme == TRANSPORT_OSCORE) {
        bootstrap_start(client);
        return;
    }
    snprintf(how, sizeof how, "%s%s %s", client->server.scheme == TRANSPORT_COAPS_TCP ? "TLS" : "DTLS",
        transport_session_is_1_3(session) ? "v1.3" : "v1.2", suite_name(transport_session_suite(session)));
    connection_protected(client, how);
}

static bool may_try_1_2(const struct msgin5g_client *client, int alert, enum transport_end end)
{
    return client->version == MSGIN5G_VERSION_AUTO && client->attempt == TLS_PSK_1_3_ONLY &&
           end != TRANSPORT_END_ERROR && alert_blames_version(alert);
}

static enum msgin5g_err blame(int alert, enum transport_end end)
{
    if (alert >= 0)
        return MSGIN5G_ERR_PEER;
    return end == TRANSPORT_END_ERROR ? MSGIN5G_ERR_CONNECT : MSGIN5G_ERR_TIMEOUT;
}

/*
 * The handshake failed: another version, another key, or later. A server of DTLS 1.2 falls silent when it cannot verify
 * us, but so does a path that loses datagrams: the key is blamed from the second time on.
 */
static void handshake_failed(struct msgin5g_client *client, int alert, enum transport_end end)
{
    bool silent = alert < 0 && end == TRANSPORT_END_HANDSHAKE;
    enum msgin5g_err err = blame(alert, end);

    if (may_try_1_2(client, alert, end)) {
        if ((err = connect_with(client, TLS_PSK_1_2_ONLY)) == MSGIN5G_OK)
            return;
    } else if (alert_blames_key(alert)) {
        connection_key_failed(client, MSGIN5G_ERR_AUTHENTICATION);
        return;
    } else if (silent && client->failures > 0) {
        connection_key_failed(client, err);
        return;
    }
    connection_retry_later(client, err);
}

void connection_closed(struct msgin5g_client *client, const struct transport_session *session, enum transport_end end)
{
    bootstrap_drop(client);
    client->connection = NULL;
    client->protection[0] = '\0';
    loop_timer_cancel(client->context->loop, &client->timer);
    if (client->state == MSGIN5G_CLIENT_CONNECTING)
        handshake_failed(client, transport_session_alert(session), end);
    else if (client->state == MSGIN5G_CLIENT_DEREGISTERING)
        registration_finish(client, MSGIN5G_ERR_CLOSED);
    else
        connection_retry_later(client, end == TRANSPORT_END_TIMEOUT ? MSGIN5G_ERR_TIMEOUT : MSGIN5G_ERR_CLOSED);
}
