/* REG, its refresh at 80 % of the lifetime or as a keep-alive, and DEREG (TS 24.538 6.3.1; EC-9, EC-23, EC-29). */
#include "bootstrap.h"
#include "client_internal.h"
#include "outbox.h"

#define DEREG_WAIT_MS      5000
#define REFRESH_PERCENT    80
#define LIFETIME_DEFAULT_S 3600 /* EC-9; for a server that does not say */
#define LIFETIME_MAX_S     31536000
#define DAY_S              86400
#define RESULT_GRACE_S     60 /* beyond what a gateway expects a result to take */

static void on_refresh(void *ctx)
{
    registration_start(ctx);
}

/* In good time before the lifetime is over; and as a keep-alive, for over DTLS a server that has started anew says
 * nothing to those it no longer knows. */
static int64_t refresh_after_ms(const struct msgin5g_client *client, int64_t lifetime_s)
{
    int64_t refresh_ms = lifetime_s * 1000 * REFRESH_PERCENT / 100;
    int64_t keep_alive_ms = (int64_t)client->keep_alive_s * 1000;
    return keep_alive_ms < refresh_ms ? keep_alive_ms : refresh_ms;
}

static void accepted(struct msgin5g_client *client, int64_t lifetime_s)
{
    if (lifetime_s <= 0)
        lifetime_s = LIFETIME_DEFAULT_S;
    if (lifetime_s > LIFETIME_MAX_S)
        lifetime_s = LIFETIME_MAX_S;
    if (client->behind_gateway && lifetime_s > client->admitted_s)
        lifetime_s = client->admitted_s;
    client->failures = 0;
    client->key_refreshed = false;
    client->rebootstrapped = false;
    loop_timer_cancel(client->context->loop, &client->timer);
    loop_timer_init(&client->timer, on_refresh, client);
    (void)loop_timer_set(client->context->loop, &client->timer, refresh_after_ms(client, lifetime_s));
    if (client->state != MSGIN5G_CLIENT_REGISTERED)
        client_set_state(client, MSGIN5G_CLIENT_REGISTERED, MSGIN5G_OK);
    if (client->state == MSGIN5G_CLIENT_REGISTERED && client->events.registered != NULL)
        client->events.registered(client->ctx, client, lifetime_s);
    if (client->state == MSGIN5G_CLIENT_REGISTERED)
        messages_flush(client);
    if (client->state == MSGIN5G_CLIENT_REGISTERED)
        reports_flush(client);
    if (client->state == MSGIN5G_CLIENT_REGISTERED && client->outbox != NULL)
        outbox_resume(client->outbox);
    if (client->state == MSGIN5G_CLIENT_REGISTERED)
        segments_in_resume(client);
    if (client->state == MSGIN5G_CLIENT_REGISTERED)
        subscriptions_resume(client);
}

static enum msgin5g_err refusal(uint8_t code)
{
    switch (code) {
    case MSGIN5G_COAP_CODE(4, 1):
        return MSGIN5G_ERR_UNAUTHENTICATED;
    case MSGIN5G_COAP_CODE(4, 3):
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    case MSGIN5G_COAP_CODE(4, 29):
        return MSGIN5G_ERR_RATE_LIMITED;
    case MSGIN5G_COAP_CODE(5, 3):
        return MSGIN5G_ERR_OVERLOADED;
    default:
        return MSGIN5G_ERR_PEER;
    }
}

/* @p expected_s is set when a gateway holds the request: it is -1 else. */
static enum msgin5g_err judge(const struct transport_result *result, int64_t *lifetime_s, int64_t *expected_s)
{
    struct msgin5g_reg_response response;
    bool granted;

    if (result->code != MSGIN5G_COAP_CODE(2, 1) && result->code != MSGIN5G_COAP_CODE(2, 4))
        return refusal(result->code);
    if (msgin5g_reg_response_decode((const uint8_t *)result->body.octets, result->body.length, &response) != MSGIN5G_OK)
        return MSGIN5G_ERR_PEER;
    *expected_s = response.deferred ? response.expected_time_s : -1;
    granted = response.result || response.deferred;
    *lifetime_s = response.reg_exp_time_s;
    msgin5g_reg_response_free(&response);
    return granted ? MSGIN5G_OK : MSGIN5G_ERR_NOT_AUTHORIZED;
}

static void on_no_result(void *ctx)
{
    connection_retry_later(ctx, MSGIN5G_ERR_TIMEOUT);
}

