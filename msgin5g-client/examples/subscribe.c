/*
 * Subscribes to a topic and prints COUNT messages of it, then unsubscribes.
 *
 *     subscribe coaps://127.0.0.1:5684 SERVER_FQDN MY_SERVICE_ID A_KID K_AKMA_FILE TOPIC COUNT
 */
#include "key_file.h"

#include <msgin5g/client.h>
#include <stdio.h>
#include <stdlib.h>

struct reader {
    const char *topic;
    int left;
    int ended;
};

/* Told after each (re)connection too: the library subscribes again by itself. */
static void on_subscription(void *ctx, struct msgin5g_client *client, const char *topic, enum msgin5g_sub_status status,
    struct msgin5g_str cause, int64_t expire_time_s)
{
    struct reader *reader = ctx;

    (void)client;
    (void)expire_time_s;
    if (status == MSGIN5G_SUB_FAILED)
        fprintf(stderr, "%s: %.*s\n", topic, (int)cause.length, cause.length > 0 ? cause.octets : "");
    else
        printf("%s: %s\n", topic, status == MSGIN5G_SUB_DELETED ? "unsubscribed" : "subscribed");
    fflush(stdout);
    reader->ended = status == MSGIN5G_SUB_FAILED || status == MSGIN5G_SUB_DELETED;
}

static const char *on_message(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct reader *reader = ctx;

    printf("%.*s: %.*s\n", (int)message->topic.length, message->topic.length > 0 ? message->topic.octets : "",
        (int)message->payload.length, message->payload.length > 0 ? message->payload.octets : "");
    fflush(stdout);
    if (--reader->left == 0)
        msgin5g_client_unsubscribe(client, reader->topic);
    return NULL;
}

int main(int argc, char **argv)
{
    static const struct msgin5g_client_events events = { .subscription = on_subscription, .message = on_message };
    struct msgin5g_context *context = NULL;
    struct msgin5g_client *client = NULL;
    unsigned char k_akma[MSGIN5G_K_AKMA_LEN];
    struct reader reader = { NULL, 0, 0 };
    enum msgin5g_err err;

    if (argc != 8 || (reader.left = atoi(argv[7])) <= 0) {
        fprintf(stderr, "usage: %s SERVER FQDN SERVICE_ID A_KID K_AKMA_FILE TOPIC COUNT\n", argv[0]);
        return EXIT_FAILURE;
    }
    const struct msgin5g_client_config config = { .server = argv[1], .server_name = argv[2], .ue_service_id = argv[3] };

    reader.topic = argv[6];
    if (key_file_read(argv[5], k_akma) != 0)
        return EXIT_FAILURE;
    if ((err = msgin5g_context_create(NULL, &context)) == MSGIN5G_OK &&
        (err = msgin5g_client_create(context, &config, &events, &reader, &client)) == MSGIN5G_OK &&
        (err = msgin5g_client_subscribe(client, reader.topic, 0)) == MSGIN5G_OK &&
        (err = msgin5g_client_set_akma(client, argv[4], k_akma)) == MSGIN5G_OK)
        err = msgin5g_client_register(client);
    if (err != MSGIN5G_OK)
        fprintf(stderr, "%s\n", msgin5g_err_text(err));
    while (err == MSGIN5G_OK && !reader.ended)
        err = msgin5g_context_process(context, -1);
    msgin5g_context_free(context);
    return err == MSGIN5G_OK && reader.left <= 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
