/* Loss of the session, refusals, wrong keys: what is tried again, when, and what is asked for. */
#include "client_internal.h"
#include "fixture.h"

#include <string.h>

static void reconnects_after_the_loss_of_the_session(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->told.registered == 2);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING], 1);
    assert_int_equal(fixture->told.keys_needed, 0);
    assert_in_range(fixture->told.waits_ms[0], 9, 900); /* quick the first time: half to all of 20 ms */
    assert_int_equal(fixture->server.opened, 2);
}

static void message_under_way_is_told_lost(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.hold[MSGIN5G_TYPE_MSG] = true;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG) == 1);
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_ERR_CLOSED);
    assert_int_equal(fixture->told.sent_code, 0);
}

/* Nobody listens, then somebody does: waits double, and the client comes back by itself. */
static void backs_off_while_nobody_listens(void **state)
{
    struct fixture *fixture = *state;

    fake_server_stop(&fixture->server);
    fixture_begin(fixture, (struct msgin5g_client_config){ .backoff_min_ms = 40, .backoff_max_ms = 250 });
    fixture_until(fixture, fixture->told.wait_count == 5);
    assert_int_equal(fixture->told.keys_needed, 0);
    /* Half to all of 40, 80, 160, 250, 250 ms; a wait has begun a little before it is told, on a busy machine. */
    assert_true(fixture->told.waits_ms[0] >= 10);
    assert_true(fixture->told.waits_ms[1] >= 30);
    assert_true(fixture->told.waits_ms[2] >= 70);
    assert_true(fixture->told.waits_ms[3] >= 110);
    assert_in_range(fixture->told.waits_ms[4], 110, 1200); /* never longer than the maximum */
    assert_int_equal(fixture->client->failures, 5);
    fake_server_start(&fixture->server);
    fixture_until(fixture, fixture->told.registered == 1);
    assert_true(strncmp(msgin5g_client_protection(fixture->client), "DTLSv1.3", 8) == 0); /* 1.3 first, each time */
    assert_int_equal(fixture->client->failures, 0); /* a success resets the back-off */
}

static void refused_registration_backs_off(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        uint8_t code;
        enum msgin5g_err err;
    } rows[] = {
        { MSGIN5G_COAP_CODE(4, 3), MSGIN5G_ERR_NOT_AUTHORIZED },
        { MSGIN5G_COAP_CODE(4, 1), MSGIN5G_ERR_UNAUTHENTICATED },
        { MSGIN5G_COAP_CODE(4, 29), MSGIN5G_ERR_RATE_LIMITED }, { MSGIN5G_COAP_CODE(5, 3), MSGIN5G_ERR_OVERLOADED },
        { MSGIN5G_COAP_CODE(5, 0), MSGIN5G_ERR_PEER },
        { 0, MSGIN5G_ERR_NOT_AUTHORIZED }, /* 2.01 with result false (EC-29) */
    };

    fixture->server.reg_result = false;
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned waiting = fixture->told.states[MSGIN5G_CLIENT_WAITING];

        fixture->server.code[MSGIN5G_TYPE_REG] = rows[i].code;
        fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
        fixture_until(fixture, fixture->told.states[MSGIN5G_CLIENT_WAITING] == waiting + 1);
        assert_int_equal(fixture->told.last_err, rows[i].err);
        msgin5g_client_free(fixture->client);
    }
    assert_int_equal(fixture->told.keys_needed, 0);
    assert_int_equal(fixture->told.registered, 0);
    fixture->server.code[MSGIN5G_TYPE_REG] = 0;
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
    fixture->server.reg_result = true;
    fixture_until(fixture, fixture->told.registered == 1);
}

static void refused_refresh_starts_over(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.lifetime_s = 1;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    fixture->server.code[MSGIN5G_TYPE_REG] = MSGIN5G_COAP_CODE(4, 3);
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_NOT_AUTHORIZED);
    fixture->server.code[MSGIN5G_TYPE_REG] = 0;
    fixture_until(fixture, fixture->told.registered == 2);
    assert_int_equal(fixture->server.opened, 2);
}

static void use_right_key(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "need_key") == 0)
        assert_int_equal(
            msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->server.k_akma.octets), MSGIN5G_OK);
}

static void wrong_key_is_refreshed(void **state)
{
    struct fixture *fixture = *state;

    fixture->k_akma.octets[0] ^= 1;
    fixture->told.react = use_right_key;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(fixture->told.keys_needed, 1);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING_KEY], 1);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING], 0);

    fixture->server.k_akma.octets[5] ^= 1; /* after a success it may be asked for again */
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->told.registered == 2);
    assert_int_equal(fixture->told.keys_needed, 2);
}

