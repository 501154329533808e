/* A context: one loop and one transport for any number of clients. */
#include "client_internal.h"

#include <stdlib.h>

#define DEFAULT_MAX_CLIENTS 64
#define DEFAULT_HANDSHAKE_S 5

static struct msgin5g_client *client_of(const struct transport_session *session)
{
    const struct connection *connection = transport_session_user(session);

    return connection->client;
}

static void on_opened(void *ctx, struct transport_session *session)
{
    struct msgin5g_client *client = client_of(session);

    (void)ctx;
    if (client != NULL)
        connection_opened(client);
}

static void on_closed(void *ctx, struct transport_session *session, enum transport_end end)
{
    struct connection *connection = transport_session_user(session);

    (void)ctx;
    if (connection->client != NULL)
        connection_closed(connection->client, session, end);
    free(connection);
}

static void on_request(void *ctx, struct transport_session *session, struct transport_request *request)
{
    struct msgin5g_client *client = client_of(session);

    (void)ctx;
    if (client != NULL)
        messages_receive(client, request);
}

static bool on_client_psk(
    void *ctx, struct transport_session *session, const char *hint, uint16_t suite, struct transport_psk *out)
{
    const struct msgin5g_client *client = client_of(session);

    (void)ctx;
    return client != NULL && keys_psk(client, hint, suite, out);
}

static const struct transport_handler handler = {
    .opened = on_opened,
    .closed = on_closed,
    .request = on_request,
    .client_psk = on_client_psk,
};

static enum msgin5g_err context_open(struct msgin5g_context *context, const struct msgin5g_context_config *config)
{
    const struct transport_config transport = {
        .ccm8 = config->ccm8,
        .only_suite = config->only_suite,
        .key_log_file = config->key_log_file,
        .half_open_s = config->handshake_timeout_s,
        .ack_timeout_ms = config->ack_timeout_ms,
        .max_retransmit = config->max_retransmit,
    };
    enum msgin5g_err err;

    context->handshake_timeout_ms =
        1000 * (int64_t)(config->handshake_timeout_s != 0 ? config->handshake_timeout_s : DEFAULT_HANDSHAKE_S);
    context->max_clients = config->max_clients != 0 ? config->max_clients : DEFAULT_MAX_CLIENTS;
    if ((err = secret_arena_create(context->max_clients, sizeof(struct k_akma), &context->keys)) != MSGIN5G_OK)
        return err;
    if ((err = loop_create(clock_system(), &context->loop)) != MSGIN5G_OK)
        return err;
    return transport_create(context->loop, &transport, &handler, context, &context->transport);
}

enum msgin5g_err msgin5g_context_create(const struct msgin5g_context_config *config, struct msgin5g_context **out)
{
    static const struct msgin5g_context_config defaults;
    struct msgin5g_context *context;
    enum msgin5g_err err;

    if ((err = secret_setup()) != MSGIN5G_OK || (err = tls_setup()) != MSGIN5G_OK)
        return err;
    if ((context = calloc(1, sizeof *context)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if ((err = context_open(context, config != NULL ? config : &defaults)) != MSGIN5G_OK) {
        msgin5g_context_free(context);
        return err;
    }
    *out = context;
    return MSGIN5G_OK;
}

void msgin5g_context_free(struct msgin5g_context *context)
{
    struct msgin5g_client *client, *next;

    if (context == NULL || context->depth > 0)
        return;
    DL_FOREACH_SAFE (context->clients, client, next)
        msgin5g_client_free(client);
    transport_free(context->transport);
    loop_free(context->loop);
    secret_arena_free(context->keys);
    free(context);
}

void context_enter(struct msgin5g_context *context)
{
    context->depth++;
}

void context_leave(struct msgin5g_context *context)
{
    struct msgin5g_client *client, *next;

    if (--context->depth > 0)
        return;
    LL_FOREACH_SAFE (context->freed, client, next)
        free(client);
    context->freed = NULL;
}

int msgin5g_context_fd(const struct msgin5g_context *context)
{
    return loop_fd(context->loop);
}

int msgin5g_context_next_timeout_ms(struct msgin5g_context *context)
{
    return loop_next_timeout_ms(context->loop);
}

enum msgin5g_err msgin5g_context_process(struct msgin5g_context *context, int timeout_ms)
{
    enum msgin5g_err err;

    if (context->depth > 0)
        return MSGIN5G_ERR_INVALID;
    context_enter(context);
    err = loop_process(context->loop, timeout_ms);
    context_leave(context);
    return err;
}
