/* MSGin5G-1 bodies: any octets; what is accepted is the same after writing and reading it again. */
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

static bool str_same(struct msgin5g_str a, struct msgin5g_str b)
{
    return (a.octets == NULL) == (b.octets == NULL) && msgin5g_str_equal(a, b);
}

static void check_same_segment(const struct msgin5g_segment *a, const struct msgin5g_segment *b)
{
    CHECK(str_same(a->set_id, b->set_id));
    CHECK(a->total == b->total && a->number == b->number && a->last == b->last);
}

static void check_same_item(const struct msgin5g_item *a, const struct msgin5g_item *b)
{
    CHECK(str_same(a->msg_id, b->msg_id) && str_same(a->payload, b->payload) && str_same(a->app_id, b->app_id));
    CHECK(a->app_id_count == b->app_id_count);
    for (size_t i = 0; i < a->app_id_count; i++)
        CHECK(str_same(a->app_ids[i], b->app_ids[i]));
    CHECK(a->report_requested == b->report_requested && a->priority == b->priority);
    CHECK(a->delivery_status == b->delivery_status && str_same(a->cause, b->cause));
}

static void check_same_items(const struct msgin5g_message *a, const struct msgin5g_message *b)
{
    CHECK(a->item_count == b->item_count);
    for (size_t i = 0; i < a->item_count; i++)
        check_same_item(&a->items[i], &b->items[i]);
}

static void check_same(const struct msgin5g_message *a, const struct msgin5g_message *b)
{
    CHECK(a->type == b->type);
    CHECK(a->ori.type == b->ori.type && str_same(a->ori.addr, b->ori.addr));
    CHECK(a->dest.type == b->dest.type && str_same(a->dest.addr, b->dest.addr));
    CHECK(str_same(a->msg_id, b->msg_id) && str_same(a->app_id, b->app_id));
    CHECK(str_same(a->group_id, b->group_id) && str_same(a->topic, b->topic));
    CHECK(a->app_id_count == b->app_id_count);
    for (size_t i = 0; i < a->app_id_count; i++)
        CHECK(str_same(a->app_ids[i], b->app_ids[i]));
    CHECK(a->report_requested == b->report_requested && a->priority == b->priority);
    CHECK(a->store_forward == b->store_forward && a->expire_time_s == b->expire_time_s);
    CHECK(a->segmented == b->segmented);
    check_same_segment(&a->segment, &b->segment);
    CHECK(str_same(a->payload, b->payload) && str_same(a->cause, b->cause));
    CHECK(a->delivery_status == b->delivery_status && a->reg_exp_time_s == b->reg_exp_time_s);
    CHECK(str_same(a->seg_no_list, b->seg_no_list) && a->result == b->result);
    CHECK(a->max_segment_size == b->max_segment_size);
    CHECK(a->req_exp_time_s == b->req_exp_time_s && a->urgent == b->urgent);
    CHECK(a->ue_address.type == b->ue_address.type && str_same(a->ue_address.addr, b->ue_address.addr));
    check_same_items(a, b);
}

/* The written form may be longer than what was read: sfFlag is always there, lastSegFlag in quotation marks. */
static void write_and_read(const struct msgin5g_message *message)
{
    static uint8_t text[MSGIN5G_MESSAGE_MAX + 64];
    struct msgin5g_message again;
    size_t length = 0;
    enum msgin5g_err err = msgin5g_message_encode(message, text, sizeof text, &length);
    if (message->entry_count > 0) { /* written from what the entries were read from, see fuzz_bulk.c */
        CHECK(err == MSGIN5G_ERR_INVALID);
        return;
    }
    if (message->type == MSGIN5G_TYPE_MSGRESP && message->delivery_status == MSGIN5G_DELIVERY_NONE) {
        CHECK(err == MSGIN5G_ERR_INVALID); /* read without DelSta, never written so */
        return;
    }
    CHECK(err == MSGIN5G_OK);
    if (length > MSGIN5G_MESSAGE_MAX)
        return;
    CHECK(msgin5g_message_decode(text, length, &again, NULL, NULL) == MSGIN5G_OK);
    check_same(message, &again);
    msgin5g_message_free(&again);
}

static void fuzz_service_id(struct msgin5g_str text)
{
    struct msgin5g_service_id id;
    struct msgin5g_service_id again;
    if (msgin5g_service_id_parse(text, &id) != MSGIN5G_OK)
        return;
    CHECK(msgin5g_service_id_parse((struct msgin5g_str){ id.text, id.length }, &again) == MSGIN5G_OK);
    CHECK(id.length == again.length && msgin5g_str_equal(msgin5g_str(id.text), msgin5g_str(again.text)));
}

static void fuzz_message(const uint8_t *data, size_t length)
{
    struct msgin5g_message message;
    struct msgin5g_message partial;
    const char *detail = NULL;
    enum msgin5g_err err = msgin5g_message_decode(data, length, &message, &partial, &detail);
    CHECK(detail != NULL && (detail[0] == '\0') == (err == MSGIN5G_OK));
    if (err == MSGIN5G_OK) {
        fuzz_service_id(message.ori.addr);
        write_and_read(&message);
        msgin5g_message_free(&message);
    } else {
        CHECK(err == MSGIN5G_ERR_MALFORMED || err == MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
        fuzz_service_id(partial.ori.addr);
        CHECK(partial.msg_id.length == 0 || msgin5g_uuid_valid(partial.msg_id));
    }
    msgin5g_message_free(&partial);
}

static void fuzz_reg_response(const uint8_t *data, size_t length)
{
    static uint8_t text[MSGIN5G_MESSAGE_MAX + 64];
    struct msgin5g_reg_response response;
    struct msgin5g_reg_response again;
    size_t written = 0;
    if (msgin5g_reg_response_decode(data, length, &response) != MSGIN5G_OK)
        return;
    CHECK(msgin5g_reg_response_encode(&response, text, sizeof text, &written) == MSGIN5G_OK);
    if (written <= MSGIN5G_MESSAGE_MAX) {
        CHECK(msgin5g_reg_response_decode(text, written, &again) == MSGIN5G_OK);
        CHECK(str_same(response.ue_service_id, again.ue_service_id) && response.result == again.result);
        CHECK(response.deferred == again.deferred && response.expected_time_s == again.expected_time_s);
        CHECK(response.reg_exp_time_s == again.reg_exp_time_s && str_same(response.cause, again.cause));
        msgin5g_reg_response_free(&again);
    }
    msgin5g_reg_response_free(&response);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    fuzz_message(data, length);
    fuzz_reg_response(data, length);
    return 0;
}
