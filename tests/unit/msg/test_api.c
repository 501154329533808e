/* Bodies of TS 29.538: the worked examples both ways, and every refusal with the member it names. */
#include "msg/api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define UUID "66666666-6666-4666-8666-666666666666"

static const char as_message[] =
    "{\"oriAddr\":{\"addrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},"
    "\"destAddr\":{\"addrType\":\"UE\",\"addr\":\"im:valve-0002@iot.example\"},\"msgId\":\"" UUID "\","
    "\"stoAndFwInd\":true,\"stoAndFwParams\":{\"exprTime\":\"2026-03-01T12:00:00Z\"},\"appId\":\"valvectl\","
    "\"delivStReqInd\":true,\"priority\":\"LOW\",\"latency\":500,\"notiUrl\":\"https://as.example/later\","
    "\"payload\":\"close\"}";

static void assert_text(struct msgin5g_str actual, const char *expected)
{
    assert_int_equal(actual.length, strlen(expected));
    assert_memory_equal(actual.octets, expected, actual.length);
}

static void test_as_message_both_ways(void **state)
{
    struct api_message message;
    struct api_problem problem;
    uint8_t out[1024];
    size_t length;
    (void)state;
    assert_int_equal(api_message_decode(API_MESSAGE_AS, msgin5g_str(as_message), &message, &problem), MSGIN5G_OK);
    assert_int_equal(message.message.type, MSGIN5G_TYPE_MSG);
    assert_int_equal(message.message.ori.type, MSGIN5G_ADDR_AS);
    assert_text(message.message.ori.addr, "im:scada@iot.example");
    assert_int_equal(message.message.dest.type, MSGIN5G_ADDR_UE);
    assert_true(message.message.store_forward);
    assert_int_equal(message.message.expire_time_s, 1772366400);
    assert_true(message.message.report_requested);
    assert_int_equal(message.message.priority, MSGIN5G_PRIORITY_LOW);
    assert_int_equal(message.latency_ms, 500);
    assert_text(message.notification_url, "https://as.example/later");
    assert_text(message.message.payload, "close");
    assert_int_equal(api_message_encode(API_MESSAGE_AS, &message, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof as_message - 1);
    assert_memory_equal(out, as_message, length);
    api_message_free(&message);
}

/* Towards gateways and AS nothing of the handling goes along (9.1.5.2.2). */
static void test_gateway_message_is_without_handling(void **state)
{
    static const char expected[] =
        "{\"oriAddr\":{\"addrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},"
        "\"destAddr\":{\"addrType\":\"UE\",\"addr\":\"im:valve-0002@iot.example\"},\"msgId\":\"" UUID "\","
        "\"appId\":\"valvectl\",\"delivStReqInd\":true,\"payload\":\"close\"}";
    struct api_message message;
    struct api_problem problem;
    uint8_t out[1024];
    size_t length;
    (void)state;
    assert_int_equal(api_message_decode(API_MESSAGE_AS, msgin5g_str(as_message), &message, &problem), MSGIN5G_OK);
    assert_int_equal(api_message_encode(API_MESSAGE_GATEWAY, &message, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof expected - 1);
    assert_memory_equal(out, expected, length);
    assert_int_equal(
        api_message_encode(API_MESSAGE_GATEWAY, &message, out, 40, &length), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    api_message_free(&message);
}

/* lastSegFlag is a boolean here (section 11 row 3 of the MSGin5G digest). */
static void test_segment(void **state)
{
    static const char body[] =
        "{\"oriAddr\":{\"addrType\":\"UE\",\"addr\":\"im:a@x\"},\"destAddr\":{\"addrType\":\"AS\",\"addr\":\"im:b@x\"},"
        "\"msgId\":\"" UUID "\",\"stoAndFwInd\":false,\"segInd\":true,"
        "\"segParams\":{\"segId\":\"" UUID
        "\",\"totalSegCount\":3,\"segNumb\":3,\"lastSegFlag\":true},\"payload\":\"C\"}";
    struct api_message message;
    struct api_problem problem;
    uint8_t out[1024];
    size_t length;
    (void)state;
    assert_int_equal(api_message_decode(API_MESSAGE_UE, msgin5g_str(body), &message, &problem), MSGIN5G_OK);
    assert_true(message.message.segmented);
    assert_int_equal(message.message.segment.total, 3);
    assert_int_equal(message.message.segment.number, 3);
    assert_true(message.message.segment.last);
    assert_int_equal(api_message_encode(API_MESSAGE_UE, &message, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof body - 1);
    assert_memory_equal(out, body, length);
    api_message_free(&message);
}

static void test_payload_with_nul_keeps_its_length(void **state)
{
    static const char body[] =
        "{\"oriAddr\":{\"addrType\":\"UE\",\"addr\":\"im:a@x\"},\"destAddr\":{\"addrType\":\"AS\",\"addr\":\"im:b@x\"},"
        "\"msgId\":\"" UUID "\",\"stoAndFwInd\":false,\"payload\":\"a\\u0000b\"}";
    struct api_message message;
    struct api_problem problem;
    (void)state;
    assert_int_equal(api_message_decode(API_MESSAGE_UE, msgin5g_str(body), &message, &problem), MSGIN5G_OK);
    assert_int_equal(message.message.payload.length, 3);
    assert_memory_equal(message.message.payload.octets, "a\0b", 3);
    api_message_free(&message);
}

struct refusal {
    enum api_message_kind kind;
    const char *replace, *by; /* in as_message */
    const char *member;
};

static const struct refusal refusals[] = {
    { API_MESSAGE_AS, "\"msgId\":\"" UUID "\",", "", "/msgId" },
    { API_MESSAGE_AS, UUID, "7", "/msgId" },
    { API_MESSAGE_AS, "\"addrType\":\"AS\"", "\"addrType\":\"UE\"", "/oriAddr/addrType" },
    { API_MESSAGE_AS, "\"addrType\":\"AS\"", "\"addrType\":\"XX\"", "/oriAddr" },
    { API_MESSAGE_AS, "\"addrType\":\"UE\"", "\"addrType\":\"AS\"", "/destAddr/addrType" },
    { API_MESSAGE_AS, "\"addr\":\"im:valve-0002@iot.example\"", "\"addr\":7", "/destAddr" },
    { API_MESSAGE_UE, "", "", "/oriAddr/addrType" },
    { API_MESSAGE_BROADCAST, "", "", "/destAddr/addrType" },
    { API_MESSAGE_AS, "\"stoAndFwInd\":true,", "", "/stoAndFwInd" },
    { API_MESSAGE_AS, "\"stoAndFwInd\":true,", "\"stoAndFwInd\":\"true\",", "/stoAndFwInd" },
    { API_MESSAGE_AS, "2026-03-01T12:00:00Z", "soon", "/stoAndFwParams/exprTime" },
    { API_MESSAGE_AS, "\"priority\":\"LOW\"", "\"priority\":\"NORMAL\"", "/priority" },
    { API_MESSAGE_AS, "\"latency\":500", "\"latency\":-1", "/latency" },
    { API_MESSAGE_AS, "\"latency\":500", "\"latency\":0.5", "/latency" },
    { API_MESSAGE_AS, "\"delivStReqInd\":true", "\"delivStReqInd\":1", "/delivStReqInd" },
    { API_MESSAGE_AS, "\"payload\":\"close\"", "\"payload\":{}", "/payload" },
    { API_MESSAGE_AS, "\"payload\":\"close\"", "\"segInd\":true", "/segParams" },
    { API_MESSAGE_AS, "\"payload\":\"close\"", "\"segInd\":true,\"segParams\":{\"segNumb\":1}", "/segParams/segId" },
    { API_MESSAGE_AS, "\"payload\":\"close\"", "\"segInd\":true,\"segParams\":{\"segId\":\"" UUID "\",\"segNumb\":1}",
        "/segParams/totalSegCount" },
    { API_MESSAGE_AS, "\"appId\":\"valvectl\"", "\"appId\":\"a\\u0000\"", "" },
    { API_MESSAGE_AS, "\"appId\":\"valvectl\"", "\"payload\":\"1\"", "" }, /* twice */
    { API_MESSAGE_AS, "\"payload\":\"close\"}", "\"payload\":\"close\"", "" },
};

static void test_refusals_name_the_member(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof refusals / sizeof refusals[0]; i++) {
        const struct refusal *row = &refusals[i];
        struct api_message message;
        struct api_problem problem = { NULL, NULL };
        char body[sizeof as_message + 128];
        const char *at = strstr(as_message, row->replace);
        assert_non_null(at);
        (void)snprintf(
            body, sizeof body, "%.*s%s%s", (int)(at - as_message), as_message, row->by, at + strlen(row->replace));
        if (api_message_decode(row->kind, msgin5g_str(body), &message, &problem) != MSGIN5G_ERR_MALFORMED)
            fail_msg("row %zu was taken", i);
        if (strcmp(problem.member, row->member) != 0 || problem.reason == NULL)
            fail_msg("row %zu names \"%s\" (%s)", i, problem.member, problem.reason);
    }
}

static void test_too_long(void **state)
{
    static char body[API_BODY_MAX + 2];
    char payload[MSGIN5G_PAYLOAD_MAX + 2];
    struct api_message message;
    struct api_problem problem;
    (void)state;
    memset(payload, 'x', sizeof payload - 1);
    payload[sizeof payload - 1] = '\0';
    (void)snprintf(body, sizeof body,
        "{\"oriAddr\":{\"addrType\":\"UE\",\"addr\":\"im:a@x\"},\"destAddr\":{\"addrType\":\"AS\",\"addr\":\"im:b@x\"},"
        "\"msgId\":\"" UUID "\",\"stoAndFwInd\":false,\"payload\":\"%s\"}",
        payload);
    assert_int_equal(
        api_message_decode(API_MESSAGE_UE, msgin5g_str(body), &message, &problem), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_string_equal(problem.member, "/payload");
    memset(body, ' ', sizeof body - 1);
    assert_int_equal(
        api_message_decode(API_MESSAGE_UE, msgin5g_str(body), &message, &problem), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_string_equal(problem.member, "");
}

static void test_report_both_ways(void **state)
{
    static const char success[] = "{\"oriAddr\":{\"addrType\":\"UE\",\"addr\":\"im:valve-0002@iot.example\"},"
                                  "\"destAddr\":{\"addrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},"
                                  "\"msgId\":\"" UUID "\",\"delivSt\":\"REPT_DELY_SUCCESS\"}";
    static const char failure[] = "{\"oriAddr\":{\"addrType\":\"UE\",\"addr\":\"im:valve-0002@iot.example\"},"
                                  "\"destAddr\":{\"addrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},"
                                  "\"msgId\":\"" UUID "\",\"delivSt\":\"REPT_DELY_FAILED\",\"failureCause\":\"NO\"}";
    const char *const bodies[] = { success, failure };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct api_report report;
        struct api_problem problem;
        uint8_t out[512];
        size_t length;
        assert_int_equal(api_report_decode(msgin5g_str(bodies[i]), &report, &problem), MSGIN5G_OK);
        assert_int_equal(report.message.type, MSGIN5G_TYPE_IMDN);
        assert_int_equal(report.message.delivery_status, i == 0 ? MSGIN5G_DELIVERY_SUCCESS : MSGIN5G_DELIVERY_FAILURE);
        assert_int_equal(api_report_encode(&report.message, out, sizeof out, &length), MSGIN5G_OK);
        assert_int_equal(length, strlen(bodies[i]));
        assert_memory_equal(out, bodies[i], length);
        api_report_free(&report);
    }
}

static void test_report_refused(void **state)
{
    static const char *const bodies[][2] = {
        { "{\"destAddr\":{\"addrType\":\"AS\",\"addr\":\"im:b@x\"},\"msgId\":\"" UUID
          "\",\"delivSt\":\"REPT_DELY_SUCCESS\"}",
            "/oriAddr" },
        { "{\"oriAddr\":{\"addrType\":\"UE\",\"addr\":\"im:a@x\"},\"destAddr\":{\"addrType\":\"GROUP\",\"addr\":"
          "\"im:b@x\"},\"msgId\":\"" UUID "\",\"delivSt\":\"REPT_DELY_SUCCESS\"}",
            "/destAddr" },
        { "{\"oriAddr\":{\"addrType\":\"UE\",\"addr\":\"im:a@x\"},\"destAddr\":{\"addrType\":\"AS\",\"addr\":"
          "\"im:b@x\"},\"msgId\":\"" UUID "\",\"delivSt\":\"success\"}",
            "/delivSt" },
        { "[]", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct api_report report;
        struct api_problem problem;
        assert_int_equal(api_report_decode(msgin5g_str(bodies[i][0]), &report, &problem), MSGIN5G_ERR_MALFORMED);
        assert_string_equal(problem.member, bodies[i][1]);
    }
}

static void test_ack_both_ways(void **state)
{
    static const char *const bodies[] = {
        "{\"oriAddr\":{\"addrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},\"msgId\":\"" UUID "\"}",
        "{\"oriAddr\":{\"addrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},\"msgId\":\"" UUID
        "\",\"status\":\"DELY_STORED\"}",
        "{\"oriAddr\":{\"addrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},\"msgId\":\"" UUID
        "\",\"status\":\"DELY_FAILED\",\"failureCause\":\"EXPIRED\"}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct api_ack ack;
        struct api_problem problem;
        uint8_t out[512];
        size_t length;
        assert_int_equal(api_ack_decode(msgin5g_str(bodies[i]), &ack, &problem), MSGIN5G_OK);
        assert_int_equal(api_ack_encode(&ack, out, sizeof out, &length), MSGIN5G_OK);
        assert_int_equal(length, strlen(bodies[i]));
        assert_memory_equal(out, bodies[i], length);
        api_ack_free(&ack);
    }
}

static void test_as_registration(void **state)
{
    static const char body[] =
        "{\"asSvcId\":\"im:scada@iot.example\",\"appId\":\"scada\",\"targetUri\":\"https://as.example/msgin5g\","
        "\"asProf\":{\"appName\":\"SCADA\",\"appSenarios\":[\"pumping\"]},\"reqExprTime\":\"2026-03-01T12:00:00Z\","
        "\"exGroupList\":[\"im:g1@x\",\"im:g2@x\"],\"later\":{}}";
    struct api_as_registration registration;
    struct api_problem problem;
    (void)state;
    assert_int_equal(api_as_registration_decode(msgin5g_str(body), &registration, &problem), MSGIN5G_OK);
    assert_text(registration.as_service_id, "im:scada@iot.example");
    assert_text(registration.app_id, "scada");
    assert_text(registration.target_uri, "https://as.example/msgin5g");
    assert_text(registration.app_name, "SCADA");
    assert_int_equal(registration.expiry_s, 1772366400);
    assert_int_equal(registration.group_count, 2);
    assert_text(registration.groups[1], "im:g2@x");
    api_as_registration_free(&registration);
}

static void test_as_registration_refused(void **state)
{
    static const char *const bodies[][2] = {
        { "{}", "/asSvcId" },
        { "{\"asSvcId\":\"\"}", "/asSvcId" },
        { "{\"asSvcId\":\"im:a@x\",\"targetUri\":\"file:///etc/passwd\"}", "/targetUri" },
        { "{\"asSvcId\":\"im:a@x\",\"targetUri\":7}", "/targetUri" },
        { "{\"asSvcId\":\"im:a@x\",\"asProf\":[]}", "/asProf" },
        { "{\"asSvcId\":\"im:a@x\",\"asProf\":{\"appSenarios\":[]}}", "/asProf/appSenarios" },
        { "{\"asSvcId\":\"im:a@x\",\"asProf\":{\"appProviders\":[7]}}", "/asProf/appProviders" },
        { "{\"asSvcId\":\"im:a@x\",\"reqExprTime\":\"never\"}", "/reqExprTime" },
        { "{\"asSvcId\":\"im:a@x\",\"exGroupList\":[]}", "/exGroupList" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct api_as_registration registration;
        struct api_problem problem;
        assert_int_equal(
            api_as_registration_decode(msgin5g_str(bodies[i][0]), &registration, &problem), MSGIN5G_ERR_MALFORMED);
        assert_string_equal(problem.member, bodies[i][1]);
    }
}

static void test_as_registration_ack(void **state)
{
    static const char expected[] = "{\"asSvcId\":\"im:a@x\",\"result\":{\"title\":\"Created\",\"status\":201},"
                                   "\"regExprTime\":\"2026-03-01T12:00:00Z\"}";
    uint8_t out[256];
    size_t length;
    (void)state;
    assert_int_equal(
        api_as_registration_ack_encode(msgin5g_str("im:a@x"), 201, "Created", 1772366400, out, sizeof out, &length),
        MSGIN5G_OK);
    assert_int_equal(length, sizeof expected - 1);
    assert_memory_equal(out, expected, length);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_as_message_both_ways),
        cmocka_unit_test(test_gateway_message_is_without_handling),
        cmocka_unit_test(test_segment),
        cmocka_unit_test(test_payload_with_nul_keeps_its_length),
        cmocka_unit_test(test_refusals_name_the_member),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_report_both_ways),
        cmocka_unit_test(test_report_refused),
        cmocka_unit_test(test_ack_both_ways),
        cmocka_unit_test(test_as_registration),
        cmocka_unit_test(test_as_registration_refused),
        cmocka_unit_test(test_as_registration_ack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
