#include "cbor_reader.h"

#include <cbor.h>

static struct cbor_head *set(void *ctx, enum cbor_kind kind, uint64_t value)
{
    struct cbor_head *head = ctx;
    *head = (struct cbor_head){ .kind = kind, .value = value };
    return head;
}

#define ON_NUMBER(name, type, kind)                                                                                    \
    static void name(void *ctx, type value)                                                                            \
    {                                                                                                                  \
        (void)set(ctx, kind, value);                                                                                   \
    }
ON_NUMBER(on_uint8, uint8_t, CBOR_KIND_UINT)
ON_NUMBER(on_uint16, uint16_t, CBOR_KIND_UINT)
ON_NUMBER(on_uint32, uint32_t, CBOR_KIND_UINT)
ON_NUMBER(on_uint64, uint64_t, CBOR_KIND_UINT)
ON_NUMBER(on_negint8, uint8_t, CBOR_KIND_NEGINT)
ON_NUMBER(on_negint16, uint16_t, CBOR_KIND_NEGINT)
ON_NUMBER(on_negint32, uint32_t, CBOR_KIND_NEGINT)
ON_NUMBER(on_negint64, uint64_t, CBOR_KIND_NEGINT)
ON_NUMBER(on_array, size_t, CBOR_KIND_ARRAY)
ON_NUMBER(on_map, size_t, CBOR_KIND_MAP)
ON_NUMBER(on_tag, uint64_t, CBOR_KIND_TAG)

static void on_string(void *ctx, enum cbor_kind kind, const uint8_t *octets, size_t length)
{
    struct cbor_head *head = set(ctx, kind, length);
    head->octets = octets;
    head->length = length;
}

static void on_bytes(void *ctx, cbor_data octets, size_t length)
{
    on_string(ctx, CBOR_KIND_BYTES, octets, length);
}

static void on_text(void *ctx, cbor_data octets, size_t length)
{
    on_string(ctx, CBOR_KIND_TEXT, octets, length);
}

static void on_indefinite(void *ctx)
{
    (void)set(ctx, CBOR_KIND_INDEFINITE, 0);
}

static void on_simple(void *ctx)
{
    (void)set(ctx, CBOR_KIND_SIMPLE, 0);
}

static void on_bool(void *ctx, bool value)
{
    (void)set(ctx, CBOR_KIND_SIMPLE, value);
}

static void on_float(void *ctx, float value)
{
    (void)value;
    on_simple(ctx);
}

static void on_double(void *ctx, double value)
{
    (void)value;
    on_simple(ctx);
}

static const struct cbor_callbacks callbacks = {
    .uint8 = on_uint8,
    .uint16 = on_uint16,
    .uint32 = on_uint32,
    .uint64 = on_uint64,
    .negint8 = on_negint8,
    .negint16 = on_negint16,
    .negint32 = on_negint32,
    .negint64 = on_negint64,
    .byte_string_start = on_indefinite,
    .byte_string = on_bytes,
    .string_start = on_indefinite,
    .string = on_text,
    .indef_array_start = on_indefinite,
    .array_start = on_array,
    .indef_map_start = on_indefinite,
    .map_start = on_map,
    .tag = on_tag,
    .float2 = on_float,
    .float4 = on_float,
    .float8 = on_double,
    .undefined = on_simple,
    .null = on_simple,
    .boolean = on_bool,
    .indef_break = on_indefinite,
};

static size_t shortest_head(const struct cbor_head *head)
{
    return head->value < 24            ? 1
           : head->value <= UINT8_MAX  ? 2
           : head->value <= UINT16_MAX ? 3
           : head->value <= UINT32_MAX ? 5
                                       : 9;
}

bool cbor_reader_next(struct cbor_reader *reader, struct cbor_head *out)
{
    struct cbor_head head = { .kind = CBOR_KIND_INDEFINITE };
    struct cbor_decoder_result result = cbor_stream_decode(reader->octets, reader->length, &callbacks, &head);
    if (result.status != CBOR_DECODER_FINISHED || head.kind == CBOR_KIND_INDEFINITE)
        return false;
    if (head.kind != CBOR_KIND_SIMPLE && result.read != shortest_head(&head) + head.length)
        return false;
    reader->octets += result.read;
    reader->length -= result.read;
    *out = head;
    return true;
}

/* Each item takes an octet at least: no more of them can be announced than there are octets left. */
bool cbor_reader_skip(struct cbor_reader *reader)
{
    struct cbor_head head;
    uint64_t pending = 1;
    while (pending > 0) {
        if (!cbor_reader_next(reader, &head))
            return false;
        pending--;
        bool nests = head.kind == CBOR_KIND_ARRAY || head.kind == CBOR_KIND_MAP;
        if (nests && head.value > reader->length)
            return false;
        pending += nests ? head.value << (head.kind == CBOR_KIND_MAP) : head.kind == CBOR_KIND_TAG;
    }
    return true;
}
