/* Verified tokens: found octet for octet until exp, forgotten afterwards, bounded. */
#include "token_cache.h"

#include "base/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct token_cache *cache;

static int setup(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK && token_cache_create(&cache) == MSGIN5G_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    token_cache_free(cache);
    return 0;
}

static void put(const char *token, const char *subject, int64_t exp_s)
{
    struct jwt_claims claims = { .aud_count = 1, .exp_s = exp_s };
    (void)snprintf(claims.sub, sizeof claims.sub, "%s", subject);
    token_cache_put(cache, msgin5g_str(token), &claims);
}

static void test_found_until_exp(void **state)
{
    (void)state;
    assert_null(token_cache_find(cache, msgin5g_str("a.b.c"), 99));
    put("a.b.c", "somebody", 100);
    const struct jwt_claims *found = token_cache_find(cache, msgin5g_str("a.b.c"), 99);
    assert_non_null(found);
    assert_string_equal(found->sub, "somebody");
    assert_null(token_cache_find(cache, msgin5g_str("a.b.c"), 100));
    assert_null(token_cache_find(cache, msgin5g_str("a.b.c"), 99)); /* it is gone for good */
}

static void test_every_octet_counts(void **state)
{
    (void)state;
    put("a.b.c", "somebody", 100);
    assert_null(token_cache_find(cache, msgin5g_str("a.b.d"), 1));
    assert_null(token_cache_find(cache, msgin5g_str("a.b.c."), 1));
    assert_null(token_cache_find(cache, msgin5g_str("a.b."), 1));
    assert_non_null(token_cache_find(cache, msgin5g_str("a.b.c"), 1));
}

static void test_bounded(void **state)
{
    size_t found = 0;
    char token[32];
    (void)state;
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(token, sizeof token, "a.%d.c", i);
        put(token, token, 100);
        assert_string_equal(token_cache_find(cache, msgin5g_str(token), 1)->sub, token);
    }
    for (int i = 0; i < 10000; i++) {
        (void)snprintf(token, sizeof token, "a.%d.c", i);
        found += token_cache_find(cache, msgin5g_str(token), 1) != NULL;
    }
    assert_in_range(found, 1, TOKEN_CACHE_ENTRIES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_found_until_exp, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_octet_counts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
