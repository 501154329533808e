/* Bodies that are accepted: the worked examples of TS 24.538 clause 7 and the tolerances around them. */
#include "msgin5g/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(type) "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"" type "\","
#define ORI(name)  "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"" name "\"}"
#define DEST(name) "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"" name "\"}"
#define METER      "im:meter-0001@iot.example"
#define VALVE      "im:valve-0002@iot.example"
#define ID         "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"
#define SET_ID     "b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d"
#define MSG_HEAD   HEAD("MSG") ORI(METER) "," DEST(VALVE) ",\"msgId\":\"" ID "\""

#define assert_str(actual, text) assert_true(msgin5g_str_equal(actual, msgin5g_str(text)))

static struct msgin5g_message decode(const char *body)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    struct msgin5g_message partial;
    const char *detail = NULL;
    enum msgin5g_err err = msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, &partial, &detail);
    if (err != MSGIN5G_OK)
        fail_msg("%s refused: %s", body, detail);
    assert_string_equal(detail, "");
    assert_int_equal(partial.type, MSGIN5G_TYPE_COUNT);
    assert_null(partial.storage);
    return message;
}

/* E1 */
static void registration_with_profile(void **state)
{
    struct msgin5g_message m = decode(HEAD("REG") ORI(
        METER) ",\"regExpTime\":3600,"
               "\"cliProfile\":{\"maxSegSize\":512,"
               "\"triInfo\":{\"ueId\":\"tel:+861380000001\",\"cliPorts\":[{\"portNum\":49200,\"Protocol\":\"SMS\"}]},"
               "\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00Z\",\"durTime\":\"PT10M\",\"periIndi\":true,"
               "\"periInterval\":\"PT1H\"}}}");
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_REG);
    assert_int_equal(m.ori.type, MSGIN5G_ADDR_UE);
    assert_str(m.ori.addr, METER);
    assert_int_equal(m.reg_exp_time_s, 3600);
    msgin5g_message_free(&m);
    assert_null(m.storage);
    msgin5g_message_free(&m);
}

static void registration_time_is_optional_and_may_be_huge(void **state)
{
    struct msgin5g_message m = decode(HEAD("REG") ORI(METER) "}");
    (void)state;
    assert_int_equal(m.reg_exp_time_s, MSGIN5G_REG_EXP_TIME_NONE);
    msgin5g_message_free(&m);
    m = decode(HEAD("REG") ORI(METER) ",\"regExpTime\":99999999999999999999999999999999999999}");
    assert_int_equal(m.reg_exp_time_s, INT64_C(1) << 53);
    msgin5g_message_free(&m);
    m = decode(HEAD("REG") ORI(METER) ",\"regExpTime\":3.6e3,\"urgentTag\":false,\"reqExpTime\":30}");
    assert_int_equal(m.reg_exp_time_s, 3600);
    msgin5g_message_free(&m);
}

/* E15 */
static void deregistration(void **state)
{
    struct msgin5g_message m = decode(HEAD("DEREG") ORI(METER) "}");
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_DEREG);
    assert_str(m.ori.addr, METER);
    msgin5g_message_free(&m);
}

/* E4 */
static void message_with_report_and_store_and_forward(void **state)
{
    struct msgin5g_message m =
        decode(MSG_HEAD ",\"appId\":\"valvectl\",\"isDelivStatReq\":true,\"priority\":\"HIGH\","
                        "\"sfFlag\":true,\"sfParam\":{\"expireTime\":\"2026-03-01T12:00:00Z\",\"appSpecSf\":{\"x\":1}},"
                        "\"payload\":\"{\\\"cmd\\\":\\\"open\\\"}\"}");
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_MSG);
    assert_str(m.ori.addr, METER);
    assert_int_equal(m.dest.type, MSGIN5G_ADDR_UE);
    assert_str(m.dest.addr, VALVE);
    assert_str(m.msg_id, ID);
    assert_str(m.app_id, "valvectl");
    assert_int_equal(m.app_id_count, 0);
    assert_true(m.report_requested);
    assert_int_equal(m.priority, MSGIN5G_PRIORITY_HIGH);
    assert_true(m.store_forward);
    assert_int_equal(m.expire_time_s, 1772366400);
    assert_str(m.payload, "{\"cmd\":\"open\"}");
    assert_false(m.delivery_copy);
    msgin5g_message_free(&m);
}

static void message_defaults(void **state)
{
    struct msgin5g_message m = decode(MSG_HEAD "}");
    (void)state;
    assert_null(m.payload.octets);
    assert_null(m.app_id.octets);
    assert_false(m.report_requested);
    assert_false(m.store_forward);
    assert_false(m.segmented);
    assert_int_equal(m.priority, MSGIN5G_PRIORITY_NORMAL);
    assert_int_equal(m.expire_time_s, 0);
    msgin5g_message_free(&m);
    m = decode(MSG_HEAD ",\"payload\":\"\",\"priority\":\"LOW\"}");
    assert_non_null(m.payload.octets);
    assert_int_equal(m.payload.length, 0);
    assert_int_equal(m.priority, MSGIN5G_PRIORITY_LOW);
    msgin5g_message_free(&m);
}

