#include "fixture.h"

#include <string.h>

struct profile {
    enum transport_scheme scheme;
    enum tls_psk_versions versions;
    uint16_t suite;
};

/* A handshake, a request each way, a farewell. */
static void handshake(void **state, const struct profile *profile)
{
    struct fixture *fixture = *state;
    static const struct transport_config server = { .psk_hint = "3GPP-AKMA", .ccm8 = true };
    struct transport_config client = { .ccm8 = true, .only_suite = profile->suite };
    fixture_restart(fixture, &server, &client);
    fixture_listen(fixture, profile->scheme);
    struct transport_session *session = fixture_open(fixture, profile->scheme, profile->versions);
    assert_int_equal(transport_session_suite(session), profile->suite);
    assert_int_equal(fixture->server.last_suite, profile->suite);
    assert_int_equal(transport_session_is_1_3(session), profile->suite == TLS_SUITE_TLS13_AES_128_GCM);
    assert_int_equal(fixture->server.last_1_3, transport_session_is_1_3(session));
    assert_int_equal(fixture->client.psk_suite, profile->suite);
    assert_string_equal(fixture->server.server_name, "localhost");
    assert_string_equal(fixture->client.psk_hint, profile->suite == TLS_SUITE_TLS13_AES_128_GCM ? "" : "3GPP-AKMA");
    fixture_ask(fixture, session, "{}", 2);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(2, 4));
    assert_string_equal(fixture->server.path, "msgin5g/v1");
    assert_int_equal(fixture->server.format, TRANSPORT_FORMAT_JSON);
    fixture_ask(fixture, fixture->server.last, "[1]", 3);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_memory_equal(fixture->client.body, "[1]", 3);
    transport_session_close(session);
    assert_true(fixture_run(fixture, server_closed, 2000));
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_CLOSED);
    assert_int_equal(fixture->client.closed, 1);
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_LOCAL);
    assert_int_equal(transport_count(fixture->server.transport).open, 0);
    assert_int_equal(transport_count(fixture->server.transport).half_open, 0);
}

static void dtls_1_3(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS, TLS_PSK_1_3_ONLY, TLS_SUITE_TLS13_AES_128_GCM });
}

static void dtls_1_2(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS, TLS_PSK_1_2_ONLY, TLS_SUITE_ECDHE_PSK_AES128_GCM });
}

static void tls_1_3(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS_TCP, TLS_PSK_1_3_ONLY, TLS_SUITE_TLS13_AES_128_GCM });
}

static void tls_1_2(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS_TCP, TLS_PSK_1_2_ONLY, TLS_SUITE_ECDHE_PSK_AES128_GCM });
}

static void dtls_1_2_chacha20(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS, TLS_PSK_1_2_ONLY, TLS_SUITE_ECDHE_PSK_CHACHA20 });
}

static void dtls_1_2_ccm8(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS, TLS_PSK_1_2_ONLY, TLS_SUITE_PSK_AES128_CCM_8 });
}

static void tls_1_2_chacha20(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS_TCP, TLS_PSK_1_2_ONLY, TLS_SUITE_ECDHE_PSK_CHACHA20 });
}

static void tls_1_2_ccm8(void **state)
{
    handshake(state, &(struct profile){ TRANSPORT_COAPS_TCP, TLS_PSK_1_2_ONLY, TLS_SUITE_PSK_AES128_CCM_8 });
}

/* Both versions and every suite on offer: what the two ends prefer. */
static void both_versions(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAPS);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_2_AND_1_3);
    assert_int_equal(transport_session_suite(session), TLS_SUITE_TLS13_AES_128_GCM);
}

/* A server that does not allow CCM-8 (tls.coap_ccm8 off) refuses a client that has nothing else. */
static void ccm8_not_allowed(void **state)
{
    static const struct transport_config server = { .psk_hint = "3GPP-AKMA" },
                                         client = { .ccm8 = true, .only_suite = TLS_SUITE_PSK_AES128_CCM_8 };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &server, &client);
    fixture_listen(fixture, TRANSPORT_COAPS);
    fixture_connect(fixture, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY);
    assert_true(fixture_run(fixture, client_closed, 6000));
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_HANDSHAKE);
    assert_int_equal(fixture->server.opened, 0);
}

static void plain_coap(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAP);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAP, TLS_PSK_1_3_ONLY);
    fixture_ask(fixture, session, "{}", 2);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->server.opened, 1);
    fixture_ask(fixture, fixture->server.last, NULL, 0);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
}

/* The first thing an owner does in opened() is to send. */
static void sends_when_opened(void **state, enum transport_scheme scheme, bool by_server)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, scheme);
    if (by_server)
        fixture->server.ask_when_opened = true;
    else
        fixture->client.ask_when_opened = true;
    fixture_connect(fixture, scheme, TLS_PSK_1_3_ONLY);
    assert_true(fixture_run(fixture, answered, 2000));
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->client.requests, by_server);
    assert_int_equal(fixture->server.requests, !by_server);
}

static void client_sends_when_opened(void **state)
{
    sends_when_opened(state, TRANSPORT_COAPS, false);
}

static void server_sends_when_opened(void **state)
{
    sends_when_opened(state, TRANSPORT_COAPS, true);
}

static void client_sends_when_opened_tls(void **state)
{
    sends_when_opened(state, TRANSPORT_COAPS_TCP, false);
}

static void server_sends_when_opened_tls(void **state)
{
    sends_when_opened(state, TRANSPORT_COAPS_TCP, true);
}

static void client_sends_when_opened_plain(void **state)
{
    sends_when_opened(state, TRANSPORT_COAP, false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(plain_coap, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(dtls_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(dtls_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(tls_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(tls_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(dtls_1_2_chacha20, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(dtls_1_2_ccm8, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(tls_1_2_chacha20, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(tls_1_2_ccm8, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(both_versions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(ccm8_not_allowed, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(client_sends_when_opened, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(server_sends_when_opened, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(client_sends_when_opened_tls, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(server_sends_when_opened_tls, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(client_sends_when_opened_plain, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
