/* Subscribers: keys as configured, OPc made of OP, SQN that only grows unless the USIM proves another one. */
#include "subscriber_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SUPI "imsi-001010000000001"
#define K    "465b5ce8b199b49faa5f0a2ee238a6bc"
#define OP   "cdc202d5123e20f62b6d676ac72cb318"
#define OPC  "cd63cb71954a9f4e48a5994e37a02baf"

static char text_supi[] = SUPI, text_k[] = K, text_op[] = OP, text_opc[] = OPC, text_amf[] = "8000",
            text_sqn[] = "000000000100", text_rid[] = "0012", text_gpsi[] = "msisdn-8613800000001", text_empty[] = "";

static struct subscriber_config config(void)
{
    return (struct subscriber_config){ .supi = text_supi,
        .k = text_k,
        .op = text_empty,
        .opc = text_opc,
        .amf = text_amf,
        .sqn = text_sqn,
        .rid = text_rid,
        .gpsi = text_gpsi,
        .home_realm = text_empty,
        .mnc_digits = 2,
        .akma_allowed = true };
}

static int setup(void **state)
{
    struct subscriber_store *store;
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(subscriber_store_create(2, &store), MSGIN5G_OK);
    *state = store;
    return 0;
}

static int teardown(void **state)
{
    subscriber_store_free(*state);
    return 0;
}

static void test_fields(void **state)
{
    struct subscriber_config one = config();
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    const struct subscriber *found = subscriber_store_find(*state, SUPI);
    assert_non_null(found);
    assert_string_equal(found->supi, SUPI);
    assert_string_equal(found->gpsi, "msisdn-8613800000001");
    assert_string_equal(found->rid, "0012");
    assert_string_equal(found->home_realm, "5gc.mnc001.mcc001.3gppnetwork.org");
    assert_int_equal(found->sqn, 0x100);
    assert_int_equal(found->amf[0], 0x80);
    assert_true(found->akma_allowed);
    assert_null(subscriber_store_find(*state, "imsi-001010000000002"));
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_ERR_DUPLICATE);
    assert_int_equal(subscriber_store_count(*state), 1);
}

static void test_opc_from_op(void **state)
{
    struct subscriber_config one = config();
    uint8_t opc[16];
    one.op = text_op;
    one.opc = text_empty;
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    assert_int_equal(secret_from_hex(msgin5g_str(OPC), opc, sizeof opc), MSGIN5G_OK);
    assert_memory_equal(subscriber_store_find(*state, SUPI)->keys->opc.octets, opc, sizeof opc);
}

static void test_bad_values(void **state)
{
    char short_k[] = "465b", bad_sqn[] = "00000000010g", long_rid[] = "12345";
    struct subscriber_config one = config();
    one.k = short_k;
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_ERR_CONFIG);
    one = config();
    one.sqn = bad_sqn;
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_ERR_CONFIG);
    one = config();
    one.rid = long_rid;
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_ERR_CONFIG);
    assert_int_equal(subscriber_store_count(*state), 0);
}

static void test_full(void **state)
{
    char names[3][8] = { "imsi-1x", "imsi-2x", "imsi-3x" };
    char realm[] = "home.example";
    struct subscriber_config one = config();
    one.home_realm = realm;
    for (int i = 0; i < 3; i++) {
        one.supi = names[i];
        assert_int_equal(subscriber_store_add(*state, &one), i < 2 ? MSGIN5G_OK : MSGIN5G_ERR_LIMIT);
    }
    assert_string_equal(subscriber_store_find(*state, "imsi-1x")->home_realm, "home.example");
}

static void test_sqn_grows(void **state)
{
    struct subscriber_config one = config();
    static const uint8_t rand[16] = { 1 };
    static const uint8_t next[6] = { 0, 0, 0, 0, 1, 0x20 };
    uint8_t sqn[6];
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    struct subscriber *found = subscriber_store_find(*state, SUPI);
    assert_int_equal(subscriber_next_sqn(found, rand, sqn), MSGIN5G_OK);
    assert_memory_equal(sqn, next, sizeof sqn);
    assert_int_equal(subscriber_next_sqn(found, rand, sqn), MSGIN5G_OK);
    assert_int_equal(found->sqn, 0x140);
    found->sqn = SQN_MAX - 31;
    assert_int_equal(subscriber_next_sqn(found, rand, sqn), MSGIN5G_ERR_LIMIT);
    assert_int_equal(found->sqn, SQN_MAX - 31);
}

