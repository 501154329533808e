/* Getting and keeping a session: which version to offer, whose fault a failure is, when to try again. */
#include "client_internal.h"

#include "base/secret.h"

#include <stdio.h>

/* Alerts that say "this key is not known here" (section 4.5 of the AKMA digest; RFC 8446 6, RFC 4279 2). */
static bool alert_blames_key(int alert)
{
    return alert == TLS_ALERT_UNKNOWN_PSK_IDENTITY || alert == TLS_ALERT_DECRYPT_ERROR ||
           alert == TLS_ALERT_ILLEGAL_PARAMETER || alert == 20 /* bad_record_mac */;
}

static unsigned backoff_ms(const struct msgin5g_client *client)
{
    unsigned shift = client->failures < 16 ? client->failures : 16;
    uint64_t wait_ms = (uint64_t)client->backoff_min_ms << shift;
    uint16_t jitter;

    if (wait_ms > client->backoff_max_ms)
        wait_ms = client->backoff_max_ms;
    secret_random(&jitter, sizeof jitter);
    return (unsigned)(wait_ms / 2 + wait_ms * jitter / (2 * UINT16_MAX)); /* half to all of it */
}

static void on_backoff(void *ctx)
{
    connection_start(ctx);
}

void connection_retry_later(struct msgin5g_client *client, enum msgin5g_err err)
{
    connection_drop(client);
    loop_timer_init(&client->timer, on_backoff, client);
    (void)loop_timer_set(client->context->loop, &client->timer, backoff_ms(client));
    client->failures++;
    client_set_state(client, MSGIN5G_CLIENT_WAITING, err);
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
    client->events.need_key(client->ctx, client);
}

static void attempt(struct msgin5g_client *client)
{
    const struct transport_peer peer = {
        .scheme = client->server.scheme,
        .host = client->server.address,
        .port = client->server.port,
        .server_name = client->server_name,
        .versions = client->attempt,
    };
    enum msgin5g_err err = transport_connect(client->context->transport, &peer, client, &client->session);

    if (err != MSGIN5G_OK)
        connection_retry_later(client, err);
}

void connection_start(struct msgin5g_client *client)
{
    connection_drop(client);
    client->attempt_is_second = false;
    if (client->version != MSGIN5G_VERSION_AUTO)
        client->attempt = client->version == MSGIN5G_VERSION_1_3 ? TLS_PSK_1_3_ONLY : TLS_PSK_1_2_ONLY;
    client_set_state(client, MSGIN5G_CLIENT_CONNECTING, MSGIN5G_OK);
    attempt(client);
}

void connection_drop(struct msgin5g_client *client)
{
    struct transport_session *session = client->session;

    loop_timer_cancel(client->context->loop, &client->timer);
    client->session = NULL;
    client->protection[0] = '\0';
    if (session == NULL)
        return;
    transport_session_set_user(session, NULL);
    transport_session_close(session);
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

void connection_opened(struct msgin5g_client *client)
{
    snprintf(client->protection, sizeof client->protection, "%s %s",
        transport_session_is_1_3(client->session) ? "DTLSv1.3" : "DTLSv1.2",
        suite_name(transport_session_suite(client->session)));
    registration_start(client);
}

/* The handshake failed: another version, another key, or later. */
static void handshake_failed(struct msgin5g_client *client, int alert)
{
    if (alert_blames_key(alert)) {
        connection_key_failed(client, MSGIN5G_ERR_AUTHENTICATION);
        return;
    }
    if (client->version == MSGIN5G_VERSION_AUTO && !client->attempt_is_second) {
        client->attempt_is_second = true;
        client->attempt = client->attempt == TLS_PSK_1_3_ONLY ? TLS_PSK_1_2_ONLY : TLS_PSK_1_3_ONLY;
        attempt(client);
        return;
    }
    connection_retry_later(client, alert >= 0 ? MSGIN5G_ERR_PEER : MSGIN5G_ERR_CONNECT);
}

void connection_closed(struct msgin5g_client *client, struct transport_session *session, enum transport_end end)
{
    int alert = transport_session_alert(session);

    if (session != client->session)
        return;
    client->session = NULL;
    client->protection[0] = '\0';
    loop_timer_cancel(client->context->loop, &client->timer);
    if (client->state == MSGIN5G_CLIENT_CONNECTING)
        handshake_failed(client, alert);
    else if (client->state == MSGIN5G_CLIENT_DEREGISTERING)
        client_set_state(client, MSGIN5G_CLIENT_IDLE, MSGIN5G_OK);
    else
        connection_retry_later(client, end == TRANSPORT_END_TIMEOUT ? MSGIN5G_ERR_TIMEOUT : MSGIN5G_ERR_CLOSED);
}
