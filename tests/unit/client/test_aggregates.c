/* Small messages and reports that go out together, and aggregates taken apart (TS 23.554 8.4, TS 24.538 6.4.1.1.3,
 * 6.4.1.1.7). */
#include "fixture.h"

#include <string.h>

static const struct msgin5g_client_config together = { .aggregate_wait_ms = 30, .outstanding = 64 };

static char last_id[MSGIN5G_UUID_LEN + 1];

static enum msgin5g_err send_to(
    struct fixture *fixture, const char *to, const char *payload, enum msgin5g_priority priority)
{
    struct msgin5g_outgoing outgoing = {
        .to_type = MSGIN5G_ADDR_UE,
        .to = to,
        .payload = payload,
        .payload_length = strlen(payload),
        .priority = priority,
        .report_requested = true,
    };

    return msgin5g_client_send(fixture->client, &outgoing, last_id);
}

static enum msgin5g_err send_small(struct fixture *fixture, const char *payload)
{
    return send_to(fixture, FIXTURE_PEER, payload, MSGIN5G_PRIORITY_NORMAL);
}

static void small_messages_go_together(void **state)
{
    struct fixture *fixture = *state;
    const struct fake_entry *msg;

    fixture_register(fixture, together);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(send_small(fixture, "t=21.4"), MSGIN5G_OK);
    fixture_turn(fixture);
    fixture_until(fixture, fixture->told.sent == 3);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 1);
    msg = fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG);
    assert_int_equal(msg->item_count, 3);
    assert_string_equal(msg->dest, FIXTURE_PEER);
    assert_string_not_equal(msg->msg_id, last_id);
    assert_string_equal(fixture->told.msg_id, last_id);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
}

static void one_alone_is_no_aggregate(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, together);
    assert_int_equal(send_small(fixture, "alone"), MSGIN5G_OK);
    assert_int_equal(send_to(fixture, "im:ue-0003@lab.example", "elsewhere", MSGIN5G_PRIORITY_NORMAL), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 2);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 2);
    assert_int_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->item_count, 0);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->payload, "elsewhere");
}

/* What is urgent or large does not wait, and does not overtake. */
static void high_priority_does_not_wait(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_client_config config = together;

    config.aggregate_wait_ms = 600000;
    fixture_register(fixture, config);
    assert_int_equal(send_small(fixture, "first"), MSGIN5G_OK);
    assert_int_equal(send_to(fixture, FIXTURE_PEER, "second", MSGIN5G_PRIORITY_HIGH), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 2);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->payload, "second");
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 2);
}

static void full_ones_go_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_client_config config = { .aggregate_wait_ms = 600000, .max_segment_size = 64, .outstanding = 4 };

    fixture_register(fixture, config);
    assert_int_equal(send_small(fixture, "30 octets and not one octet..."), MSGIN5G_OK);
    assert_int_equal(send_small(fixture, "30 octets and not one octet..."), MSGIN5G_OK);
    assert_int_equal(send_small(fixture, "30 octets and not one octet..."), MSGIN5G_OK); /* does not fit any more */
    fixture_until(fixture, fixture->told.sent == 2);
    assert_int_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->item_count, 2);
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(send_small(fixture, ""), MSGIN5G_OK); /* as many as may be outstanding */
    assert_int_equal(send_small(fixture, ""), MSGIN5G_ERR_LIMIT);
    fixture_until(fixture, fixture->told.sent == 6);
    assert_int_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->item_count, 4);
}

/* 32 payloads that fit, but not when every character of them is escaped. */
static void bodies_that_grow_too_large(void **state)
{
    struct fixture *fixture = *state;
    char payload[60];

    memset(payload, '\x01', sizeof payload - 1);
    payload[sizeof payload - 1] = '\0';
    fixture_register(fixture, together);
    for (unsigned i = 0; i < 30; i++)
        assert_int_equal(send_small(fixture, payload), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 30);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 30);
}

