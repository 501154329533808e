/* DeliveryStatusReport and MessageDeliveryAck of TS 29.538 8.2.5 as JSON. */
#include "api_members.h"

#define REPORT 1U
#define ACK    2U

static enum msgin5g_err read_party(const cJSON *item, struct msgin5g_address *out)
{
    struct msgin5g_address address;
    if (!tree_address(item, "addrType", &address) ||
        (address.type != MSGIN5G_ADDR_UE && address.type != MSGIN5G_ADDR_AS))
        return MSGIN5G_ERR_MALFORMED;
    *out = address;
    return MSGIN5G_OK;
}

static struct msgin5g_message *report_of(struct api_reader *reader)
{
    return &((struct api_report *)reader->out)->message;
}

static struct api_ack *ack_of(struct api_reader *reader)
{
    return reader->out;
}

static enum msgin5g_err read_ori(struct api_reader *reader, const cJSON *item)
{
    return read_party(item, reader->kind == ACK ? &ack_of(reader)->ori : &report_of(reader)->ori);
}

static enum msgin5g_err read_dest(struct api_reader *reader, const cJSON *item)
{
    return read_party(item, &report_of(reader)->dest);
}

static enum msgin5g_err read_msg_id(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text) || !msgin5g_uuid_valid(text))
        return api_refuse(reader, "/msgId", "not a UUID (TS 24.538 7.3.4.1)");
    *(reader->kind == ACK ? &ack_of(reader)->msg_id : &report_of(reader)->msg_id) = text;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_delivery_status(struct api_reader *reader, const cJSON *item)
{
    bool success = tree_is(item, "REPT_DELY_SUCCESS");
    if (!success && !tree_is(item, "REPT_DELY_FAILED"))
        return api_refuse(reader, "/delivSt", "neither REPT_DELY_SUCCESS nor REPT_DELY_FAILED");
    report_of(reader)->delivery_status = success ? MSGIN5G_DELIVERY_SUCCESS : MSGIN5G_DELIVERY_FAILURE;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_status(struct api_reader *reader, const cJSON *item)
{
    bool stored = tree_is(item, "DELY_STORED");
    if (!stored && !tree_is(item, "DELY_FAILED"))
        return api_refuse(reader, "/status", "neither DELY_FAILED nor DELY_STORED");
    ack_of(reader)->status = stored ? MSGIN5G_DELIVERY_STORED : MSGIN5G_DELIVERY_FAILURE;
    return MSGIN5G_OK;
}

/* A cause belongs to a failure; elsewhere it is read and forgotten. */
static enum msgin5g_err read_cause(struct api_reader *reader, const cJSON *item)
{
    enum msgin5g_delivery_status status =
        reader->kind == ACK ? ack_of(reader)->status : report_of(reader)->delivery_status;
    struct msgin5g_str text;
    if (!tree_identifier(item, API_TEXT_MAX, &text))
        return MSGIN5G_ERR_MALFORMED;
    if (status == MSGIN5G_DELIVERY_FAILURE)
        *(reader->kind == ACK ? &ack_of(reader)->cause : &report_of(reader)->cause) = text;
    return MSGIN5G_OK;
}

static const struct api_member members[] = {
    { "oriAddr", REPORT | ACK, REPORT | ACK, "/oriAddr", read_ori },
    { "destAddr", REPORT, REPORT, "/destAddr", read_dest },
    { "msgId", REPORT | ACK, REPORT | ACK, "/msgId", read_msg_id },
    { "delivSt", REPORT, REPORT, "/delivSt", read_delivery_status },
    { "status", ACK, 0, "/status", read_status },
    { "failureCause", REPORT | ACK, 0, "/failureCause", read_cause },
    { NULL, 0, 0, NULL, NULL },
};

enum msgin5g_err api_report_decode(struct msgin5g_str body, struct api_report *out, struct api_problem *problem)
{
    struct api_report report = { .message = msgin5g_message_init(MSGIN5G_TYPE_IMDN) };
    struct api_reader reader = { .kind = REPORT, .out = &report, .problem = problem };
    cJSON *tree = NULL;
    enum msgin5g_err err = api_read(&reader, members, body, &tree);
    if (err != MSGIN5G_OK)
        return err;
    *out = report;
    out->storage = tree;
    return MSGIN5G_OK;
}

void api_report_free(struct api_report *report)
{
    cJSON_Delete(report->storage);
    report->storage = NULL;
}

enum msgin5g_err api_ack_decode(struct msgin5g_str body, struct api_ack *out, struct api_problem *problem)
{
    struct api_ack ack = { .status = MSGIN5G_DELIVERY_NONE };
    struct api_reader reader = { .kind = ACK, .out = &ack, .problem = problem };
    cJSON *tree = NULL;
    enum msgin5g_err err = api_read(&reader, members, body, &tree);
    if (err != MSGIN5G_OK)
        return err;
    *out = ack;
    out->storage = tree;
    return MSGIN5G_OK;
}

void api_ack_free(struct api_ack *ack)
{
    cJSON_Delete(ack->storage);
    ack->storage = NULL;
}
