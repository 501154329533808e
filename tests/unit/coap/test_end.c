/* How sessions end. */
#include "fixture.h"
#include "raw_peer.h"

#include "base/loop.h"

#include <stdio.h>
#include <string.h>

#define MANY 100

static void wrong_key(void **state, enum transport_scheme scheme, enum tls_psk_versions versions)
{
    struct fixture *fixture = *state;
    fixture->client.key[3] ^= 1;
    fixture_listen(fixture, scheme);
    fixture_connect(fixture, scheme, versions);
    assert_true(fixture_run(fixture, client_closed, 6000));
    assert_int_equal(fixture->client.opened, 0);
    assert_int_equal(fixture->server.opened, 0);
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_HANDSHAKE);
    assert_int_equal(transport_count(fixture->client.transport).half_open, 0);
}

static void wrong_key_dtls_1_3(void **state)
{
    struct fixture *fixture = *state;
    wrong_key(state, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_int_equal(fixture->client.last_alert, TLS_ALERT_ILLEGAL_PARAMETER);
}

/* A server of DTLS 1.2 drops what it cannot decrypt: silence, and a limit of our own. */
static void wrong_key_dtls_1_2(void **state)
{
    static const struct transport_config patient = { .psk_hint = "3GPP-AKMA" }, hasty = { .half_open_s = 1 };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &patient, &hasty);
    wrong_key(state, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY);
    assert_int_equal(fixture->client.last_alert, -1);
}

static void wrong_key_tls(void **state)
{
    wrong_key(state, TRANSPORT_COAPS_TCP, TLS_PSK_1_3_ONLY);
}

static void nobody_there(void **state)
{
    struct fixture *fixture = *state;
    fixture->port = 1;
    fixture_connect(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, client_closed, 6000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_ERROR);
    fixture->client.closed = 0;
    fixture_connect(fixture, TRANSPORT_COAPS_TCP, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, client_closed, 6000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_ERROR);
    assert_int_equal(fixture->client.opened, 0);
}

static void silent_server(void **state)
{
    static const struct transport_config config = { .half_open_s = 1 };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &config, &config);
    fixture_listen(fixture, TRANSPORT_COAP); /* what it gets is not CoAP */
    fixture_connect(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, client_closed, 3000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_TIMEOUT);
}

static void closed_by_server(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAPS);
    fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY);
    transport_session_close(fixture->server.last);
    assert_int_equal(fixture->server.closed, 0);
    assert_true(fixture_run(fixture, client_closed, 1000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_CLOSED);
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_LOCAL);
    assert_int_equal(fixture->server.closed, 1);
}

static void closed_by_server_tls(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAPS_TCP);
    fixture_open(fixture, TRANSPORT_COAPS_TCP, TLS_PSK_1_2_ONLY);
    transport_session_close(fixture->server.last);
    assert_true(fixture_run(fixture, client_closed, 1000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_CLOSED);
}

static void plain_session_begins_anew(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAP);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAP, TLS_PSK_1_3_ONLY);
    fixture_ask(fixture, session, NULL, 0);
    transport_session_close(fixture->server.last);
    assert_true(fixture_run(fixture, server_closed, 1000));
    fixture_ask(fixture, session, NULL, 0);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(2, 4));
    assert_int_equal(fixture->server.opened, 2);
}

static void idle_session(void **state)
{
    static const struct transport_config server = { .psk_hint = "3GPP-AKMA", .session_idle_s = 1 }, client = { 0 };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &server, &client);
    fixture_listen(fixture, TRANSPORT_COAPS);
    fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, server_closed, 3000));
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_IDLE);
    assert_true(fixture_run(fixture, client_closed, 1000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_CLOSED);
}

static void limit_of_sessions(void **state)
{
    static const struct transport_config server = { .psk_hint = "3GPP-AKMA", .max_sessions = 1 },
                                         client = { .half_open_s = 1 };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &server, &client);
    fixture_listen(fixture, TRANSPORT_COAPS);
    fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    fixture_connect(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, client_closed, 3000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_TIMEOUT);
    assert_int_equal(fixture->server.opened, 1);
    assert_int_equal(transport_count(fixture->server.transport).open, 1);
}

static bool many_open(struct fixture *fixture)
{
    return fixture->server.opened == MANY && fixture->client.opened == MANY;
}