static void both_spellings_of_sf_param(void **state)
{
    struct msgin5g_message m =
        decode(MSG_HEAD ",\"sfFlag\":true,\"sfParams\":{\"expireTime\":\"1960-01-01T00:00:00Z\"}}");
    (void)state;
    assert_int_equal(m.expire_time_s, 1); /* long past is not absent */
    msgin5g_message_free(&m);
    m = decode(MSG_HEAD ",\"sfFlag\":true,\"sfParam\":{\"expireTime\":\"9999-12-31T23:59:59-12:00\"}}");
    assert_int_equal(m.expire_time_s, INT64_C(253402300799));
    msgin5g_message_free(&m);
    m = decode(MSG_HEAD ",\"sfFlag\":false,\"sfParam\":{\"expireTime\":\"2026-03-01T12:00:00Z\"}}");
    assert_int_equal(m.expire_time_s, 0);
    msgin5g_message_free(&m);
}

/* EC-25 */
static void several_application_ids(void **state)
{
    struct msgin5g_message m = decode(MSG_HEAD ",\"appId\":[\"one\",\"two\",\"three\"]}");
    (void)state;
    assert_int_equal(m.app_id_count, 3);
    assert_str(m.app_id, "one");
    assert_str(m.app_ids[0], "one");
    assert_str(m.app_ids[1], "two");
    assert_str(m.app_ids[2], "three");
    msgin5g_message_free(&m);
    m = decode(MSG_HEAD ",\"appId\":[\"one\"]}");
    assert_str(m.app_id, "one");
    assert_int_equal(m.app_id_count, 0);
    assert_null(m.app_ids);
    msgin5g_message_free(&m);
}

/* E8 */
static void segments(void **state)
{
    struct msgin5g_message m = decode(MSG_HEAD ",\"isSegmented\":true,\"segParams\":{\"segId\":\"" SET_ID
                                               "\",\"totalSegCount\":3,\"segNumb\":3,\"lastSegFlag\":\"true\"}}");
    (void)state;
    assert_true(m.segmented);
    assert_str(m.segment.set_id, SET_ID);
    assert_int_equal(m.segment.total, 3);
    assert_int_equal(m.segment.number, 3);
    assert_true(m.segment.last);
    msgin5g_message_free(&m);
    m = decode(MSG_HEAD ",\"segParams\":{\"segNumb\":2,\"segId\":\"" SET_ID "\",\"lastSegFlag\":true},"
                        "\"isSegmented\":true}");
    assert_int_equal(m.segment.total, 0);
    assert_true(m.segment.last);
    msgin5g_message_free(&m);
    m = decode(MSG_HEAD ",\"isSegmented\":false,\"segParams\":{\"segNumb\":2,\"segId\":\"" SET_ID "\"}}");
    assert_false(m.segmented);
    assert_int_equal(m.segment.number, 0);
    msgin5g_message_free(&m);
}

/* E5, E6, E7 */
static void reports_and_responses(void **state)
{
    struct msgin5g_message m =
        decode(HEAD("IMDN") ORI(VALVE) "," DEST(METER) ",\"msgId\":\"" ID "\",\"DelSta\":\"success\"}");
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_IMDN);
    assert_int_equal(m.delivery_status, MSGIN5G_DELIVERY_SUCCESS);
    assert_str(m.dest.addr, METER);
    msgin5g_message_free(&m);
    m = decode(HEAD("MSGRESP") ORI(METER) ",\"msgId\":\"" ID "\",\"DelSta\":\"stored for deferred delivery\"}");
    assert_int_equal(m.type, MSGIN5G_TYPE_MSGRESP);
    assert_int_equal(m.delivery_status, MSGIN5G_DELIVERY_STORED);
    assert_str(m.msg_id, ID);
    msgin5g_message_free(&m);
    m = decode(HEAD("MSGRESP") ORI(METER) ",\"msgId\":\"" ID "\",\"DelSta\":\"failure\","
                                          "\"Cause\":\"RECIPIENT_UNAVAILABLE\"}");
    assert_int_equal(m.delivery_status, MSGIN5G_DELIVERY_FAILURE);
    assert_str(m.cause, "RECIPIENT_UNAVAILABLE");
    msgin5g_message_free(&m);
    m = decode(HEAD("MSGRESP") ORI(METER) ",\"msgId\":\"" ID "\"}");
    assert_int_equal(m.delivery_status, MSGIN5G_DELIVERY_NONE);
    msgin5g_message_free(&m);
}

