/*
 * Subscriptions to topics (TS 24.538 6.6.2): remembered here, so that they are there again after a new connection, and
 * refreshed at 80 % of what the server granted unless the application said until when.
 */
#include "bootstrap.h"
#include "client_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_MS        5000
#define REFRESH_PERCENT 80
#define PATH_MAX_OCTETS (MSGIN5G_TOPIC_MAX + 80)

struct subscription {
    struct msgin5g_client *client;
    struct transport_observer *observer; /* NULL: the server notifies nobody */
    struct loop_timer timer;             /* refresh, end or another try */
    int64_t expire_time_s;               /* as the application wants it; 0: for as long as it lives */
    bool granted;                        /* by the server, at some time */
    bool ending;                         /* the application wants it no more */
    struct subscription *prev, *next;
    char topic[];
};

static struct subscription *find(const struct msgin5g_client *client, const char *topic)
{
    struct subscription *subscription;

    DL_FOREACH (client->subscriptions, subscription)
        if (strcmp(subscription->topic, topic) == 0)
            return subscription;
    return NULL;
}

static void forget(struct subscription *subscription)
{
    struct msgin5g_client *client = subscription->client;

    if (subscription->observer != NULL)
        transport_observer_drop(subscription->observer);
    loop_timer_cancel(client->context->loop, &subscription->timer);
    DL_DELETE(client->subscriptions, subscription);
    client->subscription_count--;
    free(subscription);
}

/* The last thing a function does: the owner may end the subscription, or free the client. */
static void tell(
    struct subscription *subscription, enum msgin5g_sub_status status, struct msgin5g_str cause, int64_t expire_time_s)
{
    struct msgin5g_client *client = subscription->client;
    char topic[MSGIN5G_TOPIC_MAX + 1];

    memcpy(topic, subscription->topic, strlen(subscription->topic) + 1); /* msgin5g_topic_valid() bounds it */
    if (status == MSGIN5G_SUB_DELETED || status == MSGIN5G_SUB_FAILED)
        forget(subscription);
    if (client->events.subscription != NULL)
        client->events.subscription(client->ctx, client, topic, status, cause, expire_time_s);
}

static void wait(struct subscription *subscription, int64_t delay_ms)
{
    (void)loop_timer_set(subscription->client->context->loop, &subscription->timer, delay_ms);
}

/* ---- what the server says ---- */

static void on_granted(struct subscription *subscription, const struct msgin5g_sub_response *response)
{
    int64_t left_s = response->expire_time_s - loop_utc_s(subscription->client->context->loop);

    subscription->granted = true;
    if (response->expire_time_s > 0 && left_s > 0)
        wait(subscription, subscription->expire_time_s > 0 ? left_s * 1000 : left_s * 1000 * REFRESH_PERCENT / 100);
    else
        loop_timer_cancel(subscription->client->context->loop, &subscription->timer);
    tell(subscription, response->status, (struct msgin5g_str){ 0 }, response->expire_time_s);
}

static void on_sub_response(struct subscription *subscription, const struct msgin5g_sub_response *response)
{
    if (response->status == MSGIN5G_SUB_ADDED || response->status == MSGIN5G_SUB_UPDATED) {
        if (!subscription->ending)
            on_granted(subscription, response);
    } else {
        tell(subscription, response->status, response->cause, 0);
    }
}

/* Refused for good, or for now: overload passes, and so does an observation the server has ended. */
static void on_refusal(struct subscription *subscription, uint8_t code)
{
    bool passes = code >> 5 == 5 || code == MSGIN5G_COAP_CODE(4, 29) || (subscription->granted && code >> 5 == 4);

    if (passes)
        wait(subscription, RETRY_MS);
    else
        tell(subscription, MSGIN5G_SUB_FAILED,
            msgin5g_str(msgin5g_err_cause(
                code == MSGIN5G_COAP_CODE(4, 3) ? MSGIN5G_ERR_NOT_AUTHORIZED : MSGIN5G_ERR_MALFORMED)),
            0);
}

static void on_observed(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct subscription *subscription = ctx;
    struct msgin5g_sub_response response;
    const uint8_t *body;

    if (err != MSGIN5G_OK) {
        subscription->observer = NULL;
        wait(subscription, RETRY_MS); /* a new connection tries before that */
        return;
    }
    if (!result->observed || result->code >> 5 != 2)
        subscription->observer = NULL;
    if (bootstrap_needed(subscription->client, err, result)) {
        wait(subscription, RETRY_MS); /* a new registration tries before that */
        if (subscription->client->state == MSGIN5G_CLIENT_REGISTERED)
            bootstrap_again(subscription->client, result);
        return;
    }
    body = (const uint8_t *)result->body.octets;
    if (result->code != MSGIN5G_COAP_CODE(2, 5)) {
        on_refusal(subscription, result->code);
    } else if (msgin5g_sub_response_decode(body, result->body.length, &response) == MSGIN5G_OK) {
        on_sub_response(subscription, &response);
        msgin5g_sub_response_free(&response);
    } else {
        messages_notified(subscription->client, result->body);
    }
}

