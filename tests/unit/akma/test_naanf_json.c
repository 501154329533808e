/* Bodies of Naanf_AKMA: there and back, and the cause and JSON Pointer of every refusal. */
#include "akma/naanf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A_KID "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define KEY   "176cdc89b8bc8634d912bf84cb7ed7b85afe1b8802afa110d1100a881df659a3"
#define KEY_U "176CDC89B8BC8634D912BF84CB7ED7B85AFE1B8802AFA110D1100A881DF659A3"
#define ZERO  "0000000000000000000000000000000000000000000000000000000000000000"
#define SUPI  "imsi-001010000000001"
#define AF_ID "msgin5g.lab.example:010001c0a8"

struct refusal {
    const char *body;
    const char *cause;
    const char *param; /* NULL: none */
};

typedef enum msgin5g_err decode_fn(struct msgin5g_str body, void *out, struct naanf_problem *problem);

static enum msgin5g_err info(struct msgin5g_str body, void *out, struct naanf_problem *problem)
{
    return naanf_key_info_decode(body, out, problem);
}

static enum msgin5g_err request(struct msgin5g_str body, void *out, struct naanf_problem *problem)
{
    return naanf_key_request_decode(body, out, problem);
}

static enum msgin5g_err data(struct msgin5g_str body, void *out, struct naanf_problem *problem)
{
    return naanf_key_data_decode(body, out, problem);
}

static enum msgin5g_err ctx_remove(struct msgin5g_str body, void *out, struct naanf_problem *problem)
{
    return naanf_ctx_remove_decode(body, out, problem);
}

/* Every body is refused with its cause, and nothing is left in the result. */
static void check_refusals(decode_fn *decode, size_t size, const struct refusal *refusals)
{
    uint8_t *out = malloc(size);

    assert_non_null(out);
    for (; refusals->body != NULL; refusals++) {
        struct naanf_problem problem = { NULL, NULL, NULL };

        memset(out, 0xa5, size);
        if (decode(msgin5g_str(refusals->body), out, &problem) != MSGIN5G_ERR_MALFORMED)
            fail_msg("taken: %s", refusals->body);
        if (strcmp(problem.cause, refusals->cause) != 0)
            fail_msg("%s: cause is %s (%s)", refusals->body, problem.cause, problem.reason);
        if (refusals->param == NULL)
            assert_null(problem.param);
        else
            assert_string_equal(problem.param, refusals->param);
        assert_non_null(problem.reason);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(out[i], 0);
    }
    free(out);
}

static void test_texts_that_are_no_json_object(void **state)
{
    static const struct refusal refusals[] = {
        { "", "INVALID_MSG_FORMAT", NULL },
        { "{", "INVALID_MSG_FORMAT", NULL },
        { "[]", "INVALID_MSG_FORMAT", NULL },
        { "\"supi\"", "INVALID_MSG_FORMAT", NULL },
        { "null", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"" SUPI "\"} x", "INVALID_MSG_FORMAT", NULL },
        { "{'supi':'" SUPI "'}", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"" SUPI "\",}", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"\xff\"}", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"a\\u0000b\"}", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"" SUPI "\",\"supi\":\"" SUPI "\"}", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"" SUPI "\",\"s\\u0075pi\":\"" SUPI "\"}", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"" SUPI "\",\"x\":{\"y\":1,\"y\":1}}", "INVALID_MSG_FORMAT", NULL },
        { "{\"supi\":\"" SUPI "\",\"x\":[[[[[[[[]]]]]]]]}", "INVALID_MSG_FORMAT", NULL },
        { NULL, NULL, NULL },
    };

    (void)state;
    check_refusals(ctx_remove, sizeof(struct naanf_ctx_remove), refusals);
}

static void test_limits_that_are_still_met(void **state)
{
    struct naanf_ctx_remove out;
    struct naanf_problem problem;

    (void)state;
    assert_int_equal(
        naanf_ctx_remove_decode(msgin5g_str("{\"supi\":\"" SUPI "\",\"x\":[[[[[[[]]]]]]]}"), &out, &problem),
        MSGIN5G_OK);
    assert_string_equal(out.supi, SUPI);
}

