/* One UE Service ID: creation, keys, and what its owner is told. */
#include "gateway_internal.h"
#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_KEEP_ALIVE_S    300
#define DEFAULT_BACKOFF_MIN_MS  1000
#define DEFAULT_BACKOFF_MAX_MS  60000
#define DEFAULT_OUTSTANDING     16
#define DEFAULT_SEGMENT_WAIT_MS 5000 /* EC-34 */
#define DEFAULT_OUTBOX_MESSAGES 1000
#define OUTBOX_MESSAGES_MOST    10000
#define DEFAULT_OUTBOX_OCTETS   ((size_t)16 * 1024 * 1024)
#define OUTBOX_OCTETS_MOST      ((size_t)64 * 1024 * 1024)

static unsigned or_default(unsigned value, unsigned default_value)
{
    return value != 0 ? value : default_value;
}

static bool version_valid(enum msgin5g_version version)
{
    return CAN_PIN_VERSION ? version <= MSGIN5G_VERSION_1_3 : version == MSGIN5G_VERSION_AUTO;
}

static bool segment_size_valid(unsigned octets)
{
    return octets == 0 || (octets >= MSGIN5G_SEGMENT_SIZE_MIN && octets <= MSGIN5G_PAYLOAD_MAX);
}

static bool availability_valid(const struct msgin5g_availability *availability)
{
    return !availability->known ||
           (availability->start_s >= 0 && availability->length_s > 0 && availability->period_s >= 0);
}

static enum msgin5g_err configure(struct msgin5g_client *client, const struct msgin5g_client_config *config)
{
    const char *server_name = config->server_name;

    if (config->server == NULL || config->reg_lifetime_s < 0 || config->hold_s < 0 ||
        (config->behind_gateway && (config->oscore || config->ue_service_id == NULL)) ||
        !version_valid(config->version) || !availability_valid(&config->availability) ||
        !segment_size_valid(config->max_segment_size))
        return MSGIN5G_ERR_INVALID;
    if (server_uri_parse(config->server, &client->server) != MSGIN5G_OK ||
        (client->server.scheme == TRANSPORT_OSCORE) != config->oscore || (config->oscore && !CAN_OSCORE))
        return MSGIN5G_ERR_INVALID;
    if (fqdn_parse(msgin5g_str(server_name != NULL ? server_name : client->server.host), client->server_name) !=
        MSGIN5G_OK)
        return MSGIN5G_ERR_INVALID;
    if (config->ue_service_id != NULL &&
        msgin5g_service_id_parse(msgin5g_str(config->ue_service_id), &client->id) != MSGIN5G_OK)
        return MSGIN5G_ERR_INVALID;
    client->reg_lifetime_s = config->reg_lifetime_s;
    client->keep_alive_s = or_default(config->keep_alive_s, DEFAULT_KEEP_ALIVE_S);
    client->version = config->version;
    client->backoff_min_ms = or_default(config->backoff_min_ms, DEFAULT_BACKOFF_MIN_MS);
    client->backoff_max_ms = or_default(config->backoff_max_ms, DEFAULT_BACKOFF_MAX_MS);
    client->outstanding_max = or_default(config->outstanding, DEFAULT_OUTSTANDING);
    client->max_segment_size = config->max_segment_size;
    client->segment_size = or_default(config->max_segment_size, MSGIN5G_PAYLOAD_MAX);
    client->segment_wait_ms = or_default(config->segment_wait_ms, DEFAULT_SEGMENT_WAIT_MS);
    client->aggregate_wait_ms = config->aggregate_wait_ms;
    client->availability = config->availability;
    client->behind_gateway = config->behind_gateway;
    client->urgent = config->urgent;
    client->hold_s = config->hold_s;
    segments_in_init(client);
    reports_init(client);
    return MSGIN5G_OK;
}

static enum msgin5g_err open_outbox(struct msgin5g_client *client, const struct msgin5g_client_config *config)
{
    size_t messages = config->outbox_messages != 0 ? config->outbox_messages : DEFAULT_OUTBOX_MESSAGES;
    size_t octets = config->outbox_octets != 0 ? config->outbox_octets : DEFAULT_OUTBOX_OCTETS;

    if (messages > OUTBOX_MESSAGES_MOST || octets > OUTBOX_OCTETS_MOST)
        return MSGIN5G_ERR_INVALID;
    return outbox_open(client, config->outbox_file, messages, octets, &client->outbox);
}

