#include "management_call.h"

#include "answer_json.h"
#include "arguments.h"
#include "base/exit_code.h"
#include "base/loop.h"
#include "base/secret.h"
#include "http/client.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define URL_DEFAULT       "http://127.0.0.1:9444"
#define TIMEOUT_DEFAULT_S 10
#define TIMEOUT_MAX_S     3600
#define AUTHORIZATION_MAX (MANAGEMENT_TOKEN_MAX + 8)
#define PROBLEM_MAX       256
#define ANSWER_OCTETS_MAX ((size_t)8 << 20)

enum { OPTION_URL = 'u', OPTION_TOKEN = 't', OPTION_CA = 'C', OPTION_TIMEOUT = 'T', OPTION_JSON = 'j' };

static const struct argp_option options[] = {
    { "url", OPTION_URL, "URL", 0, "Management port of akma-aanf; " URL_DEFAULT, 1 },
    { "token", OPTION_TOKEN, "@FILE", 0, "Its bearer token (management.token_file); - is standard input", 1 },
    { "ca", OPTION_CA, "FILE", 0, "Certificates it is checked against (PEM), for https", 1 },
    { "timeout", OPTION_TIMEOUT, "S", 0, "Seconds to wait for the answer; 10", 1 },
    { "json", OPTION_JSON, NULL, 0, "Print the answer as it came, one JSON object", 1 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

static void read_timeout(struct argp_state *state, const char *text, int64_t *out)
{
    char *end;
    long seconds = strtol(text, &end, 10);
    if (*text == '\0' || *end != '\0' || seconds < 1 || seconds > TIMEOUT_MAX_S)
        argp_error(state, "--timeout: expected 1 to %d seconds", TIMEOUT_MAX_S);
    *out = seconds * 1000;
}

static error_t on_option(int key, char *argument, struct argp_state *state)
{
    struct management_access *access = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        access->url = URL_DEFAULT;
        access->timeout_ms = (int64_t)TIMEOUT_DEFAULT_S * 1000;
        return 0;
    case OPTION_URL:
        access->url = argument;
        return 0;
    case OPTION_TOKEN:
        argument_secret_text(state, "--token", argument, access->token, sizeof access->token);
        return 0;
    case OPTION_CA:
        access->ca_file = argument;
        return 0;
    case OPTION_TIMEOUT:
        read_timeout(state, argument, &access->timeout_ms);
        return 0;
    case OPTION_JSON:
        access->json = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp management_argp = { .options = options, .parser = on_option };

/* What one call needs. */
struct exchange {
    struct loop *loop;
    struct tls_context *tls;
    struct http_client *client;
    enum msgin5g_err err;
    int status;
    struct buffer *answer;
    bool done;
};

static void answered(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct exchange *exchange = ctx;
    exchange->done = true;
    exchange->err = err;
    if (response == NULL)
        return;
    exchange->status = response->status;
    exchange->err = buffer_append(exchange->answer, response->body, response->length);
}

static enum msgin5g_err open_client(const struct management_access *access, struct exchange *exchange)
{
    char problem[PROBLEM_MAX] = "";
    const struct tls_context_config tls = { .ca_file = access->ca_file, .alpn = "h2" };
    struct http_client_config http = { .url = access->url,
        .connect_ms = access->timeout_ms,
        .body_octets = ANSWER_OCTETS_MAX,
        .metrics_label = "management" };
    enum msgin5g_err err = tls_setup();
    if (err == MSGIN5G_OK)
        err = loop_create(clock_system(), &exchange->loop);
    if (err == MSGIN5G_OK && access->ca_file != NULL) {
        err = tls_context_create(&tls, &exchange->tls, problem, sizeof problem);
        if (err != MSGIN5G_OK)
            (void)fprintf(stderr, "akma: --ca: %s\n", problem);
    }
    http.tls = exchange->tls;
    if (err == MSGIN5G_OK && (err = http_client_create(exchange->loop, &http, &exchange->client)) != MSGIN5G_OK)
        (void)fprintf(stderr, "akma: --url: expected http://HOST:PORT, or https://HOST:PORT together with --ca\n");
    return err == MSGIN5G_ERR_INVALID ? MSGIN5G_ERR_CONFIG : err;
}

static enum msgin5g_err send_and_wait(
    const struct management_access *access, const struct management_request *request, struct exchange *exchange)
{
    char authorization[AUTHORIZATION_MAX];
    const struct http_header header = { "authorization", authorization };
    const struct http_call call = { .method = request->method,
        .path = request->path,
        .content_type = request->body != NULL ? "application/json" : NULL,
        .body = request->body != NULL ? request->body->data : NULL,
        .length = request->body != NULL ? request->body->length : 0,
        .headers = &header,
        .header_count = access->token[0] != '\0' ? 1 : 0,
        .deadline_ms = access->timeout_ms };
    (void)snprintf(authorization, sizeof authorization, "Bearer %s", access->token);
    enum msgin5g_err err = http_client_send(exchange->client, &call, answered, exchange);
    secret_wipe(authorization, sizeof authorization);
    while (err == MSGIN5G_OK && !exchange->done)
        err = loop_process(exchange->loop, -1);
    return err == MSGIN5G_OK ? exchange->err : err;
}

static int judge(const struct exchange *exchange)
{
    char detail[PROBLEM_MAX];
    if (exchange->status >= 200 && exchange->status < 300)
        return EXIT_CODE_OK;
    struct msgin5g_str body = { (const char *)exchange->answer->data, exchange->answer->length };
    answer_json_detail(body, detail, sizeof detail);
    (void)fprintf(stderr, "akma: akma-aanf answered %d%s%s\n", exchange->status, detail[0] != '\0' ? ": " : "", detail);
    if (exchange->status == 401)
        return EXIT_CODE_AUTHENTICATION;
    if (exchange->status == 403)
        return EXIT_CODE_NOT_AUTHORISED;
    return exchange->status >= 500 ? EXIT_CODE_PEER_FAILED : EXIT_CODE_REFUSED;
}

int management_call(
    const struct management_access *access, const struct management_request *request, struct buffer *answer)
{
    struct exchange exchange = { .answer = answer };
    int exit_code;
    enum msgin5g_err err = open_client(access, &exchange);
    if (err == MSGIN5G_ERR_CONFIG) {
        exit_code = EXIT_CODE_USAGE;
    } else if (err == MSGIN5G_OK && (err = send_and_wait(access, request, &exchange)) == MSGIN5G_OK) {
        exit_code = judge(&exchange);
    } else {
        const char *problem = exchange.client != NULL ? http_client_problem(exchange.client) : "";
        (void)fprintf(stderr, "akma: %s: %s\n", access->url, problem[0] != '\0' ? problem : msgin5g_err_text(err));
        exit_code = exit_code_of(err);
    }
    http_client_free(exchange.client);
    tls_context_free(exchange.tls);
    loop_free(exchange.loop);
    return exit_code;
}

void management_path(const char *collection, const char *name, const char *rest, char out[MANAGEMENT_PATH_MAX])
{
    size_t length = (size_t)snprintf(out, MANAGEMENT_PATH_MAX, "%s/", collection);
    for (; *name != '\0' && length + 4 < MANAGEMENT_PATH_MAX; name++)
        length += (size_t)snprintf(out + length, MANAGEMENT_PATH_MAX - length,
            isalnum((unsigned char)*name) || strchr("-._~@", *name) != NULL ? "%c" : "%%%02X", (unsigned char)*name);
    (void)snprintf(out + length, MANAGEMENT_PATH_MAX - length, "%s", rest);
}
