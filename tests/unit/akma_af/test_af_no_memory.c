/* Memory runs out at every allocation in turn: an error, nothing leaked, nothing half kept. */
#include "af_cache.h"
#include "af_refusals.h"
#include "failing_malloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1700000000

static const struct akma_af_ref ref_a = { { "0.a@r", 5 }, "af.example", { { 1, 0, 0, 0, 9 } } };
static const struct akma_af_ref ref_b = { { "0.b@r", 5 }, "af.example", { { 1, 0, 0, 0, 9 } } };

static void test_cache(void **state)
{
    (void)state;
    struct naanf_key_data data = { .expiry_s = NOW + 10, .supi = "imsi-1" };
    struct akma_af_key key;
    bool failed = true;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct af_cache *cache;
        assert_int_equal(af_cache_create(8, NULL, NULL, &cache), MSGIN5G_OK);
        failing_malloc_after(allocations);
        enum msgin5g_err err = af_cache_put(cache, &ref_a, &data);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        assert_int_equal(af_cache_count(cache), failed ? 0 : 1);
        assert_int_equal(af_cache_put(cache, &ref_b, &data), MSGIN5G_OK);
        assert_int_equal(af_cache_find(cache, &ref_b, NOW, &key), MSGIN5G_OK);
        assert_int_equal(af_cache_find(cache, &ref_a, NOW, &key), MSGIN5G_ERR_NOT_CACHED); /* same SUPI, older */
        af_cache_free(cache);
    }
}

static void test_cache_create(void **state)
{
    (void)state;
    bool failed = true;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct af_cache *cache = NULL;
        failing_malloc_after(allocations);
        enum msgin5g_err err = af_cache_create(8, NULL, NULL, &cache);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        af_cache_free(cache);
    }
}

static void test_refusals(void **state)
{
    (void)state;
    static const uint8_t salt[AF_SALT_LEN];
    struct af_ref_key key;
    bool failed = true;
    assert_int_equal(af_ref_key_make(salt, &ref_a, &key), MSGIN5G_OK);
    for (unsigned int allocations = 0; failed; allocations++) {
        struct af_refusals *refusals;
        assert_int_equal(af_refusals_create(5000, &refusals), MSGIN5G_OK);
        failing_malloc_after(allocations);
        af_refusals_put(refusals, &key, MSGIN5G_ERR_UNKNOWN_A_KID, 0);
        failed = failing_malloc_stop();
        assert_int_equal(af_refusals_find(refusals, &key, 0), failed ? MSGIN5G_OK : MSGIN5G_ERR_UNKNOWN_A_KID);
        af_refusals_free(refusals);
    }
}

static int setup(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cache),
        cmocka_unit_test(test_cache_create),
        cmocka_unit_test(test_refusals),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
