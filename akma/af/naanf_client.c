#include "naanf_client.h"

#include "base/log.h"
#include "http/client.h"
#include "naanf_probe.h"
#include "naanf_redirect.h"
#include "problem_json.h"
#include "token_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define QUEUED_DEFAULT     10000
#define DEADLINE_MS        2000
#define PAUSE_FIRST_MS     1000
#define PAUSE_LONGEST_MS   30000
#define RETRY_AFTER_MAX_MS 300000
#define JITTER_MAX_MS      1000
#define RETRIEVE_PATH      NAANF_API "/retrieve-applicationkey"
#define PEER_INFO_MAX      64
#define NO_TOKEN           "there is no access token for it"

enum outcome { OUTCOME_OK, OUTCOME_UNKNOWN, OUTCOME_NOT_ALLOWED, OUTCOME_TIMEOUT, OUTCOME_FAILED, OUTCOME_COUNT };

static const char *const outcome_labels[OUTCOME_COUNT] = {
    [OUTCOME_OK] = "result=\"ok\"",
    [OUTCOME_UNKNOWN] = "result=\"unknown_a_kid\"",
    [OUTCOME_NOT_ALLOWED] = "result=\"not_allowed\"",
    [OUTCOME_TIMEOUT] = "result=\"timeout\"",
    [OUTCOME_FAILED] = "result=\"failed\"",
};

static const double seconds_bounds[] = { 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5 };

struct naanf_client {
    struct loop *loop;
    struct http_client *http;
    struct naanf_redirect *redirect;
    struct token_client *tokens;   /* NULL: none are used */
    struct naanf_probe *probe;     /* at work while it is not healthy */
    char peer_info[PEER_INFO_MAX]; /* 3gpp-Sbi-NF-Peer-Info, "" without an NF instance id */
    struct log_limit redirect_lines;
    char *notif_uri; /* NULL: none */
    int64_t deadline_ms;
    int64_t pause_until_ms; /* the AAnF is overloaded: nothing is sent until then */
    int64_t next_pause_ms;
    bool healthy;
    struct metric *outcomes[OUTCOME_COUNT];
    struct metric *paused;
    struct metric *seconds;
};

struct naanf_call {
    struct naanf_client *client;
    naanf_client_fn *done;
    void *ctx;
    struct buffer body;
    int64_t deadline_at_ms;
    int64_t started_us;
    bool repeated;
    bool renewed;    /* sent again with a new token */
    bool redirected; /* sent again to where a 307 or 308 pointed */
    struct http_client *http;
    char path[NAANF_REDIRECT_PATH_MAX + 1];
    uint64_t token;
    struct token_waiter waiter;
};

static int64_t monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void register_metrics(struct naanf_client *client, struct metrics *metrics)
{
    struct metric *obtained, *refused;
    if (metrics == NULL)
        return;
    token_client_register_metrics(metrics, &obtained, &refused);
    for (size_t i = 0; i < OUTCOME_COUNT; i++)
        client->outcomes[i] = metrics_counter(
            metrics, "msgin5g_aanf_requests_total", "Key requests the AAnF was asked, by result", outcome_labels[i]);
    client->paused = metrics_counter(
        metrics, "msgin5g_aanf_requests_paused_total", "Key requests not sent because the AAnF asked for a pause", "");
    client->seconds = metrics_histogram(metrics, "msgin5g_aanf_request_seconds", "Time the AAnF took to answer", "",
        seconds_bounds, sizeof seconds_bounds / sizeof *seconds_bounds);
}

