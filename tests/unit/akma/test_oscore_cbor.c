/* POST /akma: worked example W2 there and back, what is refused (N22), what is taken though it is not ours. */
#include "akma/oscore.h"

#include "vectors.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define A_TID     "5820af2ab06b584f3d2a81e87b4ffd81e462a3cf4a0cc483f5446b6928260a2ccc48"
#define REALM     "78213567632e6d6e633039332e6d63633230382e336770706e6574776f726b2e6f7267"
#define A_KID     "836430303132" A_TID REALM /* 75 octets */
#define WRAPPED   "584b" A_KID
#define N1        "48a1a2a3a4a5a6a7a8"
#define REQUEST   "83" WRAPPED N1 "4101"
#define WITH(inp) "84" WRAPPED N1 "4101" inp

static size_t from_hex(const char *hex, uint8_t *out, size_t capacity)
{
    size_t length = strlen(hex) / 2;
    assert_true(length <= capacity);
    for (size_t i = 0; i < length; i++) {
        unsigned octet;
        assert_int_equal(sscanf(hex + 2 * i, "%2x", &octet), 1);
        out[i] = (uint8_t)octet;
    }
    return length;
}

static enum msgin5g_err decode(const char *hex, struct oscore_request *out)
{
    uint8_t octets[1024];
    size_t length = from_hex(hex, octets, sizeof octets);
    return oscore_request_decode(octets, length, out);
}

static void with_example(void (*run)(const struct vector *example))
{
    struct vectors *vectors = vectors_load("vectors/oscore.json");
    assert_int_equal(vectors_count(vectors), 1);
    run(vectors_at(vectors, 0));
    vectors_free(vectors);
}

