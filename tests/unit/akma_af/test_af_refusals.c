/* Refusals are remembered for their time, and in bounded number. */
#include "af_refusals.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LIFETIME_MS 5000

static const uint8_t salt[AF_SALT_LEN] = { 1, 2, 3 };

static struct af_ref_key key(unsigned int number)
{
    char a_kid[32];
    struct af_ref_key key;
    (void)snprintf(a_kid, sizeof a_kid, "0.%u@r", number);
    struct akma_af_ref ref = { msgin5g_str(a_kid), "af.example", ua_id_dtls_1_3 };
    assert_int_equal(af_ref_key_make(salt, &ref, &key), MSGIN5G_OK);
    return key;
}

static int setup(void **state)
{
    struct af_refusals *refusals;
    assert_int_equal(af_refusals_create(LIFETIME_MS, &refusals), MSGIN5G_OK);
    *state = refusals;
    return 0;
}

static int teardown(void **state)
{
    af_refusals_free(*state);
    return 0;
}

static void test_remembered_for_its_time(void **state)
{
    struct af_ref_key one = key(1);
    struct af_ref_key two = key(2);
    af_refusals_put(*state, &one, MSGIN5G_ERR_UNKNOWN_A_KID, 1000);
    assert_int_equal(af_refusals_find(*state, &one, 1000), MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(af_refusals_find(*state, &one, 1000 + LIFETIME_MS - 1), MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(af_refusals_find(*state, &one, 1000 + LIFETIME_MS), MSGIN5G_OK);
    assert_int_equal(af_refusals_find(*state, &two, 1000), MSGIN5G_OK);
}

static void test_latest_counts(void **state)
{
    struct af_ref_key one = key(1);
    af_refusals_put(*state, &one, MSGIN5G_ERR_UNKNOWN_A_KID, 1000);
    af_refusals_put(*state, &one, MSGIN5G_ERR_AF_NOT_ALLOWED, 3000);
    assert_int_equal(af_refusals_find(*state, &one, 1000 + LIFETIME_MS), MSGIN5G_ERR_AF_NOT_ALLOWED);
    af_refusals_drop(*state, &one);
    af_refusals_drop(*state, &one);
    assert_int_equal(af_refusals_find(*state, &one, 3000), MSGIN5G_OK);
}

static void test_bounded(void **state)
{
    struct af_ref_key first = key(0);
    struct af_ref_key second = key(1);
    for (unsigned int i = 0; i <= AF_REFUSALS_MAX; i++) {
        struct af_ref_key next = key(i);
        af_refusals_put(*state, &next, MSGIN5G_ERR_UNKNOWN_A_KID, 1000);
    }
    assert_int_equal(af_refusals_find(*state, &first, 1000), MSGIN5G_OK);
    assert_int_equal(af_refusals_find(*state, &second, 1000), MSGIN5G_ERR_UNKNOWN_A_KID);
}

static void test_lifetime_of_zero_remembers_nothing(void **state)
{
    (void)state;
    struct af_refusals *refusals;
    struct af_ref_key one = key(1);
    assert_int_equal(af_refusals_create(0, &refusals), MSGIN5G_OK);
    af_refusals_put(refusals, &one, MSGIN5G_ERR_UNKNOWN_A_KID, 1000);
    assert_int_equal(af_refusals_find(refusals, &one, 1000), MSGIN5G_OK);
    af_refusals_free(refusals);
}

/* FQDN and A-KID do not run into each other, and what is too long or empty has no key. */
static void test_reference_keys(void **state)
{
    (void)state;
    char longest[AKMA_FQDN_MAX + 2];
    struct af_ref_key one;
    struct af_ref_key two;
    struct akma_af_ref ref = { msgin5g_str("b.c@r"), "a", ua_id_dtls_1_3 };
    struct akma_af_ref shifted = { msgin5g_str("c@r"), "ab.", ua_id_dtls_1_3 };
    assert_int_equal(af_ref_key_make(salt, &ref, &one), MSGIN5G_OK);
    assert_int_equal(af_ref_key_make(salt, &shifted, &two), MSGIN5G_OK);
    assert_true(one.length != two.length || memcmp(one.octets, two.octets, one.length) != 0);

    memset(longest, 'a', sizeof longest);
    longest[AKMA_FQDN_MAX] = '\0';
    ref.fqdn = longest;
    ref.a_kid = (struct msgin5g_str){ longest, AKMA_A_KID_MAX };
    assert_int_equal(af_ref_key_make(salt, &ref, &one), MSGIN5G_OK);
    assert_int_equal(one.length, AF_REF_KEY_MAX);
    longest[AKMA_FQDN_MAX] = 'a';
    longest[AKMA_FQDN_MAX + 1] = '\0';
    assert_int_equal(af_ref_key_make(salt, &ref, &one), MSGIN5G_ERR_INVALID);
    ref.fqdn = "";
    assert_int_equal(af_ref_key_make(salt, &ref, &one), MSGIN5G_ERR_INVALID);
    ref.fqdn = "a";
    ref.a_kid.length = AKMA_A_KID_MAX + 1;
    assert_int_equal(af_ref_key_make(salt, &ref, &one), MSGIN5G_ERR_INVALID);
    ref.a_kid.length = 0;
    assert_int_equal(af_ref_key_make(salt, &ref, &one), MSGIN5G_ERR_INVALID);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_remembered_for_its_time),
        TEST(test_latest_counts),
        TEST(test_bounded),
        TEST(test_lifetime_of_zero_remembers_nothing),
        TEST(test_reference_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
