/* Bodies of subscribing, their answers, names of topics: any octets; what is accepted reads the same once written. */
#include "msgin5g/message.h"

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

static void fuzz_subscribe(const uint8_t *data, size_t length)
{
    static uint8_t text[MSGIN5G_MESSAGE_MAX];
    struct msgin5g_subscribe request, again;
    size_t written = 0;
    if (msgin5g_subscribe_decode(data, length, &request) != MSGIN5G_OK)
        return;
    CHECK(msgin5g_subscribe_encode(&request, text, sizeof text, &written) == MSGIN5G_OK);
    CHECK(msgin5g_subscribe_decode(text, written, &again) == MSGIN5G_OK);
    CHECK(msgin5g_str_equal(request.ue_service_id, again.ue_service_id));
    CHECK(request.expire_time_s == again.expire_time_s);
    msgin5g_subscribe_free(&again);
    msgin5g_subscribe_free(&request);
}

static void fuzz_sub_response(const uint8_t *data, size_t length)
{
    static uint8_t text[6 * MSGIN5G_MESSAGE_MAX];
    struct msgin5g_sub_response response, again;
    size_t written = 0;
    if (msgin5g_sub_response_decode(data, length, &response) != MSGIN5G_OK)
        return;
    CHECK(msgin5g_sub_response_encode(&response, text, sizeof text, &written) == MSGIN5G_OK);
    if (written <= MSGIN5G_MESSAGE_MAX) {
        CHECK(msgin5g_sub_response_decode(text, written, &again) == MSGIN5G_OK);
        CHECK(response.status == again.status);
        msgin5g_sub_response_free(&again);
    }
    msgin5g_sub_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct msgin5g_str text = { (const char *)data, length };
    fuzz_subscribe(data, length);
    fuzz_sub_response(data, length);
    if (msgin5g_topic_valid(text))
        CHECK(memchr(data, '\0', length) == NULL && data[0] != '/' && data[length - 1] != '/');
    return 0;
}
