/* Sessions with OSCORE: what is refused without it, both directions, peers whose address changes, contexts that go. */
#include "coap/transport_oscore.h"
#include "raw_peer.h"
#include "relay.h"

#include <stdio.h>
#include <string.h>

static const struct transport_config config = { .oscore_open_path = "akma" };

static struct msgin5g_str octets(const char *text, size_t length)
{
    return (struct msgin5g_str){ text, length };
}

/* The context as its server has it (UE 1, UE 2 ...), or as its client does. */
static struct transport_oscore context(const char *ue_id, bool is_client)
{
    struct msgin5g_str ue = octets(ue_id, strlen(ue_id)), af = octets("\1", 1);
    return (struct transport_oscore){ .master_secret = octets("0123456789abcdef0123456789abcdef", 32),
        .master_salt = octets("request and response", 20),
        .sender_id = is_client ? ue : af,
        .recipient_id = is_client ? af : ue };
}

static struct transport_session *expect(struct fixture *fixture, const char *ue_id)
{
    struct transport_oscore oscore = context(ue_id, false);
    struct transport_session *session = NULL;
    assert_int_equal(transport_oscore_expect(fixture->server.transport, &oscore, fixture, &session), MSGIN5G_OK);
    assert_ptr_equal(transport_session_user(session), fixture);
    return session;
}

static void protect(struct transport_session *session, const char *ue_id)
{
    struct transport_oscore oscore = context(ue_id, true);
    assert_int_equal(transport_oscore_protect(session, &oscore), MSGIN5G_OK);
}

static void listen_oscore(struct fixture *fixture)
{
    fixture_restart(fixture, &config, &config);
    fixture_listen(fixture, TRANSPORT_OSCORE);
}

/* Both ends have the context of UE 1; nothing has been said yet. */
static struct transport_session *open_oscore(struct fixture *fixture)
{
    struct transport_session *session = fixture_open(fixture, TRANSPORT_OSCORE, TLS_PSK_1_3_ONLY);
    (void)expect(fixture, "ue1");
    protect(session, "ue1");
    return session;
}

static void ask_with(struct fixture *fixture, struct transport_session *session, const struct transport_call *call)
{
    memset(&fixture->answer, 0, sizeof fixture->answer);
    assert_int_equal(transport_send(session, call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    assert_true(fixture_run(fixture, answered, 10000));
}

static void assert_answer(const struct fixture *fixture, uint8_t code, bool is_protected)
{
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, code);
    assert_int_equal(fixture->answer.is_protected, is_protected);
}

static void both_directions(void **state)
{
    static uint8_t large[20000];
    struct fixture *fixture = *state;
    listen_oscore(fixture);
    struct transport_session *session = open_oscore(fixture);
    assert_int_equal(transport_count(fixture->server.transport).half_open, 1);
    fixture_ask(fixture, session, "{}", 2);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    assert_true(fixture->server.last_protected);
    assert_int_equal(fixture->server.opened, 1);
    assert_ptr_equal(fixture->server.asker, fixture->server.last);
    assert_int_equal(transport_count(fixture->server.transport).half_open, 0);
    assert_int_equal(transport_count(fixture->server.transport).open, 1);
    assert_int_equal(transport_count(fixture->server.transport).unused_paths, 0);
    fixture_ask(fixture, fixture->server.last, "{}", 2);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    assert_true(fixture->client.last_protected);
    fixture->server.answer_body = fixture->client.answer_body = large;
    fixture->server.answer_length = fixture->client.answer_length = sizeof large;
    fixture_ask(fixture, session, large, sizeof large);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    assert_int_equal(fixture->answer.length, sizeof large);
    assert_int_equal(fixture->server.body_length, sizeof large);
    fixture_ask(fixture, fixture->server.last, large, sizeof large);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    assert_int_equal(fixture->answer.length, sizeof large);
    assert_int_equal(fixture->client.body_length, sizeof large);
}

/* No request but a POST to the open path gets to anybody, in either direction. */
static void without_protection(void **state)
{
    static uint8_t large[1500];
    struct fixture *fixture = *state;
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = "msgin5g",
        .format = TRANSPORT_FORMAT_NONE,
        .confirmable = true,
        .unprotected = true };
    listen_oscore(fixture);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_OSCORE, TLS_PSK_1_3_ONLY);
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(4, 1), false);
    call.path = "akma/x";
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(4, 1), false);
    assert_int_equal(fixture->server.requests, 0);
    call.path = "akma";
    call.method = TRANSPORT_PUT; /* its owner knows which methods it has */
    ask_with(fixture, session, &call);
    assert_int_equal(fixture->server.requests, 1);
    call.method = TRANSPORT_POST;
    call.host = "localhost";
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), false);
    assert_int_equal(fixture->server.requests, 2);
    assert_false(fixture->server.last_protected);
    assert_int_equal(fixture->server.opened, 0);
    call.body = large;
    call.length = sizeof large;
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(4, 13), false);
    call.length = 0;
    ask_with(fixture, fixture->server.asker, &call); /* back along the path */
    assert_answer(fixture, MSGIN5G_COAP_CODE(4, 1), false);
    assert_int_equal(fixture->client.requests, 0);
    assert_int_equal(fixture->server.closed, 0);
}

