/* A-KID: the worked examples, and what must be refused (N2 of the negative matrix). */
#include "akma/a_kid.h"

#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define A_TID "pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY"
#define REALM "5gc.mnc001.mcc001.3gppnetwork.org"

static void check_example(const struct vector *example)
{
    const char *text = vector_text(example, "a_kid");
    const char *psk_identity = vector_text(example, "psk_identity");
    char out[AKMA_A_KID_MAX + 1];
    char identity[AKMA_PSK_IDENTITY_MAX + 1];
    uint8_t a_tid[AKMA_A_TID_LEN];
    struct k_ausf k_ausf;
    struct a_kid a_kid;
    struct msgin5g_str found;

    vector_hex(example, "k_ausf", k_ausf.octets, 32);
    vector_hex(example, "a_tid", a_tid, sizeof a_tid);
    assert_int_equal(
        a_kid_derive(&k_ausf, vector_text(example, "supi"), vector_text(example, "rid"), NULL, out), MSGIN5G_OK);
    assert_string_equal(out, text);
    assert_int_equal(a_kid_parse(msgin5g_str(text), &a_kid), MSGIN5G_OK);
    assert_string_equal(a_kid.rid, vector_text(example, "rid"));
    assert_memory_equal(a_kid.a_tid, a_tid, sizeof a_tid);
    assert_int_equal(a_kid_format(&a_kid, out), MSGIN5G_OK);
    assert_string_equal(out, text);
    assert_int_equal(a_kid_to_psk_identity(text, identity), MSGIN5G_OK);
    assert_string_equal(identity, psk_identity);
    assert_int_equal(a_kid_from_psk_identity(msgin5g_str(psk_identity), &found), MSGIN5G_OK);
    assert_int_equal(found.length, strlen(text));
    assert_memory_equal(found.octets, text, found.length);
}

static void test_worked_examples(void **state)
{
    struct vectors *vectors = vectors_load("vectors/akma.json");

    (void)state;
    for (size_t i = 0; i < vectors_count(vectors); i++)
        check_example(vectors_at(vectors, i));
    vectors_free(vectors);
}

static void test_refused_a_kids(void **state)
{
    static const char *const bad[] = { "", "@", ".", ".@", "0." A_TID, /* no @ */
        "0." A_TID "@",                                                /* no realm */
        "0" A_TID "@" REALM,                                           /* no dot before the A-TID */
        "0@" REALM, "." A_TID "@" REALM, "@" REALM,                    /* no RID, no A-TID */
        "01234." A_TID "@" REALM,                                      /* RID of 5 digits */
        "a." A_TID "@" REALM, "-1." A_TID "@" REALM,                   /* RID that is not digits */
        "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYb@" REALM,         /* 42 characters */
        "0." A_TID "=@" REALM, "0." A_TID "A@" REALM,                  /* padded, 44 characters */
        "0.pHY/9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@" REALM,        /* base64, not base64url */
        "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbZ@" REALM,        /* trailing bits that are not zero */
        "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYba@" REALM, "0." A_TID "@" REALM " ", " 0." A_TID "@" REALM,
        "0." A_TID "@" REALM "\n", "0." A_TID "@a b", "0." A_TID "@a..b", "0." A_TID "@x@" REALM,
        "0." A_TID ".x@" REALM };
    struct a_kid a_kid;

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (a_kid_parse(msgin5g_str(bad[i]), &a_kid) != MSGIN5G_ERR_MALFORMED_A_KID)
            fail_msg("taken: \"%s\"", bad[i]);
    assert_int_equal(a_kid_parse((struct msgin5g_str){ NULL, 0 }, &a_kid), MSGIN5G_ERR_MALFORMED_A_KID);
}

static void test_nul_inside_is_refused(void **state)
{
    static const char at_end[] = "0." A_TID "@" REALM;
    static const char in_realm[] = "0." A_TID "@" REALM "\0.example";
    char in_a_tid[sizeof at_end];
    struct a_kid a_kid;

    (void)state;
    assert_int_equal(a_kid_parse((struct msgin5g_str){ at_end, sizeof at_end - 1 }, &a_kid), MSGIN5G_OK);
    assert_int_equal(a_kid_parse((struct msgin5g_str){ at_end, sizeof at_end }, &a_kid), MSGIN5G_ERR_MALFORMED_A_KID);
    assert_int_equal(
        a_kid_parse((struct msgin5g_str){ in_realm, sizeof in_realm - 1 }, &a_kid), MSGIN5G_ERR_MALFORMED_A_KID);
    memcpy(in_a_tid, at_end, sizeof in_a_tid);
    in_a_tid[10] = '\0';
    assert_int_equal(
        a_kid_parse((struct msgin5g_str){ in_a_tid, sizeof in_a_tid - 1 }, &a_kid), MSGIN5G_ERR_MALFORMED_A_KID);
}

/* "0.<A-TID>@" and a realm that makes it @p length octets. */
static struct msgin5g_str of_length(char *buffer, size_t length)
{
    static const char head[] = "0." A_TID "@";

    for (size_t i = 0; i < length; i++)
        buffer[i] = i < strlen(head) ? head[i] : (i - strlen(head)) % 40 == 39 ? '.' : 'a';
    return (struct msgin5g_str){ buffer, length };
}

