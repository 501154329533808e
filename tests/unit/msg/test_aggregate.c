/* Aggregated messages and the messages about segments: read, written, taken apart (EC-6, TS 23.554 8.4, examples E9 to
 * E11). */
#include "msg/aggregate.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(type) "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"" type "\","
#define METER      "im:meter-0001@iot.example"
#define VALVE      "im:valve-0002@iot.example"
#define ORI(name)  "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"" name "\"},"
#define SET_ID     "b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d"
#define ID_1       "11111111-1111-4111-8111-111111111111"
#define ID_2       "22222222-2222-4222-8222-222222222222"
#define ID_3       "33333333-3333-4333-8333-333333333333"
#define OUTER(type)                                                                                                    \
    HEAD(type)                                                                                                         \
    ORI(METER) "\"destAddr\":{\"destAddrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},\"msgId\":\"" ID_1 "\","
/* E10 */
#define AGGREGATE                                                                                                      \
    OUTER("MSG")                                                                                                       \
    "\"sfFlag\":false,\"indMsgCount\":2,\"indMsgs\":["                                                                 \
    "{\"msgId\":\"" ID_2 "\",\"payload\":\"t=21.4\",\"appId\":\"log\"},"                                               \
    "{\"msgId\":\"" ID_3 "\",\"payload\":\"t=21.6\",\"isDelivStatReq\":true}]}"
/* E11 */
#define REPORTS                                                                                                        \
    HEAD("IMDN")                                                                                                       \
    ORI(VALVE)                                                                                                         \
    "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"" METER "\"},\"msgId\":\"" ID_1 "\","                            \
    "\"indMsgCount\":2,\"indMsgs\":[{\"msgId\":\"" ID_2 "\",\"DelSta\":\"success\"},"                                  \
    "{\"msgId\":\"" ID_3 "\",\"DelSta\":\"failure\",\"Cause\":\"APP_REJECTED\"}]}"
#define SEGREC    HEAD("SEGREC") "\"segId\":\"" SET_ID "\",\"segNoList\":\"(2-2)\"}" /* E9 */
#define SEGCONFIR HEAD("SEGCONFIR") "\"segId\":\"" SET_ID "\",\"result\":true}"

#define assert_str(actual, text) assert_true(msgin5g_str_equal(actual, msgin5g_str(text)))

static struct msgin5g_message decode(const char *body)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_REG);
    const char *detail = NULL;
    if (msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, NULL, &detail) != MSGIN5G_OK)
        fail_msg("%s refused: %s", body, detail);
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

static void refuse(const char *body, enum msgin5g_err expected, const char *expected_detail)
{
    struct msgin5g_message message;
    const char *detail = NULL;
    enum msgin5g_err err = msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, NULL, &detail);
    if (err != expected || strcmp(detail, expected_detail) != 0)
        fail_msg("%s: got %d \"%s\" instead of \"%s\"", body, err, detail, expected_detail);
}

static void aggregated_message(void **state)
{
    struct msgin5g_message m = decode(AGGREGATE);
    (void)state;
    assert_int_equal(m.item_count, 2);
    assert_str(m.msg_id, ID_1);
    assert_str(m.items[0].msg_id, ID_2);
    assert_str(m.items[0].payload, "t=21.4");
    assert_str(m.items[0].app_id, "log");
    assert_false(m.items[0].report_requested);
    assert_int_equal(m.items[0].priority, MSGIN5G_PRIORITY_NORMAL);
    assert_str(m.items[1].payload, "t=21.6");
    assert_true(m.items[1].report_requested);
    assert_int_equal(aggregate_octets(&m), 12);
    assert_encodes(&m, AGGREGATE);
    msgin5g_message_free(&m);
}

