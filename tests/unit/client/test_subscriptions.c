/* Subscriptions that are remembered, refreshed and made again; messages from notifications (TS 24.538 6.6.2). */
#include "fixture.h"

#include "base/clock.h"

#include <stdio.h>
#include <string.h>

#define TOPIC "alarms/pumps"

static int64_t utc_s(void)
{
    struct clock_source clock = clock_system();

    return clock.utc_s(clock.ctx);
}

static void grant(struct fixture *fixture, enum msgin5g_sub_status status, int64_t left_s)
{
    fixture->server.sub_response = (struct msgin5g_sub_response){ .status = status, .expire_time_s = utc_s() + left_s };
}

static void subscribe(struct fixture *fixture)
{
    grant(fixture, MSGIN5G_SUB_ADDED, 3600);
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_subscribe(fixture->client, TOPIC, 0), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.subscriptions == 1);
    assert_int_equal(fixture->told.sub_status, MSGIN5G_SUB_ADDED);
}

static struct msgin5g_message topic_message(const char *payload)
{
    struct msgin5g_message message = fixture_message(payload, true);

    message.topic = msgin5g_str(TOPIC);
    return message;
}

static void subscribes_and_hears(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = topic_message("leak");

    subscribe(fixture);
    assert_string_equal(fixture->server.topic_path, "msgin5g/" TOPIC);
    assert_string_equal(fixture->server.sub_body, "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"" FIXTURE_UE "\"}}");
    assert_string_equal(fixture->told.msg_id, TOPIC);
    fake_server_notify(&fixture->server, &message);
    fixture_until(fixture, fixture->told.messages == 1);
    assert_string_equal(fixture->told.payload, "leak");
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1); /* its report */
}

/* Section 11, row 5: the same message, once by notification and once by POST, is one. */
static void handed_over_once(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = topic_message("leak");

    subscribe(fixture);
    fake_server_notify(&fixture->server, &message);
    fake_server_send(&fixture->server, &message);
    fake_server_notify(&fixture->server, &message);
    fixture_until(fixture, fixture->server.answered == 3);
    assert_int_equal(fixture->told.messages, 1);
}

static void remembered_before_registration(void **state)
{
    struct fixture *fixture = *state;

    grant(fixture, MSGIN5G_SUB_ADDED, 3600);
    fixture_create(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_subscribe(fixture->client, TOPIC, 0), MSGIN5G_OK);
    assert_int_equal(msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->k_akma.octets), MSGIN5G_OK);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.subscriptions == 1);
    assert_int_equal(fixture->server.gets, 1);
}

static void survives_a_new_connection(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = topic_message("after");

    subscribe(fixture);
    grant(fixture, MSGIN5G_SUB_UPDATED, 3600);
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->told.registered == 2);
    fixture_until(fixture, fixture->told.subscriptions == 2);
    assert_int_equal(fixture->told.sub_status, MSGIN5G_SUB_UPDATED);
    assert_int_equal(fixture->server.ends, 0); /* nothing was unsubscribed on the way */
    fake_server_notify(&fixture->server, &message);
    fixture_until(fixture, fixture->told.messages == 1);
}

/* At 80 % of what was granted, as long as the application named no end. */
static void refreshed_in_time(void **state)
{
    struct fixture *fixture = *state;

    grant(fixture, MSGIN5G_SUB_ADDED, 2);
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_subscribe(fixture->client, TOPIC, 0), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.subscriptions == 1);
    grant(fixture, MSGIN5G_SUB_UPDATED, 3600);
    fixture_until(fixture, fixture->told.subscriptions == 2);
    assert_int_equal(fixture->server.gets, 2);
    assert_int_equal(fixture->told.sub_status, MSGIN5G_SUB_UPDATED);
}

static void ends_when_the_application_said(void **state)
{
    struct fixture *fixture = *state;

    grant(fixture, MSGIN5G_SUB_ADDED, 1);
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_subscribe(fixture->client, TOPIC, utc_s() + 1), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.subscriptions == 1);
    assert_non_null(strstr(fixture->server.sub_body, "expireTime"));
    fixture_until(fixture, fixture->told.subscriptions == 2);
    assert_int_equal(fixture->told.sub_status, MSGIN5G_SUB_DELETED);
    assert_string_equal(fixture->told.cause, "EXPIRED");
    assert_int_equal(fixture->server.gets, 1);
}

