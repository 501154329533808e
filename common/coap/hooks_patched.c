/* What our patches of libcoap make possible (decision D2): set-up of wolfSSL, the gate, limits without a scan. */
#include "internal.h"

static int on_setup(coap_session_t *coap, void *ssl, int is_server, void *arg)
{
    struct transport *transport = arg;
    struct transport_session *session = session_of(coap);
    if (session == NULL)
        return 0;
    struct tls_psk_profile profile = { .is_server = is_server != 0,
        .versions = session->client != NULL ? session->client->versions : TLS_PSK_1_2_AND_1_3,
        .ccm8 = transport->config.ccm8,
        .only_suite = transport->config.only_suite,
        .key_log_file = transport->config.key_log_file };
    session->ssl = ssl;
    return tls_psk_apply(ssl, &profile) == MSGIN5G_OK;
}

#define CONTENT_TYPE_ACK 26

/*
 * A wolfSSL client that offers no more than DTLS 1.2 acknowledges a repeated HelloVerifyRequest as it would in 1.3, and
 * wolfSSL's server gives the handshake up over that record. RFC 6347 4.1.2.7: drop what is invalid, and go on.
 */
static bool is_stray_ack(const struct transport_session *session, const uint8_t *octets)
{
    return session->scheme == TRANSPORT_COAPS && octets[0] == CONTENT_TYPE_ACK && session->ssl != NULL &&
           !tls_psk_is_1_3(session->ssl);
}

static coap_gate_verdict_t on_gate(coap_session_t *coap, const uint8_t *octets, size_t length, void *arg)
{
    static const coap_gate_verdict_t verdicts[] = { [TRANSPORT_GATE_PASS] = COAP_GATE_PASS,
        [TRANSPORT_GATE_HOLD] = COAP_GATE_HOLD,
        [TRANSPORT_GATE_REFUSE] = COAP_GATE_REFUSE };
    struct transport *transport = arg;
    struct transport_session *session = session_of(coap);
    if (session == NULL || session->state != SESSION_HALF_OPEN)
        return COAP_GATE_REFUSE;
    if (is_stray_ack(session, octets))
        return COAP_GATE_HOLD; /* and nobody replays it */
    if (transport->handler.gate == NULL)
        return COAP_GATE_PASS;
    session->in_gate = true;
    enum transport_gate_verdict verdict = transport->handler.gate(transport->ctx, session, octets, length);
    session->in_gate = false;
    if (verdict == TRANSPORT_GATE_REFUSE)
        session->refused = true;
    return session->refused ? COAP_GATE_REFUSE : verdicts[verdict];
}

static void on_acked(coap_session_t *coap, const coap_pdu_t *sent, void *arg)
{
    struct transport_session *session = session_of(coap);
    (void)arg;
    if (session != NULL)
        observation_on_acked(session, (uint16_t)coap_pdu_get_mid(sent));
}

void hooks_setup(struct transport *transport)
{
    const struct transport_config *config = &transport->config;
    coap_context_set_tls_setup(transport->coap, on_setup, transport);
    coap_context_set_gate(transport->coap, on_gate, transport);
    coap_context_set_half_open_limits(transport->coap, config->half_open_s, config->half_open_per_source);
    coap_context_set_request_filter(transport->coap, request_filter, transport);
    transport->filtered = true;
    coap_context_set_acked_handler(transport->coap, on_acked, transport);
    coap_context_set_max_body(transport->coap, config->body_octets);
}

void *hooks_ssl(const struct transport_session *session)
{
    return session->ssl;
}

/* Between libcoap's calls closed() may run at once, as the gate's owner expects. */
static void leave_and_release(struct transport *transport)
{
    transport_leave(transport);
    if (transport->depth == 0)
        session_release_ended(transport);
}

void transport_session_replay(struct transport_session *session, const uint8_t *octets, size_t length)
{
    struct transport *transport = session->transport;
    coap_session_t *coap = session->coap;
    if (session->state != SESSION_HALF_OPEN)
        return;
    transport_enter(transport);
    coap_session_reference(coap);
    (void)coap_session_gate_replay(coap, octets, length);
    coap_session_release(coap);
    leave_and_release(transport);
    transport_settle_soon(transport); /* once for all replays of this round */
}

/*
 * The alert is a record of epoch 0 with a number the handshake has not reached, so that the peer's protection against
 * replay lets it through (RFC 6347 4.1.2.6).
 */
#define ALERT_SEQUENCE 0x100000

void transport_session_refuse(struct transport_session *session, enum tls_alert alert)
{
    struct transport *transport = session->transport;
    bool dtls = session->scheme == TRANSPORT_COAPS;
    uint8_t record[15];
    if (session->state != SESSION_HALF_OPEN || session->refused)
        return;
    session->refused = true;
    size_t length = tls_alert_record(dtls, dtls ? 0xfefd : 0x0303, ALERT_SEQUENCE, alert, record);
    transport_enter(transport);
    (void)coap_session_gate_send(session->coap, record, length);
    if (!session->in_gate) /* else the gate's verdict does it */
        coap_session_gate_abort(session->coap);
    leave_and_release(transport);
}
