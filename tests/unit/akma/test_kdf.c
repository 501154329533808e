/* Key derivations against the worked examples W1 and W2: K_AUSF down to K_AF. */
#include "akma/kdf.h"
#include "akma/milenage.h"

#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SN_NAME "5G:mnc001.mcc001.3gppnetwork.org"

static void check(const struct vector *vector, const char *key, const uint8_t *octets, size_t length)
{
    uint8_t expected[32];

    vector_hex(vector, key, expected, length);
    if (memcmp(expected, octets, length) != 0)
        fail_msg("%s differs", key);
}

static void for_each_example(void (*run)(const struct vector *example))
{
    struct vectors *vectors = vectors_load("vectors/akma.json");

    assert_int_equal(vectors_count(vectors), 2);
    for (size_t i = 0; i < vectors_count(vectors); i++)
        run(vectors_at(vectors, i));
    vectors_free(vectors);
}

static void check_5g_aka(const struct vector *example)
{
    const char *sn_name = vector_text(example, "sn_name");
    uint8_t ck[16];
    uint8_t ik[16];
    uint8_t rand[16];
    uint8_t res[8];
    uint8_t autn[16];
    uint8_t hxres_star[16];
    struct k_ausf k_ausf;
    struct k_seaf k_seaf;
    struct res_star res_star;

    vector_hex(example, "ck", ck, 16);
    vector_hex(example, "ik", ik, 16);
    vector_hex(example, "rand", rand, 16);
    vector_hex(example, "res", res, 8);
    vector_hex(example, "autn", autn, 16); /* begins with SQN xor AK */
    assert_int_equal(kdf_k_ausf(ck, ik, sn_name, autn, &k_ausf), MSGIN5G_OK);
    check(example, "k_ausf", k_ausf.octets, 32);
    assert_int_equal(kdf_res_star(ck, ik, sn_name, rand, res, sizeof res, &res_star), MSGIN5G_OK);
    check(example, "res_star", res_star.octets, 16);
    assert_int_equal(kdf_hres_star(rand, &res_star, hxres_star), MSGIN5G_OK);
    check(example, "hxres_star", hxres_star, 16);
    assert_int_equal(kdf_k_seaf(&k_ausf, sn_name, &k_seaf), MSGIN5G_OK);
    check(example, "k_seaf", k_seaf.octets, 32);
}

static void test_5g_aka_keys(void **state)
{
    (void)state;
    for_each_example(check_5g_aka);
}

static void check_akma(const struct vector *example)
{
    const char *supi = vector_text(example, "supi");
    uint8_t a_tid[32];
    struct k_ausf k_ausf;
    struct k_akma k_akma;
    struct k_af k_af;

    vector_hex(example, "k_ausf", k_ausf.octets, 32);
    assert_int_equal(kdf_k_akma(&k_ausf, supi, &k_akma), MSGIN5G_OK);
    check(example, "k_akma", k_akma.octets, 32);
    assert_int_equal(kdf_a_tid(&k_ausf, supi, a_tid), MSGIN5G_OK);
    check(example, "a_tid", a_tid, 32);
    assert_true(vector_array_count(example, "k_af") >= 4);
    for (size_t i = 0; i < vector_array_count(example, "k_af"); i++) {
        const struct vector *profile = vector_array_at(example, "k_af", i);
        struct ua_id ua_id;

        vector_hex(profile, "ua_id", ua_id.octets, UA_ID_LEN);
        assert_int_equal(kdf_k_af(&k_akma, vector_text(example, "fqdn"), &ua_id, &k_af), MSGIN5G_OK);
        check(profile, "k_af", k_af.octets, 32);
    }
}

static void test_akma_keys_of_every_profile(void **state)
{
    (void)state;
    for_each_example(check_akma);
}

static void test_supi_prefix_is_not_hashed(void **state)
{
    const struct k_ausf k_ausf = { { 1 } };
    struct k_akma with;
    struct k_akma without;

    (void)state;
    assert_int_equal(kdf_k_akma(&k_ausf, "imsi-001010000000001", &with), MSGIN5G_OK);
    assert_int_equal(kdf_k_akma(&k_ausf, "001010000000001", &without), MSGIN5G_OK);
    assert_memory_equal(with.octets, without.octets, AKMA_KEY_LEN);
    assert_int_equal(kdf_supi_value("nai-nai-user@example.com").length, strlen("nai-user@example.com"));
    assert_int_equal(kdf_supi_value("gci-x").length, 1);
    assert_int_equal(kdf_supi_value("gli-xy").length, 2);
}