enum msgin5g_err msgin5g_client_create(struct msgin5g_context *context, const struct msgin5g_client_config *config,
    const struct msgin5g_client_events *events, void *ctx, struct msgin5g_client **out)
{
    struct msgin5g_client *client;
    enum msgin5g_err err;

    if (context->client_count >= context->max_clients)
        return MSGIN5G_ERR_LIMIT;
    if ((client = calloc(1, sizeof *client)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if ((err = configure(client, config)) != MSGIN5G_OK) {
        free(client);
        return err;
    }
    client->context = context;
    client->ctx = ctx;
    if (config->outbox_file != NULL && (err = open_outbox(client, config)) != MSGIN5G_OK) {
        free(client);
        return err;
    }
    if (events != NULL)
        client->events = *events;
    DL_APPEND(context->clients, client);
    context->client_count++;
    *out = client;
    return MSGIN5G_OK;
}

void msgin5g_client_free(struct msgin5g_client *client)
{
    static const struct msgin5g_client_events deaf;
    struct msgin5g_context *context;

    if (client == NULL)
        return;
    context = client->context;
    msgin5g_gateway_free(client->gateway);
    messages_abandon(client);
    outbox_free(client->outbox);
    client->outbox = NULL;
    reports_abandon(client);
    subscriptions_abandon(client);
    connection_drop(client);
    secret_arena_give(context->keys, client->k_akma);
    DL_DELETE(context->clients, client);
    context->client_count--;
    /* Who called the callback we may be in finds a client that is idle and deaf. */
    client->k_akma = NULL;
    client->state = MSGIN5G_CLIENT_IDLE;
    client->events = deaf;
    if (context->depth > 0)
        LL_PREPEND(context->freed, client);
    else
        free(client);
}

enum msgin5g_err msgin5g_client_set_akma(
    struct msgin5g_client *client, const char *a_kid, const unsigned char k_akma[MSGIN5G_K_AKMA_LEN])
{
    struct msgin5g_context *context = client->context;
    struct a_kid parsed;

    if (client->behind_gateway)
        return MSGIN5G_ERR_INVALID;
    if (a_kid_parse(msgin5g_str(a_kid), &parsed) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    if (client->k_akma == NULL && (client->k_akma = secret_arena_take(context->keys)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    memcpy(client->a_kid, a_kid, strlen(a_kid) + 1); /* a_kid_parse() bounds it */
    memcpy(client->k_akma->octets, k_akma, sizeof client->k_akma->octets);
    if (client->state == MSGIN5G_CLIENT_WAITING_KEY) {
        context_enter(context);
        connection_start(client);
        context_leave(context);
    }
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_client_set_gateway_key(
    struct msgin5g_client *client, const unsigned char key[MSGIN5G_GATEWAY_KEY_LEN])
{
    if (!client->behind_gateway)
        return MSGIN5G_ERR_INVALID;
    if (client->k_akma == NULL && (client->k_akma = secret_arena_take(client->context->keys)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    memcpy(client->k_akma->octets, key, sizeof client->k_akma->octets);
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_client_register(struct msgin5g_client *client)
{
    struct msgin5g_context *context = client->context;

    if (client->k_akma == NULL)
        return MSGIN5G_ERR_AUTHENTICATION;
    if (client->state == MSGIN5G_CLIENT_IDLE || client->state == MSGIN5G_CLIENT_WAITING ||
        client->state == MSGIN5G_CLIENT_DEREGISTERING) {
        context_enter(context);
        connection_start(client);
        context_leave(context);
    }
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_client_deregister(struct msgin5g_client *client)
{
    struct msgin5g_context *context = client->context;
    enum msgin5g_err err;

    context_enter(context);
    aggregates_flush(client);
    err = registration_end(client);
    context_leave(context);
    return err;
}

enum msgin5g_client_state msgin5g_client_current_state(const struct msgin5g_client *client)
{
    return client->state;
}

const char *msgin5g_client_protection(const struct msgin5g_client *client)
{
    return client->protection;
}

void client_set_state(struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err)
{
    client->state = state;
    if (state == MSGIN5G_CLIENT_REGISTERED && client->gateway != NULL)
        gateway_upstream_registered(client->gateway);
    if (client->events.state != NULL)
        client->events.state(client->ctx, client, state, err);
}

void client_tell_sent(
    struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, uint8_t code, int64_t max_age_s)
{
    if (client->outbox != NULL && !outbox_ended(client->outbox, msg_id, err, code, max_age_s))
        return;
    if (client->events.sent != NULL)
        client->events.sent(client->ctx, client, msg_id, err, code);
}

enum msgin5g_err msgin5g_client_outbox(const struct msgin5g_client *client, struct msgin5g_outbox_facts *out)
{
    if (client->outbox == NULL)
        return MSGIN5G_ERR_INVALID;
    outbox_facts(client->outbox, out);
    return MSGIN5G_OK;
}

enum msgin5g_err client_encode(const struct msgin5g_client *client, const struct msgin5g_message *message,
    uint8_t body[MSGIN5G_MESSAGE_MAX], size_t *length)
{
    struct msgin5g_message complete = *message;

    complete.ori.type = MSGIN5G_ADDR_UE;
    complete.ori.addr = (struct msgin5g_str){ client->id.text, client->id.length };
    return msgin5g_message_encode(&complete, body, MSGIN5G_MESSAGE_MAX, length);
}

const char *msgin5g_client_service_id(const struct msgin5g_client *client)
{
    return client->id.text;
}

enum msgin5g_err client_post_octets(
    struct msgin5g_client *client, const uint8_t *body, size_t length, transport_done_fn *done, void *ctx)
{
    const struct transport_call call = {
        .method = TRANSPORT_POST,
        .path = client->server.path,
        .format = TRANSPORT_FORMAT_JSON,
        .body = body,
        .length = length,
        .confirmable = true,
    };

    if (client->connection == NULL)
        return MSGIN5G_ERR_CLOSED;
    return transport_send(client->connection->session, &call, done, ctx);
}

enum msgin5g_err client_post(
    struct msgin5g_client *client, const struct msgin5g_message *message, transport_done_fn *done, void *ctx)
{
    uint8_t body[MSGIN5G_MESSAGE_MAX];
    size_t length;
    enum msgin5g_err err = client_encode(client, message, body, &length);

    return err == MSGIN5G_OK ? client_post_octets(client, body, length, done, ctx) : err;
}
