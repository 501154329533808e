/* Bodies that are refused, each with the detail that names the member (digest 2.4, 10.3). */
#include "msgin5g/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDEN        "\"msgIden\":\"urn:3gpp:msgin5g\""
#define ORI         "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:a@x\"}"
#define ORI_AS      "\"oriAddr\":{\"oriAddrType\":\"AS\",\"addr\":\"im:a@x\"}"
#define DEST        "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:b@x\"}"
#define DEST_AS     "\"destAddr\":{\"destAddrType\":\"AS\",\"addr\":\"im:b@x\"}"
#define ID          "\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f\""
#define SEG_ID      "\"segId\":\"b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d\""
#define TYPE(name)  "\"msgType\":\"" name "\""
#define MSG(rest)   "{" IDEN "," TYPE("MSG") "," ORI "," DEST "," ID "," rest "}"
#define IMDN(rest)  "{" IDEN "," TYPE("IMDN") "," ORI "," DEST "," ID rest "}"
#define REG(rest)   "{" IDEN "," TYPE("REG") "," ORI "," rest "}"
#define PROFILE(p)  REG("\"cliProfile\":" p)
#define TRI(rest)   PROFILE("{\"triInfo\":" rest "}")
#define AVAIL(rest) PROFILE("{\"comAvail\":" rest "}")
#define SEG(rest)   MSG("\"isSegmented\":true,\"segParams\":" rest)
#define SCH         "\"schTime\":\"2026-03-01T00:00:00Z\""

struct refusal {
    const char *body;
    const char *detail;
};

static void refuse(const char *body, size_t length, enum msgin5g_err expected, const char *expected_detail)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_DEREG);
    const char *detail = NULL;
    uint8_t *exact = malloc(length > 0 ? length : 1); /* the address sanitizer watches its end */
    assert_non_null(exact);
    memcpy(exact, body, length);
    enum msgin5g_err err = msgin5g_message_decode(exact, length, &message, NULL, &detail);
    free(exact);
    if (err != expected || strcmp(detail, expected_detail) != 0)
        fail_msg("%s: got %d \"%s\" instead of \"%s\"", body, err, detail, expected_detail);
    assert_int_equal(message.type, MSGIN5G_TYPE_DEREG); /* untouched */
}

static void refuse_all(const struct refusal *cases, size_t count)
{
    for (size_t i = 0; i < count; i++)
        refuse(cases[i].body, strlen(cases[i].body), MSGIN5G_ERR_MALFORMED, cases[i].detail);
}

#define REFUSE_ALL(cases) refuse_all(cases, sizeof(cases) / sizeof((cases)[0]))

static void not_json(void **state)
{
    static const struct refusal cases[] = {
        { "", "not JSON" },
        { " ", "not JSON" },
        { "{", "not JSON" },
        { "{}}", "octets behind the JSON text" },
        { "{} x", "octets behind the JSON text" },
        { "[]", "not a JSON object" },
        { "\"MSG\"", "not a JSON object" },
        { "null", "not a JSON object" },
        { "{\"a\":1,}", "not JSON" },
        { "{\"a\":[1,]}", "not JSON" },
        { "{'a':1}", "not JSON" },
        { "{a:1}", "not JSON" },
        { "{\"a\" 1}", "not JSON" },
        { "{\"a\":}", "not JSON" },
        { "{\"a\":01}", "not JSON" },
        { "{\"a\":1.}", "not JSON" },
        { "{\"a\":.5}", "not JSON" },
        { "{\"a\":+1}", "not JSON" },
        { "{\"a\":-}", "not JSON" },
        { "{\"a\":1e}", "not JSON" },
        { "{\"a\":NaN}", "not JSON" },
        { "{\"a\":nul}", "not JSON" },
        { "{\"a\":truex}", "not JSON" },
        { "{\"a\":\"b}", "not JSON" },
        { "{\"a\":1}\v", "octets behind the JSON text" },
        { "\xEF\xBB\xBF{}", "not JSON" },
        { "/**/{}", "not JSON" },
        { "{\"a\":\"\\x\"}", "a wrong escape in a string" },
        { "{\"a\":\"\\u12g4\"}", "a wrong escape in a string" },
        { "{\"a\":\"\\u12", "a wrong escape in a string" },
        { "{\"a\":\"\\ud800\"}", "a wrong escape in a string" },
        { "{\"a\":\"\\udc00\"}", "a wrong escape in a string" },
        { "{\"a\":\"\\ud800\\u0041\"}", "a wrong escape in a string" },
        { "{\"a\":\"\n\"}", "a control character in a string" },
        { "{\"a\":\"\x01\"}", "a control character in a string" },
        { "{\"a\":1111111111111111111111111111111111111111111111111111111111111111}",
            "a number has too many characters" },
    };
    (void)state;
    REFUSE_ALL(cases);
    refuse("{}\0", 3, MSGIN5G_ERR_MALFORMED, "octets behind the JSON text");
    refuse("{\"a\0\":1}", 8, MSGIN5G_ERR_MALFORMED, "a control character in a string");
}

