/*
 * Messages to groups and topics, and subscriptions (TS 24.538 6.4.1.2.1, 6.6; TS 23.554 8.7.4, 8.8): who gets a copy,
 * how, and what the sender is told. Rows of the digest's 10.3, 11 and 12 are named.
 */
#include "fake_ues.h"
#include "fanout.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CHANGED MSGIN5G_COAP_CODE(2, 4)

static char message_id[MSGIN5G_UUID_LEN + 1]; /* of the message sent last */

static int set_up(void **state)
{
    fake_ues_set_up(state);
    for (size_t i = 0; i < 3; i++)
        fake_ues_register(*state, i);
    return 0;
}

/* MSG of @p ue (from 0) to a group or topic; each has an id of its own. */
static int send_to(struct fake_ues *ues, size_t ue, const char *type, const char *addr, const char *more)
{
    static unsigned number;
    char json[768];
    (void)snprintf(message_id, sizeof message_id, "55555555-5555-4555-8555-%012u", number++);
    (void)snprintf(json, sizeof json,
        "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"MSG\","
        "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%zu@lab.example\"},"
        "\"destAddr\":{\"destAddrType\":\"%s\",\"addr\":\"%s\"},\"msgId\":\"%s\",\"payload\":\"STOP\"%s}",
        ue + 1, type, addr, message_id, more);
    return fake_ues_post(ues, ue, json);
}

static void assert_copy(const struct fake_ues *ues, size_t index, size_t ue, const char *part)
{
    char recipient[96];
    (void)snprintf(recipient, sizeof recipient,
        "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-%zu@lab.example\"}", ue + 1);
    assert_true(index < ues->sent_count);
    assert_ptr_equal(ues->sent[index].session, &ues->sessions[ue]);
    assert_non_null(strstr(ues->sent[index].body, recipient));
    assert_non_null(strstr(ues->sent[index].body, part));
}

static void assert_told(const struct fake_ues *ues, size_t index, size_t ue, const char *cause)
{
    assert_true(index < ues->sent_count);
    assert_ptr_equal(ues->sent[index].session, &ues->sessions[ue]);
    assert_non_null(strstr(ues->sent[index].body, "\"msgType\":\"MSGRESP\""));
    assert_non_null(strstr(ues->sent[index].body, cause));
}

static int get(struct fake_ues *ues, size_t ue, const char *path, enum transport_observe observe, const char *json)
{
    struct incoming incoming = { .method = TRANSPORT_GET,
        .path = path,
        .format = TRANSPORT_FORMAT_JSON,
        .body = msgin5g_str(json),
        .confirmable = true,
        .observe = observe };
    return fake_ues_request(ues, ue, &incoming);
}

static int subscribe(struct fake_ues *ues, size_t ue, const char *topic, const char *more)
{
    char json[256], path[64];
    (void)snprintf(path, sizeof path, "msgin5g/%s", topic);
    (void)snprintf(
        json, sizeof json, "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%zu@lab.example\"}%s}", ue + 1, more);
    return get(ues, ue, path, TRANSPORT_OBSERVE_BEGIN, json);
}

static bool answer_has(const struct fake_ues *ues, const char *part)
{
    return strstr(fake_ues_answer_text(ues), part) != NULL;
}

static struct subscription *find(const struct fake_ues *ues, size_t ue, const char *topic)
{
    struct msgin5g_service_id id;
    char text[40];
    (void)snprintf(text, sizeof text, "im:ue-%zu@lab.example", ue + 1);
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(text), &id), MSGIN5G_OK);
    return topics_find(ues->topics, msgin5g_str(topic), &id);
}

/* ---- groups ---- */

