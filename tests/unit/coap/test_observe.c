/* Observation at both ends, and what a foreign observer may say (RFC 7641). */
#include "fixture.h"
#include "raw_peer.h"

#include <string.h>

static const struct transport_call get = {
    .method = TRANSPORT_GET, .path = "msgin5g/alarms", .format = TRANSPORT_FORMAT_JSON, .body = "{}", .length = 2
};

struct seen {
    unsigned count, over;
    enum msgin5g_err err;
    bool observed;
    char body[64];
};

static void on_observed(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct seen *seen = ctx;
    seen->count++;
    seen->err = err;
    seen->observed = result != NULL && result->observed;
    seen->over += !seen->observed;
    seen->body[0] = '\0';
    if (result == NULL || result->body.length == 0)
        return;
    assert_int_equal(result->code, MSGIN5G_COAP_CODE(2, 5));
    assert_true(result->body.length < sizeof seen->body);
    memcpy(seen->body, result->body.octets, result->body.length);
    seen->body[result->body.length] = '\0';
}

static struct seen seen;
static unsigned seen_wanted;

static bool seen_enough(struct fixture *fixture)
{
    (void)fixture;
    return seen.count >= seen_wanted;
}

static void wait_seen(struct fixture *fixture, unsigned count)
{
    seen_wanted = count;
    assert_true(fixture_run(fixture, seen_enough, 3000));
    assert_int_equal(seen.count, count);
}

static struct transport_answer notification(const char *body)
{
    return (struct transport_answer){ .code = MSGIN5G_COAP_CODE(2, 5),
        .format = TRANSPORT_FORMAT_JSON,
        .body = body,
        .length = strlen(body),
        .max_age_s = -1 };
}

static enum msgin5g_err notify(struct fixture *fixture, const char *body, bool confirmable)
{
    struct transport_answer answer = notification(body);
    memset(&fixture->answer, 0, sizeof fixture->answer);
    return transport_notify(
        &fixture->server.observation, &answer, confirmable, confirmable ? fixture_on_answer : NULL, &fixture->answer);
}

static struct transport_observer *observe(
    struct fixture *fixture, struct transport_session *session, struct transport_observer **out)
{
    memset(&seen, 0, sizeof seen);
    assert_int_equal(transport_observe(session, &get, on_observed, &seen, out), MSGIN5G_OK);
    assert_int_equal(seen.count, 0);
    wait_seen(fixture, 1);
    assert_true(seen.observed);
    return *out;
}

static void notifications_arrive(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    fixture_listen(fixture, TRANSPORT_COAPS);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    observe(fixture, session, &observer);
    assert_string_equal(fixture->server.path, "msgin5g/alarms");
    assert_memory_equal(fixture->server.body, "{}", 2);
    assert_int_equal(notify(fixture, "one", true), MSGIN5G_OK);
    assert_int_equal(fixture->answer.count, 0);
    assert_true(fixture_run(fixture, answered, 3000));
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, 0);
    assert_int_equal(seen.count, 2);
    assert_string_equal(seen.body, "one");
    assert_int_equal(notify(fixture, "two", false), MSGIN5G_OK);
    wait_seen(fixture, 3);
    assert_string_equal(seen.body, "two");
}

/* Several at once wait for their turn and come in order. */
static void order_is_kept(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    fixture_listen(fixture, TRANSPORT_COAPS);
    observe(fixture, fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_2_ONLY), &observer);
    for (unsigned i = 0; i < 5; i++) {
        char body[2] = { (char)('a' + i), '\0' };
        assert_int_equal(notify(fixture, body, true), MSGIN5G_OK);
    }
    for (unsigned i = 0; i < 5; i++) {
        wait_seen(fixture, 2 + i);
        assert_int_equal(seen.body[0], 'a' + i);
    }
}

static void ends_when_the_client_says_so(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    fixture_listen(fixture, TRANSPORT_COAPS);
    observe(fixture, fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY), &observer);
    assert_int_equal(transport_observe_end(observer, &get), MSGIN5G_OK);
    wait_seen(fixture, 2);
    assert_false(seen.observed);
    assert_int_equal(seen.err, MSGIN5G_OK);
    assert_int_equal(fixture->server.observe, TRANSPORT_OBSERVE_END);
    assert_int_equal(notify(fixture, "late", true), MSGIN5G_ERR_CLOSED);
    assert_int_equal(fixture->server.observations_ended, 0);
}

