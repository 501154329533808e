#include "fixture.h"
#include "raw_peer.h"

#include "base/loop.h"

#include <string.h>

#define LARGE 5000

static struct transport_session *open_plain(struct fixture *fixture)
{
    fixture_listen(fixture, TRANSPORT_COAP);
    return fixture_open(fixture, TRANSPORT_COAP, TLS_PSK_1_3_ONLY);
}

static struct transport_session *open_dtls(struct fixture *fixture)
{
    fixture_listen(fixture, TRANSPORT_COAPS);
    return fixture_open(fixture, TRANSPORT_COAPS, TLS_PSK_1_3_ONLY);
}

static void fill_pattern(uint8_t *octets, size_t length)
{
    for (size_t i = 0; i < length; i++)
        octets[i] = (uint8_t)(i * 7 + i / 256);
}

static bool server_owes(struct fixture *fixture)
{
    return fixture->server.deferred != NULL;
}

static const struct transport_answer created = {
    .code = MSGIN5G_COAP_CODE(2, 1), .format = TRANSPORT_FORMAT_JSON, .body = "{\"a\":1}", .length = 7, .max_age_s = 60
};

static void send_call(struct fixture *fixture, struct transport_session *session, bool confirmable)
{
    struct transport_call call = { .method = TRANSPORT_PUT,
        .path = "a",
        .format = TRANSPORT_FORMAT_JSON,
        .body = "{}",
        .length = 2,
        .confirmable = confirmable };
    memset(&fixture->answer, 0, sizeof fixture->answer);
    assert_int_equal(transport_send(session, &call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
}

/* The answer comes later, in a message of its own; in the meantime the request is acknowledged. */
static void defer_and_answer(struct fixture *fixture, struct transport_session *session, bool confirmable)
{
    fixture->server.defer = true;
    send_call(fixture, session, confirmable);
    assert_true(fixture_run(fixture, server_owes, 2000));
    for (int i = 0; i < 3; i++)
        assert_int_equal(loop_process(fixture->loop, 20), MSGIN5G_OK);
    assert_int_equal(fixture->answer.count, 0);
    transport_deferred_respond(fixture->server.deferred, &created);
    assert_true(fixture_run(fixture, answered, 2000));
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(2, 1));
    assert_int_equal(fixture->answer.format, TRANSPORT_FORMAT_JSON);
    assert_int_equal(fixture->answer.length, 7);
    assert_int_equal(fixture->server.requests, 1);
}

static void deferred_answer(void **state)
{
    struct fixture *fixture = *state;
    defer_and_answer(fixture, open_dtls(fixture), true);
}

static void deferred_answer_to_non(void **state)
{
    struct fixture *fixture = *state;
    defer_and_answer(fixture, open_dtls(fixture), false);
}

static void deferred_large_answer(void **state)
{
    struct fixture *fixture = *state;
    static uint8_t body[LARGE];
    fill_pattern(body, LARGE);
    fixture->server.defer = true;
    send_call(fixture, open_dtls(fixture), true);
    assert_true(fixture_run(fixture, server_owes, 2000));
    struct transport_answer answer = { MSGIN5G_COAP_CODE(2, 5), TRANSPORT_FORMAT_JSON, body, LARGE, -1 };
    transport_deferred_respond(fixture->server.deferred, &answer);
    assert_true(fixture_run(fixture, answered, 3000));
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.length, LARGE);
    assert_memory_equal(fixture->answer.body, body, LARGE);
}

static void deferred_outlives_session(void **state)
{
    struct fixture *fixture = *state;
    struct transport_session *session = open_dtls(fixture);
    fixture->server.defer = true;
    send_call(fixture, session, true);
    assert_true(fixture_run(fixture, server_owes, 2000));
    transport_session_close(session);
    assert_true(fixture_run(fixture, server_closed, 2000));
    assert_int_equal(fixture->answer.count, 1);
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_CLOSED);
    transport_deferred_respond(fixture->server.deferred, &created);
}

static void close_inside_of_request(void **state)
{
    struct fixture *fixture = *state;
    struct transport_session *session = open_dtls(fixture);
    fixture->server.close_in_request = true;
    send_call(fixture, session, true);
    assert_true(fixture_run(fixture, client_closed, 2000));
    assert_int_equal(fixture->server.last_end, TRANSPORT_END_LOCAL);
    assert_int_equal(fixture->client.last_end, TRANSPORT_END_CLOSED);
}

