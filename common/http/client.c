#include "client_internal.h"

#include "base/secret.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define CONNECT_MS      2000
#define QUEUED          10000
#define BODY_OCTETS     65536
#define CONNECTIONS     8
#define BACK_OFF_MS     50 /* doubled for every failure in a row */
#define BACK_OFF_MS_MAX 2000

void client_problem(struct http_client *client, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(client->problem, sizeof client->problem, format, arguments);
    va_end(arguments);
}

const char *http_client_problem(const struct http_client *client)
{
    return client->problem;
}

/* ---- metrics --------------------------------------------------------------------------------------------- */

static void set_up_metrics(struct http_client *client)
{
    static const char *const results[RESULT_COUNT] = {
        [RESULT_OK] = "ok",
        [RESULT_TIMEOUT] = "timeout",
        [RESULT_CONNECT] = "connect",
        [RESULT_CLOSED] = "closed",
        [RESULT_AUTHENTICATION] = "authentication",
        [RESULT_OTHER] = "other",
    };
    if (client->config.metrics == NULL)
        return;
    for (size_t i = 0; i < RESULT_COUNT; i++) {
        (void)snprintf(client->labels[i], sizeof client->labels[i], "peer=\"%.32s\",result=\"%s\"",
            client->config.metrics_label, results[i]);
        client->results[i] = metrics_counter(client->config.metrics, "msgin5g_http_client_requests_total",
            "HTTP requests this process made, by how they ended.", client->labels[i]);
    }
}

static void count_result(const struct http_client *client, enum msgin5g_err result)
{
    size_t kind = RESULT_OTHER;
    if (result == MSGIN5G_OK)
        kind = RESULT_OK;
    else if (result == MSGIN5G_ERR_TIMEOUT)
        kind = RESULT_TIMEOUT;
    else if (result == MSGIN5G_ERR_CONNECT)
        kind = RESULT_CONNECT;
    else if (result == MSGIN5G_ERR_CLOSED)
        kind = RESULT_CLOSED;
    else if (result == MSGIN5G_ERR_AUTHENTICATION)
        kind = RESULT_AUTHENTICATION;
    metric_add(client->results[kind], 1);
}

/* ---- the queue ------------------------------------------------------------------------------------------- */

/* The end of this round does the work; when no round is running, the timer makes one. */
void client_wake(struct http_client *client)
{
    if (client->woken)
        return;
    client->woken = true;
    (void)loop_timer_set(client->loop, &client->flush, 0);
}

void client_requeue(struct call *call)
{
    call->retried = true;
    call->place = CALL_WAITING;
    DL_PREPEND(call->client->waiting, call);
}

/* Somewhere between half of the time and all of it, so that many clients do not come back together. */
static int64_t back_off_ms(unsigned failures)
{
    uint16_t random;
    int64_t most = BACK_OFF_MS;
    while (failures-- > 1 && most < BACK_OFF_MS_MAX)
        most *= 2;
    if (most > BACK_OFF_MS_MAX)
        most = BACK_OFF_MS_MAX;
    secret_random(&random, sizeof random);
    return most / 2 + most / 2 * random / UINT16_MAX;
}

static void fail_waiting(struct http_client *client, enum msgin5g_err why)
{
    while (client->waiting != NULL)
        call_finish(client->waiting, why);
}

void client_link_ready(struct http_client *client)
{
    loop_timer_cancel(client->loop, &client->connecting);
    client->address_at = 0;
    client->last_failure = MSGIN5G_OK;
    client_wake(client);
}

/*
 * A link that had worked costs nothing but its own calls, and the next is made when there is something to send. One
 * that the server never spoke on is a failed attempt; one without a response is tried again after a while only.
 */
void client_link_lost(struct http_client *client, const struct link *link, enum msgin5g_err why)
{
    bool worked = link != NULL && link->heard;
    if (client->current == NULL) /* else another one is on its way */
        loop_timer_cancel(client->loop, &client->connecting);
    if (client->doomed || (worked && link->answered))
        return;
    if (why == MSGIN5G_ERR_CLOSED)
        why = MSGIN5G_ERR_CONNECT;
    if (!worked)
        client->last_failure = why;
    if (!worked && ++client->address_at < client->address_count && why == MSGIN5G_ERR_CONNECT)
        return; /* the next address at once */
    client->address_at = 0;
    client->failures++;
    (void)loop_timer_set(client->loop, &client->retry, back_off_ms(client->failures));
    if (!worked)
        fail_waiting(client, why);
}

static void on_connecting_too_long(void *ctx)
{
    struct http_client *client = ctx;
    client_problem(client, "%s did not answer within %d ms", client->url.authority, (int)client->config.connect_ms);
    link_close(client->current, MSGIN5G_ERR_CONNECT);
}

/* Over HTTP/1.1 the one that has nothing to do; it stays open for that. */
static void find_idle(struct http_client *client)
{
    struct link *link;
    if (client->current != NULL || !client->over_h1)
        return;
    DL_FOREACH (client->links, link) {
        if (link_room(link) > 0) {
            client->current = link;
            return;
        }
    }
}

static bool may_connect(const struct http_client *client)
{
    return client->waiting != NULL && client->current == NULL && client->retry.heap_index == 0 &&
           (!client->over_h1 || client->link_count < client->config.connections);
}

