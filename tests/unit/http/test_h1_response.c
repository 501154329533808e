/* HTTP/1.1 responses octet by octet and whole: framing, interim responses, what is refused; requests as written. */
#include "h1_response.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct seen {
    char text[512]; /* what was reported, one after the other */
};

static void note(struct seen *seen, const char *what, const char *octets, size_t length)
{
    size_t at = strlen(seen->text);
    (void)snprintf(seen->text + at, sizeof seen->text - at, "%s%.*s|", what, (int)length, octets);
}

static void on_field(void *ctx, void *stream, struct msgin5g_str name, struct msgin5g_str value)
{
    assert_ptr_equal(stream, ctx);
    note(ctx, "", name.octets, name.length);
    note(ctx, "=", value.octets, value.length);
}

static void on_fields_end(void *ctx, void *stream)
{
    assert_ptr_equal(stream, ctx);
    note(ctx, "head", "", 0);
}

static void on_body(void *ctx, void *stream, const uint8_t *octets, size_t length)
{
    struct seen *seen = ctx;
    (void)stream;
    size_t at = strlen(seen->text);
    (void)snprintf(seen->text + at, sizeof seen->text - at, "%.*s", (int)length, (const char *)octets);
}

static void on_end(void *ctx, void *stream)
{
    (void)stream;
    note(ctx, "end", "", 0);
}

static void on_closed(void *ctx, void *stream, uint32_t error_code)
{
    (void)stream;
    assert_int_equal(error_code, H2_NO_ERROR);
    note(ctx, "closed", "", 0);
}

static const struct h2_events events = {
    .field = on_field, .fields_end = on_fields_end, .body = on_body, .end = on_end, .closed = on_closed
};

struct row {
    const char *octets;
    bool is_head;
    const char *expected; /* NULL: refused */
    bool keeps_alive;
};

static const struct row rows[] = {
    { "HTTP/1.1 204 No Content\r\n\r\n", false, ":status|=204|head|end|closed|", true },
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: 1 \r\n\r\nabc", false,
        ":status|=200|Content-Length|=3|X-A|=1 |head|abcend|closed|", true },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", false,
        ":status|=200|Transfer-Encoding|=chunked|head|abcend|closed|", true },
    { "HTTP/1.1 100 Continue\r\nX: y\r\n\r\nHTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n", false,
        ":status|=204|connection|=close|head|end|closed|", false },
    { "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", true, ":status|=200|Content-Length|=9|head|end|closed|", true },
    { "HTTP/1.1 204\r\n\r\n", false, ":status|=204|head|end|closed|", true },
    { "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", false, ":status|=200|Content-Length|=0|head|end|closed|", false },
    { "HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", false, ":status|=204|head|end|closed|", false },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\nabc", false, NULL, false },
    { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc", false, NULL, false },
    { "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", false, NULL, false },
    { "SSH-2.0-x\r\n", false, NULL, false },
    { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxx\r\n", false, NULL, false },
};

static struct h1_response *response_new(struct seen *seen, bool is_head)
{
    struct h1_response *response = NULL;
    seen->text[0] = '\0';
    assert_int_equal(h1_response_create(&events, seen, &response), MSGIN5G_OK);
    h1_response_expect(response, seen, is_head);
    return response;
}

static void test_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen;
        struct h1_response *response = response_new(&seen, rows[i].is_head);
        enum msgin5g_err err = h1_response_receive(response, (const uint8_t *)rows[i].octets, strlen(rows[i].octets));
        assert_int_equal(err, rows[i].expected == NULL ? MSGIN5G_ERR_PEER : MSGIN5G_OK);
        if (rows[i].expected != NULL) {
            assert_string_equal(seen.text, rows[i].expected);
            assert_int_equal(h1_response_keeps_alive(response), rows[i].keeps_alive);
        }
        h1_response_free(response);
    }
}

