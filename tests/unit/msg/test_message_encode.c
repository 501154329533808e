/* What is written, octet by octet, and that reading it back changes nothing. */
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

static struct msgin5g_message new_message(enum msgin5g_type type)
{
    struct msgin5g_message message = msgin5g_message_init(type);
    message.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str(METER) };
    message.dest = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str(VALVE) };
    message.msg_id = msgin5g_str(ID);
    return message;
}

static void assert_encodes(const struct msgin5g_message *message, const char *expected)
{
    uint8_t out[MSGIN5G_MESSAGE_MAX];
    size_t length = 0;
    assert_int_equal(msgin5g_message_encode(message, out, sizeof out, &length), MSGIN5G_OK);
    if (length != strlen(expected) || memcmp(out, expected, length) != 0)
        fail_msg("%.*s instead of %s", (int)length, (const char *)out, expected);
}

static void msg_as_sent_and_as_delivered(void **state)
{
    struct msgin5g_message m = new_message(MSGIN5G_TYPE_MSG);
    (void)state;
    assert_encodes(&m, MSG_HEAD ",\"sfFlag\":false}");
    m.app_id = msgin5g_str("valvectl");
    m.report_requested = true;
    m.priority = MSGIN5G_PRIORITY_HIGH;
    m.store_forward = true;
    m.expire_time_s = 1772366400;
    m.payload = msgin5g_str("{\"cmd\":\"open\"}");
    assert_encodes(&m, MSG_HEAD ",\"appId\":\"valvectl\",\"isDelivStatReq\":true,\"priority\":\"HIGH\",\"sfFlag\":true,"
                                "\"sfParam\":{\"expireTime\":\"2026-03-01T12:00:00Z\"},"
                                "\"payload\":\"{\\\"cmd\\\":\\\"open\\\"}\"}");
    m.delivery_copy = true; /* TS 24.538 6.4.1.2.6 c */
    assert_encodes(&m, MSG_HEAD ",\"appId\":\"valvectl\",\"isDelivStatReq\":true,"
                                "\"payload\":\"{\\\"cmd\\\":\\\"open\\\"}\"}");
    m.priority = MSGIN5G_PRIORITY_LOW;
    m.delivery_copy = false;
    m.store_forward = false;
    assert_encodes(&m, MSG_HEAD ",\"appId\":\"valvectl\",\"isDelivStatReq\":true,\"priority\":\"LOW\",\"sfFlag\":false,"
                                "\"payload\":\"{\\\"cmd\\\":\\\"open\\\"}\"}");
}

static void reports_and_responses(void **state)
{
    struct msgin5g_message m = new_message(MSGIN5G_TYPE_IMDN);
    (void)state;
    m.delivery_status = MSGIN5G_DELIVERY_SUCCESS;
    m.cause = msgin5g_str("IGNORED");
    assert_encodes(&m, HEAD("IMDN") ORI(METER) "," DEST(VALVE) ",\"msgId\":\"" ID "\",\"DelSta\":\"success\"}");
    m.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    assert_encodes(&m,
        HEAD("IMDN") ORI(METER) "," DEST(VALVE) ",\"msgId\":\"" ID "\",\"DelSta\":\"failure\",\"Cause\":\"IGNORED\"}");
    m = new_message(MSGIN5G_TYPE_MSGRESP);
    m.delivery_status = MSGIN5G_DELIVERY_STORED;
    assert_encodes(&m, HEAD("MSGRESP") ORI(METER) ",\"msgId\":\"" ID "\",\"DelSta\":\"stored for deferred delivery\"}");
    m.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    m.cause = msgin5g_str("RECIPIENT_UNAVAILABLE");
    assert_encodes(&m,
        HEAD("MSGRESP") ORI(METER) ",\"msgId\":\"" ID "\",\"DelSta\":\"failure\",\"Cause\":\"RECIPIENT_UNAVAILABLE\"}");
}

static void registration(void **state)
{
    struct msgin5g_message m = new_message(MSGIN5G_TYPE_REG);
    (void)state;
    assert_encodes(&m, HEAD("REG") ORI(METER) "}");
    m.reg_exp_time_s = 3600;
    assert_encodes(&m, HEAD("REG") ORI(METER) ",\"regExpTime\":3600}");
    m.type = MSGIN5G_TYPE_DEREG;
    assert_encodes(&m, HEAD("DEREG") ORI(METER) "}");
}

