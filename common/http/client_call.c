#include "client_internal.h"

#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <utlist.h>

#define KEPT_OCTETS 8192
#define SPARE_MAX   256

/* Bodies of the AAnF hold keys: nothing of them stays in a buffer that waits. */
static void empty(struct buffer *buffer)
{
    if (buffer->capacity > KEPT_OCTETS)
        buffer_wipe_free(buffer);
    else if (buffer->length > 0)
        secret_wipe(buffer->data, buffer->length);
    buffer->length = 0;
}

static struct call *take(struct http_client *client)
{
    struct call *call = client->spare;
    if (call != NULL) {
        DL_DELETE(client->spare, call);
        client->spare_count--;
        return call;
    }
    if ((call = calloc(1, sizeof *call)) == NULL)
        return NULL;
    fields_init(&call->request, REQUEST_FIELDS_MAX);
    fields_init(&call->response, RESPONSE_FIELDS_MAX);
    buffer_init(&call->body, SIZE_MAX);
    buffer_init(&call->response_body, client->config.body_octets);
    return call;
}

static void clean(struct call *call)
{
    fields_reset(&call->request, REQUEST_FIELDS_MAX);
    fields_reset(&call->response, RESPONSE_FIELDS_MAX);
    empty(&call->request.text);
    empty(&call->response.text);
    empty(&call->body);
    empty(&call->response_body);
    call->place = CALL_WAITING;
    call->link = NULL;
    call->stream_id = 0;
    call->status = 0;
    call->fields_done = call->retried = call->finished = call->reported = false;
}

void call_recycle(struct call *call)
{
    struct http_client *client = call->client;
    if (client->spare_count == SPARE_MAX) {
        call_free(call);
        return;
    }
    empty(&call->body);
    empty(&call->response_body);
    DL_PREPEND(client->spare, call);
    client->spare_count++;
}

void call_free(struct call *call)
{
    fields_free(&call->request);
    fields_free(&call->response);
    buffer_wipe_free(&call->body);
    buffer_wipe_free(&call->response_body);
    free(call);
}

static enum msgin5g_err copy(struct call *call, const struct http_call *from)
{
    enum msgin5g_err err = fields_put(&call->request, msgin5g_str(from->method), &call->method);
    if (err == MSGIN5G_OK)
        err = fields_put(&call->request, msgin5g_str(from->path), &call->path);
    call->has_body = from->content_type != NULL;
    if (err == MSGIN5G_OK && call->has_body)
        err = fields_put(&call->request, msgin5g_str(from->content_type), &call->content_type);
    for (size_t i = 0; i < from->header_count && err == MSGIN5G_OK; i++)
        err = fields_add(&call->request, msgin5g_str(from->headers[i].name), msgin5g_str(from->headers[i].value));
    if (err == MSGIN5G_OK && call->has_body)
        err = buffer_append(&call->body, from->body, from->length);
    return err;
}

static void on_deadline(void *ctx)
{
    struct call *call = ctx;
    const struct http_client *client = call->client;
    bool unreachable = call->place == CALL_WAITING && client->last_failure != MSGIN5G_OK;
    call_finish(call, unreachable ? client->last_failure : MSGIN5G_ERR_TIMEOUT);
}

struct call *call_new(struct http_client *client, const struct http_call *from)
{
    struct call *call = from->header_count <= CALL_FIELDS_MAX ? take(client) : NULL;
    if (call == NULL)
        return NULL;
    clean(call);
    call->client = client;
    loop_timer_init(&call->deadline, on_deadline, call);
    int64_t deadline_ms = from->deadline_ms > 0 ? from->deadline_ms : 2000;
    if (copy(call, from) != MSGIN5G_OK || loop_timer_set(client->loop, &call->deadline, deadline_ms) != MSGIN5G_OK) {
        call_recycle(call);
        return NULL;
    }
    return call;
}

void call_finish(struct call *call, enum msgin5g_err result)
{
    struct http_client *client = call->client;
    if (call->finished)
        return;
    call->finished = true;
    call->result = result;
    call->next_finished = NULL;
    loop_timer_cancel(client->loop, &call->deadline);
    if (call->place == CALL_WAITING) {
        DL_DELETE(client->waiting, call);
        call->place = CALL_OFF;
    } else if (call->place == CALL_OPEN && result != MSGIN5G_OK) {
        link_give_up(call->link, call);
    }
    LL_APPEND2(client->finished, call, next_finished);
    client_wake(client);
}

