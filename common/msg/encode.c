#include "base/clock.h"
#include "base/json_writer.h"
#include "msgin5g/message.h"

#include <inttypes.h>
#include <stdio.h>

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

static void write_app_ids(
    struct json_writer *w, struct msgin5g_str one, const struct msgin5g_str *several, size_t count)
{
    if (count > 0) { /* EC-25 */
        json_array_begin(w, "appId");
        for (size_t i = 0; i < count; i++)
            json_string(w, NULL, several[i]);
        json_array_end(w);
    } else if (!absent(one)) {
        json_string(w, "appId", one);
    }
}

static void write_priority(struct json_writer *w, enum msgin5g_priority priority)
{
    if (priority != MSGIN5G_PRIORITY_NORMAL)
        json_text(w, "priority", priority == MSGIN5G_PRIORITY_HIGH ? "HIGH" : "LOW");
}

static void write_instant(struct json_writer *w, const char *name, int64_t utc_s)
{
    char text[CLOCK_RFC3339_LEN + 1];
    if (clock_format_rfc3339(utc_s, text) == MSGIN5G_OK)
        json_text(w, name, text);
    else
        w->err = MSGIN5G_ERR_INVALID;
}

/* priority, sfFlag and sfParam: for the server's eyes only (TS 24.538 6.4.1.2.6 c). */
static void write_handling(struct json_writer *w, const struct msgin5g_message *message)
{
    if (message->priority != MSGIN5G_PRIORITY_NORMAL)
        json_text(w, "priority", message->priority == MSGIN5G_PRIORITY_HIGH ? "HIGH" : "LOW");
    json_bool(w, "sfFlag", message->store_forward);
    if (!message->store_forward || (message->expire_time_s == 0 && message->delivery_time_s == 0))
        return;
    json_object_begin(w, "sfParam");
    if (message->expire_time_s != 0)
        write_instant(w, "expireTime", message->expire_time_s);
    if (message->delivery_time_s != 0) {
        json_object_begin(w, "appSpecSf"); /* EC-16 */
        write_instant(w, "deliveryTime", message->delivery_time_s);
        json_object_end(w);
    }
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

static void write_status(struct json_writer *w, enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    static const char *const texts[] = {
        [MSGIN5G_DELIVERY_NONE] = "",
        [MSGIN5G_DELIVERY_SUCCESS] = "success",
        [MSGIN5G_DELIVERY_FAILURE] = "failure",
        [MSGIN5G_DELIVERY_STORED] = "stored for deferred delivery",
    };
    json_text(w, "DelSta", texts[status]);
    if (!absent(cause) && status != MSGIN5G_DELIVERY_SUCCESS)
        json_string(w, "Cause", cause);
}

static void write_item(struct json_writer *w, enum msgin5g_type type, const struct msgin5g_item *item)
{
    json_object_begin(w, NULL);
    json_string(w, "msgId", item->msg_id);
    if (type == MSGIN5G_TYPE_IMDN) {
        write_status(w, item->delivery_status, item->cause);
    } else {
        json_string(w, "payload", item->payload);
        write_app_ids(w, item->app_id, item->app_ids, item->app_id_count);
        if (item->report_requested)
            json_bool(w, "isDelivStatReq", true);
        write_priority(w, item->priority);
    }
    json_object_end(w);
}

/* Items are handed on as they came, priority included: whoever splits the message makes something of it (TS 24.538
 * 6.4.1.2.7). */
static void write_items(struct json_writer *w, const struct msgin5g_message *message)
{
    json_integer(w, "indMsgCount", (int64_t)message->item_count);
    json_array_begin(w, "indMsgs");
    for (size_t i = 0; i < message->item_count; i++)
        write_item(w, message->type, &message->items[i]);
    json_array_end(w);
}

static void write_msg(struct json_writer *w, const struct msgin5g_message *message)
{
    if (!absent(message->group_id)) /* EC-7 */
        json_string(w, "grpSrvId", message->group_id);
    if (!absent(message->topic))
        json_string(w, "msgTopic", message->topic);
    write_app_ids(w, message->app_id, message->app_ids, message->app_id_count);
    if (message->report_requested)
        json_bool(w, "isDelivStatReq", true);
    if (!message->delivery_copy)
        write_handling(w, message);
    if (message->segmented)
        write_segment(w, &message->segment);
    if (message->item_count > 0)
        write_items(w, message);
    else if (!absent(message->payload))
        json_string(w, "payload", message->payload);
}

static void write_imdn(struct json_writer *w, const struct msgin5g_message *message)
{
    if (message->item_count > 0)
        write_items(w, message);
    else
        write_status(w, message->delivery_status, message->cause);
}

static void write_msgresp(struct json_writer *w, const struct msgin5g_message *message)
{
    if (!absent(message->segment.set_id)) /* EC-6b */
        json_string(w, "segId", message->segment.set_id);
    write_status(w, message->delivery_status, message->cause);
}

/* EC-13: durations as ISO 8601 has them. */
static void write_duration(struct json_writer *w, const char *name, int64_t seconds)
{
    char text[32];
    (void)snprintf(text, sizeof text, "PT%" PRId64 "S", seconds);
    json_text(w, name, text);
}

static void write_availability(struct json_writer *w, const struct msgin5g_availability *availability)
{
    json_object_begin(w, "comAvail");
    write_instant(w, "schTime", availability->start_s);
    write_duration(w, "durTime", availability->length_s);
    if (availability->period_s > 0) {
        json_bool(w, "periIndi", true);
        write_duration(w, "periInterval", availability->period_s);
    }
    if (availability->opted_out)
        json_text(w, "storeForward", "OPTOUT");
    json_object_end(w);
}

static void write_seconds(struct json_writer *w, const char *name, int64_t seconds)
{
    if (seconds >= 0) /* else absent */
        json_integer(w, name, seconds);
}

/* What a gateway on the way makes of it (TS 24.538 6.3.4.2; for DEREG EC-5). */
static void write_held(struct json_writer *w, const struct msgin5g_message *message)
{
    if (message->urgent)
        json_bool(w, "urgentTag", true);
    write_seconds(w, "reqExpTime", message->req_exp_time_s);
}

static void write_gwreg(struct json_writer *w, const struct msgin5g_message *message)
{
    if (!absent(message->ue_address.addr))
        write_address(w, "oriUEAddr", "oriAddrType", &message->ue_address);
    write_seconds(w, "expiredTime", message->reg_exp_time_s);
}

static void write_regresp(struct json_writer *w, const struct msgin5g_message *message)
{
    json_bool(w, "result", message->result);
    if (message->result)
        write_seconds(w, "regExpTime", message->reg_exp_time_s);
    else if (!absent(message->cause))
        json_string(w, "cause", message->cause);
}

static void write_reg(struct json_writer *w, const struct msgin5g_message *message)
{
    write_seconds(w, "regExpTime", message->reg_exp_time_s);
    write_held(w, message);
    if (message->max_segment_size == 0 && !message->availability.known && message->triggering.length == 0)
        return;
    json_object_begin(w, "cliProfile");
    if (message->triggering.length > 0)
        json_raw(w, "triInfo", message->triggering);
    if (message->max_segment_size > 0)
        json_integer(w, "maxSegSize", message->max_segment_size); /* EC-10 */
    if (message->availability.known)
        write_availability(w, &message->availability);
    json_object_end(w);
}

static void write_segrec(struct json_writer *w, const struct msgin5g_message *message)
{
    json_string(w, "segId", message->segment.set_id);
    json_string(w, "segNoList", message->seg_no_list);
}

static void write_segconfir(struct json_writer *w, const struct msgin5g_message *message)
{
    json_string(w, "segId", message->segment.set_id);
    json_bool(w, "result", message->result);
}

static bool about_set(enum msgin5g_type type)
{
    return type == MSGIN5G_TYPE_SEGREC || type == MSGIN5G_TYPE_SEGCONFIR;
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
static bool status_valid(enum msgin5g_type type, enum msgin5g_delivery_status status)
{
    if (status == MSGIN5G_DELIVERY_FAILURE)
        return true;
    return status == (type == MSGIN5G_TYPE_IMDN ? MSGIN5G_DELIVERY_SUCCESS : MSGIN5G_DELIVERY_STORED);
}

static bool items_valid(const struct msgin5g_message *message)
{
    if (message->segmented || !absent(message->payload)) /* TS 23.554 Table 8.4.2-1 */
        return false;
    for (size_t i = 0; i < message->item_count; i++) {
        const struct msgin5g_item *item = &message->items[i];
        if (!msgin5g_uuid_valid(item->msg_id))
            return false;
        if (message->type == MSGIN5G_TYPE_IMDN && !status_valid(MSGIN5G_TYPE_IMDN, item->delivery_status))
            return false;
    }
    return true;
}

static bool set_valid(const struct msgin5g_message *message)
{
    return msgin5g_uuid_valid(message->segment.set_id) &&
           (message->type != MSGIN5G_TYPE_SEGREC || message->seg_no_list.length > 0);
}

static bool complete(const struct msgin5g_message *message)
{
    enum msgin5g_type type = message->type;
    if ((unsigned)type >= MSGIN5G_TYPE_COUNT || type == MSGIN5G_TYPE_BREG || message->entry_count > 0)
        return false;
    if (about_set(type))
        return set_valid(message);
    if (message->ori.addr.length == 0)
        return false;
    if (has_dest(type) && message->dest.addr.length == 0)
        return false;
    if (has_msg_id(type) && !msgin5g_uuid_valid(message->msg_id))
        return false;
    if (has_dest(type) && message->item_count > 0)
        return items_valid(message);
    if (type == MSGIN5G_TYPE_MSG && message->segmented &&
        (message->segment.number == 0 || !msgin5g_uuid_valid(message->segment.set_id)))
        return false;
    return type == MSGIN5G_TYPE_MSG || !has_msg_id(type) || status_valid(type, message->delivery_status);
}

static size_t payload_octets(const struct msgin5g_message *message)
{
    size_t octets = message->payload.length;
    for (size_t i = 0; i < message->item_count; i++)
        octets += message->items[i].payload.length;
    return octets;
}

/* What follows the members that most types have. */
static void (*const writers[MSGIN5G_TYPE_COUNT])(struct json_writer *, const struct msgin5g_message *) = {
    [MSGIN5G_TYPE_REG] = write_reg,
    [MSGIN5G_TYPE_DEREG] = write_held,
    [MSGIN5G_TYPE_GWREG] = write_gwreg,
    [MSGIN5G_TYPE_REGRESP] = write_regresp,
    [MSGIN5G_TYPE_DEREGRESP] = write_regresp,
    [MSGIN5G_TYPE_MSG] = write_msg,
    [MSGIN5G_TYPE_MSGRESP] = write_msgresp,
    [MSGIN5G_TYPE_IMDN] = write_imdn,
    [MSGIN5G_TYPE_SEGREC] = write_segrec,
    [MSGIN5G_TYPE_SEGCONFIR] = write_segconfir,
};

static enum msgin5g_err finish(const struct json_writer *w, size_t *length)
{
    enum msgin5g_err err = json_writer_finish(w, length);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err;
}

static enum msgin5g_err encode(
    const struct msgin5g_message *message, size_t payload_max, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    if (!complete(message))
        return MSGIN5G_ERR_INVALID;
    if (payload_octets(message) > payload_max)
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    json_text(&w, "msgIden", MSGIN5G_SERVICE_IDENTIFIER);
    json_text(&w, "msgType", msgin5g_type_text(message->type));
    if (!about_set(message->type))
        write_address(&w, "oriAddr", "oriAddrType", &message->ori);
    if (has_dest(message->type))
        write_address(&w, "destAddr", "destAddrType", &message->dest);
    if (has_msg_id(message->type))
        json_string(&w, "msgId", message->msg_id);
    if (writers[message->type] != NULL)
        writers[message->type](&w, message);
    json_object_end(&w);
    return finish(&w, length);
}

enum msgin5g_err msgin5g_message_encode(
    const struct msgin5g_message *message, uint8_t *out, size_t capacity, size_t *length)
{
    return encode(message, MSGIN5G_PAYLOAD_MAX, out, capacity, length);
}

enum msgin5g_err msgin5g_message_encode_whole(
    const struct msgin5g_message *message, uint8_t *out, size_t capacity, size_t *length)
{
    return encode(message, MSGIN5G_WHOLE_MAX, out, capacity, length);
}