static bool many_closed(struct fixture *fixture)
{
    return fixture->server.closed == MANY;
}

static void hundred_sessions(void **state)
{
    static const struct transport_config server = { .psk_hint = "3GPP-AKMA", .half_open_per_source = MANY },
                                         client = { 0 };
    struct fixture *fixture = *state;
    struct transport_session *sessions[MANY];
    fixture_restart(fixture, &server, &client);
    fixture_listen(fixture, TRANSPORT_COAPS);
    for (int i = 0; i < MANY; i++)
        sessions[i] = fixture_connect(fixture, TRANSPORT_COAPS, i % 2 ? TLS_PSK_1_2_ONLY : TLS_PSK_1_3_ONLY);
    assert_int_equal(transport_count(fixture->client.transport).half_open, MANY);
    assert_true(fixture_run(fixture, many_open, 10000));
    assert_int_equal(transport_count(fixture->server.transport).open, MANY);
    for (int i = 0; i < MANY; i += 9)
        fixture_ask(fixture, sessions[i], "{}", 2);
    transport_free(fixture->client.transport);
    fixture->client.transport = NULL;
    assert_int_equal(fixture->client.closed, MANY);
    assert_true(fixture_run(fixture, many_closed, 3000));
}

/* Peers that begin a handshake and never end it do not keep others out, and are gone after a while. */
static void half_open_limits(void **state)
{
    static const struct transport_config server = { .psk_hint = "3GPP-AKMA",
        .half_open_per_source = 4,
        .half_open_s = 1 },
                                         client = { .half_open_s = 3 };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &server, &client);
    fixture->server.verdict = TRANSPORT_GATE_HOLD;
    fixture_listen(fixture, TRANSPORT_COAPS);
    for (int i = 0; i < 10; i++)
        fixture_connect(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    for (int i = 0; i < 10; i++)
        assert_int_equal(loop_process(fixture->loop, 5), MSGIN5G_OK);
    assert_int_equal(transport_count(fixture->server.transport).half_open, 4);
    assert_true(fixture_run(fixture, server_closed, 3000));
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_TIMEOUT);
}

static void remote_as_text(void **state)
{
    struct fixture *fixture = *state;
    struct transport_session *session = NULL;
    fixture_listen(fixture, TRANSPORT_COAPS);
    session = fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_memory_equal(transport_session_remote(fixture->server.last), "127.0.0.1:", 10);
    char expected[32];
    (void)snprintf(expected, sizeof expected, "127.0.0.1:%u", fixture->port);
    assert_string_equal(transport_session_remote(session), expected);
    struct transport_peer named = { .scheme = TRANSPORT_COAP, .host = "localhost", .port = 1 };
    assert_int_equal(transport_connect(fixture->client.transport, &named, NULL, &session), MSGIN5G_ERR_INVALID);
    assert_int_equal(
        transport_listen(fixture->server.transport, TRANSPORT_COAP, "127.0.0.300", 0, NULL), MSGIN5G_ERR_INVALID);
    uint16_t port;
    if (transport_listen(fixture->server.transport, TRANSPORT_COAP, "[::1]", 0, &port) != MSGIN5G_OK)
        return; /* a machine without IPv6 */
    struct transport_peer peer = { .scheme = TRANSPORT_COAP, .host = "::1", .port = port };
    assert_int_equal(transport_connect(fixture->client.transport, &peer, NULL, &session), MSGIN5G_OK);
    assert_memory_equal(transport_session_remote(session), "[::1]:", 6);
}

/* Nobody takes the datagrams of a server that is there already. */
static void port_in_use(void **state)
{
    struct fixture *fixture = *state;
    for (enum transport_scheme scheme = TRANSPORT_COAPS; scheme <= TRANSPORT_COAP; scheme++) {
        fixture_listen(fixture, scheme);
        assert_int_equal(
            transport_listen(fixture->client.transport, scheme, "127.0.0.1", fixture->port, NULL), MSGIN5G_ERR_IO);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(wrong_key_dtls_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(wrong_key_dtls_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(wrong_key_tls, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nobody_there, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(silent_server, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(closed_by_server, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(closed_by_server_tls, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(plain_session_begins_anew, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(idle_session, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(limit_of_sessions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(hundred_sessions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(half_open_limits, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(port_in_use, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(remote_as_text, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