static void every_destination_type(void **state)
{
    static const char *const names[] = { "UE", "AS", "GROUP", "BC", "TOPIC" };
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
            HEAD("MSG") ORI(METER) ",\"destAddr\":{\"destAddrType\":\"%s\",\"addr\":\"area 51\"},\"msgId\":\"" ID "\"}",
            names[i]);
        struct msgin5g_message m = decode(body);
        assert_int_equal(m.dest.type, i);
        assert_string_equal(msgin5g_addr_type_text(m.dest.type), names[i]);
        assert_str(m.dest.addr, "area 51");
        msgin5g_message_free(&m);
    }
}

/* Unknown members, white space, order and escapes change nothing (digest 10.3, EC-24). */
static void tolerances(void **state)
{
    struct msgin5g_message m =
        decode(" \t\r\n{ \"payload\" : \"\\u0061\\u00e9\\ud83d\\ude00\\/\\b\\f\\n\\r\\t\\\\\" ,\n"
               "\"secCred\":{\"a\":[1,-2.5e-7,0,null,true,{}],\"oriAddr\":[[]]}, \"msgId\":\"" ID "\","
               "\"\\u006dsgType\":\"M\\u0053G\",\"DelSta\":7,\"cliProfile\":[],\"msgtype\":\"REG\"," ORI(
                   METER) "," DEST(VALVE) ",\"msgIden\":\"urn:3gpp:msgin5g\" } \n");
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_MSG);
    assert_str(m.payload, "a\xC3\xA9\xF0\x9F\x98\x80/\b\f\n\r\t\\");
    msgin5g_message_free(&m);
}

static void payload_may_hold_nul(void **state)
{
    struct msgin5g_message m = decode(MSG_HEAD ",\"payload\":\"a\\u0000\\u00e9\xE2\x82\xAC\\ud83d\\ude00\\\"\"}");
    static const char expected[] = "a\0\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\"";
    (void)state;
    assert_int_equal(m.payload.length, sizeof expected - 1);
    assert_memory_equal(m.payload.octets, expected, sizeof expected - 1);
    msgin5g_message_free(&m);
}

static void payload_up_to_the_limit(void **state)
{
    static char body[MSGIN5G_MESSAGE_MAX + 1];
    char payload[MSGIN5G_PAYLOAD_MAX + 1];
    (void)state;
    memset(payload, 'x', MSGIN5G_PAYLOAD_MAX);
    payload[MSGIN5G_PAYLOAD_MAX] = '\0';
    (void)snprintf(body, sizeof body, MSG_HEAD ",\"payload\":\"%s\"}", payload);
    struct msgin5g_message m = decode(body);
    assert_int_equal(m.payload.length, MSGIN5G_PAYLOAD_MAX);
    msgin5g_message_free(&m);
}

static void nesting_up_to_the_limit(void **state)
{
    struct msgin5g_message m = decode(MSG_HEAD ",\"x\":[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]}");
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_MSG);
    msgin5g_message_free(&m);
}

static void profile_variants(void **state)
{
    static const char *const profiles[] = {
        "{}",
        "{\"maxSegSize\":64}",
        "{\"maxSegSize\":2048}",
        "{\"triInfo\":{\"ueId\":\"a@b\",\"cliPort\":\"5000\"}}",
        "{\"triInfo\":{\"ueId\":\"a@b\",\"cliPorts\":[{\"portNum\":0,\"protocol\":\"NIDD\"},"
        "{\"portNum\":65535,\"Protocol\":\"OTHER\"}]}}",
        "{\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00Z\",\"durTime\":600}}",
        "{\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00+08:00\",\"durTime\":\"600\",\"periIndi\":false}}",
        "{\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00Z\",\"durTime\":\"2026-03-01T01:00:00Z\"}}",
        "{\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00Z\",\"durTime\":\"P1Y2M3W4DT5H6M7.5S\",\"dataSize\":\"10\","
        "\"storeForward\":\"OPTOUT\"}}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
        char body[1024];
        (void)snprintf(body, sizeof body, HEAD("REG") ORI(METER) ",\"cliProfile\":%s}", profiles[i]);
        struct msgin5g_message m = decode(body);
        assert_int_equal(m.type, MSGIN5G_TYPE_REG);
        msgin5g_message_free(&m);
    }
}

