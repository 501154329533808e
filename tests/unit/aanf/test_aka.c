/* The network's side of 5G AKA: worked example W1 of the AKMA digest, and AUTS with the f1*, f5* of the same set. */
#include "aka.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SN_NAME "5G:mnc001.mcc001.3gppnetwork.org"

static void hex(const char *text, void *out, size_t length)
{
    assert_int_equal(secret_from_hex(msgin5g_str(text), out, length), MSGIN5G_OK);
}

static void assert_hex(const void *octets, size_t length, const char *expected)
{
    char text[2 * 32 + 1];
    secret_to_hex(octets, length, text);
    assert_string_equal(text, expected);
}

static struct subscriber_keys keys(void)
{
    struct subscriber_keys keys;
    hex("465b5ce8b199b49faa5f0a2ee238a6bc", keys.k.octets, 16);
    hex("cd63cb71954a9f4e48a5994e37a02baf", keys.opc.octets, 16);
    return keys;
}

static void test_vector_of_the_worked_example(void **state)
{
    (void)state;
    struct subscriber_keys sim = keys();
    struct aka_vector vector;
    uint8_t rand[16];
    uint8_t sqn[6];
    static const uint8_t amf[2] = { 0xb9, 0xb9 };
    hex("23553cbe9637a89d218ae64dae47bf35", rand, sizeof rand);
    hex("ff9bb4d0b607", sqn, sizeof sqn);
    assert_int_equal(aka_vector_make(&sim, rand, sqn, amf, SN_NAME, &vector), MSGIN5G_OK);
    assert_hex(vector.rand, 16, "23553cbe9637a89d218ae64dae47bf35");
    assert_hex(vector.autn, 16, "55f328b43577b9b94a9ffac354dfafb3");
    assert_hex(vector.xres_star.octets, 16, "f236a7417272bfb2d66d4d670733b527");
    assert_hex(vector.hxres_star, 16, "20a71900b01776bfd773e8c15a825446");
    assert_hex(vector.k_ausf.octets, 32, "474698caf02cc715db2ec0726510cfee6caa5bb1a649cb01224f2e23af94de1b");
}

/* AUTS = SQN_MS xor AK* || MAC-S: f5* is 451e8beca43b; the MAC-S of test set 1 is for AMF b9b9, so it must not fit. */
static void test_auts_with_the_wrong_amf_is_refused(void **state)
{
    (void)state;
    struct subscriber_keys sim = keys();
    uint8_t rand[16];
    uint8_t auts[14];
    uint64_t sqn_ms = 1;
    hex("23553cbe9637a89d218ae64dae47bf35", rand, sizeof rand);
    hex("ba853f3c123c01cfaf9ec4e871e9", auts, sizeof auts);
    assert_int_equal(aka_auts_open(&sim, rand, auts, &sqn_ms), MSGIN5G_ERR_MAC_FAILURE);
    assert_int_equal(sqn_ms, 1);
}

static void test_unusable_network_name(void **state)
{
    (void)state;
    struct subscriber_keys sim = keys();
    struct aka_vector vector;
    static const struct aka_vector zero;
    char name[300];
    static const uint8_t octets[16] = { 0 };
    memset(name, 'a', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_not_equal(aka_vector_make(&sim, octets, octets, octets, name, &vector), MSGIN5G_OK);
    assert_memory_equal(&vector, &zero, sizeof zero);
}

static int setup(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vector_of_the_worked_example),
        cmocka_unit_test(test_auts_with_the_wrong_amf_is_refused),
        cmocka_unit_test(test_unusable_network_name),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