static void not_utf8(void **state)
{
    static const char *const wrong[] = { "\x80", "\xC0\xAF", "\xC1\xBF", "\xC3", "\xC3(", "\xE0\x9F\xBF", "\xE2\x82",
        "\xED\xA0\x80", "\xEF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x9F\x98", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80",
        "\xFF" };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char body[256];
        (void)snprintf(body, sizeof body, MSG("\"payload\":\"%s\""), wrong[i]);
        refuse(body, strlen(body), MSGIN5G_ERR_MALFORMED, "not UTF-8");
    }
}

static void limits_of_the_text(void **state)
{
    static char body[MSGIN5G_MESSAGE_MAX + 2];
    size_t length = 0;
    (void)state;
    static const char deep[] = MSG("\"x\":[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]");
    refuse(deep, sizeof deep - 1, MSGIN5G_ERR_MALFORMED, "nested too deeply");
    memset(body, '[', sizeof body);
    refuse(body, MSGIN5G_MESSAGE_MAX, MSGIN5G_ERR_MALFORMED, "nested too deeply");
    memset(body, ' ', sizeof body);
    body[0] = '{';
    body[1] = '}';
    refuse(body, MSGIN5G_MESSAGE_MAX + 1, MSGIN5G_ERR_PAYLOAD_TOO_LARGE, "the message is too long");
    refuse(body, MSGIN5G_MESSAGE_MAX, MSGIN5G_ERR_MALFORMED, "msgIden");
    for (int i = 0; i < 65; i++)
        length += (size_t)snprintf(body + length, sizeof body - length, "%c\"m%d\":0", i == 0 ? '{' : ',', i);
    body[length++] = '}';
    refuse(body, length, MSGIN5G_ERR_MALFORMED, "too many members");
}

static void duplicates(void **state)
{
    static const struct refusal cases[] = {
        { MSG("\"payload\":\"a\",\"payload\":\"a\""), "a member appears twice" },
        { MSG(ORI), "a member appears twice" },
        { MSG("\"\\u006dsgId\":1"), "a member appears twice" },
        { MSG("\"unknown\":[{\"a\":1,\"b\":2,\"a\":3}]"), "a member appears twice" },
        { MSG("\"sfParam\":{\"expireTime\":\"2026-03-01T00:00:00Z\",\"expireTime\":1}"), "a member appears twice" },
        { MSG("\"\":1,\"\":1"), "a member appears twice" },
    };
    (void)state;
    REFUSE_ALL(cases);
}

static void nul_outside_of_the_payload(void **state)
{
    static const struct refusal cases[] = {
        { MSG("\"appId\":\"a\\u0000\""), "U+0000 in a string" },
        { MSG("\"payload\":\"\\u0000\",\"appId\":\"\\u0000\""), "U+0000 in a string" },
        { MSG("\"appId\":\"\\u0000\",\"payload\":\"\\u0000\""), "U+0000 in a string" },
        { MSG("\"payload\\u0000\":\"a\""), "U+0000 in a string" },
        { MSG("\"p\\u0061yload\":\"\\u0000\""), "U+0000 in a string" },
        { MSG("\"payload\":[\"\\u0000\"]"), "U+0000 in a string" },
        { MSG("\"x\":{\"payload\":\"\\u0000\"}"), "U+0000 in a string" },
        { "{" IDEN "," TYPE("MSG") "," ORI "," DEST ",\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f\\u0000\"}",
            "U+0000 in a string" },
        { "{" IDEN "," TYPE("MSG") ",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:a@x\\u0000.evil\"}," DEST "," ID
                                   "}",
            "U+0000 in a string" },
    };
    (void)state;
    REFUSE_ALL(cases);
}

