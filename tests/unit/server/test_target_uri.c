/* targetUri: how it is taken apart, and what lies within what is allowed (EC-43, 10.3). */
#include "target_uri.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_taken_apart(void **state)
{
    static const char *const rows[][3] = {
        { "https://as.example", "https://as.example", "" },
        { "https://as.example/", "https://as.example", "" },
        { "HTTPS://AS.example:8443/M5/In", "https://as.example:8443", "/M5/In" },
        { "http://[::1]:80/a/", "http://[::1]:80", "/a" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct target_uri uri;
        assert_int_equal(target_uri_parse(msgin5g_str(rows[i][0]), &uri), MSGIN5G_OK);
        assert_string_equal(uri.origin, rows[i][1]);
        assert_string_equal(uri.path, rows[i][2]);
    }
}

static void test_refused(void **state)
{
    static const char *const rows[] = { "", "https://", "https:///a", "ftp://a", "file:///etc/passwd", "//a/b", "a/b",
        "https://u@a", "https://a?b", "https://a/b#c", "https://a/b//c", "https://a/./b", "https://a/../b",
        "https://a/..", "https://a/%2e%2e/b", "https://a/b c", "https://a/\x80", "https://a\\b", "https://a\r\nx: y" };
    char long_path[1200], long_host[400];
    struct target_uri uri;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (target_uri_parse(msgin5g_str(rows[i]), &uri) != MSGIN5G_ERR_MALFORMED)
            fail_msg("%s was taken", rows[i]);
    }
    (void)snprintf(long_path, sizeof long_path, "https://a/%01100d", 7);
    (void)snprintf(long_host, sizeof long_host, "https://a%0300d/b", 7);
    assert_int_equal(target_uri_parse(msgin5g_str(long_path), &uri), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(target_uri_parse(msgin5g_str(long_host), &uri), MSGIN5G_ERR_MALFORMED);
}

static void test_within(void **state)
{
    static const struct {
        const char *uri, *base;
        bool within;
    } rows[] = {
        { "https://a/m", "https://a/m", true },
        { "https://a/m/n", "https://a/m/", true },
        { "https://a/m", "https://a", true },
        { "https://A/m", "https://a", true },
        { "https://a/mn", "https://a/m", false },
        { "https://a", "https://a/m", false },
        { "http://a/m", "https://a/m", false },
        { "https://a:444/m", "https://a/m", false },
        { "https://a.evil/m", "https://a", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct target_uri uri, base;
        assert_int_equal(target_uri_parse(msgin5g_str(rows[i].uri), &uri), MSGIN5G_OK);
        assert_int_equal(target_uri_parse(msgin5g_str(rows[i].base), &base), MSGIN5G_OK);
        if (target_uri_within(&uri, &base) != rows[i].within)
            fail_msg("%s within %s", rows[i].uri, rows[i].base);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_taken_apart),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_within),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
