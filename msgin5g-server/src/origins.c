#include "origins.h"

#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define PROBLEM_SIZE 256

struct origin {
    struct http_client *client;
    struct origin *next;
    char text[TARGET_ORIGIN_MAX + 1];
};

struct origins {
    struct loop *loop;
    const struct server_config *config;
    struct metrics *metrics;
    struct tls_context *tls; /* NULL: the API is off */
    struct origin *list;
};

static enum msgin5g_err set_up_tls(struct origins *origins)
{
    const struct server_config *config = origins->config;
    char problem[PROBLEM_SIZE] = "";
    if (*config->api.certificate == '\0')
        return MSGIN5G_OK;
    const struct tls_context_config tls = { .certificate_file = config->api.certificate,
        .key_file = config->api.key,
        .ca_file = config->api.ca,
        .alpn = "h2,http/1.1",
        .key_log = config->debug_key_log,
        .key_log_file = *config->debug_key_log_file != '\0' ? config->debug_key_log_file : NULL };
    enum msgin5g_err err = tls_context_create(&tls, &origins->tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("api: TLS cannot be set up problem=\"%s\"", problem);
    return err;
}

enum msgin5g_err origins_create(
    struct loop *loop, const struct server_config *config, struct metrics *metrics, struct origins **out)
{
    struct origins *origins = calloc(1, sizeof *origins);
    if (origins == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    origins->loop = loop;
    origins->config = config;
    origins->metrics = metrics;
    enum msgin5g_err err = set_up_tls(origins);
    if (err != MSGIN5G_OK) {
        origins_free(origins);
        return err;
    }
    *out = origins;
    return MSGIN5G_OK;
}

void origins_free(struct origins *origins)
{
    struct origin *origin, *next;
    if (origins == NULL)
        return;
    LL_FOREACH_SAFE (origins->list, origin, next) {
        http_client_free(origin->client);
        free(origin);
    }
    tls_context_free(origins->tls);
    free(origins);
}

enum msgin5g_err origins_reload_certificate(struct origins *origins, char *problem, size_t problem_size)
{
    enum msgin5g_err err = origins->tls != NULL ? tls_context_reload(origins->tls, problem, problem_size) : MSGIN5G_OK;
    for (struct origin *one = origins->list; one != NULL && err == MSGIN5G_OK; one = one->next)
        http_client_renew(one->client);
    return err;
}

struct http_client *origins_client(const struct origins *origins, const struct target_uri *uri)
{
    for (const struct origin *one = origins->list; one != NULL; one = one->next) {
        if (strcmp(one->text, uri->origin) == 0)
            return one->client;
    }
    return NULL;
}

enum msgin5g_err origins_add(struct origins *origins, const char *text)
{
    struct target_uri uri;
    enum msgin5g_err err = target_uri_parse(msgin5g_str(text), &uri);
    if (err != MSGIN5G_OK || origins_client(origins, &uri) != NULL)
        return err;
    struct origin *origin = calloc(1, sizeof *origin);
    if (origin == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    (void)snprintf(origin->text, sizeof origin->text, "%s", uri.origin);
    LL_PREPEND(origins->list, origin);
    const struct http_client_config client = { .url = origin->text,
        .tls = origins->tls,
        .versions = HTTP_VERSION_ANY,
        .connections = (size_t)origins->config->api.push_connections,
        .metrics = origins->metrics,
        .metrics_label = "push" };
    err = http_client_create(origins->loop, &client, &origin->client);
    if (err != MSGIN5G_ERR_INVALID)
        return err;
    log_error("api: no such host, or no port target=%s", origin->text);
    return MSGIN5G_ERR_CONFIG;
}
