/* K_AF in the cache: found by exactly its reference, until it expires, is pushed out or belongs to an older A-KID. */
#include "af_cache.h"
#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW 1700000000

static struct akma_af_ref ref(const char *a_kid, const char *fqdn, uint16_t suite)
{
    return (struct akma_af_ref){ msgin5g_str(a_kid), fqdn, ua_id_tls_1_2(suite) };
}

static struct naanf_key_data data(uint8_t octet, const char *supi, const char *gpsi)
{
    struct naanf_key_data data = { .expiry_s = NOW + 100 };
    memset(&data.k_af, octet, sizeof data.k_af);
    (void)snprintf(data.supi, sizeof data.supi, "%s", supi);
    (void)snprintf(data.gpsi, sizeof data.gpsi, "%s", gpsi);
    return data;
}

static void put(struct af_cache *cache, const char *a_kid, uint8_t octet, const char *supi)
{
    struct akma_af_ref at = ref(a_kid, "af.example", 1);
    struct naanf_key_data what = data(octet, supi, "");
    assert_int_equal(af_cache_put(cache, &at, &what), MSGIN5G_OK);
}

/* First octet of the key found, -1 when there is none. */
static int find(struct af_cache *cache, const char *a_kid)
{
    struct akma_af_ref at = ref(a_kid, "af.example", 1);
    struct akma_af_key key = { 0 };
    enum msgin5g_err err = af_cache_find(cache, &at, NOW, &key);
    return err == MSGIN5G_OK ? key.k_af.octets[0] : -1;
}

static int setup(void **state)
{
    struct af_cache *cache;
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(af_cache_create(3, NULL, NULL, &cache), MSGIN5G_OK);
    *state = cache;
    return 0;
}

static int teardown(void **state)
{
    af_cache_free(*state);
    return 0;
}

static void test_reference_selects_the_key(void **state)
{
    struct af_cache *cache = *state;
    struct akma_af_ref tls = ref("0.a@r", "af.example", 1);
    struct akma_af_ref other_suite = ref("0.a@r", "af.example", 2);
    struct akma_af_ref other_fqdn = ref("0.a@r", "ag.example", 1);
    struct akma_af_ref other_a_kid = ref("0.b@r", "af.example", 1);
    struct naanf_key_data one = data(1, "imsi-1", "");
    struct naanf_key_data two = data(2, "imsi-1", "");
    struct akma_af_key key = { 0 };
    assert_int_equal(af_cache_put(cache, &tls, &one), MSGIN5G_OK);
    assert_int_equal(af_cache_put(cache, &other_suite, &two), MSGIN5G_OK);

    assert_int_equal(af_cache_find(cache, &tls, NOW, &key), MSGIN5G_OK);
    assert_memory_equal(&key.k_af, &one.k_af, sizeof key.k_af);
    assert_string_equal(key.identity, "imsi-1");
    assert_int_equal(key.expiry_s, NOW + 100);
    assert_int_equal(af_cache_find(cache, &other_suite, NOW, &key), MSGIN5G_OK);
    assert_memory_equal(&key.k_af, &two.k_af, sizeof key.k_af);
    assert_int_equal(af_cache_find(cache, &other_fqdn, NOW, &key), MSGIN5G_ERR_NOT_CACHED);
    assert_int_equal(af_cache_find(cache, &other_a_kid, NOW, &key), MSGIN5G_ERR_NOT_CACHED);
}

static void test_not_found_leaves_the_result_alone(void **state)
{
    struct akma_af_ref at = ref("0.a@r", "af.example", 1);
    struct akma_af_ref empty = ref("", "af.example", 1);
    struct akma_af_key key;
    struct akma_af_key before;
    memset(&key, 0x5a, sizeof key);
    before = key;
    assert_int_equal(af_cache_find(*state, &at, NOW, &key), MSGIN5G_ERR_NOT_CACHED);
    assert_int_equal(af_cache_find(*state, &empty, NOW, &key), MSGIN5G_ERR_NOT_CACHED);
    assert_memory_equal(&key, &before, sizeof key);
}