static enum msgin5g_err copy_notif_uri(const char *uri, char **out)
{
    if (uri == NULL || uri[0] == '\0')
        return MSGIN5G_OK;
    if (strlen(uri) > NAANF_NOTIF_URI_MAX)
        return MSGIN5G_ERR_INVALID;
    *out = strdup(uri);
    return *out != NULL ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

/* A line for each change, not for each request. */
static void say(const struct naanf_client *client, bool healthy, const char *reason)
{
    if (healthy && !client->healthy)
        log_info("aanf answers again");
    else if (!healthy && client->healthy)
        log_warning("aanf does not answer reason=\"%s\"", reason);
}

static void set_healthy(struct naanf_client *client)
{
    say(client, true, "");
    client->healthy = true;
    naanf_probe_stop(client->probe);
}

/* Who answers key requests with errors may well answer a probe: that says something only after a while. */
static void set_unhealthy(struct naanf_client *client, bool answered, const char *reason)
{
    say(client, false, reason);
    client->healthy = false;
    naanf_probe_start(client->probe, answered ? NAANF_PROBE_LONGEST_MS : NAANF_PROBE_FIRST_MS);
}

static void on_alive(void *ctx)
{
    set_healthy(ctx);
}

enum msgin5g_err naanf_client_create(struct loop *loop, const struct akma_af_config *config, struct naanf_client **out)
{
    struct naanf_client *client = calloc(1, sizeof *client);
    if (client == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    client->loop = loop;
    client->deadline_ms = config->deadline_ms > 0 ? config->deadline_ms : DEADLINE_MS;
    client->next_pause_ms = PAUSE_FIRST_MS;
    client->healthy = true;
    register_metrics(client, config->metrics);
    struct http_client_config http = {
        .url = config->aanf_url,
        .tls = config->tls,
        .connect_ms = client->deadline_ms,
        .queued = config->pending > 0 ? config->pending : QUEUED_DEFAULT,
        .metrics = config->metrics,
        .metrics_label = "aanf",
    };
    enum msgin5g_err err = copy_notif_uri(config->notif_uri, &client->notif_uri);
    if (config->nf_instance_id != NULL && config->nf_instance_id[0] != '\0')
        (void)snprintf(client->peer_info, sizeof client->peer_info, "srcinst=%s", config->nf_instance_id);
    if (err == MSGIN5G_OK)
        err = http_client_create(loop, &http, &client->http);
    if (err == MSGIN5G_OK)
        err = naanf_redirect_create(loop, config, &http, &client->redirect);
    if (err == MSGIN5G_OK && config->token_url != NULL)
        err = token_client_create(loop, config, &client->tokens);
    if (err == MSGIN5G_OK)
        err = naanf_probe_create(loop, client->http, client->tokens, on_alive, client, &client->probe);
    if (err != MSGIN5G_OK) {
        naanf_client_free(client);
        return err;
    }
    *out = client;
    return MSGIN5G_OK;
}

void naanf_client_free(struct naanf_client *client)
{
    if (client == NULL)
        return;
    struct http_client *http = client->http;
    naanf_probe_stop(client->probe);
    client->http = NULL; /* its open calls now end for good */
    http_client_free(http);
    naanf_redirect_free(client->redirect);
    token_client_free(client->tokens); /* and so do those that wait for a token */
    naanf_probe_free(client->probe);
    free(client->notif_uri);
    free(client);
}

void naanf_client_renew(struct naanf_client *client)
{
    http_client_renew(client->http);
    naanf_redirect_renew(client->redirect);
    if (client->tokens != NULL)
        token_client_renew(client->tokens);
}

bool naanf_client_healthy(const struct naanf_client *client)
{
    return client->healthy;
}

static void call_free(struct naanf_call *call)
{
    buffer_free(&call->body);
    free(call);
}

/* Seconds, or a date (RFC 9110 10.2.3). @return milliseconds, or -1 when it is neither. */
static int64_t retry_after_ms(const struct naanf_client *client, const char *text)
{
    int64_t until_ms;
    if (text == NULL)
        return -1;
    if (text[0] >= '0' && text[0] <= '9') {
        long seconds = strtol(text, NULL, 10); /* LONG_MAX when too large */
        return seconds > RETRY_AFTER_MAX_MS / 1000 ? RETRY_AFTER_MAX_MS : (int64_t)seconds * 1000;
    }
    if (clock_parse_http_date(msgin5g_str(text), &until_ms) != MSGIN5G_OK)
        return -1;
    int64_t pause_ms = until_ms - loop_utc_s(client->loop) * 1000;
    if (pause_ms < 0)
        return 0;
    return pause_ms > RETRY_AFTER_MAX_MS ? RETRY_AFTER_MAX_MS : pause_ms;
}

/* 429 and 503: as long as Retry-After says, else a pause that doubles; and up to a quarter more, so that AFs that were
 * sent away together do not come back together (TS 29.500 6.4.2). */
static void pause_requests(struct naanf_client *client, const struct http_response *response)
{
    uint32_t random;
    int64_t pause_ms = retry_after_ms(client, http_response_header(response, "retry-after"));
    if (pause_ms < 0)
        pause_ms = client->next_pause_ms;
    int64_t more_ms = pause_ms / 4 < JITTER_MAX_MS ? pause_ms / 4 : JITTER_MAX_MS;
    secret_random(&random, sizeof random);
    pause_ms += (int64_t)random % (more_ms + 1);
    client->next_pause_ms *= 2;
    if (client->next_pause_ms > PAUSE_LONGEST_MS)
        client->next_pause_ms = PAUSE_LONGEST_MS;
    client->pause_until_ms = loop_now_ms(client->loop) + pause_ms;
    log_debug("aanf asks for a pause status=%d pause_ms=%lld", response->status, (long long)pause_ms);
}

/* A 200 counts only when it carries what TS 29.535 5.1.6.2.3 asks for and K_AF can be used (N7, N8). */
static enum msgin5g_err judge_key(
    const struct naanf_client *client, const struct http_response *response, struct naanf_key_data *data)
{
    struct msgin5g_str body = { (const char *)response->body, response->length };
    struct naanf_problem problem = { 0 };
    if (naanf_key_data_decode(body, data, &problem) != MSGIN5G_OK) {
        log_debug("aanf answer is malformed cause=%s param=%s", problem.cause, problem.param ? problem.param : "-");
        bool no_expiry = problem.param != NULL && strcmp(problem.param, "/expiry") == 0;
        return no_expiry ? MSGIN5G_ERR_UNKNOWN_A_KID : MSGIN5G_ERR_AANF;
    }
    return data->expiry_s > loop_utc_s(client->loop) ? MSGIN5G_OK : MSGIN5G_ERR_UNKNOWN_A_KID;
}

/* The last paragraph of section 5.1 of the AKMA digest (TS 29.535 4.2.2.3.2, TS 29.500 5.2.7.3, 6.7.3). */
static enum msgin5g_err judge_status(
    struct naanf_client *client, const struct http_response *response, struct naanf_key_data *data)
{
    struct msgin5g_str body = { (const char *)response->body, response->length };
    switch (response->status) {
    case 200:
        return judge_key(client, response, data);
    case 204:
    case 404:
        return MSGIN5G_ERR_UNKNOWN_A_KID;
    case 401:
        return MSGIN5G_ERR_AF_NOT_ALLOWED;
    case 403:
        return problem_has_cause(body, "K_AKMA_NOT_PRESENT") ? MSGIN5G_ERR_UNKNOWN_A_KID : MSGIN5G_ERR_AF_NOT_ALLOWED;
    case 429:
    case 503:
        pause_requests(client, response);
        return MSGIN5G_ERR_AANF;
    default:
        return MSGIN5G_ERR_AANF;
    }
}

static enum outcome outcome_of(enum msgin5g_err err)
{
    switch (err) {
    case MSGIN5G_OK:
        return OUTCOME_OK;
    case MSGIN5G_ERR_UNKNOWN_A_KID:
        return OUTCOME_UNKNOWN;
    case MSGIN5G_ERR_AF_NOT_ALLOWED:
        return OUTCOME_NOT_ALLOWED;
    case MSGIN5G_ERR_TIMEOUT:
        return OUTCOME_TIMEOUT;
    default:
        return OUTCOME_FAILED;
    }
}

static void call_finish(struct naanf_call *call, enum msgin5g_err err, const struct naanf_key_data *data)
{
    struct naanf_client *client = call->client;
    metric_add(client->outcomes[outcome_of(err)], 1);
    metric_observe_us(client->seconds, monotonic_us() - call->started_us);
    call->done(call->ctx, err, data);
    call_free(call);
}

static enum msgin5g_err call_send(struct naanf_call *call);

/* No answer to judge. */
static void call_fail(struct naanf_call *call, enum msgin5g_err err, const char *reason)
{
    struct naanf_client *client = call->client;
    if (client->http != NULL) /* else we end the connection ourselves */
        set_unhealthy(client, false, reason);
    if (client->http == NULL)
        err = MSGIN5G_ERR_CLOSED;
    else if (err != MSGIN5G_ERR_TIMEOUT)
        err = MSGIN5G_ERR_AANF;
    call_finish(call, err, NULL);
}

/* 401 for the token: once more with a new one, never with the same (TS 29.500 6.7.3). @return true: it is under
 * way, or over. */
static bool call_renew(struct naanf_call *call, const struct http_response *response)
{
    struct naanf_client *client = call->client;
    if (response->status != 401 || client->tokens == NULL || client->http == NULL)
        return false;
    bool another = token_client_reject(client->tokens, call->token);
    if (!another || call->renewed)
        return false;
    call->renewed = true;
    if (call_send(call) != MSGIN5G_OK)
        call_fail(call, MSGIN5G_ERR_AANF, NO_TOKEN);
    return true;
}

/* Where a 307 or 308 points, if we may follow: once, and only to places of the configuration. */
static bool redirect_found(struct naanf_call *call, const struct http_response *response, const char **reason)
{
    struct msgin5g_str body = { (const char *)response->body, response->length };
    const char *location = http_response_header(response, "location");
    *reason = "a second redirect";
    if (call->redirected)
        return false;
    *reason = "an SCP's redirect, or none with a Location";
    if (location == NULL || problem_has_cause(body, "SCP_REDIRECTION"))
        return false;
    *reason = "not a place that aanf.redirect_urls names";
    call->http = naanf_redirect_find(call->client->redirect, location, call->client->http, call->path);
    return call->http != NULL;
}

/* @return true: it is under way, or over. */
static bool call_redirect(struct naanf_call *call, const struct http_response *response)
{
    struct naanf_client *client = call->client;
    const char *reason;
    unsigned left_out;
    if ((response->status != 307 && response->status != 308) || client->http == NULL)
        return false;
    if (!redirect_found(call, response, &reason)) {
        if (log_limit_take(&client->redirect_lines, loop_now_ms(client->loop), &left_out))
            log_warning("redirect of the aanf not followed reason=\"%s\" left_out=%u", reason, left_out);
        return false;
    }
    call->redirected = true;
    enum msgin5g_err err = call_send(call);
    if (err != MSGIN5G_OK)
        call_fail(call, err, msgin5g_err_text(err));
    return true;
}

static void call_answered(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct naanf_call *call = ctx;
    struct naanf_client *client = call->client;
    __attribute__((cleanup(naanf_key_data_wipe))) struct naanf_key_data data = { 0 };
    if (response != NULL && (call_renew(call, response) || call_redirect(call, response)))
        return;
    if (response != NULL) {
        err = judge_status(client, response, &data);
        if (response->status < 500)
            set_healthy(client);
        else
            set_unhealthy(client, true, "it answers with an error of its own");
        if (response->status != 429 && response->status < 500)
            client->next_pause_ms = PAUSE_FIRST_MS;
        call_finish(call, err, err == MSGIN5G_OK ? &data : NULL);
        return;
    }
    /* The operation changes nothing at the AAnF, so a lost connection allows one repetition (TS 29.500 5.2.8). */
    if (err == MSGIN5G_ERR_CLOSED && client->http != NULL && !call->repeated) {
        call->repeated = true;
        if (call_send(call) == MSGIN5G_OK)
            return;
    }
    call_fail(call, err, msgin5g_err_text(err));
}

static int64_t utc_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#define HEADERS_MAX 6

/* What belongs to every request (TS 29.500 5.2.2.2, 5.2.3); @p sent and @p left hold the values that are made here. */
static size_t write_headers(const struct naanf_client *client, const char *authorization, int64_t left_ms,
    char sent[CLOCK_HTTP_DATE_LEN + 1], char left[8], struct http_header out[HEADERS_MAX])
{
    size_t count = 0;
    out[count++] = (struct http_header){ "accept", "application/json, application/problem+json" };
    out[count++] = (struct http_header){ "user-agent", "AF-msgin5g" };              /* starts with the NF type */
    if (left_ms < 100000 && clock_format_http_date(utc_ms(), sent) == MSGIN5G_OK) { /* five digits (6.11.2) */
        (void)snprintf(left, 8, "%d", (int)left_ms);
        out[count++] = (struct http_header){ "3gpp-sbi-sender-timestamp", sent };
        out[count++] = (struct http_header){ "3gpp-sbi-max-rsp-time", left };
    }
    if (client->peer_info[0] != '\0')
        out[count++] = (struct http_header){ "3gpp-sbi-nf-peer-info", client->peer_info };
    if (authorization != NULL)
        out[count++] = (struct http_header){ "authorization", authorization };
    return count;
}

static enum msgin5g_err call_send_with(struct naanf_call *call, const char *authorization)
{
    struct http_header headers[HEADERS_MAX];
    char sent[CLOCK_HTTP_DATE_LEN + 1], left[8];
    struct naanf_client *client = call->client;
    int64_t left_ms = call->deadline_at_ms - loop_now_ms(client->loop);
    if (left_ms <= 0)
        return MSGIN5G_ERR_TIMEOUT;
    struct http_call http = {
        .method = "POST",
        .path = call->path,
        .content_type = "application/json",
        .body = call->body.data,
        .length = call->body.length,
        .headers = headers,
        .header_count = write_headers(client, authorization, left_ms, sent, left, headers),
        .deadline_ms = left_ms,
    };
    return http_client_send(call->http, &http, call_answered, call);
}

static void token_arrived(void *ctx, enum msgin5g_err err)
{
    struct naanf_call *call = ctx;
    if (err == MSGIN5G_OK)
        err = call_send(call);
    if (err != MSGIN5G_OK)
        call_fail(call, err, NO_TOKEN); /* no token, no key (N10) */
}

/* At once, or as soon as there is a token. */
static enum msgin5g_err call_send(struct naanf_call *call)
{
    struct token_client *tokens = call->client->tokens;
    if (tokens == NULL)
        return call_send_with(call, NULL);
    const char *authorization = token_client_current(tokens, &call->token);
    if (authorization != NULL)
        return call_send_with(call, authorization);
    call->waiter = (struct token_waiter){ .done = token_arrived, .ctx = call };
    return token_client_wait(tokens, &call->waiter);
}

static enum msgin5g_err request_encode(
    const struct naanf_client *client, const struct akma_af_ref *ref, struct buffer *out)
{
    struct naanf_key_request request = { .supp_feat = "1" }; /* AKMA_GPSI_Support, TS 29.535 5.1.8 */
    if (ref->a_kid.length == 0 || ref->a_kid.length > AKMA_A_KID_MAX)
        return MSGIN5G_ERR_INVALID;
    memcpy(request.a_kid, ref->a_kid.octets, ref->a_kid.length);
    if (client->notif_uri != NULL)
        memcpy(request.notif_uri, client->notif_uri, strlen(client->notif_uri) + 1);
    enum msgin5g_err err = af_id_format(ref->fqdn, &ref->ua_id, request.af_id);
    return err == MSGIN5G_OK ? naanf_key_request_encode(&request, out) : err;
}

enum msgin5g_err naanf_client_retrieve(
    struct naanf_client *client, const struct akma_af_ref *ref, naanf_client_fn *done, void *ctx)
{
    int64_t now_ms = loop_now_ms(client->loop);
    if (now_ms < client->pause_until_ms) {
        metric_add(client->paused, 1);
        return MSGIN5G_ERR_LIMIT;
    }
    struct naanf_call *call = calloc(1, sizeof *call);
    if (call == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *call = (struct naanf_call){ .client = client, .done = done, .ctx = ctx, .http = client->http };
    memcpy(call->path, RETRIEVE_PATH, sizeof RETRIEVE_PATH);
    call->started_us = monotonic_us();
    call->deadline_at_ms = now_ms + client->deadline_ms;
    buffer_init(&call->body, NAANF_BODY_MAX);
    enum msgin5g_err err = request_encode(client, ref, &call->body);
    if (err == MSGIN5G_OK)
        err = call_send(call);
    if (err != MSGIN5G_OK)
        call_free(call);
    return err;
}
