/* Messages and reports, both ways (TS 24.538 6.4.1.1). */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static void sends(void **state)
{
    struct fixture *fixture = *state;
    char msg_id[64];
    const struct fake_entry *msg;

    fixture_create(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(fixture_send(fixture, true), MSGIN5G_ERR_NOT_REGISTERED);
    msgin5g_client_free(fixture->client);
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(fixture_send(fixture, true), MSGIN5G_OK);
    memcpy(msg_id, fixture->told.msg_id, sizeof msg_id);
    fixture_until(fixture, fixture->told.sent == 1);
    msg = fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG);
    assert_string_equal(msg->ori, FIXTURE_UE);
    assert_string_equal(msg->dest, FIXTURE_PEER);
    assert_string_equal(msg->payload, "hello");
    assert_string_equal(msg->msg_id, msg_id);
    assert_string_equal(fixture->told.msg_id, msg_id);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(fixture->told.sent_code, MSGIN5G_COAP_CODE(2, 4));
}

static void tells_what_the_server_says(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fixture->server.code[MSGIN5G_TYPE_MSG] = MSGIN5G_COAP_CODE(4, 3);
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_ERR_PEER);
    assert_int_equal(fixture->told.sent_code, MSGIN5G_COAP_CODE(4, 3));
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_REGISTERED);
}

static void tells_report_and_response(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message imdn = fixture_message("", false);
    struct msgin5g_message response = fixture_message("", false);

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    imdn.type = MSGIN5G_TYPE_IMDN;
    imdn.payload = (struct msgin5g_str){ 0 };
    imdn.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    imdn.cause = msgin5g_str("APP_REJECTED");
    fake_server_send(&fixture->server, &imdn);
    fixture_until(fixture, fixture->server.answered == 1);
    assert_int_equal(fixture->server.last_answer, MSGIN5G_COAP_CODE(2, 4));
    assert_int_equal(fixture->told.reports, 1);
    assert_string_equal(fixture->told.msg_id, FIXTURE_ID);
    assert_string_equal(fixture->told.from, FIXTURE_PEER);
    assert_string_equal(fixture->told.cause, "APP_REJECTED");
    assert_int_equal(fixture->told.status, MSGIN5G_DELIVERY_FAILURE);

    response.type = MSGIN5G_TYPE_MSGRESP;
    response.ori.addr = msgin5g_str(FIXTURE_UE);
    response.payload = (struct msgin5g_str){ 0 };
    response.delivery_status = MSGIN5G_DELIVERY_STORED;
    fake_server_send(&fixture->server, &response);
    fixture_until(fixture, fixture->server.answered == 2);
    assert_int_equal(fixture->told.responses, 1);
    assert_int_equal(fixture->told.status, MSGIN5G_DELIVERY_STORED);
    assert_string_equal(fixture->told.cause, "");
}

static void receives_and_reports_once(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = fixture_message("open", true);
    const struct fake_entry *imdn;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fake_server_send(&fixture->server, &message);
    fixture_until(
        fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1 && fixture->server.answered == 1);
    assert_int_equal(fixture->server.last_answer, MSGIN5G_COAP_CODE(2, 4));
    assert_string_equal(fixture->told.payload, "open");
    assert_string_equal(fixture->told.from, FIXTURE_PEER);
    imdn = fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN);
    assert_string_equal(imdn->ori, FIXTURE_UE);
    assert_string_equal(imdn->dest, FIXTURE_PEER);
    assert_string_equal(imdn->msg_id, FIXTURE_ID);
    assert_int_equal(imdn->status, MSGIN5G_DELIVERY_SUCCESS);

    fake_server_send(&fixture->server, &message); /* a second CoAP exchange: the server did not see the first answer */
    fixture_until(fixture, fixture->server.answered == 2);
    assert_int_equal(fixture->server.last_answer, MSGIN5G_COAP_CODE(2, 4));
    assert_int_equal(fixture->told.messages, 1);
    message.msg_id = msgin5g_str("4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e60");
    message.report_requested = false;
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fixture->told.messages == 2);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN), 1);
}

static void reports_the_reason_of_the_application(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = fixture_message("open", true);

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fixture->told.reject = "valve is stuck";
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->cause, "valve is stuck");
    assert_int_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->status, MSGIN5G_DELIVERY_FAILURE);

    fixture->told.reject = "";
    message.msg_id = msgin5g_str("4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e60");
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 2);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->cause, "APP_REJECTED");
}

