/* What the network does to datagrams. */
#include "fixture.h"
#include "relay.h"

#include <string.h>

static const struct transport_config config = { .psk_hint = "3GPP-AKMA", .ccm8 = true };

/* Every datagram comes twice, in the handshake and afterwards: nothing fails, nothing is done twice. */
static void doubled(void **state, enum transport_scheme scheme, enum tls_psk_versions versions)
{
    struct fixture *fixture = *state;
    struct relay relay = { .double_all = true };
    fixture_listen(fixture, scheme);
    relay_open(&relay, fixture);
    struct transport_session *session = fixture_open(fixture, scheme, versions);
    for (unsigned i = 1; i <= 10; i++) {
        fixture_ask(fixture, session, "{}", 2);
        assert_int_equal(fixture->answer.err, MSGIN5G_OK);
        assert_int_equal(fixture->server.requests, i);
        fixture_ask(fixture, fixture->server.last, "{}", 2);
        assert_int_equal(fixture->answer.err, MSGIN5G_OK);
        assert_int_equal(fixture->client.requests, i);
    }
    assert_int_equal(fixture->server.closed, 0);
    assert_int_equal(fixture->client.closed, 0);
    relay_close(&relay);
}

static void doubled_dtls_1_2(void **state)
{
    doubled(state, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY);
}

static void doubled_dtls_1_3(void **state)
{
    doubled(state, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
}

static void doubled_plain(void **state)
{
    doubled(state, TRANSPORT_COAP, TLS_PSK_1_3_ONLY);
}

/* One datagram of a handshake and a request is lost. */
static void lost(struct fixture *fixture, enum tls_psk_versions versions, int number)
{
    struct relay relay = { .drop = number };
    fixture_restart(fixture, &config, &config);
    fixture->server.opened = fixture->client.opened = 0;
    fixture_listen(fixture, TRANSPORT_COAPS);
    relay_open(&relay, fixture);
    struct transport_session *session = fixture_connect(fixture, TRANSPORT_COAPS, versions);
    assert_true(fixture_run(fixture, both_open, 5000));
    unsigned requests = fixture->server.requests;
    fixture_ask(fixture, session, "{}", 2);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->server.requests, requests + 1);
    relay_close(&relay);
}

static void lost_dtls_1_2(void **state)
{
    lost(*state, TLS_PSK_1_2_ONLY, 2); /* the HelloVerifyRequest */
}

static void lost_dtls_1_3(void **state)
{
    lost(*state, TLS_PSK_1_3_ONLY, 4); /* the ServerHello */
}

/* Block-wise transfers, one datagram of which is lost: of the requests, of the answers, the last of each. */
static void lost_in_block_wise(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t body[3000];
    struct relay relay = { 0 };
    fixture_listen(fixture, TRANSPORT_COAPS);
    relay_open(&relay, fixture);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    relay.drop = relay.seen + 6; /* the acknowledgement of the last block */
    fixture_ask(fixture, session, body, sizeof body);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(2, 4));
    assert_int_equal(fixture->server.requests, 1);
    assert_int_equal(fixture->server.body_length, sizeof body);
    relay_close(&relay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(doubled_plain, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(doubled_dtls_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(doubled_dtls_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(lost_dtls_1_2, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(lost_dtls_1_3, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(lost_in_block_wise, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