/* The result comes with REGRESP; it may be here already. */
static void held(struct msgin5g_client *client, int64_t expected_s)
{
    if (expected_s > LIFETIME_MAX_S)
        expected_s = LIFETIME_MAX_S;
    loop_timer_cancel(client->context->loop, &client->timer);
    loop_timer_init(&client->timer, on_no_result, client);
    (void)loop_timer_set(client->context->loop, &client->timer, (expected_s + RESULT_GRACE_S) * 1000);
    if (client->events.held != NULL)
        client->events.held(client->ctx, client, expected_s);
}

static void on_reg_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    const struct connection *connection = ctx;
    struct msgin5g_client *client = connection->client;
    int64_t lifetime_s = 0, expected_s = -1;

    if (client == NULL || err == MSGIN5G_ERR_CLOSED) /* connection_closed() follows and tells */
        return;
    if (client->state != MSGIN5G_CLIENT_REGISTERING && client->state != MSGIN5G_CLIENT_REGISTERED)
        return;
    if (bootstrap_needed(client, err, result)) {
        bootstrap_again(client, result);
        return;
    }
    if (err == MSGIN5G_OK)
        err = judge(result, &lifetime_s, &expected_s);
    if (err == MSGIN5G_OK && client->behind_gateway && expected_s >= 0)
        held(client, expected_s);
    else if (err == MSGIN5G_OK)
        accepted(client, lifetime_s);
    else
        connection_retry_later(client, err);
}

/* comAvail cannot say that nothing is to be stored without a schedule: one window after the other, then. */
static struct msgin5g_availability availability_of(const struct msgin5g_client *client)
{
    struct msgin5g_availability availability = client->availability;

    if (!availability.known && availability.opted_out) {
        availability.known = true;
        availability.start_s = loop_utc_s(client->context->loop);
        availability.length_s = availability.period_s = DAY_S;
    }
    return availability;
}

static void send_reg(struct msgin5g_client *client)
{
    struct msgin5g_message reg = msgin5g_message_init(MSGIN5G_TYPE_REG);
    enum msgin5g_err err;

    if (client->id.length == 0) {
        configuration_start(client);
        return;
    }
    if (client->reg_lifetime_s > 0)
        reg.reg_exp_time_s = client->reg_lifetime_s;
    reg.max_segment_size = client->max_segment_size;
    reg.availability = availability_of(client);
    reg.urgent = client->urgent;
    if (client->hold_s > 0)
        reg.req_exp_time_s = client->hold_s;
    if ((err = client_post(client, &reg, on_reg_answer, client->connection)) != MSGIN5G_OK)
        connection_retry_later(client, err);
    else if (client->state != MSGIN5G_CLIENT_REGISTERED)
        client_set_state(client, MSGIN5G_CLIENT_REGISTERING, MSGIN5G_OK);
}

/* TS 24.538 7.3.3.3 */
static enum msgin5g_err judge_gwreg(const struct transport_result *result, int64_t *admitted_s)
{
    struct msgin5g_reg_response response;
    bool granted;

    if (result->code != MSGIN5G_COAP_CODE(2, 1) && result->code != MSGIN5G_COAP_CODE(2, 4))
        return refusal(result->code);
    if (msgin5g_gwreg_response_decode((const uint8_t *)result->body.octets, result->body.length, &response) !=
        MSGIN5G_OK)
        return MSGIN5G_ERR_PEER;
    granted = response.result;
    *admitted_s = response.reg_exp_time_s > 0 ? response.reg_exp_time_s : LIFETIME_DEFAULT_S;
    msgin5g_reg_response_free(&response);
    return granted ? MSGIN5G_OK : MSGIN5G_ERR_NOT_AUTHORIZED;
}

static void on_gwreg_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    const struct connection *connection = ctx;
    struct msgin5g_client *client = connection->client;

    if (client == NULL || err == MSGIN5G_ERR_CLOSED)
        return;
    if (client->state != MSGIN5G_CLIENT_REGISTERING && client->state != MSGIN5G_CLIENT_REGISTERED)
        return;
    if (err == MSGIN5G_OK)
        err = judge_gwreg(result, &client->admitted_s);
    if (err == MSGIN5G_OK)
        send_reg(client);
    else
        connection_retry_later(client, err);
}

