/* REG, its refresh at 80 % of the lifetime, and DEREG (TS 24.538 6.3.1; EC-9, EC-23, EC-29). */
#include "client_internal.h"

#define DEREG_WAIT_MS      5000
#define REFRESH_PERCENT    80
#define LIFETIME_DEFAULT_S 3600 /* EC-9; the server always says its own */

static void on_refresh(void *ctx)
{
    registration_start(ctx);
}

static void accepted(struct msgin5g_client *client, int64_t lifetime_s)
{
    if (lifetime_s <= 0)
        lifetime_s = LIFETIME_DEFAULT_S;
    client->failures = 0;
    client->key_refreshed = false;
    loop_timer_init(&client->timer, on_refresh, client);
    (void)loop_timer_set(client->context->loop, &client->timer, lifetime_s * 1000 * REFRESH_PERCENT / 100);
    if (client->state != MSGIN5G_CLIENT_REGISTERED)
        client_set_state(client, MSGIN5G_CLIENT_REGISTERED, MSGIN5G_OK);
    if (client->events.registered != NULL)
        client->events.registered(client->ctx, client, lifetime_s);
    if (client->state == MSGIN5G_CLIENT_REGISTERED) /* unless the callback changed its mind */
        reports_flush(client);
}

static enum msgin5g_err judge(const struct transport_result *result, int64_t *lifetime_s)
{
    struct msgin5g_reg_response response;
    bool granted;

    if (result->code != MSGIN5G_COAP_CODE(2, 1) && result->code != MSGIN5G_COAP_CODE(2, 4)) {
        if (result->code == MSGIN5G_COAP_CODE(4, 3))
            return MSGIN5G_ERR_NOT_AUTHORIZED;
        return result->code == MSGIN5G_COAP_CODE(5, 3) ? MSGIN5G_ERR_OVERLOADED : MSGIN5G_ERR_PEER;
    }
    if (msgin5g_reg_response_decode((const uint8_t *)result->body.octets, result->body.length, &response) != MSGIN5G_OK)
        return MSGIN5G_ERR_PEER;
    granted = response.result;
    *lifetime_s = response.reg_exp_time_s;
    msgin5g_reg_response_free(&response);
    return granted ? MSGIN5G_OK : MSGIN5G_ERR_NOT_AUTHORIZED;
}

static void on_reg_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct msgin5g_client *client = ctx;
    int64_t lifetime_s = 0;

    if (err == MSGIN5G_ERR_CLOSED)
        return; /* told by connection_closed(); the client may be gone already */
    if (client->state == MSGIN5G_CLIENT_DEREGISTERING)
        return;
    if (err == MSGIN5G_OK)
        err = judge(result, &lifetime_s);
    if (err == MSGIN5G_OK)
        accepted(client, lifetime_s);
    else
        connection_retry_later(client, err);
}

void registration_start(struct msgin5g_client *client)
{
    struct msgin5g_message reg = msgin5g_message_init(MSGIN5G_TYPE_REG);
    enum msgin5g_err err;

    if (client->reg_lifetime_s > 0)
        reg.reg_exp_time_s = client->reg_lifetime_s;
    if (client->state != MSGIN5G_CLIENT_REGISTERED)
        client_set_state(client, MSGIN5G_CLIENT_REGISTERING, MSGIN5G_OK);
    if ((err = client_post(client, &reg, on_reg_answer, client)) != MSGIN5G_OK)
        connection_retry_later(client, err);
}

static void finish(struct msgin5g_client *client)
{
    connection_drop(client);
    client_set_state(client, MSGIN5G_CLIENT_IDLE, MSGIN5G_OK);
}

static void on_dereg_timeout(void *ctx)
{
    finish(ctx);
}

static void on_dereg_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct msgin5g_client *client = ctx;

    (void)result;
    if (err != MSGIN5G_ERR_CLOSED && client->state == MSGIN5G_CLIENT_DEREGISTERING)
        finish(client);
}

enum msgin5g_err registration_end(struct msgin5g_client *client)
{
    struct msgin5g_message dereg = msgin5g_message_init(MSGIN5G_TYPE_DEREG);
    enum msgin5g_err err;

    if (client->state != MSGIN5G_CLIENT_REGISTERED) {
        finish(client);
        return MSGIN5G_ERR_NOT_REGISTERED;
    }
    loop_timer_cancel(client->context->loop, &client->timer);
    loop_timer_init(&client->timer, on_dereg_timeout, client);
    if ((err = loop_timer_set(client->context->loop, &client->timer, DEREG_WAIT_MS)) != MSGIN5G_OK)
        return err;
    client_set_state(client, MSGIN5G_CLIENT_DEREGISTERING, MSGIN5G_OK);
    if ((err = client_post(client, &dereg, on_dereg_answer, client)) != MSGIN5G_OK)
        finish(client);
    return err;
}
