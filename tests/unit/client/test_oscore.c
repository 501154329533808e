/* A client over OSCORE: the bootstrap and what is refused of it, contexts that the server loses, messages on their way
 * then. */
#include "client_internal.h"
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static int setup(void **state)
{
    if (fixture_setup(state) != 0)
        return -1;
    struct fixture *fixture = *state;
    fake_server_stop(&fixture->server);
    fixture->server.oscore = true;
    fixture->server.port = 0;
    fake_server_start(&fixture->server);
    return 0;
}

static struct msgin5g_client_config over_oscore(const struct fixture *fixture)
{
    static char server[64];

    snprintf(server, sizeof server, "coap://" FAKE_FQDN ":%u", fixture->server.port);
    return (struct msgin5g_client_config){ .server = server, .oscore = true };
}

static void registers_and_exchanges_messages(void **state)
{
    struct fixture *fixture = *state;
    const struct msgin5g_message message = fixture_message("from far away", true);

    fixture_register(fixture, over_oscore(fixture));
    assert_string_equal(msgin5g_client_protection(fixture->client), "OSCORE AES-CCM-16-64-128");
    assert_string_equal(fixture->server.identity, FAKE_A_KID);
    assert_string_equal(fixture->server.server_name, FAKE_FQDN);
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1);
    assert_int_equal(fixture->told.messages, 1);
    assert_string_equal(fixture->told.payload, "from far away");
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK);
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_IDLE);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_DEREG), 1);
    assert_int_equal(fixture->server.handshakes, 1);
}

static void scheme_and_switch_go_together(void **state)
{
    static const struct msgin5g_client_config rows[] = { { .server = "coap://127.0.0.1" },
        { .server = "coaps://127.0.0.1", .oscore = true }, { .server = "coaps+tcp://127.0.0.1", .oscore = true } };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct msgin5g_client_config config = rows[i];
        struct msgin5g_client *client = NULL;

        config.server_name = FAKE_FQDN;
        config.ue_service_id = FIXTURE_UE;
        assert_int_equal(msgin5g_client_create(fixture->context, &config, NULL, NULL, &client), MSGIN5G_ERR_INVALID);
    }
}

/* The server forgot (it was restarted, or closed the context): the message is not lost, and arrives once. */
static void message_under_a_lost_context_goes_again(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, over_oscore(fixture));
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->server.closed == 1);
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 1);
    assert_int_equal(fixture->told.registered, 2);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING], 0);
    assert_int_equal(fixture->told.keys_needed, 0);
    assert_int_equal(fixture->server.handshakes, 2);
}

static void messages_at_the_rollover_of_k_af_all_arrive(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, over_oscore(fixture));
    fixture->server.forget_count = 1;
    for (int i = 0; i < 5; i++)
        assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 5);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 5);
    assert_int_equal(fixture->told.registered, 2);
    assert_int_equal(fixture->server.handshakes, 2);
}

/* A server that says so each time is not asked for ever: one new context, then the message is given back. */
static void a_server_that_always_forgets(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, over_oscore(fixture));
    fixture->server.forget_count = 100;
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_ERR_PEER);
    assert_int_equal(fixture->told.sent_code, MSGIN5G_COAP_CODE(4, 1));
    assert_int_equal(fixture->server.forget_count, 98);
}

static void report_under_a_lost_context_goes_again(void **state)
{
    struct fixture *fixture = *state;
    const struct msgin5g_message message = fixture_message("report, please", true);

    fixture->server.hold[MSGIN5G_TYPE_IMDN] = true;
    fixture_register(fixture, over_oscore(fixture));
    fake_server_send(&fixture->server, &message);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1);
    fixture->server.hold[MSGIN5G_TYPE_IMDN] = false;
    const struct transport_answer expired = { MSGIN5G_COAP_CODE(4, 1), TRANSPORT_FORMAT_NONE, "K_AF_EXPIRED", 12, -1 };
    transport_deferred_respond(fixture->server.held[--fixture->server.held_count], &expired);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 2);
    assert_int_equal(fixture->told.registered, 2);
}

static void refresh_after_the_context_was_lost(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, over_oscore(fixture));
    transport_session_close(fixture->server.session);
    fixture_until(fixture, fixture->server.closed == 1);
    fixture_skip_wait(fixture); /* the refresh is due */
    fixture_until(fixture, fixture->told.registered == 2);
    assert_int_equal(fixture->server.handshakes, 2);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING], 0);
}

static void give_right_key(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "need_key") == 0)
        assert_int_equal(
            msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->server.k_akma.octets), MSGIN5G_OK);
}

/* K_AF differs: what is protected with it is not verified. The A-KID is taken for stale, once. */
static void wrong_key_asks_for_a_fresh_one(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.k_akma.octets[0] ^= 1;
    fixture->told.react = give_right_key;
    fixture_register(fixture, over_oscore(fixture));
    assert_int_equal(fixture->told.keys_needed, 1);
    assert_int_equal(fixture->told.states[MSGIN5G_CLIENT_WAITING], 0);
}