void call_report(struct call *call)
{
    struct http_header headers[FIELDS_MAX];
    struct http_response response = { 0 };
    struct http_client *client = call->client;
    const struct fields *fields = &call->response;
    call->reported = true;
    client->calls--;
    if (call->result == MSGIN5G_OK) {
        for (size_t i = 0; i < fields->count; i++) {
            headers[i].name = fields_text(fields, fields->list[i].name).octets;
            headers[i].value = fields_text(fields, fields->list[i].value).octets;
        }
        response = (struct http_response){ call->status, call->response_body.data, call->response_body.length, headers,
            fields->count };
    }
    call->done(call->ctx, call->result, call->result == MSGIN5G_OK ? &response : NULL);
    if (call->place == CALL_OFF)
        call_recycle(call);
}

enum msgin5g_err call_submit(struct call *call, struct link *link)
{
    struct http_header out[CALL_FIELDS_MAX + 6];
    size_t count = 0;
    char length[24];
    const struct fields *fields = &call->request;
    const struct url *url = &call->client->url;
    out[count++] = (struct http_header){ ":method", fields_text(fields, call->method).octets };
    out[count++] = (struct http_header){ ":scheme", url->secure ? "https" : "http" };
    out[count++] = (struct http_header){ ":authority", url->authority };
    out[count++] = (struct http_header){ ":path", fields_text(fields, call->path).octets };
    if (call->has_body) {
        (void)snprintf(length, sizeof length, "%zu", call->body.length);
        out[count++] = (struct http_header){ "content-type", fields_text(fields, call->content_type).octets };
        out[count++] = (struct http_header){ "content-length", length };
    }
    for (size_t i = 0; i < fields->count; i++) {
        out[count].name = fields_text(fields, fields->list[i].name).octets;
        out[count++].value = fields_text(fields, fields->list[i].value).octets;
    }
    enum msgin5g_err err = link_request(link, call, out, count);
    if (err != MSGIN5G_OK)
        return err;
    call->place = CALL_OPEN;
    call->link = link;
    DL_APPEND(link->open, call);
    link->open_count++;
    return MSGIN5G_OK;
}

void call_leave(struct call *call)
{
    DL_DELETE(call->link->open, call);
    call->link->open_count--;
    call->link = NULL;
    call->place = CALL_OFF;
    client_wake(call->client);
}

/* ---- what comes back ------------------------------------------------------------------------------------- */

static void on_field(void *ctx, void *stream, struct msgin5g_str name, struct msgin5g_str value)
{
    struct call *call = stream;
    (void)ctx;
    if (call->fields_done || call->finished) /* trailers; nobody asks any more */
        return;
    if (text_is(name, ":status")) { /* again after an interim response (RFC 9113 8.1) */
        call->status = (int)strtol(value.octets, NULL, 10);
        fields_reset(&call->response, RESPONSE_FIELDS_MAX);
    } else if (fields_add(&call->response, name, value) != MSGIN5G_OK) {
        call_finish(call, MSGIN5G_ERR_PEER);
    }
}

static void on_fields_end(void *ctx, void *stream)
{
    struct call *call = stream;
    (void)ctx;
    call->fields_done = call->status >= 200;
}

static void on_body(void *ctx, void *stream, const uint8_t *octets, size_t length)
{
    struct call *call = stream;
    (void)ctx;
    if (call->finished)
        return;
    enum msgin5g_err err = buffer_append(&call->response_body, octets, length);
    if (err != MSGIN5G_OK)
        call_finish(call, err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err);
}

static void on_end(void *ctx, void *stream)
{
    struct link *link = ctx;
    link->answered = true;
    link->client->failures = 0;
    call_finish(stream, MSGIN5G_OK);
}

/* Not processed for sure: above the last stream of a GOAWAY, or refused (RFC 9113 8.7; TS 29.500 5.2.8). */
static bool may_retry(const struct call *call, uint32_t error_code)
{
    return error_code == H2_REFUSED_STREAM && !call->retried && !call->finished && call->status == 0;
}

static void on_closed(void *ctx, void *stream, uint32_t error_code)
{
    struct link *link = ctx;
    struct call *call = stream;
    call_leave(call);
    if (may_retry(call, error_code)) {
        client_requeue(call);
        return;
    }
    if (!call->finished) {
        client_problem(link->client, "%s gave up a request (HTTP/2 error %u)", link->client->url.authority, error_code);
        call_finish(call, MSGIN5G_ERR_PEER);
    }
    if (call->reported)
        call_recycle(call);
}

static void on_goaway(void *ctx)
{
    struct link *link = ctx;
    link->draining = true;
    if (link->client->current == link)
        link->client->current = NULL;
    client_wake(link->client);
}

const struct h2_events link_events = {
    .field = on_field,
    .fields_end = on_fields_end,
    .body = on_body,
    .end = on_end,
    .closed = on_closed,
    .goaway = on_goaway,
};
