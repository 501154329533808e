#include "fixture.h"

#include "client_internal.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void react(struct fixture *fixture, const char *what)
{
    if (fixture->told.react != NULL)
        fixture->told.react(fixture, what);
}

static void copy(struct msgin5g_str text, char *out, size_t capacity)
{
    snprintf(out, capacity, "%.*s", (int)text.length, text.length > 0 ? text.octets : "");
}

static void on_state(void *ctx, struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err)
{
    struct fixture *fixture = ctx;
    struct told *told = &fixture->told;

    assert_int_equal(msgin5g_client_current_state(client), state);
    told->states[state]++;
    told->last_err = err;
    if (state == MSGIN5G_CLIENT_WAITING)
        told->waiting_at_ms = fixture_now_ms();
    if (state == MSGIN5G_CLIENT_CONNECTING && told->waiting_at_ms > 0 && told->wait_count < 16)
        told->waits_ms[told->wait_count++] = fixture_now_ms() - told->waiting_at_ms;
    react(fixture, "state");
}

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.registered++;
    fixture->told.lifetime_s = lifetime_s;
    react(fixture, "registered");
}

static const char *on_message(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.messages++;
    copy(message->ori.addr, fixture->told.from, sizeof fixture->told.from);
    copy(message->payload, fixture->told.payload, sizeof fixture->told.payload);
    fixture->told.payload_length = message->payload.length;
    react(fixture, "message");
    return fixture->told.reject;
}

static void note_status(
    struct told *told, struct msgin5g_str msg_id, enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    copy(msg_id, told->msg_id, sizeof told->msg_id);
    copy(cause, told->cause, sizeof told->cause);
    told->status = status;
}

static void on_report(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.reports++;
    copy(from, fixture->told.from, sizeof fixture->told.from);
    note_status(&fixture->told, msg_id, status, cause);
    react(fixture, "report");
}

static void on_response(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.responses++;
    note_status(&fixture->told, msg_id, status, cause);
    react(fixture, "response");
}

static void on_sent(
    void *ctx, struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, unsigned char coap_code)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.sent++;
    fixture->told.sent_err = err;
    fixture->told.sent_code = coap_code;
    snprintf(fixture->told.msg_id, sizeof fixture->told.msg_id, "%s", msg_id);
    react(fixture, "sent");
}

static void on_incomplete(
    void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from, enum msgin5g_err err)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.incomplete++;
    fixture->told.last_err = err;
    copy(msg_id, fixture->told.msg_id, sizeof fixture->told.msg_id);
    copy(from, fixture->told.from, sizeof fixture->told.from);
    react(fixture, "incomplete");
}

static void on_need_key(void *ctx, struct msgin5g_client *client)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.keys_needed++;
    react(fixture, "need_key");
}

static void on_subscription(void *ctx, struct msgin5g_client *client, const char *topic, enum msgin5g_sub_status status,
    struct msgin5g_str cause, int64_t expire_time_s)
{
    struct fixture *fixture = ctx;

    (void)client;
    fixture->told.subscriptions++;
    fixture->told.sub_status = status;
    fixture->told.lifetime_s = expire_time_s;
    copy(msgin5g_str(topic), fixture->told.msg_id, sizeof fixture->told.msg_id);
    copy(cause, fixture->told.cause, sizeof fixture->told.cause);
    react(fixture, "subscription");
}

int fixture_setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    if (fixture == NULL || msgin5g_context_create(NULL, &fixture->context) != MSGIN5G_OK)
        return -1;
    secret_random(fixture->k_akma.octets, sizeof fixture->k_akma.octets);
    fixture->server.k_akma = fixture->k_akma;
    fixture->server.lifetime_s = 3600;
    fixture->server.reg_result = true;
    fake_server_start(&fixture->server);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;

    msgin5g_context_free(fixture->context);
    if (fixture->server.transport != NULL)
        fake_server_stop(&fixture->server);
    free(fixture);
    return 0;
}

void fixture_create(struct fixture *fixture, struct msgin5g_client_config config)
{
    static const struct msgin5g_client_events events = { on_state, on_registered, on_message, on_report, on_response,
        on_sent, on_need_key, on_incomplete, on_subscription, NULL };
    char uri[64];

    snprintf(uri, sizeof uri, "coaps://" FAKE_FQDN ":%u", fixture->server.port);
    if (config.server == NULL)
        config.server = uri;
    if (config.ue_service_id == NULL)
        config.ue_service_id = FIXTURE_UE;
    if (config.backoff_min_ms == 0)
        config.backoff_min_ms = 20;
    assert_int_equal(msgin5g_client_create(fixture->context, &config, &events, fixture, &fixture->client), MSGIN5G_OK);
}

void fixture_begin(struct fixture *fixture, struct msgin5g_client_config config)
{
    fixture_create(fixture, config);
    assert_int_equal(msgin5g_client_set_akma(fixture->client, FAKE_A_KID, fixture->k_akma.octets), MSGIN5G_OK);
    assert_int_equal(msgin5g_client_register(fixture->client), MSGIN5G_OK);
}

void fixture_register(struct fixture *fixture, struct msgin5g_client_config config)
{
    fixture_begin(fixture, config);
    fixture_until(fixture, fixture->told.registered == 1);
}

static int earlier(int a_ms, int b_ms)
{
    return a_ms < 0 || (b_ms >= 0 && b_ms < a_ms) ? b_ms : a_ms;
}

void fixture_turn(struct fixture *fixture)
{
    struct pollfd ready[2] = { { .fd = msgin5g_context_fd(fixture->context), .events = POLLIN }, { .fd = -1 } };
    int timeout_ms = earlier(msgin5g_context_next_timeout_ms(fixture->context), 1000);

    if (fixture->server.loop != NULL) {
        ready[1] = (struct pollfd){ .fd = loop_fd(fixture->server.loop), .events = POLLIN };
        timeout_ms = earlier(timeout_ms, loop_next_timeout_ms(fixture->server.loop));
    }
    assert_true(poll(ready, 2, timeout_ms) >= 0);
    assert_int_equal(msgin5g_context_process(fixture->context, 0), MSGIN5G_OK);
    if (fixture->server.loop != NULL)
        assert_int_equal(loop_process(fixture->server.loop, 0), MSGIN5G_OK);
}

int64_t fixture_now_ms(void)
{
    struct clock_source clock = clock_system();

    return clock.monotonic_ms(clock.ctx);
}

enum msgin5g_client_state fixture_state(const struct fixture *fixture)
{
    return msgin5g_client_current_state(fixture->client);
}

void fixture_skip_wait(struct fixture *fixture)
{
    assert_int_equal(loop_timer_set(fixture->client->context->loop, &fixture->client->timer, 0), MSGIN5G_OK);
}

struct msgin5g_message fixture_message(const char *payload, bool report_requested)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);

    message.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str(FIXTURE_PEER) };
    message.dest = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str(FIXTURE_UE) };
    message.msg_id = msgin5g_str(FIXTURE_ID);
    message.payload = msgin5g_str(payload);
    message.report_requested = report_requested;
    message.delivery_copy = true;
    return message;
}

enum msgin5g_err fixture_send(struct fixture *fixture, bool report_requested)
{
    const struct msgin5g_outgoing message = {
        .to_type = MSGIN5G_ADDR_UE,
        .to = FIXTURE_PEER,
        .payload = "hello",
        .payload_length = 5,
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .report_requested = report_requested,
    };

    return msgin5g_client_send(fixture->client, &message, fixture->told.msg_id);
}