static void refreshed_with_the_same_token(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    uint8_t token[TRANSPORT_TOKEN_MAX];
    fixture_listen(fixture, TRANSPORT_COAPS);
    observe(fixture, fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY), &observer);
    memcpy(token, fixture->server.observation.token, sizeof token);
    assert_int_equal(transport_observe_again(observer, &get), MSGIN5G_OK);
    wait_seen(fixture, 2);
    assert_true(seen.observed);
    assert_int_equal(fixture->server.requests, 2);
    assert_int_equal(notify(fixture, "on", true), MSGIN5G_OK);
    wait_seen(fixture, 3);
    assert_string_equal(seen.body, "on");
}

/* The client closes: nothing is unsubscribed behind its back, the server is told that the session is gone. */
static void survives_no_session(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    fixture_listen(fixture, TRANSPORT_COAPS);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    observe(fixture, session, &observer);
    transport_session_close(session);
    wait_seen(fixture, 2);
    assert_int_equal(seen.err, MSGIN5G_ERR_CLOSED);
    assert_true(fixture_run(fixture, server_closed, 3000));
    assert_int_equal(fixture->server.requests, 1);
    assert_int_equal(fixture->server.observations_ended, 1);
    assert_int_equal(fixture->server.last_observe_end, TRANSPORT_OBSERVE_END_SESSION);
}

static void over_tcp(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    struct transport_answer answer = notification("tcp");
    fixture_listen(fixture, TRANSPORT_COAPS_TCP);
    observe(fixture, fixture_open(fixture, TRANSPORT_COAPS_TCP, TLS_PSK_1_3_ONLY), &observer);
    assert_int_equal(notify(fixture, "x", true), MSGIN5G_ERR_INVALID);
    assert_int_equal(transport_notify(&fixture->server.observation, &answer, true, NULL, NULL), MSGIN5G_OK);
    wait_seen(fixture, 2);
    assert_string_equal(seen.body, "tcp");
}

static void too_large_for_one_message(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    static char body[2000];
    memset(body, 'x', sizeof body - 1);
    fixture_listen(fixture, TRANSPORT_COAPS);
    observe(fixture, fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY), &observer);
    assert_int_equal(notify(fixture, body, true), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_int_equal(fixture->answer.count, 0);
    assert_int_equal(notify(fixture, "small", true), MSGIN5G_OK);
    wait_seen(fixture, 2);
}

static void nobody_wants_it(void **state)
{
    struct fixture *fixture = *state;
    struct transport_observer *observer;
    fixture_listen(fixture, TRANSPORT_COAPS);
    observe(fixture, fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY), &observer);
    transport_observer_drop(observer);
    assert_int_equal(notify(fixture, "one", true), MSGIN5G_OK);
    assert_true(fixture_run(fixture, answered, 3000));
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_PEER);
    assert_int_equal(fixture->server.last_observe_end, TRANSPORT_OBSERVE_END_REFUSED);
    assert_int_equal(seen.count, 1);
}

/* ---- a foreign observer, octet by octet ---- */

/* CON GET, token c9, Observe 0, Uri-Path "t", Uri-Query "expireTime=x" is not needed here */
static const uint8_t raw_get[] = { 0x41, 0x01, 0x07, 0x77, 0xc9, 0x60, 0x51, 't' };

static void raw_observe(struct fixture *fixture, struct raw_peer *peer)
{
    static const uint8_t answer[] = { 0x61, 0x45, 0x07, 0x77, 0xc9, 0x61, 0x01 };
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(peer, fixture);
    raw_peer_send(peer, raw_get, sizeof raw_get);
    assert_true(raw_peer_receive(peer, fixture, 1000));
    assert_int_equal(peer->length, sizeof answer);
    assert_memory_equal(peer->received, answer, sizeof answer);
}

static void reply(const struct raw_peer *peer, uint8_t type)
{
    const uint8_t empty[] = { type, 0x00, peer->received[2], peer->received[3] };
    raw_peer_send(peer, empty, sizeof empty);
}

