/* Messages through the gateway, unchanged, in both directions: whoever sent one hears what the other end answered. */
#include "gateway_internal.h"

#include <stdlib.h>

#define RELAYS_MAX 256 /* on their way at once, both directions */

static struct gateway_relay *relay_new(struct gateway_ue *ue, enum gateway_want want, bool up)
{
    struct msgin5g_gateway *gateway = ue->gateway;
    struct gateway_relay *relay = gateway->relay_count < RELAYS_MAX ? calloc(1, sizeof *relay) : NULL;

    if (relay == NULL)
        return NULL;
    relay->gateway = gateway;
    relay->ue = ue;
    relay->want = want;
    relay->up = up;
    DL_APPEND(gateway->relays, relay);
    gateway->relay_count++;
    return relay;
}

static void relay_free(struct gateway_relay *relay)
{
    if (relay->gateway != NULL) {
        DL_DELETE(relay->gateway->relays, relay);
        relay->gateway->relay_count--;
    }
    free(relay);
}

static void answer(struct gateway_relay *relay, uint8_t code, struct msgin5g_str body)
{
    const struct transport_answer same = { .code = code,
        .format = body.length > 0 && code >> 5 == 2 ? TRANSPORT_FORMAT_JSON : TRANSPORT_FORMAT_NONE,
        .body = body.octets,
        .length = body.length,
        .max_age_s = -1 };

    if (relay->deferred != NULL)
        transport_deferred_respond(relay->deferred, &same);
    relay->deferred = NULL;
}

/* What an urgent REG or DEREG has come to. */
static void learn(const struct gateway_relay *relay, const struct transport_result *result)
{
    struct msgin5g_reg_response response;

    if (msgin5g_reg_response_decode((const uint8_t *)result->body.octets, result->body.length, &response) != MSGIN5G_OK)
        return;
    if (!response.deferred)
        gateway_settle(relay->ue, relay->want, &response);
    msgin5g_reg_response_free(&response);
    gateway_schedule(relay->gateway);
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct gateway_relay *relay = ctx;
    const struct msgin5g_str nothing = { NULL, 0 };

    if (err == MSGIN5G_OK)
        answer(relay, result->code, result->body);
    else
        answer(relay, msgin5g_err_coap_code(err), nothing);
    if (err == MSGIN5G_OK && relay->gateway != NULL && relay->want != GATEWAY_WANTS_NOTHING)
        learn(relay, result);
    relay_free(relay);
}

/* The exchange has begun, so its end answers; without memory for that the transport has answered 5.00. */
static void owe(struct gateway_relay *relay, struct transport_request *request)
{
    relay->deferred = transport_defer(request);
}

void gateway_relay_up(struct gateway_ue *ue, struct transport_request *request, enum gateway_want want)
{
    struct msgin5g_client *client = ue->gateway->client;
    struct msgin5g_str body = transport_request_body(request);
    struct gateway_relay *relay = NULL;

    if (client->state == MSGIN5G_CLIENT_REGISTERED)
        relay = relay_new(ue, want, true);
    if (relay != NULL &&
        client_post_octets(client, (const uint8_t *)body.octets, body.length, on_answer, relay) == MSGIN5G_OK) {
        owe(relay, request);
        return;
    }
    if (relay != NULL)
        relay_free(relay);
    gateway_respond(request, MSGIN5G_COAP_CODE(5, 3), NULL, 0);
}

static void relay_down(struct gateway_ue *ue, struct transport_request *request)
{
    struct msgin5g_str body = transport_request_body(request);
    const struct transport_call call = { .method = TRANSPORT_POST,
        .path = ue->gateway->client->server.path,
        .format = TRANSPORT_FORMAT_JSON,
        .body = body.octets,
        .length = body.length,
        .confirmable = true };
    struct gateway_relay *relay = ue->session != NULL ? relay_new(ue, GATEWAY_WANTS_NOTHING, false) : NULL;

    if (relay != NULL && transport_send(ue->session, &call, on_answer, relay) == MSGIN5G_OK) {
        owe(relay, request);
        return;
    }
    if (relay != NULL)
        relay_free(relay);
    gateway_respond(request, MSGIN5G_COAP_CODE(5, 3), NULL, 0);
}

/* For whom it is: MSGRESP says so in oriAddr (TS 24.538 7.3.4.3). SEGREC and SEGCONFIR name nobody. */
static bool recipient_of(struct transport_request *request, struct msgin5g_service_id *out)
{
    struct msgin5g_str body = transport_request_body(request);
    struct msgin5g_message message;
    struct msgin5g_str text = { NULL, 0 };
    bool found;

    if (transport_request_method(request) != TRANSPORT_POST ||
        msgin5g_message_decode((const uint8_t *)body.octets, body.length, &message, NULL, NULL) != MSGIN5G_OK)
        return false;
    if (message.type == MSGIN5G_TYPE_MSG || message.type == MSGIN5G_TYPE_IMDN)
        text = message.dest.addr;
    else if (message.type == MSGIN5G_TYPE_MSGRESP)
        text = message.ori.addr;
    found = text.length > 0 && msgin5g_service_id_parse(text, out) == MSGIN5G_OK;
    msgin5g_message_free(&message);
    return found;
}

bool gateway_relay_down(struct msgin5g_gateway *gateway, struct transport_request *request)
{
    struct msgin5g_service_id recipient;
    const struct msgin5g_service_id *own = &gateway->client->id;
    struct gateway_ue *ue;

    if (!recipient_of(request, &recipient) ||
        msgin5g_str_equal(
            (struct msgin5g_str){ recipient.text, recipient.length }, (struct msgin5g_str){ own->text, own->length }))
        return false;
    ue = gateway_find(gateway, (struct msgin5g_str){ recipient.text, recipient.length });
    if (ue != NULL)
        relay_down(ue, request);
    else
        gateway_respond(request, MSGIN5G_COAP_CODE(4, 4), NULL, 0);
    return true;
}

void gateway_relay_abandon(struct msgin5g_gateway *gateway)
{
    const struct msgin5g_str nothing = { NULL, 0 };
    struct gateway_relay *relay, *next;

    DL_FOREACH_SAFE (gateway->relays, relay, next) {
        if (!relay->up)
            continue;
        answer(relay, MSGIN5G_COAP_CODE(5, 3), nothing);
        DL_DELETE(gateway->relays, relay);
        relay->gateway = NULL; /* its exchange with the server goes on */
    }
}