static void test_too_many_members(void **state)
{
    char body[16 * (NAANF_MEMBERS_MAX + 2)];
    size_t length = 0;
    struct naanf_ctx_remove out;
    struct naanf_problem problem;

    (void)state;
    for (int i = 0; i < NAANF_MEMBERS_MAX - 1; i++)
        length += (size_t)sprintf(body + length, "%c\"m%d\":1", i == 0 ? '{' : ',', i);
    (void)sprintf(body + length, ",\"supi\":\"x\"}");
    assert_int_equal(naanf_ctx_remove_decode(msgin5g_str(body), &out, &problem), MSGIN5G_OK);
    (void)sprintf(body + length, ",\"a\":1,\"supi\":\"x\"}");
    assert_int_equal(naanf_ctx_remove_decode(msgin5g_str(body), &out, &problem), MSGIN5G_ERR_MALFORMED);
    assert_string_equal(problem.cause, "INVALID_MSG_FORMAT");
}

static void test_key_info_refusals(void **state)
{
    static const struct refusal refusals[] = {
        { "{\"kAkma\":\"" KEY "\",\"supi\":\"" SUPI "\"}", "MANDATORY_IE_MISSING", "/aKId" },
        { "{\"aKId\":\"" A_KID "\",\"supi\":\"" SUPI "\"}", "MANDATORY_IE_MISSING", "/kAkma" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\"}", "MANDATORY_IE_MISSING", "/supi" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"supi\":\"" SUPI "\",\"gpsi\":\"msisdn-4912345\"}",
            "INVALID_MSG_FORMAT", "/gpsi" },
        { "{\"aKId\":7,\"kAkma\":\"" KEY "\",\"supi\":\"" SUPI "\"}", "INVALID_MSG_FORMAT", "/aKId" },
        { "{\"aKId\":null,\"kAkma\":\"" KEY "\",\"supi\":\"" SUPI "\"}", "INVALID_MSG_FORMAT", "/aKId" },
        { "{\"aKId\":\"nobody\",\"kAkma\":\"" KEY "\",\"supi\":\"" SUPI "\"}", "MANDATORY_IE_INCORRECT", "/aKId" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" ZERO "\",\"supi\":\"" SUPI "\"}", "MANDATORY_IE_INCORRECT", "/kAkma" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "0\",\"supi\":\"" SUPI "\"}", "MANDATORY_IE_INCORRECT", "/kAkma" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"\",\"supi\":\"" SUPI "\"}", "MANDATORY_IE_INCORRECT", "/kAkma" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"supi\":\"imsi-1234\"}", "OPTIONAL_IE_INCORRECT", "/supi" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"supi\":\"imsi-12345x\"}", "OPTIONAL_IE_INCORRECT", "/supi" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"supi\":\"\"}", "OPTIONAL_IE_INCORRECT", "/supi" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"supi\":\"nai-\"}", "OPTIONAL_IE_INCORRECT", "/supi" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"gpsi\":\"msisdn-1\"}", "OPTIONAL_IE_INCORRECT", "/gpsi" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"gpsi\":\"a\\nb\"}", "OPTIONAL_IE_INCORRECT", "/gpsi" },
        { "{\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\",\"supi\":\"" SUPI "\",\"suppFeat\":\"g\"}",
            "OPTIONAL_IE_INCORRECT", "/suppFeat" },
        { NULL, NULL, NULL },
    };

    (void)state;
    check_refusals(info, sizeof(struct naanf_key_info), refusals);
}

