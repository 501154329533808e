#include "h2_session.h"

#include <nghttp2/nghttp2.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTION_WINDOW   (1 << 20) /* octets of all streams together that the peer may send ahead */
#define FIELDS_OUT_MAX      32
#define FRAME_HEADER_OCTETS 9 /* RFC 9113 4.1 */

struct h2_session {
    nghttp2_session *nghttp2;
    const struct h2_events *events;
    void *ctx;
    bool is_server;
    struct buffer *out; /* while h2_session_send() runs */
};

static void *stream_of(nghttp2_session *nghttp2, int32_t stream_id)
{
    return nghttp2_session_get_stream_user_data(nghttp2, stream_id);
}

static bool opens_request(const nghttp2_frame *frame)
{
    return frame->hd.type == NGHTTP2_HEADERS && frame->headers.cat == NGHTTP2_HCAT_REQUEST;
}

static int on_begin_headers(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *ctx)
{
    struct h2_session *session = ctx;
    if (!session->is_server || !opens_request(frame))
        return 0;
    void *stream = session->events->begin(session->ctx, frame->hd.stream_id);
    if (stream == NULL) {
        (void)nghttp2_submit_rst_stream(nghttp2, NGHTTP2_FLAG_NONE, frame->hd.stream_id, NGHTTP2_REFUSED_STREAM);
        return 0;
    }
    (void)nghttp2_session_set_stream_user_data(nghttp2, frame->hd.stream_id, stream);
    return 0;
}

static int on_header(nghttp2_session *nghttp2, const nghttp2_frame *frame, const uint8_t *name, size_t name_length,
    const uint8_t *value, size_t value_length, uint8_t flags, void *ctx)
{
    struct h2_session *session = ctx;
    void *stream = stream_of(nghttp2, frame->hd.stream_id);
    (void)flags;
    if (stream != NULL)
        session->events->field(session->ctx, stream, (struct msgin5g_str){ (const char *)name, name_length },
            (struct msgin5g_str){ (const char *)value, value_length });
    return 0;
}

static int on_data_chunk(
    nghttp2_session *nghttp2, uint8_t flags, int32_t stream_id, const uint8_t *octets, size_t length, void *ctx)
{
    struct h2_session *session = ctx;
    void *stream = stream_of(nghttp2, stream_id);
    (void)flags;
    if (stream != NULL)
        session->events->body(session->ctx, stream, octets, length);
    return 0;
}

static int on_frame(nghttp2_session *nghttp2, const nghttp2_frame *frame, void *ctx)
{
    struct h2_session *session = ctx;
    if (frame->hd.type == NGHTTP2_GOAWAY) {
        session->events->goaway(session->ctx);
        return 0;
    }
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA)
        return 0;
    void *stream = stream_of(nghttp2, frame->hd.stream_id);
    if (stream == NULL)
        return 0;
    if (frame->hd.type == NGHTTP2_HEADERS)
        session->events->fields_end(session->ctx, stream);
    /* The call above may have answered; the stream is still there, since it is closed only when both sides are. */
    if ((frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0)
        session->events->end(session->ctx, stream);
    return 0;
}

static int on_stream_close(nghttp2_session *nghttp2, int32_t stream_id, uint32_t error_code, void *ctx)
{
    struct h2_session *session = ctx;
    void *stream = stream_of(nghttp2, stream_id);
    if (stream != NULL)
        session->events->closed(session->ctx, stream, error_code);
    return 0;
}

static int on_send_data(nghttp2_session *nghttp2, nghttp2_frame *frame, const uint8_t *header, size_t length,
    nghttp2_data_source *source, void *ctx)
{
    struct h2_session *session = ctx;
    struct h2_body *body = source->ptr;
    (void)nghttp2, (void)frame;
    assert(length <= body->left);
    if (buffer_append(session->out, header, FRAME_HEADER_OCTETS) != MSGIN5G_OK ||
        buffer_append(session->out, body->octets, length) != MSGIN5G_OK)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    body->octets += length;
    body->left -= length;
    return 0;
}

static nghttp2_session_callbacks *callbacks_new(void)
{
    nghttp2_session_callbacks *callbacks;
    if (nghttp2_session_callbacks_new(&callbacks) != 0)
        return NULL;
    nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data_chunk);
    nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, on_frame);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(callbacks, on_send_data);
    return callbacks;
}

static bool session_new(struct h2_session *session)
{
    nghttp2_option *option = NULL;
    nghttp2_session_callbacks *callbacks = callbacks_new();
    int failed = -1;
    if (callbacks != NULL && nghttp2_option_new(&option) == 0) {
        nghttp2_option_set_no_closed_streams(option, 1); /* they are kept for priorities, which nobody here uses */
        failed = session->is_server ? nghttp2_session_server_new2(&session->nghttp2, callbacks, session, option)
                                    : nghttp2_session_client_new2(&session->nghttp2, callbacks, session, option);
    }
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return failed == 0;
}