/* Block1 up and Block2 down, RFC 7959. */
static void large_bodies(struct fixture *fixture, struct transport_session *session)
{
    static uint8_t up[LARGE], down[LARGE];
    fill_pattern(up, LARGE);
    fill_pattern(down, LARGE - 1);
    fixture->server.answer_body = fixture->client.answer_body = down;
    fixture->server.answer_length = fixture->client.answer_length = LARGE - 1;
    fixture_ask(fixture, session, up, LARGE);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.length, LARGE - 1);
    assert_memory_equal(fixture->answer.body, down, LARGE - 1);
    assert_int_equal(fixture->server.requests, 1);
    assert_int_equal(fixture->server.body_length, LARGE);
    assert_memory_equal(fixture->server.body, up, LARGE);
    fixture_ask(fixture, fixture->server.last, up, LARGE);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.length, LARGE - 1);
    assert_int_equal(fixture->client.requests, 1);
    assert_memory_equal(fixture->client.body, up, LARGE);
}

static void large_bodies_over_dtls(void **state)
{
    struct fixture *fixture = *state;
    large_bodies(fixture, open_dtls(fixture));
}

static void large_bodies_over_udp(void **state)
{
    struct fixture *fixture = *state;
    large_bodies(fixture, open_plain(fixture));
}

static void large_bodies_over_tls(void **state)
{
    struct fixture *fixture = *state;
    fixture_listen(fixture, TRANSPORT_COAPS_TCP);
    large_bodies(fixture, fixture_open(fixture, TRANSPORT_COAPS_TCP, TLS_PSK_1_3_ONLY));
}

static void send_large(struct transport_session *session, struct fixture *fixture, const void *body, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        struct transport_call call = { .method = TRANSPORT_POST,
            .path = "a",
            .format = TRANSPORT_FORMAT_JSON,
            .body = body,
            .length = 2000 + i,
            .confirmable = i % 2 == 0 };
        assert_int_equal(transport_send(session, &call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    }
}

static bool twenty_answers(struct fixture *fixture)
{
    return fixture->answer.count == 20;
}

/* A peer puts together one body at a time: the others wait, and what is small does not. */
static void many_large_bodies_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct transport_session *session = open_dtls(fixture);
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = "a",
        .format = TRANSPORT_FORMAT_JSON,
        .body = "small",
        .length = 5,
        .confirmable = true };
    uint8_t body[2100];
    fill_pattern(body, sizeof body);
    send_large(session, fixture, body, 19);
    assert_int_equal(transport_send(session, &call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    assert_true(fixture_run(fixture, answered, 2000));
    assert_true(fixture_run(fixture, twenty_answers, 5000));
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(2, 4));
    assert_int_equal(fixture->server.requests, 20);
    assert_int_equal(fixture->server.body_length, 2018); /* the last one sent came last */
    assert_memory_equal(fixture->server.body, body, 2018);
}

static void session_ends_while_large_bodies_wait(void **state)
{
    struct fixture *fixture = *state;
    struct transport_session *session = open_dtls(fixture);
    static uint8_t body[2100];
    send_large(session, fixture, body, 20);
    transport_session_close(session);
    assert_true(fixture_run(fixture, twenty_answers, 2000));
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_CLOSED);
}

/* Every size around the edges of blocks and datagrams. */
static void edge_sizes(void **state)
{
    static const size_t sizes[] = { 1, 767, 768, 769, 900, 960, 1000, 1023, 1024, 1025, 1100, 1152, 1200, 2048, 2049 };
    struct fixture *fixture = *state;
    struct transport_session *session = open_dtls(fixture);
    uint8_t body[2049];
    fill_pattern(body, sizeof body);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        fixture->server.answer_body = body;
        fixture->server.answer_length = sizes[i];
        fixture_ask(fixture, session, body, sizes[i]);
        assert_int_equal(fixture->answer.err, MSGIN5G_OK);
        assert_int_equal(fixture->server.body_length, sizes[i]);
        assert_memory_equal(fixture->server.body, body, sizes[i]);
        assert_int_equal(fixture->answer.length, sizes[i]);
        assert_memory_equal(fixture->answer.body, body, sizes[i]);
        assert_int_equal(fixture->server.requests, i + 1);
    }
}