static void test_key_request_refusals(void **state)
{
    static const struct refusal refusals[] = {
        { "{}", "MANDATORY_IE_MISSING", "/afId" },
        { "{\"afId\":\"" AF_ID "\"}", "MANDATORY_IE_MISSING", "/aKId" },
        { "{\"afId\":[],\"aKId\":\"" A_KID "\"}", "INVALID_MSG_FORMAT", "/afId" },
        { "{\"afId\":\"msgin5g.lab.example\",\"aKId\":\"" A_KID "\"}", "MANDATORY_IE_INCORRECT", "/afId" },
        { "{\"afId\":\"msgin5g.lab.example:0100\",\"aKId\":\"" A_KID "\"}", "MANDATORY_IE_INCORRECT", "/afId" },
        { "{\"afId\":\"" AF_ID "\",\"aKId\":\"0." A_KID "\"}", "MANDATORY_IE_INCORRECT", "/aKId" },
        { "{\"afId\":\"" AF_ID "\",\"aKId\":\"" A_KID "\",\"anonInd\":\"true\"}", "INVALID_MSG_FORMAT", "/anonInd" },
        { "{\"afId\":\"" AF_ID "\",\"aKId\":\"" A_KID "\",\"notifUri\":\"ftp://x/\"}", "OPTIONAL_IE_INCORRECT",
            "/notifUri" },
        { "{\"afId\":\"" AF_ID "\",\"aKId\":\"" A_KID "\",\"notifUri\":\"https://x/ y\"}", "OPTIONAL_IE_INCORRECT",
            "/notifUri" },
        { NULL, NULL, NULL },
    };

    (void)state;
    check_refusals(request, sizeof(struct naanf_key_request), refusals);
}

static void test_key_data_refusals(void **state)
{
    static const struct refusal refusals[] = {
        { "{\"kaf\":\"" KEY "\"}", "MANDATORY_IE_MISSING", "/expiry" },
        { "{\"expiry\":\"2026-11-21T12:00:00Z\"}", "MANDATORY_IE_MISSING", "/kaf" },
        { "{\"expiry\":\"tomorrow\",\"kaf\":\"" KEY "\"}", "MANDATORY_IE_INCORRECT", "/expiry" },
        { "{\"expiry\":\"2026-13-21T12:00:00Z\",\"kaf\":\"" KEY "\"}", "MANDATORY_IE_INCORRECT", "/expiry" },
        { "{\"expiry\":1795262400,\"kaf\":\"" KEY "\"}", "INVALID_MSG_FORMAT", "/expiry" },
        { "{\"expiry\":\"2026-11-21T12:00:00Z\",\"kaf\":\"" ZERO "\"}", "MANDATORY_IE_INCORRECT", "/kaf" },
        { "{\"expiry\":\"2026-11-21T12:00:00Z\",\"kaf\":\"1b3e\"}", "MANDATORY_IE_INCORRECT", "/kaf" },
        { "{\"expiry\":\"2026-11-21T12:00:00Z\",\"kaf\":\"g" KEY "\"}", "MANDATORY_IE_INCORRECT", "/kaf" },
        { NULL, NULL, NULL },
    };

    (void)state;
    check_refusals(data, sizeof(struct naanf_key_data), refusals);
}

static void test_ctx_remove_refusals(void **state)
{
    static const struct refusal refusals[] = {
        { "{}", "MANDATORY_IE_MISSING", "/supi" },
        { "{\"SUPI\":\"" SUPI "\"}", "MANDATORY_IE_MISSING", "/supi" },
        { "{\"supi\":\"imsi-\"}", "MANDATORY_IE_INCORRECT", "/supi" },
        { NULL, NULL, NULL },
    };

    (void)state;
    check_refusals(ctx_remove, sizeof(struct naanf_ctx_remove), refusals);
}

static void test_length_of_texts(void **state)
{
    char supi[AKMA_SUPI_MAX + 2];
    char body[AKMA_SUPI_MAX + 32];
    struct naanf_ctx_remove out;
    struct naanf_problem problem;

    (void)state;
    memset(supi, 'x', sizeof supi);
    (void)sprintf(body, "{\"supi\":\"%.*s\"}", AKMA_SUPI_MAX, supi);
    assert_int_equal(naanf_ctx_remove_decode(msgin5g_str(body), &out, &problem), MSGIN5G_OK);
    assert_int_equal(strlen(out.supi), AKMA_SUPI_MAX);
    (void)sprintf(body, "{\"supi\":\"%.*s\"}", AKMA_SUPI_MAX + 1, supi);
    assert_int_equal(naanf_ctx_remove_decode(msgin5g_str(body), &out, &problem), MSGIN5G_ERR_MALFORMED);
}

