/* The server's deadlines and limits, with a clock that the test moves; what needs real time or peers is in integration.
 */
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct http_limits limits = { .idle_ms = 60000, .request_ms = 10000 };

struct talk {
    struct rig rig;
    int fd;
    char answer[4096];
    size_t length;
    bool closed;
};

static void talk_open(struct talk *talk)
{
    memset(talk, 0, sizeof *talk);
    rig_open(&talk->rig);
    rig_serve(&talk->rig, NULL, 0, &limits);
    talk->fd = rig_socket(&talk->rig);
}

static void talk_close(struct talk *talk)
{
    close(talk->fd);
    rig_close(&talk->rig);
}

static void say(struct talk *talk, const void *octets, size_t length)
{
    assert_int_equal(send(talk->fd, octets, length, MSG_NOSIGNAL), length);
    rig_settle(&talk->rig);
}

static void say_text(struct talk *talk, const char *text)
{
    say(talk, text, strlen(text));
}

/* What has come so far. */
static const char *hear(struct talk *talk)
{
    ssize_t octets;
    while ((octets = recv(
                talk->fd, talk->answer + talk->length, sizeof talk->answer - 1 - talk->length, MSG_DONTWAIT)) > 0)
        talk->length += (size_t)octets;
    talk->closed = octets == 0;
    talk->answer[talk->length] = '\0';
    return talk->answer;
}

static void test_silent_client_is_closed(void **state)
{
    struct talk talk;
    (void)state;
    talk_open(&talk);
    rig_settle(&talk.rig);
    rig_pass(&talk.rig, 9999);
    hear(&talk);
    assert_false(talk.closed);
    assert_int_equal(http_server_connections(talk.rig.server), 1);
    rig_pass(&talk.rig, 1);
    hear(&talk);
    assert_true(talk.closed);
    assert_int_equal(http_server_connections(talk.rig.server), 0);
    talk_close(&talk);
}

