#include "base/log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define LINE_OCTETS 4096

/* Standard error becomes a socket that keeps the borders of each write(). */
static int ends[2], saved_stderr;

static int capture(void **state)
{
    (void)state;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) != 0)
        return -1;
    saved_stderr = dup(STDERR_FILENO);
    return dup2(ends[1], STDERR_FILENO) < 0;
}

static int give_back(void **state)
{
    (void)state;
    dup2(saved_stderr, STDERR_FILENO);
    close(saved_stderr);
    close(ends[0]);
    close(ends[1]);
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, "");
    return 0;
}

/* What one write() wrote, behind the time stamp in text format; static. */
static const char *line(void)
{
    static char text[2 * LINE_OCTETS];
    ssize_t length = recv(ends[0], text, sizeof text - 1, MSG_DONTWAIT);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static const char *line_after_time(void)
{
    const char *text = line();
    return strlen(text) > 25 ? text + 25 : text;
}

static void text_line_has_time_level_event(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, "unit");
    errno = EAGAIN;
    log_info("session opened peer=%s n=%d", "127.0.0.1:5684", 3);
    assert_int_equal(errno, EAGAIN);
    const char *text = line();
    assert_true(text[4] == '-' && text[10] == 'T' && text[19] == '.' && text[23] == 'Z' && text[24] == ' ');
    assert_string_equal(text + 25, "info session opened peer=127.0.0.1:5684 n=3\n");
}

static void level_decides(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, "unit");
    assert_true(log_enabled(LOG_LEVEL_ERROR));
    assert_false(log_enabled(LOG_LEVEL_INFO));
    log_info("not shown");
    log_debug("not shown either");
    log_warning("shown");
    assert_string_equal(line_after_time(), "warning shown\n");
    assert_string_equal(line(), "");
    log_set_level(LOG_LEVEL_DEBUG);
    log_debug("now x=%d", 1);
    assert_string_equal(line_after_time(), "debug now x=1\n");
}

static void control_characters_are_escaped(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, "unit");
    log_error("bad name=%s", "a\nb\x1b[31m\x7f\t");
    assert_string_equal(line_after_time(), "error bad name=a\\x0ab\\x1b[31m\\x7f\\x09\n");
}

static void only_valid_utf8_passes(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, "unit");
    log_info("%s", "gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80");
    assert_string_equal(line_after_time(), "info gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\n");
    log_info("%s", "\xff|\xc3|\xc0\xaf|\xe0\x80\x80|\xed\xa0\x80|\xf5\x80|\xc2\x9b|\xe2\x82");
    assert_string_equal(line_after_time(),
        "info \\xff|\\xc3|\\xc0\\xaf|\\xe0\\x80\\x80|\\xed\\xa0\\x80|\\xf5\\x80|\\xc2\\x9b|\\xe2\\x82\n");
}

static void json_line_splits_event_and_fields(void **state)
{
    (void)state;
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON, "unit");
    log_warning("key refused a_kid=%s reason=%s count=%d", "0.abc", "it is \"unknown\" c:\\x", 7);
    const char *text = strstr(line(), "\"level\"");
    assert_non_null(text);
    assert_string_equal(text, "\"level\":\"warning\",\"program\":\"unit\",\"event\":\"key refused\",\"a_kid\":"
                              "\"0.abc\",\"reason\":\"it is \\\"unknown\\\" c:\\\\x\",\"count\":\"7\"}\n");
    log_info("line\nfeed x=\x01");
    text = strstr(line(), "\"event\"");
    assert_non_null(text);
    assert_string_equal(text, "\"event\":\"line\\\\x0afeed\",\"x\":\"\\\\x01\"}\n");
}