static void test_key_data_takes_offset_fraction_and_upper_case(void **state)
{
    struct naanf_key_data zulu;
    struct naanf_key_data offset;
    struct naanf_problem problem;

    (void)state;
    assert_int_equal(naanf_key_data_decode(
                         msgin5g_str("{\"expiry\":\"2026-11-21T12:00:00Z\",\"kaf\":\"" KEY "\",\"new\":{\"a\":[1]}}"),
                         &zulu, &problem),
        MSGIN5G_OK);
    assert_int_equal(zulu.expiry_s, 1795262400);
    assert_string_equal(zulu.supi, "");
    assert_int_equal(naanf_key_data_decode(
                         msgin5g_str("{\"gpsi\":\"msisdn-4912345\",\"supi\":\"" SUPI "\",\"expiry\":"
                                     "\"2026-11-21T13:00:00.999+01:00\",\"kaf\":\"" KEY_U "\",\"suppFeat\":\"F1\"}"),
                         &offset, &problem),
        MSGIN5G_OK);
    assert_int_equal(offset.expiry_s, zulu.expiry_s);
    assert_memory_equal(offset.k_af.octets, zulu.k_af.octets, AKMA_KEY_LEN);
    assert_string_equal(offset.supi, SUPI);
    assert_string_equal(offset.gpsi, "msisdn-4912345");
    assert_string_equal(offset.supp_feat, "F1");
}

static void assert_body(struct buffer *buffer, const char *expected)
{
    assert_int_equal(buffer->length, strlen(expected));
    assert_memory_equal(buffer->data, expected, buffer->length);
    buffer_wipe_free(buffer);
}

static void test_bodies_as_written(void **state)
{
    struct naanf_key_info key_info = { .supi = SUPI, .a_kid = A_KID };
    struct naanf_key_request key_request = { .supp_feat = "1", .af_id = AF_ID, .a_kid = A_KID };
    struct naanf_key_data key_data = { .expiry_s = 1795262400, .supi = SUPI };
    struct naanf_ctx_remove remove = { .supi = "nai-\"q\"@x" };
    struct buffer out;

    (void)state;
    buffer_init(&out, 65536);
    assert_int_equal(secret_from_hex(msgin5g_str(KEY), key_info.k_akma.octets, AKMA_KEY_LEN), MSGIN5G_OK);
    memcpy(key_data.k_af.octets, key_info.k_akma.octets, AKMA_KEY_LEN);
    assert_int_equal(naanf_key_info_encode(&key_info, &out), MSGIN5G_OK);
    assert_body(&out, "{\"supi\":\"" SUPI "\",\"aKId\":\"" A_KID "\",\"kAkma\":\"" KEY "\"}");
    assert_int_equal(naanf_key_request_encode(&key_request, &out), MSGIN5G_OK);
    assert_body(&out, "{\"suppFeat\":\"1\",\"afId\":\"" AF_ID "\",\"aKId\":\"" A_KID "\"}");
    assert_int_equal(naanf_key_data_encode(&key_data, &out), MSGIN5G_OK);
    assert_body(&out, "{\"expiry\":\"2026-11-21T12:00:00Z\",\"kaf\":\"" KEY "\",\"supi\":\"" SUPI "\"}");
    assert_int_equal(naanf_ctx_remove_encode(&remove, &out), MSGIN5G_OK);
    assert_body(&out, "{\"supi\":\"nai-\\\"q\\\"@x\"}");
}

static void test_request_there_and_back(void **state)
{
    struct naanf_key_request in = { .af_id = AF_ID, .a_kid = A_KID, .anonymous = true };
    struct naanf_key_request back;
    struct naanf_problem problem;
    struct buffer out;

    (void)state;
    memset(in.notif_uri, 'x', NAANF_NOTIF_URI_MAX);
    memcpy(in.notif_uri, "https://", 8);
    buffer_init(&out, NAANF_BODY_MAX);
    assert_int_equal(naanf_key_request_encode(&in, &out), MSGIN5G_OK);
    assert_int_equal(
        naanf_key_request_decode((struct msgin5g_str){ (const char *)out.data, out.length }, &back, &problem),
        MSGIN5G_OK);
    assert_memory_equal(&in, &back, sizeof in);
    assert_int_equal(naanf_key_request_encode(&in, &out), MSGIN5G_ERR_LIMIT);
    buffer_free(&out);
}