/* What a client has no business with is refused, and the session goes on. */
static void refuses_what_is_not_for_clients(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message reg = fixture_message("", false);

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    reg.type = MSGIN5G_TYPE_REG;
    fake_server_send(&fixture->server, &reg);
    fixture_until(fixture, fixture->server.answered == 1);
    assert_int_equal(fixture->server.last_answer, MSGIN5G_COAP_CODE(4, 0));
    assert_int_equal(fixture->told.messages, 0);
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_REGISTERED);
}

static void deregister_on_last(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "message") == 0)
        assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK);
}

static void report_goes_out_before_deregistration(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = fixture_message("last", true);

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fixture->told.react = deregister_on_last;
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_IDLE);
    assert_int_equal(fixture->server.log[1].type, MSGIN5G_TYPE_IMDN);
    assert_int_equal(fixture->server.log[2].type, MSGIN5G_TYPE_DEREG);
}

static void owed_reports_survive_the_session(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message message = fixture_message("open", true);

    fixture->server.hold[MSGIN5G_TYPE_IMDN] = true;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1);
    fixture->server.hold[MSGIN5G_TYPE_IMDN] = false;
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 2);
    assert_int_equal(fixture->told.registered, 2);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->msg_id, FIXTURE_ID);
}

/* More reports than a session carries at once: none is left behind. */
static void many_reports(void **state)
{
    enum { MESSAGES = 200 };
    struct fixture *fixture = *state;
    char id[MSGIN5G_UUID_LEN + 1];

    fixture->server.hold[MSGIN5G_TYPE_IMDN] = true;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct msgin5g_message message = fixture_message("open", true);

        snprintf(id, sizeof id, "00000000-0000-4000-8000-%012u", i);
        message.msg_id = msgin5g_str(id);
        fake_server_send(&fixture->server, &message);
        if (i % 16 == 15 || i == MESSAGES - 1)
            fixture_until(fixture, fixture->server.answered == i + 1);
    }
    assert_int_equal(fixture->told.messages, MESSAGES);
    fixture->server.hold[MSGIN5G_TYPE_IMDN] = false;
    for (unsigned i = 0; i < fixture->server.held_count; i++) {
        const struct transport_answer ok = { .code = MSGIN5G_COAP_CODE(2, 4), .format = -1, .max_age_s = -1 };

        transport_deferred_respond(fixture->server.held[i], &ok);
    }
    fixture->server.held_count = 0;
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == MESSAGES);
}

static void limits(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_outgoing message = { .to_type = MSGIN5G_ADDR_UE, .to = FIXTURE_PEER, .payload = "\xff" };
    char msg_id[MSGIN5G_UUID_LEN + 1];
    static const char large[MSGIN5G_PAYLOAD_MAX + 1];

    fixture->server.hold[MSGIN5G_TYPE_MSG] = true;
    fixture_register(fixture, (struct msgin5g_client_config){ .outstanding = 2 });
    message.payload_length = 1;
    assert_int_equal(msgin5g_client_send(fixture->client, &message, msg_id), MSGIN5G_ERR_INVALID);
    message.payload = large;
    message.payload_length = sizeof large;
    assert_int_equal(msgin5g_client_send(fixture->client, &message, msg_id), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    message.payload_length = MSGIN5G_PAYLOAD_MAX;
    message.to = NULL;
    assert_int_equal(msgin5g_client_send(fixture->client, &message, msg_id), MSGIN5G_ERR_INVALID);
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_ERR_LIMIT);
    assert_int_equal(fixture->told.sent, 0);
}

/* 2048 octets that JSON writes as 12288: no message may be so long; a plain text of 2048 goes block by block. */
static void large_payload(void **state)
{
    struct fixture *fixture = *state;
    static char payload[MSGIN5G_PAYLOAD_MAX];
    struct msgin5g_outgoing message = {
        .to_type = MSGIN5G_ADDR_UE, .to = FIXTURE_PEER, .payload = payload, .payload_length = sizeof payload
    };
    char msg_id[MSGIN5G_UUID_LEN + 1];

    memset(payload, '\x01', sizeof payload);
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_send(fixture->client, &message, msg_id), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    memset(payload, 'x', sizeof payload);
    assert_int_equal(msgin5g_client_send(fixture->client, &message, msg_id), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(strspn(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->payload, "x"), 63);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(sends),
        TEST(tells_what_the_server_says),
        TEST(tells_report_and_response),
        TEST(receives_and_reports_once),
        TEST(reports_the_reason_of_the_application),
        TEST(refuses_what_is_not_for_clients),
        TEST(report_goes_out_before_deregistration),
        TEST(owed_reports_survive_the_session),
        TEST(many_reports),
        TEST(limits),
        TEST(large_payload),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
