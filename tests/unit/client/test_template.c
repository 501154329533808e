/* Names of simulated UEs. */
#include "template.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void expands(void **state)
{
    static const struct {
        const char *text, *expanded;
    } rows[] = {
        { "im:ue-{n}@x", "im:ue-42@x" },
        { "im:ue-{n:4}@x", "im:ue-0042@x" },
        { "{n}{n:1}{n:15}", "4242000000000000042" },
        { "", "" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char *text = template_expand(rows[i].text, 42);

        assert_string_equal(text, rows[i].expanded);
        assert_int_equal(template_has_number(rows[i].text), rows[i].text[0] != '\0');
        free(text);
    }
}

static void other_braces_stay(void **state)
{
    static const char *const texts[] = { "{}", "{m}", "{n", "{n:}", "{n:0}", "{n:16}", "{n:4", "{n:4x}", "{n :4}" };

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char *text = template_expand(texts[i], 42);

        assert_string_equal(text, texts[i]);
        assert_false(template_has_number(texts[i]));
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(expands), cmocka_unit_test(other_braces_stay) };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
