/* The names of this application function: whatever the case, and no part of them. */
#include "own_names.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static char first[] = "MSGin5G.lab.example", second[] = "localhost";
static char *fqdns[] = { first, second };

static void test_names_are_found_in_any_case(void **state)
{
    struct own_names *names = NULL;
    (void)state;
    assert_int_equal(own_names_create(&(struct config_strings){ fqdns, 2 }, &names), MSGIN5G_OK);
    assert_string_equal(own_names_find(names, msgin5g_str("msgin5g.LAB.example")), "msgin5g.lab.example");
    assert_string_equal(own_names_find(names, msgin5g_str("localhost")), "localhost");
    assert_null(own_names_find(names, msgin5g_str("localhos")));
    assert_null(own_names_find(names, msgin5g_str("localhost.")));
    assert_null(own_names_find(names, (struct msgin5g_str){ "", 0 }));
    assert_null(own_names_only(names));
    own_names_free(names);
}

static void test_the_only_name(void **state)
{
    struct own_names *names = NULL;
    (void)state;
    assert_int_equal(own_names_create(&(struct config_strings){ fqdns, 1 }, &names), MSGIN5G_OK);
    assert_string_equal(own_names_only(names), "msgin5g.lab.example");
    own_names_free(names);
    own_names_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names_are_found_in_any_case),
        cmocka_unit_test(test_the_only_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