static void test_expired_key_is_gone(void **state)
{
    struct af_cache *cache = *state;
    struct akma_af_ref at = ref("0.a@r", "af.example", 1);
    struct akma_af_key key;
    put(cache, "0.a@r", 1, "imsi-1");
    assert_int_equal(af_cache_find(cache, &at, NOW + 99, &key), MSGIN5G_OK);
    assert_int_equal(af_cache_find(cache, &at, NOW + 100, &key), MSGIN5G_ERR_NOT_CACHED);
    assert_int_equal(af_cache_count(cache), 0);
    assert_int_equal(af_cache_find(cache, &at, NOW, &key), MSGIN5G_ERR_NOT_CACHED);
}

/* Nobody asks: with a loop it is wiped all the same, each key in its own time. */
static void test_expired_key_goes_by_itself(void **state)
{
    struct virtual_clock clock;
    struct loop *loop;
    struct af_cache *cache;
    (void)state;
    virtual_clock_init(&clock, NOW);
    assert_int_equal(loop_create(virtual_clock_source(&clock), &loop), MSGIN5G_OK);
    assert_int_equal(af_cache_create(3, loop, NULL, &cache), MSGIN5G_OK);
    put(cache, "0.a@r", 1, "imsi-1");
    virtual_clock_advance(&clock, 50000);
    struct akma_af_ref at = ref("0.b@r", "af.example", 1);
    struct naanf_key_data what = data(2, "imsi-2", "");
    what.expiry_s = NOW + 60;
    assert_int_equal(af_cache_put(cache, &at, &what), MSGIN5G_OK);
    virtual_clock_advance(&clock, 10000);
    assert_int_equal(loop_process(loop, 0), MSGIN5G_OK);
    assert_int_equal(af_cache_count(cache), 1);
    assert_int_equal(find(cache, "0.a@r"), 1);
    virtual_clock_advance(&clock, 40000);
    assert_int_equal(loop_process(loop, 0), MSGIN5G_OK);
    assert_int_equal(af_cache_count(cache), 0);
    af_cache_free(cache);
    loop_free(loop);
}

static void test_least_recently_used_goes_first(void **state)
{
    struct af_cache *cache = *state;
    put(cache, "0.a@r", 1, "imsi-1");
    put(cache, "0.b@r", 2, "imsi-2");
    put(cache, "0.c@r", 3, "imsi-3");
    assert_int_equal(find(cache, "0.a@r"), 1);
    put(cache, "0.d@r", 4, "imsi-4");
    assert_int_equal(find(cache, "0.b@r"), -1);
    assert_int_equal(find(cache, "0.a@r"), 1);
    assert_int_equal(find(cache, "0.c@r"), 3);
    assert_int_equal(find(cache, "0.d@r"), 4);
    assert_int_equal(af_cache_count(cache), 3);
}

static void test_one_a_kid_cannot_exceed_the_limit(void **state)
{
    struct af_cache *cache = *state;
    struct naanf_key_data what = data(1, "imsi-1", "");
    struct akma_af_key key;
    for (uint16_t suite = 0; suite < 10; suite++) {
        struct akma_af_ref at = ref("0.a@r", "af.example", suite);
        assert_int_equal(af_cache_put(cache, &at, &what), MSGIN5G_OK);
        assert_int_equal(af_cache_find(cache, &at, NOW, &key), MSGIN5G_OK);
    }
    assert_int_equal(af_cache_count(cache), 3);
}

static void test_keys_of_one_a_kid_are_bounded(void **state)
{
    (void)state;
    struct af_cache *cache;
    struct naanf_key_data what = data(1, "imsi-1", "");
    assert_int_equal(af_cache_create(1000, NULL, NULL, &cache), MSGIN5G_OK);
    for (uint16_t suite = 0; suite < 2 * AF_CACHE_KEYS_PER_A_KID; suite++) {
        struct akma_af_ref at = ref("0.a@r", "af.example", suite);
        assert_int_equal(af_cache_put(cache, &at, &what), MSGIN5G_OK);
    }
    assert_int_equal(af_cache_count(cache), AF_CACHE_KEYS_PER_A_KID);
    af_cache_free(cache);
}

