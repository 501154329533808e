#include "naanf_redirect.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define ROOT_MAX 512

struct target {
    char root[ROOT_MAX + 1]; /* "https://host" or "https://host:port", no port where it is the scheme's own */
    struct http_client *http;
};

struct naanf_redirect {
    char root[ROOT_MAX + 1]; /* of the AAnF itself */
    size_t count;
    struct target targets[];
};

/* "https://host:443" and "https://host/" are the same place as "https://host". @return where the path begins; NULL: not
 * http or https, somebody's password in it, or too long. */
static const char *split(const char *uri, char root[ROOT_MAX + 1])
{
    bool secure = strncasecmp(uri, "https://", 8) == 0;
    if (!secure && strncasecmp(uri, "http://", 7) != 0)
        return NULL;
    size_t scheme = secure ? 8 : 7;
    size_t length = scheme + strcspn(uri + scheme, "/?#");
    const char *port = secure ? ":443" : ":80";
    const char *rest = uri + length;
    if (length == scheme || length > ROOT_MAX || memchr(uri, '@', length) != NULL)
        return NULL;
    if (length > scheme + strlen(port) && memcmp(rest - strlen(port), port, strlen(port)) == 0)
        length -= strlen(port);
    memcpy(root, uri, length);
    root[length] = '\0';
    return rest;
}

void naanf_redirect_free(struct naanf_redirect *redirect)
{
    if (redirect == NULL)
        return;
    for (size_t i = 0; i < redirect->count; i++)
        http_client_free(redirect->targets[i].http);
    free(redirect);
}

void naanf_redirect_renew(struct naanf_redirect *redirect)
{
    for (size_t i = 0; i < redirect->count; i++)
        http_client_renew(redirect->targets[i].http);
}

enum msgin5g_err naanf_redirect_create(struct loop *loop, const struct akma_af_config *config,
    const struct http_client_config *http, struct naanf_redirect **out)
{
    struct naanf_redirect *redirect =
        calloc(1, sizeof *redirect + config->redirect_url_count * sizeof redirect->targets[0]);
    if (redirect == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = split(config->aanf_url, redirect->root) != NULL ? MSGIN5G_OK : MSGIN5G_ERR_INVALID;
    for (size_t i = 0; i < config->redirect_url_count && err == MSGIN5G_OK; i++) {
        struct target *target = &redirect->targets[i];
        struct http_client_config one = *http;
        one.url = config->redirect_urls[i];
        const char *rest = split(one.url, target->root);
        err = rest != NULL && (rest[0] == '\0' || strcmp(rest, "/") == 0) ? MSGIN5G_OK : MSGIN5G_ERR_INVALID;
        if (err == MSGIN5G_OK)
            err = http_client_create(loop, &one, &target->http);
        if (err == MSGIN5G_OK)
            redirect->count++;
    }
    if (err != MSGIN5G_OK) {
        naanf_redirect_free(redirect);
        return err;
    }
    *out = redirect;
    return MSGIN5G_OK;
}

/* A path as it may stand in a request, without the fragment. */
static bool copy_path(const char *text, char path[NAANF_REDIRECT_PATH_MAX + 1])
{
    size_t length = strcspn(text, "#");
    if (text[0] != '/' || text[1] == '/' || length > NAANF_REDIRECT_PATH_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    memcpy(path, text, length);
    path[length] = '\0';
    return true;
}

/* As secure as before: a root is compared together with its scheme. */
struct http_client *naanf_redirect_find(const struct naanf_redirect *redirect, const char *location,
    struct http_client *here, char path[NAANF_REDIRECT_PATH_MAX + 1])
{
    char root[ROOT_MAX + 1];
    if (location[0] == '/')
        return copy_path(location, path) ? here : NULL;
    const char *rest = split(location, root);
    if (rest == NULL || !copy_path(rest, path))
        return NULL;
    if (strcasecmp(root, redirect->root) == 0)
        return here;
    for (size_t i = 0; i < redirect->count; i++)
        if (strcasecmp(root, redirect->targets[i].root) == 0)
            return redirect->targets[i].http;
    return NULL;
}
