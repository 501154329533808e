/* A UE that does not know its UE Service ID asks for its configuration before it registers (TS 24.538 6.2, EC-28). */
#include "client_internal.h"

#include "seal/ue_config.h"

#define PATH "su-uc/v1/val-services/" MSGIN5G_SERVICE_IDENTIFIER "/ue-configurations"

/* The application's own wish for the size of segments counts more. */
static enum msgin5g_err take(struct msgin5g_client *client, const struct transport_result *result)
{
    struct seal_ue_config config;

    if (result->code == MSGIN5G_COAP_CODE(5, 3))
        return MSGIN5G_ERR_OVERLOADED;
    if (result->code != MSGIN5G_COAP_CODE(2, 5))
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    if (seal_ue_config_decode_json((const uint8_t *)result->body.octets, result->body.length, &config) != MSGIN5G_OK)
        return MSGIN5G_ERR_PEER;
    enum msgin5g_err err = msgin5g_service_id_parse(config.ue_service_id, &client->id);
    if (err != MSGIN5G_OK)
        client->id = (struct msgin5g_service_id){ .length = 0 };
    else if (client->max_segment_size == 0 && config.segment_size >= MSGIN5G_SEGMENT_SIZE_MIN &&
             config.segment_size <= MSGIN5G_PAYLOAD_MAX)
        client->segment_size = config.segment_size;
    seal_ue_config_free(&config);
    return err == MSGIN5G_OK ? MSGIN5G_OK : MSGIN5G_ERR_PEER;
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    const struct connection *connection = ctx;
    struct msgin5g_client *client = connection->client;

    if (client == NULL || err == MSGIN5G_ERR_CLOSED) /* connection_closed() follows and tells */
        return;
    if (client->state != MSGIN5G_CLIENT_REGISTERING)
        return;
    if (err == MSGIN5G_OK)
        err = take(client, result);
    if (err == MSGIN5G_OK)
        registration_start(client);
    else
        connection_retry_later(client, err);
}

void configuration_start(struct msgin5g_client *client)
{
    const struct transport_call call = {
        .method = TRANSPORT_GET,
        .path = PATH,
        .format = TRANSPORT_FORMAT_NONE,
        .confirmable = true,
        .accept_json = true,
    };
    enum msgin5g_err err = transport_send(client->connection->session, &call, on_answer, client->connection);

    if (err != MSGIN5G_OK)
        connection_retry_later(client, err);
    else
        client_set_state(client, MSGIN5G_CLIENT_REGISTERING, MSGIN5G_OK);
}