static void long_lines_are_cut_but_whole(void **state)
{
    char value[2 * LINE_OCTETS];
    (void)state;
    memset(value, '\n', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, "unit");
    log_info("long value=%s", value);
    const char *text = line();
    assert_in_range(strlen(text), LINE_OCTETS - 8, LINE_OCTETS);
    assert_string_equal(text + strlen(text) - 5, "\\x0a\n");

    log_setup(LOG_LEVEL_INFO, LOG_FORMAT_JSON, "unit");
    log_info("long value=%s", value);
    text = line();
    assert_in_range(strlen(text), LINE_OCTETS - 16, LINE_OCTETS);
    assert_string_equal(text + strlen(text) - 8, "\\\\x0a\"}\n");

    memset(value, 'k', 200);
    snprintf(value + 200, sizeof value - 200, "=v"); /* no key is that long: it stays in the event */
    log_info("long %s b=%s", value, "c");
    assert_non_null(strstr(line(), "kkk=v\",\"b\":\"c\"}\n"));
}

static void a_kid_is_shortened(void **state)
{
    char out[LOG_A_KID_LEN];
    (void)state;
    assert_string_equal(log_a_kid("678.Kf9jLmQx0123456789@5gc.mnc001.mcc001.3gppnetwork.org", out), "678.Kf9jLmQx...");
    assert_string_equal(log_a_kid("0.ab", out), "0.ab...");
    assert_string_equal(log_a_kid("not-an-a-kid-at-all", out), "not-an-a...");
    assert_string_equal(log_a_kid("12345.abcdefghijkl@x", out), "12345.ab...");
    assert_string_equal(log_a_kid("", out), "...");
}

static void identity_is_shortened(void **state)
{
    char out[LOG_IDENTITY_LEN];
    (void)state;
    assert_string_equal(log_identity("imsi-001010000000042", out), "imsi-00101...42");
    assert_string_equal(log_identity("msisdn-8613800000001", out), "msisdn-86138...01");
    assert_string_equal(log_identity("im:001010000000042@lab.example", out), "im:00101...42@lab.example");
    assert_string_equal(log_identity("nai-alice@example.org", out), "nai-a...@example.org");
    assert_string_equal(log_identity("nai-a@example.org", out), "nai-a@example.org");
    assert_string_equal(log_identity("nai-@example.org", out), "nai-@example.org");
    assert_string_equal(log_identity("extid-bob@example.org", out), "extid-b...@example.org");
    assert_string_equal(log_identity("im:ue-0001@lab.example", out), "im:ue-0001@lab.example");
    assert_string_equal(log_identity("1234567", out), "1234567");
    assert_string_equal(log_identity("", out), "");
    char longest[300];
    memset(longest, 'u', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(strlen(log_identity(longest, out)), LOG_IDENTITY_LEN - 1);
}

static void a_flood_is_one_line_a_second(void **state)
{
    struct log_limit limit = { 0 };
    unsigned left_out = 99;
    (void)state;
    log_set_level(LOG_LEVEL_INFO);
    assert_true(log_limit_take(&limit, 5000, &left_out));
    assert_int_equal(left_out, 0);
    for (int64_t now_ms = 5000; now_ms < 6000; now_ms += 10)
        assert_false(log_limit_take(&limit, now_ms, &left_out));
    assert_true(log_limit_take(&limit, 6000, &left_out));
    assert_int_equal(left_out, 100);
    assert_true(log_limit_take(&limit, 7000, &left_out));
    assert_int_equal(left_out, 0);
    log_set_level(LOG_LEVEL_DEBUG); /* who looks closely wants to see each */
    assert_true(log_limit_take(&limit, 7000, &left_out));
    log_set_level(LOG_LEVEL_INFO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(text_line_has_time_level_event, capture, give_back),
        cmocka_unit_test_setup_teardown(level_decides, capture, give_back),
        cmocka_unit_test_setup_teardown(control_characters_are_escaped, capture, give_back),
        cmocka_unit_test_setup_teardown(only_valid_utf8_passes, capture, give_back),
        cmocka_unit_test_setup_teardown(json_line_splits_event_and_fields, capture, give_back),
        cmocka_unit_test_setup_teardown(long_lines_are_cut_but_whole, capture, give_back),
        cmocka_unit_test(a_kid_is_shortened),
        cmocka_unit_test(identity_is_shortened),
        cmocka_unit_test(a_flood_is_one_line_a_second),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
