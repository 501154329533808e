/* Authentications under way: found by their id, for their time, in bounded number. */
#include "auth_store.h"
#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LIFETIME_MS 30000

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct auth_store *store;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    virtual_clock_init(&fixture->clock, 1700000000);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    assert_int_equal(auth_store_create(fixture->loop, 3, LIFETIME_MS, &fixture->store), MSGIN5G_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    auth_store_free(fixture->store);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static enum msgin5g_err add(struct fixture *fixture, const char *supi, uint8_t octet, char id[AUTH_ID_LEN + 1])
{
    struct auth_secret secret;
    memset(&secret, octet, sizeof secret);
    struct authentication authentication = { &secret, supi, "5G:mnc001.mcc001.3gppnetwork.org" };
    return auth_store_add(fixture->store, &authentication, id);
}

static void pass(struct fixture *fixture, int64_t ms)
{
    virtual_clock_advance(&fixture->clock, ms);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
}

static void test_found_until_removed(void **state)
{
    struct fixture *fixture = *state;
    struct authentication found;
    char one[AUTH_ID_LEN + 1];
    char two[AUTH_ID_LEN + 1];
    assert_int_equal(add(fixture, "imsi-1", 1, one), MSGIN5G_OK);
    assert_int_equal(add(fixture, "imsi-1", 2, two), MSGIN5G_OK);
    assert_string_not_equal(one, two);
    assert_int_equal(auth_store_find(fixture->store, msgin5g_str(one), &found), MSGIN5G_OK);
    assert_int_equal(found.secret->k_ausf.octets[0], 1);
    assert_string_equal(found.supi, "imsi-1");
    assert_string_equal(found.sn_name, "5G:mnc001.mcc001.3gppnetwork.org");
    auth_store_remove(fixture->store, msgin5g_str(one));
    auth_store_remove(fixture->store, msgin5g_str(one));
    assert_int_equal(auth_store_find(fixture->store, msgin5g_str(one), &found), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(auth_store_find(fixture->store, msgin5g_str("short"), &found), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(auth_store_find(fixture->store, (struct msgin5g_str){ NULL, 0 }, &found), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(auth_store_count(fixture->store), 1);
}

static void test_expires_and_is_wiped_by_the_timer(void **state)
{
    struct fixture *fixture = *state;
    struct authentication found;
    char one[AUTH_ID_LEN + 1];
    char two[AUTH_ID_LEN + 1];
    assert_int_equal(add(fixture, "imsi-1", 1, one), MSGIN5G_OK);
    pass(fixture, 10000);
    assert_int_equal(add(fixture, "imsi-2", 2, two), MSGIN5G_OK);
    pass(fixture, 19999);
    assert_int_equal(auth_store_find(fixture->store, msgin5g_str(one), &found), MSGIN5G_OK);
    pass(fixture, 1);
    assert_int_equal(auth_store_find(fixture->store, msgin5g_str(one), &found), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(auth_store_count(fixture->store), 1);
    pass(fixture, 10000);
    assert_int_equal(auth_store_count(fixture->store), 0);
}

static void test_bounded(void **state)
{
    struct fixture *fixture = *state;
    char id[AUTH_ID_LEN + 1];
    for (uint8_t i = 0; i < 3; i++)
        assert_int_equal(add(fixture, "imsi-1", i, id), MSGIN5G_OK);
    assert_int_equal(add(fixture, "imsi-1", 9, id), MSGIN5G_ERR_LIMIT);
    pass(fixture, LIFETIME_MS);
    assert_int_equal(add(fixture, "imsi-1", 9, id), MSGIN5G_OK);
}

static void test_all_of_a_subscriber(void **state)
{
    struct fixture *fixture = *state;
    struct authentication found;
    char one[AUTH_ID_LEN + 1];
    char other[AUTH_ID_LEN + 1];
    assert_int_equal(add(fixture, "imsi-1", 1, one), MSGIN5G_OK);
    assert_int_equal(add(fixture, "imsi-2", 2, other), MSGIN5G_OK);
    assert_int_equal(add(fixture, "imsi-1", 3, one), MSGIN5G_OK);
    auth_store_remove_supi(fixture->store, "imsi-1");
    assert_int_equal(auth_store_count(fixture->store), 1);
    assert_int_equal(auth_store_find(fixture->store, msgin5g_str(other), &found), MSGIN5G_OK);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_found_until_removed),
        TEST(test_expires_and_is_wiped_by_the_timer),
        TEST(test_bounded),
        TEST(test_all_of_a_subscriber),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