static void test_slow_request_gets_408(void **state)
{
    struct talk talk;
    (void)state;
    talk_open(&talk);
    say_text(&talk, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
    for (int i = 0; i < 4; i++) { /* an octet now and then does not help */
        rig_pass(&talk.rig, 2400);
        say_text(&talk, "x");
        assert_string_equal(hear(&talk), "");
    }
    rig_pass(&talk.rig, 400);
    assert_non_null(strstr(hear(&talk), "HTTP/1.1 408 "));
    assert_true(talk.closed);
    assert_int_equal(talk.rig.handled, 0);
    talk_close(&talk);
}

static void test_idle_time_counts_from_the_last_answer(void **state)
{
    struct talk talk;
    (void)state;
    talk_open(&talk);
    for (int i = 1; i <= 3; i++) {
        say_text(&talk, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(talk.rig.handled, i);
        rig_pass(&talk.rig, 59999);
        hear(&talk);
        assert_false(talk.closed);
    }
    rig_pass(&talk.rig, 1);
    hear(&talk);
    assert_true(talk.closed);
    talk_close(&talk);
}

static void test_a_slow_handler_is_waited_for(void **state)
{
    struct talk talk;
    (void)state;
    talk_open(&talk);
    say_text(&talk, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    rig_pass(&talk.rig, 1000000);
    assert_string_equal(hear(&talk), "");
    assert_false(talk.closed);
    rig_release(&talk.rig);
    rig_settle(&talk.rig);
    assert_non_null(strstr(hear(&talk), "HTTP/1.1 204 "));
    talk_close(&talk);
}

static void test_handler_outlives_connection_and_server(void **state)
{
    struct talk talk;
    (void)state;
    talk_open(&talk);
    say_text(&talk, "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(talk.rig.held_count, 1);
    http_server_free(talk.rig.server);
    talk.rig.server = NULL;
    assert_memory_equal(http_request_remote(talk.rig.held[0]), "127.0.0.1:", 10);
    assert_int_equal(http_request_path(talk.rig.held[0]).length, 5);
    rig_release(&talk.rig);
    talk_close(&talk);
}

/* HTTP/2 frames by hand. */
static void say_frame(
    struct talk *talk, uint8_t type, uint8_t flags, uint8_t stream, const void *payload, uint8_t length)
{
    uint8_t frame[9 + 255] = { 0, 0, length, type, flags, 0, 0, 0, stream };
    if (length > 0)
        memcpy(frame + 9, payload, length);
    say(talk, frame, 9U + length);
}

static void say_preface(struct talk *talk)
{
    say_text(talk, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    say_frame(talk, 4, 0, 0, NULL, 0);
}

/* True when a frame of this type has come on this stream. */
static bool heard_frame(struct talk *talk, uint8_t type, uint8_t stream)
{
    hear(talk);
    const uint8_t *octets = (const uint8_t *)talk->answer;
    for (size_t at = 0; at + 9 <= talk->length;) {
        if (octets[at + 3] == type && octets[at + 8] == stream)
            return true;
        at += 9U + ((size_t)octets[at + 1] << 8) + octets[at + 2];
    }
    return false;
}

static const uint8_t post_echo[] = "\x83\x86\x04\x05/echo\x01\x01"
                                   "a";
static const uint8_t get_hold[] = "\x82\x86\x04\x05/hold\x01\x01"
                                  "a";

static void test_slow_stream_is_reset_alone(void **state)
{
    struct talk talk;
    (void)state;
    talk_open(&talk);
    say_preface(&talk);
    say_frame(&talk, 1, 4, 1, post_echo, sizeof post_echo - 1); /* no END_STREAM: a body is to follow */
    rig_pass(&talk.rig, 5000);
    say_frame(&talk, 1, 5, 3, get_hold, sizeof get_hold - 1);
    rig_pass(&talk.rig, 5000);
    assert_true(heard_frame(&talk, 3, 1));
    assert_false(heard_frame(&talk, 3, 3));
    rig_release(&talk.rig);
    rig_settle(&talk.rig);
    assert_true(heard_frame(&talk, 1, 3));
    assert_false(talk.closed);
    rig_pass(&talk.rig, 60000);
    assert_true(heard_frame(&talk, 7, 0)); /* GOAWAY: idle */
    assert_true(talk.closed);
    talk_close(&talk);
}

static void test_preface_in_pieces(void **state)
{
    struct talk talk;
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    (void)state;
    talk_open(&talk);
    for (size_t i = 0; i < sizeof preface - 1; i++)
        say(&talk, preface + i, 1);
    say_frame(&talk, 4, 0, 0, NULL, 0);
    say_frame(&talk, 1, 5, 1, get_hold, sizeof get_hold - 1);
    assert_int_equal(talk.rig.held_count, 1);
    talk_close(&talk);
}

static void test_client_that_takes_no_answer_is_closed(void **state)
{
    struct talk talk;
    static const uint8_t get_big[] = "\x82\x86\x04\x04/big\x01\x01"
                                     "a";
    static const uint8_t no_window[] = { 0, 4, 0, 0, 0, 0 }; /* SETTINGS_INITIAL_WINDOW_SIZE 0 */
    (void)state;
    talk_open(&talk);
    say_text(&talk, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    say_frame(&talk, 4, 0, 0, no_window, sizeof no_window);
    say_frame(&talk, 1, 5, 1, get_big, sizeof get_big - 1);
    assert_true(heard_frame(&talk, 1, 1));
    rig_pass(&talk.rig, 59999);
    hear(&talk);
    assert_false(talk.closed);
    rig_pass(&talk.rig, 1);
    hear(&talk);
    assert_true(talk.closed);
    talk_close(&talk);
}

static void test_broken_frames_end_in_goaway(void **state)
{
    struct talk talk;
    (void)state;
    talk_open(&talk);
    say_preface(&talk);
    say_frame(&talk, 0, 0, 0, "x", 1); /* DATA on stream 0 */
    assert_true(heard_frame(&talk, 7, 0));
    assert_true(talk.closed);
    talk_close(&talk);
}

static void test_bad_configuration(void **state)
{
    struct rig rig;
    struct http_server *server = NULL;
    const struct http_server_config nowhere = { .host = "no.such.host.invalid" };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    const struct http_server_config taken = { .host = "127.0.0.1", .port = http_server_port(rig.server) };
    assert_int_equal(http_server_create(rig.loop, &nowhere, &server), MSGIN5G_ERR_INVALID);
    assert_int_equal(http_server_create(rig.loop, &taken, &server), MSGIN5G_ERR_IO);
    assert_null(server);
    rig_close(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent_client_is_closed),
        cmocka_unit_test(test_slow_request_gets_408),
        cmocka_unit_test(test_idle_time_counts_from_the_last_answer),
        cmocka_unit_test(test_a_slow_handler_is_waited_for),
        cmocka_unit_test(test_handler_outlives_connection_and_server),
        cmocka_unit_test(test_slow_stream_is_reset_alone),
        cmocka_unit_test(test_preface_in_pieces),
        cmocka_unit_test(test_client_that_takes_no_answer_is_closed),
        cmocka_unit_test(test_broken_frames_end_in_goaway),
        cmocka_unit_test(test_bad_configuration),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
