/* A host of the client library for a test that looks into its memory: does one step for each line on standard input.
 *
 *   key_holder SERVER FQDN SERVICE_ID
 *
 * "key A_KID FILE": hand over K_AKMA, connect and register; "close": free the client; "end": free the context as well.
 * Prints "registered", "done" for each step, and leaves no copy of a key of its own.
 */
#include <msgin5g/client.h>

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct holder {
    struct msgin5g_context *context;
    struct msgin5g_client *client;
};

static void say(const char *word)
{
    puts(word);
    fflush(stdout);
}

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    (void)ctx, (void)client, (void)lifetime_s;
    say("registered");
}

/* Octets from hexadecimal digits, without a buffer of stdio. */
static int read_key(const char *path, unsigned char out[MSGIN5G_K_AKMA_LEN])
{
    char text[2 * MSGIN5G_K_AKMA_LEN];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    ssize_t length = read(fd, text, sizeof text);
    close(fd);
    for (size_t i = 0; i < MSGIN5G_K_AKMA_LEN && length == (ssize_t)sizeof text; i++) {
        char digits[3] = { text[2 * i], text[2 * i + 1], '\0' };
        out[i] = (unsigned char)strtoul(digits, NULL, 16);
        explicit_bzero(digits, sizeof digits);
    }
    explicit_bzero(text, sizeof text);
    return length == (ssize_t)sizeof text ? 0 : -1;
}

static void use_key(struct holder *holder, char *arguments)
{
    unsigned char key[MSGIN5G_K_AKMA_LEN];
    const char *a_kid = strtok(arguments, " ");
    const char *path = strtok(NULL, " \n");
    if (path == NULL || read_key(path, key) != 0 || msgin5g_client_set_akma(holder->client, a_kid, key) != MSGIN5G_OK ||
        msgin5g_client_register(holder->client) != MSGIN5G_OK)
        say("failed");
    explicit_bzero(key, sizeof key);
}

/* @return false at the end of the input. */
static int step(struct holder *holder)
{
    char line[1024];
    ssize_t length = read(STDIN_FILENO, line, sizeof line - 1);
    if (length <= 0)
        return 0;
    line[length] = '\0';
    if (strncmp(line, "key ", 4) == 0)
        use_key(holder, line + 4);
    msgin5g_client_free(strcmp(line, "close\n") == 0 ? holder->client : NULL);
    if (strcmp(line, "end\n") == 0) {
        msgin5g_context_free(holder->context);
        holder->context = NULL;
    }
    say("done");
    return 1;
}

int main(int argc, char **argv)
{
    static const struct msgin5g_client_events events = { .registered = on_registered };
    struct holder holder = { 0 };
    if (argc != 4)
        return EXIT_FAILURE;
    const struct msgin5g_client_config config = { .server = argv[1],
        .server_name = argv[2],
        .ue_service_id = argv[3],
        .oscore = strncmp(argv[1], "coap://", strlen("coap://")) == 0 };
    if (msgin5g_context_create(NULL, &holder.context) != MSGIN5G_OK ||
        msgin5g_client_create(holder.context, &config, &events, &holder, &holder.client) != MSGIN5G_OK)
        return EXIT_FAILURE;
    for (;;) {
        struct pollfd ready[2] = { { .fd = STDIN_FILENO, .events = POLLIN }, { .fd = -1, .events = POLLIN } };
        if (holder.context != NULL)
            ready[1].fd = msgin5g_context_fd(holder.context);
        poll(ready, 2, holder.context != NULL ? msgin5g_context_next_timeout_ms(holder.context) : -1);
        if (holder.context != NULL)
            msgin5g_context_process(holder.context, 0);
        if (ready[0].revents != 0 && !step(&holder))
            break;
    }
    msgin5g_context_free(holder.context);
    return EXIT_SUCCESS;
}
