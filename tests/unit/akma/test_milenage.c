/* Milenage against the test sets of TS 35.207 and TS 35.208. */
#include "akma/milenage.h"

#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void check(const struct vector *vector, const char *key, const uint8_t *octets, size_t length)
{
    uint8_t expected[16];

    vector_hex(vector, key, expected, length);
    if (memcmp(expected, octets, length) != 0)
        fail_msg("%s: %s differs", vector_text(vector, "name"), key);
}

static void check_set(const struct vector *set)
{
    uint8_t op[16];
    uint8_t rand[16];
    uint8_t sqn[6];
    uint8_t amf[2];
    struct usim_k k;
    struct usim_opc opc;
    struct milenage_output out;

    vector_hex(set, "k", k.octets, 16);
    vector_hex(set, "op", op, 16);
    vector_hex(set, "rand", rand, 16);
    vector_hex(set, "sqn", sqn, 6);
    vector_hex(set, "amf", amf, 2);
    assert_int_equal(milenage_opc(&k, op, &opc), MSGIN5G_OK);
    check(set, "opc", opc.octets, 16);
    assert_int_equal(milenage(&k, &opc, rand, sqn, amf, &out), MSGIN5G_OK);
    check(set, "f1", out.mac_a, 8);
    check(set, "f1_star", out.mac_s, 8);
    check(set, "f2", out.res, 8);
    check(set, "f3", out.ck, 16);
    check(set, "f4", out.ik, 16);
    check(set, "f5", out.ak, 6);
    check(set, "f5_star", out.ak_star, 6);
}

static void test_sets_of_ts_35_207_and_35_208(void **state)
{
    struct vectors *vectors = vectors_load("vectors/milenage.json");

    (void)state;
    assert_true(vectors_count(vectors) >= 6);
    for (size_t i = 0; i < vectors_count(vectors); i++)
        check_set(vectors_at(vectors, i));
    vectors_free(vectors);
}

static void test_sqn_and_amf_change_only_the_macs(void **state)
{
    const struct usim_k k = { { 1 } };
    const struct usim_opc opc = { { 2 } };
    const uint8_t rand[16] = { 3 };
    struct milenage_output a;
    struct milenage_output b;

    (void)state;
    assert_int_equal(milenage(&k, &opc, rand, (const uint8_t[6]){ 4 }, (const uint8_t[2]){ 5 }, &a), MSGIN5G_OK);
    assert_int_equal(milenage(&k, &opc, rand, (const uint8_t[6]){ 6 }, (const uint8_t[2]){ 7 }, &b), MSGIN5G_OK);
    assert_memory_not_equal(a.mac_a, b.mac_a, sizeof a.mac_a);
    assert_memory_not_equal(a.mac_s, b.mac_s, sizeof a.mac_s);
    assert_memory_equal(a.res, b.res, sizeof a.res);
    assert_memory_equal(a.ck, b.ck, sizeof a.ck);
    assert_memory_equal(a.ik, b.ik, sizeof a.ik);
    assert_memory_equal(a.ak, b.ak, sizeof a.ak);
    assert_memory_equal(a.ak_star, b.ak_star, sizeof a.ak_star);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_of_ts_35_207_and_35_208),
        cmocka_unit_test(test_sqn_and_amf_change_only_the_macs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
