/* MSG, IMDN and MSGRESP between UEs (TS 24.538 6.4.1.2; TS 23.554 8.3). */
#include "fake_ues.h"
#include "reports.h"
#include "ue_bodies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CHANGED   0x44 /* 2.04 */
#define NOT_FOUND 0x84 /* 4.04 */

static void assert_sent(const struct fake_ues *ues, size_t index, size_t ue, const char *part)
{
    assert_true(index < ues->sent_count);
    assert_ptr_equal(ues->sent[index].session, &ues->sessions[ue]);
    if (strstr(ues->sent[index].body, part) == NULL)
        fail_msg("%s is not in %s", part, ues->sent[index].body);
}

/* The one message sent is a MSGRESP failure to @p ue with @p cause. */
static void assert_rejected(const struct fake_ues *ues, size_t index, size_t ue, const char *cause)
{
    char part[64];
    snprintf(part, sizeof part, "\"Cause\":\"%s\"", cause);
    assert_sent(ues, index, ue, "\"msgType\":\"MSGRESP\"");
    assert_sent(ues, index, ue, "\"DelSta\":\"failure\"");
    assert_sent(ues, index, ue, part);
    assert_true(ues->sent[index].confirmable);
}

static int set_up(void **state)
{
    fake_ues_set_up(state);
    fake_ues_register(*state, 0);
    fake_ues_register(*state, 1);
    return 0;
}

static void test_message_reaches_the_other_ue(void **state)
{
    struct fake_ues *ues = *state;
    const char *more = ",\"appId\":\"valvectl\",\"priority\":\"HIGH\",\"isDelivStatReq\":true";
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, more)), 204);
    assert_int_equal(ues->answer.length, 0);
    assert_int_equal(ues->sent_count, 1);
    assert_true(ues->sent[0].confirmable);
    assert_sent(ues, 0, 1, "\"msgType\":\"MSG\"");
    assert_sent(ues, 0, 1, "\"addr\":\"im:ue-1@lab.example\"");
    assert_sent(ues, 0, 1, ID_1);
    assert_sent(ues, 0, 1, "\"payload\":\"open\"");
    assert_sent(ues, 0, 1, "\"appId\":\"valvectl\"");
    assert_sent(ues, 0, 1, "\"isDelivStatReq\":true");
    assert_null(strstr(ues->sent[0].body, "priority"));
    fake_ues_finish(ues, 0, MSGIN5G_OK, CHANGED);
    assert_int_equal(ues->sent_count, 1); /* no success value exists: nothing more is said */
    assert_int_equal(ues->sessions[1].peer.way.in_flight, 0);
}

#define SF ",\"sfFlag\":true,\"sfParam\":{\"expireTime\":\"2027-03-01T12:00:00Z\"}"

/* What an acknowledgement means: with sfFlag, that the recipient has it. */
static void test_answer_waits_for_the_recipient(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, SF)), 0);
    assert_true(ues->sent[0].confirmable);
    assert_null(strstr(ues->sent[0].body, "sfFlag"));
    assert_null(strstr(ues->sent[0].body, "sfParam"));
    /* The same message over another exchange is not acknowledged either. */
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, SF)), 503);
    assert_int_equal(ues->owed, 1);
    fake_ues_finish(ues, 0, MSGIN5G_OK, CHANGED);
    assert_int_equal(ues->owed, 0);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, SF)), 204);
    assert_int_equal(ues->sent_count, 1);
}

static void test_answer_after_failure(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, SF)), 0);
    fake_ues_finish(ues, 0, MSGIN5G_OK, NOT_FOUND);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_rejected(ues, 1, 0, "RECIPIENT_UNAVAILABLE");
    /* It may be sent again. */
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, SF)), 0);
    fake_ues_finish(ues, 2, MSGIN5G_OK, CHANGED);
}

static void test_answers_owed_are_limited(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 0; i < 4; i++) {
        char id[] = ID_1;
        id[0] = (char)('0' + i);
        assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", id, SF)), i < 3 ? 0 : 503);
    }
    assert_int_equal(ues->answer.max_age_s, 10);
    assert_int_equal(ues->owed, 3);
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_2, SF)), 0);
}

static void test_answer_that_cannot_be_deferred(void **state)
{
    struct fake_ues *ues = *state;
    ues->defer_fails = true;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, SF)), 500);
    fake_ues_finish(ues, 0, MSGIN5G_OK, CHANGED);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, SF)), 204);
}