static void aggregated_reports(void **state)
{
    struct msgin5g_message m = decode(REPORTS);
    (void)state;
    assert_int_equal(m.item_count, 2);
    assert_int_equal(m.delivery_status, MSGIN5G_DELIVERY_NONE);
    assert_int_equal(m.items[0].delivery_status, MSGIN5G_DELIVERY_SUCCESS);
    assert_int_equal(m.items[1].delivery_status, MSGIN5G_DELIVERY_FAILURE);
    assert_str(m.items[1].cause, "APP_REJECTED");
    assert_encodes(&m, REPORTS);
    struct msgin5g_message one = aggregate_item(&m, 1);
    assert_encodes(&one,
        HEAD("IMDN") ORI(VALVE) "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"" METER "\"},\"msgId\":\"" ID_3
                                "\",\"DelSta\":\"failure\",\"Cause\":\"APP_REJECTED\"}");
    msgin5g_message_free(&m);
}

/* TS 23.554 8.4.2: outer members but the message id are those of each item. */
static void item_as_a_message_of_its_own(void **state)
{
    struct msgin5g_message m = decode(AGGREGATE);
    struct msgin5g_message one = aggregate_item(&m, 0);
    (void)state;
    assert_encodes(&one,
        HEAD("MSG") ORI(METER) "\"destAddr\":{\"destAddrType\":\"AS\",\"addr\":\"im:scada@iot.example\"},"
                               "\"msgId\":\"" ID_2 "\",\"appId\":\"log\",\"sfFlag\":false,\"payload\":\"t=21.4\"}");
    msgin5g_message_free(&m);
}

static void several_application_ids_of_an_item(void **state)
{
    static const char body[] = OUTER("MSG") "\"sfFlag\":false,\"indMsgCount\":3,\"indMsgs\":["
                                            "{\"msgId\":\"" ID_2 "\",\"payload\":\"\",\"appId\":[\"a\",\"b\"]},"
                                            "{\"msgId\":\"" ID_3 "\",\"payload\":\"x\",\"priority\":\"LOW\"},"
                                            "{\"msgId\":\"" ID_1 "\",\"payload\":\"\",\"appId\":[\"c\",\"d\"]}]}";
    struct msgin5g_message m = decode(body);
    struct msgin5g_message one = aggregate_item(&m, 2);
    (void)state;
    assert_int_equal(m.items[1].priority, MSGIN5G_PRIORITY_LOW);
    assert_encodes(&m, body);
    assert_int_equal(one.app_id_count, 2);
    assert_str(one.app_ids[1], "d");
    msgin5g_message_free(&m);
}

/* TS 24.538 6.4.1.2.7: items are removed from the tail until the rest fits. */
static void what_fits(void **state)
{
    static const char text[100];
    struct msgin5g_message m = decode(AGGREGATE);
    struct msgin5g_item items[5];
    (void)state;
    for (size_t i = 0; i < 5; i++)
        items[i] = (struct msgin5g_item){ .msg_id = msgin5g_str(ID_2), .payload = { text, 30 + 10 * i } };
    m.items = items;
    m.item_count = 5; /* 30, 40, 50, 60, 70 */
    assert_int_equal(aggregate_octets(&m), 250);
    assert_int_equal(aggregate_fit(&m, 0, 250), 5);
    assert_int_equal(aggregate_fit(&m, 0, 249), 4);
    assert_int_equal(aggregate_fit(&m, 0, 119), 2);
    assert_int_equal(aggregate_fit(&m, 2, 119), 2);
    assert_int_equal(aggregate_fit(&m, 4, 250), 1);
    assert_int_equal(aggregate_fit(&m, 4, 64), 1); /* too large, and alone */
    struct msgin5g_message part = aggregate_part(&m, 1, 3, msgin5g_str(ID_3));
    assert_int_equal(part.item_count, 3);
    assert_int_equal(part.items[0].payload.length, 40);
    assert_str(part.msg_id, ID_3);
    part = aggregate_part(&m, 4, 1, msgin5g_str(ID_3));
    assert_int_equal(part.item_count, 0);
    assert_str(part.msg_id, ID_2);
    assert_int_equal(part.payload.length, 70);
    msgin5g_message_free(&m);
}

#define ITEM            "{\"msgId\":\"" ID_2 "\",\"payload\":\"\"}"
#define ITEMS(n, items) OUTER("MSG") "\"sfFlag\":false,\"indMsgCount\":" n ",\"indMsgs\":" items "}"
#define ONE(item)       ITEMS("1", "[" item "]")