static void wrong_key_twice_backs_off(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.k_akma.octets[0] ^= 1;
    fixture_begin(fixture, over_oscore(fixture));
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING_KEY);
    assert_int_equal(msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->k_akma.octets), MSGIN5G_OK);
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(fixture->told.keys_needed, 1);
    assert_int_equal(fixture->server.opened, 0);
}

static void refused_bootstrap(void **state)
{
    static const struct {
        uint8_t code;
        enum msgin5g_err err;
    } rows[] = { { MSGIN5G_COAP_CODE(4, 3), MSGIN5G_ERR_AF_NOT_ALLOWED }, { MSGIN5G_COAP_CODE(4, 0), MSGIN5G_ERR_PEER },
        { MSGIN5G_COAP_CODE(4, 15), MSGIN5G_ERR_PEER }, { MSGIN5G_COAP_CODE(4, 29), MSGIN5G_ERR_RATE_LIMITED },
        { MSGIN5G_COAP_CODE(5, 3), MSGIN5G_ERR_AANF }, { MSGIN5G_COAP_CODE(2, 4), MSGIN5G_ERR_PEER },
        { MSGIN5G_COAP_CODE(2, 1), MSGIN5G_ERR_PEER } };
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        fixture->server.akma_code = rows[i].code;
        fixture_begin(fixture, over_oscore(fixture));
        fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
        assert_int_equal(fixture->told.last_err, rows[i].err);
        msgin5g_client_free(fixture->client);
        fixture->client = NULL;
    }
    assert_int_equal(fixture->told.keys_needed, 0);
    fixture->server.akma_code = MSGIN5G_COAP_CODE(4, 1);
    fixture_begin(fixture, over_oscore(fixture));
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING_KEY);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(fixture->told.keys_needed, 1);
}

/* Max-Age of a server that is overloaded, up to the longest wait of the configuration. */
static void waits_as_long_as_the_server_asks(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_client_config config = over_oscore(fixture);

    config.backoff_min_ms = 10;
    config.backoff_max_ms = 1000;
    fixture->server.akma_code = MSGIN5G_COAP_CODE(5, 3);
    fixture->server.akma_max_age_s = 3600;
    fixture_begin(fixture, config);
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
    fixture->server.akma_code = 0;
    fixture_until(fixture, fixture->told.registered == 1);
    assert_in_range(fixture->told.waits_ms[0], 1000, 1900);
}

/* That it is there the UE shows by itself, also when the context it renews is still in place. */
static void shows_that_it_is_there(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.akma_echo = true;
    fixture_register(fixture, over_oscore(fixture));
    assert_int_equal(fixture->server.handshakes, 2);
    fixture->server.forget_count = 1;
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(fixture->server.handshakes, 4);
    assert_int_equal(fixture->told.keys_needed, 0);
}

static void silent_server(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.akma_silent = true;
    fixture->context->handshake_timeout_ms = 300;
    fixture_begin(fixture, over_oscore(fixture));
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_TIMEOUT);
    assert_int_equal(fixture->told.keys_needed, 0);
}

static void nobody_listens(void **state)
{
    struct fixture *fixture = *state;

    fake_server_stop(&fixture->server);
    fixture_begin(fixture, over_oscore(fixture));
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_CONNECT);
    fake_server_start(&fixture->server);
    fixture_skip_wait(fixture);
    fixture_until(fixture, fixture->told.registered == 1);
}

/* Freed with a bootstrap under way, or a message that waits for the next context: no callback, no leak. */
static void freed_at_any_time(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.akma_silent = true;
    fixture_begin(fixture, over_oscore(fixture));
    fixture_until(fixture, fixture->server.handshakes == 1);
    msgin5g_client_free(fixture->client);
    fixture->server.akma_silent = false;
    fixture_register(fixture, over_oscore(fixture));
    fixture->server.akma_silent = true;
    fixture->server.forget_count = 1;
    assert_int_equal(fixture_send(fixture, false), MSGIN5G_OK);
    fixture_until(fixture, fixture->server.handshakes == 3);
    assert_int_equal(fixture->client->pending_count, 1);
    msgin5g_client_free(fixture->client);
    fixture->client = NULL;
    assert_int_equal(fixture->told.sent, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(registers_and_exchanges_messages),
        TEST(scheme_and_switch_go_together),
        TEST(message_under_a_lost_context_goes_again),
        TEST(messages_at_the_rollover_of_k_af_all_arrive),
        TEST(a_server_that_always_forgets),
        TEST(report_under_a_lost_context_goes_again),
        TEST(refresh_after_the_context_was_lost),
        TEST(wrong_key_asks_for_a_fresh_one),
        TEST(wrong_key_twice_backs_off),
        TEST(refused_bootstrap),
        TEST(waits_as_long_as_the_server_asks),
        TEST(shows_that_it_is_there),
        TEST(silent_server),
        TEST(nobody_listens),
        TEST(freed_at_any_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
