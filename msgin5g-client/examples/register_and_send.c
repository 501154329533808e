/*
 * Registers, sends one message, waits for its delivery report.
 *
 *     register_and_send coaps://127.0.0.1:5684 SERVER_FQDN MY_SERVICE_ID A_KID K_AKMA_FILE RECIPIENT TEXT
 */
#include "key_file.h"

#include <msgin5g/client.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct example {
    const char *recipient;
    const char *text;
    char msg_id[MSGIN5G_UUID_LEN + 1];
    int result; /* -1: still waiting */
};

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    struct example *example = ctx;
    const struct msgin5g_outgoing message = {
        .to_type = MSGIN5G_ADDR_UE,
        .to = example->recipient,
        .payload = example->text,
        .payload_length = strlen(example->text),
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .report_requested = true,
    };
    enum msgin5g_err err;

    printf("registered for %lld s, protected by %s\n", (long long)lifetime_s, msgin5g_client_protection(client));
    if (example->msg_id[0] != '\0')
        return; /* a refresh */
    if ((err = msgin5g_client_send(client, &message, example->msg_id)) != MSGIN5G_OK) {
        fprintf(stderr, "cannot send: %s\n", msgin5g_err_text(err));
        example->result = EXIT_FAILURE;
    }
}

static void on_state(void *ctx, struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err)
{
    struct example *example = ctx;

    (void)client;
    if (state != MSGIN5G_CLIENT_WAITING)
        return;
    fprintf(stderr, "not registered: %s\n", msgin5g_err_text(err));
    example->result = EXIT_FAILURE;
}

static void on_report(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct example *example = ctx;

    (void)client;
    (void)msg_id;
    printf("%.*s: %s %.*s\n", (int)from.length, from.octets,
        status == MSGIN5G_DELIVERY_SUCCESS ? "delivered" : "failed", (int)cause.length,
        cause.length > 0 ? cause.octets : "");
    example->result = status == MSGIN5G_DELIVERY_SUCCESS ? EXIT_SUCCESS : EXIT_FAILURE;
}

static void on_response(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct example *example = ctx;

    (void)client;
    (void)msg_id;
    if (status != MSGIN5G_DELIVERY_FAILURE)
        return;
    fprintf(stderr, "the server could not deliver it: %.*s\n", (int)cause.length, cause.length > 0 ? cause.octets : "");
    example->result = EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    static const struct msgin5g_client_events events = {
        .registered = on_registered, .state = on_state, .report = on_report, .response = on_response
    };
    struct msgin5g_context *context = NULL;
    struct msgin5g_client *client = NULL;
    unsigned char k_akma[MSGIN5G_K_AKMA_LEN];
    enum msgin5g_err err;

    if (argc != 8) {
        fprintf(stderr, "usage: %s SERVER FQDN SERVICE_ID A_KID K_AKMA_FILE RECIPIENT TEXT\n", argv[0]);
        return EXIT_FAILURE;
    }
    struct example example = { .recipient = argv[6], .text = argv[7], .result = -1 };
    const struct msgin5g_client_config config = { .server = argv[1], .server_name = argv[2], .ue_service_id = argv[3] };

    if (key_file_read(argv[5], k_akma) != 0)
        return EXIT_FAILURE;
    if ((err = msgin5g_context_create(NULL, &context)) == MSGIN5G_OK &&
        (err = msgin5g_client_create(context, &config, &events, &example, &client)) == MSGIN5G_OK &&
        (err = msgin5g_client_set_akma(client, argv[4], k_akma)) == MSGIN5G_OK)
        err = msgin5g_client_register(client);
    if (err != MSGIN5G_OK) {
        fprintf(stderr, "%s\n", msgin5g_err_text(err));
        example.result = EXIT_FAILURE;
    }
    while (example.result == -1) { /* the caller's own loop */
        struct pollfd ready = { .fd = msgin5g_context_fd(context), .events = POLLIN };

        poll(&ready, 1, msgin5g_context_next_timeout_ms(context));
        msgin5g_context_process(context, 0);
    }
    msgin5g_context_free(context);
    return example.result;
}
