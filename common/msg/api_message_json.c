/* Messages of TS 29.538 as JSON (8.2.5, 9.1.5, 9.3.5). */
#include "api_members.h"

#include "base/clock.h"

#include <string.h>

#define AS         (1U << API_MESSAGE_AS)
#define UE         (1U << API_MESSAGE_UE)
#define GATEWAY    (1U << API_MESSAGE_GATEWAY)
#define BROADCAST  (1U << API_MESSAGE_BROADCAST)
#define ALL        (AS | UE | GATEWAY | BROADCAST)
#define ORIGINATED (AS | UE)

static struct api_message *message_of(struct api_reader *reader)
{
    return reader->out;
}

static enum msgin5g_err ok_if(bool condition)
{
    return condition ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}

/* Who may be at which end (tables of 8.2.5.2, 9.1.5.2, 9.3.5.2). A gateway hands a UE's message on to UEs and AS. */
static enum msgin5g_err read_ori(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_address address;
    if (!tree_address(item, "addrType", &address))
        return MSGIN5G_ERR_MALFORMED;
    bool ue = address.type == MSGIN5G_ADDR_UE, as = address.type == MSGIN5G_ADDR_AS;
    if (reader->kind == AS ? !as : reader->kind == UE ? !ue : !ue && !as)
        return api_refuse(reader, "/oriAddr/addrType", "this service does not take messages of such an originator");
    message_of(reader)->message.ori = address;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_dest(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_address address;
    if (!tree_address(item, "addrType", &address))
        return MSGIN5G_ERR_MALFORMED;
    bool ue = address.type == MSGIN5G_ADDR_UE, as = address.type == MSGIN5G_ADDR_AS;
    bool fits = reader->kind == AS ? !as : reader->kind == BROADCAST ? address.type == MSGIN5G_ADDR_BC : ue || as;
    if (!fits)
        return api_refuse(reader, "/destAddr/addrType", "this service does not lead to such a destination");
    message_of(reader)->message.dest = address;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_msg_id(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text) || !msgin5g_uuid_valid(text))
        return api_refuse(reader, "/msgId", "not a UUID (TS 24.538 7.3.4.1)");
    message_of(reader)->message.msg_id = text;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_app_id(struct api_reader *reader, const cJSON *item)
{
    return ok_if(tree_identifier(item, MSGIN5G_APP_ID_MAX, &message_of(reader)->message.app_id));
}

static enum msgin5g_err read_report_requested(struct api_reader *reader, const cJSON *item)
{
    message_of(reader)->message.report_requested = cJSON_IsTrue(item);
    return ok_if(cJSON_IsBool(item));
}

static enum msgin5g_err read_store_forward(struct api_reader *reader, const cJSON *item)
{
    message_of(reader)->message.store_forward = cJSON_IsTrue(item);
    return ok_if(cJSON_IsBool(item));
}

/* As sfParam of MSGin5G-1: it counts only when the message is to be stored. */
static enum msgin5g_err read_store_forward_params(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_message *message = &message_of(reader)->message;
    const cJSON *expiry = tree_member(item, "exprTime");
    struct msgin5g_str text;
    int64_t utc_s = 0;
    if (!cJSON_IsObject(item))
        return MSGIN5G_ERR_MALFORMED;
    if (expiry == NULL)
        return MSGIN5G_OK;
    if (!tree_string(expiry, &text) || clock_parse_rfc3339(text, &utc_s) != MSGIN5G_OK)
        return api_refuse(reader, "/stoAndFwParams/exprTime", "not a date-time of RFC 3339");
    if (message->store_forward)
        message->expire_time_s = utc_s < 1 ? 1 : utc_s;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_priority(struct api_reader *reader, const cJSON *item)
{
    static const struct {
        const char *word;
        enum msgin5g_priority priority;
    } words[] = { { "HIGH", MSGIN5G_PRIORITY_HIGH }, { "MIDDLE", MSGIN5G_PRIORITY_NORMAL },
        { "LOW", MSGIN5G_PRIORITY_LOW } };
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (tree_is(item, words[i].word)) {
            message_of(reader)->message.priority = words[i].priority;
            return MSGIN5G_OK;
        }
    }
    return api_refuse(reader, "/priority", "none of HIGH, MIDDLE, LOW");
}

static enum msgin5g_err read_segmented(struct api_reader *reader, const cJSON *item)
{
    message_of(reader)->message.segmented = cJSON_IsTrue(item);
    return ok_if(cJSON_IsBool(item));
}

static bool read_count(const cJSON *item, uint32_t *out)
{
    int64_t count;
    if (!tree_integer(item, &count) || count < 1 || count > INT32_MAX)
        return false;
    *out = (uint32_t)count;
    return true;
}

/* The schema demands nothing in segParams; a segment without its place cannot be put anywhere. */
static enum msgin5g_err read_segment(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_message *message = &message_of(reader)->message;
    const cJSON *total = tree_member(item, "totalSegCount"), *last = tree_member(item, "lastSegFlag");
    struct msgin5g_segment segment = { .last = cJSON_IsTrue(last) };
    if (!cJSON_IsObject(item))
        return MSGIN5G_ERR_MALFORMED;
    if (!message->segmented)
        return MSGIN5G_OK;
    if (!tree_string(tree_member(item, "segId"), &segment.set_id) || !msgin5g_uuid_valid(segment.set_id))
        return api_refuse(reader, "/segParams/segId", "not a UUID");
    if (!read_count(tree_member(item, "segNumb"), &segment.number))
        return api_refuse(reader, "/segParams/segNumb", "not a number from 1");
    if (total == NULL ? segment.number == 1 : !read_count(total, &segment.total))
        return api_refuse(reader, "/segParams/totalSegCount", "the first segment needs it (TS 24.538 7.3.4.1)");
    if (last != NULL && !cJSON_IsBool(last))
        return api_refuse(reader, "/segParams/lastSegFlag", "not a boolean");
    message->segment = segment;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_latency(struct api_reader *reader, const cJSON *item)
{
    return ok_if(tree_integer(item, &message_of(reader)->latency_ms) && message_of(reader)->latency_ms >= 0);
}

static enum msgin5g_err read_notification_url(struct api_reader *reader, const cJSON *item)
{
    return ok_if(tree_identifier(item, API_URI_MAX, &message_of(reader)->notification_url));
}

static enum msgin5g_err read_payload(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text))
        return MSGIN5G_ERR_MALFORMED;
    if (reader->nul.count > 0)
        text.length = reader->nul.length;
    if (text.length > MSGIN5G_PAYLOAD_MAX && reader->kind != AS)
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    message_of(reader)->message.payload = text;
    return MSGIN5G_OK;
}