static void unsubscribes(void **state)
{
    struct fixture *fixture = *state;

    subscribe(fixture);
    assert_int_equal(msgin5g_client_unsubscribe(fixture->client, TOPIC), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.subscriptions == 2);
    assert_int_equal(fixture->told.sub_status, MSGIN5G_SUB_DELETED);
    assert_int_equal(fixture->server.ends, 1);
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->told.registered == 2);
    assert_int_equal(msgin5g_client_unsubscribe(fixture->client, "other"), MSGIN5G_OK); /* of another process */
    fixture_until(fixture, fixture->told.subscriptions == 3);
    assert_string_equal(fixture->server.topic_path, "msgin5g/other");
    assert_int_equal(fixture->server.gets, 1);
}

static void refused_for_good(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fixture->server.sub_response =
        (struct msgin5g_sub_response){ .status = MSGIN5G_SUB_FAILED, .cause = msgin5g_str("RATE_LIMITED") };
    assert_int_equal(msgin5g_client_subscribe(fixture->client, TOPIC, 0), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.subscriptions == 1);
    assert_int_equal(fixture->told.sub_status, MSGIN5G_SUB_FAILED);
    assert_string_equal(fixture->told.cause, "RATE_LIMITED");
    fixture->server.sub_code = MSGIN5G_COAP_CODE(4, 3);
    assert_int_equal(msgin5g_client_subscribe(fixture->client, TOPIC, 0), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.subscriptions == 2);
    assert_string_equal(fixture->told.cause, "NOT_AUTHORIZED");
}

static void what_is_no_topic(void **state)
{
    struct fixture *fixture = *state;
    char topic[16];

    fixture_create(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_subscribe(fixture->client, "a//b", 0), MSGIN5G_ERR_INVALID);
    assert_int_equal(msgin5g_client_subscribe(fixture->client, NULL, 0), MSGIN5G_ERR_INVALID);
    assert_int_equal(msgin5g_client_subscribe(fixture->client, "a", -1), MSGIN5G_ERR_INVALID);
    assert_int_equal(msgin5g_client_unsubscribe(fixture->client, ".."), MSGIN5G_ERR_INVALID);
    for (unsigned i = 0; i < MSGIN5G_SUBSCRIPTIONS_MAX; i++) {
        (void)snprintf(topic, sizeof topic, "t%u", i);
        assert_int_equal(msgin5g_client_subscribe(fixture->client, topic, 0), MSGIN5G_OK);
    }
    assert_int_equal(msgin5g_client_subscribe(fixture->client, "one-more", 0), MSGIN5G_ERR_LIMIT);
    assert_int_equal(msgin5g_client_subscribe(fixture->client, "t0", 0), MSGIN5G_OK); /* that is no further one */
}

static void free_it(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "subscription") != 0 && strcmp(what, "message") != 0)
        return;
    msgin5g_client_free(fixture->client);
    fixture->client = NULL;
}

static void freed_in_its_callback(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fixture->told.react = free_it;
    grant(fixture, MSGIN5G_SUB_ADDED, 3600);
    assert_int_equal(msgin5g_client_subscribe(fixture->client, TOPIC, 0), MSGIN5G_OK);
    fixture_until(fixture, fixture->client == NULL);
    fixture_until(fixture, fixture->server.closed == 1);
}

static void freed_by_a_notification(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = topic_message("last");

    subscribe(fixture);
    fixture->told.react = free_it;
    fake_server_notify(&fixture->server, &message);
    fixture_until(fixture, fixture->client == NULL);
    fixture_until(fixture, fixture->server.closed == 1);
    assert_int_equal(fixture->server.ends, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(subscribes_and_hears),
        TEST(handed_over_once),
        TEST(remembered_before_registration),
        TEST(survives_a_new_connection),
        TEST(refreshed_in_time),
        TEST(ends_when_the_application_said),
        TEST(unsubscribes),
        TEST(refused_for_good),
        TEST(what_is_no_topic),
        TEST(freed_in_its_callback),
        TEST(freed_by_a_notification),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