/* RFC 9175 2.3: libcoap's client repeats its request, and the answer to that is the one that counts; also while the
 * session has a context already. */
static void an_echo_is_repeated(void **state)
{
    struct fixture *fixture = *state;
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = "akma",
        .format = TRANSPORT_FORMAT_CBOR,
        .body = "123",
        .length = 3,
        .confirmable = true,
        .unprotected = true };
    listen_oscore(fixture);
    fixture->server.demanded_echo = "still there?";
    struct transport_session *session = fixture_open(fixture, TRANSPORT_OSCORE, TLS_PSK_1_3_ONLY);
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), false);
    assert_int_equal(fixture->server.requests, 2);
    assert_int_equal(fixture->server.body_length, 3);
    (void)expect(fixture, "ue1");
    protect(session, "ue1");
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), false);
    assert_int_equal(fixture->server.requests, 4);
    assert_false(fixture->server.last_protected);
}

static void nothing_goes_out_in_clear_by_mistake(void **state)
{
    static const struct transport_call call = { .method = TRANSPORT_POST, .path = "a", .confirmable = true };
    struct fixture *fixture = *state;
    listen_oscore(fixture);
    struct transport_session *session = fixture_open(fixture, TRANSPORT_OSCORE, TLS_PSK_1_3_ONLY);
    assert_int_equal(transport_send(session, &call, fixture_on_answer, &fixture->answer), MSGIN5G_ERR_CLOSED);
    protect(session, "ue1");
    assert_int_equal(transport_send(session, &call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
}

/* The answer to the bootstrap is owed while a protected request uses the same path. */
static void a_deferred_answer_goes_as_its_request_came(void **state)
{
    static const struct transport_call call = { .method = TRANSPORT_POST,
        .path = "akma",
        .format = TRANSPORT_FORMAT_NONE,
        .confirmable = true,
        .unprotected = true };
    static const struct transport_answer answer = { MSGIN5G_COAP_CODE(2, 1), TRANSPORT_FORMAT_CBOR, "\x80", 1, -1 };
    struct fixture *fixture = *state;
    struct answer other = { 0 };
    listen_oscore(fixture);
    fixture->server.defer = true;
    struct transport_session *session = open_oscore(fixture);
    assert_int_equal(transport_send(session, &call, fixture_on_answer, &other), MSGIN5G_OK);
    while (fixture->server.deferred == NULL)
        assert_int_equal(loop_process(fixture->loop, 1000), MSGIN5G_OK);
    struct transport_deferred *owed = fixture->server.deferred;
    fixture->server.defer = false;
    fixture_ask(fixture, session, "{}", 2);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    transport_deferred_respond(owed, &answer);
    while (other.count == 0)
        assert_int_equal(loop_process(fixture->loop, 1000), MSGIN5G_OK);
    assert_int_equal(other.code, MSGIN5G_COAP_CODE(2, 1));
    assert_int_equal(other.format, TRANSPORT_FORMAT_CBOR);
    assert_false(other.is_protected);
}

static bool server_holds(struct fixture *fixture)
{
    return fixture->server.deferred != NULL;
}

static void a_deferred_answer_to_a_protected_request(void **state)
{
    static const struct transport_answer answer = { MSGIN5G_COAP_CODE(2, 4), TRANSPORT_FORMAT_NONE, NULL, 0, -1 };
    struct fixture *fixture = *state;
    listen_oscore(fixture);
    fixture->server.defer = true;
    struct transport_session *session = open_oscore(fixture);
    struct transport_call call = {
        .method = TRANSPORT_POST, .path = "a", .format = TRANSPORT_FORMAT_NONE, .confirmable = true
    };
    assert_int_equal(transport_send(session, &call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    assert_true(fixture_run(fixture, server_holds, 3000));
    transport_deferred_respond(fixture->server.deferred, &answer);
    assert_true(fixture_run(fixture, answered, 3000));
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
}

/* The bootstrap and what follows, every datagram twice: nothing is done twice, nothing is taken for a replay. */
static void doubled(void **state)
{
    static uint8_t large[5000];
    static const struct transport_call call = { .method = TRANSPORT_POST,
        .path = "akma",
        .format = TRANSPORT_FORMAT_NONE,
        .confirmable = true,
        .unprotected = true };
    struct fixture *fixture = *state;
    struct relay relay = { .double_all = true };
    listen_oscore(fixture);
    relay_open(&relay, fixture);
    struct transport_session *session = open_oscore(fixture);
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), false);
    for (unsigned i = 1; i <= 5; i++) {
        fixture_ask(fixture, session, large, i % 2 == 0 ? sizeof large : 2);
        assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
        assert_int_equal(fixture->server.requests, i + 1);
        fixture_ask(fixture, fixture->server.last, large, i % 2 == 0 ? sizeof large : 2);
        assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
        assert_int_equal(fixture->client.requests, i);
    }
    ask_with(fixture, session, &call);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), false);
    relay_close(&relay);
}