static bool submit_settings(const struct h2_session *session, const struct h2_config *config)
{
    const nghttp2_settings_entry settings[] = {
        { NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, config->streams },
        { NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, config->header_octets },
        { NGHTTP2_SETTINGS_ENABLE_PUSH, 0 },
    };
    size_t count = session->is_server ? 2 : 3; /* a server that sends ENABLE_PUSH breaks RFC 9113 6.5.2 */
    return nghttp2_submit_settings(session->nghttp2, NGHTTP2_FLAG_NONE, settings, count) == 0 &&
           nghttp2_session_set_local_window_size(session->nghttp2, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) == 0;
}

enum msgin5g_err h2_session_create(const struct h2_config *config, struct h2_session **out)
{
    struct h2_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    session->is_server = config->is_server;
    session->events = config->events;
    session->ctx = config->ctx;
    if (!session_new(session) || !submit_settings(session, config)) {
        h2_session_free(session);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    *out = session;
    return MSGIN5G_OK;
}

void h2_session_free(struct h2_session *session)
{
    if (session == NULL)
        return;
    nghttp2_session_del(session->nghttp2);
    free(session);
}

enum msgin5g_err h2_session_receive(struct h2_session *session, const uint8_t *octets, size_t length)
{
    ssize_t taken = nghttp2_session_mem_recv(session->nghttp2, octets, length);
    if (taken == NGHTTP2_ERR_NOMEM)
        return MSGIN5G_ERR_NO_MEMORY;
    return taken < 0 ? MSGIN5G_ERR_PEER : MSGIN5G_OK;
}

enum msgin5g_err h2_session_send(struct h2_session *session, struct buffer *out, size_t enough)
{
    enum msgin5g_err err = MSGIN5G_OK;
    session->out = out;
    while (err == MSGIN5G_OK && out->length < enough) {
        const uint8_t *octets;
        ssize_t length = nghttp2_session_mem_send(session->nghttp2, &octets);
        if (length == 0)
            break;
        err = length < 0 ? MSGIN5G_ERR_PEER : buffer_append(out, octets, (size_t)length);
    }
    session->out = NULL;
    return err;
}

bool h2_session_done(const struct h2_session *session)
{
    return nghttp2_session_want_read(session->nghttp2) == 0 && nghttp2_session_want_write(session->nghttp2) == 0;
}

/* How much of it goes into the next frame, which on_send_data() then writes. */
static ssize_t measure_body(nghttp2_session *nghttp2, int32_t stream_id, uint8_t *out, size_t capacity, uint32_t *flags,
    nghttp2_data_source *source, void *ctx)
{
    const struct h2_body *body = source->ptr;
    size_t length = body->left < capacity ? body->left : capacity;
    (void)nghttp2, (void)stream_id, (void)out, (void)ctx;
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (length == body->left)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)length;
}

static size_t to_nghttp2(const struct http_header *fields, size_t count, nghttp2_nv out[FIELDS_OUT_MAX])
{
    assert(count <= FIELDS_OUT_MAX);
    for (size_t i = 0; i < count; i++) {
        out[i] = (nghttp2_nv){
            .name = (uint8_t *)fields[i].name,
            .value = (uint8_t *)fields[i].value,
            .namelen = strlen(fields[i].name),
            .valuelen = strlen(fields[i].value),
            .flags = NGHTTP2_NV_FLAG_NONE,
        };
    }
    return count;
}

int32_t h2_session_request(
    struct h2_session *session, const struct http_header *fields, size_t count, struct h2_body *body, void *stream)
{
    nghttp2_nv nv[FIELDS_OUT_MAX];
    nghttp2_data_provider provider = { .source.ptr = body, .read_callback = measure_body };
    count = to_nghttp2(fields, count, nv);
    return nghttp2_submit_request(session->nghttp2, NULL, nv, count, body != NULL ? &provider : NULL, stream);
}

size_t h2_session_room(const struct h2_session *session, size_t open)
{
    if (nghttp2_session_check_request_allowed(session->nghttp2) == 0)
        return 0;
    uint32_t most = nghttp2_session_get_remote_settings(session->nghttp2, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
    return most > open ? most - open : 0;
}

enum msgin5g_err h2_session_respond(
    struct h2_session *session, int32_t stream_id, const struct http_header *fields, size_t count, struct h2_body *body)
{
    nghttp2_nv nv[FIELDS_OUT_MAX];
    nghttp2_data_provider provider = { .source.ptr = body, .read_callback = measure_body };
    bool has_body = body != NULL && body->left > 0;
    count = to_nghttp2(fields, count, nv);
    int result = nghttp2_submit_response(session->nghttp2, stream_id, nv, count, has_body ? &provider : NULL);
    return result == 0 ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

void h2_session_reset(struct h2_session *session, int32_t stream_id, uint32_t error_code)
{
    (void)nghttp2_submit_rst_stream(session->nghttp2, NGHTTP2_FLAG_NONE, stream_id, error_code);
}

void h2_session_goaway(struct h2_session *session, uint32_t error_code)
{
    int32_t last = nghttp2_session_get_last_proc_stream_id(session->nghttp2);
    (void)nghttp2_submit_goaway(session->nghttp2, NGHTTP2_FLAG_NONE, last, error_code, NULL, 0);
}
