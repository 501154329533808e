/* HTTP/2 in memory: our client's session against our server's, without a socket. */
#include "h2_session.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define STREAMS_MAX 16

/* One stream as one end sees it. */
struct stream {
    int32_t id;
    char log[512]; /* "name=value;" of every field, "|" at their end */
    size_t body_length;
    uint64_t body_sum;
    bool ended, closed;
    uint32_t error_code;
    struct h2_body sending;
};

struct end {
    struct h2_session *session;
    struct stream streams[STREAMS_MAX];
    size_t count;
    bool refuses; /* begin() gives NULL */
    bool goaway;
};

struct pair {
    struct end client, server;
};

static void *on_begin(void *ctx, int32_t stream_id)
{
    struct end *end = ctx;
    if (end->refuses || end->count == STREAMS_MAX)
        return NULL;
    end->streams[end->count].id = stream_id;
    return &end->streams[end->count++];
}

static void on_field(void *ctx, void *stream, struct msgin5g_str name, struct msgin5g_str value)
{
    char *log = ((struct stream *)stream)->log;
    size_t length = strlen(log);
    (void)ctx;
    snprintf(log + length, sizeof((struct stream *)stream)->log - length, "%.*s=%.*s;", (int)name.length, name.octets,
        (int)value.length, value.octets);
}

static void on_fields_end(void *ctx, void *stream)
{
    char *log = ((struct stream *)stream)->log;
    size_t length = strlen(log);
    (void)ctx;
    snprintf(log + length, sizeof((struct stream *)stream)->log - length, "|");
}

static void on_body(void *ctx, void *stream, const uint8_t *octets, size_t length)
{
    struct stream *one = stream;
    (void)ctx;
    one->body_length += length;
    for (size_t i = 0; i < length; i++)
        one->body_sum += octets[i];
}

static void on_end(void *ctx, void *stream)
{
    (void)ctx;
    ((struct stream *)stream)->ended = true;
}

static void on_closed(void *ctx, void *stream, uint32_t error_code)
{
    struct stream *one = stream;
    (void)ctx;
    assert_false(one->closed);
    one->closed = true;
    one->error_code = error_code;
}

static void on_goaway(void *ctx)
{
    ((struct end *)ctx)->goaway = true;
}

static const struct h2_events events = { on_begin, on_field, on_fields_end, on_body, on_end, on_closed, on_goaway };

static void pair_open(struct pair *pair, uint32_t streams)
{
    memset(pair, 0, sizeof *pair);
    const struct h2_config server = { true, streams, 4096, &events, &pair->server };
    const struct h2_config client = { false, 0, 4096, &events, &pair->client };
    assert_int_equal(h2_session_create(&server, &pair->server.session), MSGIN5G_OK);
    assert_int_equal(h2_session_create(&client, &pair->client.session), MSGIN5G_OK);
}

static void pair_close(struct pair *pair)
{
    h2_session_free(pair->client.session);
    h2_session_free(pair->server.session);
}

static size_t carry(struct end *from, struct end *to)
{
    struct buffer out;
    buffer_init(&out, SIZE_MAX);
    assert_int_equal(h2_session_send(from->session, &out, SIZE_MAX), MSGIN5G_OK);
    size_t total = out.length;
    if (total > 0)
        assert_int_equal(h2_session_receive(to->session, out.data, total), MSGIN5G_OK);
    buffer_free(&out);
    return total;
}

static void exchange(struct pair *pair)
{
    while (carry(&pair->client, &pair->server) + carry(&pair->server, &pair->client) > 0)
        continue;
}

static struct stream *ask(struct pair *pair, const char *path, const void *body, size_t length)
{
    const struct http_header fields[] = { { ":method", body != NULL ? "POST" : "GET" }, { ":scheme", "http" },
        { ":authority", "a" }, { ":path", path } };
    struct stream *stream = &pair->client.streams[pair->client.count++];
    stream->sending = (struct h2_body){ body, length };
    stream->id = h2_session_request(pair->client.session, fields, 4, body != NULL ? &stream->sending : NULL, stream);
    assert_true(stream->id > 0);
    return stream;
}

static void answer(struct pair *pair, struct stream *stream, const void *body, size_t length)
{
    const struct http_header fields[] = { { ":status", "200" }, { "x-kind", "test" } };
    stream->sending = (struct h2_body){ body, length };
    assert_int_equal(h2_session_respond(pair->server.session, stream->id, fields, 2, &stream->sending), MSGIN5G_OK);
}

static void test_request_and_response(void **state)
{
    struct pair pair;
    (void)state;
    pair_open(&pair, 10);
    struct stream *asked = ask(&pair, "/x", "hello", 5);
    exchange(&pair);
    struct stream *got = &pair.server.streams[0];
    assert_string_equal(got->log, ":method=POST;:scheme=http;:authority=a;:path=/x;|");
    assert_int_equal(got->body_length, 5);
    assert_true(got->ended);
    answer(&pair, got, "world!", 6);
    exchange(&pair);
    assert_string_equal(asked->log, ":status=200;x-kind=test;|");
    assert_int_equal(asked->body_length, 6);
    assert_true(asked->ended && asked->closed && got->closed);
    assert_int_equal(asked->error_code, H2_NO_ERROR);
    pair_close(&pair);
}