static void mandatory_members(void **state)
{
    static const struct refusal cases[] = {
        { "{" TYPE("REG") "," ORI "}", "msgIden" },
        { "{\"msgIden\":\"urn:other\"," TYPE("REG") "," ORI "}", "msgIden" },
        { "{\"msgIden\":7," TYPE("REG") "," ORI "}", "msgIden" },
        { "{" IDEN "," ORI "}", "msgType" },
        { "{" IDEN ",\"msgType\":1," ORI "}", "msgType" },
        { "{" IDEN "," TYPE("BREGS") "," ORI "}", "msgType" },
        { "{" IDEN "," TYPE("msg") "," ORI "}", "msgType" },
        { "{" IDEN "," TYPE("") "," ORI "}", "msgType" },
        { "{" IDEN "," TYPE("REG") "}", "oriAddr" },
        { "{" IDEN "," TYPE("DEREG") "}", "oriAddr" },
        { "{" IDEN "," TYPE("REG") "," ORI_AS "}", "oriAddr" },
        { "{" IDEN "," TYPE("DEREG") "," ORI_AS "}", "oriAddr" },
        { "{" IDEN "," TYPE("REG") ",\"oriAddr\":\"im:a@x\"}", "oriAddr" },
        { "{" IDEN "," TYPE("REG") ",\"oriAddr\":null}", "oriAddr" },
        { "{" IDEN "," TYPE("MSG") "," ORI "," ID "}", "destAddr" },
        { "{" IDEN "," TYPE("MSG") "," ORI "," DEST "}", "msgId" },
        { "{" IDEN "," TYPE("MSGRESP") "," ORI ",\"DelSta\":\"failure\"}", "msgId" },
        { "{" IDEN "," TYPE("IMDN") "," ORI "," ID ",\"DelSta\":\"success\"}", "destAddr" },
        { IMDN(""), "DelSta" },
    };
    (void)state;
    REFUSE_ALL(cases);
}

#define MSG_ORI(value)  "{" IDEN "," TYPE("MSG") ",\"oriAddr\":" value "," DEST "," ID "}"
#define MSG_DEST(value) "{" IDEN "," TYPE("MSG") "," ORI ",\"destAddr\":" value "," ID "}"

static void addresses(void **state)
{
    static const struct refusal cases[] = {
        { MSG_ORI("{\"oriAddrType\":\"GROUP\",\"addr\":\"im:a@x\"}"), "oriAddr" },
        { MSG_ORI("{\"oriAddrType\":\"ue\",\"addr\":\"im:a@x\"}"), "oriAddr" },
        { MSG_ORI("{\"addrType\":\"UE\",\"addr\":\"im:a@x\"}"), "oriAddr" },
        { MSG_ORI("{\"oriAddrType\":\"UE\"}"), "oriAddr" },
        { MSG_ORI("{\"oriAddrType\":\"UE\",\"addr\":\"\"}"), "oriAddr" },
        { MSG_ORI("{\"oriAddrType\":\"UE\",\"addr\":\"im:a\\n@x\"}"), "oriAddr" },
        { MSG_ORI("{\"oriAddrType\":\"UE\",\"addr\":\"im:a\x7f@x\"}"), "oriAddr" },
        { MSG_ORI("{\"oriAddrType\":\"UE\",\"addr\":[\"im:a@x\"]}"), "oriAddr" },
        { MSG_DEST("{\"destAddrType\":\"PHONE\",\"addr\":\"im:b@x\"}"), "destAddr" },
        { MSG_DEST("{\"oriAddrType\":\"UE\",\"addr\":\"im:b@x\"}"), "destAddr" },
        { MSG_DEST("[{\"destAddrType\":\"UE\",\"addr\":\"im:b@x\"},{\"destAddrType\":\"UE\",\"addr\":\"im:c@x\"}]"),
            "destAddr" },
        { MSG_DEST("{\"destAddrType\":\"UE\",\"addr\":[\"im:b@x\",\"im:c@x\"]}"), "destAddr" },
        { MSG_DEST("{\"destAddrType\":[\"UE\"],\"addr\":\"im:b@x\"}"), "destAddr" },
        { MSG_DEST("{}"), "destAddr" },
        { MSG_DEST("[]"), "destAddr" },
        { "{" IDEN "," TYPE("MSG") "," ORI_AS "," DEST_AS "," ID "}", "destAddr: an AS cannot send to an AS" },
        { "{" IDEN "," TYPE("IMDN") "," ORI_AS "," DEST_AS "," ID ",\"DelSta\":\"success\"}",
            "destAddr: an AS cannot send to an AS" },
        { "{" IDEN "," TYPE("IMDN") "," ORI ",\"destAddr\":{\"destAddrType\":\"GROUP\",\"addr\":\"im:g@x\"}," ID
                                    ",\"DelSta\":\"success\"}",
            "destAddr" },
    };
    char body[512];
    (void)state;
    REFUSE_ALL(cases);
    (void)snprintf(body, sizeof body, MSG_DEST("{\"destAddrType\":\"UE\",\"addr\":\"im:%0253d\"}"), 0);
    refuse(body, strlen(body), MSGIN5G_ERR_MALFORMED, "destAddr");
}

