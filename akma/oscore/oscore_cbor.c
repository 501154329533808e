#include "akma/oscore.h"

#include "cbor_reader.h"

#include <cbor.h>

#include <string.h>

#define SECURITY_PROTOCOL_ID 1 /* OSCORE (TS 33.220 P.3.2) */

enum osc_inp_key { OSC_VERSION = 1, OSC_HKDF = 3, OSC_ALG = 4, OSC_SALT = 5, OSC_CONTEXT_ID = 6 };

/* ---- reading ---- */

static bool read_kind(struct cbor_reader *reader, enum cbor_kind kind, struct cbor_head *out)
{
    return cbor_reader_next(reader, out) && out->kind == kind;
}

static bool read_nonce(struct cbor_reader *reader, struct oscore_nonce *out)
{
    struct cbor_head head;
    if (!read_kind(reader, CBOR_KIND_BYTES, &head) || head.length < OSCORE_NONCE_LEN || head.length > OSCORE_NONCE_MAX)
        return false;
    memcpy(out->octets, head.octets, head.length);
    out->length = head.length;
    return true;
}

static bool read_sid(struct cbor_reader *reader, struct oscore_sid *out)
{
    struct cbor_head head;
    if (!read_kind(reader, CBOR_KIND_BYTES, &head) || head.length > OSCORE_SID_MAX)
        return false;
    memcpy(out->octets, head.octets, head.length);
    out->length = head.length;
    return true;
}

static bool copy_text(const struct cbor_head *head, char *out, size_t capacity)
{
    if (head->length >= capacity || memchr(head->octets, '\0', head->length) != NULL)
        return false;
    memcpy(out, head->octets, head->length);
    out[head->length] = '\0';
    return true;
}