/* E12; the originator gets none; a member nobody knows fails for itself. */
static void test_group_reaches_the_others(void **state)
{
    struct fake_ues *ues = *state;
    const char *forged = ",\"grpSrvId\":\"im:forged@lab.example\",\"msgTopic\":\"forged\",\"priority\":\"HIGH\"";
    assert_int_equal(send_to(ues, 0, "GROUP", "IM:pumps@LAB.example", forged), 204);
    assert_int_equal(ues->sent_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_copy(ues, i, i + 1, "\"grpSrvId\":\"im:pumps@lab.example\"");
        assert_null(strstr(ues->sent[i].body, "forged"));
        assert_null(strstr(ues->sent[i].body, "priority"));
        assert_false(ues->sent[i].notification);
        fake_ues_finish(ues, i, MSGIN5G_OK, CHANGED);
    }
    assert_int_equal(ues->sent_count, 2); /* EC-31: it arrived somewhere, so there is nothing to say */
}

static void test_group_nobody_knows(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "GROUP", "im:other@lab.example", ""), 204);
    assert_told(ues, 0, 0, "\"Cause\":\"UNKNOWN_GROUP\"");
}

static void test_ec36_not_a_member(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 1, "GROUP", "im:alone@lab.example", ""), 403);
    assert_int_equal(ues->sent_count, 1);
    assert_told(ues, 0, 1, "\"Cause\":\"NOT_AUTHORIZED\"");
}

static void test_group_with_only_the_originator(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "GROUP", "im:alone@lab.example", ",\"isDelivStatReq\":true"), 204);
    assert_int_equal(ues->sent_count, 0);
}

/* EC-31: "failure" only when every recipient failed, and once. */
static void test_ec31_every_member_failed(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "GROUP", "im:pumps@lab.example", ""), 204);
    fake_ues_finish(ues, 0, MSGIN5G_OK, MSGIN5G_COAP_CODE(5, 0));
    assert_int_equal(ues->sent_count, 2);
    fake_ues_finish(ues, 1, MSGIN5G_OK, MSGIN5G_COAP_CODE(5, 0));
    assert_int_equal(ues->sent_count, 3);
    assert_told(ues, 2, 0, "\"DelSta\":\"failure\"");
}

static void test_ec31_one_member_is_enough(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "GROUP", "im:pumps@lab.example", ",\"sfFlag\":true"), 0);
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    assert_int_equal(ues->owed, 1); /* the other one is not settled */
    fake_ues_finish(ues, 0, MSGIN5G_OK, MSGIN5G_COAP_CODE(5, 0));
    assert_int_equal(ues->owed, 0);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_int_equal(ues->sent_count, 2);
}

static void test_nobody_of_the_group_is_there(void **state)
{
    struct fake_ues *ues = *state;
    registrations_peer_closed(ues->registrations, &ues->sessions[1].peer);
    registrations_peer_closed(ues->registrations, &ues->sessions[2].peer);
    assert_int_equal(send_to(ues, 0, "GROUP", "im:pumps@lab.example", ""), 204);
    assert_told(ues, 0, 0, "\"Cause\":\"RECIPIENT_UNAVAILABLE\"");
}

/* Each member reports for itself, to the originator. */
static void test_members_report_one_by_one(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "GROUP", "im:pumps@lab.example", ",\"isDelivStatReq\":true"), 204);
    for (size_t i = 1; i < 3; i++) {
        char json[512];
        (void)snprintf(json, sizeof json,
            "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"IMDN\","
            "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%zu@lab.example\"},"
            "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},\"msgId\":\"%s\","
            "\"DelSta\":\"success\"}",
            i + 1, message_id);
        assert_int_equal(fake_ues_post(ues, i, json), 204);
        assert_ptr_equal(ues->sent[1 + i].session, &ues->sessions[0]);
    }
}

static void run_slices(struct fake_ues *ues, size_t count)
{
    for (size_t i = 0; i < count; i++)
        assert_int_equal(loop_process(ues->loop, 0), MSGIN5G_OK);
}