static void test_sent_as_the_sender_chose(void **state)
{
    struct fake_ues *ues = *state;
    struct incoming non = { .method = TRANSPORT_POST,
        .path = "msgin5g",
        .format = TRANSPORT_FORMAT_JSON,
        .body = msgin5g_str(ue_msg(1, "im:ue-2@lab.example", ID_1, "")) };
    assert_int_equal(fake_ues_request(ues, 0, &non), 204);
    assert_false(ues->sent[0].confirmable);
    assert_null(ues->sent[0].done);
    /* A report asks for a confirmable message, whatever the sender did. */
    non.body = msgin5g_str(ue_msg(1, "im:ue-2@lab.example", ID_2, ",\"isDelivStatReq\":true"));
    assert_int_equal(fake_ues_request(ues, 0, &non), 204);
    assert_true(ues->sent[1].confirmable);
}

static void test_report_goes_back_once(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, ",\"isDelivStatReq\":true"));
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, ID_1)), 204);
    assert_int_equal(ues->sent_count, 2);
    assert_sent(ues, 1, 0, "\"msgType\":\"IMDN\"");
    assert_sent(ues, 1, 0, "\"DelSta\":\"success\"");
    assert_sent(ues, 1, 0, ID_1);
    assert_true(ues->sent[1].confirmable);
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, ID_1)), 204);
    assert_int_equal(ues->sent_count, 2);
}

/* EC-32: nobody asked for it, or not this UE, or somebody else did. */
static void test_report_nobody_asked_for(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 2);
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, ""));
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, ID_1)), 403);
    assert_rejected(ues, 1, 1, "NOT_AUTHORIZED");
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_2, ",\"isDelivStatReq\":true"));
    assert_int_equal(fake_ues_post(ues, 2, ue_imdn(3, 1, ID_2)), 403);
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 3, ID_2)), 403);
    fake_ues_wait_s(ues, REPORTS_WINDOW_S);
    fake_ues_register(ues, 0);
    fake_ues_register(ues, 1);
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, ID_2)), 403);
}

static void test_recipient_that_is_not_there(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-3@lab.example", ID_1, "")), 204);
    assert_rejected(ues, 0, 0, "RECIPIENT_UNAVAILABLE");
    assert_sent(ues, 0, 0, ID_1);
    assert_sent(ues, 0, 0, "im:ue-1@lab.example");
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:stranger@lab.example", ID_2, "")), 204);
    assert_rejected(ues, 1, 0, "UNKNOWN_RECIPIENT");
    /* A message that was rejected may be sent again. */
    fake_ues_register(ues, 2);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-3@lab.example", ID_1, "")), 204);
    assert_sent(ues, 2, 2, "\"msgType\":\"MSG\"");
}

static void test_recipient_without_session(void **state)
{
    struct fake_ues *ues = *state;
    registrations_peer_closed(ues->registrations, &ues->sessions[1].peer);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, "")), 204);
    assert_rejected(ues, 0, 0, "RECIPIENT_UNAVAILABLE");
}

static void test_destinations_without_a_way(void **state)
{
    static const char *const rows[][2] = { { "AS", "UNKNOWN_RECIPIENT" }, { "BC", "NO_ROUTE" } };
    struct fake_ues *ues = *state;
    for (size_t i = 0; i < 2; i++) {
        char json[512];
        snprintf(json, sizeof json,
            "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","
            "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"
            "\"destAddr\":{\"destAddrType\":\"%s\",\"addr\":\"im:x@lab.example\"},\"msgId\":\"" ID_1 "\"}",
            rows[i][0]);
        assert_int_equal(fake_ues_post(ues, 0, json), 204);
        assert_rejected(ues, i, 0, rows[i][1]);
    }
}

static void test_spoofed_originator(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(2, "im:ue-1@lab.example", ID_1, "")), 403);
    assert_rejected(ues, 0, 0, "UNAUTHORIZED_ORIGINATOR");
    assert_int_equal(ues->sent_count, 1);
    assert_int_equal(metric_value(ues->metrics->spoofed), 1);
}

static void test_sender_that_is_not_registered(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 2, ue_msg(3, "im:ue-1@lab.example", ID_1, "")), 403);
    assert_rejected(ues, 0, 2, "NOT_REGISTERED");
}

static void test_as_does_not_speak_here(void **state)
{
    const char *json =
        "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","
        "\"oriAddr\":{\"oriAddrType\":\"AS\",\"addr\":\"im:ue-1@lab.example\"},"
        "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"},\"msgId\":\"" ID_1 "\"}";
    assert_int_equal(fake_ues_post(*state, 0, json), 403);
}

static void test_duplicates(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, "")), 204);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, "")), 204);
    assert_int_equal(ues->sent_count, 1);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, ",\"appId\":\"x\"")), 400);
    assert_int_equal(ues->sent_count, 1);
    /* The same message id of another UE is another message. */
    assert_int_equal(fake_ues_post(ues, 1, ue_msg(2, "im:ue-1@lab.example", ID_1, "")), 204);
    assert_int_equal(ues->sent_count, 2);
    fake_ues_wait_s(ues, 600);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, "")), 204);
    assert_int_equal(ues->sent_count, 3);
}

