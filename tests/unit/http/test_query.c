/* Queries: pairs one after the other, and what is refused. */
#include "http/query.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void pairs_come_in_order(void **state)
{
    struct msgin5g_str query = msgin5g_str("limit=97&prefix=im%3Aue%20&after=");
    struct http_query_pair pair;
    (void)state;

    assert_int_equal(http_query_take(&query, &pair), MSGIN5G_OK);
    assert_string_equal(pair.name, "limit");
    assert_string_equal(pair.value, "97");
    assert_int_equal(http_query_take(&query, &pair), MSGIN5G_OK);
    assert_string_equal(pair.name, "prefix");
    assert_string_equal(pair.value, "im:ue ");
    assert_int_equal(http_query_take(&query, &pair), MSGIN5G_OK);
    assert_string_equal(pair.name, "after");
    assert_string_equal(pair.value, "");
    assert_int_equal(query.length, 0);
}

static void malformed_pairs_are_refused(void **state)
{
    static const char *const malformed[] = { "limit", "=1", "&a=1", "a=%4", "a=%zz", "a=%0a", "a=%00", "a=\x7f",
        "%01=1" };
    (void)state;

    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct msgin5g_str query = msgin5g_str(malformed[i]);
        struct http_query_pair pair;
        assert_int_equal(http_query_take(&query, &pair), MSGIN5G_ERR_INVALID);
    }
}

static void lengths_are_bounded(void **state)
{
    static const struct {
        size_t name, value;
        enum msgin5g_err err;
    } cases[] = {
        { HTTP_QUERY_NAME_MAX, HTTP_QUERY_VALUE_MAX, MSGIN5G_OK },
        { HTTP_QUERY_NAME_MAX + 1, 1, MSGIN5G_ERR_INVALID },
        { 1, HTTP_QUERY_VALUE_MAX + 1, MSGIN5G_ERR_INVALID },
        { 1, 4UL * HTTP_QUERY_VALUE_MAX, MSGIN5G_ERR_INVALID },
    };
    char text[5 * HTTP_QUERY_VALUE_MAX];
    (void)state;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(text, 'x', sizeof text);
        text[cases[i].name] = '=';
        struct msgin5g_str query = { text, cases[i].name + 1 + cases[i].value };
        struct http_query_pair pair;
        assert_int_equal(http_query_take(&query, &pair), cases[i].err);
        if (cases[i].err == MSGIN5G_OK)
            assert_int_equal(strlen(pair.value), cases[i].value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pairs_come_in_order),
        cmocka_unit_test(malformed_pairs_are_refused),
        cmocka_unit_test(lengths_are_bounded),
    };
    return cmocka_run_group_tests_name("query", tests, NULL, NULL);
}
