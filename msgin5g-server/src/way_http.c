#include "way_http.h"

#include "base/log.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define RETRY_MS 1000 /* doubled each time */
#define RETRIES  3
#define ROOM     1024 /* octets by which a body may grow: TS 29.538 has longer names than TS 24.538 */

enum push_state { PUSH_WAITING, PUSH_SENT, PUSH_RESTING };

struct push {
    struct way_http *way; /* NULL: closed, its answer is for nobody */
    struct way_exchange *exchange;
    enum push_state state;
    unsigned tries;
    struct loop_timer retry;
    struct push_request request;
    char originator[MSGIN5G_SERVICE_ID_MAX + 1];
    struct push *prev, *next;
    uint8_t body[];
};

static struct push *push_create(struct way_http *way, const struct way_copy *copy, enum msgin5g_err *err)
{
    struct msgin5g_message message;
    size_t capacity = copy->length + ROOM;
    struct push *push = calloc(1, sizeof *push + capacity);
    *err = MSGIN5G_ERR_NO_MEMORY;
    if (push == NULL)
        return NULL;
    push->request = (struct push_request){ .body = push->body, .capacity = capacity };
    *err = msgin5g_message_decode_whole(copy->body, copy->length, &message);
    if (*err == MSGIN5G_OK) {
        *err = way->service->write(way, &message, &push->request);
        (void)snprintf(
            push->originator, sizeof push->originator, "%.*s", (int)message.ori.addr.length, message.ori.addr.octets);
        msgin5g_message_free(&message);
    }
    if (*err == MSGIN5G_OK)
        return push;
    free(push);
    return NULL;
}

/* ---- one push ---- */

static void push_end(struct push *push, enum way_result result)
{
    struct way_http *way = push->way;
    struct way_exchange *exchange = push->exchange;
    loop_timer_cancel(way->config->loop, &push->retry);
    DL_DELETE(way->pushes, push);
    free(push);
    if (exchange != NULL)
        way_done(exchange, result);
}

static void start_next(struct way_http *way, const char *originator);

/* Over and done with: the next one of the same originator may go. */
static void finish(struct push *push, enum way_result result)
{
    struct way_http *way = push->way;
    char originator[MSGIN5G_SERVICE_ID_MAX + 1];
    memcpy(originator, push->originator, sizeof originator);
    push_end(push, result);
    start_next(way, originator);
}

/* 5xx, 429 and no answer at all may pass; every other answer is final (EC-43). Redirects are not followed. */
static bool may_pass(enum msgin5g_err err, const struct http_response *response)
{
    if (response == NULL)
        return err != MSGIN5G_ERR_INVALID;
    return response->status >= 500 || response->status == 429;
}

static void rest(struct push *push)
{
    push->state = PUSH_RESTING;
    if (loop_timer_set(push->way->config->loop, &push->retry, RETRY_MS << push->tries) != MSGIN5G_OK)
        finish(push, WAY_FAILED);
    push->tries++;
}

static void on_response(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct push *push = ctx;
    if (push->way == NULL) {
        free(push);
        return;
    }
    int status = response != NULL ? response->status : 0;
    if (status >= 200 && status < 300) {
        const struct way_http_service *service = push->way->service;
        metric_add(push->way->config->metrics->pushes_delivered, 1);
        finish(push, service->judge != NULL ? service->judge(response) : WAY_DELIVERED);
        return;
    }
    log_debug(
        "push not taken operation=%s status=%d problem=\"%s\"", push->request.operation, status, msgin5g_err_text(err));
    metric_add(push->way->config->metrics->pushes_failed, 1);
    if (!may_pass(err, response))
        finish(push, WAY_REFUSED);
    else if (push->tries < RETRIES)
        rest(push);
    else
        finish(push, WAY_GIVEN_UP);
}

static enum msgin5g_err push_send(struct push *push)
{
    struct way_http *way = push->way;
    char path[1200];
    if (way->client == NULL)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    const struct http_header via = { "x-msgin5g-via", push->request.via };
    (void)snprintf(path, sizeof path, "%s%s", way->path, push->request.operation);
    const struct http_call call = { .method = "POST",
        .path = path,
        .content_type = "application/json",
        .body = push->request.body,
        .length = push->request.length,
        .headers = &via,
        .header_count = push->request.via != NULL,
        .deadline_ms = way->config->deadline_ms };
    enum msgin5g_err err = http_client_send(way->client, &call, on_response, push);
    if (err == MSGIN5G_OK)
        push->state = PUSH_SENT;
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_QUEUE_FULL : err;
}

static void on_retry(void *ctx)
{
    struct push *push = ctx;
    if (push_send(push) != MSGIN5G_OK)
        finish(push, WAY_FAILED);
}

/* The first one of @p originator, if it waits. */
static void start_next(struct way_http *way, const char *originator)
{
    struct push *push;
    DL_FOREACH (way->pushes, push) {
        if (strcmp(push->originator, originator) != 0)
            continue;
        if (push->state == PUSH_WAITING && push_send(push) != MSGIN5G_OK)
            finish(push, WAY_FAILED);
        return;
    }
}

static bool is_busy(const struct way_http *way, const char *originator)
{
    const struct push *push;
    DL_FOREACH (way->pushes, push) {
        if (strcmp(push->originator, originator) == 0)
            return true;
    }
    return false;
}

/* ---- the way ---- */

static enum msgin5g_err send_over_http(struct way *base, const struct way_copy *copy, struct way_exchange *exchange)
{
    struct way_http *way = (struct way_http *)base;
    enum msgin5g_err err = MSGIN5G_OK;
    if (way->client == NULL)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    struct push *push = push_create(way, copy, &err);
    if (push == NULL)
        return err;
    push->way = way;
    push->exchange = exchange;
    loop_timer_init(&push->retry, on_retry, push);
    bool wait = is_busy(way, push->originator);
    DL_APPEND(way->pushes, push);
    err = wait ? MSGIN5G_OK : push_send(push);
    if (err != MSGIN5G_OK) {
        DL_DELETE(way->pushes, push);
        free(push);
    }
    return err;
}

void way_http_init(struct way_http *way, const struct way_http_config *config, const struct way_http_service *service)
{
    static const struct way_kind kind = { .send = send_over_http };
    *way = (struct way_http){ .way = { .kind = &kind }, .config = config, .service = service, .path = "" };
}

void way_http_aim(struct way_http *way, struct http_client *client, const char *path)
{
    way->client = client;
    way->path = path;
}

struct way *way_http_way(struct way_http *way)
{
    return way->client != NULL ? &way->way : NULL;
}

void way_http_close(struct way_http *way)
{
    way->client = NULL;
    while (way->pushes != NULL) {
        struct push *push = way->pushes;
        struct way_exchange *exchange = push->exchange;
        DL_DELETE(way->pushes, push);
        loop_timer_cancel(way->config->loop, &push->retry);
        if (push->state == PUSH_SENT)
            push->way = NULL; /* its answer releases it */
        else
            free(push);
        if (exchange != NULL)
            way_done(exchange, WAY_FAILED);
    }
}
