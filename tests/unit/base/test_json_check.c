/* What passes the strict check before a lenient parser, and what it tells about U+0000. Refusals: unit/msg. */
#include "base/json_check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum msgin5g_err check(const char *text, struct json_nul *nul)
{
    const char *problem = NULL;
    enum msgin5g_err err = json_check((const uint8_t *)text, strlen(text), nul, &problem);
    assert_int_equal(problem[0] == '\0', err == MSGIN5G_OK);
    return err;
}

static void json_is_accepted(void **state)
{
    static const char *const texts[] = { "{}", "[]", "0", "-0", "true", "false", "null", "\"\"", " [ 1 , 2 ] ",
        "{\"a\":{\"b\":[{}]}}", "-12.5e+3", "1E9", "0.0", "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00fF\\ud83d\\uDE00\"",
        "\"\xC2\x80\xDF\xBF\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\x7f\"",
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]", "\t\r\n 1 \t\r\n" };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        assert_int_equal(check(texts[i], NULL), MSGIN5G_OK);
}

static void every_prefix_is_refused(void **state)
{
    static const char text[] = "{\"a\":[true,false,null,-1.5e+3,\"\\u00e9\\ud83d\\ude00\xF0\x9F\x98\x80\"]}";
    const char *problem = NULL;
    (void)state;
    for (size_t length = 0; length < sizeof text - 1; length++)
        assert_int_equal(json_check((const uint8_t *)text, length, NULL, &problem), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(json_check((const uint8_t *)text, sizeof text - 1, NULL, &problem), MSGIN5G_OK);
}

static void nul_is_refused_or_told(void **state)
{
    struct json_nul nul;
    (void)state;
    assert_int_equal(check("[\"\\u0000\"]", NULL), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(check("{\"a\":\"b\"}", &nul), MSGIN5G_OK);
    assert_int_equal(nul.count, 0);
    assert_int_equal(check("{\"x\":1,\"a b\":\"\\u0000\\u00e9\\u20ac\\ud83d\\ude00\\n\\u0000z\"}", &nul), MSGIN5G_OK);
    assert_int_equal(nul.count, 1);
    assert_int_equal(nul.member.length, 3);
    assert_memory_equal(nul.member.octets, "a b", 3);
    assert_int_equal(nul.length, 1 + 2 + 3 + 4 + 1 + 1 + 1);
    assert_int_equal(check("{\"a\":{\"b\":\"\\u0000\"}}", &nul), MSGIN5G_OK);
    assert_int_equal(nul.count, 1);
    assert_null(nul.member.octets);
    assert_int_equal(check("{\"a\\u0000\":\"\\u0000\",\"b\":[\"\\u0000\"]}", &nul), MSGIN5G_OK);
    assert_int_equal(nul.count, 3);
}

static void numbers_have_a_longest_form(void **state)
{
    char text[JSON_NUMBER_MAX + 2];
    (void)state;
    memset(text, '1', sizeof text);
    text[JSON_NUMBER_MAX] = '\0';
    assert_int_equal(check(text, NULL), MSGIN5G_OK);
    text[JSON_NUMBER_MAX] = '1';
    text[JSON_NUMBER_MAX + 1] = '\0';
    assert_int_equal(check(text, NULL), MSGIN5G_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_accepted),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(nul_is_refused_or_told),
        cmocka_unit_test(numbers_have_a_longest_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
