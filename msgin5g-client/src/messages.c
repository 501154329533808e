/* MSG out, MSG, IMDN and MSGRESP in (TS 24.538 6.4.1.1). */
#include "bootstrap.h"
#include "gateway_internal.h"
#include "msg/aggregate.h"
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

static void free_pending(struct pending *pending)
{
    free(pending->body);
    free(pending);
}

/* Tell the owner, once. */
static void settle(
    struct msgin5g_client *client, struct pending *pending, enum msgin5g_err err, const struct transport_result *result)
{
    DL_DELETE(client->pending, pending);
    client->pending_count--;
    client_tell_sent(
        client, pending->msg_id, err, result != NULL ? result->code : 0, result != NULL ? result->max_age_s : -1);
    free_pending(pending);
}

/* The context was gone before the server looked at the message: it goes out again under the next one, once. */
static void on_sent(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct pending *pending = ctx;
    struct msgin5g_client *client = pending->client;
    uint8_t code = result != NULL ? result->code : 0;

    if (client == NULL) {
        free_pending(pending);
        return;
    }
    if (!pending->repeated && client->state != MSGIN5G_CLIENT_DEREGISTERING && bootstrap_needed(client, err, result)) {
        pending->waiting = true;
        if (client->state == MSGIN5G_CLIENT_REGISTERED) /* else another request has said so already */
            bootstrap_again(client, result);
        return;
    }
    if (err == MSGIN5G_OK && code != MSGIN5G_COAP_CODE(2, 4))
        err = MSGIN5G_ERR_PEER;
    settle(client, pending, err, result);
}

static struct pending *find_waiting(const struct msgin5g_client *client)
{
    struct pending *pending;

    DL_FOREACH (client->pending, pending) {
        if (pending->waiting)
            return pending;
    }
    return NULL;
}

void messages_flush(struct msgin5g_client *client)
{
    struct pending *pending;

    while (client->state == MSGIN5G_CLIENT_REGISTERED && (pending = find_waiting(client)) != NULL) {
        pending->waiting = false;
        pending->repeated = true;
        enum msgin5g_err err = client_post_octets(client, pending->body, pending->length, on_sent, pending);
        if (err != MSGIN5G_OK)
            settle(client, pending, err, NULL);
    }
}

void messages_give_up(struct msgin5g_client *client, enum msgin5g_err err)
{
    struct pending *pending;

    while ((pending = find_waiting(client)) != NULL)
        settle(client, pending, err, NULL);
}

static struct msgin5g_message compose(const struct msgin5g_outgoing *outgoing, const char *msg_id)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);

    message.dest.type = outgoing->to_type;
    message.dest.addr = msgin5g_str(outgoing->to);
    message.msg_id = msgin5g_str(msg_id);
    if (outgoing->app_id != NULL)
        message.app_id = msgin5g_str(outgoing->app_id);
    message.report_requested = outgoing->report_requested;
    message.priority = outgoing->priority;
    message.store_forward = outgoing->store_forward;
    message.expire_time_s = outgoing->store_forward ? outgoing->expire_time_s : 0;
    message.payload = (struct msgin5g_str){ outgoing->payload, outgoing->payload_length };
    return message;
}

static enum msgin5g_err transmit(
    struct msgin5g_client *client, const struct msgin5g_message *message, struct pending *pending)
{
    uint8_t body[MSGIN5G_MESSAGE_MAX];
    enum msgin5g_err err = client_encode(client, message, body, &pending->length);

    if (err == MSGIN5G_OK && client->server.scheme == TRANSPORT_OSCORE) {
        if ((pending->body = malloc(pending->length)) == NULL)
            return MSGIN5G_ERR_NO_MEMORY;
        memcpy(pending->body, body, pending->length);
    }
    return err == MSGIN5G_OK ? client_post_octets(client, body, pending->length, on_sent, pending) : err;
}

