#include "h1_response.h"

#include "text.h"

#include <http_parser.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIELD_OCTETS_MAX 16384 /* of one field */

struct h1_response {
    const struct h2_events *events;
    void *ctx;
    void *stream; /* NULL: no request is open */
    bool is_head;
    bool keeps_alive;
    bool status_said;
    bool in_value; /* the last piece was of a value */
    bool refused;  /* a field is too long */
    http_parser http;
    struct buffer name, value;
};

/* ---- what http-parser reports ---------------------------------------------------------------------------- */

static struct msgin5g_str text_of(const struct buffer *buffer)
{
    return buffer->length > 0 ? (struct msgin5g_str){ (const char *)buffer->data, buffer->length } : msgin5g_str("");
}

/* Before the first field, as in HTTP/2. Interim responses have nothing that matters (RFC 9110 15.2). */
static void say_status(struct h1_response *response)
{
    char status[8];
    if (response->status_said || response->http.status_code < 200)
        return;
    response->status_said = true;
    (void)snprintf(status, sizeof status, "%u", response->http.status_code);
    response->events->field(response->ctx, response->stream, msgin5g_str(":status"), msgin5g_str(status));
}

static void finish_field(struct h1_response *response)
{
    say_status(response);
    if (response->name.length > 0 && response->http.status_code >= 200)
        response->events->field(response->ctx, response->stream, text_of(&response->name), text_of(&response->value));
    response->name.length = response->value.length = 0;
    response->in_value = false;
}

static int collect(struct h1_response *response, struct buffer *into, const char *at, size_t length)
{
    response->refused = response->refused || buffer_append(into, at, length) != MSGIN5G_OK;
    return response->refused;
}

static int on_name(http_parser *http, const char *at, size_t length)
{
    struct h1_response *response = http->data;
    if (response->in_value)
        finish_field(response);
    return collect(response, &response->name, at, length);
}

static int on_value(http_parser *http, const char *at, size_t length)
{
    struct h1_response *response = http->data;
    response->in_value = true;
    return collect(response, &response->value, at, length);
}

static int on_headers_complete(http_parser *http)
{
    struct h1_response *response = http->data;
    finish_field(response);
    if (http->status_code == 101) /* another protocol is not what was asked for */
        return -1;
    /* Both framings at once: two readers may disagree about the end (RFC 9112 6.3). */
    if ((http->flags & F_CHUNKED) != 0 && (http->flags & F_CONTENTLENGTH) != 0)
        return -1;
    if (http->status_code >= 200)
        response->events->fields_end(response->ctx, response->stream);
    return response->is_head ? 1 : 0; /* 1: there is no body whatever the fields say */
}

static int on_body(http_parser *http, const char *at, size_t length)
{
    struct h1_response *response = http->data;
    response->events->body(response->ctx, response->stream, (const uint8_t *)at, length);
    return 0;
}

static int on_message_complete(http_parser *http)
{
    struct h1_response *response = http->data;
    finish_field(response); /* trailers are dropped by whoever takes fields: fields_end() was before */
    if (http->status_code < 200)
        return 0;
    void *stream = response->stream;
    response->keeps_alive = http_should_keep_alive(http) != 0;
    response->stream = NULL;
    response->events->end(response->ctx, stream);
    response->events->closed(response->ctx, stream, H2_NO_ERROR);
    http_parser_pause(http, 1); /* nothing may follow before the next request */
    return 0;
}

/* ---- octets ---------------------------------------------------------------------------------------------- */

static const http_parser_settings settings = {
    .on_header_field = on_name,
    .on_header_value = on_value,
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_message_complete = on_message_complete,
};

enum msgin5g_err h1_response_create(const struct h2_events *events, void *ctx, struct h1_response **out)
{
    struct h1_response *response = calloc(1, sizeof *response);
    if (response == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    response->events = events;
    response->ctx = ctx;
    response->keeps_alive = true;
    buffer_init(&response->name, FIELD_OCTETS_MAX);
    buffer_init(&response->value, FIELD_OCTETS_MAX);
    *out = response;
    return MSGIN5G_OK;
}

void h1_response_free(struct h1_response *response)
{
    if (response == NULL)
        return;
    buffer_free(&response->name);
    buffer_wipe_free(&response->value);
    free(response);
}

void h1_response_expect(struct h1_response *response, void *stream, bool is_head)
{
    response->stream = stream;
    response->is_head = is_head;
    response->status_said = false;
    http_parser_init(&response->http, HTTP_RESPONSE);
    response->http.data = response;
}

enum msgin5g_err h1_response_receive(struct h1_response *response, const uint8_t *octets, size_t length)
{
    if (response->stream == NULL)
        return MSGIN5G_ERR_PEER;
    size_t taken = http_parser_execute(&response->http, &settings, (const char *)octets, length);
    if (response->stream != NULL)
        return HTTP_PARSER_ERRNO(&response->http) == HPE_OK && taken == length ? MSGIN5G_OK : MSGIN5G_ERR_PEER;
    if (taken < length) /* the response was whole; the connection is of no more use */
        response->keeps_alive = false;
    return MSGIN5G_OK;
}

void h1_response_eof(struct h1_response *response)
{
    if (response->stream != NULL)
        (void)http_parser_execute(&response->http, &settings, NULL, 0);
    response->keeps_alive = false;
}

bool h1_response_keeps_alive(const struct h1_response *response)
{
    return response->keeps_alive;
}

/* ---- requests -------------------------------------------------------------------------------------------- */

static bool stays_in_line(const char *text, char least)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < (unsigned char)least || *text == 0x7f)
            return false;
    }
    return true;
}

static const char *value_of(const struct http_header *fields, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(fields[i].name, name) == 0)
            return fields[i].value;
    }
    return "";
}

enum msgin5g_err h1_write_request(
    struct buffer *out, const struct http_header *fields, size_t count, const uint8_t *body, size_t length)
{
    const char *method = value_of(fields, count, ":method"), *path = value_of(fields, count, ":path");
    if (!stays_in_line(method, '!') || !stays_in_line(path, '!'))
        return MSGIN5G_ERR_INVALID;
    enum msgin5g_err err =
        buffer_appendf(out, "%s %s HTTP/1.1\r\nhost: %s\r\n", method, path, value_of(fields, count, ":authority"));
    for (size_t i = 0; i < count && err == MSGIN5G_OK; i++) {
        if (fields[i].name[0] == ':')
            continue;
        err = stays_in_line(fields[i].name, '!') && stays_in_line(fields[i].value, ' ')
                  ? buffer_appendf(out, "%s: %s\r\n", fields[i].name, fields[i].value)
                  : MSGIN5G_ERR_INVALID;
    }
    if (err == MSGIN5G_OK)
        err = buffer_append_text(out, "\r\n");
    if (err == MSGIN5G_OK && length > 0)
        err = buffer_append(out, body, length);
    return err;
}
