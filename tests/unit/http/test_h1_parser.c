/* HTTP/1.1 requests, whole and octet by octet: what is read and, above all, what is refused. */
#include "h1_parser.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HEADER_OCTETS 1024
#define BODY_OCTETS   64

#define HOST    "Host: a\r\n"
#define CHUNKED "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"

struct run {
    struct h1_parser parser;
    struct http_request *request;
    enum h1_result result;
    size_t taken;
};

static void run_open(struct run *run)
{
    h1_parser_init(&run->parser, HEADER_OCTETS);
    run->request = request_new();
    assert_non_null(run->request);
    request_reset(run->request, HEADER_OCTETS, BODY_OCTETS);
    run->result = H1_MORE;
    run->taken = 0;
}

static void run_close(struct run *run)
{
    request_free(run->request);
    h1_parser_free(&run->parser);
}

/* Feed in pieces of @p piece octets, each an exact-size block so that the sanitizer sees a read past its end. */
static void run_feed(struct run *run, const char *text, size_t length, size_t piece)
{
    while (run->result == H1_MORE && run->taken < length) {
        size_t taken = 0;
        size_t now = length - run->taken < piece ? length - run->taken : piece;
        char *block = malloc(now);
        assert_non_null(block);
        memcpy(block, text + run->taken, now);
        run->result = h1_parser_feed(&run->parser, run->request, block, now, &taken);
        free(block);
        assert_true(taken <= now);
        assert_true(run->result != H1_MORE || taken == now);
        run->taken += taken;
    }
}

static const size_t pieces[] = { SIZE_MAX, 1, 2, 3, 7 };

/* Every way of cutting gives the same: a request that is complete after @p expected_rest octets are left. */
static void good(const char *text, const char *method, const char *path, const char *body, const char *rest)
{
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct run run;
        run_open(&run);
        run_feed(&run, text, strlen(text), pieces[i]);
        if (run.result != H1_COMPLETE || run.request->refused != 0)
            fail_msg("result %d status %d for %s", run.result, run.request->refused, text);
        assert_string_equal(http_request_method(run.request).octets, method);
        assert_string_equal(http_request_path(run.request).octets, path);
        assert_int_equal(http_request_body(run.request).length, strlen(body));
        if (strlen(body) > 0)
            assert_memory_equal(http_request_body(run.request).octets, body, strlen(body));
        assert_string_equal(text + run.taken, rest);
        run_close(&run);
    }
}

static void bad_octets(const char *text, size_t length, int status)
{
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        struct run run;
        run_open(&run);
        run_feed(&run, text, length, pieces[i]);
        if (run.result == H1_MORE || run.request->refused != status)
            fail_msg("result %d status %d instead of %d for %s", run.result, run.request->refused, status, text);
        run_close(&run);
    }
}

static void bad(const char *text, int status)
{
    bad_octets(text, strlen(text), status);
}

static void test_requests(void **state)
{
    (void)state;
    good("GET / HTTP/1.1\r\n" HOST "\r\n", "GET", "/", "", "");
    good("\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", "GET", "/", "", "");
    good("GET /a/b?c=d HTTP/1.1\r\n" HOST "\r\nGET /", "GET", "/a/b", "", "GET /");
    good("POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", "POST", "/x", "hello", "");
    good("POST /x HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhelloPOST", "POST", "/x", "hello", "POST");
    good("POST /x HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", "POST", "/x", "", "");
    good("GET http://a.example:80/y?z HTTP/1.1\r\n" HOST "\r\n", "GET", "/y", "", "");
    good("GET http://a.example HTTP/1.1\r\n" HOST "\r\n", "GET", "/", "", "");
    good("OPTIONS * HTTP/1.1\r\n" HOST "\r\n", "OPTIONS", "*", "", "");
    good("GET / HTTP/1.0\r\n\r\n", "GET", "/", "", "");
}