static void body_over_limit(void **state)
{
    static const struct transport_config small = { .psk_hint = "3GPP-AKMA", .body_octets = 2048 }, large = { 0 };
    struct fixture *fixture = *state;
    uint8_t body[LARGE] = { 0 };
    fixture_restart(fixture, &small, &large);
    struct transport_session *session = open_dtls(fixture);
    fixture_ask(fixture, session, body, LARGE);
    assert_int_equal(fixture->answer.err, MSGIN5G_OK);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(4, 13));
    assert_int_equal(fixture->server.requests, 0);
    fixture_ask(fixture, session, body, 2048);
    assert_int_equal(fixture->answer.code, MSGIN5G_COAP_CODE(2, 4));
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = "a",
        .format = TRANSPORT_FORMAT_NONE,
        .body = body,
        .length = 2049,
        .confirmable = true };
    assert_int_equal(transport_send(fixture->server.last, &call, NULL, NULL), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
}

static void answer_over_limit(void **state)
{
    static const struct transport_config small = { .body_octets = 2048 }, large = { .psk_hint = "3GPP-AKMA" };
    static uint8_t body[LARGE];
    struct fixture *fixture = *state;
    fixture_restart(fixture, &large, &small);
    struct transport_session *session = open_dtls(fixture);
    fixture->server.answer_body = body;
    fixture->server.answer_length = LARGE;
    fixture_ask(fixture, session, NULL, 0);
    assert_int_equal(fixture->answer.err, MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_int_equal(transport_count(fixture->client.transport).open, 1);
}

/* ---- what only a foreign peer says ---- */

/* CON POST, token 'T', Uri-Path "a", payload "x". */
static const uint8_t con_post[] = { 0x41, 0x02, 0x12, 0x34, 'T', 0xb1, 'a', 0xff, 'x' };

static void duplicate_con(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    fixture->server.answer_body = "{}";
    fixture->server.answer_length = 2;
    static const uint8_t answer[] = { 0x61, 0x44, 0x12, 0x34, 'T', 0xc1, 50, 0xff, '{', '}' };
    for (int i = 0; i < 3; i++) {
        raw_peer_send(&peer, con_post, sizeof con_post);
        assert_true(raw_peer_receive(&peer, fixture, 1000));
        assert_int_equal(peer.length, sizeof answer);
        assert_memory_equal(peer.received, answer, sizeof answer);
    }
    assert_int_equal(fixture->server.requests, 1);
    uint8_t next[sizeof con_post];
    memcpy(next, con_post, sizeof next);
    next[3]++;
    raw_peer_send(&peer, next, sizeof next);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(fixture->server.requests, 2);
    raw_peer_close(&peer);
}

static void duplicate_while_deferred(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    fixture->server.defer = true;
    static const uint8_t acknowledgement[] = { 0x60, 0x00, 0x12, 0x34 };
    for (int i = 0; i < 2; i++) {
        raw_peer_send(&peer, con_post, sizeof con_post);
        assert_true(raw_peer_receive(&peer, fixture, 1000));
        assert_int_equal(peer.length, sizeof acknowledgement);
        assert_memory_equal(peer.received, acknowledgement, sizeof acknowledgement);
    }
    transport_deferred_respond(fixture->server.deferred, &created);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(peer.received[0], 0x41); /* CON, one octet of token */
    assert_int_equal(peer.received[1], MSGIN5G_COAP_CODE(2, 1));
    assert_int_equal(peer.received[4], 'T');
    raw_peer_send(&peer, con_post, sizeof con_post);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_memory_equal(peer.received, acknowledgement, sizeof acknowledgement);
    assert_int_equal(fixture->server.requests, 1);
    raw_peer_close(&peer);
}

static void duplicate_non(void **state)
{
    struct fixture *fixture = *state;
    struct raw_peer peer;
    uint8_t non_post[sizeof con_post];
    memcpy(non_post, con_post, sizeof non_post);
    non_post[0] = 0x51;
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    raw_peer_send(&peer, non_post, sizeof non_post);
    assert_true(raw_peer_receive(&peer, fixture, 1000));
    assert_int_equal(peer.received[0] & 0x30, 0x10);
    raw_peer_send(&peer, non_post, sizeof non_post);
    (void)raw_peer_receive(&peer, fixture, 50);
    assert_int_equal(fixture->server.requests, 1);
    raw_peer_close(&peer);
}

/* Blocks as only a hostile or a sloppy peer sends them; whatever the answer, the server lives. */
static void odd_blocks(void **state)
{
    static const struct {
        uint8_t block1[3]; /* option 27 after Uri-Path (11): 0xd1, 0x03, value */
        size_t payload;
        uint8_t code; /* 0: an acknowledgement alone */
    } cases[] = {
        { { 0xd1, 0x03, 0x0e }, 1024, MSGIN5G_COAP_CODE(2, 31) }, /* first of several, no Size1 */
        { { 0xd1, 0x03, 0x2e }, 1024, MSGIN5G_COAP_CODE(2, 31) }, /* third before the second */
        { { 0xd1, 0x03, 0x36 }, 10, 0 },                          /* last, the second is missing */
        { { 0xd1, 0x03, 0x0e }, 1024, MSGIN5G_COAP_CODE(2, 31) }, /* the first again */
        { { 0xd1, 0x03, 0x0e }, 1000, MSGIN5G_COAP_CODE(4, 0) },  /* not a whole block */
        { { 0xd1, 0x03, 0x1e }, 1024, 0xff },                     /* what was missing: complete */
    };
    struct fixture *fixture = *state;
    struct raw_peer peer;
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint8_t octets[1100] = { 0x41, 0x02, 0x12, (uint8_t)i, 'T', 0xb1, 'a' };
        memcpy(octets + 7, cases[i].block1, 3);
        octets[10] = 0xff;
        raw_peer_send(&peer, octets, 11 + cases[i].payload);
        assert_true(raw_peer_receive(&peer, fixture, 1000));
        if (cases[i].code != 0xff)
            assert_int_equal(peer.received[1], cases[i].code);
    }
    (void)raw_peer_receive(&peer, fixture, 50);
    assert_int_equal(fixture->server.requests, 1);
    assert_int_equal(fixture->server.body_length, 3 * 1024 + 10);
    raw_peer_close(&peer);
}

