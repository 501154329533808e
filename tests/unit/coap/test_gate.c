#include "fixture.h"

#include "base/loop.h"

#include <string.h>

static void gate_of(struct fixture *fixture, enum transport_scheme scheme, enum transport_gate_verdict verdict)
{
    fixture->server.verdict = verdict;
    fixture_listen(fixture, scheme);
}

static void passes(void **state)
{
    struct fixture *fixture = *state;
    gate_of(fixture, TRANSPORT_COAPS, TRANSPORT_GATE_PASS);
    fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY);
    assert_true(fixture->server.gate_calls >= 3); /* two hellos and the ClientKeyExchange */
    unsigned calls = fixture->server.gate_calls;
    fixture_ask(fixture, fixture->server.last, "{}", 2);
    assert_int_equal(fixture->server.gate_calls, calls);
}

static bool holds_some(struct fixture *fixture)
{
    return fixture->server.held_count > 0;
}

static void replay_held(struct fixture *fixture)
{
    struct end *server = &fixture->server;
    size_t count = server->held_count;
    server->held_count = 0;
    for (size_t i = 0; i < count && server->gated != NULL; i++)
        transport_session_replay(server->gated, server->held[i], server->held_length[i]);
}

/* Every datagram of the handshake is held for a while. */
static void holds_every_datagram(void **state, enum tls_psk_versions versions)
{
    struct fixture *fixture = *state;
    gate_of(fixture, TRANSPORT_COAPS, TRANSPORT_GATE_HOLD);
    struct transport_session *session = fixture_connect(fixture, TRANSPORT_COAPS, versions);
    unsigned rounds = 0;
    while (!both_open(fixture)) {
        assert_true(fixture_run(fixture, holds_some, 2000));
        assert_int_equal(loop_process(fixture->loop, 5), MSGIN5G_OK);
        replay_held(fixture);
        while (fixture->server.held_count == 0 && !both_open(fixture))
            assert_int_equal(loop_process(fixture->loop, 1000), MSGIN5G_OK);
        assert_true(++rounds < 10);
    }
    fixture_ask(fixture, session, "{}", 2);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
}

static void holds_and_replays_1_2(void **state)
{
    holds_every_datagram(state, TLS_PSK_1_2_ONLY);
}

static void holds_and_replays_1_3(void **state)
{
    holds_every_datagram(state, TLS_PSK_1_3_ONLY);
}

/* A session ends inside of the replay: the replayed octets are not TLS. */
static void replay_of_rubbish(void **state)
{
    struct fixture *fixture = *state;
    gate_of(fixture, TRANSPORT_COAPS, TRANSPORT_GATE_HOLD);
    fixture_connect(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, holds_some, 2000));
    struct end *server = &fixture->server;
    memset(server->held[0] + 13, 0xee, server->held_length[0] - 13);
    replay_held(fixture);
    assert_int_equal(server->closed, 1);
    assert_int_equal(server->last_end, TRANSPORT_END_HANDSHAKE);
    assert_null(server->gated);
}

static void refused_later(void **state, enum transport_scheme scheme, enum tls_psk_versions versions)
{
    struct fixture *fixture = *state;
    gate_of(fixture, scheme, TRANSPORT_GATE_HOLD);
    fixture_connect(fixture, scheme, versions);
    assert_true(fixture_run(fixture, holds_some, 2000));
    transport_session_refuse(fixture->server.gated, TLS_ALERT_UNKNOWN_PSK_IDENTITY);
    assert_int_equal(fixture->server.closed, 1);
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_HANDSHAKE);
    assert_true(fixture_run(fixture, client_closed, 4000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_HANDSHAKE);
    assert_int_equal(fixture->client.last_alert, TLS_ALERT_UNKNOWN_PSK_IDENTITY);
    assert_int_equal(fixture->client.opened, 0);
    assert_int_equal(transport_count(fixture->server.transport).half_open, 0);
}

static void refuses_later_dtls_1_2(void **state)
{
    refused_later(state, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY);
}

static void refuses_later_dtls_1_3(void **state)
{
    refused_later(state, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
}

static void refuses_later_tls_1_2(void **state)
{
    refused_later(state, TRANSPORT_COAPS_TCP, TLS_PSK_1_2_ONLY);
}

static void refuses_later_tls_1_3(void **state)
{
    refused_later(state, TRANSPORT_COAPS_TCP, TLS_PSK_1_3_ONLY);
}

static void refused_at_once(void **state, enum transport_scheme scheme)
{
    struct fixture *fixture = *state;
    fixture->server.refuse_alert = TLS_ALERT_UNRECOGNIZED_NAME;
    gate_of(fixture, scheme, TRANSPORT_GATE_PASS);
    fixture_connect(fixture, scheme, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, client_closed, 4000));
    assert_int_equal(fixture->client.last_alert, TLS_ALERT_UNRECOGNIZED_NAME);
    assert_true(fixture_run(fixture, server_closed, 1000));
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_HANDSHAKE);
    assert_int_equal(fixture->server.gate_calls, 1);
}

static void refuses_at_once_dtls(void **state)
{
    refused_at_once(state, TRANSPORT_COAPS);
}

static void refuses_at_once_tls(void **state)
{
    refused_at_once(state, TRANSPORT_COAPS_TCP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(passes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(holds_and_replays_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(holds_and_replays_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(replay_of_rubbish, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_later_dtls_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_later_dtls_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_later_tls_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_later_tls_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_at_once_dtls, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refuses_at_once_tls, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
