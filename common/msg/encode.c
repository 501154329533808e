#include "base/clock.h"
#include "base/json_writer.h"
#include "msgin5g/message.h"

static bool absent(struct msgin5g_str text)
{
    return text.octets == NULL;
}

static void write_address(
    struct json_writer *w, const char *name, const char *type_name, const struct msgin5g_address *address)
{
    json_object_begin(w, name);
    json_text(w, type_name, msgin5g_addr_type_text(address->type));
    json_string(w, "addr", address->addr);
    json_object_end(w);
}

static void write_app_ids(struct json_writer *w, const struct msgin5g_message *message)
{
    if (message->app_id_count > 0) { /* EC-25 */
        json_array_begin(w, "appId");
        for (size_t i = 0; i < message->app_id_count; i++)
            json_string(w, NULL, message->app_ids[i]);
        json_array_end(w);
    } else if (!absent(message->app_id)) {
        json_string(w, "appId", message->app_id);
    }
}

/* priority, sfFlag and sfParam: for the server's eyes only (TS 24.538 6.4.1.2.6 c). */
static void write_handling(struct json_writer *w, const struct msgin5g_message *message)
{
    char expire_time[CLOCK_RFC3339_LEN + 1];
    if (message->priority != MSGIN5G_PRIORITY_NORMAL)
        json_text(w, "priority", message->priority == MSGIN5G_PRIORITY_HIGH ? "HIGH" : "LOW");
    json_bool(w, "sfFlag", message->store_forward);
    if (!message->store_forward || message->expire_time_s == 0)
        return;
    if (clock_format_rfc3339(message->expire_time_s, expire_time) != MSGIN5G_OK) {
        w->err = MSGIN5G_ERR_INVALID;
        return;
    }
    json_object_begin(w, "sfParam");
    json_text(w, "expireTime", expire_time);
    json_object_end(w);
}

static void write_segment(struct json_writer *w, const struct msgin5g_segment *segment)
{
    json_bool(w, "isSegmented", true);
    json_object_begin(w, "segParams");
    json_string(w, "segId", segment->set_id);
    if (segment->total > 0)
        json_integer(w, "totalSegCount", segment->total);
    json_integer(w, "segNumb", segment->number);
    if (segment->last)
        json_text(w, "lastSegFlag", "true"); /* a string (EC-14) */
    json_object_end(w);
}

static void write_msg(struct json_writer *w, const struct msgin5g_message *message)
{
    write_app_ids(w, message);
    if (message->report_requested)
        json_bool(w, "isDelivStatReq", true);
    if (!message->delivery_copy)
        write_handling(w, message);
    if (message->segmented)
        write_segment(w, &message->segment);
    if (!absent(message->payload))
        json_string(w, "payload", message->payload);
}

static void write_status(struct json_writer *w, const struct msgin5g_message *message)
{
    static const char *const texts[] = {
        [MSGIN5G_DELIVERY_NONE] = "",
        [MSGIN5G_DELIVERY_SUCCESS] = "success",
        [MSGIN5G_DELIVERY_FAILURE] = "failure",
        [MSGIN5G_DELIVERY_STORED] = "stored for deferred delivery",
    };
    json_text(w, "DelSta", texts[message->delivery_status]);
    if (!absent(message->cause) && message->delivery_status != MSGIN5G_DELIVERY_SUCCESS)
        json_string(w, "Cause", message->cause);
}

static bool has_dest(enum msgin5g_type type)
{
    return type == MSGIN5G_TYPE_MSG || type == MSGIN5G_TYPE_IMDN;
}

static bool has_msg_id(enum msgin5g_type type)
{
    return has_dest(type) || type == MSGIN5G_TYPE_MSGRESP;
}

/* MSGRESP has no status of success, IMDN none of storing (TS 24.538 7.3.4.2, 7.3.4.3). */
static bool status_valid(const struct msgin5g_message *message)
{
    enum msgin5g_delivery_status status = message->delivery_status;
    if (status == MSGIN5G_DELIVERY_FAILURE)
        return true;
    return status == (message->type == MSGIN5G_TYPE_IMDN ? MSGIN5G_DELIVERY_SUCCESS : MSGIN5G_DELIVERY_STORED);
}

static bool complete(const struct msgin5g_message *message)
{
    enum msgin5g_type type = message->type;
    if ((unsigned)type >= MSGIN5G_TYPE_COUNT || message->ori.addr.length == 0)
        return false;
    if (has_dest(type) && message->dest.addr.length == 0)
        return false;
    if (has_msg_id(type) && !msgin5g_uuid_valid(message->msg_id))
        return false;
    if (type == MSGIN5G_TYPE_MSG && message->segmented &&
        (message->segment.number == 0 || !msgin5g_uuid_valid(message->segment.set_id)))
        return false;
    return type == MSGIN5G_TYPE_MSG || !has_msg_id(type) || status_valid(message);
}

static enum msgin5g_err finish(const struct json_writer *w, size_t *length)
{
    enum msgin5g_err err = json_writer_finish(w, length);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err;
}

enum msgin5g_err msgin5g_message_encode(
    const struct msgin5g_message *message, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    if (!complete(message))
        return MSGIN5G_ERR_INVALID;
    if (message->payload.length > MSGIN5G_PAYLOAD_MAX)
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    json_text(&w, "msgIden", MSGIN5G_SERVICE_IDENTIFIER);
    json_text(&w, "msgType", msgin5g_type_text(message->type));
    write_address(&w, "oriAddr", "oriAddrType", &message->ori);
    if (has_dest(message->type))
        write_address(&w, "destAddr", "destAddrType", &message->dest);
    if (has_msg_id(message->type))
        json_string(&w, "msgId", message->msg_id);
    if (message->type == MSGIN5G_TYPE_MSG)
        write_msg(&w, message);
    else if (has_msg_id(message->type))
        write_status(&w, message);
    else if (message->type == MSGIN5G_TYPE_REG && message->reg_exp_time_s >= 0)
        json_integer(&w, "regExpTime", message->reg_exp_time_s);
    json_object_end(&w);
    return finish(&w, length);
}

enum msgin5g_err msgin5g_reg_response_encode(
    const struct msgin5g_reg_response *response, uint8_t *out, size_t capacity, size_t *length)
{
    struct msgin5g_address address = { MSGIN5G_ADDR_UE, response->ue_service_id };
    struct json_writer w;
    if (response->ue_service_id.length == 0)
        return MSGIN5G_ERR_INVALID;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    write_address(&w, "oriAddr", "oriAddrType", &address);
    json_bool(&w, "result", response->result);
    if (response->result && response->reg_exp_time_s >= 0)
        json_integer(&w, "regExpTime", response->reg_exp_time_s);
    if (!response->result && !absent(response->cause))
        json_string(&w, "cause", response->cause);
    json_object_end(&w);
    return finish(&w, length);
}
