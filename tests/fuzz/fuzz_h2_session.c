/* HTTP/2 as any peer may speak it, to our server's session (first octet even) or our client's (odd). */
#include "h2_session.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#define STREAMS_MAX 200 /* ever, in one input */
#define WRITE_MAX   (1 << 22)

struct stream {
    bool open, ended, answered;
    int32_t id;
    struct h2_body body;
};

struct peer_under_test {
    struct h2_session *session;
    bool is_server;
    size_t count;
    struct stream streams[STREAMS_MAX];
};

static struct stream *add(struct peer_under_test *self, int32_t id)
{
    if (self->count == STREAMS_MAX)
        return NULL;
    struct stream *stream = &self->streams[self->count++];
    *stream = (struct stream){ .open = true, .id = id };
    return stream;
}

static void *on_begin(void *ctx, int32_t stream_id)
{
    return add(ctx, stream_id);
}

static void on_field(void *ctx, void *stream, struct msgin5g_str name, struct msgin5g_str value)
{
    (void)ctx;
    CHECK(((struct stream *)stream)->open);
    CHECK(name.length > 0 && name.octets != NULL && value.octets != NULL);
    CHECK(memchr(name.octets, '\0', name.length) == NULL && memchr(value.octets, '\0', value.length) == NULL);
}

static void on_fields_end(void *ctx, void *stream)
{
    (void)ctx;
    CHECK(((struct stream *)stream)->open);
}

static void on_body(void *ctx, void *stream, const uint8_t *octets, size_t length)
{
    (void)ctx, (void)octets, (void)length;
    CHECK(((struct stream *)stream)->open);
}

static void on_end(void *ctx, void *stream)
{
    static const struct http_header fields[] = { { ":status", "200" }, { "content-length", "4" } };
    struct peer_under_test *self = ctx;
    struct stream *one = stream;
    CHECK(one->open && !one->ended);
    one->ended = true;
    if (!self->is_server)
        return;
    one->body = (struct h2_body){ (const uint8_t *)"body", 4 };
    CHECK(h2_session_respond(self->session, one->id, fields, 2, &one->body) == MSGIN5G_OK);
}

static void on_closed(void *ctx, void *stream, uint32_t error_code)
{
    (void)ctx, (void)error_code;
    CHECK(((struct stream *)stream)->open);
    ((struct stream *)stream)->open = false;
}

static void on_goaway(void *ctx)
{
    (void)ctx;
}

static const struct h2_events events = { on_begin, on_field, on_fields_end, on_body, on_end, on_closed, on_goaway };

static void ask(struct peer_under_test *self)
{
    static const struct http_header fields[] = { { ":method", "GET" }, { ":scheme", "http" }, { ":authority", "a" },
        { ":path", "/" } };
    for (int i = 0; i < 3; i++) {
        struct stream *stream = add(self, 0);
        stream->id = h2_session_request(self->session, fields, 4, NULL, stream);
        CHECK(stream->id > 0);
    }
}

static bool send_all(struct h2_session *session)
{
    struct buffer out;
    buffer_init(&out, SIZE_MAX);
    enum msgin5g_err err = h2_session_send(session, &out, SIZE_MAX);
    CHECK(out.length < WRITE_MAX);
    buffer_free(&out);
    return err == MSGIN5G_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    struct peer_under_test *self = calloc(1, sizeof *self);
    if (length < 2 || self == NULL) {
        free(self);
        return 0;
    }
    self->is_server = data[0] % 2 == 0;
    size_t piece = data[1] == 0 ? length : data[1];
    const struct h2_config config = { self->is_server, 10, 4096, &events, self };
    CHECK(h2_session_create(&config, &self->session) == MSGIN5G_OK);
    bool going = true;
    if (self->is_server)
        going = h2_session_receive(self->session, (const uint8_t *)preface, sizeof preface - 1) == MSGIN5G_OK;
    else
        ask(self);
    for (size_t at = 2; at < length && going;) {
        size_t now = length - at < piece ? length - at : piece;
        going = h2_session_receive(self->session, data + at, now) == MSGIN5G_OK;
        going = send_all(self->session) && going && !h2_session_done(self->session);
        at += now;
    }
    h2_session_free(self->session);
    free(self);
    return 0;
}