/* The key is handed over later, not inside of the callback. */
static void waits_for_the_key(void **state)
{
    struct fixture *fixture = *state;
    int64_t end_ms;

    fixture->k_akma.octets[0] ^= 1;
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING_KEY);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_OK);
    assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_WAITING_KEY);
    for (end_ms = fixture_now_ms() + 50; fixture_now_ms() < end_ms;)
        assert_int_equal(msgin5g_context_process(fixture->context, 10), MSGIN5G_OK);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_CONNECTING], 1);
    assert_int_equal(msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->server.k_akma.octets), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.registered == 1);
}

static void use_wrong_key(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "need_key") == 0)
        assert_int_equal(msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->k_akma.octets), MSGIN5G_OK);
}

/* Refresh once, retry once, then back off (AKMA digest 4.5); ask again only when the wait is at its longest. */
static void key_is_asked_for_once(void **state)
{
    struct fixture *fixture = *state;

    fixture->k_akma.octets[0] ^= 1;
    fixture->told.react = use_wrong_key;
    fixture_begin(fixture, (struct msgin5g_client_config){ .backoff_min_ms = 10, .backoff_max_ms = 100 });
    fixture_until(fixture, fixture->told.states[MSGIN5G_CLIENT_WAITING] == 4); /* 10, 20, 40, 80 ms */
    assert_int_equal(fixture->told.keys_needed, 1);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_AUTHENTICATION);
    fixture_until(fixture, fixture->told.states[MSGIN5G_CLIENT_WAITING] == 5);
    assert_int_equal(fixture->told.keys_needed, 1);
    fixture_until(fixture, fixture->told.keys_needed == 2);
}

static void alerts(void **state)
{
    struct fixture *fixture = *state;
    static const struct {
        int alert;
        unsigned keys_needed;
        enum msgin5g_err err;
    } rows[] = {
        { TLS_ALERT_UNKNOWN_PSK_IDENTITY, 1, MSGIN5G_ERR_AUTHENTICATION },
        { TLS_ALERT_DECRYPT_ERROR, 1, MSGIN5G_ERR_AUTHENTICATION },
        { TLS_ALERT_ILLEGAL_PARAMETER, 1, MSGIN5G_ERR_AUTHENTICATION },
        { 20, 1, MSGIN5G_ERR_AUTHENTICATION },
        { TLS_ALERT_HANDSHAKE_FAILURE, 1, MSGIN5G_ERR_AUTHENTICATION }, /* in the second attempt, of 1.2 */
        { TLS_ALERT_INTERNAL_ERROR, 0, MSGIN5G_ERR_PEER },              /* AAnF unreachable */
        { TLS_ALERT_ACCESS_DENIED, 0, MSGIN5G_ERR_PEER },
        { TLS_ALERT_UNRECOGNIZED_NAME, 0, MSGIN5G_ERR_PEER },
        { TLS_ALERT_MISSING_EXTENSION, 0, MSGIN5G_ERR_PEER },
    };

    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct told *told = &fixture->told;

        memset(told, 0, sizeof *told);
        fixture->server.refuse_alert = rows[i].alert;
        fixture->server.refuse_count = 100;
        fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
        fixture_until(fixture, told->states[MSGIN5G_CLIENT_WAITING] + told->states[MSGIN5G_CLIENT_WAITING_KEY] == 1);
        if (told->keys_needed != rows[i].keys_needed || told->last_err != rows[i].err)
            fail_msg("alert %d: %u keys, error %d", rows[i].alert, told->keys_needed, told->last_err);
        assert_int_equal(100 - fixture->server.refuse_count, rows[i].alert == TLS_ALERT_HANDSHAKE_FAILURE ? 2 : 1);
        msgin5g_client_free(fixture->client);
    }
}

/* A server of DTLS 1.2 has no alert for a Finished it cannot verify: it falls silent. */
static void silence_of_1_2_blames_the_key(void **state)
{
    struct fixture *fixture = *state;
    const struct msgin5g_context_config impatient = { .handshake_timeout_s = 1 };

    msgin5g_context_free(fixture->context);
    assert_int_equal(msgin5g_context_create(&impatient, &fixture->context), MSGIN5G_OK);
    fixture->k_akma.octets[0] ^= 1;
    fixture_begin(fixture, (struct msgin5g_client_config){ .version = MSGIN5G_VERSION_1_2 });
    fixture_until(fixture, fixture->told.states[MSGIN5G_CLIENT_WAITING] == 1); /* datagrams may have been lost */
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_TIMEOUT);
    assert_int_equal(fixture->told.keys_needed, 0);
    fixture_until(fixture, fixture->told.keys_needed == 1);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_TIMEOUT);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(reconnects_after_the_loss_of_the_session),
        TEST(message_under_way_is_told_lost),
        TEST(backs_off_while_nobody_listens),
        TEST(refused_registration_backs_off),
        TEST(refused_refresh_starts_over),
        TEST(wrong_key_is_refreshed),
        TEST(waits_for_the_key),
        TEST(key_is_asked_for_once),
        TEST(alerts),
        TEST(silence_of_1_2_blames_the_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