/* Any one datagram is lost: of the first request with its Echo, its answer, and what the server asks afterwards. */
static void lost(void **state)
{
    static const struct transport_config patient = { .oscore_open_path = "akma", .ack_timeout_ms = 200 };
    struct fixture *fixture = *state;
    for (int number = 1; number <= 10; number++) {
        struct relay relay = { .drop = number };
        fixture_restart(fixture, &patient, &patient);
        fixture->server.opened = fixture->client.opened = 0;
        fixture->server.requests = fixture->client.requests = 0;
        fixture_listen(fixture, TRANSPORT_OSCORE);
        relay_open(&relay, fixture);
        struct transport_session *session = open_oscore(fixture);
        fixture_ask(fixture, session, "{}", 2);
        assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
        fixture_ask(fixture, fixture->server.last, "{}", 2);
        assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
        assert_int_equal(fixture->server.requests, 1);
        assert_int_equal(fixture->client.requests, 1);
        relay_close(&relay);
    }
}

static void a_peer_moves(void **state)
{
    struct fixture *fixture = *state;
    struct relay relay = { 0 };
    char before[64];
    listen_oscore(fixture);
    relay_open(&relay, fixture);
    struct transport_session *session = open_oscore(fixture);
    fixture_ask(fixture, session, "{}", 2);
    const struct transport_session *peer = fixture->server.last;
    (void)snprintf(before, sizeof before, "%s", transport_session_remote(peer));
    for (int i = 0; i < 3; i++) {
        relay_move(&relay);
        fixture_ask(fixture, session, "{}", 2);
        assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
        assert_ptr_equal(fixture->server.asker, peer);
        assert_string_not_equal(transport_session_remote(peer), before);
        fixture_ask(fixture, fixture->server.last, "{}", 2);
        assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    }
    assert_int_equal(fixture->server.opened, 1);
    assert_int_equal(fixture->server.closed, 0);
    assert_int_equal(transport_count(fixture->server.transport).unused_paths, 3);
    relay_close(&relay);
}

static void nobody_comes(void **state)
{
    static const struct transport_config impatient = { .oscore_half_open_s = 1 };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &impatient, &config);
    fixture_listen(fixture, TRANSPORT_OSCORE);
    (void)expect(fixture, "ue1");
    assert_true(transport_oscore_id_taken(fixture->server.transport, octets("ue1", 3)));
    assert_true(fixture_run(fixture, server_closed, 3000));
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_TIMEOUT);
    assert_int_equal(fixture->server.opened, 0);
    assert_false(transport_oscore_id_taken(fixture->server.transport, octets("ue1", 3)));
    assert_int_equal(transport_count(fixture->server.transport).half_open, 0);
}

static void a_closed_session_has_no_context(void **state)
{
    struct fixture *fixture = *state;
    listen_oscore(fixture);
    struct transport_session *session = open_oscore(fixture);
    fixture_ask(fixture, session, "{}", 2);
    transport_session_close(fixture->server.last);
    assert_true(fixture_run(fixture, server_closed, 3000));
    fixture_ask(fixture, session, "{}", 2);
    assert_answer(fixture, MSGIN5G_COAP_CODE(4, 1), false);
    assert_memory_equal(fixture->answer.body, "Security context not found", fixture->answer.length);
    assert_int_equal(fixture->server.requests, 1);
    /* the path serves the next context as well */
    (void)expect(fixture, "ue2");
    protect(session, "ue2");
    fixture_ask(fixture, session, "{}", 2);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    assert_int_equal(fixture->server.opened, 2);
}

static void the_answer_comes_before_the_end(void **state)
{
    struct fixture *fixture = *state;
    listen_oscore(fixture);
    struct transport_session *session = open_oscore(fixture);
    fixture->server.close_in_request = true;
    fixture_ask(fixture, session, "{}", 2);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    assert_int_equal(fixture->server.closed, 1);
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_LOCAL);
}