static void refused_requests(void **state)
{
    static const struct {
        uint8_t octets[12];
        size_t length;
        uint8_t type_and_code[2];
    } cases[] = {
        { { 0x40, 0x05, 0, 1, 0xb1, 'a', 0x11, 50 }, 8, { 0x60, MSGIN5G_COAP_CODE(4, 5) } }, /* FETCH */
        { { 0x40, 0x02, 0, 2, 0x91, 'a' }, 6, { 0x60, MSGIN5G_COAP_CODE(4, 2) } },           /* critical option 9 */
        { { 0x40, 0x1f, 0, 3 }, 4, { 0x60, MSGIN5G_COAP_CODE(4, 4) } },                      /* method 0.31 */
        { { 0x40, 0x00, 0, 4 }, 4, { 0x70, 0 } },                                            /* CoAP ping */
        { { 0x40, 0x02, 0, 5, 0xb1 }, 5, { 0x70, 0 } },                                      /* cut option */
    };
    struct fixture *fixture = *state;
    struct raw_peer peer;
    fixture_listen(fixture, TRANSPORT_COAP);
    raw_peer_open(&peer, fixture);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool answered = false;
        /* Again as a peer would: libcoap answers no ping in the first 250 ms of its life. */
        for (int attempt = 0; attempt < 4 && !answered; attempt++) {
            raw_peer_send(&peer, cases[i].octets, cases[i].length);
            answered = raw_peer_receive(&peer, fixture, 300);
        }
        assert_true(answered);
        assert_int_equal(peer.received[0] & 0xf0, cases[i].type_and_code[0]);
        assert_int_equal(peer.received[1], cases[i].type_and_code[1]);
    }
    assert_int_equal(fixture->server.requests, 0);
    raw_peer_close(&peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(deferred_answer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(deferred_answer_to_non, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(deferred_large_answer, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(deferred_outlives_session, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(close_inside_of_request, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(large_bodies_over_dtls, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(large_bodies_over_udp, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(many_large_bodies_at_once, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(session_ends_while_large_bodies_wait, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(large_bodies_over_tls, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(edge_sizes, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(body_over_limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(answer_over_limit, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(duplicate_con, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(duplicate_while_deferred, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(duplicate_non, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(odd_blocks, fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(refused_requests, fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
