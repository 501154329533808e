/* POST /akma, request and response: any octets; what is accepted survives being written and read again. */
#include "akma/oscore.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

static bool nonces_equal(const struct oscore_nonce *one, const struct oscore_nonce *other)
{
    return one->length == other->length && memcmp(one->octets, other->octets, one->length) == 0;
}

static bool sids_equal(const struct oscore_sid *one, const struct oscore_sid *other)
{
    return one->length == other->length && memcmp(one->octets, other->octets, one->length) == 0;
}

static void fuzz_request(const uint8_t *data, size_t length)
{
    struct oscore_request request, again;
    uint8_t out[OSCORE_REQUEST_MAX];
    size_t out_length;
    if (oscore_request_decode(data, length, &request) != MSGIN5G_OK)
        return;
    CHECK(oscore_request_encode(&request, out, &out_length) == MSGIN5G_OK);
    CHECK(out_length <= sizeof out);
    CHECK(oscore_request_decode(out, out_length, &again) == MSGIN5G_OK);
    CHECK(strcmp(request.a_kid, again.a_kid) == 0);
    CHECK(nonces_equal(&request.n1, &again.n1) && sids_equal(&request.af_sid, &again.af_sid));
    CHECK(request.has_id_context == again.has_id_context && request.id_context_length == again.id_context_length);
    CHECK(memcmp(request.id_context, again.id_context, request.id_context_length) == 0);
}

static void fuzz_response(const uint8_t *data, size_t length)
{
    struct oscore_response response;
    uint8_t out[OSCORE_RESPONSE_MAX];
    size_t out_length;
    if (oscore_response_decode(data, length, &response) != MSGIN5G_OK)
        return;
    /* A response has one form only. */
    CHECK(oscore_response_encode(&response, out, &out_length) == MSGIN5G_OK);
    CHECK(out_length == length && memcmp(out, data, length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    fuzz_request(data, length);
    fuzz_response(data, length);
    return 0;
}