static void test_segments_are_no_duplicates(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 1; i <= 3; i++) {
        char more[256];
        snprintf(more, sizeof more,
            ",\"isSegmented\":true,\"segParams\":{\"segId\":\"" ID_2 "\",\"totalSegCount\":3,\"segNumb\":%d}", i);
        assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, more)), 204);
        assert_int_equal(ues->sent_count, i);
        assert_sent(ues, (size_t)i - 1, 1, "\"segNumb\":");
    }
}

static void test_failed_delivery_is_told(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, ""));
    /* Two more tries after the retransmissions of CoAP (EC-30). */
    fake_ues_finish(ues, 0, MSGIN5G_ERR_TIMEOUT, 0);
    assert_sent(ues, 1, 1, ID_1);
    fake_ues_finish(ues, 1, MSGIN5G_ERR_PEER, 0);
    assert_sent(ues, 2, 1, "\"payload\":\"open\"");
    assert_int_equal(ues->sessions[1].peer.way.in_flight, 1);
    fake_ues_finish(ues, 2, MSGIN5G_ERR_TIMEOUT, 0);
    assert_int_equal(ues->sessions[1].peer.way.in_flight, 0);
    assert_int_equal(ues->sent_count, 4);
    assert_rejected(ues, 3, 0, "RECIPIENT_UNAVAILABLE");
    assert_sent(ues, 3, 0, ID_1);
}

static void test_error_of_the_recipient_is_final(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, ""));
    fake_ues_finish(ues, 0, MSGIN5G_OK, NOT_FOUND);
    assert_int_equal(ues->sent_count, 2);
    assert_rejected(ues, 1, 0, "RECIPIENT_UNAVAILABLE");
}

/* EC-2: what was under way to the old session goes out again over the new one. */
static void test_message_follows_its_recipient(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, ""));
    ues->sessions[3].peer.identity = ues->sessions[1].peer.identity;
    assert_int_equal(fake_ues_post(ues, 3,
                         "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\","
                         "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"}}"),
        204);
    ues->sessions[1].closed = true;
    fake_ues_finish(ues, 0, MSGIN5G_ERR_CLOSED, 0);
    assert_int_equal(ues->sent_count, 2);
    assert_sent(ues, 1, 3, ID_1);
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    assert_int_equal(ues->sent_count, 2);
}

static void test_sender_that_has_gone_is_told_nothing(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, ""));
    registrations_peer_closed(ues->registrations, &ues->sessions[0].peer);
    fake_ues_finish(ues, 0, MSGIN5G_OK, NOT_FOUND);
    assert_int_equal(ues->sent_count, 1);
}

static void test_message_response_that_fails_ends_there(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_post(ues, 0, ue_msg(1, "im:ue-3@lab.example", ID_1, ""));
    fake_ues_finish(ues, 0, MSGIN5G_ERR_TIMEOUT, 0);
    assert_int_equal(ues->sent_count, 1);
    assert_int_equal(ues->sessions[0].peer.way.in_flight, 0);
}

static void test_transport_that_takes_nothing(void **state)
{
    struct fake_ues *ues = *state;
    ues->send_err = MSGIN5G_ERR_CLOSED;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:ue-2@lab.example", ID_1, "")), 204);
    assert_int_equal(ues->sent_count, 0);
    assert_int_equal(ues->sessions[1].peer.way.in_flight, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_message_reaches_the_other_ue),
        TEST(test_answer_waits_for_the_recipient),
        TEST(test_answer_after_failure),
        TEST(test_answers_owed_are_limited),
        TEST(test_answer_that_cannot_be_deferred),
        TEST(test_sent_as_the_sender_chose),
        TEST(test_report_goes_back_once),
        TEST(test_report_nobody_asked_for),
        TEST(test_recipient_that_is_not_there),
        TEST(test_recipient_without_session),
        TEST(test_destinations_without_a_way),
        TEST(test_spoofed_originator),
        TEST(test_sender_that_is_not_registered),
        TEST(test_as_does_not_speak_here),
        TEST(test_duplicates),
        TEST(test_segments_are_no_duplicates),
        TEST(test_failed_delivery_is_told),
        TEST(test_error_of_the_recipient_is_final),
        TEST(test_message_follows_its_recipient),
        TEST(test_sender_that_has_gone_is_told_nothing),
        TEST(test_message_response_that_fails_ends_there),
        TEST(test_transport_that_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