static void aggregates_that_are_refused(void **state)
{
    static const struct {
        const char *body;
        const char *detail;
    } cases[] = {
        { ITEMS("2", "[" ITEM "]"), "indMsgCount" }, /* EC-6 */
        { ITEMS("1", "[" ITEM "," ITEM "]"), "indMsgCount" },
        { ITEMS("0", "[]"), "indMsgCount" },
        { ITEMS("\"1\"", "[" ITEM "]"), "indMsgCount" },
        { ITEMS("1", "[]"), "indMsgs" },
        { ITEMS("1", "{}"), "indMsgs" },
        { OUTER("MSG") "\"indMsgs\":[" ITEM "]}", "indMsgCount" },
        { OUTER("MSG") "\"indMsgCount\":1}", "indMsgs" },
        { ONE("5"), "indMsgs" },
        { ONE("{\"payload\":\"\"}"), "indMsgs.msgId" },
        { ONE("{\"msgId\":\"1\",\"payload\":\"\"}"), "indMsgs.msgId" },
        { ONE("{\"msgId\":\"" ID_2 "\"}"), "indMsgs.payload" },
        { ONE("{\"msgId\":\"" ID_2 "\",\"payload\":1}"), "indMsgs.payload" },
        { ONE("{\"msgId\":\"" ID_2 "\",\"payload\":\"\",\"appId\":\"\"}"), "indMsgs.appId" },
        { ONE("{\"msgId\":\"" ID_2 "\",\"payload\":\"\",\"appId\":[]}"), "indMsgs.appId" },
        { ONE("{\"msgId\":\"" ID_2 "\",\"payload\":\"\",\"isDelivStatReq\":1}"), "indMsgs.isDelivStatReq" },
        { ONE("{\"msgId\":\"" ID_2 "\",\"payload\":\"\",\"priority\":\"URGENT\"}"), "indMsgs.priority" },
        { ONE("{\"msgId\":\"" ID_2 "\",\"payload\":\"\\u0000\"}"), "U+0000 in a string" },
        { OUTER("MSG") "\"payload\":\"x\",\"indMsgCount\":1,\"indMsgs\":[" ITEM "]}", "payload" },
        { OUTER("MSG") "\"isSegmented\":true,\"segParams\":{\"segId\":\"" SET_ID
                       "\",\"totalSegCount\":1,\"segNumb\":1},"
                       "\"indMsgCount\":1,\"indMsgs\":[" ITEM "]}",
            "isSegmented" },
        { OUTER("IMDN") "\"indMsgCount\":1,\"indMsgs\":[{\"msgId\":\"" ID_2 "\"}]}", "indMsgs.DelSta" },
        { OUTER("IMDN") "\"DelSta\":\"success\",\"indMsgCount\":1}", "indMsgs" },
        { HEAD("SEGREC") "\"segNoList\":\"(1-1)\"}", "segId" },
        { HEAD("SEGREC") "\"segId\":\"" SET_ID "\"}", "segNoList" },
        { HEAD("SEGREC") "\"segId\":\"" SET_ID "\",\"segNoList\":\"(1-1\"}", "segNoList" },
        { HEAD("SEGREC") "\"segId\":\"" SET_ID "\",\"segNoList\":[1]}", "segNoList" },
        { HEAD("SEGCONFIR") "\"segId\":\"" SET_ID "\"}", "result" },
        { HEAD("SEGCONFIR") "\"segId\":\"x\",\"result\":true}", "segId" },
        { HEAD("SEGCONFIR") "\"segId\":\"" SET_ID "\",\"result\":\"true\"}", "result" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        refuse(cases[i].body, MSGIN5G_ERR_MALFORMED, cases[i].detail);
}

static void payloads_of_items_together(void **state)
{
    static char body[MSGIN5G_MESSAGE_MAX];
    char half[1026];
    (void)state;
    memset(half, 'x', sizeof half);
    for (int extra = 0; extra < 2; extra++) {
        (void)snprintf(body, sizeof body,
            ITEMS("2", "[{\"msgId\":\"" ID_2 "\",\"payload\":\"%.1024s\"},"
                       "{\"msgId\":\"" ID_3 "\",\"payload\":\"%.*s\"}]"),
            half, 1024 + extra, half);
        if (extra == 0) {
            struct msgin5g_message m = decode(body);
            assert_int_equal(aggregate_octets(&m), MSGIN5G_PAYLOAD_MAX);
            msgin5g_message_free(&m);
        } else {
            refuse(body, MSGIN5G_ERR_PAYLOAD_TOO_LARGE, "indMsgs.payload");
        }
    }
}

static void recovery_and_confirmation(void **state)
{
    struct msgin5g_message m = decode(SEGREC);
    (void)state;
    assert_int_equal(m.type, MSGIN5G_TYPE_SEGREC);
    assert_str(m.segment.set_id, SET_ID);
    assert_str(m.seg_no_list, "(2-2)");
    assert_encodes(&m, SEGREC);
    msgin5g_message_free(&m);
    m = decode(SEGCONFIR);
    assert_int_equal(m.type, MSGIN5G_TYPE_SEGCONFIR);
    assert_true(m.result);
    assert_encodes(&m, SEGCONFIR);
    msgin5g_message_free(&m);
    m = decode(HEAD("SEGCOFIR") "\"segId\":\"" SET_ID "\",\"result\":false}"); /* TS 24.538 6.5.3.5 */
    assert_int_equal(m.type, MSGIN5G_TYPE_SEGCONFIR);
    assert_false(m.result);
    msgin5g_message_free(&m);
}

/* EC-6b, EC-10 */
static void set_of_a_response_and_size_of_a_profile(void **state)
{
    static const char response[] = HEAD("MSGRESP") ORI(METER) "\"msgId\":\"" ID_1 "\",\"segId\":\"" SET_ID
                                                              "\",\"DelSta\":\"failure\",\"Cause\":\"BAD_SEGMENT\"}";
    static const char reg[] = HEAD("REG") ORI(METER) "\"cliProfile\":{\"maxSegSize\":512}}";
    struct msgin5g_message m = decode(response);
    (void)state;
    assert_str(m.segment.set_id, SET_ID);
    assert_encodes(&m, response);
    msgin5g_message_free(&m);
    m = decode(reg);
    assert_int_equal(m.max_segment_size, 512);
    assert_encodes(&m, reg);
    msgin5g_message_free(&m);
    m = decode(HEAD("REG") ORI(METER) "\"cliProfile\":{}}");
    assert_int_equal(m.max_segment_size, 0);
    msgin5g_message_free(&m);
}

static enum msgin5g_err encode(const struct msgin5g_message *message)
{
    uint8_t out[MSGIN5G_MESSAGE_MAX];
    size_t length;
    return msgin5g_message_encode(message, out, sizeof out, &length);
}

static void incomplete_ones_are_not_written(void **state)
{
    struct msgin5g_message m = decode(AGGREGATE);
    struct msgin5g_item item = m.items[0];
    (void)state;
    m.items = &item;
    m.item_count = 1;
    assert_int_equal(encode(&m), MSGIN5G_OK);
    m.payload = msgin5g_str("x");
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m.payload = (struct msgin5g_str){ NULL, 0 };
    item.msg_id = msgin5g_str("x");
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    item.msg_id = msgin5g_str(ID_2);
    m.type = MSGIN5G_TYPE_IMDN;
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID); /* no status */
    msgin5g_message_free(&m);
    m = msgin5g_message_init(MSGIN5G_TYPE_SEGREC);
    m.segment.set_id = msgin5g_str(SET_ID);
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
    m.seg_no_list = msgin5g_str("(1-1)");
    assert_int_equal(encode(&m), MSGIN5G_OK);
    m.segment.set_id = msgin5g_str("1");
    assert_int_equal(encode(&m), MSGIN5G_ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aggregated_message),
        cmocka_unit_test(aggregated_reports),
        cmocka_unit_test(item_as_a_message_of_its_own),
        cmocka_unit_test(several_application_ids_of_an_item),
        cmocka_unit_test(what_fits),
        cmocka_unit_test(aggregates_that_are_refused),
        cmocka_unit_test(payloads_of_items_together),
        cmocka_unit_test(recovery_and_confirmation),
        cmocka_unit_test(set_of_a_response_and_size_of_a_profile),
        cmocka_unit_test(incomplete_ones_are_not_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
