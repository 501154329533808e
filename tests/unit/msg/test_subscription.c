/* Subscribing to topics (TS 24.538 6.6, EC-8): E13, E14. */
#include "msgin5g/message.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define VALVE     "im:valve-0002@iot.example"
#define ORI       "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"" VALVE "\"}"
#define MARCH_2_S INT64_C(1772409600)
#define MARCH_2   "\"expireTime\":\"2026-03-02T00:00:00Z\""
#define OCTETS(s) (const uint8_t *)(s), strlen(s)

static void assert_written(enum msgin5g_err err, const uint8_t *out, size_t length, const char *expected)
{
    assert_int_equal(err, MSGIN5G_OK);
    assert_int_equal(length, strlen(expected));
    assert_memory_equal(out, expected, length);
}

static void e13_subscribe(void **state)
{
    struct msgin5g_subscribe request = { msgin5g_str(VALVE), MARCH_2_S, NULL };
    uint8_t out[256];
    size_t length = 0;
    (void)state;
    enum msgin5g_err err = msgin5g_subscribe_encode(&request, out, sizeof out, &length);
    assert_written(err, out, length, ORI "," MARCH_2 "}");
    memset(&request, 0, sizeof request);
    assert_int_equal(msgin5g_subscribe_decode(out, length, &request), MSGIN5G_OK);
    assert_true(msgin5g_str_equal(request.ue_service_id, msgin5g_str(VALVE)));
    assert_int_equal(request.expire_time_s, MARCH_2_S);
    msgin5g_subscribe_free(&request);
}

static void e14_unsubscribe(void **state)
{
    struct msgin5g_subscribe request = { msgin5g_str(VALVE), 0, NULL };
    uint8_t out[256];
    size_t length = 0;
    (void)state;
    enum msgin5g_err err = msgin5g_subscribe_encode(&request, out, sizeof out, &length);
    assert_written(err, out, length, ORI "}");
    assert_int_equal(msgin5g_subscribe_encode(&request, out, 10, &length), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    request.ue_service_id.length = 0;
    assert_int_equal(msgin5g_subscribe_encode(&request, out, sizeof out, &length), MSGIN5G_ERR_INVALID);
}

static void answers(void **state)
{
    static const struct {
        struct msgin5g_sub_response response;
        const char *text;
    } rows[] = {
        { { .status = MSGIN5G_SUB_ADDED, .expire_time_s = MARCH_2_S }, "{\"subStat\":\"ADDED\"," MARCH_2 "}" },
        { { .status = MSGIN5G_SUB_UPDATED, .expire_time_s = MARCH_2_S }, "{\"subStat\":\"UPDATED\"," MARCH_2 "}" },
        { { .status = MSGIN5G_SUB_DELETED, .expire_time_s = MARCH_2_S }, "{\"subStat\":\"DELETED\"}" },
        { { .status = MSGIN5G_SUB_FAILED, .cause = { "EXPIRED", 7 } },
            "{\"subStat\":\"FAILED\",\"cause\":\"EXPIRED\"}" },
    };
    uint8_t out[256];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct msgin5g_sub_response read;
        size_t length = 0;
        enum msgin5g_err err = msgin5g_sub_response_encode(&rows[i].response, out, sizeof out, &length);
        assert_written(err, out, length, rows[i].text);
        assert_int_equal(msgin5g_sub_response_decode(out, length, &read), MSGIN5G_OK);
        assert_int_equal(read.status, rows[i].response.status);
        assert_true(msgin5g_str_equal(read.cause, rows[i].response.cause));
        msgin5g_sub_response_free(&read);
        assert_null(read.storage);
    }
}

static void what_is_refused(void **state)
{
    static const char *const requests[] = { "", "{}", "[]", "{\"oriAddr\":{\"oriAddrType\":\"AS\",\"addr\":\"a:b\"}}",
        ORI ",\"expireTime\":5}", ORI ",\"expireTime\":\"tomorrow\"}" };
    static const char *const responses[] = { "{}", "{\"subStat\":\"added\"}",
        "{\"subStat\":\"ADDED\",\"expireTime\":1}", "{\"subStat\":\"FAILED\",\"cause\":1}", "x" };
    struct msgin5g_subscribe request;
    struct msgin5g_sub_response response;
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++)
        assert_int_equal(msgin5g_subscribe_decode(OCTETS(requests[i]), &request), MSGIN5G_ERR_MALFORMED);
    for (size_t i = 0; i < sizeof responses / sizeof responses[0]; i++)
        assert_int_equal(msgin5g_sub_response_decode(OCTETS(responses[i]), &response), MSGIN5G_ERR_MALFORMED);
}

/* Long before now is the first second of 1970, not "no time given". */
static void the_distant_past(void **state)
{
    struct msgin5g_subscribe request;
    (void)state;
    assert_int_equal(
        msgin5g_subscribe_decode(OCTETS(ORI ",\"expireTime\":\"0001-01-01T00:00:00Z\"}"), &request), MSGIN5G_OK);
    assert_int_equal(request.expire_time_s, 1);
    msgin5g_subscribe_free(&request);
}

/* E12, E13: the copy one member or subscriber gets. */
static void e12_copies_name_group_and_topic(void **state)
{
    struct msgin5g_message copy = msgin5g_message_init(MSGIN5G_TYPE_MSG), read;
    uint8_t out[1024];
    size_t length = 0;
    (void)state;
    copy.delivery_copy = true;
    copy.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str("im:meter-0001@iot.example") };
    copy.dest = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str(VALVE) };
    copy.msg_id = msgin5g_str("55555555-5555-4555-8555-555555555555");
    copy.payload = msgin5g_str("STOP");
    copy.group_id = msgin5g_str("im:grp-pumps@iot.example");
    assert_int_equal(msgin5g_message_encode(&copy, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(msgin5g_message_decode(out, length, &read, NULL, NULL), MSGIN5G_OK);
    assert_true(msgin5g_str_equal(read.group_id, copy.group_id));
    assert_null(read.topic.octets);
    msgin5g_message_free(&read);
    copy.group_id = (struct msgin5g_str){ NULL, 0 };
    copy.topic = msgin5g_str("alarms");
    assert_int_equal(msgin5g_message_encode(&copy, out, sizeof out, &length), MSGIN5G_OK);
    assert_int_equal(msgin5g_message_decode(out, length, &read, NULL, NULL), MSGIN5G_OK);
    assert_true(msgin5g_str_equal(read.topic, copy.topic));
    msgin5g_message_free(&read);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(e13_subscribe),
        cmocka_unit_test(e14_unsubscribe),
        cmocka_unit_test(answers),
        cmocka_unit_test(what_is_refused),
        cmocka_unit_test(the_distant_past),
        cmocka_unit_test(e12_copies_name_group_and_topic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