static void test_fqdn_in_any_case_gives_one_key(void **state)
{
    const struct k_akma k_akma = { { 1 } };
    struct k_af lower;
    struct k_af mixed;

    (void)state;
    assert_int_equal(kdf_k_af(&k_akma, "msgin5g.lab.example", &ua_id_tls_1_3, &lower), MSGIN5G_OK);
    assert_int_equal(kdf_k_af(&k_akma, "MSGin5G.Lab.Example", &ua_id_tls_1_3, &mixed), MSGIN5G_OK);
    assert_memory_equal(lower.octets, mixed.octets, AKMA_KEY_LEN);
    assert_int_equal(kdf_k_af(&k_akma, "msgin5g.lab.example", &ua_id_dtls_1_3, &mixed), MSGIN5G_OK);
    assert_memory_not_equal(lower.octets, mixed.octets, AKMA_KEY_LEN);
}

static void test_refused_input_leaves_a_wiped_key(void **state)
{
    static const uint8_t zero[32];
    const struct k_ausf k_ausf = { { 1 } };
    const struct k_akma k_akma = { { 1 } };
    struct k_akma out = { { 2 } };
    struct k_af k_af = { { 2 } };
    struct k_ausf ausf = { { 2 } };
    struct res_star res_star = { { 2 } };
    char supi[AKMA_SUPI_MAX + 2];

    (void)state;
    memset(supi, '1', sizeof supi - 1);
    supi[sizeof supi - 1] = '\0';
    assert_int_equal(kdf_k_akma(&k_ausf, supi, &out), MSGIN5G_ERR_INVALID);
    assert_int_equal(kdf_k_akma(&k_ausf, "imsi-", &out), MSGIN5G_ERR_INVALID);
    assert_int_equal(kdf_k_akma(&k_ausf, "nai-\xff@example.com", &out), MSGIN5G_ERR_INVALID);
    assert_memory_equal(out.octets, zero, sizeof out.octets);
    assert_int_equal(kdf_k_af(&k_akma, "", &ua_id_tls_1_3, &k_af), MSGIN5G_ERR_INVALID);
    assert_int_equal(kdf_k_af(&k_akma, "msgin5g.lab.example.", &ua_id_tls_1_3, &k_af), MSGIN5G_ERR_INVALID);
    assert_memory_equal(k_af.octets, zero, sizeof k_af.octets);
    assert_int_equal(kdf_k_ausf(zero, zero, "WLAN", zero, &ausf), MSGIN5G_ERR_INVALID);
    assert_memory_equal(ausf.octets, zero, sizeof ausf.octets);
    assert_int_equal(kdf_res_star(zero, zero, SN_NAME, zero, zero, 3, &res_star), MSGIN5G_ERR_INVALID);
    assert_int_equal(kdf_res_star(zero, zero, SN_NAME, zero, zero, 17, &res_star), MSGIN5G_ERR_INVALID);
    assert_memory_equal(res_star.octets, zero, sizeof res_star.octets);
}

static void test_parameter_longer_than_its_length_field(void **state)
{
    static const uint8_t octets[65536];
    const struct kdf_parameter fits = { octets, 65535 };
    const struct kdf_parameter too_long = { octets, 65536 };
    uint8_t out[32];

    (void)state;
    assert_int_equal(kdf("key", 3, 0x80, &fits, 1, out), MSGIN5G_OK);
    assert_int_equal(kdf("key", 3, 0x80, &too_long, 1, out), MSGIN5G_ERR_INVALID);
}

static void test_serving_network_names(void **state)
{
    static const char *const bad[] = { "", "5G:", "5G:mnc01.mcc001.3gppnetwork.org", "5g:mnc001.mcc001.3gppnetwork.org",
        "5G:mnc001.mcc001.3gppnetwork.org:", "5G:mnc001.mcc001.3gppnetwork.org:000007ed9d5",
        "5G:mnc001.mcc001.3gppnetwork.org:000007ED9D", "5G:mnc001.mcc001.3gppnetwork.org ", "5G:NSWO",
        "mnc001.mcc001.3gppnetwork.org", "5G:mncabc.mcc001.3gppnetwork.org" };

    (void)state;
    assert_true(kdf_sn_name_valid(SN_NAME));
    assert_true(kdf_sn_name_valid("5G:mnc012.mcc345.3gppnetwork.org:000007ED9D5"));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(kdf_sn_name_valid(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_5g_aka_keys),
        cmocka_unit_test(test_akma_keys_of_every_profile),
        cmocka_unit_test(test_supi_prefix_is_not_hashed),
        cmocka_unit_test(test_fqdn_in_any_case_gives_one_key),
        cmocka_unit_test(test_refused_input_leaves_a_wiped_key),
        cmocka_unit_test(test_parameter_longer_than_its_length_field),
        cmocka_unit_test(test_serving_network_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
