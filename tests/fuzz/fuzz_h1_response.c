/* Any octets as the response of an HTTP/1.1 server, in two pieces: fields and bodies come in order, and one end only.
 */
#include "h1_response.h"

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

struct stream {
    bool status, head, ended, closed;
};

static void on_field(void *ctx, void *stream, struct msgin5g_str name, struct msgin5g_str value)
{
    struct stream *self = stream;
    (void)ctx;
    CHECK(!self->ended && name.length > 0 && value.octets != NULL);
    self->status = true; /* the first one is ":status" */
}

static void on_fields_end(void *ctx, void *stream)
{
    struct stream *self = stream;
    (void)ctx;
    CHECK(self->status && !self->head);
    self->head = true;
}

static void on_body(void *ctx, void *stream, const uint8_t *octets, size_t length)
{
    const struct stream *self = stream;
    (void)ctx;
    CHECK(self->head && !self->ended && octets != NULL && length > 0);
}

static void on_end(void *ctx, void *stream)
{
    struct stream *self = stream;
    (void)ctx;
    CHECK(self->head && !self->ended);
    self->ended = true;
}

static void on_closed(void *ctx, void *stream, uint32_t error_code)
{
    struct stream *self = stream;
    (void)ctx;
    CHECK(self->ended && !self->closed && error_code == H2_NO_ERROR);
    self->closed = true;
}

static const struct h2_events events = {
    .field = on_field, .fields_end = on_fields_end, .body = on_body, .end = on_end, .closed = on_closed
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct stream stream = { 0 };
    struct h1_response *response = NULL;
    if (length < 2 || h1_response_create(&events, NULL, &response) != MSGIN5G_OK)
        return 0;
    size_t cut = data[0] % (length - 1) + 1;
    h1_response_expect(response, &stream, data[0] >= 0xF0);
    enum msgin5g_err err = h1_response_receive(response, data + 1, cut - 1);
    if (err == MSGIN5G_OK && cut < length)
        err = h1_response_receive(response, data + cut, length - cut);
    if (err == MSGIN5G_OK)
        h1_response_eof(response);
    CHECK(stream.ended == stream.closed);
    h1_response_free(response);
    return 0;
}