static void members_of_msg(void **state)
{
    static const struct refusal cases[] = {
        { "{" IDEN "," TYPE("MSG") "," ORI "," DEST ",\"msgId\":\"1\"}", "msgId" },
        { "{" IDEN "," TYPE("MSG") "," ORI "," DEST ",\"msgId\":5}", "msgId" },
        { MSG("\"appId\":7"), "appId" },
        { MSG("\"appId\":\"\""), "appId" },
        { MSG("\"appId\":\"\\u0007\""), "appId" },
        { MSG("\"appId\":[]"), "appId" },
        { MSG("\"appId\":[\"a\",1]"), "appId" },
        { MSG("\"appId\":[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]"), "appId" },
        { MSG("\"appId\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
              "\"a\",\"a\"]"),
            "appId" },
        { MSG("\"isDelivStatReq\":\"true\""), "isDelivStatReq" },
        { MSG("\"priority\":\"MIDDLE\""), "priority" },
        { MSG("\"priority\":1"), "priority" },
        { MSG("\"sfFlag\":1"), "sfFlag" },
        { MSG("\"sfFlag\":null"), "sfFlag" },
        { MSG("\"sfParam\":[]"), "sfParam" },
        { MSG("\"sfParam\":{\"appSpecSf\":\"x\"}"), "sfParam" },
        { MSG("\"sfParam\":{\"expireTime\":\"tomorrow\"}"), "sfParam.expireTime" },
        { MSG("\"sfParams\":{\"expireTime\":5}"), "sfParam.expireTime" },
        { MSG("\"sfParam\":{\"appSpecSf\":{\"deliveryTime\":5}}"), "sfParam.appSpecSf.deliveryTime" },
        { MSG("\"payload\":{}"), "payload" },
        { MSG("\"payload\":null"), "payload" },
        { MSG("\"isSegmented\":true"), "segParams" },
        { MSG("\"isSegmented\":\"true\""), "isSegmented" },
        { SEG("{\"segNumb\":1,\"totalSegCount\":1}"), "segParams.segId" },
        { SEG("{\"segId\":\"1\",\"segNumb\":1,\"totalSegCount\":1}"), "segParams.segId" },
        { SEG("[]"), "segParams.segId" },
        { SEG("{" SEG_ID "}"), "segParams.segNumb" },
        { SEG("{" SEG_ID ",\"segNumb\":0}"), "segParams.segNumb" },
        { SEG("{" SEG_ID ",\"segNumb\":1.5}"), "segParams.segNumb" },
        { SEG("{" SEG_ID ",\"segNumb\":1}"), "segParams.totalSegCount" },
        { SEG("{" SEG_ID ",\"segNumb\":2,\"totalSegCount\":-1}"), "segParams.totalSegCount" },
        { SEG("{" SEG_ID ",\"segNumb\":2,\"totalSegCount\":2147483648}"), "segParams.totalSegCount" },
        { SEG("{" SEG_ID ",\"segNumb\":2,\"totalSegCount\":\"3\"}"), "segParams.totalSegCount" },
        { SEG("{" SEG_ID ",\"segNumb\":2,\"lastSegFlag\":\"yes\"}"), "segParams.lastSegFlag" },
        { SEG("{" SEG_ID ",\"segNumb\":2,\"lastSegFlag\":1}"), "segParams.lastSegFlag" },
    };
    (void)state;
    REFUSE_ALL(cases);
}

