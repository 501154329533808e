#include "base/exit_code.h"
#include "msgin5g/error.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void every_error_has_a_text_and_codes(void **state)
{
    (void)state;
    for (int err = 0; err < MSGIN5G_ERR_COUNT; err++) {
        unsigned char class = msgin5g_err_coap_code(err) >> 5;
        assert_true(msgin5g_err_text(err)[0] != '\0');
        assert_true(class == 2 || class == 4 || class == 5);
        assert_in_range(msgin5g_err_http_status(err), 200, 504);
        assert_int_equal(err == MSGIN5G_OK, msgin5g_err_cause(err)[0] == '\0');
    }
}

static void rows_are_read_by_name(void **state)
{
    (void)state;
    assert_int_equal(msgin5g_err_coap_code(MSGIN5G_ERR_RATE_LIMITED), MSGIN5G_COAP_CODE(4, 29));
    assert_int_equal(msgin5g_err_http_status(MSGIN5G_ERR_PAYLOAD_TOO_LARGE), 413);
    assert_string_equal(msgin5g_err_cause(MSGIN5G_ERR_EXPIRED), "EXPIRED");
    assert_string_equal(msgin5g_err_text(MSGIN5G_OK), "ok");
}

static void values_outside_are_unknown(void **state)
{
    (void)state;
    assert_string_equal(msgin5g_err_text(MSGIN5G_ERR_COUNT), "unknown error");
    assert_string_equal(msgin5g_err_text((enum msgin5g_err) - 1), "unknown error");
    assert_int_equal(msgin5g_err_http_status((enum msgin5g_err)1000), 500);
}

static void exit_codes_follow_the_error(void **state)
{
    (void)state;
    assert_int_equal(exit_code_of(MSGIN5G_OK), 0);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_NO_MEMORY), 1);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_CONFIG), 3);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_TIMEOUT), 4);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_MAC_FAILURE), 5);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR), 6);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_PAYLOAD_TOO_LARGE), 7);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_AANF), 8);
    assert_int_equal(exit_code_of(MSGIN5G_ERR_EXPIRED), 9);
    for (int err = MSGIN5G_OK + 1; err <= MSGIN5G_ERR_COUNT; err++)
        assert_in_range(exit_code_of(err), EXIT_CODE_OTHER, EXIT_CODE_NOT_DELIVERED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_error_has_a_text_and_codes),
        cmocka_unit_test(rows_are_read_by_name),
        cmocka_unit_test(values_outside_are_unknown),
        cmocka_unit_test(exit_codes_follow_the_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
