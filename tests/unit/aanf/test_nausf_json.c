/* Bodies of Nausf_UEAuthentication: there and back, and the cause and JSON Pointer of refusals. */
#include "akma/nausf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEX16 "23553cbe9637a89d218ae64dae47bf35"
#define HEX32 "474698caf02cc715db2ec0726510cfee6caa5bb1a649cb01224f2e23af94de1b"
#define NET   "\"servingNetworkName\":\"5G:mnc001.mcc001.3gppnetwork.org\""
#define INFO  "\"supiOrSuci\":\"imsi-001010000000001\"," NET
#define CTX(x)                                                                                                         \
    "{\"authType\":\"5G_AKA\",\"5gAuthData\":{\"rand\":\"" HEX16 "\",\"autn\":\"" HEX16 "\",\"hxresStar\":\"" x

static struct msgin5g_str body(const struct buffer *buffer)
{
    return (struct msgin5g_str){ (const char *)buffer->data, buffer->length };
}

static void test_info_there_and_back(void **state)
{
    (void)state;
    struct nausf_info in = { .supi_or_suci = "imsi-001010000000001", .sn_name = "5G:mnc001.mcc001.3gppnetwork.org" };
    struct nausf_info out;
    struct naanf_problem problem;
    for (int again = 0; again < 2; again++) {
        struct buffer buffer;
        buffer_init(&buffer, NAUSF_BODY_MAX);
        in.resynchronisation = again == 1;
        memset(in.rand, 3 * again, sizeof in.rand);
        memset(in.auts, 4 * again, sizeof in.auts);
        assert_int_equal(nausf_info_encode(&in, &buffer), MSGIN5G_OK);
        assert_int_equal(nausf_info_decode(body(&buffer), &out, &problem), MSGIN5G_OK);
        assert_memory_equal(&in, &out, sizeof in);
        buffer_free(&buffer);
    }
}

static void test_context_there_and_back(void **state)
{
    (void)state;
    struct nausf_context in = { .rand = { 1 }, .autn = { 2 }, .hxres_star = { 3 }, .href = "https://a:1/b" };
    struct nausf_context out;
    struct naanf_problem problem;
    struct buffer buffer;
    buffer_init(&buffer, NAUSF_BODY_MAX);
    assert_int_equal(nausf_context_encode(&in, "5G:mnc001.mcc001.3gppnetwork.org", &buffer), MSGIN5G_OK);
    assert_int_equal(nausf_context_decode(body(&buffer), &out, &problem), MSGIN5G_OK);
    assert_memory_equal(&in, &out, sizeof in);
    buffer_free(&buffer);
    const char *sequence = CTX(HEX16) "\"},\"_links\":{\"5g-aka\":[{\"href\":\"/x\"},{\"href\":\"/y\"}]}}";
    assert_int_equal(nausf_context_decode(msgin5g_str(sequence), &out, &problem), MSGIN5G_OK);
    assert_string_equal(out.href, "/x");
}

static void test_confirmation_and_result(void **state)
{
    (void)state;
    struct nausf_confirmation sent = { .has_res_star = true, .res_star = { { 9 } } };
    struct nausf_confirmation got;
    struct nausf_result result = { .success = true, .supi = "imsi-1", .has_k_seaf = true, .k_seaf = { { 8 } } };
    struct nausf_result told;
    struct naanf_problem problem;
    struct buffer buffer;
    buffer_init(&buffer, NAUSF_BODY_MAX);
    assert_int_equal(nausf_confirmation_encode(&sent, &buffer), MSGIN5G_OK);
    assert_int_equal(nausf_confirmation_decode(body(&buffer), &got, &problem), MSGIN5G_OK);
    assert_memory_equal(&sent, &got, sizeof sent);
    buffer_free(&buffer);
    assert_int_equal(nausf_confirmation_decode(msgin5g_str("{\"resStar\":null}"), &got, &problem), MSGIN5G_OK);
    assert_false(got.has_res_star);
    assert_int_equal(nausf_result_encode(&result, &buffer), MSGIN5G_OK);
    assert_int_equal(nausf_result_decode(body(&buffer), &told, &problem), MSGIN5G_OK);
    assert_memory_equal(&result, &told, sizeof result);
    buffer_free(&buffer);
    assert_int_equal(
        nausf_result_decode(msgin5g_str("{\"authResult\":\"AUTHENTICATION_FAILURE\"}"), &told, &problem), MSGIN5G_OK);
    assert_false(told.success);
    assert_false(told.has_k_seaf);
}

struct refusal {
    const char *body;
    const char *cause;
    const char *param; /* NULL: none */
};

typedef enum msgin5g_err decode_fn(struct msgin5g_str body, void *out, struct naanf_problem *problem);

static void check_refusals(decode_fn *decode, size_t size, const struct refusal *refusals)
{
    uint8_t out[1024];
    assert_true(size <= sizeof out);
    for (; refusals->body != NULL; refusals++) {
        struct naanf_problem problem = { 0 };
        memset(out, 0x5a, sizeof out);
        assert_int_equal(decode(msgin5g_str(refusals->body), out, &problem), MSGIN5G_ERR_MALFORMED);
        assert_string_equal(problem.cause, refusals->cause);
        if (refusals->param == NULL)
            assert_null(problem.param);
        else
            assert_string_equal(problem.param, refusals->param);
        for (size_t i = 0; i < size; i++)
            assert_int_equal(out[i], 0);
    }
}