static void connect_if_needed(struct http_client *client)
{
    while (may_connect(client)) {
        if (loop_timer_set(client->loop, &client->connecting, client->config.connect_ms) != MSGIN5G_OK)
            return;
        link_open(client);
    }
}

static void submit_to(struct http_client *client, struct link *link)
{
    size_t room = link_room(link);
    while (client->waiting != NULL && room-- > 0) {
        struct call *call = client->waiting;
        DL_DELETE(client->waiting, call);
        enum msgin5g_err err = call_submit(call, link);
        if (err == MSGIN5G_OK)
            continue;
        DL_PREPEND(client->waiting, call);
        call_finish(call, err);
    }
    if (link->h1 != NULL && link_room(link) == 0)
        client->current = NULL; /* it is busy: the next call takes another */
}

static void submit_waiting(struct http_client *client)
{
    find_idle(client);
    while (client->waiting != NULL && client->current != NULL && link_room(client->current) > 0) {
        submit_to(client, client->current);
        find_idle(client);
    }
}

static void report_finished(struct http_client *client)
{
    client->inside = true;
    while (client->finished != NULL) {
        struct call *call = client->finished;
        LL_DELETE2(client->finished, call, next_finished);
        count_result(client, call->result);
        call_report(call);
    }
    client->inside = false;
}

static void free_dead(struct http_client *client)
{
    while (client->dead != NULL) {
        struct link *link = client->dead;
        client->dead = link->next;
        link_free(link);
    }
}

static void destroy(struct http_client *client);

static void on_round_end(void *ctx)
{
    struct http_client *client = ctx;
    struct link *link, *next;
    if (!client->woken && client->finished == NULL)
        return;
    report_finished(client);
    client->woken = false; /* what was asked for up to here is done below */
    loop_timer_cancel(client->loop, &client->flush);
    if (client->doomed) {
        destroy(client);
        return;
    }
    submit_waiting(client);
    connect_if_needed(client);
    DL_FOREACH_SAFE (client->links, link, next)
        link_flush(link);
    free_dead(client);
}

/* ---- for callers ----------------------------------------------------------------------------------------- */

static void on_retry(void *ctx)
{
    client_wake(ctx);
}

enum msgin5g_err http_client_create(
    struct loop *loop, const struct http_client_config *config, struct http_client **out)
{
    struct http_client *client = calloc(1, sizeof *client);
    enum msgin5g_err err = MSGIN5G_ERR_INVALID;
    if (client == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    client->loop = loop;
    client->config = *config;
    if (client->config.connect_ms == 0)
        client->config.connect_ms = CONNECT_MS;
    if (client->config.queued == 0)
        client->config.queued = QUEUED;
    if (client->config.body_octets == 0)
        client->config.body_octets = BODY_OCTETS;
    if (client->config.connections == 0)
        client->config.connections = CONNECTIONS;
    loop_timer_init(&client->connecting, on_connecting_too_long, client);
    loop_timer_init(&client->retry, on_retry, client);
    loop_timer_init(&client->flush, on_round_end, client);
    if (url_parse(config->url, &client->url) == MSGIN5G_OK && (!client->url.secure || config->tls != NULL) &&
        address_resolve(client->url.host, client->url.port, client->addresses, ADDRESSES_MAX) != 0)
        err = loop_on_round_end(loop, on_round_end, client);
    if (err != MSGIN5G_OK) {
        free(client);
        return err;
    }
    while (client->address_count < ADDRESSES_MAX && client->addresses[client->address_count].ss_family != 0)
        client->address_count++;
    set_up_metrics(client);
    *out = client;
    return MSGIN5G_OK;
}

static void destroy(struct http_client *client)
{
    free_dead(client);
    while (client->spare != NULL) {
        struct call *call = client->spare;
        DL_DELETE(client->spare, call);
        call_free(call);
    }
    loop_off_round_end(client->loop, on_round_end, client);
    free(client);
}

void http_client_free(struct http_client *client)
{
    if (client == NULL)
        return;
    client->doomed = true;
    while (client->links != NULL)
        link_close(client->links, MSGIN5G_ERR_CLOSED);
    fail_waiting(client, MSGIN5G_ERR_CLOSED);
    loop_timer_cancel(client->loop, &client->connecting);
    loop_timer_cancel(client->loop, &client->retry);
    loop_timer_cancel(client->loop, &client->flush);
    if (client->inside) /* one of the callbacks below us on the stack frees it; the rest are reported there */
        return;
    report_finished(client);
    destroy(client);
}

void http_client_renew(struct http_client *client)
{
    struct link *link;
    DL_FOREACH (client->links, link)
        if (link->phase == LINK_READY)
            link->draining = true;
    if (client->current != NULL && client->current->phase == LINK_READY)
        client->current = NULL;
    client_wake(client);
}

enum msgin5g_err http_client_send(
    struct http_client *client, const struct http_call *call, http_response_fn *done, void *ctx)
{
    if (client->doomed || client->calls >= client->config.queued)
        return MSGIN5G_ERR_LIMIT;
    struct call *queued = call_new(client, call);
    if (queued == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    queued->done = done;
    queued->ctx = ctx;
    client->calls++;
    DL_APPEND(client->waiting, queued);
    client_wake(client);
    return MSGIN5G_OK;
}

const char *http_response_header(const struct http_response *response, const char *name)
{
    for (size_t i = 0; i < response->header_count; i++) {
        if (strcmp(response->headers[i].name, name) == 0)
            return response->headers[i].value;
    }
    return NULL;
}