/* EC-13: every form of a duration, from 2026-03-01T00:00:00Z on. */
static void availability_is_read(void **state)
{
    static const struct {
        const char *duration;
        int64_t seconds;
    } cases[] = {
        { "600", 600 },
        { "\"600\"", 600 },
        { "\"PT10M\"", 600 },
        { "\"P1Y2M3W4DT5H6M7S\"", 365 * 86400 + 60 * 86400 + 21 * 86400 + 4 * 86400 + 5 * 3600 + 6 * 60 + 7 },
        { "\"PT0.5H\"", 1800 },
        { "\"PT1,25S\"", 1 },
        { "\"2026-03-01T00:10:00Z\"", 600 },
        { "\"2026-02-01T00:00:00Z\"", 0 },
        { "0", 0 },
        { "\"P99999999999999999999Y\"", INT64_C(3155760000) },
        { "\"99999999999999999999\"", INT64_C(3155760000) },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
            HEAD("REG") ORI(METER) ",\"cliProfile\":{\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00Z\",\"durTime\":%s,"
                                   "\"periIndi\":true,\"periInterval\":%s,\"storeForward\":\"OPTOUT\"}}}",
            cases[i].duration, cases[i].duration);
        struct msgin5g_message m = decode(body);
        assert_true(m.availability.known);
        assert_int_equal(m.availability.start_s, 1772323200);
        assert_int_equal(m.availability.length_s, cases[i].seconds);
        assert_int_equal(m.availability.period_s, cases[i].seconds);
        assert_true(m.availability.opted_out);
        msgin5g_message_free(&m);
    }
}

static void opting_out_takes_more_than_a_member(void **state)
{
    static const struct {
        const char *value;
        bool opted_out;
    } cases[] = { { "", false }, { "false", false }, { "0", false }, { "OPTOUT", true }, { "true", true } };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[512];
        (void)snprintf(body, sizeof body,
            HEAD("REG") ORI(METER) ",\"cliProfile\":{\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00Z\",\"durTime\":1,"
                                   "\"periInterval\":5,\"storeForward\":\"%s\"}}}",
            cases[i].value);
        struct msgin5g_message m = decode(body);
        assert_int_equal(m.availability.opted_out, cases[i].opted_out);
        assert_int_equal(m.availability.period_s, 0); /* not periodic without periIndi */
        msgin5g_message_free(&m);
    }
}

static void triggering_information_is_kept(void **state)
{
    static const char tri[] =
        "{\"ueId\":\"tel:+861380000001\",\"cliPorts\":[{\"portNum\":49200,\"Protocol\":\"SMS\"}]}";
    char body[512];
    (void)state;
    (void)snprintf(body, sizeof body, HEAD("REG") ORI(METER) ",\"cliProfile\":{\"triInfo\":%s}}", tri);
    struct msgin5g_message m = decode(body);
    assert_str(m.triggering, tri);
    assert_false(m.availability.known);
    msgin5g_message_free(&m);
}

/* EC-16: the one member of appSpecSf that is understood. */
static void delivery_time(void **state)
{
    (void)state;
    struct msgin5g_message m =
        decode(MSG_HEAD ",\"sfFlag\":true,\"sfParam\":{\"appSpecSf\":{\"deliveryTime\":\"2026-03-01T12:00:00Z\"}}}");
    assert_int_equal(m.delivery_time_s, 1772366400);
    assert_int_equal(m.expire_time_s, 0);
    msgin5g_message_free(&m);
    m = decode(MSG_HEAD ",\"sfFlag\":true,\"sfParam\":{\"appSpecSf\":{\"colour\":\"blue\"}}}");
    assert_int_equal(m.delivery_time_s, 0);
    msgin5g_message_free(&m);
}

static void optional_outputs_may_be_null(void **state)
{
    static const char body[] = HEAD("DEREG") ORI(METER) "}";
    struct msgin5g_message m;
    (void)state;
    assert_int_equal(msgin5g_message_decode((const uint8_t *)body, sizeof body - 1, &m, NULL, NULL), MSGIN5G_OK);
    msgin5g_message_free(&m);
    assert_int_equal(
        msgin5g_message_decode((const uint8_t *)body, sizeof body - 2, &m, NULL, NULL), MSGIN5G_ERR_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(registration_with_profile),
        cmocka_unit_test(registration_time_is_optional_and_may_be_huge),
        cmocka_unit_test(deregistration),
        cmocka_unit_test(message_with_report_and_store_and_forward),
        cmocka_unit_test(message_defaults),
        cmocka_unit_test(both_spellings_of_sf_param),
        cmocka_unit_test(several_application_ids),
        cmocka_unit_test(segments),
        cmocka_unit_test(reports_and_responses),
        cmocka_unit_test(every_destination_type),
        cmocka_unit_test(tolerances),
        cmocka_unit_test(payload_may_hold_nul),
        cmocka_unit_test(payload_up_to_the_limit),
        cmocka_unit_test(nesting_up_to_the_limit),
        cmocka_unit_test(profile_variants),
        cmocka_unit_test(availability_is_read),
        cmocka_unit_test(opting_out_takes_more_than_a_member),
        cmocka_unit_test(triggering_information_is_kept),
        cmocka_unit_test(delivery_time),
        cmocka_unit_test(optional_outputs_may_be_null),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
