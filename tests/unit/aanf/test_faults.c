/* What POST /faults may say. */
#include "faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static const struct faults_setting before = { .latency_ms = 5, .status = 503, .drop = true };

static void test_members_named_are_changed(void **state)
{
    (void)state;
    struct faults_setting setting = before;
    assert_int_equal(faults_json_decode(msgin5g_str("{\"latency_ms\":400}"), &setting), MSGIN5G_OK);
    assert_int_equal(setting.latency_ms, 400);
    assert_int_equal(setting.status, 503);
    assert_true(setting.drop);
    assert_int_equal(faults_json_decode(msgin5g_str("{\"status\":0,\"drop\":false}"), &setting), MSGIN5G_OK);
    assert_int_equal(setting.latency_ms, 400);
    assert_int_equal(setting.status, 0);
    assert_false(setting.drop);
}

static void test_anything_else_changes_nothing(void **state)
{
    (void)state;
    static const char *const bodies[] = { "", "[]", "{\"latency_ms\":-1}", "{\"latency_ms\":60001}",
        "{\"latency_ms\":\"1\"}", "{\"status\":100}", "{\"status\":600}", "{\"drop\":1}", "{\"latency\":1}",
        "{\"latency_ms\":1,\"status\":1}", "{\"latency_ms\":1" };
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        struct faults_setting setting = before;
        assert_int_equal(faults_json_decode(msgin5g_str(bodies[i]), &setting), MSGIN5G_ERR_MALFORMED);
        assert_int_equal(setting.latency_ms, 5);
        assert_int_equal(setting.status, 503);
        assert_true(setting.drop);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_named_are_changed),
        cmocka_unit_test(test_anything_else_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
