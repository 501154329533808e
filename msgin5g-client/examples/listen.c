/*
 * Registers and prints messages until COUNT of them have come.
 *
 *     listen coaps://127.0.0.1:5684 SERVER_FQDN MY_SERVICE_ID A_KID K_AKMA_FILE COUNT
 */
#include "key_file.h"

#include <msgin5g/client.h>
#include <stdio.h>
#include <stdlib.h>

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    (void)ctx;
    printf("registered for %lld s, protected by %s\n", (long long)lifetime_s, msgin5g_client_protection(client));
    fflush(stdout);
}

static const char *on_message(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message)
{
    int *left = ctx;

    (void)client;
    printf("from %.*s: %.*s\n", (int)message->ori.addr.length, message->ori.addr.octets, (int)message->payload.length,
        message->payload.length > 0 ? message->payload.octets : "");
    fflush(stdout);
    --*left;
    return NULL; /* taken: a report of success goes out if one was asked for */
}

int main(int argc, char **argv)
{
    static const struct msgin5g_client_events events = { .registered = on_registered, .message = on_message };
    struct msgin5g_context *context = NULL;
    struct msgin5g_client *client = NULL;
    unsigned char k_akma[MSGIN5G_K_AKMA_LEN];
    enum msgin5g_err err;
    int left = argc == 7 ? atoi(argv[6]) : 0;

    if (left <= 0) {
        fprintf(stderr, "usage: %s SERVER FQDN SERVICE_ID A_KID K_AKMA_FILE COUNT\n", argv[0]);
        return EXIT_FAILURE;
    }
    const struct msgin5g_client_config config = { .server = argv[1], .server_name = argv[2], .ue_service_id = argv[3] };

    if (key_file_read(argv[5], k_akma) != 0)
        return EXIT_FAILURE;
    if ((err = msgin5g_context_create(NULL, &context)) == MSGIN5G_OK &&
        (err = msgin5g_client_create(context, &config, &events, &left, &client)) == MSGIN5G_OK &&
        (err = msgin5g_client_set_akma(client, argv[4], k_akma)) == MSGIN5G_OK)
        err = msgin5g_client_register(client);
    if (err != MSGIN5G_OK)
        fprintf(stderr, "%s\n", msgin5g_err_text(err));
    while (err == MSGIN5G_OK && left > 0)
        err = msgin5g_context_process(context, -1);
    if (err == MSGIN5G_OK && msgin5g_client_deregister(client) == MSGIN5G_OK)
        while (msgin5g_client_current_state(client) != MSGIN5G_CLIENT_IDLE)
            msgin5g_context_process(context, -1);
    msgin5g_context_free(context);
    return err == MSGIN5G_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
