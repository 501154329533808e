#include "token_client.h"

#include "base/log.h"
#include "base/secret.h"
#include "http/client.h"
#include "token_json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define DEADLINE_MS        2000
#define PATH_DEFAULT       "/oauth2/token"
#define LIFETIME_DEFAULT_S 60 /* when expires_in is missing */
#define RENEW_EARLY_MS     30000
#define SPARE_MS           2000 /* a token is not sent in the last moments of its life */
#define PAUSE_FIRST_MS     1000
#define PAUSE_LONGEST_MS   30000
#define REJECT_EVERY_MS    1000 /* tokens called invalid more often than this: the next would fare no better */
#define FORM_MAX           2048

struct token_client {
    struct loop *loop;
    struct http_client *http;
    char *path;
    struct buffer form;
    int64_t deadline_ms;
    char authorization[sizeof "Bearer " + TOKEN_MAX]; /* "" when there is none */
    uint64_t number;                                  /* of the token */
    int64_t renew_ms, expires_ms;
    bool rejected; /* once, at rejected_ms */
    int64_t rejected_ms;
    bool in_flight;
    int64_t pause_until_ms, next_pause_ms;
    struct token_waiter *waiters;
    struct metric *obtained, *failed;
};

/* Everything but unreserved characters (RFC 3986 2.3), which is always right in a form. */
static enum msgin5g_err append_value(struct buffer *form, const char *name, const char *value)
{
    enum msgin5g_err err = buffer_appendf(form, "%s%s=", form->length > 0 ? "&" : "", name);
    for (; err == MSGIN5G_OK && *value != '\0'; value++) {
        bool plain = (*value >= '0' && *value <= '9') || (*value >= 'A' && *value <= 'Z') ||
                     (*value >= 'a' && *value <= 'z') || *value == '-' || *value == '.' || *value == '_';
        err = plain ? buffer_append(form, value, 1) : buffer_appendf(form, "%%%02X", (unsigned char)*value);
    }
    return err;
}

/* AccessTokenReq (TS 29.510 6.3.5.2.2). The body is the same every time. */
static enum msgin5g_err make_form(struct token_client *client, const struct akma_af_config *config)
{
    enum msgin5g_err err = append_value(&client->form, "grant_type", "client_credentials");
    if (err == MSGIN5G_OK)
        err = append_value(&client->form, "nfInstanceId", config->nf_instance_id);
    if (err == MSGIN5G_OK)
        err = append_value(&client->form, "nfType", "AF");
    if (err == MSGIN5G_OK)
        err = append_value(&client->form, "targetNfType", "AANF");
    if (err == MSGIN5G_OK)
        err = append_value(&client->form, "scope", config->token_scope != NULL ? config->token_scope : TOKEN_SCOPE);
    return err;
}

/* "https://host:port/path": the HTTP client takes the first part, the request the second. */
static enum msgin5g_err open_http(struct token_client *client, const struct akma_af_config *config)
{
    const char *host = strstr(config->token_url, "://");
    if (host == NULL)
        return MSGIN5G_ERR_INVALID;
    size_t root_length = (size_t)(host - config->token_url) + 3;
    root_length += strcspn(config->token_url + root_length, "/");
    const char *path = config->token_url + root_length;
    client->path = strdup(path[0] != '\0' && path[1] != '\0' ? path : PATH_DEFAULT);
    char *root = strndup(config->token_url, root_length);
    enum msgin5g_err err = MSGIN5G_ERR_NO_MEMORY;
    if (client->path != NULL && root != NULL) {
        const struct http_client_config http = { .url = root,
            .tls = config->tls,
            .connect_ms = client->deadline_ms,
            .queued = 2,
            .metrics = config->metrics,
            .metrics_label = "nrf" };
        err = http_client_create(client->loop, &http, &client->http);
    }
    free(root);
    return err;
}

void token_client_register_metrics(struct metrics *metrics, struct metric **obtained, struct metric **refused)
{
    static const char name[] = "msgin5g_token_requests_total", help[] = "Access tokens asked for, by result";
    if (metrics == NULL)
        return;
    *obtained = metrics_counter(metrics, name, help, "result=\"ok\"");
    *refused = metrics_counter(metrics, name, help, "result=\"failed\"");
}

enum msgin5g_err token_client_create(struct loop *loop, const struct akma_af_config *config, struct token_client **out)
{
    struct token_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    client->loop = loop;
    client->deadline_ms = config->deadline_ms > 0 ? config->deadline_ms : DEADLINE_MS;
    client->next_pause_ms = PAUSE_FIRST_MS;
    buffer_init(&client->form, FORM_MAX);
    token_client_register_metrics(config->metrics, &client->obtained, &client->failed);
    enum msgin5g_err err = make_form(client, config);
    if (err == MSGIN5G_OK)
        err = open_http(client, config);
    if (err != MSGIN5G_OK) {
        token_client_free(client);
        return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_INVALID : err;
    }
    *out = client;
    return MSGIN5G_OK;
}

/* Those who wait now; who waits again while they are told is not among them. */
static void tell(struct token_client *client, enum msgin5g_err err)
{
    struct token_waiter *waiters = client->waiters;
    struct token_waiter *waiter = NULL;
    struct token_waiter *next = NULL;
    client->waiters = NULL;
    DL_FOREACH_SAFE (waiters, waiter, next) {
        DL_DELETE(waiters, waiter);
        waiter->done(waiter->ctx, err);
    }
}