/* E13: the answer carries Observe, each notification the same token and a larger value. */
static void on_the_wire(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    raw_observe(fixture, &peer);
    raw_peer_send(&peer, raw_get, sizeof raw_get); /* a duplicate: the same answer, not another observation */
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(peer.received[6], 0x01);
    assert_int_equal(fixture->server.requests, 1);
    for (uint8_t value = 2; value < 4; value++) {
        const uint8_t rest[] = { 0xc9, 0x61, value, 0x61, 50, 0xff, 'm' };
        assert_int_equal(notify(fixture, "m", true), MSGIN5G_OK);
        assert_true(raw_peer_receive(&peer, fixture, 1000));
        assert_int_equal(peer.length, 4 + sizeof rest);
        assert_int_equal(peer.received[0], 0x41); /* CON */
        assert_int_equal(peer.received[1], 0x45); /* 2.05 */
        assert_memory_equal(peer.received + 4, rest, sizeof rest);
        reply(&peer, 0x60);
        assert_true(fixture_run(fixture, answered, 1000));
        assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    }
    raw_peer_close(&peer);
}

static bool ended(struct fixture *fixture)
{
    return fixture->server.observations_ended > 0;
}

static void reset_of_a_confirmable_one(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    raw_observe(fixture, &peer);
    struct answer second = { 0 };
    struct transport_answer other = notification("n");
    assert_int_equal(notify(fixture, "m", true), MSGIN5G_OK);
    assert_int_equal(
        transport_notify(&fixture->server.observation, &other, true, fixture_on_answer, &second), MSGIN5G_OK);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    reply(&peer, 0x70);
    assert_true(fixture_run(fixture, ended, 1000));
    assert_int_equal(fixture->server.last_observe_end, TRANSPORT_OBSERVE_END_REFUSED);
    assert_int_equal(fixture->answer.count, 1);
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_PEER);
    assert_int_equal(second.count, 1); /* it waited for its turn */
    assert_int_equal(second.err, MSGIN5G_ERR_PEER);
    assert_int_equal(fixture->server.closed, 0);
    raw_peer_close(&peer);
}

static void reset_of_one_that_is_not(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    raw_observe(fixture, &peer);
    assert_int_equal(notify(fixture, "m", false), MSGIN5G_OK);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(peer.received[0], 0x51); /* NON */
    reply(&peer, 0x70);
    assert_true(fixture_run(fixture, ended, 1000));
    assert_int_equal(fixture->server.last_observe_end, TRANSPORT_OBSERVE_END_REFUSED);
    raw_peer_close(&peer);
}

static void never_acknowledged(void **state)
{
    static const struct transport_config quick = {
        .psk_hint = "3GPP-AKMA", .ack_timeout_ms = 100, .max_retransmit = 1
    };
    struct fixture *fixture = *state;
    struct raw_peer peer;
    fixture_restart(fixture, &quick, &quick);
    raw_observe(fixture, &peer);
    assert_int_equal(notify(fixture, "m", true), MSGIN5G_OK);
    assert_true(fixture_run(fixture, server_closed, 6000));
    assert_int_equal(fixture->answer.count, 1);
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_TIMEOUT);
    assert_int_equal(fixture->server.observations_ended, 1);
    assert_int_equal(fixture->server.last_observe_end, TRANSPORT_OBSERVE_END_SESSION);
    raw_peer_close(&peer);
}

static void reserved_value_is_ignored(void **state)
{
    static const uint8_t odd[] = { 0x41, 0x01, 0x07, 0x78, 0xc9, 0x61, 0x07, 0x51, 't' };
    struct fixture *fixture = *state;
    struct raw_peer peer;
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    raw_peer_send(&peer, odd, sizeof odd);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(fixture->server.observe, TRANSPORT_OBSERVE_NONE);
    assert_null(fixture->server.observation.session);
    raw_peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(notifications_arrive, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(order_is_kept, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(ends_when_the_client_says_so, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refreshed_with_the_same_token, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(survives_no_session, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(over_tcp, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(too_large_for_one_message, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nobody_wants_it, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(on_the_wire, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reset_of_a_confirmable_one, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reset_of_one_that_is_not, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(never_acknowledged, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(reserved_value_is_ignored, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