/* [RID, A-TID, HPLMN-ID]; the text form is checked as any other A-KID is. */
static enum msgin5g_err read_a_kid(struct cbor_reader *reader, char out[AKMA_A_KID_MAX + 1])
{
    struct cbor_head array, rid, a_tid, realm;
    struct a_kid parts, parsed;
    if (!read_kind(reader, CBOR_KIND_ARRAY, &array) || array.value != 3 || !read_kind(reader, CBOR_KIND_TEXT, &rid) ||
        !read_kind(reader, CBOR_KIND_BYTES, &a_tid) || !read_kind(reader, CBOR_KIND_TEXT, &realm) ||
        a_tid.length != AKMA_A_TID_LEN)
        return MSGIN5G_ERR_MALFORMED;
    if (!copy_text(&rid, parts.rid, sizeof parts.rid) || !copy_text(&realm, parts.realm, sizeof parts.realm))
        return MSGIN5G_ERR_MALFORMED_A_KID;
    memcpy(parts.a_tid, a_tid.octets, AKMA_A_TID_LEN);
    if (a_kid_format(&parts, out) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    return a_kid_parse(msgin5g_str(out), &parsed);
}

/* @p reader stands before a byte string with the item, or before the bare item. */
static bool unwrap(struct cbor_reader *reader, struct cbor_reader *inner, bool *wrapped)
{
    struct cbor_reader ahead = *reader;
    struct cbor_head head;
    *wrapped = cbor_reader_next(&ahead, &head) && head.kind == CBOR_KIND_BYTES;
    if (*wrapped) {
        *inner = (struct cbor_reader){ head.octets, head.length };
        *reader = ahead;
        return true;
    }
    *inner = *reader;
    return cbor_reader_skip(reader);
}

static enum msgin5g_err read_wrapped_a_kid(struct cbor_reader *reader, char out[AKMA_A_KID_MAX + 1])
{
    struct cbor_reader inner;
    bool wrapped;
    if (!unwrap(reader, &inner, &wrapped))
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = read_a_kid(&inner, out);
    return err == MSGIN5G_OK && wrapped && inner.length != 0 ? MSGIN5G_ERR_MALFORMED : err;
}

static bool is_number(const struct cbor_head *head, int number)
{
    return number >= 0 ? head->kind == CBOR_KIND_UINT && head->value == (uint64_t)number
                       : head->kind == CBOR_KIND_NEGINT && head->value == (uint64_t)(-1 - number);
}

static bool read_id_context(struct cbor_reader *reader, struct oscore_request *out)
{
    struct cbor_head head;
    if (out->has_id_context || !read_kind(reader, CBOR_KIND_BYTES, &head) || head.length > OSCORE_ID_CONTEXT_MAX)
        return false;
    memcpy(out->id_context, head.octets, head.length);
    out->id_context_length = head.length;
    out->has_id_context = true;
    return true;
}

/* Keys are numbers, as in RFC 9203 3.2.1; other keys and what belongs to them are not ours. */
static bool read_osc_inp_member(struct cbor_reader *reader, struct oscore_request *out)
{
    struct cbor_reader at_key = *reader;
    struct cbor_head key, value;
    if (!cbor_reader_next(reader, &key))
        return false;
    if (key.kind != CBOR_KIND_UINT) {
        *reader = at_key;
        bool key_skipped = cbor_reader_skip(reader);
        return key_skipped && cbor_reader_skip(reader);
    }
    switch (key.value) {
    case OSC_VERSION:
        return cbor_reader_next(reader, &value) && is_number(&value, OSCORE_VERSION);
    case OSC_HKDF:
        return cbor_reader_next(reader, &value) &&
               (is_number(&value, OSCORE_HKDF_HMAC_256) || is_number(&value, OSCORE_HKDF_SHA_256));
    case OSC_ALG:
        return cbor_reader_next(reader, &value) && is_number(&value, OSCORE_ALG_AES_CCM);
    case OSC_SALT:
        return read_kind(reader, CBOR_KIND_BYTES, &value);
    case OSC_CONTEXT_ID:
        return read_id_context(reader, out);
    default:
        return cbor_reader_skip(reader);
    }
}

static bool read_osc_inp(struct cbor_reader *reader, struct oscore_request *out)
{
    struct cbor_reader inner;
    struct cbor_head map;
    bool wrapped;
    if (!unwrap(reader, &inner, &wrapped) || !read_kind(&inner, CBOR_KIND_MAP, &map))
        return false;
    for (uint64_t i = 0; i < map.value; i++) {
        if (!read_osc_inp_member(&inner, out))
            return false;
    }
    return !wrapped || inner.length == 0;
}

/* D.3.2 lists the octet 01 in front, D.3.5 has no place for it. */
static bool skip_protocol_id(struct cbor_reader *reader)
{
    struct cbor_reader ahead = *reader;
    struct cbor_head head;
    if (!cbor_reader_next(&ahead, &head))
        return false;
    if (is_number(&head, SECURITY_PROTOCOL_ID) ||
        (head.kind == CBOR_KIND_BYTES && head.length == 1 && head.octets[0] == SECURITY_PROTOCOL_ID)) {
        *reader = ahead;
        return true;
    }
    return false;
}

enum msgin5g_err oscore_request_decode(const uint8_t *octets, size_t length, struct oscore_request *out)
{
    struct cbor_reader reader = { octets, length };
    struct oscore_request request = { .has_id_context = false };
    struct cbor_head array;
    if (length > OSCORE_REQUEST_MAX || !read_kind(&reader, CBOR_KIND_ARRAY, &array))
        return MSGIN5G_ERR_MALFORMED;
    uint64_t count = skip_protocol_id(&reader) ? array.value - 1 : array.value;
    if (count != 3 && count != 4)
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = read_wrapped_a_kid(&reader, request.a_kid);
    if (err != MSGIN5G_OK)
        return err;
    if (!read_nonce(&reader, &request.n1) || !read_sid(&reader, &request.af_sid) ||
        (count == 4 && !read_osc_inp(&reader, &request)) || reader.length != 0)
        return MSGIN5G_ERR_MALFORMED;
    *out = request;
    return MSGIN5G_OK;
}

enum msgin5g_err oscore_response_decode(const uint8_t *octets, size_t length, struct oscore_response *out)
{
    struct cbor_reader reader = { octets, length };
    struct oscore_response response;
    struct cbor_head array;
    if (length > OSCORE_RESPONSE_MAX || !read_kind(&reader, CBOR_KIND_ARRAY, &array) || array.value != 2 ||
        !read_nonce(&reader, &response.n2) || !read_sid(&reader, &response.ue_sid) || reader.length != 0)
        return MSGIN5G_ERR_MALFORMED;
    *out = response;
    return MSGIN5G_OK;
}

/* ---- writing: the caller's buffer has room for the longest there is ---- */

struct writer {
    uint8_t *octets;
    size_t length;
    size_t capacity;
};

static void write_head(struct writer *writer, size_t (*encode)(size_t, unsigned char *, size_t), size_t count)
{
    writer->length += encode(count, writer->octets + writer->length, writer->capacity - writer->length);
}

static void write_string(
    struct writer *writer, size_t (*encode)(size_t, unsigned char *, size_t), const void *octets, size_t length)
{
    write_head(writer, encode, length);
    memcpy(writer->octets + writer->length, octets, length);
    writer->length += length;
}

static void write_bytes(struct writer *writer, const void *octets, size_t length)
{
    write_string(writer, cbor_encode_bytestring_start, octets, length);
}

static void write_a_kid(struct writer *writer, const struct a_kid *a_kid)
{
    uint8_t octets[AKMA_A_KID_MAX + 16];
    struct writer inner = { octets, 0, sizeof octets };
    write_head(&inner, cbor_encode_array_start, 3);
    write_string(&inner, cbor_encode_string_start, a_kid->rid, strlen(a_kid->rid));
    write_bytes(&inner, a_kid->a_tid, sizeof a_kid->a_tid);
    write_string(&inner, cbor_encode_string_start, a_kid->realm, strlen(a_kid->realm));
    write_bytes(writer, octets, inner.length);
}

static void write_osc_inp(struct writer *writer, const struct oscore_request *request)
{
    uint8_t octets[OSCORE_ID_CONTEXT_MAX + 8];
    struct writer inner = { octets, 0, sizeof octets };
    write_head(&inner, cbor_encode_map_start, 1);
    inner.length += cbor_encode_uint(OSC_CONTEXT_ID, octets + inner.length, sizeof octets - inner.length);
    write_bytes(&inner, request->id_context, request->id_context_length);
    write_bytes(writer, octets, inner.length);
}

static bool nonce_valid(const struct oscore_nonce *nonce)
{
    return nonce->length >= OSCORE_NONCE_LEN && nonce->length <= OSCORE_NONCE_MAX;
}

enum msgin5g_err oscore_request_encode(
    const struct oscore_request *request, uint8_t out[OSCORE_REQUEST_MAX], size_t *length)
{
    struct writer writer = { out, 0, OSCORE_REQUEST_MAX };
    struct a_kid a_kid;
    if (a_kid_parse(msgin5g_str(request->a_kid), &a_kid) != MSGIN5G_OK || !nonce_valid(&request->n1) ||
        request->af_sid.length > OSCORE_SID_MAX || request->id_context_length > OSCORE_ID_CONTEXT_MAX)
        return MSGIN5G_ERR_INVALID;
    write_head(&writer, cbor_encode_array_start, request->has_id_context ? 4 : 3);
    write_a_kid(&writer, &a_kid);
    write_bytes(&writer, request->n1.octets, request->n1.length);
    write_bytes(&writer, request->af_sid.octets, request->af_sid.length);
    if (request->has_id_context)
        write_osc_inp(&writer, request);
    *length = writer.length;
    return MSGIN5G_OK;
}

enum msgin5g_err oscore_response_encode(
    const struct oscore_response *response, uint8_t out[OSCORE_RESPONSE_MAX], size_t *length)
{
    struct writer writer = { out, 0, OSCORE_RESPONSE_MAX };
    if (!nonce_valid(&response->n2) || response->ue_sid.length > OSCORE_SID_MAX)
        return MSGIN5G_ERR_INVALID;
    write_head(&writer, cbor_encode_array_start, 2);
    write_bytes(&writer, response->n2.octets, response->n2.length);
    write_bytes(&writer, response->ue_sid.octets, response->ue_sid.length);
    *length = writer.length;
    return MSGIN5G_OK;
}

enum msgin5g_err oscore_master_salt(
    struct msgin5g_str request, struct msgin5g_str response, uint8_t out[OSCORE_MASTER_SALT_MAX], size_t *length)
{
    if (request.length > OSCORE_REQUEST_MAX || response.length > OSCORE_RESPONSE_MAX)
        return MSGIN5G_ERR_INVALID;
    memcpy(out, request.octets, request.length);
    memcpy(out + request.length, response.octets, response.length);
    *length = request.length + response.length;
    return MSGIN5G_OK;
}