static void check_request(const struct vector *example)
{
    struct oscore_request request = { .n1 = { .length = 8 }, .af_sid = { .length = 1 } };
    struct oscore_request again;
    uint8_t expected[89], octets[OSCORE_REQUEST_MAX];
    size_t length;
    (void)snprintf(request.a_kid, sizeof request.a_kid, "%s", vector_text(example, "a_kid"));
    vector_hex(example, "n1", request.n1.octets, 8);
    vector_hex(example, "af_sid", request.af_sid.octets, 1);
    vector_hex(example, "request", expected, sizeof expected);
    assert_int_equal(oscore_request_encode(&request, octets, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof expected);
    assert_memory_equal(octets, expected, length);
    assert_int_equal(oscore_request_decode(octets, length, &again), MSGIN5G_OK);
    assert_string_equal(again.a_kid, request.a_kid);
    assert_int_equal(again.n1.length, 8);
    assert_memory_equal(again.n1.octets, request.n1.octets, 8);
    assert_int_equal(again.af_sid.length, 1);
    assert_int_equal(again.af_sid.octets[0], 1);
    assert_false(again.has_id_context);
}

static void check_response(const struct vector *example)
{
    struct oscore_response response = { .n2 = { .length = 8 }, .ue_sid = { .length = 4 } };
    struct oscore_response again;
    uint8_t expected[15], octets[OSCORE_RESPONSE_MAX];
    size_t length;
    vector_hex(example, "n2", response.n2.octets, 8);
    vector_hex(example, "ue_sid", response.ue_sid.octets, 4);
    vector_hex(example, "response", expected, sizeof expected);
    assert_int_equal(oscore_response_encode(&response, octets, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof expected);
    assert_memory_equal(octets, expected, length);
    assert_int_equal(oscore_response_decode(octets, length, &again), MSGIN5G_OK);
    assert_int_equal(again.ue_sid.length, 4);
    assert_memory_equal(again.ue_sid.octets, response.ue_sid.octets, 4);
    assert_memory_equal(again.n2.octets, response.n2.octets, 8);
}

static void check_secrets(const struct vector *example)
{
    struct k_af k_af;
    struct oscore_master_secret oms;
    uint8_t expected[32], request[89], response[15], salt[OSCORE_MASTER_SALT_MAX];
    size_t length;
    vector_hex(example, "k_af", k_af.octets, 32);
    vector_hex(example, "master_secret", expected, 32);
    assert_int_equal(kdf_oscore_master_secret(&k_af, &oms), MSGIN5G_OK);
    assert_memory_equal(oms.octets, expected, 32);
    vector_hex(example, "request", request, sizeof request);
    vector_hex(example, "response", response, sizeof response);
    assert_int_equal(oscore_master_salt((struct msgin5g_str){ (const char *)request, sizeof request },
                         (struct msgin5g_str){ (const char *)response, sizeof response }, salt, &length),
        MSGIN5G_OK);
    assert_int_equal(length, 104);
    assert_memory_equal(salt, request, 89);
    assert_memory_equal(salt + 89, response, 15);
    assert_int_equal(oscore_master_salt((struct msgin5g_str){ (const char *)request, OSCORE_REQUEST_MAX + 1 },
                         (struct msgin5g_str){ "", 0 }, salt, &length),
        MSGIN5G_ERR_INVALID);
}

static void the_worked_example_goes_there_and_back(void **state)
{
    (void)state;
    with_example(check_request);
    with_example(check_response);
    with_example(check_secrets);
}

static void each_truncation_is_refused(void **state)
{
    (void)state;
    uint8_t octets[128];
    struct oscore_request request;
    size_t length = from_hex(REQUEST, octets, sizeof octets);
    assert_int_equal(oscore_request_decode(octets, length, &request), MSGIN5G_OK);
    for (size_t i = 0; i < length; i++)
        assert_int_not_equal(oscore_request_decode(octets, i, &request), MSGIN5G_OK);
}

static void requests_that_break_the_profile_are_refused(void **state)
{
    static const struct {
        const char *hex;
        enum msgin5g_err err;
    } rows[] = {
        { REQUEST "00", MSGIN5G_ERR_MALFORMED },               /* something behind it */
        { "a0", MSGIN5G_ERR_MALFORMED },                       /* a map */
        { "80", MSGIN5G_ERR_MALFORMED },                       /* nothing in it */
        { "82" WRAPPED N1, MSGIN5G_ERR_MALFORMED },            /* no AF-SID */
        { "85" WRAPPED N1 "4101a000", MSGIN5G_ERR_MALFORMED }, /* five */
        { "9f" WRAPPED N1 "4101ff", MSGIN5G_ERR_MALFORMED },   /* indefinite length */
        { "9803" WRAPPED N1 "4101", MSGIN5G_ERR_MALFORMED },   /* not the shortest form */
        { "83" WRAPPED "5808a1a2a3a4a5a6a7a8"
          "4101",
            MSGIN5G_ERR_MALFORMED },
        { "83" WRAPPED "5f48a1a2a3a4a5a6a7a8ff"
          "4101",
            MSGIN5G_ERR_MALFORMED },
        { "83" WRAPPED "47a1a2a3a4a5a6a7"
          "4101",
            MSGIN5G_ERR_MALFORMED }, /* N1 of 7 octets */
        { "83" WRAPPED "68a1a2a3a4a5a6a7a8"
          "4101",
            MSGIN5G_ERR_MALFORMED },                                     /* N1 as text */
        { "83" WRAPPED N1 "480102030405060708", MSGIN5G_ERR_MALFORMED }, /* AF-SID of 8 octets */
        { "83" WRAPPED N1 "01", MSGIN5G_ERR_MALFORMED },                 /* AF-SID as number */
        { "83584c" A_KID "00" N1 "4101", MSGIN5G_ERR_MALFORMED },        /* behind the A-KID */
        { "8344"
          "82613040" N1 "4101",
            MSGIN5G_ERR_MALFORMED }, /* two parts */
        { "8358"
          "4a"
          "836430303132581f2ab06b584f3d2a81e87b4ffd81e462a3cf4a0cc483f5446b6928260a2ccc48" REALM N1 "4101",
            MSGIN5G_ERR_MALFORMED }, /* A-TID of 31 octets */
        { "83584b"
          "836430303161" A_TID REALM N1 "4101",
            MSGIN5G_ERR_MALFORMED_A_KID }, /* RID 001a */
        { "83584c"
          "83653030303132" A_TID REALM N1 "4101",
            MSGIN5G_ERR_MALFORMED_A_KID }, /* RID of 5 digits */
        { "835829"
          "8360" A_TID "6561007a2e62" N1 "4101",
            MSGIN5G_ERR_MALFORMED }, /* lengths that disagree */
        { "83582d"
          "8364"
          "30303132" A_TID "6461002e62" N1 "4101",
            MSGIN5G_ERR_MALFORMED_A_KID },               /* NUL in the realm */
        { WITH("43a10102"), MSGIN5G_ERR_MALFORMED },     /* version 2 */
        { WITH("43a10401"), MSGIN5G_ERR_MALFORMED },     /* AES-GCM */
        { WITH("43a10306"), MSGIN5G_ERR_MALFORMED },     /* HMAC 384 */
        { WITH("43a10501"), MSGIN5G_ERR_MALFORMED },     /* salt as number */
        { WITH("45a206400640"), MSGIN5G_ERR_MALFORMED }, /* shorter than its map */
        { WITH("44a1064000"), MSGIN5G_ERR_MALFORMED },   /* behind the map */
        { WITH("45a20640064041"), MSGIN5G_ERR_MALFORMED },
        { WITH("a206400640"), MSGIN5G_ERR_MALFORMED },             /* contextId twice */
        { WITH("a1005b8000000000000000"), MSGIN5G_ERR_MALFORMED }, /* lengths beyond all */
        { WITH("a1009bffffffffffffffff"), MSGIN5G_ERR_MALFORMED },
        { WITH("bbffffffffffffffff"), MSGIN5G_ERR_MALFORMED },
        { WITH("40"), MSGIN5G_ERR_MALFORMED },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oscore_request request;
        memset(&request, 0xa5, sizeof request);
        struct oscore_request before = request;
        if (decode(rows[i].hex, &request) != rows[i].err)
            fail_msg("row %zu: %s", i, rows[i].hex);
        assert_memory_equal(&request, &before, sizeof request);
    }
}

static void what_others_may_send_is_taken(void **state)
{
    static const char *const rows[] = {
        "83" A_KID N1 "4101",       /* A-KID as bare array */
        "8401" WRAPPED N1 "4101",   /* a security protocol identifier in front */
        "844101" WRAPPED N1 "4101", /* as octet */
        "8501" WRAPPED N1 "4101a0", /* with OSC-INP */
        WITH("a0"),                 /* OSC-INP as bare map */
        WITH("41a0"),
        WITH("49a401010305040a0540"),   /* all that is mandatory, a salt that is ignored */
        WITH("43a10329"),               /* HKDF SHA-256 by its COSE number */
        WITH("a1182a83f6a1616101c100"), /* unknown members */
        WITH("a1616140"),
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oscore_request request;
        if (decode(rows[i], &request) != MSGIN5G_OK)
            fail_msg("row %zu: %s", i, rows[i]);
        assert_int_equal(request.af_sid.octets[0], 1);
        assert_false(request.has_id_context);
    }
}

static void an_id_context_is_read_and_written(void **state)
{
    (void)state;
    struct oscore_request request, again;
    uint8_t octets[OSCORE_REQUEST_MAX];
    size_t length;
    assert_int_equal(decode(WITH("46a10643c1c2c3"), &request), MSGIN5G_OK);
    assert_true(request.has_id_context);
    assert_int_equal(request.id_context_length, 3);
    assert_memory_equal(request.id_context, "\xc1\xc2\xc3", 3);
    assert_int_equal(oscore_request_encode(&request, octets, &length), MSGIN5G_OK);
    assert_int_equal(oscore_request_decode(octets, length, &again), MSGIN5G_OK);
    assert_memory_equal(again.id_context, "\xc1\xc2\xc3", 3);
    assert_int_equal(again.id_context_length, 3);
}

static void the_longest_request_fits(void **state)
{
    struct oscore_request request = { .n1 = { .length = OSCORE_NONCE_MAX },
        .af_sid = { .length = OSCORE_SID_MAX },
        .has_id_context = true,
        .id_context_length = OSCORE_ID_CONTEXT_MAX };
    struct oscore_request again;
    struct a_kid a_kid = { .rid = "0012" };
    uint8_t octets[OSCORE_REQUEST_MAX];
    size_t length;
    (void)state;
    memset(a_kid.realm, 'a', AKMA_A_KID_MAX - 4 - 1 - 43 - 1);
    for (size_t i = 60; a_kid.realm[i] != '\0'; i += 60)
        a_kid.realm[i] = '.';
    assert_int_equal(a_kid_format(&a_kid, request.a_kid), MSGIN5G_OK);
    assert_int_equal(strlen(request.a_kid), AKMA_A_KID_MAX);
    assert_int_equal(oscore_request_encode(&request, octets, &length), MSGIN5G_OK);
    assert_int_equal(oscore_request_decode(octets, length, &again), MSGIN5G_OK);
    assert_string_equal(again.a_kid, request.a_kid);
}

static void responses_that_break_the_profile_are_refused(void **state)
{
    static const char *const rows[] = { "", "80", "8148b1b2b3b4b5b6b7b8", "8347b1b2b3b4b5b6b74100",
        "8248b1b2b3b4b5b6b7b8480102030405060708", "8247b1b2b3b4b5b6b74100", "8248b1b2b3b4b5b6b7b844c000000100",
        "8248b1b2b3b4b5b6b7b801", "9f48b1b2b3b4b5b6b7b84100ff" };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct oscore_response response;
        uint8_t octets[64];
        size_t length = from_hex(rows[i], octets, sizeof octets);
        if (oscore_response_decode(octets, length, &response) != MSGIN5G_ERR_MALFORMED)
            fail_msg("row %zu: %s", i, rows[i]);
    }
}

static void what_has_no_coding_is_not_written(void **state)
{
    struct oscore_request request = { .a_kid = "no A-KID", .n1 = { .length = 8 } };
    struct oscore_response response = { .n2 = { .length = 7 } };
    uint8_t octets[OSCORE_REQUEST_MAX];
    size_t length;
    (void)state;
    assert_int_equal(oscore_request_encode(&request, octets, &length), MSGIN5G_ERR_INVALID);
    assert_int_equal(decode(REQUEST, &request), MSGIN5G_OK);
    request.n1.length = OSCORE_NONCE_MAX + 1;
    assert_int_equal(oscore_request_encode(&request, octets, &length), MSGIN5G_ERR_INVALID);
    assert_int_equal(oscore_response_encode(&response, octets, &length), MSGIN5G_ERR_INVALID);
    response.n2.length = 8;
    response.ue_sid.length = OSCORE_SID_MAX + 1;
    assert_int_equal(oscore_response_encode(&response, octets, &length), MSGIN5G_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_worked_example_goes_there_and_back),
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(requests_that_break_the_profile_are_refused),
        cmocka_unit_test(what_others_may_send_is_taken),
        cmocka_unit_test(an_id_context_is_read_and_written),
        cmocka_unit_test(the_longest_request_fits),
        cmocka_unit_test(responses_that_break_the_profile_are_refused),
        cmocka_unit_test(what_has_no_coding_is_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
