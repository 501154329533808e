/* Bodies of TS 29.538, written. */
#include "base/clock.h"
#include "base/json_writer.h"
#include "msg/api.h"

static bool absent(struct msgin5g_str text)
{
    return text.octets == NULL;
}

static void write_address(struct json_writer *w, const char *name, const struct msgin5g_address *address)
{
    json_object_begin(w, name);
    json_text(w, "addrType", msgin5g_addr_type_text(address->type));
    json_string(w, "addr", address->addr);
    json_object_end(w);
}

static void write_optional(struct json_writer *w, const char *name, struct msgin5g_str text)
{
    if (!absent(text))
        json_string(w, name, text);
}

static void write_time(struct json_writer *w, const char *name, int64_t utc_s)
{
    char text[CLOCK_RFC3339_LEN + 1];
    if (clock_format_rfc3339(utc_s, text) == MSGIN5G_OK)
        json_text(w, name, text);
    else
        w->err = MSGIN5G_ERR_INVALID;
}

static void write_handling(struct json_writer *w, const struct api_message *message)
{
    json_bool(w, "stoAndFwInd", message->message.store_forward);
    if (message->message.store_forward && message->message.expire_time_s > 0) {
        json_object_begin(w, "stoAndFwParams");
        write_time(w, "exprTime", message->message.expire_time_s);
        json_object_end(w);
    }
}

static void write_priority(struct json_writer *w, enum msgin5g_priority priority)
{
    static const char *const words[] = {
        [MSGIN5G_PRIORITY_HIGH] = "HIGH",
        [MSGIN5G_PRIORITY_NORMAL] = "MIDDLE",
        [MSGIN5G_PRIORITY_LOW] = "LOW",
    };
    json_text(w, "priority", words[priority]);
}

static void write_segment(struct json_writer *w, const struct msgin5g_segment *segment)
{
    json_bool(w, "segInd", true);
    json_object_begin(w, "segParams");
    json_string(w, "segId", segment->set_id);
    if (segment->total > 0)
        json_integer(w, "totalSegCount", segment->total);
    json_integer(w, "segNumb", segment->number);
    if (segment->last)
        json_bool(w, "lastSegFlag", true);
    json_object_end(w);
}

/* A text alone, or several as an array (EC-25). */
static void write_app_ids(
    struct json_writer *w, struct msgin5g_str app_id, const struct msgin5g_str *app_ids, size_t count)
{
    if (count == 0) {
        write_optional(w, "appId", app_id);
        return;
    }
    json_array_begin(w, "appId");
    for (size_t i = 0; i < count; i++)
        json_string(w, NULL, app_ids[i]);
    json_array_end(w);
}

/* An aggregated message: its items as on MSGin5G-1 (EC-6, EC-43). */
static void write_items(struct json_writer *w, const struct msgin5g_message *message)
{
    if (message->item_count == 0)
        return;
    json_integer(w, "indMsgCount", (int64_t)message->item_count);
    json_array_begin(w, "indMsgs");
    for (size_t i = 0; i < message->item_count; i++) {
        const struct msgin5g_item *item = &message->items[i];
        json_object_begin(w, NULL);
        json_string(w, "msgId", item->msg_id);
        json_string(w, "payload", item->payload);
        write_app_ids(w, item->app_id, item->app_ids, item->app_id_count);
        if (item->report_requested)
            json_bool(w, "isDelivStatReq", true);
        json_object_end(w);
    }
    json_array_end(w);
}

enum msgin5g_err api_message_encode(
    enum api_message_kind kind, const struct api_message *message, uint8_t *out, size_t capacity, size_t *length)
{
    const struct msgin5g_message *value = &message->message;
    struct json_writer w;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    write_address(&w, "oriAddr", &value->ori);
    write_address(&w, "destAddr", &value->dest);
    json_string(&w, "msgId", value->msg_id);
    if (kind == API_MESSAGE_AS || kind == API_MESSAGE_UE)
        write_handling(&w, message);
    write_app_ids(&w, value->app_id, value->app_ids, value->app_id_count);
    write_optional(&w, "grpSrvId", value->group_id);
    write_optional(&w, "msgTopic", value->topic);
    if (value->report_requested)
        json_bool(&w, "delivStReqInd", true);
    if ((kind == API_MESSAGE_AS || kind == API_MESSAGE_BROADCAST) && value->priority != MSGIN5G_PRIORITY_NORMAL)
        write_priority(&w, value->priority);
    if (value->segmented)
        write_segment(&w, &value->segment);
    if (kind == API_MESSAGE_AS && message->latency_ms != API_LATENCY_NONE)
        json_integer(&w, "latency", message->latency_ms);
    if (kind == API_MESSAGE_AS)
        write_optional(&w, "notiUrl", message->notification_url);
    write_optional(&w, "payload", value->payload);
    write_items(&w, value);
    json_object_end(&w);
    enum msgin5g_err err = json_writer_finish(&w, length);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err;
}

enum msgin5g_err api_report_encode(const struct msgin5g_message *report, uint8_t *out, size_t capacity, size_t *length)
{
    bool success = report->delivery_status == MSGIN5G_DELIVERY_SUCCESS;
    struct json_writer w;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    write_address(&w, "oriAddr", &report->ori);
    write_address(&w, "destAddr", &report->dest);
    json_string(&w, "msgId", report->msg_id);
    json_text(&w, "delivSt", success ? "REPT_DELY_SUCCESS" : "REPT_DELY_FAILED");
    if (!success)
        write_optional(&w, "failureCause", report->cause);
    json_object_end(&w);
    return json_writer_finish(&w, length);
}

enum msgin5g_err api_ack_encode(const struct api_ack *ack, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    write_address(&w, "oriAddr", &ack->ori);
    json_string(&w, "msgId", ack->msg_id);
    if (ack->status == MSGIN5G_DELIVERY_STORED)
        json_text(&w, "status", "DELY_STORED");
    else if (ack->status == MSGIN5G_DELIVERY_FAILURE)
        json_text(&w, "status", "DELY_FAILED");
    if (ack->status == MSGIN5G_DELIVERY_FAILURE)
        write_optional(&w, "failureCause", ack->cause);
    json_object_end(&w);
    return json_writer_finish(&w, length);
}

enum msgin5g_err api_as_registration_ack_encode(struct msgin5g_str as_service_id, int status, const char *title,
    int64_t expiry_s, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    json_string(&w, "asSvcId", as_service_id);
    json_object_begin(&w, "result");
    json_text(&w, "title", title);
    json_integer(&w, "status", status);
    json_object_end(&w);
    if (expiry_s > 0)
        write_time(&w, "regExprTime", expiry_s);
    json_object_end(&w);
    return json_writer_finish(&w, length);
}
