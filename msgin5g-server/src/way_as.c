#include "way_as.h"

#include "base/log.h"
#include "msg/api.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define RETRY_MS          1000 /* doubled each time */
#define RETRIES           3
#define ROOM              1024 /* octets by which a body may grow: TS 29.538 has longer names than TS 24.538 */
#define OPERATION_MESSAGE "/deliver-message"
#define OPERATION_REPORT  "/deliver-report"

enum push_state { PUSH_WAITING, PUSH_SENT, PUSH_RESTING };

struct push {
    struct way_as *way; /* NULL: closed, its answer is for nobody */
    struct way_exchange *exchange;
    enum push_state state;
    unsigned tries;
    struct loop_timer retry;
    const char *operation;
    char originator[MSGIN5G_SERVICE_ID_MAX + 1];
    struct push *prev, *next;
    size_t length;
    uint8_t body[];
};

/* ---- bodies ---- */

/* That a message failed later than its answer could say: as a report of this server's (EC-42, EC-44). That it was
 * stored is in the answer. */
static enum msgin5g_err write_failure(
    const struct way_as *way, const struct msgin5g_message *response, struct push *push, size_t capacity)
{
    struct msgin5g_message report = msgin5g_message_init(MSGIN5G_TYPE_IMDN);
    if (response->delivery_status != MSGIN5G_DELIVERY_FAILURE)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    report.ori = (struct msgin5g_address){ MSGIN5G_ADDR_AS, msgin5g_str(way->config->server_id) };
    report.dest = response->ori;
    report.msg_id = response->msg_id;
    report.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    report.cause = response->cause;
    return api_report_encode(&report, push->body, capacity, &push->length);
}

static enum msgin5g_err write_body(
    const struct way_as *way, const struct msgin5g_message *message, struct push *push, size_t capacity)
{
    push->operation = message->type == MSGIN5G_TYPE_MSG ? OPERATION_MESSAGE : OPERATION_REPORT;
    if (message->type == MSGIN5G_TYPE_MSGRESP)
        return write_failure(way, message, push, capacity);
    if (message->type == MSGIN5G_TYPE_IMDN)
        return api_report_encode(message, push->body, capacity, &push->length);
    struct api_message out = { .message = *message, .latency_ms = API_LATENCY_NONE };
    return api_message_encode(API_MESSAGE_GATEWAY, &out, push->body, capacity, &push->length);
}

static struct push *push_create(struct way_as *way, const struct way_copy *copy, enum msgin5g_err *err)
{
    struct msgin5g_message message;
    size_t capacity = copy->length + ROOM;
    struct push *push = calloc(1, sizeof *push + capacity);
    *err = MSGIN5G_ERR_NO_MEMORY;
    if (push == NULL)
        return NULL;
    *err = msgin5g_message_decode(copy->body, copy->length, &message, NULL, NULL);
    if (*err == MSGIN5G_OK) {
        *err = write_body(way, &message, push, capacity);
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
    struct way_as *way = push->way;
    struct way_exchange *exchange = push->exchange;
    loop_timer_cancel(way->config->loop, &push->retry);
    DL_DELETE(way->pushes, push);
    free(push);
    if (exchange != NULL)
        way_done(exchange, result);
}

static void start_next(struct way_as *way, const char *originator);

/* Over and done with: the next one of the same originator may go. */
static void finish(struct push *push, enum way_result result)
{
    struct way_as *way = push->way;
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
        metric_add(push->way->config->metrics->pushes_delivered, 1);
        finish(push, WAY_DELIVERED);
        return;
    }
    log_debug("push not taken operation=%s status=%d problem=\"%s\"", push->operation, status, msgin5g_err_text(err));
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
    struct way_as *way = push->way;
    char path[1200];
    if (way->client == NULL)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    (void)snprintf(path, sizeof path, "%s%s", way->path, push->operation);
    const struct http_call call = { .method = "POST",
        .path = path,
        .content_type = "application/json",
        .body = push->body,
        .length = push->length,
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
static void start_next(struct way_as *way, const char *originator)
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

static bool is_busy(const struct way_as *way, const char *originator)
{
    const struct push *push;
    DL_FOREACH (way->pushes, push) {
        if (strcmp(push->originator, originator) == 0)
            return true;
    }
    return false;
}

/* ---- the way ---- */

static enum msgin5g_err send_to_as(struct way *base, const struct way_copy *copy, struct way_exchange *exchange)
{
    struct way_as *way = (struct way_as *)base;
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

void way_as_init(struct way_as *way, const struct way_as_config *config)
{
    static const struct way_kind kind = { .send = send_to_as };
    *way = (struct way_as){ .way = { .kind = &kind }, .config = config, .path = "" };
}

void way_as_aim(struct way_as *way, struct http_client *client, const char *path)
{
    way->client = client;
    way->path = path;
}

void way_as_close(struct way_as *way)
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
