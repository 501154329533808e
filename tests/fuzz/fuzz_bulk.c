/* Bulk requests and their responses: any octets; what is accepted reads the same once written. */
#include "msgin5g/message.h"

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

static uint8_t text[2 * MSGIN5G_BULK_MAX];

static void fuzz_entry(const struct msgin5g_message *list, const struct msgin5g_bulk_entry *entry)
{
    static uint8_t body[2 * MSGIN5G_BULK_MAX];
    struct msgin5g_message again;
    size_t body_length = 0, length = 0;
    bool is_reg = list->type == MSGIN5G_TYPE_BREG;
    CHECK(entry->message.ori.addr.length > 0 && entry->message.ori.type == MSGIN5G_ADDR_UE);
    if (entry->err != MSGIN5G_OK)
        return;
    CHECK(entry->message.type == (is_reg ? MSGIN5G_TYPE_REG : MSGIN5G_TYPE_DEREG));
    CHECK(msgin5g_message_encode(&entry->message, body, sizeof body, &body_length) == MSGIN5G_OK);
    const struct msgin5g_str one = { (const char *)body, body_length };
    CHECK(msgin5g_bulk_encode(entry->message.type, list->ori.addr, &one, 1, text, sizeof text, &length) == MSGIN5G_OK);
    if (length > MSGIN5G_BULK_MAX)
        return;
    CHECK(msgin5g_bulk_decode(text, length, &again, NULL, NULL) == MSGIN5G_OK);
    CHECK(again.type == list->type && again.entry_count == 1 && again.entries[0].err == MSGIN5G_OK);
    CHECK(msgin5g_str_equal(again.entries[0].message.ori.addr, entry->message.ori.addr));
    CHECK(again.entries[0].message.urgent == entry->message.urgent);
    msgin5g_message_free(&again);
}

static void fuzz_request(const uint8_t *data, size_t length)
{
    struct msgin5g_message message, partial;
    const char *detail = NULL;
    enum msgin5g_err err = msgin5g_bulk_decode(data, length, &message, &partial, &detail);
    CHECK(detail != NULL && (detail[0] == '\0') == (err == MSGIN5G_OK));
    if (err == MSGIN5G_OK) {
        CHECK((message.entries != NULL) == (message.entry_count > 0));
        for (size_t i = 0; i < message.entry_count; i++)
            fuzz_entry(&message, &message.entries[i]);
        msgin5g_message_free(&message);
    }
    msgin5g_message_free(&partial);
}

static void fuzz_response(const uint8_t *data, size_t length)
{
    struct msgin5g_bulk_response response, again;
    size_t written = 0;
    if (msgin5g_bulk_response_decode(data, length, &response) != MSGIN5G_OK)
        return;
    CHECK(msgin5g_bulk_response_encode(&response, text, sizeof text, &written) == MSGIN5G_OK);
    if (written <= MSGIN5G_BULK_MAX) {
        CHECK(msgin5g_bulk_response_decode(text, written, &again) == MSGIN5G_OK);
        CHECK(response.type == again.type && response.count == again.count);
        msgin5g_bulk_response_free(&again);
    }
    msgin5g_bulk_response_free(&response);
}

static void fuzz_gwreg_response(const uint8_t *data, size_t length)
{
    struct msgin5g_reg_response response;
    size_t written = 0;
    if (msgin5g_gwreg_response_decode(data, length, &response) != MSGIN5G_OK)
        return;
    CHECK(!response.deferred);
    CHECK(msgin5g_gwreg_response_encode(&response, text, sizeof text, &written) == MSGIN5G_OK);
    msgin5g_reg_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    fuzz_request(data, length);
    fuzz_response(data, length);
    fuzz_gwreg_response(data, length);
    return 0;
}