static void both_ends_may_go_at_any_time(void **state)
{
    struct fixture *fixture = *state;
    struct transport_call call = {
        .method = TRANSPORT_POST, .path = "a", .format = TRANSPORT_FORMAT_NONE, .confirmable = true
    };
    listen_oscore(fixture);
    struct transport_session *session = open_oscore(fixture);
    fixture_ask(fixture, session, "{}", 2);
    memset(&fixture->answer, 0, sizeof fixture->answer);
    assert_int_equal(transport_send(fixture->server.last, &call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    transport_session_close(fixture->server.last);
    transport_session_close(session);
    assert_true(fixture_run(fixture, server_closed, 3000));
    assert_true(fixture_run(fixture, client_closed, 3000));
    assert_true(fixture_run(fixture, answered, 3000));
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_CLOSED);
}

static void identifiers(void **state)
{
    static const struct transport_config small = { .max_sessions = 1 };
    struct fixture *fixture = *state;
    struct transport *transport = fixture->server.transport;
    struct transport_session *session = NULL;
    struct transport_oscore oscore = context("ue345678", false); /* eight octets */
    assert_int_equal(transport_oscore_expect(transport, &oscore, NULL, &session), MSGIN5G_ERR_INVALID);
    oscore = context("\1", false); /* as ours */
    assert_int_equal(transport_oscore_expect(transport, &oscore, NULL, &session), MSGIN5G_ERR_INVALID);
    (void)expect(fixture, "ue34567");
    oscore = context("ue34567", false);
    assert_int_equal(transport_oscore_expect(transport, &oscore, NULL, &session), MSGIN5G_ERR_INVALID);
    assert_null(session);
    fixture_restart(fixture, &small, &config);
    (void)expect(fixture, "ue1");
    oscore = context("ue2", false);
    transport = fixture->server.transport;
    assert_int_equal(transport_oscore_expect(transport, &oscore, NULL, &session), MSGIN5G_ERR_LIMIT);
    assert_false(transport_oscore_id_taken(transport, octets("ue2", 3)));
}

/* Whoever has no context costs no more than so many paths, and does not push out those who have one. */
static void many_addresses(void **state)
{
    static const struct transport_config small = { .oscore_open_path = "akma", .half_open_total = 4 };
    static const uint8_t ping[] = { 0x40, 0, 0, 1 };
    struct fixture *fixture = *state;
    struct raw_peer peers[16];
    fixture_restart(fixture, &small, &config);
    fixture_listen(fixture, TRANSPORT_OSCORE);
    struct transport_session *session = open_oscore(fixture);
    fixture_ask(fixture, session, "{}", 2);
    for (int i = 0; i < 16; i++) {
        raw_peer_open(&peers[i], fixture);
        raw_peer_send(&peers[i], ping, sizeof ping);
        assert_true(raw_peer_receive(&peers[i], fixture, 3000)); /* Reset, RFC 7252 4.3 */
        assert_int_equal(peers[i].length, 4);
        assert_true(transport_count(fixture->server.transport).unused_paths <= 4);
    }
    fixture_ask(fixture, session, "{}", 2);
    assert_answer(fixture, MSGIN5G_COAP_CODE(2, 4), true);
    assert_int_equal(fixture->server.closed, 0);
    for (int i = 0; i < 16; i++)
        raw_peer_close(&peers[i]);
}

static void oscore_inside_of_dtls_is_refused(void **state)
{
    static const struct transport_config both = { .psk_hint = "3GPP-AKMA", .oscore_open_path = "akma" };
    struct fixture *fixture = *state;
    fixture_restart(fixture, &both, &both);
    fixture_listen(fixture, TRANSPORT_COAPS);
    (void)fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
    struct transport_oscore oscore = context("ue1", true);
    assert_int_equal(transport_oscore_protect(fixture->server.last, &oscore), MSGIN5G_ERR_INVALID);
    fixture_listen(fixture, TRANSPORT_COAP);
    struct raw_peer peer;
    static const uint8_t request[] = { 0x40, 2, 0, 1, 0x92, 9, 0, 0xff, 1, 2, 3, 4, 5, 6, 7, 8, 9 };
    raw_peer_open(&peer, fixture);
    raw_peer_send(&peer, request, sizeof request);
    assert_true(raw_peer_receive(&peer, fixture, 3000));
    assert_int_equal(peer.received[1], MSGIN5G_COAP_CODE(4, 2));
    assert_int_equal(fixture->server.requests, 0);
    raw_peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(both_directions, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(without_protection, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_echo_is_repeated, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nothing_goes_out_in_clear_by_mistake, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deferred_answer_goes_as_its_request_came, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deferred_answer_to_a_protected_request, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(doubled, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(lost, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_peer_moves, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(nobody_comes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_closed_session_has_no_context, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(the_answer_comes_before_the_end, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(both_ends_may_go_at_any_time, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(identifiers, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_addresses, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(oscore_inside_of_dtls_is_refused, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