/* ---- what goes to the server ---- */

static bool make_path(const struct subscription *subscription, char path[PATH_MAX_OCTETS])
{
    int length = snprintf(path, PATH_MAX_OCTETS, "%s/%s", subscription->client->server.path, subscription->topic);

    return length > 0 && length < PATH_MAX_OCTETS;
}

static enum msgin5g_err send_get(struct subscription *subscription, const struct transport_call *call)
{
    if (subscription->observer != NULL)
        return subscription->ending ? transport_observe_end(subscription->observer, call)
                                    : transport_observe_again(subscription->observer, call);
    if (subscription->ending)
        return transport_observe_stop(
            subscription->client->connection->session, call, on_observed, subscription, &subscription->observer);
    return transport_observe(
        subscription->client->connection->session, call, on_observed, subscription, &subscription->observer);
}

static void transmit(struct subscription *subscription)
{
    const struct msgin5g_client *client = subscription->client;
    const struct msgin5g_subscribe request = { .ue_service_id = { client->id.text, client->id.length },
        .expire_time_s = subscription->ending ? 0 : subscription->expire_time_s };
    uint8_t body[2 * MSGIN5G_SERVICE_ID_MAX + 128];
    char path[PATH_MAX_OCTETS];
    struct transport_call call = { .path = path, .format = TRANSPORT_FORMAT_JSON, .body = body };

    if (client->state != MSGIN5G_CLIENT_REGISTERED || client->connection == NULL)
        return; /* subscriptions_resume() comes again */
    if (!make_path(subscription, path) ||
        msgin5g_subscribe_encode(&request, body, sizeof body, &call.length) != MSGIN5G_OK ||
        send_get(subscription, &call) != MSGIN5G_OK)
        wait(subscription, RETRY_MS);
}

static void on_timer(void *ctx)
{
    struct subscription *subscription = ctx;
    int64_t end_s = subscription->expire_time_s;

    if (end_s > 0 && end_s <= loop_utc_s(subscription->client->context->loop))
        tell(subscription, MSGIN5G_SUB_DELETED, msgin5g_str(msgin5g_err_cause(MSGIN5G_ERR_EXPIRED)), 0);
    else
        transmit(subscription);
}

static struct subscription *add(struct msgin5g_client *client, const char *topic)
{
    size_t length = strlen(topic);
    struct subscription *subscription = calloc(1, sizeof *subscription + length + 1);

    if (subscription == NULL)
        return NULL;
    subscription->client = client;
    memcpy(subscription->topic, topic, length + 1);
    loop_timer_init(&subscription->timer, on_timer, subscription);
    DL_APPEND(client->subscriptions, subscription);
    client->subscription_count++;
    return subscription;
}

static enum msgin5g_err find_or_add(struct msgin5g_client *client, const char *topic, struct subscription **out)
{
    if (topic == NULL || !msgin5g_topic_valid(msgin5g_str(topic)))
        return MSGIN5G_ERR_INVALID;
    if ((*out = find(client, topic)) != NULL)
        return MSGIN5G_OK;
    if (client->subscription_count >= MSGIN5G_SUBSCRIPTIONS_MAX)
        return MSGIN5G_ERR_LIMIT;
    *out = add(client, topic);
    return *out != NULL ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

enum msgin5g_err msgin5g_client_subscribe(struct msgin5g_client *client, const char *topic, int64_t expire_time_s)
{
    struct subscription *subscription;
    enum msgin5g_err err = expire_time_s < 0 ? MSGIN5G_ERR_INVALID : find_or_add(client, topic, &subscription);

    if (err != MSGIN5G_OK)
        return err;
    subscription->expire_time_s = expire_time_s;
    subscription->ending = false;
    transmit(subscription);
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_client_unsubscribe(struct msgin5g_client *client, const char *topic)
{
    struct subscription *subscription;
    enum msgin5g_err err = find_or_add(client, topic, &subscription);

    if (err != MSGIN5G_OK)
        return err;
    subscription->expire_time_s = 0;
    subscription->ending = true;
    transmit(subscription);
    return MSGIN5G_OK;
}

void subscriptions_resume(struct msgin5g_client *client)
{
    struct subscription *subscription, *next;

    DL_FOREACH_SAFE (client->subscriptions, subscription, next)
        if (subscription->observer == NULL)
            transmit(subscription);
}

void subscriptions_disconnected(struct msgin5g_client *client)
{
    struct subscription *subscription;

    DL_FOREACH (client->subscriptions, subscription) {
        if (subscription->observer != NULL)
            transport_observer_drop(subscription->observer);
        subscription->observer = NULL;
    }
}

void subscriptions_abandon(struct msgin5g_client *client)
{
    struct subscription *subscription, *next;

    DL_FOREACH_SAFE (client->subscriptions, subscription, next)
        forget(subscription);
}
