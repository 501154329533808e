/* HTTP/2 on a connection of the server: nghttp2's streams are our requests. */
#include "server_internal.h"

#include <stdio.h>
#include <string.h>

#define DROPPED_OCTETS_MAX (1 << 20) /* of a body that goes on although it was refused */
#define GIVEN_UP_MIN       100       /* streams that may be reset before it looks like an attack (CVE-2023-44487) */

static void *on_begin(void *ctx, int32_t stream_id)
{
    struct http_request *request = connection_begin_request(ctx);
    if (request != NULL)
        request->stream_id = stream_id;
    return request;
}

static void on_field(void *ctx, void *stream, struct msgin5g_str name, struct msgin5g_str value)
{
    struct http_request *request = stream;
    (void)ctx;
    if (request->fields_done)
        return;
    if (name.octets[0] != ':' || text_is(name, ":authority")) {
        if (fields_add(&request->fields, name.octets[0] == ':' ? msgin5g_str("host") : name, value) != MSGIN5G_OK)
            request_refuse(request, 431);
    } else if (text_is(name, ":method")) {
        request_set_method(request, value);
    } else if (text_is(name, ":path")) {
        request_set_target(request, value);
    }
}

static void on_fields_end(void *ctx, void *stream)
{
    struct http_request *request = stream;
    (void)ctx;
    request->fields_done = true;
    if (request->path.length == 0) /* CONNECT has none */
        request_refuse(request, 405);
}

static void on_body(void *ctx, void *stream, const uint8_t *octets, size_t length)
{
    struct http_connection *connection = ctx;
    struct http_request *request = stream;
    if (request->dispatched) {
        request->dropped += length;
        if (request->dropped > DROPPED_OCTETS_MAX)
            h2_session_reset(connection->h2, request->stream_id, H2_NO_ERROR);
        return;
    }
    request_add_body(request, octets, length);
    if (request->refused != 0)
        connection_dispatch(connection, request);
}

static void on_end(void *ctx, void *stream)
{
    connection_complete(ctx, stream);
}

static void on_closed(void *ctx, void *stream, uint32_t error_code)
{
    struct http_connection *connection = ctx;
    struct http_request *request = stream;
    if (error_code != H2_NO_ERROR && !request->aborted && connection->phase != CONNECTION_DEAD &&
        ++connection->given_up > GIVEN_UP_MIN && connection->given_up * 2 > connection->total) {
        h2_session_goaway(connection->h2, H2_ENHANCE_YOUR_CALM);
        connection->closing = true;
    }
    if (connection->phase != CONNECTION_DEAD) /* else it has ended its requests already */
        connection_end_request(connection, request);
}

static void on_goaway(void *ctx)
{
    (void)ctx; /* nghttp2 ends the session when the last stream is done */
}

static const struct h2_events events = {
    .begin = on_begin,
    .field = on_field,
    .fields_end = on_fields_end,
    .body = on_body,
    .end = on_end,
    .closed = on_closed,
    .goaway = on_goaway,
};

enum msgin5g_err connection_h2_open(struct http_connection *connection)
{
    const struct http_limits *limits = &connection->server->config.limits;
    const struct h2_config config = {
        .is_server = true,
        .streams = limits->streams,
        .header_octets = (uint32_t)limits->header_octets,
        .events = &events,
        .ctx = connection,
    };
    return h2_session_create(&config, &connection->h2);
}

void connection_h2_input(struct http_connection *connection, const uint8_t *octets, size_t length)
{
    if (h2_session_receive(connection->h2, octets, length) != MSGIN5G_OK)
        connection->closing = true; /* after the GOAWAY that says why */
    connection_mark_dirty(connection);
}

void connection_h2_respond(
    struct http_connection *connection, struct http_request *request, const struct http_answer *answer)
{
    struct http_header fields[HTTP_ANSWER_HEADERS_MAX + 4];
    size_t count = 0;
    char status[12], length[24];
    const char *server_name = connection->server->config.server_name;
    bool has_length = answer->status != 204 && answer->status != 304;
    (void)snprintf(status, sizeof status, "%d", answer->status);
    (void)snprintf(length, sizeof length, "%zu", answer->length);
    fields[count++] = (struct http_header){ ":status", status };
    if (server_name != NULL)
        fields[count++] = (struct http_header){ "server", server_name };
    if (answer->content_type != NULL)
        fields[count++] = (struct http_header){ "content-type", answer->content_type };
    if (has_length)
        fields[count++] = (struct http_header){ "content-length", length };
    for (size_t i = 0; i < answer->header_count && i < HTTP_ANSWER_HEADERS_MAX; i++)
        fields[count++] = answer->headers[i];
    bool is_head = text_is(http_request_method(request), "HEAD");
    if (!is_head && has_length && buffer_append(&request->answer, answer->body, answer->length) != MSGIN5G_OK) {
        h2_session_reset(connection->h2, request->stream_id, H2_INTERNAL_ERROR);
        return;
    }
    request->sending = (struct h2_body){ request->answer.data, request->answer.length };
    if (h2_session_respond(connection->h2, request->stream_id, fields, count, &request->sending) != MSGIN5G_OK)
        connection->closing = true;
}

bool connection_h2_output(struct http_connection *connection)
{
    return h2_session_send(connection->h2, &connection->out, SCRATCH_OCTETS) == MSGIN5G_OK;
}
