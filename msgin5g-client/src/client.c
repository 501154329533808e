/* One UE Service ID: creation, keys, and what its owner is told. */
#include "client_internal.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_BACKOFF_MIN_MS 1000
#define DEFAULT_BACKOFF_MAX_MS 60000
#define DEFAULT_OUTSTANDING    16

static unsigned or_default(unsigned value, unsigned default_value)
{
    return value != 0 ? value : default_value;
}

/* AF_ID holds the FQDN in lower case (choice C5). */
static bool copy_fqdn(const char *text, char out[AKMA_FQDN_MAX + 1])
{
    size_t length = strlen(text);

    if (length == 0 || length > AKMA_FQDN_MAX)
        return false;
    for (size_t i = 0; i <= length; i++)
        out[i] = (char)tolower((unsigned char)text[i]);
    return true;
}

static enum msgin5g_err configure(struct msgin5g_client *client, const struct msgin5g_client_config *config)
{
    if (config->server == NULL || config->ue_service_id == NULL || config->reg_lifetime_s < 0)
        return MSGIN5G_ERR_INVALID;
    if (server_uri_parse(config->server, &client->server) != MSGIN5G_OK)
        return MSGIN5G_ERR_INVALID;
    if (!copy_fqdn(config->server_name != NULL ? config->server_name : client->server.host, client->server_name))
        return MSGIN5G_ERR_INVALID;
    if (msgin5g_service_id_parse(msgin5g_str(config->ue_service_id), &client->id) != MSGIN5G_OK)
        return MSGIN5G_ERR_INVALID;
    client->reg_lifetime_s = config->reg_lifetime_s;
    client->version = config->version;
    client->attempt = TLS_PSK_1_3_ONLY;
    client->backoff_min_ms = or_default(config->backoff_min_ms, DEFAULT_BACKOFF_MIN_MS);
    client->backoff_max_ms = or_default(config->backoff_max_ms, DEFAULT_BACKOFF_MAX_MS);
    client->outstanding_max = or_default(config->outstanding, DEFAULT_OUTSTANDING);
    return MSGIN5G_OK;
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
    if (events != NULL)
        client->events = *events;
    DL_APPEND(context->clients, client);
    context->client_count++;
    *out = client;
    return MSGIN5G_OK;
}

void msgin5g_client_free(struct msgin5g_client *client)
{
    if (client == NULL)
        return;
    messages_abandon(client);
    reports_abandon(client);
    connection_drop(client);
    secret_arena_give(client->context->keys, client->k_akma);
    DL_DELETE(client->context->clients, client);
    client->context->client_count--;
    free(client);
}

enum msgin5g_err msgin5g_client_set_akma(
    struct msgin5g_client *client, const char *a_kid, const unsigned char k_akma[MSGIN5G_K_AKMA_LEN])
{
    struct a_kid parsed;

    if (a_kid_parse(msgin5g_str(a_kid), &parsed) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    if (client->k_akma == NULL && (client->k_akma = secret_arena_take(client->context->keys)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    strcpy(client->a_kid, a_kid); /* a_kid_parse() bounds it */
    memcpy(client->k_akma->octets, k_akma, sizeof client->k_akma->octets);
    if (client->state == MSGIN5G_CLIENT_WAITING_KEY)
        connection_start(client);
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_client_register(struct msgin5g_client *client)
{
    if (client->k_akma == NULL)
        return MSGIN5G_ERR_AUTHENTICATION;
    if (client->state == MSGIN5G_CLIENT_IDLE || client->state == MSGIN5G_CLIENT_WAITING)
        connection_start(client);
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_client_deregister(struct msgin5g_client *client)
{
    return registration_end(client);
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
    if (client->events.state != NULL)
        client->events.state(client->ctx, client, state, err);
}

enum msgin5g_err client_post(
    struct msgin5g_client *client, const struct msgin5g_message *message, transport_done_fn *done, void *ctx)
{
    struct msgin5g_message complete = *message;
    uint8_t body[MSGIN5G_MESSAGE_MAX];
    struct transport_call call = {
        .method = TRANSPORT_POST,
        .path = client->server.path,
        .format = TRANSPORT_FORMAT_JSON,
        .body = body,
        .confirmable = true,
    };
    enum msgin5g_err err;

    if (client->session == NULL)
        return MSGIN5G_ERR_CLOSED;
    complete.ori.type = MSGIN5G_ADDR_UE;
    complete.ori.addr = (struct msgin5g_str){ client->id.text, client->id.length };
    if ((err = msgin5g_message_encode(&complete, body, sizeof body, &call.length)) != MSGIN5G_OK)
        return err;
    return transport_send(client->session, &call, done, ctx);
}