static enum msgin5g_err info(struct msgin5g_str text, void *out, struct naanf_problem *problem)
{
    return nausf_info_decode(text, out, problem);
}

static enum msgin5g_err context(struct msgin5g_str text, void *out, struct naanf_problem *problem)
{
    return nausf_context_decode(text, out, problem);
}

static enum msgin5g_err confirmation(struct msgin5g_str text, void *out, struct naanf_problem *problem)
{
    return nausf_confirmation_decode(text, out, problem);
}

static enum msgin5g_err result(struct msgin5g_str text, void *out, struct naanf_problem *problem)
{
    return nausf_result_decode(text, out, problem);
}

static enum msgin5g_err deregistration(struct msgin5g_str text, void *out, struct naanf_problem *problem)
{
    return nausf_deregistration_decode(text, out, problem);
}

static void test_info_refusals(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        { "", "INVALID_MSG_FORMAT", NULL },
        { "[]", "INVALID_MSG_FORMAT", NULL },
        { "{" INFO "," NET "}", "INVALID_MSG_FORMAT", NULL },
        { "{" INFO ",\"a\":{\"b\":1,\"b\":2}}", "INVALID_MSG_FORMAT", NULL },
        { "{" NET "}", "MANDATORY_IE_MISSING", "/supiOrSuci" },
        { "{\"supiOrSuci\":1," NET "}", "INVALID_MSG_FORMAT", "/supiOrSuci" },
        { "{\"supiOrSuci\":\"\"," NET "}", "MANDATORY_IE_INCORRECT", "/supiOrSuci" },
        { "{\"supiOrSuci\":\"a b\"," NET "}", "MANDATORY_IE_INCORRECT", "/supiOrSuci" },
        { "{\"supiOrSuci\":\"imsi-1\"}", "MANDATORY_IE_MISSING", "/servingNetworkName" },
        { "{\"supiOrSuci\":\"imsi-1\",\"servingNetworkName\":\"6G\"}", "MANDATORY_IE_INCORRECT",
            "/servingNetworkName" },
        { "{" INFO ",\"resynchronizationInfo\":[]}", "INVALID_MSG_FORMAT", "/resynchronizationInfo" },
        { "{" INFO ",\"resynchronizationInfo\":{}}", "MANDATORY_IE_MISSING", "/resynchronizationInfo/rand" },
        { "{" INFO ",\"resynchronizationInfo\":{\"rand\":\"" HEX16 "\",\"auts\":\"00\"}}", "MANDATORY_IE_INCORRECT",
            "/resynchronizationInfo/auts" },
        { NULL, NULL, NULL },
    };
    check_refusals(info, sizeof(struct nausf_info), refusals);
}

static void test_other_refusals(void **state)
{
    (void)state;
    static const struct refusal contexts[] = {
        { "{\"authType\":\"EAP_AKA_PRIME\"}", "MANDATORY_IE_INCORRECT", "/authType" },
        { "{\"authType\":\"5G_AKA\",\"5gAuthData\":\"AAAA\"}", "INVALID_MSG_FORMAT", "/5gAuthData" },
        { CTX("zz") "\"}}", "MANDATORY_IE_INCORRECT", "/5gAuthData/hxresStar" },
        { CTX(HEX16) "\"}}", "MANDATORY_IE_MISSING", "/_links" },
        { CTX(HEX16) "\"},\"_links\":{}}", "MANDATORY_IE_MISSING", "/_links/5g-aka" },
        { CTX(HEX16) "\"},\"_links\":{\"5g-aka\":[]}}", "MANDATORY_IE_MISSING", "/_links/5g-aka" },
        { CTX(HEX16) "\"},\"_links\":{\"5g-aka\":{}}}", "MANDATORY_IE_MISSING", "/_links/5g-aka/href" },
        { CTX(HEX16) "\"},\"_links\":{\"5g-aka\":{\"href\":\"/a\\nb\"}}}", "MANDATORY_IE_INCORRECT",
            "/_links/5g-aka/href" },
        { NULL, NULL, NULL },
    };
    static const struct refusal confirmations[] = {
        { "{}", "MANDATORY_IE_MISSING", "/resStar" },
        { "{\"resStar\":\"" HEX32 "\"}", "MANDATORY_IE_INCORRECT", "/resStar" },
        { "{\"resStar\":\"\\u0000\"}", "INVALID_MSG_FORMAT", NULL },
        { NULL, NULL, NULL },
    };
    static const struct refusal results[] = {
        { "{}", "MANDATORY_IE_MISSING", "/authResult" },
        { "{\"authResult\":\"AUTHENTICATION_SUCCESS\",\"kseaf\":\"" HEX16 "\"}", "MANDATORY_IE_INCORRECT", "/kseaf" },
        { NULL, NULL, NULL },
    };
    static const struct refusal deregistrations[] = {
        { "{}", "MANDATORY_IE_MISSING", "/supi" },
        { NULL, NULL, NULL },
    };
    check_refusals(context, sizeof(struct nausf_context), contexts);
    check_refusals(confirmation, sizeof(struct nausf_confirmation), confirmations);
    check_refusals(result, sizeof(struct nausf_result), results);
    check_refusals(deregistration, sizeof(struct nausf_deregistration), deregistrations);
}

static int setup(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_info_there_and_back),
        cmocka_unit_test(test_context_there_and_back),
        cmocka_unit_test(test_confirmation_and_result),
        cmocka_unit_test(test_info_refusals),
        cmocka_unit_test(test_other_refusals),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