static void test_length_limit(void **state)
{
    char buffer[300];
    char out[AKMA_A_KID_MAX + 1];
    struct a_kid a_kid;

    (void)state;
    assert_int_equal(a_kid_parse(of_length(buffer, AKMA_A_KID_MAX), &a_kid), MSGIN5G_OK);
    assert_int_equal(a_kid_format(&a_kid, out), MSGIN5G_OK);
    assert_int_equal(strlen(out), AKMA_A_KID_MAX);
    memcpy(a_kid.rid, "0123", 5);
    assert_int_equal(a_kid_format(&a_kid, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_parse(of_length(buffer, AKMA_A_KID_MAX + 1), &a_kid), MSGIN5G_ERR_MALFORMED_A_KID);
    assert_int_equal(a_kid_parse(of_length(buffer, 300), &a_kid), MSGIN5G_ERR_MALFORMED_A_KID);
}

static void test_realm_in_any_case_username_as_it_is(void **state)
{
    struct a_kid a_kid;
    struct a_kid other;

    (void)state;
    assert_int_equal(a_kid_parse(msgin5g_str("0." A_TID "@5GC.mnc001.MCC001.3gppnetwork.ORG"), &a_kid), MSGIN5G_OK);
    assert_string_equal(a_kid.realm, REALM);
    assert_int_equal(
        a_kid_parse(msgin5g_str("0.phy_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@" REALM), &other), MSGIN5G_OK);
    assert_memory_not_equal(a_kid.a_tid, other.a_tid, AKMA_A_TID_LEN);
}

static void test_every_a_tid_octet_survives(void **state)
{
    struct a_kid in = { .rid = "12", .realm = "example.org" };
    struct a_kid back;
    char text[AKMA_A_KID_MAX + 1];

    (void)state;
    for (unsigned value = 0; value < 256; value++) {
        for (size_t i = 0; i < AKMA_A_TID_LEN; i++)
            in.a_tid[i] = (uint8_t)(value + 37 * i);
        assert_int_equal(a_kid_format(&in, text), MSGIN5G_OK);
        assert_int_equal(a_kid_parse(msgin5g_str(text), &back), MSGIN5G_OK);
        assert_memory_equal(in.a_tid, back.a_tid, AKMA_A_TID_LEN);
    }
}

static void test_home_realm(void **state)
{
    char out[AKMA_A_KID_MAX + 1];

    (void)state;
    assert_int_equal(a_kid_home_realm("imsi-345120000000001", 2, out), MSGIN5G_OK);
    assert_string_equal(out, "5gc.mnc012.mcc345.3gppnetwork.org");
    assert_int_equal(a_kid_home_realm("imsi-345120000000001", 3, out), MSGIN5G_OK);
    assert_string_equal(out, "5gc.mnc120.mcc345.3gppnetwork.org");
    assert_int_equal(a_kid_home_realm("345120000000001", 2, out), MSGIN5G_OK);
    assert_string_equal(out, "5gc.mnc012.mcc345.3gppnetwork.org");
    assert_int_equal(a_kid_home_realm("nai-user@Operator.Example", 0, out), MSGIN5G_OK);
    assert_string_equal(out, "operator.example");
    assert_int_equal(a_kid_home_realm("imsi-345120000000001", 4, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_home_realm("imsi-34512", 2, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_home_realm("imsi-3451200000000012", 2, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_home_realm("imsi-34512x", 2, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_home_realm("nai-user", 2, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_home_realm("nai-user@", 2, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_home_realm("", 2, out), MSGIN5G_ERR_INVALID);
}

static void test_derive_refuses(void **state)
{
    const struct k_ausf k_ausf = { { 1 } };
    char out[AKMA_A_KID_MAX + 1];

    (void)state;
    assert_int_equal(a_kid_derive(&k_ausf, "imsi-001010000000001", "", NULL, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_derive(&k_ausf, "imsi-001010000000001", "12345", NULL, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_derive(&k_ausf, "imsi-001010000000001", "x", NULL, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_derive(&k_ausf, "imsi-001010000000001", "0", "no realm", out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_derive(&k_ausf, "nobody", "0", NULL, out), MSGIN5G_ERR_INVALID);
    assert_int_equal(a_kid_derive(&k_ausf, "nobody", "0", "snpn.Example", out), MSGIN5G_OK);
    assert_non_null(strstr(out, "@snpn.example"));
}

static void test_psk_identity(void **state)
{
    static const char *const bad[] = { "", "3GPP-AKMA", "3GPP-AKMA;", "3GPP-AKMA;;0." A_TID "@" REALM,
        "3gpp-akma;0." A_TID "@" REALM, "3GPP-SEAL;0." A_TID "@" REALM, "0." A_TID "@" REALM, ("3GPP-AKMA;0." A_TID),
        "3GPP-AKMA;client" };
    struct msgin5g_str found = { NULL, 7 };
    char out[AKMA_PSK_IDENTITY_MAX + 1];
    char too_long[AKMA_A_KID_MAX + 2];

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (a_kid_from_psk_identity(msgin5g_str(bad[i]), &found) != MSGIN5G_ERR_MALFORMED_A_KID)
            fail_msg("taken: \"%s\"", bad[i]);
    assert_null(found.octets);
    assert_int_equal(found.length, 7);
    assert_int_equal(a_kid_from_psk_identity(msgin5g_str("3GPP-AKMA0." A_TID "@" REALM), &found), MSGIN5G_OK);
    assert_memory_equal(found.octets, "0." A_TID "@" REALM, found.length);
    memset(too_long, 'a', sizeof too_long - 1);
    too_long[sizeof too_long - 1] = '\0';
    assert_int_equal(a_kid_to_psk_identity(too_long, out), MSGIN5G_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worked_examples),
        cmocka_unit_test(test_refused_a_kids),
        cmocka_unit_test(test_nul_inside_is_refused),
        cmocka_unit_test(test_length_limit),
        cmocka_unit_test(test_realm_in_any_case_username_as_it_is),
        cmocka_unit_test(test_every_a_tid_octet_survives),
        cmocka_unit_test(test_home_realm),
        cmocka_unit_test(test_derive_refuses),
        cmocka_unit_test(test_psk_identity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
