/* What POST /faults may say. */
#include "faults.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
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

static void test_choices(void **state)
{
    (void)state;
    struct faults_setting setting = before;
    assert_int_equal(faults_json_decode(msgin5g_str("{\"reset\":\"goaway\",\"key\":\"short\",\"expiry\":\"past\","
                                                    "\"body\":\"truncated\"}"),
                         &setting),
        MSGIN5G_OK);
    assert_int_equal(setting.reset, FAULTS_RESET_GOAWAY);
    assert_int_equal(setting.key, FAULTS_KEY_SHORT);
    assert_int_equal(setting.expiry, FAULTS_EXPIRY_PAST);
    assert_int_equal(setting.body, FAULTS_BODY_TRUNCATED);
    assert_int_equal(faults_json_decode(msgin5g_str("{\"reset\":\"sometimes\"}"), &setting), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(faults_json_decode(msgin5g_str("{\"key\":2}"), &setting), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(setting.key, FAULTS_KEY_SHORT);
}

/* One right body, spoilt by @p setting; faults that are not enabled spoil nothing. */
static void spoilt(bool enabled, struct faults_setting setting, char *out, size_t size)
{
    static const char right[] = "{\"expiry\":\"2030-01-01T00:00:00Z\",\"kaf\":\""
                                "1b3e4d7656ca49fb8ec0da4ef76a6e356d11301bfa7097f1958a879334567959\",\"supi\":\"x\"}";
    struct faults *faults;
    struct buffer body;
    assert_int_equal(faults_create(NULL, enabled, &setting, NULL, &faults), MSGIN5G_OK);
    buffer_init(&body, 1024);
    assert_int_equal(buffer_append_text(&body, right), MSGIN5G_OK);
    faults_spoil(faults, &body);
    (void)snprintf(out, size, "%.*s", (int)body.length, (const char *)body.data);
    buffer_free(&body);
    faults_free(faults);
}

static void test_spoilt_bodies(void **state)
{
    (void)state;
    char right[512], text[512];
    spoilt(true, (struct faults_setting){ 0 }, right, sizeof right);
    spoilt(false, (struct faults_setting){ .key = FAULTS_KEY_ZERO }, text, sizeof text);
    assert_string_equal(text, right);
    spoilt(true, (struct faults_setting){ .key = FAULTS_KEY_ZERO }, text, sizeof text);
    assert_non_null(strstr(text, "\"0000000000000000000000000000000000000000000000000000000000000000\""));
    spoilt(true, (struct faults_setting){ .key = FAULTS_KEY_OTHER }, text, sizeof text);
    assert_int_equal(strlen(text), strlen(right));
    assert_string_not_equal(text, right);
    spoilt(true, (struct faults_setting){ .key = FAULTS_KEY_SHORT }, text, sizeof text);
    assert_non_null(strstr(text, "\"3e4d7656ca49fb8ec0da4ef76a6e356d11301bfa7097f1958a879334567959\",\"supi\":\"x\"}"));
    spoilt(true, (struct faults_setting){ .expiry = FAULTS_EXPIRY_PAST }, text, sizeof text);
    assert_non_null(strstr(text, "\"2001-01-01T00:00:00Z\",\"kaf\":\"1b3e"));
    spoilt(true, (struct faults_setting){ .expiry = FAULTS_EXPIRY_UNPARSABLE }, text, sizeof text);
    assert_non_null(strstr(text, "\"xxxxxxxxxxxxxxxxxxxx\""));
    spoilt(true, (struct faults_setting){ .body = FAULTS_BODY_TRUNCATED }, text, sizeof text);
    assert_int_equal(strlen(text), strlen(right) / 2);
    spoilt(true, (struct faults_setting){ .body = FAULTS_BODY_ANONYMOUS }, text, sizeof text);
    assert_null(strstr(text, "\"supi\""));
    assert_int_equal(strlen(text), strlen(right));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_named_are_changed),
        cmocka_unit_test(test_anything_else_changes_nothing),
        cmocka_unit_test(test_choices),
        cmocka_unit_test(test_spoilt_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