static const struct api_member members[] = {
    { "oriAddr", ALL, ALL, "/oriAddr", read_ori },
    { "destAddr", ALL, ALL, "/destAddr", read_dest },
    { "msgId", ALL, ALL, "/msgId", read_msg_id },
    { "appId", ALL, 0, "/appId", read_app_id },
    { "delivStReqInd", ALL, 0, "/delivStReqInd", read_report_requested },
    { "stoAndFwInd", ORIGINATED, ORIGINATED, "/stoAndFwInd", read_store_forward },
    { "stoAndFwParams", ORIGINATED, 0, "/stoAndFwParams", read_store_forward_params },
    { "priority", AS | BROADCAST, 0, "/priority", read_priority },
    { "segInd", ALL, 0, "/segInd", read_segmented },
    { "segParams", ALL, 0, "/segParams", read_segment },
    { "latency", AS, 0, "/latency", read_latency },
    { "notiUrl", AS, 0, "/notiUrl", read_notification_url },
    { "payload", ALL, 0, "/payload", read_payload },
    { NULL, 0, 0, NULL, NULL },
};

enum msgin5g_err api_message_decode(
    enum api_message_kind kind, struct msgin5g_str body, struct api_message *out, struct api_problem *problem)
{
    struct api_message message = { .message = msgin5g_message_init(MSGIN5G_TYPE_MSG), .latency_ms = API_LATENCY_NONE };
    struct api_reader reader = { .kind = 1U << kind, .out = &message, .problem = problem };
    cJSON *tree = NULL;
    enum msgin5g_err err = api_read(&reader, members, body, &tree);
    if (err == MSGIN5G_OK && message.message.segmented && message.message.segment.number == 0)
        err = api_refuse(&reader, "/segParams", "missing, but segInd is true");
    if (err != MSGIN5G_OK) {
        cJSON_Delete(tree);
        return err;
    }
    *out = message;
    out->storage = tree;
    return MSGIN5G_OK;
}

void api_message_free(struct api_message *message)
{
    cJSON_Delete(message->storage);
    message->storage = NULL;
}
