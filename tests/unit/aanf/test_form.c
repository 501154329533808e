/* Forms: pairs as RFC 6749 Appendix B and HTML write them, and everything that is none. */
#include "form.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void test_pairs(void **state)
{
    struct msgin5g_str body = msgin5g_str("scope=naanf-akma+naanf-akma%3aanchorkey&empty=&%6eame=100%25");
    struct form_pair pair;
    (void)state;
    assert_int_equal(form_next(&body, &pair), MSGIN5G_OK);
    assert_string_equal(pair.name, "scope");
    assert_string_equal(pair.value, "naanf-akma naanf-akma:anchorkey");
    assert_int_equal(form_next(&body, &pair), MSGIN5G_OK);
    assert_string_equal(pair.name, "empty");
    assert_string_equal(pair.value, "");
    assert_int_equal(form_next(&body, &pair), MSGIN5G_OK);
    assert_string_equal(pair.name, "name");
    assert_string_equal(pair.value, "100%");
    assert_int_equal(form_next(&body, &pair), MSGIN5G_ERR_NOT_FOUND);
}

static void test_refused(void **state)
{
    static const char *const rows[] = { "&", "a", "=", "=b", "&a=b", "a=%", "a=%4", "a=%4g", "a=%00", "a=%0a", "a=\n",
        "a=b&", "%=a" };
    struct form_pair pair;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct msgin5g_str body = msgin5g_str(rows[i]);
        assert_int_equal(form_next(&body, &pair), MSGIN5G_ERR_MALFORMED);
    }
}

static void test_bounds(void **state)
{
    char text[FORM_NAME_MAX + FORM_VALUE_MAX + 8];
    struct form_pair pair;
    (void)state;
    (void)snprintf(text, sizeof text, "%0*d=%0*d", FORM_NAME_MAX, 0, FORM_VALUE_MAX, 0);
    struct msgin5g_str fits = msgin5g_str(text);
    assert_int_equal(form_next(&fits, &pair), MSGIN5G_OK);
    assert_int_equal(strlen(pair.value), FORM_VALUE_MAX);
    (void)snprintf(text, sizeof text, "%0*d=%0*d", FORM_NAME_MAX, 0, FORM_VALUE_MAX + 1, 0);
    struct msgin5g_str value = msgin5g_str(text);
    assert_int_equal(form_next(&value, &pair), MSGIN5G_ERR_MALFORMED);
    (void)snprintf(text, sizeof text, "%0*d=1", FORM_NAME_MAX + 1, 0);
    struct msgin5g_str name = msgin5g_str(text);
    assert_int_equal(form_next(&name, &pair), MSGIN5G_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