/* A large group goes out in slices; what comes in between is served. */
static void test_slices(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "GROUP", "im:crowd@lab.example", ",\"sfFlag\":true"), 0);
    assert_int_equal(ues->sent_count, 0);
    run_slices(ues, FAKE_CROWD / FANOUT_SLICE - 1);
    assert_int_equal(ues->sent_count, 0);
    run_slices(ues, 1);
    assert_int_equal(ues->sent_count, 1);
    assert_copy(ues, 0, 1, "\"grpSrvId\":\"im:crowd@lab.example\"");
    assert_int_equal(ues->owed, 1);
    fake_ues_finish(ues, 0, MSGIN5G_OK, CHANGED);
    assert_int_equal(ues->owed, 0);
    assert_int_equal(fake_ues_answer_code(ues), 204);
}

static void test_every_one_of_many_failed(void **state)
{
    struct fake_ues *ues = *state;
    registrations_peer_closed(ues->registrations, &ues->sessions[1].peer);
    assert_int_equal(send_to(ues, 0, "GROUP", "im:crowd@lab.example", ""), 204);
    run_slices(ues, FAKE_CROWD / FANOUT_SLICE - 1);
    assert_int_equal(ues->sent_count, 0);
    run_slices(ues, 1);
    assert_told(ues, 0, 0, "\"DelSta\":\"failure\"");
}

/* The server ends in the middle of it: the answer that is owed is given (tear-down checks that nothing leaks). */
static void test_ends_in_the_middle(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "GROUP", "im:crowd@lab.example", ",\"sfFlag\":true"), 0);
    assert_int_equal(ues->owed, 1);
}

/* ---- topics ---- */

/* E13 */
static void test_subscribe_and_publish(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 1, "alarms", ",\"expireTime\":\"2026-03-02T00:00:00Z\""), 205);
    assert_string_equal(fake_ues_answer_text(ues), "{\"subStat\":\"ADDED\",\"expireTime\":\"2026-03-02T00:00:00Z\"}");
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    assert_true(answer_has(ues, "\"UPDATED\""));
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    assert_int_equal(ues->sent_count, 1);
    assert_copy(ues, 0, 1, "\"msgTopic\":\"alarms\"");
    assert_true(ues->sent[0].notification);
    assert_true(ues->sent[0].confirmable);
    fake_ues_finish(ues, 0, MSGIN5G_OK, 0); /* an acknowledgement carries no code */
    assert_int_equal(ues->sent_count, 1);
}

/* E14, EC-8 */
static void test_unsubscribe_is_idempotent(void **state)
{
    struct fake_ues *ues = *state;
    const char *json = "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"}}";
    assert_int_equal(subscribe(ues, 1, "a/b", ""), 205);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(get(ues, 1, "msgin5g/a/b", TRANSPORT_OBSERVE_END, json), 205);
        assert_string_equal(fake_ues_answer_text(ues), "{\"subStat\":\"DELETED\"}");
    }
    assert_int_equal(send_to(ues, 0, "TOPIC", "a/b", ""), 204);
    assert_int_equal(ues->sent_count, 0);
}

static void test_wishes_not_granted(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 1, "a", ",\"expireTime\":\"2020-01-01T00:00:00Z\""), 205);
    assert_string_equal(fake_ues_answer_text(ues), "{\"subStat\":\"FAILED\",\"cause\":\"EXPIRED\"}");
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(subscribe(ues, 1, (char[]){ (char)('a' + i), '\0' }, ""), 205);
    assert_int_equal(subscribe(ues, 1, "d", ""), 205);
    assert_string_equal(fake_ues_answer_text(ues), "{\"subStat\":\"FAILED\",\"cause\":\"RATE_LIMITED\"}");
}