static void members_of_reports(void **state)
{
    static const struct refusal cases[] = {
        { IMDN(",\"DelSta\":\"Success\""), "DelSta" },
        { IMDN(",\"DelSta\":true"), "DelSta" },
        { IMDN(",\"DelSta\":\"\""), "DelSta" },
        { IMDN(",\"DelSta\":\"stored for deferred delivery\""), "DelSta" },
        { IMDN(",\"DelSta\":\"failure\",\"Cause\":1"), "Cause" },
        { "{" IDEN "," TYPE("MSGRESP") "," ORI "," ID ",\"DelSta\":\"success\"}", "DelSta" },
    };
    (void)state;
    REFUSE_ALL(cases);
}

static void members_of_reg(void **state)
{
    static const struct refusal cases[] = {
        { REG("\"regExpTime\":\"3600\""), "regExpTime" },
        { REG("\"regExpTime\":-1"), "regExpTime" },
        { REG("\"regExpTime\":0.5"), "regExpTime" },
        { REG("\"urgentTag\":0"), "urgentTag" },
        { REG("\"reqExpTime\":-5"), "reqExpTime" },
        { PROFILE("[]"), "cliProfile" },
        { PROFILE("{\"maxSegSize\":63}"), "cliProfile.maxSegSize" },
        { PROFILE("{\"maxSegSize\":2049}"), "cliProfile.maxSegSize" },
        { PROFILE("{\"maxSegSize\":\"512\"}"), "cliProfile.maxSegSize" },
        { TRI("[]"), "cliProfile.triInfo" },
        { TRI("{\"cliPort\":\"1\"}"), "cliProfile.triInfo.ueId" },
        { TRI("{\"ueId\":\"\",\"cliPort\":\"1\"}"), "cliProfile.triInfo.ueId" },
        { TRI("{\"ueId\":\"a\"}"), "cliProfile.triInfo.cliPort" },
        { TRI("{\"ueId\":\"a\",\"cliPort\":1}"), "cliProfile.triInfo.cliPort" },
        { TRI("{\"ueId\":\"a\",\"cliPort\":\"1\",\"cliPorts\":[]}"), "cliProfile.triInfo.cliPort" },
        { TRI("{\"ueId\":\"a\",\"cliPorts\":{}}"), "cliProfile.triInfo.cliPorts" },
        { TRI("{\"ueId\":\"a\",\"cliPorts\":[1]}"), "cliProfile.triInfo.cliPorts" },
        { TRI("{\"ueId\":\"a\",\"cliPorts\":[{\"portNum\":65536,\"Protocol\":\"SMS\"}]}"),
            "cliProfile.triInfo.cliPorts" },
        { TRI("{\"ueId\":\"a\",\"cliPorts\":[{\"portNum\":1,\"Protocol\":\"sms\"}]}"), "cliProfile.triInfo.cliPorts" },
        { TRI("{\"ueId\":\"a\",\"cliPorts\":[{\"portNum\":1}]}"), "cliProfile.triInfo.cliPorts" },
        { AVAIL("1"), "cliProfile.comAvail" },
        { AVAIL("{\"durTime\":1}"), "cliProfile.comAvail.schTime" },
        { AVAIL("{\"schTime\":\"now\",\"durTime\":1}"), "cliProfile.comAvail.schTime" },
        { AVAIL("{" SCH "}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"P\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"PT\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"P1DT\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"P1\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"P1H\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"P1D2M\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":\"PT1.S\"}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":-1}"), "cliProfile.comAvail.durTime" },
        { AVAIL("{" SCH ",\"durTime\":1,\"periIndi\":\"yes\"}"), "cliProfile.comAvail.periIndi" },
        { AVAIL("{" SCH ",\"durTime\":1,\"periIndi\":true}"), "cliProfile.comAvail.periInterval" },
        { AVAIL("{" SCH ",\"durTime\":1,\"periInterval\":[]}"), "cliProfile.comAvail.periInterval" },
        { AVAIL("{" SCH ",\"durTime\":1,\"dataSize\":5}"), "cliProfile.comAvail.dataSize" },
        { AVAIL("{" SCH ",\"durTime\":1,\"storeForward\":true}"), "cliProfile.comAvail.storeForward" },
    };
    (void)state;
    REFUSE_ALL(cases);
}

static void payload_over_the_limit(void **state)
{
    static char body[MSGIN5G_MESSAGE_MAX];
    char payload[MSGIN5G_PAYLOAD_MAX + 2];
    (void)state;
    memset(payload, 'x', sizeof payload);
    payload[MSGIN5G_PAYLOAD_MAX + 1] = '\0';
    (void)snprintf(body, sizeof body, MSG("\"payload\":\"%s\""), payload);
    refuse(body, strlen(body), MSGIN5G_ERR_PAYLOAD_TOO_LARGE, "payload");
    payload[MSGIN5G_PAYLOAD_MAX] = '\0'; /* 2047 and one character of two octets */
    (void)snprintf(body, sizeof body, MSG("\"payload\":\"\\u00e9%s\""), payload + 1);
    refuse(body, strlen(body), MSGIN5G_ERR_PAYLOAD_TOO_LARGE, "payload");
}

static struct msgin5g_message partial_of(const char *body, enum msgin5g_err expected)
{
    struct msgin5g_message message;
    struct msgin5g_message partial;
    assert_int_equal(msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, &partial, NULL), expected);
    return partial;
}