static void escapes_and_nul(void **state)
{
    struct msgin5g_message m = new_message(MSGIN5G_TYPE_MSG);
    static const char payload[] = "\0\x1f\"\\\b\f\n\r\t/\x7f\xC3\xA9\xF0\x9F\x98\x80";
    (void)state;
    m.delivery_copy = true;
    m.payload = (struct msgin5g_str){ payload, sizeof payload - 1 };
    assert_encodes(&m, MSG_HEAD ",\"payload\":\"\\u0000\\u001f\\\"\\\\\\b\\f\\n\\r\\t/\x7f\xC3\xA9\xF0\x9F\x98\x80\"}");
}

static void octets_survive_reading_and_writing(void **state)
{
    static const char *const bodies[] = {
        MSG_HEAD ",\"sfFlag\":false}",
        MSG_HEAD ",\"appId\":[\"one\",\"two\"],\"sfFlag\":false,\"payload\":\"\"}",
        MSG_HEAD ",\"appId\":\"log\",\"isDelivStatReq\":true,\"priority\":\"LOW\",\"sfFlag\":true,"
                 "\"sfParam\":{\"expireTime\":\"2026-03-01T12:00:00Z\"},\"payload\":\"\\u0000\\n\xE2\x82\xAC\"}",
        MSG_HEAD ",\"isDelivStatReq\":true,\"sfFlag\":false,\"isSegmented\":true,\"segParams\":{\"segId\":\"" SET_ID
                 "\",\"totalSegCount\":3,\"segNumb\":1},\"payload\":\"AAAA\"}",
        MSG_HEAD ",\"sfFlag\":false,\"isSegmented\":true,\"segParams\":{\"segId\":\"" SET_ID
                 "\",\"segNumb\":3,\"lastSegFlag\":\"true\"},\"payload\":\"CC\"}",
        HEAD("IMDN") ORI(VALVE) "," DEST(METER) ",\"msgId\":\"" ID "\",\"DelSta\":\"failure\",\"Cause\":\"APP: no\"}",
        HEAD("MSGRESP") ORI(METER) ",\"msgId\":\"" ID "\",\"DelSta\":\"stored for deferred delivery\"}",
        HEAD("REG") ORI(METER) ",\"regExpTime\":60}",
        HEAD("REG") ORI(METER) ",\"cliProfile\":{\"maxSegSize\":512,\"comAvail\":{\"schTime\":\"2026-03-01T00:00:00Z\","
                               "\"durTime\":\"PT600S\",\"periIndi\":true,\"periInterval\":\"PT3600S\","
                               "\"storeForward\":\"OPTOUT\"}}}",
        MSG_HEAD ",\"sfFlag\":true,\"sfParam\":{\"appSpecSf\":{\"deliveryTime\":\"2026-03-01T12:00:00Z\"}}}",
        HEAD("DEREG") ORI(METER) "}",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct msgin5g_message m;
        assert_int_equal(
            msgin5g_message_decode((const uint8_t *)bodies[i], strlen(bodies[i]), &m, NULL, NULL), MSGIN5G_OK);
        assert_encodes(&m, bodies[i]);
        msgin5g_message_free(&m);
    }
}

/* TS 24.538 7.3.4.1: each spelling that is accepted is written in the one that is sent. */
static void spellings_become_one(void **state)
{
    static const char body[] =
        " " MSG_HEAD ",\"sfParams\":{\"expireTime\":\"2026-03-01T13:00:00.5+01:00\"},"
        "\"sfFlag\":true,\"isSegmented\":true,\"segParams\":{\"lastSegFlag\":true,"
        "\"segNumb\":2,\"totalSegCount\":2,\"segId\":\"" SET_ID "\"},\"appId\":[\"a\"],\"x\":1} ";
    struct msgin5g_message m;
    (void)state;
    assert_int_equal(msgin5g_message_decode((const uint8_t *)body, sizeof body - 1, &m, NULL, NULL), MSGIN5G_OK);
    assert_encodes(&m,
        MSG_HEAD ",\"appId\":\"a\",\"sfFlag\":true,\"sfParam\":{\"expireTime\":\"2026-03-01T12:00:00Z\"},"
                 "\"isSegmented\":true,\"segParams\":{\"segId\":\"" SET_ID
                 "\",\"totalSegCount\":2,\"segNumb\":2,\"lastSegFlag\":\"true\"}}");
    msgin5g_message_free(&m);
}