/* EC-27: who asks is who is registered over the session, and the end comes from Uri-Query. */
static void test_ec27_no_body(void **state)
{
    struct fake_ues *ues = *state;
    struct incoming incoming = { .method = TRANSPORT_GET,
        .path = "msgin5g/alarms",
        .format = TRANSPORT_FORMAT_NONE,
        .observe = TRANSPORT_OBSERVE_BEGIN,
        .expire_time = msgin5g_str("2026-03-01T12:00:00Z") };
    assert_int_equal(fake_ues_request(ues, 2, &incoming), 205);
    assert_true(answer_has(ues, "\"expireTime\":\"2026-03-01T12:00:00Z\""));
    assert_non_null(find(ues, 2, "alarms"));
    incoming.expire_time = msgin5g_str("tomorrow");
    assert_int_equal(fake_ues_request(ues, 2, &incoming), 400);
    incoming.expire_time = msgin5g_str("1900-01-01T00:00:00Z");
    assert_int_equal(fake_ues_request(ues, 2, &incoming), 205);
    assert_true(answer_has(ues, "FAILED"));
    incoming.expire_time.length = 0;
    assert_int_equal(fake_ues_request(ues, 3, &incoming), 403); /* nobody is registered there */
}

/* 10.3: a topic GET with a foreign id. */
static void test_foreign_subscriber(void **state)
{
    struct fake_ues *ues = *state;
    const char *json = "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"}}";
    assert_int_equal(get(ues, 1, "msgin5g/alarms", TRANSPORT_OBSERVE_BEGIN, json), 403);
    assert_int_equal(get(ues, 1, "msgin5g/alarms", TRANSPORT_OBSERVE_END, json), 403);
    assert_int_equal(metric_value(ues->metrics->spoofed), 2);
    assert_int_equal(topics_count(ues->topics).subscriptions, 0);
}

static void test_requests_that_are_refused(void **state)
{
    struct fake_ues *ues = *state;
    const char *json = "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"}}";
    struct incoming format = { .method = TRANSPORT_GET,
        .path = "msgin5g/a",
        .format = 60,
        .body = msgin5g_str(json),
        .observe = TRANSPORT_OBSERVE_BEGIN };
    assert_int_equal(get(ues, 1, "msgin5g/alarms", TRANSPORT_OBSERVE_NONE, json), 404);
    assert_int_equal(get(ues, 1, "msgin5g", TRANSPORT_OBSERVE_BEGIN, json), 404);
    assert_int_equal(get(ues, 1, "msgin5g/", TRANSPORT_OBSERVE_BEGIN, json), 404);
    assert_int_equal(get(ues, 1, "msgin5g/a//b", TRANSPORT_OBSERVE_BEGIN, json), 404);
    assert_int_equal(get(ues, 1, "other/alarms", TRANSPORT_OBSERVE_BEGIN, json), 404);
    assert_int_equal(get(ues, 1, "msgin5g/alarms", TRANSPORT_OBSERVE_BEGIN, "{}"), 400);
    assert_int_equal(fake_ues_request(ues, 1, &format), 415);
    assert_int_equal(topics_count(ues->topics).topics, 0);
}

/* EC-38, for topics nobody has subscribed to and for those that never were. */
static void test_ec38_no_subscribers(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "TOPIC", "never", ""), 204);
    assert_int_equal(ues->sent_count, 0);
    assert_int_equal(subscribe(ues, 0, "own", ""), 205);
    assert_int_equal(send_to(ues, 0, "TOPIC", "own", ",\"isDelivStatReq\":true"), 204);
    assert_told(ues, 0, 0, "\"Cause\":\"NO_SUBSCRIBERS\"");
}

/* 10.3: the publisher subscribes too. */
static void test_publisher_hears_no_echo(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 0, "alarms", ""), 205);
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    assert_int_equal(ues->sent_count, 1);
    assert_copy(ues, 0, 1, "\"msgTopic\":\"alarms\"");
}

/* EC-37: who refuses a notification is unavailable until it observes again; the subscription stays. */
static void test_ec37_refused_observation(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    struct transport_observation *observation = subscription_observation(find(ues, 1, "alarms"));
    observation->session = NULL;
    topics_observation_ended(observation, TRANSPORT_OBSERVE_END_REFUSED);
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    assert_told(ues, 0, 0, "\"Cause\":\"RECIPIENT_UNAVAILABLE\"");
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    assert_true(answer_has(ues, "UPDATED"));
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    assert_copy(ues, 1, 1, "\"msgTopic\":\"alarms\"");
    assert_true(ues->sent[1].notification);
}