enum msgin5g_err messages_send_whole(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct pending *pending = calloc(1, sizeof *pending);
    enum msgin5g_err err;

    if (pending == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if ((err = transmit(client, message, pending)) != MSGIN5G_OK) {
        free_pending(pending);
        return err;
    }
    memcpy(pending->msg_id, message->msg_id.octets, MSGIN5G_UUID_LEN);
    pending->client = client;
    DL_APPEND(client->pending, pending);
    client->pending_count++;
    return MSGIN5G_OK;
}

static void choose_id(const struct msgin5g_outgoing *outgoing, char msg_id[MSGIN5G_UUID_LEN + 1])
{
    unsigned char random[16];

    if (outgoing->msg_id != NULL) { /* msgin5g_uuid_valid() bounds it */
        memcpy(msg_id, outgoing->msg_id, MSGIN5G_UUID_LEN + 1);
        return;
    }
    secret_random(random, sizeof random);
    msgin5g_uuid_format(random, msg_id);
}

enum msgin5g_err msgin5g_client_send(
    struct msgin5g_client *client, const struct msgin5g_outgoing *outgoing, char msg_id[MSGIN5G_UUID_LEN + 1])
{
    struct msgin5g_message message;

    if (client->outbox == NULL && client->state != MSGIN5G_CLIENT_REGISTERED)
        return MSGIN5G_ERR_NOT_REGISTERED;
    if (outgoing->payload_length > MSGIN5G_WHOLE_MAX)
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    if (outgoing->to == NULL || (outgoing->msg_id != NULL && !msgin5g_uuid_valid(msgin5g_str(outgoing->msg_id))))
        return MSGIN5G_ERR_INVALID;
    if (client->outbox == NULL && client->pending_count >= client->outstanding_max)
        return MSGIN5G_ERR_LIMIT;
    choose_id(outgoing, msg_id);
    message = compose(outgoing, msg_id);
    if (client->outbox != NULL)
        return outbox_put(client->outbox, &message);
    if (aggregates_wanted(client, &message))
        return aggregates_add(client, &message);
    aggregates_flush(client); /* what came before goes before */
    if (outgoing->payload_length > client->segment_size)
        return segments_send(client, &message);
    return messages_send_whole(client, &message);
}

void messages_abandon(struct msgin5g_client *client)
{
    struct pending *pending, *next;

    DL_FOREACH_SAFE (client->pending, pending, next) {
        DL_DELETE(client->pending, pending);
        pending->client = NULL; /* on_sent() releases it when the transport ends the exchange */
        if (pending->waiting)
            free_pending(pending);
    }
    aggregates_abandon(client);
    segments_out_abandon(client);
    segments_in_abandon(client);
}

void messages_hand_over(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    const char *cause = NULL;

    if (recent_seen(&client->recent, message))
        return;
    if (client->events.message != NULL)
        cause = client->events.message(client->ctx, client, message);
    if (client->outbox != NULL) /* the acknowledgement leaves after this */
        outbox_seen(client->outbox, recent_hash(message->ori.addr, message->msg_id));
    if (message->report_requested && client->state != MSGIN5G_CLIENT_IDLE) /* the callback may have freed it */
        reports_add(client, message, cause);
}

static void tell_report(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    if (client->events.report != NULL)
        client->events.report(
            client->ctx, client, message->msg_id, message->ori.addr, message->delivery_status, message->cause);
}

/* An aggregated message is handed over one by one (TS 24.538 6.4.1.1.7). The owner may free the client in between: it
 * is deaf then. */
static void split(struct msgin5g_client *client, const struct msgin5g_message *message,
    void (*take)(struct msgin5g_client *, const struct msgin5g_message *))
{
    struct msgin5g_message one;

    if (message->item_count == 0)
        take(client, message);
    for (size_t i = 0; i < message->item_count; i++) {
        one = aggregate_item(message, i);
        take(client, &one);
    }
}

static void on_msg(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    if (message->segmented)
        segments_receive(client, message);
    else
        split(client, message, messages_hand_over);
}

static void on_imdn(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    split(client, message, tell_report);
}

static void on_msgresp(struct msgin5g_client *client, const struct msgin5g_message *message)
{
    bool failed_segment = message->delivery_status == MSGIN5G_DELIVERY_FAILURE && message->segment.set_id.length > 0;

    if (failed_segment && segments_failed(client, message->segment.set_id))
        return; /* the same of another segment */
    if (!aggregates_on_response(client, message) && client->events.response != NULL)
        client->events.response(client->ctx, client, message->msg_id, message->delivery_status, message->cause);
}

/* What a server may send to a client (TS 24.538 6.4.1.1). */
static void (*const handlers[MSGIN5G_TYPE_COUNT])(struct msgin5g_client *, const struct msgin5g_message *) = {
    [MSGIN5G_TYPE_MSG] = on_msg,
    [MSGIN5G_TYPE_IMDN] = on_imdn,
    [MSGIN5G_TYPE_MSGRESP] = on_msgresp,
    [MSGIN5G_TYPE_REGRESP] = registration_on_result,
    [MSGIN5G_TYPE_DEREGRESP] = registration_on_result,
    [MSGIN5G_TYPE_SEGREC] = segments_on_recovery,
    [MSGIN5G_TYPE_SEGCONFIR] = segments_on_confirmation,
};

static enum msgin5g_err receive(struct transport_request *request, struct msgin5g_message *out)
{
    struct msgin5g_str body = transport_request_body(request);
    int format = transport_request_format(request);
    enum msgin5g_err err;

    if (transport_request_method(request) != TRANSPORT_POST)
        return MSGIN5G_ERR_METHOD;
    if (format != TRANSPORT_FORMAT_NONE && format != TRANSPORT_FORMAT_JSON)
        return MSGIN5G_ERR_UNSUPPORTED_FORMAT;
    if ((err = msgin5g_message_decode((const uint8_t *)body.octets, body.length, out, NULL, NULL)) != MSGIN5G_OK)
        return err;
    if (handlers[out->type] != NULL)
        return MSGIN5G_OK;
    msgin5g_message_free(out);
    return MSGIN5G_ERR_MALFORMED;
}

void messages_notified(struct msgin5g_client *client, struct msgin5g_str body)
{
    struct msgin5g_message message;

    if (msgin5g_message_decode((const uint8_t *)body.octets, body.length, &message, NULL, NULL) != MSGIN5G_OK)
        return;
    if (message.type == MSGIN5G_TYPE_MSG)
        on_msg(client, &message);
    msgin5g_message_free(&message);
}

void messages_receive(struct msgin5g_client *client, struct transport_request *request)
{
    struct transport_answer answer = { .format = TRANSPORT_FORMAT_NONE, .max_age_s = -1 };
    struct msgin5g_message message;
    enum msgin5g_err err;

    if (client->gateway != NULL && gateway_relay_down(client->gateway, request))
        return;
    err = receive(request, &message);
    answer.code = msgin5g_err_coap_code(err);
    transport_respond(request, &answer);
    if (err != MSGIN5G_OK)
        return;
    handlers[message.type](client, &message);
    msgin5g_message_free(&message);
}
