#include "base/clock.h"
#include "virtual_clock.h"

#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static enum msgin5g_err parse(const char *text, int64_t *utc_s)
{
    return clock_parse_rfc3339(msgin5g_str(text), utc_s);
}

static void formats_utc_without_fraction(void **state)
{
    char text[CLOCK_RFC3339_LEN + 1];
    (void)state;
    assert_int_equal(clock_format_rfc3339(0, text), MSGIN5G_OK);
    assert_string_equal(text, "1970-01-01T00:00:00Z");
    assert_int_equal(clock_format_rfc3339(1772366400, text), MSGIN5G_OK);
    assert_string_equal(text, "2026-03-01T12:00:00Z");
    assert_int_equal(clock_format_rfc3339(253402300799, text), MSGIN5G_OK);
    assert_string_equal(text, "9999-12-31T23:59:59Z");
    assert_int_equal(clock_format_rfc3339(253402300800, text), MSGIN5G_ERR_INVALID);
    assert_int_equal(clock_format_rfc3339(-1, text), MSGIN5G_ERR_INVALID);
}

static void reads_every_form_of_rfc3339(void **state)
{
    static const struct {
        const char *text;
        int64_t utc_s;
    } forms[] = {
        { "2026-03-01T12:00:00Z", 1772366400 },
        { "2026-03-01t12:00:00z", 1772366400 },
        { "2026-03-01T12:00:00.5Z", 1772366400 },
        { "2026-03-01T12:00:00.999999999Z", 1772366400 },
        { "2026-03-01T13:30:00+01:30", 1772366400 },
        { "2026-02-28T23:00:00-13:00", 1772366400 },
        { "2026-03-01T12:00:00-00:00", 1772366400 },
        { "2024-02-29T00:00:00Z", 1709164800 },
        { "2016-12-31T23:59:60Z", 1483228800 },
        { "1969-12-31T23:59:59Z", -1 },
    };
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        int64_t utc_s = 0;
        assert_int_equal(parse(forms[i].text, &utc_s), MSGIN5G_OK);
        assert_int_equal(utc_s, forms[i].utc_s);
    }
}

static void refuses_what_is_not_rfc3339(void **state)
{
    static const char *const texts[] = { "", "Z", "2026-03-01", "2026-03-01T12:00:00", "2026-03-01 12:00:00Z",
        "2026-03-01T12:00Z", "2026-13-01T12:00:00Z", "2026-00-01T12:00:00Z", "2026-02-29T12:00:00Z",
        "2026-04-31T12:00:00Z", "2026-03-00T12:00:00Z", "2026-03-01T24:00:00Z", "2026-03-01T12:60:00Z",
        "2026-03-01T12:00:61Z", "2026-03-01T12:00:00.Z", "2026-03-01T12:00:00+0100", "2026-03-01T12:00:00+24:00",
        "2026-03-01T12:00:00+01:60", "2026-03-01T12:00:00Zx", "2026-03-01T12:00:00+01:00x", "+026-03-01T12:00:00Z",
        "2026-3-01T12:00:00Z", " 2026-03-01T12:00:00Z",
        "2026-03-01T12:00:00.000000000000000000000000000000000000000000000000000Z" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        int64_t utc_s = 42;
        assert_int_equal(parse(texts[i], &utc_s), MSGIN5G_ERR_MALFORMED);
        assert_int_equal(utc_s, 42);
    }
    int64_t utc_s;
    assert_int_equal(
        clock_parse_rfc3339((struct msgin5g_str){ "2026-03-01T12:00:00Z\0", 21 }, &utc_s), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(clock_parse_rfc3339((struct msgin5g_str){ NULL, 0 }, &utc_s), MSGIN5G_ERR_MALFORMED);
}

static void system_clock_moves_forward(void **state)
{
    struct clock_source clock = clock_system();
    (void)state;
    int64_t before = clock.monotonic_ms(clock.ctx);
    assert_true(clock.monotonic_ms(clock.ctx) >= before);
    assert_true(clock.utc_s(clock.ctx) > 1700000000);
}

static void virtual_clock_stands_still_until_moved(void **state)
{
    struct virtual_clock virtual;
    (void)state;
    virtual_clock_init(&virtual, 1772366400);
    struct clock_source clock = virtual_clock_source(&virtual);
    int64_t before = clock.monotonic_ms(clock.ctx);
    assert_int_equal(clock.monotonic_ms(clock.ctx), before);
    virtual_clock_advance(&virtual, 1500);
    assert_int_equal(clock.monotonic_ms(clock.ctx), before + 1500);
    assert_int_equal(clock.utc_s(clock.ctx), 1772366401);
}

static void test_http_date(void **state)
{
    static const struct {
        const char *text;
        int64_t utc_ms;
    } good[] = {
        { "Sun, 06 Nov 1994 08:49:37 GMT", 784111777000 },
        { "Sun, 04 Aug 2019 08:49:37.845 GMT", 1564908577845 },
        { "Thu, 01 Jan 1970 00:00:00 GMT", 0 },
    };
    static const char *const bad[] = { "", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994",
        "Sun, 06 Nov 1994 08:49:37 UTC", "Sun, 06 Nov 1994 08:49:37.8 GMT", "Sun, 06 Nov 1994 08:49:37.845 GMTx",
        "Sun, 06 Nov 1994 24:49:37 GMT", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Nox 1994 08:49:37 GMT",
        "Sun, 06 Nov 19x4 08:49:37 GMT", "Sun; 06 Nov 1994 08:49:37 GMT", "Sun, 00 Nov 1994 08:49:37 GMT",
        "Mon, 30 Feb 2026 00:00:00 GMT" };
    char text[CLOCK_HTTP_DATE_LEN + 1];
    int64_t utc_ms;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(clock_parse_http_date(msgin5g_str(good[i].text), &utc_ms), MSGIN5G_OK);
        assert_int_equal(utc_ms, good[i].utc_ms);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(clock_parse_http_date(msgin5g_str(bad[i]), &utc_ms), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(clock_format_http_date(1564908577845, text), MSGIN5G_OK);
    assert_string_equal(text, "Sun, 04 Aug 2019 08:49:37.845 GMT");
    assert_int_equal(clock_format_http_date(-1, text), MSGIN5G_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_utc_without_fraction),
        cmocka_unit_test(reads_every_form_of_rfc3339),
        cmocka_unit_test(refuses_what_is_not_rfc3339),
        cmocka_unit_test(system_clock_moves_forward),
        cmocka_unit_test(virtual_clock_stands_still_until_moved),
        cmocka_unit_test(test_http_date),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
