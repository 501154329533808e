/* Clients freed at every moment, also inside of their own callbacks; contexts freed with everything under way. */
#include "fixture.h"

#include <string.h>

static void free_client(struct fixture *fixture)
{
    msgin5g_client_free(fixture->client);
    fixture->client = NULL;
}

/* Some turns in which nothing may come back to a freed client. */
static void expect_silence(struct fixture *fixture)
{
    struct told before = fixture->told;

    fixture_until(fixture, transport_count(fixture->server.transport).open == 0);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(msgin5g_context_process(fixture->context, 2), MSGIN5G_OK);
    assert_memory_equal(&before, &fixture->told, sizeof before);
}

static void freed_in_every_state(void **state)
{
    struct fixture *fixture = *state;

    fixture_create(fixture, (struct msgin5g_client_config){ 0 });
    free_client(fixture); /* IDLE without a key */
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    free_client(fixture); /* CONNECTING */
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_REGISTERING);
    free_client(fixture);
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    free_client(fixture);
    fixture->told.registered = 0;
    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    assert_int_equal(msgin5g_client_deregister(fixture->client), MSGIN5G_OK);
    free_client(fixture);
    fixture->server.reg_result = false;
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING);
    free_client(fixture);
    fixture->k_akma.octets[0] ^= 1;
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    fixture_until(fixture, fixture_state(fixture) == MSGIN5G_CLIENT_WAITING_KEY);
    free_client(fixture);
    expect_silence(fixture);
}

static const char *deadly;

static void free_in(struct fixture *fixture, const char *what)
{
    if (strcmp(what, deadly) == 0 && fixture->client != NULL) {
        msgin5g_context_free(fixture->context); /* ignored here */
        assert_int_equal(msgin5g_context_process(fixture->context, 0), MSGIN5G_ERR_INVALID);
        free_client(fixture);
    }
}

static void provoke(struct fixture *fixture)
{
    struct msgin5g_message imdn = fixture_message("", false);
    struct msgin5g_message message = fixture_message("open", true);
    struct msgin5g_message response = imdn;

    imdn.type = MSGIN5G_TYPE_IMDN;
    imdn.delivery_status = MSGIN5G_DELIVERY_SUCCESS;
    response.type = MSGIN5G_TYPE_MSGRESP;
    response.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    assert_int_equal(fixture_send(fixture, true), MSGIN5G_OK);
    fake_server_send(&fixture->server, &message);
    fake_server_send(&fixture->server, &imdn);
    fake_server_send(&fixture->server, &response);
}

static void freed_in_its_callbacks(void **state)
{
    static const char *const callbacks[] = { "registered", "message", "report", "response", "sent" };
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < sizeof callbacks / sizeof callbacks[0]; i++) {
        memset(&fixture->told, 0, sizeof fixture->told);
        fixture->told.react = free_in;
        deadly = callbacks[i];
        fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
        fixture_until(fixture, fixture->told.registered == 1);
        if (fixture->client != NULL)
            provoke(fixture);
        fixture_until(fixture, fixture->client == NULL);
        expect_silence(fixture);
    }
}

static enum msgin5g_client_state deadly_state;

static void free_in_state(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "state") == 0 && fixture->client != NULL && fixture_state(fixture) == deadly_state)
        free_client(fixture);
}

static void freed_in_each_change_of_state(void **state)
{
    static const enum msgin5g_client_state states[] = { MSGIN5G_CLIENT_CONNECTING, MSGIN5G_CLIENT_REGISTERING,
        MSGIN5G_CLIENT_REGISTERED, MSGIN5G_CLIENT_WAITING, MSGIN5G_CLIENT_WAITING_KEY, MSGIN5G_CLIENT_DEREGISTERING,
        MSGIN5G_CLIENT_IDLE };
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++) {
        memset(&fixture->told, 0, sizeof fixture->told);
        fixture->told.react = free_in_state;
        deadly_state = states[i];
        fixture->server.reg_result = deadly_state != MSGIN5G_CLIENT_WAITING;
        fixture->k_akma.octets[0] =
            (uint8_t)(fixture->server.k_akma.octets[0] ^ (deadly_state == MSGIN5G_CLIENT_WAITING_KEY));
        fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
        if (deadly_state == MSGIN5G_CLIENT_DEREGISTERING || deadly_state == MSGIN5G_CLIENT_IDLE) {
            fixture_until(fixture, fixture->told.registered == 1);
            (void)msgin5g_client_deregister(fixture->client);
        }
        fixture_until(fixture, fixture->client == NULL);
        expect_silence(fixture);
    }
    assert_int_equal(fixture->told.keys_needed, 0);
}

static void deregister_in_state(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "state") == 0 && fixture_state(fixture) == deadly_state) {
        fixture->told.react = NULL;
        (void)msgin5g_client_deregister(fixture->client);
    }
}

/* Whatever the moment, deregister ends in IDLE and nothing starts again. */
static void stopped_in_each_change_of_state(void **state)
{
    static const enum msgin5g_client_state states[] = { MSGIN5G_CLIENT_CONNECTING, MSGIN5G_CLIENT_REGISTERING,
        MSGIN5G_CLIENT_REGISTERED, MSGIN5G_CLIENT_WAITING, MSGIN5G_CLIENT_WAITING_KEY };
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < sizeof states / sizeof states[0]; i++) {
        memset(&fixture->told, 0, sizeof fixture->told);
        fixture->told.react = deregister_in_state;
        deadly_state = states[i];
        fixture->server.reg_result = deadly_state != MSGIN5G_CLIENT_WAITING;
        fixture->k_akma.octets[0] =
            (uint8_t)(fixture->server.k_akma.octets[0] ^ (deadly_state == MSGIN5G_CLIENT_WAITING_KEY));
        fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
        fixture_until(fixture, fixture->told.states[MSGIN5G_CLIENT_IDLE] == 1);
        expect_silence(fixture);
        assert_int_equal(fixture->told.keys_needed, 0);
        assert_int_equal(fixture_state(fixture), MSGIN5G_CLIENT_IDLE);
        free_client(fixture);
    }
}

/* Reports and messages under way in several clients when the context goes. */
static void context_freed_with_everything_under_way(void **state)
{
    struct fixture *fixture = *state;

    fixture->server.hold[MSGIN5G_TYPE_IMDN] = true;
    fixture->server.hold[MSGIN5G_TYPE_MSG] = true;
    for (unsigned i = 1; i <= 3; i++) {
        fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
        fixture_until(fixture, fixture->told.registered == i);
        provoke(fixture);
        fixture_until(fixture, fixture->told.messages == i && fixture->told.responses == i);
    }
    fixture_begin(fixture, (struct msgin5g_client_config){ 0 });
    msgin5g_context_free(fixture->context);
    fixture->context = NULL;
    assert_int_equal(fixture->told.sent, 0);
}

static void nothing_may_be_freed(void **state)
{
    (void)state;
    msgin5g_client_free(NULL);
    msgin5g_context_free(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(freed_in_every_state),
        TEST(freed_in_its_callbacks),
        TEST(freed_in_each_change_of_state),
        TEST(stopped_in_each_change_of_state),
        TEST(context_freed_with_everything_under_way),
        TEST(nothing_may_be_freed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