void token_client_free(struct token_client *client)
{
    if (client == NULL)
        return;
    struct http_client *http = client->http;
    client->http = NULL; /* the request in flight, if any, now ends for good */
    http_client_free(http);
    tell(client, MSGIN5G_ERR_CLOSED);
    buffer_free(&client->form);
    free(client->path);
    secret_wipe(client, sizeof *client);
    free(client);
}

/* Up to a quarter longer or shorter, so that AFs that failed together do not come back together. */
static int64_t jitter(int64_t ms)
{
    uint32_t random;
    secret_random(&random, sizeof random);
    return ms * 3 / 4 + (int64_t)random % (ms / 2 + 1);
}

static void failed(struct token_client *client, const char *reason, int status)
{
    int64_t pause_ms = jitter(client->next_pause_ms);
    client->pause_until_ms = loop_now_ms(client->loop) + pause_ms;
    client->next_pause_ms *= 2;
    if (client->next_pause_ms > PAUSE_LONGEST_MS)
        client->next_pause_ms = PAUSE_LONGEST_MS;
    metric_add(client->failed, 1);
    log_warning("no access token reason=\"%s\" status=%d pause_ms=%lld", reason, status, (long long)pause_ms);
}

static void keep(struct token_client *client, const struct token_answer *answer)
{
    int64_t now_ms = loop_now_ms(client->loop);
    int64_t life_ms = (answer->lifetime_s > 0 ? answer->lifetime_s : LIFETIME_DEFAULT_S) * 1000;
    int64_t spare_ms = SPARE_MS < life_ms / 2 ? SPARE_MS : life_ms / 2; /* exp is cut to whole seconds, too */
    int64_t early_ms = spare_ms + (RENEW_EARLY_MS < life_ms / 4 ? RENEW_EARLY_MS : life_ms / 4);
    (void)snprintf(client->authorization, sizeof client->authorization, "Bearer %s", answer->token);
    client->number++;
    client->expires_ms = now_ms + life_ms - spare_ms;
    client->renew_ms = now_ms + life_ms - early_ms;
    client->next_pause_ms = PAUSE_FIRST_MS;
    metric_add(client->obtained, 1);
    log_debug("access token obtained lifetime_ms=%lld", (long long)life_ms);
}

static void answered(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct token_client *client = ctx;
    struct token_answer answer = { 0 };
    client->in_flight = false;
    if (client->http == NULL) /* being released */
        return;
    if (response == NULL) {
        failed(client, msgin5g_err_text(err), 0);
    } else if (response->status != 200) {
        err = MSGIN5G_ERR_AANF;
        failed(client, "refused by the token endpoint", response->status);
    } else {
        err = token_answer_decode((struct msgin5g_str){ (const char *)response->body, response->length }, &answer);
        if (err == MSGIN5G_OK)
            keep(client, &answer);
        else
            failed(client, "not an AccessTokenRsp", response->status);
    }
    secret_wipe(&answer, sizeof answer);
    tell(client, err == MSGIN5G_OK ? MSGIN5G_OK : MSGIN5G_ERR_AANF);
}

static enum msgin5g_err request(struct token_client *client)
{
    static const struct http_header headers[] = {
        { "accept", "application/json, application/problem+json" },
        { "user-agent", "AF-msgin5g" },
    };
    const struct http_call call = { .method = "POST",
        .path = client->path,
        .content_type = "application/x-www-form-urlencoded",
        .body = client->form.data,
        .length = client->form.length,
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .deadline_ms = client->deadline_ms };
    if (client->in_flight)
        return MSGIN5G_OK;
    if (loop_now_ms(client->loop) < client->pause_until_ms)
        return MSGIN5G_ERR_LIMIT;
    enum msgin5g_err err = http_client_send(client->http, &call, answered, client);
    client->in_flight = err == MSGIN5G_OK;
    return err;
}

const char *token_client_current(struct token_client *client, uint64_t *number)
{
    int64_t now_ms = loop_now_ms(client->loop);
    if (client->authorization[0] == '\0' || now_ms >= client->expires_ms)
        return NULL;
    if (now_ms >= client->renew_ms)
        (void)request(client); /* the old one does until then */
    *number = client->number;
    return client->authorization;
}

void token_client_renew(struct token_client *client)
{
    http_client_renew(client->http);
}

enum msgin5g_err token_client_wait(struct token_client *client, struct token_waiter *waiter)
{
    enum msgin5g_err err = request(client);
    if (err == MSGIN5G_OK)
        DL_APPEND(client->waiters, waiter);
    return err;
}

bool token_client_reject(struct token_client *client, uint64_t number)
{
    int64_t now_ms = loop_now_ms(client->loop);
    if (number != client->number || client->authorization[0] == '\0')
        return true; /* there is a newer one already, or it is known */
    secret_wipe(client->authorization, sizeof client->authorization);
    bool again = client->rejected && now_ms - client->rejected_ms < REJECT_EVERY_MS;
    client->rejected = true;
    client->rejected_ms = now_ms;
    if (again)
        failed(client, "the AAnF refuses a new one", 401);
    return !again;
}
