/*
 * Hands messages over to an outbox and waits until the server has taken all of them; it may be killed at any time and
 * started again.
 *
 *     outbox coaps://127.0.0.1:5684 SERVER_FQDN MY_SERVICE_ID A_KID K_AKMA_FILE RECIPIENT OUTBOX_FILE < LINES
 *
 * Each line is a UUID, a blank and a text. The UUID is the message id: who does not know whether a line was taken over
 * before the program died gives it again, and it is sent once.
 */
#include "key_file.h"

#include <msgin5g/client.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct example {
    const char *recipient;
    struct msgin5g_client *client;
    char input[4096];
    size_t length;
    bool full;  /* the outbox takes no more for now */
    bool ended; /* of the input */
    bool failed;
};

static void on_sent(
    void *ctx, struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, unsigned char coap_code)
{
    struct example *example = ctx;

    (void)client;
    example->full = false;
    if (err == MSGIN5G_OK)
        printf("taken %s\n", msg_id);
    else
        printf("not sent %s: %s (%u.%02u)\n", msg_id, msgin5g_err_text(err), coap_code >> 5, coap_code & 0x1fu);
}

/* False: the outbox is full, or the line makes no sense. */
static bool hand_over(struct example *example, const char *line)
{
    char msg_id[MSGIN5G_UUID_LEN + 1], given[MSGIN5G_UUID_LEN + 1];
    struct msgin5g_outgoing message = { .to_type = MSGIN5G_ADDR_UE,
        .to = example->recipient,
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .store_forward = true,
        .msg_id = given };
    enum msgin5g_err err;

    snprintf(given, sizeof given, "%s", line);
    if (strlen(given) == MSGIN5G_UUID_LEN && line[MSGIN5G_UUID_LEN] == ' ') {
        message.payload = line + MSGIN5G_UUID_LEN + 1;
        message.payload_length = strlen(line) - MSGIN5G_UUID_LEN - 1;
    }
    err = msgin5g_client_send(example->client, &message, msg_id);
    if (err == MSGIN5G_OK)
        printf("handed over %s\n", msg_id);
    example->full = err == MSGIN5G_ERR_LIMIT;
    if (err != MSGIN5G_OK && !example->full) {
        fprintf(stderr, "'%s' cannot be handed over: %s\n", line, msgin5g_err_text(err));
        example->failed = true;
    }
    return err == MSGIN5G_OK;
}

static void take_lines(struct example *example)
{
    char *end;

    while (!example->full && !example->failed && (end = memchr(example->input, '\n', example->length)) != NULL) {
        size_t whole = (size_t)(end - example->input) + 1;

        *end = '\0';
        if (!hand_over(example, example->input)) {
            *end = '\n'; /* it stays for the next time */
            return;
        }
        memmove(example->input, end + 1, example->length -= whole);
    }
}

static void read_input(struct example *example)
{
    ssize_t octets = read(STDIN_FILENO, example->input + example->length, sizeof example->input - example->length);

    if (octets <= 0)
        example->ended = true;
    else
        example->length += (size_t)octets;
}

static bool is_over(const struct example *example)
{
    struct msgin5g_outbox_facts facts;

    if (example->failed || msgin5g_client_outbox(example->client, &facts) != MSGIN5G_OK)
        return true;
    return example->ended && facts.messages == 0 && !example->full;
}

static void run(struct example *example, struct msgin5g_context *context)
{
    while (!is_over(example)) {
        struct pollfd ready[2] = { { .fd = msgin5g_context_fd(context), .events = POLLIN },
            { .fd = example->full || example->ended ? -1 : STDIN_FILENO, .events = POLLIN } };

        poll(ready, 2, msgin5g_context_next_timeout_ms(context));
        msgin5g_context_process(context, 0);
        if (ready[1].revents != 0)
            read_input(example);
        take_lines(example);
    }
}

int main(int argc, char **argv)
{
    static const struct msgin5g_client_events events = { .sent = on_sent };
    struct msgin5g_context *context = NULL;
    unsigned char k_akma[MSGIN5G_K_AKMA_LEN];
    enum msgin5g_err err;

    if (argc != 8) {
        fprintf(stderr, "usage: %s SERVER FQDN SERVICE_ID A_KID K_AKMA_FILE RECIPIENT OUTBOX_FILE\n", argv[0]);
        return EXIT_FAILURE;
    }
    struct example example = { .recipient = argv[6] };
    const struct msgin5g_client_config config = { .server = argv[1],
        .server_name = argv[2],
        .ue_service_id = argv[3],
        .backoff_min_ms = 200,
        .outbox_file = argv[7],
        .outbox_messages = 100 };

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (key_file_read(argv[5], k_akma) != 0)
        return EXIT_FAILURE;
    if ((err = msgin5g_context_create(NULL, &context)) == MSGIN5G_OK &&
        (err = msgin5g_client_create(context, &config, &events, &example, &example.client)) == MSGIN5G_OK &&
        (err = msgin5g_client_set_akma(example.client, argv[4], k_akma)) == MSGIN5G_OK)
        err = msgin5g_client_register(example.client);
    if (err == MSGIN5G_OK) {
        run(&example, context);
    } else {
        fprintf(stderr, "%s\n", msgin5g_err_text(err));
        example.failed = true;
    }
    msgin5g_context_free(context);
    return example.failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