/* Section 11, row 5: without an observation it comes by POST. */
static void test_row5_post_without_observation(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    struct transport_observation *observation = subscription_observation(find(ues, 1, "alarms"));
    observation->session = NULL;
    topics_observation_ended(observation, TRANSPORT_OBSERVE_END_SESSION);
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    assert_copy(ues, 0, 1, "\"msgTopic\":\"alarms\"");
    assert_false(ues->sent[0].notification);
}

/* What is too long for one notification, and what nobody would acknowledge over TCP, comes by POST. */
static void test_post_instead_of_a_notification(void **state)
{
    static const enum msgin5g_err errors[] = { MSGIN5G_ERR_PAYLOAD_TOO_LARGE, MSGIN5G_ERR_INVALID };
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    ues->notify_err = errors[0];
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    ues->notify_err = errors[1];
    assert_int_equal(send_to(ues, 2, "TOPIC", "alarms", ""), 204);
    assert_int_equal(ues->sent_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_copy(ues, i, 1, "\"msgTopic\":\"alarms\"");
        assert_false(ues->sent[i].notification);
        fake_ues_finish(ues, i, MSGIN5G_OK, CHANGED);
    }
    assert_int_equal(ues->sessions[1].peer.way.in_flight, 0);
}

/* A notification that is refused goes again, with POST: its UE is there and has subscribed. */
static void test_refused_notification_goes_again(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    fake_ues_finish(ues, 0, MSGIN5G_ERR_PEER, 0);
    assert_int_equal(ues->sent_count, 2);
    assert_copy(ues, 1, 1, "\"msgTopic\":\"alarms\"");
    assert_false(ues->sent[1].notification);
}

/* EC-29c: a subscriber that de-registers keeps its subscription, and hears nothing until it is back. */
static void test_ec29c_deregistered(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(subscribe(ues, 1, "alarms", ""), 205);
    assert_int_equal(fake_ues_post(ues, 1,
                         "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"DEREG\","
                         "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"}}"),
        204);
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    assert_told(ues, 0, 0, "\"Cause\":\"RECIPIENT_UNAVAILABLE\"");
    assert_non_null(find(ues, 1, "alarms"));
    fake_ues_register(ues, 1);
    assert_int_equal(send_to(ues, 0, "TOPIC", "alarms", ""), 204);
    assert_copy(ues, 1, 1, "\"msgTopic\":\"alarms\"");
}

static void test_names_that_are_no_topics(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "TOPIC", "a//b", ""), 400);
    assert_int_equal(send_to(ues, 0, "TOPIC", "..", ""), 400);
}

/* EC-17b: there is no broadcast gateway. */
static void test_ec17b_broadcast_area(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_to(ues, 0, "BC", "area-7", ""), 204);
    assert_told(ues, 0, 0, "\"Cause\":\"NO_ROUTE\"");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_group_reaches_the_others),
        TEST(test_group_nobody_knows),
        TEST(test_ec36_not_a_member),
        TEST(test_group_with_only_the_originator),
        TEST(test_ec31_every_member_failed),
        TEST(test_ec31_one_member_is_enough),
        TEST(test_nobody_of_the_group_is_there),
        TEST(test_members_report_one_by_one),
        TEST(test_slices),
        TEST(test_every_one_of_many_failed),
        TEST(test_ends_in_the_middle),
        TEST(test_subscribe_and_publish),
        TEST(test_unsubscribe_is_idempotent),
        TEST(test_wishes_not_granted),
        TEST(test_ec27_no_body),
        TEST(test_foreign_subscriber),
        TEST(test_requests_that_are_refused),
        TEST(test_ec38_no_subscribers),
        TEST(test_publisher_hears_no_echo),
        TEST(test_ec37_refused_observation),
        TEST(test_row5_post_without_observation),
        TEST(test_post_instead_of_a_notification),
        TEST(test_refused_notification_goes_again),
        TEST(test_ec29c_deregistered),
        TEST(test_names_that_are_no_topics),
        TEST(test_ec17b_broadcast_area),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