static enum msgin5g_err encode(const struct msgin5g_message *message)
{
    uint8_t out[MSGIN5G_MESSAGE_MAX];
    size_t length = 0;
    return msgin5g_message_encode(message, out, sizeof out, &length);
}

static void incomplete_messages(void **state)
{
    struct msgin5g_message m = new_message(MSGIN5G_TYPE_MSG);
    (void)state;
    m.ori.addr.length = 0;
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_MSG);
    m.dest.addr = msgin5g_str(NULL);
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_MSG);
    m.msg_id = msgin5g_str("1");
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_MSG);
    m.segmented = true;
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_MSG);
    m.store_forward = true;
    m.expire_time_s = INT64_MAX;
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_MSG);
    m.payload = msgin5g_str("\xC3(");
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_IMDN);
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m.delivery_status = MSGIN5G_DELIVERY_STORED;
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_MSGRESP);
    m.delivery_status = MSGIN5G_DELIVERY_SUCCESS;
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m = new_message(MSGIN5G_TYPE_COUNT);
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
}

static void every_capacity_that_is_too_small(void **state)
{
    static const char expected[] = MSG_HEAD ",\"appId\":\"a\",\"sfFlag\":false,\"payload\":\"\\u0001\"}";
    struct msgin5g_message m = new_message(MSGIN5G_TYPE_MSG);
    uint8_t out[sizeof expected];
    size_t length = 77;
    (void)state;
    m.app_id = msgin5g_str("a");
    m.payload = msgin5g_str("\x01");
    for (size_t capacity = 0; capacity < sizeof expected - 1; capacity++) {
        out[capacity] = 0xAA;
        assert_int_equal(msgin5g_message_encode(&m, out, capacity, &length), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
        assert_int_equal(out[capacity], 0xAA);
        assert_int_equal(length, 77);
    }
    assert_int_equal(msgin5g_message_encode(&m, out, sizeof expected - 1, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof expected - 1);
    assert_memory_equal(out, expected, length);
}

static void payload_over_the_limit(void **state)
{
    char payload[MSGIN5G_PAYLOAD_MAX + 1];
    struct msgin5g_message m = new_message(MSGIN5G_TYPE_MSG);
    (void)state;
    memset(payload, 'x', sizeof payload);
    m.payload = (struct msgin5g_str){ payload, MSGIN5G_PAYLOAD_MAX };
    assert_int_equal(encode(&m), MSGIN5G_OK);
    m.payload.length++;
    assert_int_equal(encode(&m), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
}

static void texts_of_values(void **state)
{
    (void)state;
    assert_string_equal(msgin5g_type_text(MSGIN5G_TYPE_REG), "REG");
    assert_string_equal(msgin5g_type_text(MSGIN5G_TYPE_IMDN), "IMDN");
    assert_string_equal(msgin5g_type_text(MSGIN5G_TYPE_COUNT), "unknown");
    assert_string_equal(msgin5g_addr_type_text(MSGIN5G_ADDR_TOPIC), "TOPIC");
    assert_string_equal(msgin5g_addr_type_text(MSGIN5G_ADDR_COUNT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(msg_as_sent_and_as_delivered),
        cmocka_unit_test(reports_and_responses),
        cmocka_unit_test(registration),
        cmocka_unit_test(escapes_and_nul),
        cmocka_unit_test(octets_survive_reading_and_writing),
        cmocka_unit_test(spellings_become_one),
        cmocka_unit_test(incomplete_messages),
        cmocka_unit_test(every_capacity_that_is_too_small),
        cmocka_unit_test(payload_over_the_limit),
        cmocka_unit_test(texts_of_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