static void test_large_bodies_pass_the_windows(void **state)
{
    static uint8_t body[500000];
    struct pair pair;
    uint64_t sum = 0;
    (void)state;
    for (size_t i = 0; i < sizeof body; i++)
        sum += body[i] = (uint8_t)(i * 31);
    pair_open(&pair, 10);
    struct stream *asked = ask(&pair, "/x", body, sizeof body);
    exchange(&pair);
    assert_int_equal(pair.server.streams[0].body_length, sizeof body);
    assert_int_equal(pair.server.streams[0].body_sum, sum);
    answer(&pair, &pair.server.streams[0], body, sizeof body);
    exchange(&pair);
    assert_int_equal(asked->body_length, sizeof body);
    assert_int_equal(asked->body_sum, sum);
    pair_close(&pair);
}

static void test_empty_answer(void **state)
{
    struct pair pair;
    (void)state;
    pair_open(&pair, 10);
    struct stream *asked = ask(&pair, "/x", NULL, 0);
    exchange(&pair);
    answer(&pair, &pair.server.streams[0], NULL, 0);
    exchange(&pair);
    assert_true(asked->ended && asked->closed);
    assert_int_equal(asked->body_length, 0);
    pair_close(&pair);
}

static void test_refused_stream(void **state)
{
    struct pair pair;
    (void)state;
    pair_open(&pair, 10);
    pair.server.refuses = true;
    struct stream *asked = ask(&pair, "/x", "body", 4);
    exchange(&pair);
    assert_true(asked->closed);
    assert_false(asked->ended);
    assert_int_equal(asked->error_code, H2_REFUSED_STREAM);
    pair_close(&pair);
}

static void test_room_follows_the_settings(void **state)
{
    struct pair pair;
    (void)state;
    pair_open(&pair, 3);
    exchange(&pair);
    assert_int_equal(h2_session_room(pair.client.session, 0), 3);
    assert_int_equal(h2_session_room(pair.client.session, 2), 1);
    assert_int_equal(h2_session_room(pair.client.session, 7), 0);
    pair_close(&pair);
}

static void test_reset_by_the_client(void **state)
{
    struct pair pair;
    (void)state;
    pair_open(&pair, 10);
    struct stream *asked = ask(&pair, "/x", NULL, 0);
    exchange(&pair);
    h2_session_reset(pair.client.session, asked->id, H2_CANCEL);
    exchange(&pair);
    assert_true(asked->closed && pair.server.streams[0].closed);
    assert_int_equal(pair.server.streams[0].error_code, H2_CANCEL);
    pair_close(&pair);
}

/* What the server has seen is finished; what it has not seen comes back as refused, for another connection. */
static void test_goaway(void **state)
{
    struct pair pair;
    (void)state;
    pair_open(&pair, 10);
    struct stream *first = ask(&pair, "/first", NULL, 0);
    exchange(&pair);
    h2_session_goaway(pair.server.session, H2_NO_ERROR);
    struct stream *second = ask(&pair, "/second", NULL, 0);
    struct buffer lost;
    buffer_init(&lost, SIZE_MAX);
    assert_int_equal(h2_session_send(pair.client.session, &lost, SIZE_MAX), MSGIN5G_OK); /* when the GOAWAY was sent */
    buffer_free(&lost);
    carry(&pair.server, &pair.client);
    assert_true(pair.client.goaway);
    assert_true(second->closed);
    assert_int_equal(second->error_code, H2_REFUSED_STREAM);
    assert_int_equal(h2_session_room(pair.client.session, 0), 0);
    assert_false(h2_session_done(pair.server.session));
    answer(&pair, &pair.server.streams[0], "x", 1);
    carry(&pair.server, &pair.client);
    assert_true(first->ended && first->closed);
    assert_true(h2_session_done(pair.server.session));
    pair_close(&pair);
}

static void test_broken_octets(void **state)
{
    static const char *const inputs[] = { "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nnonsense in frames" };
    (void)state;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        struct pair pair;
        pair_open(&pair, 10);
        enum msgin5g_err err = h2_session_receive(pair.server.session, (const uint8_t *)inputs[i], strlen(inputs[i]));
        struct buffer out;
        buffer_init(&out, SIZE_MAX);
        assert_int_equal(h2_session_send(pair.server.session, &out, SIZE_MAX), MSGIN5G_OK);
        buffer_free(&out);
        assert_true(err == MSGIN5G_ERR_PEER || h2_session_done(pair.server.session));
        assert_int_equal(pair.server.count, 0);
        pair_close(&pair);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_request_and_response),
        cmocka_unit_test(test_large_bodies_pass_the_windows),
        cmocka_unit_test(test_empty_answer),
        cmocka_unit_test(test_refused_stream),
        cmocka_unit_test(test_room_follows_the_settings),
        cmocka_unit_test(test_reset_by_the_client),
        cmocka_unit_test(test_goaway),
        cmocka_unit_test(test_broken_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