static void test_resynchronisation_only_for_the_last_challenge_and_once(void **state)
{
    struct subscriber_config one = config();
    static const uint8_t first[16] = { 1 };
    static const uint8_t second[16] = { 2 };
    uint8_t sqn[6];
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    struct subscriber *found = subscriber_store_find(*state, SUPI);
    static const uint8_t zero[16] = { 0 };
    assert_int_equal(subscriber_resynchronise(found, zero, 5), MSGIN5G_ERR_AUTHENTICATION); /* never challenged */
    assert_int_equal(subscriber_next_sqn(found, first, sqn), MSGIN5G_OK);
    assert_int_equal(subscriber_next_sqn(found, second, sqn), MSGIN5G_OK);
    assert_int_equal(subscriber_resynchronise(found, first, 5), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(subscriber_resynchronise(found, second, 0x5000), MSGIN5G_OK);
    assert_int_equal(found->sqn, 0x5000);
    assert_int_equal(subscriber_resynchronise(found, second, 5), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(found->sqn, 0x5000);
}

static void test_reload_keeps_the_sqn(void **state)
{
    struct subscriber_config one = config();
    struct subscriber_store *next;
    static const uint8_t rand[16] = { 1 };
    uint8_t sqn[6];
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    assert_int_equal(subscriber_next_sqn(subscriber_store_find(*state, SUPI), rand, sqn), MSGIN5G_OK);
    assert_int_equal(subscriber_store_create(1, &next), MSGIN5G_OK);
    assert_int_equal(subscriber_store_add(next, &one), MSGIN5G_OK);
    assert_int_equal(subscriber_store_inherit(next, *state), MSGIN5G_OK);
    struct subscriber *found = subscriber_store_find(next, SUPI);
    assert_int_equal(found->sqn, 0x120);
    assert_int_equal(subscriber_resynchronise(found, rand, 0x7000), MSGIN5G_OK);
    subscriber_store_free(next);
}

static void count(void *ctx, const struct subscriber *one)
{
    assert_string_equal(one->supi, SUPI);
    ++*(int *)ctx;
}

static void test_each(void **state)
{
    struct subscriber_config one = config();
    int seen = 0;
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    subscriber_store_each(*state, count, &seen);
    assert_int_equal(seen, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

static void test_put_and_remove(void **state)
{
    struct subscriber_config one = config();
    uint8_t rand[16] = { 7 }, sqn[6];
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_OK);
    struct subscriber *found = subscriber_store_find(*state, SUPI);
    assert_true(found->provisioned);
    assert_int_equal(subscriber_next_sqn(found, rand, sqn), MSGIN5G_OK);
    static char other_rid[] = "7";
    one.rid = other_rid; /* the same keys: the challenge is still the last one */
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_OK);
    found = subscriber_store_find(*state, SUPI);
    assert_string_equal(found->rid, "7");
    assert_true(found->challenged);
    assert_int_equal(subscriber_store_count(*state), 1);
    one.opc = text_k; /* another SIM */
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_OK);
    assert_false(subscriber_store_find(*state, SUPI)->challenged);
    assert_int_equal(subscriber_store_remove(*state, SUPI), MSGIN5G_OK);
    assert_int_equal(subscriber_store_remove(*state, SUPI), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(subscriber_store_count(*state), 0);
}

static void test_put_is_bounded(void **state)
{
    static char second[] = "imsi-001010000000002", third[] = "imsi-001010000000003", bad[] = "zz";
    struct subscriber_config one = config();
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_OK);
    one.supi = second;
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_OK);
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_OK); /* also when it is full */
    one.supi = third;
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_ERR_LIMIT);
    one.supi = second;
    one.k = bad;
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_ERR_CONFIG);
    assert_int_equal(subscriber_store_find(*state, second)->keys->k.octets[0], 0x46); /* nothing has changed */
}

static void test_to_config_and_back(void **state)
{
    struct subscriber_config one = config(), copy;
    struct subscriber_store *other;
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    const struct subscriber *first = subscriber_store_find(*state, SUPI);
    assert_int_equal(subscriber_to_config(first, &copy), MSGIN5G_OK);
    assert_null(subscriber_config_problem(&copy).what);
    assert_int_equal(subscriber_store_create(1, &other), MSGIN5G_OK);
    assert_int_equal(subscriber_store_put(other, &copy), MSGIN5G_OK);
    config_free(subscriber_config_keys, &copy);
    const struct subscriber *second = subscriber_store_find(other, SUPI);
    assert_memory_equal(first->keys, second->keys, sizeof *first->keys);
    assert_string_equal(first->home_realm, second->home_realm);
    assert_int_equal(first->sqn, second->sqn);
    assert_memory_equal(first->amf, second->amf, sizeof first->amf);
    subscriber_store_free(other);
}

static void test_inherit_provisioned(void **state)
{
    static char second[] = "imsi-001010000000002";
    struct subscriber_config one = config();
    struct subscriber_store *newer;
    assert_int_equal(subscriber_store_put(*state, &one), MSGIN5G_OK);
    one.supi = second;
    assert_int_equal(subscriber_store_add(*state, &one), MSGIN5G_OK);
    assert_int_equal(subscriber_store_create(1, &newer), MSGIN5G_OK);
    assert_int_equal(subscriber_store_inherit(newer, *state), MSGIN5G_OK);
    assert_true(subscriber_store_find(newer, SUPI)->provisioned);
    assert_null(subscriber_store_find(newer, second)); /* the configuration does not hold it any more */
    subscriber_store_free(newer);
    assert_int_equal(subscriber_store_create(0, &newer), MSGIN5G_OK);
    assert_int_equal(subscriber_store_inherit(newer, *state), MSGIN5G_ERR_LIMIT);
    subscriber_store_free(newer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_fields),
        TEST(test_opc_from_op),
        TEST(test_bad_values),
        TEST(test_full),
        TEST(test_sqn_grows),
        TEST(test_resynchronisation_only_for_the_last_challenge_and_once),
        TEST(test_reload_keeps_the_sqn),
        TEST(test_each),
        TEST(test_put_and_remove),
        TEST(test_put_is_bounded),
        TEST(test_to_config_and_back),
        TEST(test_inherit_provisioned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
