#include "fixture.h"
#include "raw_peer.h"

#include "base/loop.h"

#include <string.h>

static const struct transport_config quick = { .psk_hint = "3GPP-AKMA", .ack_timeout_ms = 100, .max_retransmit = 1 };
static const struct transport_call post = {
    .method = TRANSPORT_POST, .path = "a/b", .format = TRANSPORT_FORMAT_NONE, .confirmable = true
};

/* The peer falls silent, without a word at the transport below. */
static void dead_peer(void **state)
{
    struct fixture *fixture = *state;
    fixture_restart(fixture, &quick, &quick);
    fixture_listen(fixture, TRANSPORT_COAP);
    struct raw_peer peer;
    static const uint8_t non_post[] = { 0x50, 0x02, 0, 1 };
    raw_peer_open(&peer, fixture);
    raw_peer_send(&peer, non_post, sizeof non_post);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    struct answer second = { 0 };
    struct transport_session *session = fixture->server.last;
    assert_int_equal(transport_send(session, &post, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    assert_int_equal(transport_send(session, &post, fixture_on_answer, &second), MSGIN5G_OK);
    assert_true(fixture_run(fixture, server_closed, 6000));
    assert_int_equal(fixture->answer.count, 1);
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_TIMEOUT);
    assert_int_equal(second.count, 1);
    assert_int_equal(second.err, MSGIN5G_ERR_CLOSED);
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_TIMEOUT);
    raw_peer_close(&peer);
}

/* The peer acknowledges, and never answers. */
static void answer_never_comes(void **state)
{
    struct fixture *fixture = *state;
    static const struct transport_config short_lived = {
        .psk_hint = "3GPP-AKMA", .ack_timeout_ms = 100, .max_retransmit = 1
    };
    fixture_restart(fixture, &short_lived, &short_lived);
    fixture_listen(fixture, TRANSPORT_COAPS);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    fixture->server.defer = true;
    fixture_ask(fixture, session, NULL, 0);
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_TIMEOUT);
    assert_int_equal(fixture->client.closed, 0);
    static const struct transport_answer late = { .code = MSGIN5G_COAP_CODE(2, 4), .format = -1, .max_age_s = -1 };
    transport_deferred_respond(fixture->server.deferred, &late);
    for (int i = 0; i < 5; i++)
        assert_int_equal(loop_process(fixture->loop, 10), MSGIN5G_OK);
    assert_int_equal(fixture->answer.count, 1);
}

static void reset_by_peer(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    static const uint8_t non_post[] = { 0x50, 0x02, 0, 1 };
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    raw_peer_send(&peer, non_post, sizeof non_post);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(transport_send(fixture->server.last, &post, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(peer.received[0], 0x46); /* CON, 6 octets of token */
    uint8_t reset[] = { 0x70, 0x00, peer.received[2], peer.received[3] };
    raw_peer_send(&peer, reset, sizeof reset);
    assert_true(fixture_run(fixture, answered, 1000));
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_PEER);
    assert_int_equal(fixture->server.closed, 0);
    raw_peer_close(&peer);
}

/* An answer with a token of ours that nobody waits for, or of nobody's. */
static void stray_answers(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    static const uint8_t non_post[] = { 0x50, 0x02, 0, 1 };
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    raw_peer_send(&peer, non_post, sizeof non_post);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(transport_send(fixture->server.last, &post, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    uint8_t answer[10] = { 0x46, MSGIN5G_COAP_CODE(2, 5), 0x77, 0x00 };
    memcpy(answer + 4, peer.received + 4, 6);
    for (uint8_t place = 4; place < 10; place++) { /* one octet of the token is another */
        answer[3]++;
        answer[place] ^= 0x40;
        raw_peer_send(&peer, answer, sizeof answer);
        answer[place] ^= 0x40;
        assert_true(raw_peer_receive(&peer, fixture, 1000));
        assert_int_equal(peer.received[0], 0x70);
        assert_int_equal(fixture->answer.count, 0);
    }
    answer[3]++;
    raw_peer_send(&peer, answer, sizeof answer);
    assert_true(fixture_run(fixture, answered, 1000));
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(2, 5));
    raw_peer_close(&peer);
}

struct in_order {
    unsigned next;
    unsigned place[TRANSPORT_EXCHANGES_MAX];
    struct fixture *fixture;
};

static void on_in_order(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    unsigned *place = ctx;
    (void)result;
    assert_int_equal(err, MSGIN5G_OK);
    *place = 1;
}

static bool all_requests_came(struct fixture *fixture)
{
    return fixture->client.requests == TRANSPORT_EXCHANGES_MAX;
}

/* NSTART lets one CON be in flight; the others wait in order, to a limit. */
static void many_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct in_order order = { 0 };
    fixture_listen(fixture, TRANSPORT_COAPS);
    fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    for (unsigned i = 0; i < TRANSPORT_EXCHANGES_MAX; i++) {
        struct transport_call call = post;
        call.body = &i;
        call.length = sizeof i;
        assert_int_equal(transport_send(fixture->server.last, &call, on_in_order, &order.place[i]), MSGIN5G_OK);
    }
    assert_int_equal(transport_send(fixture->server.last, &post, NULL, NULL), MSGIN5G_ERR_LIMIT);
    assert_true(fixture_run(fixture, all_requests_came, 3000));
    unsigned last;
    memcpy(&last, fixture->client.body, sizeof last);
    assert_int_equal(last, TRANSPORT_EXCHANGES_MAX - 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(loop_process(fixture->loop, 10), MSGIN5G_OK);
    for (unsigned i = 0; i < TRANSPORT_EXCHANGES_MAX; i++)
        assert_int_equal(order.place[i], 1);
}

static bool client_asked(struct fixture *fixture)
{
    return fixture->client.requests > 0;
}

static void non_without_answer(void **state)
{
    struct fixture *fixture = *state;
    struct transport_call non = post;
    non.confirmable = false;
    fixture_listen(fixture, TRANSPORT_COAPS);
    fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY);
    for (unsigned i = 0; i < 2 * TRANSPORT_EXCHANGES_MAX; i++)
        assert_int_equal(transport_send(fixture->server.last, &non, NULL, NULL), MSGIN5G_OK);
    assert_true(fixture_run(fixture, client_asked, 1000));
}

static void send_on_session_not_open(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAPS);
    struct transport_session *session = fixture_connect(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_int_equal(transport_send(session, &post, fixture_on_answer, &fixture->answer), MSGIN5G_ERR_CLOSED);
    transport_session_close(session);
    assert_int_equal(transport_send(session, &post, fixture_on_answer, &fixture->answer), MSGIN5G_ERR_CLOSED);
    assert_true(fixture_run(fixture, client_closed, 1000));
    assert_int_equal(fixture->client.opened, 0);
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_LOCAL);
    assert_int_equal(fixture->answer.count, 0);
}

static void session_ends_first(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAPS);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    assert_int_equal(transport_send(session, &post, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    transport_session_close(session);
    assert_true(fixture_run(fixture, client_closed, 1000));
    assert_int_equal(fixture->answer.count, 1);
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_CLOSED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(dead_peer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(answer_never_comes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reset_by_peer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(stray_answers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(non_without_answer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(send_on_session_not_open, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(session_ends_first, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