static void test_chunked_bodies(void **state)
{
    (void)state;
    good(CHUNKED "5\r\nhello\r\n0\r\n\r\nGET", "POST", "/", "hello", "GET");
    good(CHUNKED "5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n", "POST", "/", "hello!", "");
    good(CHUNKED "a;name=value\r\n0123456789\r\n0\r\nTrailer: dropped\r\n\r\n", "POST", "/", "0123456789", "");
    good(CHUNKED "0\r\n\r\n", "POST", "/", "", "");
    bad(CHUNKED "5\nhello\r\n0\r\n\r\n", 400);
    bad(CHUNKED "5\rXhello\r\n0\r\n\r\n", 400);
    bad(CHUNKED "5\r\nhelloXY0\r\n\r\n", 400);
    bad(CHUNKED "5\r\nhello\n0\r\n\r\n", 400);
    bad(CHUNKED "5 \r\nhello\r\n0\r\n\r\n", 400);
    bad(CHUNKED "+5\r\nhello\r\n0\r\n\r\n", 400);
    bad(CHUNKED "0x5\r\nhello\r\n0\r\n\r\n", 400);
    bad(CHUNKED "\r\nhello\r\n0\r\n\r\n", 400);
    bad(CHUNKED "fffffffff\r\n", 400);
    bad(CHUNKED "ffffffff\r\n", 413);
    bad(CHUNKED "41\r\n", 413);
    bad(CHUNKED "5;\rx\r\nhello\r\n0\r\n\r\n", 400);
    bad(CHUNKED "0\r\nBad Trailer: x\r\n\r\n", 400);
    bad(CHUNKED "0\r\n folded\r\n\r\n", 400);
}

static void test_two_answers_about_the_length_are_refused(void **state)
{
    (void)state;
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: 5, 5\r\n\r\nhello", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: +5\r\n\r\nhello", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: 0x5\r\n\r\nhello", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\nhello", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501);
    bad("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400);
    bad("POST / HTTP/1.1\r\n" HOST "Content-Length: 65\r\n\r\n", 413);
}

/* Everything but "chunked" alone ends in a refusal; which one is the library's choice. */
static void test_other_codings_are_refused(void **state)
{
    static const char *const codings[] = { "identity", "xchunked", "chunked, identity", "chunked,", "\"chunked\"", "" };
    (void)state;
    for (size_t i = 0; i < sizeof codings / sizeof codings[0]; i++) {
        char text[200];
        struct run run;
        snprintf(text, sizeof text, "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: %s\r\n\r\n", codings[i]);
        run_open(&run);
        run_feed(&run, text, strlen(text), SIZE_MAX);
        if (run.result != H1_BROKEN || (run.request->refused != 400 && run.request->refused != 501))
            fail_msg("\"%s\" was taken", codings[i]);
        run_close(&run);
    }
}