static void what_is_said_about_an_aggregate_is_said_about_each(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message response = msgin5g_message_init(MSGIN5G_TYPE_MSGRESP);

    fixture_register(fixture, together);
    assert_int_equal(send_small(fixture, "a"), MSGIN5G_OK);
    assert_int_equal(send_small(fixture, "b"), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 2);
    response.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str(FIXTURE_UE) };
    response.msg_id = msgin5g_str(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->msg_id);
    response.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    response.cause = msgin5g_str("RECIPIENT_UNAVAILABLE");
    fake_server_send(&fixture->server, &response);
    fixture_until(fixture, fixture->told.responses == 2);
    assert_string_equal(fixture->told.msg_id, last_id);
    assert_string_equal(fixture->told.cause, "RECIPIENT_UNAVAILABLE");
}

static void free_client(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "sent") == 0 || strcmp(what, "response") == 0) {
        msgin5g_client_free(fixture->client);
        fixture->client = NULL;
    }
}

static void the_owner_may_free_the_client_when_told(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, together);
    fixture->told.react = free_client;
    assert_int_equal(send_small(fixture, "a"), MSGIN5G_OK);
    assert_int_equal(send_small(fixture, "b"), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    fixture_turn(fixture);
}

static void what_waits_when_the_session_is_lost(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_client_config config = together;

    config.backoff_min_ms = config.backoff_max_ms = 600000; /* it does not come back in time */
    fixture_register(fixture, config);
    assert_int_equal(send_small(fixture, "a"), MSGIN5G_OK);
    assert_int_equal(send_small(fixture, "b"), MSGIN5G_OK);
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->told.sent == 2);
    assert_int_not_equal(fixture->told.sent_err, MSGIN5G_OK);
}

static void items(struct msgin5g_message *aggregate, struct msgin5g_item out[2])
{
    out[0] = (struct msgin5g_item){ .msg_id = msgin5g_str("22222222-2222-4222-8222-222222222222"),
        .payload = msgin5g_str("t=21.4"),
        .app_id = msgin5g_str("log"),
        .report_requested = true };
    out[1] = (struct msgin5g_item){ .msg_id = msgin5g_str("33333333-3333-4333-8333-333333333333"),
        .payload = msgin5g_str("t=21.6"),
        .report_requested = true };
    aggregate->items = out;
    aggregate->item_count = 2;
    aggregate->payload = (struct msgin5g_str){ NULL, 0 };
}

/* Item by item, each with its own report; on the option they go as one. */
static void an_aggregate_is_taken_apart(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message aggregate = fixture_message("", false);
    struct msgin5g_item list[2];

    items(&aggregate, list);
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fake_server_send(&fixture->server, &aggregate);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 2);
    assert_int_equal(fixture->told.messages, 2);
    assert_string_equal(fixture->told.payload, "t=21.6");
    assert_string_equal(
        fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->msg_id, "33333333-3333-4333-8333-333333333333");
}

static void reports_go_together(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message aggregate = fixture_message("", false);
    struct msgin5g_item list[2];

    items(&aggregate, list);
    fixture_register(fixture, together);
    fake_server_send(&fixture->server, &aggregate);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1);
    assert_int_equal(fixture->told.messages, 2);
    assert_int_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->item_count, 2);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->dest, FIXTURE_PEER);
}

static void reports_that_come_together(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message reports = fixture_message("", false);
    struct msgin5g_item list[2];

    items(&reports, list);
    reports.type = MSGIN5G_TYPE_IMDN;
    list[0].delivery_status = MSGIN5G_DELIVERY_SUCCESS;
    list[1].delivery_status = MSGIN5G_DELIVERY_FAILURE;
    list[1].cause = msgin5g_str("APP_REJECTED");
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fake_server_send(&fixture->server, &reports);
    fixture_until(fixture, fixture->told.reports == 2);
    assert_string_equal(fixture->told.msg_id, "33333333-3333-4333-8333-333333333333");
    assert_string_equal(fixture->told.cause, "APP_REJECTED");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(small_messages_go_together),
        TEST(one_alone_is_no_aggregate),
        TEST(high_priority_does_not_wait),
        TEST(full_ones_go_at_once),
        TEST(bodies_that_grow_too_large),
        TEST(what_is_said_about_an_aggregate_is_said_about_each),
        TEST(the_owner_may_free_the_client_when_told),
        TEST(what_waits_when_the_session_is_lost),
        TEST(an_aggregate_is_taken_apart),
        TEST(reports_go_together),
        TEST(reports_that_come_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
