#include "gateway.h"

#include "base/exit_code.h"
#include "base/secret.h"
#include "msgin5g/gateway.h"
#include "output.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 1048576

static void on_ue(void *ctx, struct msgin5g_gateway *gateway, const char *ue_service_id,
    enum msgin5g_gateway_event event, struct msgin5g_str cause)
{
    static const char *const names[] = { [MSGIN5G_GATEWAY_ADMITTED] = "admitted",
        [MSGIN5G_GATEWAY_HELD] = "held",
        [MSGIN5G_GATEWAY_REGISTERED] = "registered",
        [MSGIN5G_GATEWAY_REFUSED] = "refused",
        [MSGIN5G_GATEWAY_DEREGISTERED] = "deregistered",
        [MSGIN5G_GATEWAY_LEFT] = "left" };
    const struct options *options = ctx;

    (void)gateway;
    OUTPUT(options->json, "ue", FIELD_TEXT("ue_service_id", ue_service_id), FIELD_TEXT("state", names[event]),
        FIELD_STR("cause", cause));
}

static void on_bulk(void *ctx, struct msgin5g_gateway *gateway, bool deregistration, size_t count, size_t granted)
{
    const struct options *options = ctx;

    (void)gateway;
    OUTPUT(options->json, "bulk", FIELD_TEXT("request", deregistration ? "DEREG" : "BREG"),
        FIELD_INT("entries", (int64_t)count), FIELD_INT("granted", (int64_t)granted));
}

static int complain(const char *what, const char *problem)
{
    fprintf(stderr, "msgin5g-client: %s: %s\n", what, problem);
    return EXIT_CODE_USAGE;
}

/* "UE-SERVICE-ID KEY"; empty lines and those with # say nothing. */
static int add_ue(struct msgin5g_gateway *gateway, char *line, const char *path)
{
    unsigned char key[MSGIN5G_GATEWAY_KEY_LEN];
    char *rest = NULL;
    const char *id = strtok_r(line, " \t\r", &rest);
    const char *hex = id != NULL ? strtok_r(NULL, " \t\r", &rest) : NULL;
    enum msgin5g_err err;

    if (id == NULL || id[0] == '#')
        return EXIT_CODE_OK;
    if (hex == NULL || secret_from_hex(msgin5g_str(hex), key, sizeof key) != MSGIN5G_OK)
        return complain(path, "a line is a UE Service ID and 64 hexadecimal digits");
    err = msgin5g_gateway_add_ue(gateway, id, key);
    secret_wipe(key, sizeof key);
    if (err == MSGIN5G_OK)
        return EXIT_CODE_OK;
    return complain(id, err == MSGIN5G_ERR_INVALID ? "no UE Service ID, or there twice" : msgin5g_err_text(err));
}

static int add_ues(struct msgin5g_gateway *gateway, const char *path)
{
    struct buffer text;
    char *rest = NULL;
    int code = EXIT_CODE_OK;

    buffer_init(&text, FILE_MAX);
    if (buffer_read_file(&text, path) != MSGIN5G_OK || buffer_append(&text, "", 1) != MSGIN5G_OK)
        code = complain(path, "cannot be read");
    for (char *line = code == EXIT_CODE_OK ? strtok_r((char *)text.data, "\n", &rest) : NULL;
         line != NULL && code == EXIT_CODE_OK; line = strtok_r(NULL, "\n", &rest))
        code = add_ue(gateway, line, path);
    buffer_wipe_free(&text);
    return code;
}

/* "127.0.0.1:5684", "[::1]:5684" */
static bool read_address(const char *text, char *host, size_t size, unsigned short *port)
{
    const char *colon = strrchr(text, ':');
    bool in_brackets = text[0] == '[' && colon != NULL && colon[-1] == ']';
    const char *first = in_brackets ? text + 1 : text;
    size_t length = colon != NULL ? (size_t)(colon - first) - (in_brackets ? 1 : 0) : 0;
    char *end = NULL;
    long value = colon != NULL ? strtol(colon + 1, &end, 10) : -1;

    if (length == 0 || length >= size || value < 0 || value > 65535 || end == colon + 1 || *end != '\0')
        return false;
    memcpy(host, first, length);
    host[length] = '\0';
    *port = (unsigned short)value;
    return true;
}

int gateway_open(struct msgin5g_client *client, const struct options *options)
{
    static const struct msgin5g_gateway_events events = { .ue = on_ue, .bulk = on_bulk };
    char host[64];
    struct msgin5g_gateway_config config = {
        .address = host, .hold_s = (unsigned)options->hold_s, .batch = (unsigned)options->batch
    };
    struct msgin5g_gateway *gateway = NULL;
    int code;

    if (!read_address(options->listen_on, host, sizeof host, &config.port))
        return complain(options->listen_on, "not ADDRESS:PORT with a numeric address");
    if (msgin5g_gateway_create(client, &config, &events, (void *)options, &gateway) != MSGIN5G_OK)
        return complain(options->listen_on, "cannot listen there");
    if ((code = add_ues(gateway, options->ues_path)) != EXIT_CODE_OK)
        return code;
    OUTPUT(options->json, "listening", FIELD_TEXT("address", host), FIELD_INT("port", msgin5g_gateway_port(gateway)));
    return EXIT_CODE_OK;
}