static void test_lines(void **state)
{
    (void)state;
    bad("GET / HTTP/1.1\nHost: a\n\n", 400);
    bad("GET / HTTP/1.1\r\nHost: a\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400); /* obs-fold */
    bad("GET / HTTP/1.1\r\n" HOST "X: a\r\n\tb\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST "X : a\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST ": a\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST "X\x80: a\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST "X: a\x01\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST "X: a\x7f\r\n\r\n", 400);
    static const char nul_in_value[] = "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n";
    bad_octets(nul_in_value, sizeof nul_in_value - 1, 400);
    static const char nul_in_name[] = "GET / HTTP/1.1\r\n" HOST "X\0: b\r\n\r\n";
    bad_octets(nul_in_name, sizeof nul_in_name - 1, 400);
    static const char nul_in_target[] = "GET /\0a HTTP/1.1\r\n" HOST "\r\n";
    bad_octets(nul_in_target, sizeof nul_in_target - 1, 400);
}

static void test_request_lines(void **state)
{
    (void)state;
    bad("GET  / HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET / HTTP/1.1 \r\n" HOST "\r\n", 400);
    bad(" GET / HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET /\ta HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET /\xff HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET /\r\n" HOST "\r\n", 400);
    bad("GET / HTTP/1.2\r\n" HOST "\r\n", 505);
    bad("GET / HTTP/2.0\r\n" HOST "\r\n", 505);
    bad("GET / HTTP/1.10\r\n" HOST "\r\n", 400);
    bad("GET / http/1.1\r\n" HOST "\r\n", 400);
    bad("FROB / HTTP/1.1\r\n" HOST "\r\n", 501);
    bad("GET relative HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET /%zz HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET /%0 HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET /a%00b HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("GET http://user@a/ HTTP/1.1\r\n" HOST "\r\n", 400);
    bad("CONNECT a:80 HTTP/1.1\r\n" HOST "\r\n", 405);
}

static void test_host(void **state)
{
    (void)state;
    bad("GET / HTTP/1.1\r\n\r\n", 400);
    bad("GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400);
}

static void test_limits(void **state)
{
    char text[4096];
    size_t length = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST);
    (void)state;
    for (int i = 0; i < 70; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "A:\r\n");
    snprintf(text + length, sizeof text - length, "\r\n");
    bad(text, 431); /* too many fields */
    /* Lines that never end: refused before the end of the line. */
    length = (size_t)snprintf(text, sizeof text, "GET / HTTP/1.1\r\n" HOST "X: %02000d", 0);
    bad_octets(text, length, 431);
    length = (size_t)snprintf(text, sizeof text, "GET /%02000d", 0);
    bad_octets(text, length, 431);
}

static void test_flags(void **state)
{
    static const struct {
        const char *text;
        bool keep_alive, expects_continue, is_head;
    } rows[] = {
        { "GET / HTTP/1.1\r\n" HOST "\r\n", true, false, false },
        { "HEAD / HTTP/1.1\r\n" HOST "\r\n", true, false, true },
        { "GET / HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n", false, false, false },
        { "GET / HTTP/1.0\r\n\r\n", false, false, false },
        { "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, false, false },
        { "POST / HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 1\r\n\r\n", true, true, false },
        { "GET / HTTP/1.1\r\n" HOST "Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n", true, false, false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct run run;
        run_open(&run);
        run_feed(&run, rows[i].text, strlen(rows[i].text), SIZE_MAX);
        assert_int_equal(run.request->refused, 0);
        assert_int_equal(run.parser.keep_alive, rows[i].keep_alive);
        assert_int_equal(run.parser.expects_continue, rows[i].expects_continue);
        assert_int_equal(run.parser.is_head, rows[i].is_head);
        run_close(&run);
    }
}

static void test_fields(void **state)
{
    struct run run;
    static const char text[] = "GET /p?q=%20&r HTTP/1.1\r\n" HOST "X-Mixed-CASE:  some value \r\nEmpty:\r\n\r\n";
    (void)state;
    run_open(&run);
    run_feed(&run, text, sizeof text - 1, SIZE_MAX);
    assert_int_equal(run.result, H1_COMPLETE);
    assert_string_equal(http_request_header(run.request, "x-mixed-case").octets, "some value");
    assert_string_equal(http_request_header(run.request, "host").octets, "a");
    assert_string_equal(http_request_header(run.request, "empty").octets, "");
    assert_null(http_request_header(run.request, "absent").octets);
    assert_string_equal(http_request_query(run.request).octets, "q=%20&r");
    run_close(&run);
}

static void test_answers(void **state)
{
    struct buffer out;
    const struct http_header header = { "retry-after", "1" };
    const struct http_answer full = { 503, "text/plain", "body", 4, &header, 1 };
    const struct http_answer none = { .status = 204 };
    (void)state;
    buffer_init(&out, 4096);
    assert_int_equal(h1_write_answer(&out, &full, "srv", true, false), MSGIN5G_OK);
    assert_int_equal(h1_write_answer(&out, &full, NULL, false, true), MSGIN5G_OK);
    assert_int_equal(h1_write_answer(&out, &none, NULL, true, false), MSGIN5G_OK);
    assert_int_equal(buffer_append(&out, "", 1), MSGIN5G_OK);
    assert_string_equal((const char *)out.data,
        "HTTP/1.1 503 Service Unavailable\r\nserver: srv\r\ncontent-type: text/plain\r\nretry-after: 1\r\n"
        "content-length: 4\r\n\r\nbody"
        "HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain\r\nretry-after: 1\r\ncontent-length: 4\r\n"
        "connection: close\r\n\r\n"
        "HTTP/1.1 204 No Content\r\n\r\n");
    buffer_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_chunked_bodies),
        cmocka_unit_test(test_two_answers_about_the_length_are_refused),
        cmocka_unit_test(test_other_codings_are_refused),
        cmocka_unit_test(test_lines),
        cmocka_unit_test(test_request_lines),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_flags),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