#define assert_str(actual, text) assert_true(msgin5g_str_equal(actual, msgin5g_str(text)))

/* What MSGRESP needs is found whatever is wrong elsewhere (digest 2.4). */
static void partial_message(void **state)
{
    static const char *const readable[] = {
        MSG("\"payload\":5"),
        MSG("\"priority\":\"MIDDLE\""),
        "{" TYPE("MSG") "," ORI "," DEST "," ID "}",
        "{" IDEN "," TYPE("MSG") "," ORI "," ID "}",
    };
    struct msgin5g_message partial;
    (void)state;
    for (size_t i = 0; i < sizeof readable / sizeof readable[0]; i++) {
        partial = partial_of(readable[i], MSGIN5G_ERR_MALFORMED);
        assert_int_equal(partial.type, MSGIN5G_TYPE_MSG);
        assert_int_equal(partial.ori.type, MSGIN5G_ADDR_UE);
        assert_str(partial.ori.addr, "im:a@x");
        assert_str(partial.msg_id, "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f");
        msgin5g_message_free(&partial);
    }
    partial = partial_of("{" IDEN "," TYPE("SMS") "," ORI "," ID "}", MSGIN5G_ERR_MALFORMED);
    assert_int_equal(partial.type, MSGIN5G_TYPE_COUNT);
    assert_str(partial.ori.addr, "im:a@x");
    msgin5g_message_free(&partial);
    partial = partial_of("{" IDEN "," TYPE("MSG") ",\"oriAddr\":1,\"msgId\":\"1\"}", MSGIN5G_ERR_MALFORMED);
    assert_int_equal(partial.ori.addr.length, 0);
    assert_int_equal(partial.msg_id.length, 0);
    msgin5g_message_free(&partial);
    partial = partial_of("{" IDEN "," ORI "," ORI "}", MSGIN5G_ERR_MALFORMED);
    assert_int_equal(partial.type, MSGIN5G_TYPE_COUNT);
    assert_int_equal(partial.ori.addr.length, 0);
    assert_null(partial.storage);
    msgin5g_message_free(&partial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_json),
        cmocka_unit_test(not_utf8),
        cmocka_unit_test(limits_of_the_text),
        cmocka_unit_test(duplicates),
        cmocka_unit_test(nul_outside_of_the_payload),
        cmocka_unit_test(mandatory_members),
        cmocka_unit_test(addresses),
        cmocka_unit_test(members_of_msg),
        cmocka_unit_test(members_of_reports),
        cmocka_unit_test(members_of_reg),
        cmocka_unit_test(payload_over_the_limit),
        cmocka_unit_test(partial_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