static void test_a_kid_and_af_id_come_out_in_one_form(void **state)
{
    struct naanf_key_request out;
    struct naanf_problem problem;

    (void)state;
    assert_int_equal(
        naanf_key_request_decode(
            msgin5g_str("{\"afId\":\"MSGin5G.Lab.Example:010001C0A8\",\"aKId\":"
                        "\"0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5GC.mnc001.mcc001.3GPPnetwork.org\"}"),
            &out, &problem),
        MSGIN5G_OK);
    assert_string_equal(out.af_id, AF_ID);
    assert_string_equal(out.a_kid, A_KID);
}

static void test_what_cannot_be_written(void **state)
{
    struct naanf_key_data key_data = { .expiry_s = -1 };
    struct naanf_ctx_remove remove = { .supi = "nai-\xff@x" };
    struct buffer out;

    (void)state;
    buffer_init(&out, 65536);
    assert_int_equal(naanf_key_data_encode(&key_data, &out), MSGIN5G_ERR_INVALID);
    assert_int_equal(naanf_ctx_remove_encode(&remove, &out), MSGIN5G_ERR_INVALID);
    assert_int_equal(out.length, 0);
    buffer_free(&out);
}

static void test_features(void **state)
{
    struct naanf_key_request out;
    struct naanf_problem problem;

    (void)state;
    assert_true(naanf_feature("1", NAANF_FEATURE_GPSI));
    assert_true(naanf_feature("0f", NAANF_FEATURE_GPSI));
    assert_true(naanf_feature("A0", 6));
    assert_false(naanf_feature("A0", 5));
    assert_false(naanf_feature("", NAANF_FEATURE_GPSI));
    assert_false(naanf_feature("2", NAANF_FEATURE_GPSI));
    assert_false(naanf_feature("1", 5));
    assert_false(naanf_feature("1", 0));
    assert_int_equal(
        naanf_key_request_decode(
            msgin5g_str("{\"suppFeat\":\"ffffffff00000000000000001\",\"afId\":\"" AF_ID "\",\"aKId\":\"" A_KID "\"}"),
            &out, &problem),
        MSGIN5G_OK);
    assert_string_equal(out.supp_feat, "0000000000000001");
}

static void test_disable_notif(void **state)
{
    (void)state;
    struct naanf_disable_notif in = { .a_kid = A_KID };
    struct naanf_disable_notif out;
    struct naanf_problem problem;
    struct buffer body;
    buffer_init(&body, NAANF_BODY_MAX);
    assert_int_equal(naanf_disable_notif_encode(&in, &body), MSGIN5G_OK);
    assert_int_equal(
        naanf_disable_notif_decode((struct msgin5g_str){ (const char *)body.data, body.length }, &out, &problem),
        MSGIN5G_OK);
    assert_string_equal(out.a_kid, A_KID);
    assert_int_equal(naanf_disable_notif_decode(msgin5g_str("{}"), &out, &problem), MSGIN5G_ERR_MALFORMED);
    assert_string_equal(problem.cause, "MANDATORY_IE_MISSING");
    assert_string_equal(problem.param, "/aKId");
    buffer_free(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_texts_that_are_no_json_object),
        cmocka_unit_test(test_limits_that_are_still_met),
        cmocka_unit_test(test_too_many_members),
        cmocka_unit_test(test_key_info_refusals),
        cmocka_unit_test(test_key_request_refusals),
        cmocka_unit_test(test_key_data_refusals),
        cmocka_unit_test(test_ctx_remove_refusals),
        cmocka_unit_test(test_length_of_texts),
        cmocka_unit_test(test_key_data_takes_offset_fraction_and_upper_case),
        cmocka_unit_test(test_bodies_as_written),
        cmocka_unit_test(test_request_there_and_back),
        cmocka_unit_test(test_a_kid_and_af_id_come_out_in_one_form),
        cmocka_unit_test(test_what_cannot_be_written),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_disable_notif),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