static void test_octet_by_octet(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct seen seen;
        struct h1_response *response = response_new(&seen, rows[i].is_head);
        enum msgin5g_err err = MSGIN5G_OK;
        for (const char *c = rows[i].octets; *c != '\0' && err == MSGIN5G_OK; c++)
            err = h1_response_receive(response, (const uint8_t *)c, 1);
        if (rows[i].expected != NULL)
            assert_string_equal(seen.text, rows[i].expected);
        else
            assert_int_equal(err, MSGIN5G_ERR_PEER);
        h1_response_free(response);
    }
}

static void test_the_end_of_the_connection_ends_a_body(void **state)
{
    static const char octets[] = "HTTP/1.1 200 OK\r\n\r\nabc";
    struct seen seen;
    struct h1_response *response = response_new(&seen, false);
    (void)state;
    assert_int_equal(h1_response_receive(response, (const uint8_t *)octets, sizeof octets - 1), MSGIN5G_OK);
    assert_string_equal(seen.text, ":status|=200|head|abc");
    h1_response_eof(response);
    assert_string_equal(seen.text, ":status|=200|head|abcend|closed|");
    assert_false(h1_response_keeps_alive(response));
    h1_response_free(response);
}

static void test_a_body_cut_short_never_ends(void **state)
{
    static const char octets[] = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc";
    struct seen seen;
    struct h1_response *response = response_new(&seen, false);
    (void)state;
    assert_int_equal(h1_response_receive(response, (const uint8_t *)octets, sizeof octets - 1), MSGIN5G_OK);
    h1_response_eof(response);
    assert_string_equal(seen.text, ":status|=200|content-length|=9|head|abc");
    h1_response_free(response);
}

static void test_nobody_asked(void **state)
{
    static const char octets[] = "HTTP/1.1 204 No Content\r\n\r\n";
    struct seen seen;
    struct h1_response *response = response_new(&seen, false);
    (void)state;
    assert_int_equal(h1_response_receive(response, (const uint8_t *)octets, sizeof octets - 1), MSGIN5G_OK);
    assert_int_equal(h1_response_receive(response, (const uint8_t *)octets, 1), MSGIN5G_ERR_PEER);
    h1_response_free(response);
}

static void test_request(void **state)
{
    static const char expected[] = "POST /a?b HTTP/1.1\r\nhost: h:1\r\nx-a: 1\r\ncontent-length: 2\r\n\r\nok";
    const struct http_header fields[] = { { ":method", "POST" }, { ":scheme", "http" }, { ":authority", "h:1" },
        { ":path", "/a?b" }, { "x-a", "1" }, { "content-length", "2" } };
    struct buffer out;
    (void)state;
    buffer_init(&out, SIZE_MAX);
    assert_int_equal(h1_write_request(&out, fields, 6, (const uint8_t *)"ok", 2), MSGIN5G_OK);
    assert_int_equal(out.length, sizeof expected - 1);
    assert_memory_equal(out.data, expected, out.length);
    buffer_free(&out);
}

static void test_texts_that_would_leave_their_line(void **state)
{
    static const struct http_header bad[] = { { ":path", "/a b" }, { ":path", "/a\r\nx: y" }, { ":method", "GET /" },
        { "x-a", "1\r\nb: c" }, { "x a", "1" } };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct http_header fields[] = { bad[i], { ":method", "GET" }, { ":path", "/" }, { ":authority", "h" } };
        struct buffer out;
        buffer_init(&out, SIZE_MAX);
        assert_int_equal(h1_write_request(&out, fields, 4, NULL, 0), MSGIN5G_ERR_INVALID);
        buffer_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_octet_by_octet),
        cmocka_unit_test(test_the_end_of_the_connection_ends_a_body),
        cmocka_unit_test(test_a_body_cut_short_never_ends),
        cmocka_unit_test(test_nobody_asked),
        cmocka_unit_test(test_request),
        cmocka_unit_test(test_texts_that_would_leave_their_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