static void test_newer_a_kid_of_a_subscriber_replaces_the_older(void **state)
{
    struct af_cache *cache = *state;
    struct akma_af_ref gpsi_a = ref("0.c@r", "af.example", 1);
    struct akma_af_ref gpsi_b = ref("0.d@r", "af.example", 1);
    struct naanf_key_data by_gpsi = data(9, "", "msisdn-8613800000001");
    struct akma_af_key key;
    put(cache, "0.a@r", 1, "imsi-1");
    put(cache, "0.b@r", 2, "imsi-1"); /* N11 */
    assert_int_equal(find(cache, "0.a@r"), -1);
    assert_int_equal(find(cache, "0.b@r"), 2);

    assert_int_equal(af_cache_put(cache, &gpsi_a, &by_gpsi), MSGIN5G_OK);
    assert_int_equal(af_cache_put(cache, &gpsi_b, &by_gpsi), MSGIN5G_OK);
    assert_int_equal(af_cache_find(cache, &gpsi_a, NOW, &key), MSGIN5G_ERR_NOT_CACHED);
    assert_int_equal(af_cache_find(cache, &gpsi_b, NOW, &key), MSGIN5G_OK);
    assert_string_equal(key.identity, "msisdn-8613800000001");
    assert_int_equal(find(cache, "0.b@r"), 2);
}

static void test_keys_without_identity_do_not_touch_each_other(void **state)
{
    put(*state, "0.a@r", 1, "");
    put(*state, "0.b@r", 2, "");
    assert_int_equal(find(*state, "0.a@r"), 1);
    assert_int_equal(find(*state, "0.b@r"), 2);
}

static void test_same_reference_is_replaced(void **state)
{
    put(*state, "0.a@r", 1, "imsi-1");
    put(*state, "0.a@r", 2, "imsi-2");
    assert_int_equal(find(*state, "0.a@r"), 2);
    assert_int_equal(af_cache_count(*state), 1);
    put(*state, "0.b@r", 3, "imsi-1"); /* imsi-1 no longer leads to 0.a@r */
    assert_int_equal(find(*state, "0.a@r"), 2);
}

static void test_forget(void **state)
{
    put(*state, "0.a@r", 1, "imsi-1");
    af_cache_forget(*state, msgin5g_str("0.b@r"));
    assert_int_equal(find(*state, "0.a@r"), 1);
    af_cache_forget(*state, msgin5g_str("0.a@r"));
    assert_int_equal(find(*state, "0.a@r"), -1);
    assert_int_equal(af_cache_count(*state), 0);
}

static void test_overlong_a_kid_is_refused(void **state)
{
    char a_kid[AKMA_A_KID_MAX + 2];
    memset(a_kid, 'a', sizeof a_kid);
    a_kid[AKMA_A_KID_MAX + 1] = '\0';
    struct akma_af_ref at = ref(a_kid, "af.example", 1);
    struct naanf_key_data what = data(1, "imsi-1", "");
    struct akma_af_key key;
    assert_int_equal(af_cache_put(*state, &at, &what), MSGIN5G_ERR_INVALID);
    assert_int_equal(af_cache_find(*state, &at, NOW, &key), MSGIN5G_ERR_NOT_CACHED);
    at.a_kid.length = AKMA_A_KID_MAX;
    assert_int_equal(af_cache_put(*state, &at, &what), MSGIN5G_OK);
    assert_int_equal(af_cache_find(*state, &at, NOW, &key), MSGIN5G_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_reference_selects_the_key),
        TEST(test_not_found_leaves_the_result_alone),
        TEST(test_expired_key_is_gone),
        cmocka_unit_test(test_expired_key_goes_by_itself),
        TEST(test_least_recently_used_goes_first),
        TEST(test_one_a_kid_cannot_exceed_the_limit),
        TEST(test_keys_of_one_a_kid_are_bounded),
        TEST(test_newer_a_kid_of_a_subscriber_replaces_the_older),
        TEST(test_keys_without_identity_do_not_touch_each_other),
        TEST(test_same_reference_is_replaced),
        TEST(test_forget),
        TEST(test_overlong_a_kid_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