/* Who is behind a gateway registers there first, each time (TS 24.538 6.3.0). */
static void send_gwreg(struct msgin5g_client *client)
{
    const struct msgin5g_message gwreg = msgin5g_message_init(MSGIN5G_TYPE_GWREG);
    enum msgin5g_err err = client_post(client, &gwreg, on_gwreg_answer, client->connection);

    if (err != MSGIN5G_OK)
        connection_retry_later(client, err);
    else if (client->state != MSGIN5G_CLIENT_REGISTERED)
        client_set_state(client, MSGIN5G_CLIENT_REGISTERING, MSGIN5G_OK);
}

void registration_start(struct msgin5g_client *client)
{
    if (client->behind_gateway)
        send_gwreg(client);
    else
        send_reg(client);
}

void registration_on_result(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    bool is_reg = message->type == MSGIN5G_TYPE_REGRESP;

    if (!client->behind_gateway)
        return;
    if (!is_reg && client->state == MSGIN5G_CLIENT_DEREGISTERING)
        registration_finish(client, MSGIN5G_OK);
    else if (is_reg && (client->state == MSGIN5G_CLIENT_REGISTERING || client->state == MSGIN5G_CLIENT_REGISTERED)) {
        if (message->result)
            accepted(client, message->reg_exp_time_s);
        else
            connection_retry_later(client, MSGIN5G_ERR_NOT_AUTHORIZED);
    }
}

void registration_finish(struct msgin5g_client *client, enum msgin5g_err err)
{
    connection_drop(client);
    client_set_state(client, MSGIN5G_CLIENT_IDLE, err);
    if (client->state == MSGIN5G_CLIENT_IDLE)
        messages_give_up(client, MSGIN5G_ERR_CLOSED);
}

static void on_dereg_timeout(void *ctx)
{
    registration_finish(ctx, MSGIN5G_ERR_TIMEOUT);
}

/* DEREGRESP ends it, or the time for that. */
static void dereg_held(struct msgin5g_client *client, int64_t expected_s)
{
    int64_t wait_s = expected_s < LIFETIME_MAX_S ? expected_s + RESULT_GRACE_S : LIFETIME_MAX_S;

    (void)loop_timer_set(client->context->loop, &client->timer, wait_s * 1000);
    if (client->events.held != NULL)
        client->events.held(client->ctx, client, expected_s);
}

static void on_dereg_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    const struct connection *connection = ctx;

    struct msgin5g_client *client = connection->client;
    int64_t lifetime_s, expected_s = -1;

    if (client == NULL || err == MSGIN5G_ERR_CLOSED)
        return;
    /* A server that does not know the registration has none to end (EC-29). */
    if (err == MSGIN5G_OK && client->behind_gateway && judge(result, &lifetime_s, &expected_s) == MSGIN5G_OK &&
        expected_s >= 0)
        dereg_held(client, expected_s);
    else
        registration_finish(client, err);
}

static void send_dereg(void *ctx)
{
    struct msgin5g_client *client = ctx;
    struct msgin5g_message dereg = msgin5g_message_init(MSGIN5G_TYPE_DEREG);
    enum msgin5g_err err;

    dereg.urgent = client->urgent;
    if (client->hold_s > 0)
        dereg.req_exp_time_s = client->hold_s;
    loop_timer_init(&client->timer, on_dereg_timeout, client);
    if ((err = client_post(client, &dereg, on_dereg_answer, client->connection)) == MSGIN5G_OK)
        err = loop_timer_set(client->context->loop, &client->timer, DEREG_WAIT_MS);
    if (err != MSGIN5G_OK)
        registration_finish(client, err);
}

enum msgin5g_err registration_end(struct msgin5g_client *client)
{
    enum msgin5g_err err;

    if (client->state == MSGIN5G_CLIENT_IDLE)
        return MSGIN5G_ERR_NOT_REGISTERED;
    if (client->state == MSGIN5G_CLIENT_DEREGISTERING)
        return MSGIN5G_OK;
    if (client->state != MSGIN5G_CLIENT_REGISTERED && client->state != MSGIN5G_CLIENT_REGISTERING) {
        registration_finish(client, MSGIN5G_OK);
        return MSGIN5G_ERR_NOT_REGISTERED;
    }
    /* In the next round, so that the report of a message whose callback we may be in still goes out before. */
    loop_timer_cancel(client->context->loop, &client->timer);
    loop_timer_init(&client->timer, send_dereg, client);
    if ((err = loop_timer_set(client->context->loop, &client->timer, 0)) != MSGIN5G_OK)
        registration_finish(client, err);
    else
        client_set_state(client, MSGIN5G_CLIENT_DEREGISTERING, MSGIN5G_OK);
    return err;
}
