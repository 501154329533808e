/* Ua* ids (TS 33.220 H.3), FQDNs (choice C5) and afId (choice C6). */
#include "akma/ua_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static void assert_ua_id(struct ua_id ua_id, const char *octets)
{
    assert_memory_equal(ua_id.octets, octets, UA_ID_LEN);
}

static void test_registered_values(void **state)
{
    (void)state;
    assert_ua_id(ua_id_tls_1_3, "\x01\x00\x00\x00\x07");
    assert_ua_id(ua_id_oscore, "\x01\x00\x00\x00\x08");
    assert_ua_id(ua_id_dtls_1_3, "\x01\x00\x00\x00\x09");
    assert_ua_id(ua_id_tls_1_2(0xc0a8), "\x01\x00\x01\xc0\xa8");
    assert_ua_id(ua_id_tls_1_2(0xccac), "\x01\x00\x01\xcc\xac");
}

static void test_parse_takes_ten_digits_of_either_case(void **state)
{
    struct ua_id ua_id;

    (void)state;
    assert_int_equal(ua_id_parse(msgin5g_str("010001c0A8"), &ua_id), MSGIN5G_OK);
    assert_ua_id(ua_id, "\x01\x00\x01\xc0\xa8");
    assert_int_equal(ua_id_parse(msgin5g_str("010001c0a"), &ua_id), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(ua_id_parse(msgin5g_str("010001c0a8f"), &ua_id), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(ua_id_parse(msgin5g_str("010001c0g8"), &ua_id), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(ua_id_parse(msgin5g_str(""), &ua_id), MSGIN5G_ERR_MALFORMED);
}

static void test_fqdn_gets_lower_case(void **state)
{
    char out[AKMA_FQDN_MAX + 1];

    (void)state;
    assert_int_equal(fqdn_parse(msgin5g_str("MSGin5G-1.Lab_x.Example"), out), MSGIN5G_OK);
    assert_string_equal(out, "msgin5g-1.lab_x.example");
    assert_int_equal(fqdn_parse(msgin5g_str("localhost"), out), MSGIN5G_OK);
}

static void test_fqdn_refuses_what_is_not_one(void **state)
{
    static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "a b", "a:b", "a/b", "\xc3\xa4.example", "a@b" };
    char out[AKMA_FQDN_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(fqdn_parse(msgin5g_str(bad[i]), out), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(fqdn_parse((struct msgin5g_str){ "a\0b", 3 }, out), MSGIN5G_ERR_MALFORMED);
}

static void test_fqdn_limits(void **state)
{
    char text[AKMA_FQDN_MAX + 2];
    char out[AKMA_FQDN_MAX + 1];

    (void)state;
    memset(text, 'a', sizeof text);
    for (size_t i = 49; i < sizeof text; i += 50)
        text[i] = '.';
    assert_int_equal(fqdn_parse((struct msgin5g_str){ text, AKMA_FQDN_MAX }, out), MSGIN5G_OK);
    assert_int_equal(strlen(out), AKMA_FQDN_MAX);
    assert_int_equal(fqdn_parse((struct msgin5g_str){ text, AKMA_FQDN_MAX + 1 }, out), MSGIN5G_ERR_MALFORMED);
    memset(text, 'a', 64);
    assert_int_equal(fqdn_parse((struct msgin5g_str){ text, 63 }, out), MSGIN5G_OK);
    assert_int_equal(fqdn_parse((struct msgin5g_str){ text, 64 }, out), MSGIN5G_ERR_MALFORMED);
}

static void test_af_id_there_and_back(void **state)
{
    char text[AKMA_AF_ID_MAX + 1];
    char fqdn[AKMA_FQDN_MAX + 1];
    struct ua_id ua_id;

    (void)state;
    assert_int_equal(af_id_format("MSGin5G.lab.example", &ua_id_tls_1_3, text), MSGIN5G_OK);
    assert_string_equal(text, "msgin5g.lab.example:0100000007");
    assert_int_equal(af_id_parse(msgin5g_str("MSGin5G.lab.example:010001D001"), fqdn, &ua_id), MSGIN5G_OK);
    assert_string_equal(fqdn, "msgin5g.lab.example");
    assert_ua_id(ua_id, "\x01\x00\x01\xd0\x01");
    assert_int_equal(af_id_format("not a name", &ua_id, text), MSGIN5G_ERR_INVALID);
}

static void test_af_id_refuses(void **state)
{
    static const char *const bad[] = { "", ":", "msgin5g.lab.example", "msgin5g.lab.example:", ":0100000007",
        "msgin5g.lab.example:01000000", "msgin5g.lab.example:01000000077", "msgin5g.lab.example:zz00000007",
        "msgin5g.lab.example::0100000007", "msgin5g.lab.example.:0100000007", "msgin5g lab:0100000007" };
    char fqdn[AKMA_FQDN_MAX + 1];
    struct ua_id ua_id;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(af_id_parse(msgin5g_str(bad[i]), fqdn, &ua_id), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(af_id_parse((struct msgin5g_str){ NULL, 0 }, fqdn, &ua_id), MSGIN5G_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_registered_values),
        cmocka_unit_test(test_parse_takes_ten_digits_of_either_case),
        cmocka_unit_test(test_fqdn_gets_lower_case),
        cmocka_unit_test(test_fqdn_refuses_what_is_not_one),
        cmocka_unit_test(test_fqdn_limits),
        cmocka_unit_test(test_af_id_there_and_back),
        cmocka_unit_test(test_af_id_refuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
