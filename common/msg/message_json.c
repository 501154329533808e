#include "items_json.h"
#include "msg/segment.h"
#include "msgin5g/message.h"
#include "profile_json.h"
#include "tree_json.h"
#include "values_json.h"

#include <stdlib.h>
#include <string.h>

/* What the strings of a decoded message point into. */
struct storage {
    cJSON *root;
    struct msgin5g_str *app_ids;        /* NULL unless it was an array */
    struct items *items;                /* NULL unless aggregated */
    char *triggering;                   /* NULL unless there is triggering information */
    struct msgin5g_bulk_entry *entries; /* NULL unless it is a bulk request; each with storage of its own */
    size_t entry_count;
};

struct decoder {
    struct msgin5g_message message;
    struct storage *storage;
    struct json_nul nul;
    size_t body_max, payload_max;
    const char *detail; /* set by a reader that knows better than the name of its row */
    bool is_entry;      /* of a bulk request */
};

typedef enum msgin5g_err read_fn(struct decoder *d, const cJSON *item);

#define IN(type)  (1U << MSGIN5G_TYPE_##type)
#define REG_RESP  (IN(REGRESP) | IN(DEREGRESP))
#define ONLY_UE   (IN(REG) | IN(DEREG) | IN(BREG) | IN(GWREG) | REG_RESP)
#define WITH_ORI  (ONLY_UE | IN(MSG) | IN(MSGRESP) | IN(IMDN))
#define ABOUT_SET (IN(SEGREC) | IN(SEGCONFIR))
#define ANY_TYPE  (WITH_ORI | ABOUT_SET)
#define WITH_ID   (IN(MSG) | IN(MSGRESP) | IN(IMDN))
#define WITH_DEST (IN(MSG) | IN(IMDN))

static enum msgin5g_err ok_if(bool condition)
{
    return condition ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}

static enum msgin5g_err read_service(struct decoder *d, const cJSON *item)
{
    (void)d;
    return ok_if(tree_is(item, MSGIN5G_SERVICE_IDENTIFIER));
}

static enum msgin5g_err read_type(struct decoder *d, const cJSON *item)
{
    for (int type = 0; type < MSGIN5G_TYPE_COUNT; type++) {
        if (tree_is(item, msgin5g_type_text((enum msgin5g_type)type))) {
            d->message.type = (enum msgin5g_type)type;
            return MSGIN5G_OK;
        }
    }
    if (!tree_is(item, "SEGCOFIR")) /* so in TS 24.538 6.5.3.5 */
        return MSGIN5G_ERR_MALFORMED;
    d->message.type = MSGIN5G_TYPE_SEGCONFIR;
    return MSGIN5G_OK;
}

/* Only UE and AS send; only a UE registers (TS 24.538 7.3.3.1, 7.3.4.1). */
static enum msgin5g_err read_ori(struct decoder *d, const cJSON *item)
{
    bool only_ue = (ONLY_UE & (1U << d->message.type)) != 0;
    struct msgin5g_address address;
    if (!tree_address(item, "oriAddrType", &address) || (address.type != MSGIN5G_ADDR_UE && only_ue) ||
        (address.type != MSGIN5G_ADDR_UE && address.type != MSGIN5G_ADDR_AS))
        return MSGIN5G_ERR_MALFORMED;
    d->message.ori = address;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_dest(struct decoder *d, const cJSON *item)
{
    struct msgin5g_address address;
    if (!tree_address(item, "destAddrType", &address))
        return MSGIN5G_ERR_MALFORMED;
    if (d->message.ori.type == MSGIN5G_ADDR_AS && address.type == MSGIN5G_ADDR_AS) {
        d->detail = "destAddr: an AS cannot send to an AS"; /* TS 23.554 Table 8.3.2-1 NOTE 2 */
        return MSGIN5G_ERR_MALFORMED;
    }
    if (d->message.type == MSGIN5G_TYPE_IMDN && address.type != MSGIN5G_ADDR_UE && address.type != MSGIN5G_ADDR_AS)
        return MSGIN5G_ERR_MALFORMED;
    d->message.dest = address;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_msg_id(struct decoder *d, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text) || !msgin5g_uuid_valid(text))
        return MSGIN5G_ERR_MALFORMED;
    d->message.msg_id = text;
    return MSGIN5G_OK;
}

/* Several Application IDs (EC-25); one in an array is the same as one. */
static enum msgin5g_err read_app_id(struct decoder *d, const cJSON *item)
{
    struct msgin5g_message *message = &d->message;
    if (!cJSON_IsArray(item))
        return ok_if(tree_identifier(item, MSGIN5G_APP_ID_MAX, &message->app_id));
    d->storage->app_ids = calloc(MSGIN5G_APP_IDS_MAX, sizeof *d->storage->app_ids);
    if (d->storage->app_ids == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (!value_app_ids(item, d->storage->app_ids, &message->app_id_count))
        return MSGIN5G_ERR_MALFORMED;
    message->app_id = d->storage->app_ids[0];
    if (message->app_id_count > 1)
        message->app_ids = d->storage->app_ids;
    else
        message->app_id_count = 0;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_report_requested(struct decoder *d, const cJSON *item)
{
    return ok_if(value_flag(item, &d->message.report_requested));
}

static enum msgin5g_err read_priority(struct decoder *d, const cJSON *item)
{
    return ok_if(value_priority(item, &d->message.priority));
}

static enum msgin5g_err read_store_forward(struct decoder *d, const cJSON *item)
{
    return ok_if(value_flag(item, &d->message.store_forward));
}

/* sfParam counts only with sfFlag; of what is application specific a delivery time is understood (EC-16). */
static enum msgin5g_err read_store_forward_params(struct decoder *d, const cJSON *item)
{
    const cJSON *specific = tree_member(item, "appSpecSf");
    int64_t expire_time_s = 0, delivery_time_s = 0;
    if (!cJSON_IsObject(item) || (specific != NULL && !cJSON_IsObject(specific)))
        return MSGIN5G_ERR_MALFORMED;
    if (!value_instant(tree_member(item, "expireTime"), &expire_time_s))
        d->detail = "sfParam.expireTime";
    else if (!value_instant(tree_member(specific, "deliveryTime"), &delivery_time_s))
        d->detail = "sfParam.appSpecSf.deliveryTime";
    else if (d->message.store_forward) {
        d->message.expire_time_s = expire_time_s;
        d->message.delivery_time_s = delivery_time_s;
    }
    return ok_if(d->detail == NULL);
}

static enum msgin5g_err read_segmented(struct decoder *d, const cJSON *item)
{
    return ok_if(value_flag(item, &d->message.segmented));
}

static enum msgin5g_err read_segment(struct decoder *d, const cJSON *item)
{
    const cJSON *total = tree_member(item, "totalSegCount");
    struct msgin5g_segment segment = { .total = 0 };
    if (!tree_string(tree_member(item, "segId"), &segment.set_id) || !msgin5g_uuid_valid(segment.set_id))
        d->detail = "segParams.segId";
    else if (!value_segment_count(tree_member(item, "segNumb"), &segment.number))
        d->detail = "segParams.segNumb";
    else if (total == NULL ? segment.number == 1 : !value_segment_count(total, &segment.total))
        d->detail = "segParams.totalSegCount";
    else if (!value_last_flag(tree_member(item, "lastSegFlag"), &segment.last))
        d->detail = "segParams.lastSegFlag";
    else if (d->message.segmented)
        d->message.segment = segment;
    return ok_if(d->detail == NULL);
}

/* segId outside of segParams: the set that SEGREC, SEGCONFIR or MSGRESP (EC-6b) is about. */
static enum msgin5g_err read_set_id(struct decoder *d, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text) || !msgin5g_uuid_valid(text))
        return MSGIN5G_ERR_MALFORMED;
    d->message.segment.set_id = text;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_seg_no_list(struct decoder *d, const cJSON *item)
{
    struct segment_numbers ignored;
    return ok_if(tree_identifier(item, MSGIN5G_SEG_NO_LIST_MAX, &d->message.seg_no_list) &&
                 segment_ranges_parse(d->message.seg_no_list, &ignored) == MSGIN5G_OK);
}

static enum msgin5g_err read_result(struct decoder *d, const cJSON *item)
{
    return ok_if(value_flag(item, &d->message.result));
}

static enum msgin5g_err read_item_count(struct decoder *d, const cJSON *item)
{
    int64_t count;
    if (!tree_integer(item, &count) || count < 1 || count > MSGIN5G_MESSAGE_MAX)
        return MSGIN5G_ERR_MALFORMED;
    d->message.item_count = (size_t)count;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_items(struct decoder *d, const cJSON *item)
{
    enum msgin5g_err err = items_read(item, d->message.type, &d->storage->items, &d->detail);
    if (err != MSGIN5G_OK)
        return err;
    if (d->storage->items->count != d->message.item_count) {
        d->detail = "indMsgCount";
        return MSGIN5G_ERR_MALFORMED;
    }
    d->message.items = d->storage->items->items;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_group_id(struct decoder *d, const cJSON *item)
{
    return ok_if(tree_identifier(item, MSGIN5G_SERVICE_ID_MAX, &d->message.group_id));
}

static enum msgin5g_err read_topic(struct decoder *d, const cJSON *item)
{
    return ok_if(tree_identifier(item, MSGIN5G_TOPIC_MAX, &d->message.topic));
}

/* A string value with U+0000 is whole in cJSON's memory, only its length is lost; json_check() counted it. */
static enum msgin5g_err read_payload(struct decoder *d, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text))
        return MSGIN5G_ERR_MALFORMED;
    if (d->nul.count > 0)
        text.length = d->nul.length;
    if (text.length > d->payload_max)
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    d->message.payload = text;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_delivery_status(struct decoder *d, const cJSON *item)
{
    return ok_if(value_delivery_status(item, d->message.type, &d->message.delivery_status));
}

static enum msgin5g_err read_cause(struct decoder *d, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text))
        return MSGIN5G_ERR_MALFORMED;
    if (d->message.delivery_status != MSGIN5G_DELIVERY_SUCCESS)
        d->message.cause = text;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_reg_exp_time(struct decoder *d, const cJSON *item)
{
    int64_t seconds;
    if (!tree_integer(item, &seconds) || seconds < 0)
        return MSGIN5G_ERR_MALFORMED;
    if (d->message.type != MSGIN5G_TYPE_REGRESP || d->message.result)
        d->message.reg_exp_time_s = seconds;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_urgent_tag(struct decoder *d, const cJSON *item)
{
    return ok_if(value_flag(item, &d->message.urgent));
}

static enum msgin5g_err read_req_exp_time(struct decoder *d, const cJSON *item)
{
    int64_t seconds;
    if (!tree_integer(item, &seconds) || seconds < 0)
        return MSGIN5G_ERR_MALFORMED;
    d->message.req_exp_time_s = seconds;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_ue_address(struct decoder *d, const cJSON *item)
{
    return ok_if(tree_address(item, "oriAddrType", &d->message.ue_address));
}

/* That of REGRESP and DEREGRESP, which is spelled small. */
static enum msgin5g_err read_reg_cause(struct decoder *d, const cJSON *item)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text))
        return MSGIN5G_ERR_MALFORMED;
    if (!d->message.result)
        d->message.cause = text;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_entry_count(struct decoder *d, const cJSON *item)
{
    int64_t count;
    if (d->is_entry || !tree_integer(item, &count) || count < 1 || count > MSGIN5G_BULK_ENTRIES_MAX)
        return MSGIN5G_ERR_MALFORMED;
    d->message.entry_count = (size_t)count;
    return MSGIN5G_OK;
}

static read_fn read_entries; /* reads the same rows for each of them */

static enum msgin5g_err read_profile(struct decoder *d, const cJSON *item)
{
    struct profile profile = { .triggering = NULL };
    d->detail = profile_read(item, &profile);
    if (d->detail != NULL)
        return MSGIN5G_ERR_MALFORMED;
    d->message.max_segment_size = profile.max_segment_size;
    d->message.availability = profile.availability;
    if (profile.triggering == NULL)
        return MSGIN5G_OK;
    d->storage->triggering = cJSON_PrintUnformatted(profile.triggering);
    if (d->storage->triggering == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    d->message.triggering = msgin5g_str(d->storage->triggering);
    return MSGIN5G_OK;
}

/* Members of the outermost object (TS 24.538 7.3.3, 7.3.4) in the order in which they are read. */
static const struct row {
    const char *name;
    const char *alias;
    unsigned carried_by; /* bits IN(type) */
    unsigned mandatory_in;
    read_fn *read;
} rows[] = {
    { "msgIden", NULL, ANY_TYPE, ANY_TYPE, read_service },
    { "msgType", NULL, ANY_TYPE, ANY_TYPE, read_type },
    { "oriAddr", NULL, WITH_ORI, WITH_ORI, read_ori },
    { "destAddr", NULL, WITH_DEST, WITH_DEST, read_dest },
    { "msgId", NULL, WITH_ID, WITH_ID, read_msg_id },
    { "appId", NULL, IN(MSG), 0, read_app_id },
    { "grpSrvId", NULL, IN(MSG), 0, read_group_id },
    { "msgTopic", NULL, IN(MSG), 0, read_topic },
    { "isDelivStatReq", NULL, IN(MSG), 0, read_report_requested },
    { "priority", NULL, IN(MSG), 0, read_priority },
    { "sfFlag", NULL, IN(MSG), 0, read_store_forward },
    { "sfParam", "sfParams", IN(MSG), 0, read_store_forward_params }, /* the schema has both spellings */
    { "isSegmented", NULL, IN(MSG), 0, read_segmented },
    { "segParams", NULL, IN(MSG), 0, read_segment },
    { "segId", NULL, ABOUT_SET | IN(MSGRESP), ABOUT_SET, read_set_id },
    { "segNoList", NULL, IN(SEGREC), IN(SEGREC), read_seg_no_list },
    { "result", NULL, IN(SEGCONFIR) | REG_RESP, IN(SEGCONFIR) | REG_RESP, read_result },
    { "cause", NULL, REG_RESP, 0, read_reg_cause },
    { "indMsgCount", NULL, WITH_DEST, 0, read_item_count },
    { "indMsgs", NULL, WITH_DEST, 0, read_items },
    { "DelSta", NULL, IN(MSGRESP) | IN(IMDN), 0, read_delivery_status },
    { "Cause", NULL, IN(MSGRESP) | IN(IMDN), 0, read_cause },
    { "regExpTime", NULL, IN(REG) | IN(REGRESP), 0, read_reg_exp_time },
    { "expiredTime", NULL, IN(GWREG), 0, read_reg_exp_time },
    { "oriUEAddr", NULL, IN(GWREG), 0, read_ue_address },
    { "indRegCount", NULL, IN(BREG), IN(BREG), read_entry_count },
    { "indRegs", NULL, IN(BREG), IN(BREG), read_entries },
    { "indDeregCount", NULL, IN(DEREG), 0, read_entry_count },
    { "indDeregs", NULL, IN(DEREG), 0, read_entries },
    { "urgentTag", NULL, IN(REG) | IN(DEREG), 0, read_urgent_tag },
    { "reqExpTime", NULL, IN(REG) | IN(DEREG), 0, read_req_exp_time },
    { "cliProfile", NULL, IN(REG), 0, read_profile },
    { "payload", NULL, IN(MSG), 0, read_payload },
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0], ROW_TYPE = 1, ROW_ORI = 2, ROW_MSG_ID = 4 };

static bool same_name(const char *a, const char *b)
{
    return a[0] == b[0] && strcmp(a, b) == 0;
}

static int row_of(const char *name)
{
    for (int i = 0; i < ROW_COUNT; i++) {
        if (same_name(name, rows[i].name) || (rows[i].alias != NULL && same_name(name, rows[i].alias)))
            return i;
    }
    return -1;
}

static void find_members(const cJSON *root, const cJSON *members[ROW_COUNT])
{
    const cJSON *item = NULL;
    cJSON_ArrayForEach(item, root)
    {
        int row = row_of(item->string);
        if (row >= 0)
            members[row] = item;
    }
}

/* What the members say only together: NULL, or the one that is missing or too many. */
static const char *contradiction(const struct msgin5g_message *m)
{
    bool aggregated = m->item_count > 0;
    if (aggregated != (m->items != NULL))
        return aggregated ? "indMsgs" : "indMsgCount";
    if (aggregated && (m->payload.octets != NULL || m->segmented)) /* TS 23.554 Table 8.4.2-1 */
        return m->segmented ? "isSegmented" : "payload";
    if ((m->entry_count > 0) != (m->entries != NULL))
        return m->entries != NULL ? "indDeregCount" : "indDeregs";
    if (m->segmented && m->segment.number == 0)
        return "segParams";
    bool with_status = m->type == MSGIN5G_TYPE_IMDN && !aggregated;
    return with_status && m->delivery_status == MSGIN5G_DELIVERY_NONE ? "DelSta" : NULL;
}

static enum msgin5g_err read_rows(struct decoder *d, const cJSON *const members[ROW_COUNT])
{
    for (int i = 0; i < ROW_COUNT; i++) {
        unsigned type = 1U << d->message.type;
        enum msgin5g_err err = MSGIN5G_OK;
        if (members[i] == NULL)
            err = ok_if((rows[i].mandatory_in & type) == 0);
        else if ((rows[i].carried_by & type) != 0)
            err = rows[i].read(d, members[i]);
        if (err != MSGIN5G_OK) {
            if (d->detail == NULL)
                d->detail = rows[i].name;
            return err;
        }
    }
    d->detail = contradiction(&d->message);
    return ok_if(d->detail == NULL);
}

static struct msgin5g_message blank(enum msgin5g_type type, struct msgin5g_address ori)
{
    struct msgin5g_message message = msgin5g_message_init(type);
    message.ori = ori;
    return message;
}

/* An entry that does not say whose it is spoils the list: nobody could be told. */
static enum msgin5g_err read_entry(const cJSON *object, enum msgin5g_type type, struct msgin5g_bulk_entry *out)
{
    struct storage *storage = calloc(1, sizeof *storage);
    struct decoder d = { .message = msgin5g_message_init(type), .storage = storage, .is_entry = true };
    const cJSON *members[ROW_COUNT] = { NULL };
    out->message = d.message;
    out->message.storage = storage;
    if (storage == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    find_members(object, members);
    if (members[ROW_ORI] == NULL || read_ori(&d, members[ROW_ORI]) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    out->message.ori = d.message.ori;
    out->err = read_rows(&d, members);
    if (out->err == MSGIN5G_ERR_NO_MEMORY)
        return out->err;
    if (d.message.type != type)
        out->err = MSGIN5G_ERR_MALFORMED;
    out->message = out->err == MSGIN5G_OK ? d.message : blank(type, out->message.ori);
    out->message.storage = storage;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_entries(struct decoder *d, const cJSON *array)
{
    enum msgin5g_type type = d->message.type == MSGIN5G_TYPE_BREG ? MSGIN5G_TYPE_REG : MSGIN5G_TYPE_DEREG;
    struct storage *storage = d->storage;
    const cJSON *object = NULL;
    /* Without the right count no entry is read, however many there are. */
    if (d->is_entry || !cJSON_IsArray(array) || (size_t)cJSON_GetArraySize(array) != d->message.entry_count ||
        d->message.entry_count == 0)
        return MSGIN5G_ERR_MALFORMED;
    storage->entries = calloc(d->message.entry_count, sizeof *storage->entries);
    if (storage->entries == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    cJSON_ArrayForEach(object, array)
    {
        enum msgin5g_err err = read_entry(object, type, &storage->entries[storage->entry_count++]);
        if (err != MSGIN5G_OK)
            return err;
    }
    d->message.entries = storage->entries;
    return MSGIN5G_OK;
}

/* What a message that was refused still tells, whatever came first. */
static struct msgin5g_message read_partial(const struct decoder *failed, const cJSON *const members[ROW_COUNT])
{
    struct decoder d = { .message = msgin5g_message_init(MSGIN5G_TYPE_MSG), .storage = failed->storage };
    bool typed = members[ROW_TYPE] != NULL && read_type(&d, members[ROW_TYPE]) == MSGIN5G_OK;
    if (members[ROW_ORI] != NULL)
        (void)read_ori(&d, members[ROW_ORI]);
    if (members[ROW_MSG_ID] != NULL)
        (void)read_msg_id(&d, members[ROW_MSG_ID]);
    if (!typed)
        d.message.type = MSGIN5G_TYPE_COUNT;
    return d.message;
}

static void storage_free(struct storage *storage)
{
    if (storage == NULL)
        return;
    cJSON_Delete(storage->root);
    free(storage->app_ids);
    free(storage->items);
    cJSON_free(storage->triggering);
    for (size_t i = 0; i < storage->entry_count; i++)
        storage_free(storage->entries[i].message.storage);
    free(storage->entries);
    free(storage);
}

void msgin5g_message_free(struct msgin5g_message *message)
{
    storage_free(message->storage);
    message->storage = NULL;
}

static enum msgin5g_err too_long(struct decoder *d)
{
    d->detail = "the message is too long";
    return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
}

static enum msgin5g_err parse(struct decoder *d, const uint8_t *body, size_t length)
{
    if (length > d->body_max)
        return too_long(d);
    enum msgin5g_err err = tree_parse(body, length, &d->nul, &d->storage->root, &d->detail);
    if (err != MSGIN5G_OK)
        return err;
    /* Identifiers must not hold U+0000 (digest 10.3), and elsewhere than in the payload it has no use. */
    bool in_payload = d->nul.count == 1 && msgin5g_str_equal(d->nul.member, msgin5g_str("payload"));
    d->detail = d->nul.count == 0 || in_payload ? NULL : "U+0000 in a string";
    return ok_if(d->detail == NULL);
}

static enum msgin5g_err decode(const uint8_t *body, size_t length, size_t body_max, size_t payload_max,
    struct msgin5g_message *out, struct msgin5g_message *partial, const char **detail)
{
    struct decoder d = {
        .message = msgin5g_message_init(MSGIN5G_TYPE_MSG), .body_max = body_max, .payload_max = payload_max
    };
    struct msgin5g_message refused = msgin5g_message_init(MSGIN5G_TYPE_COUNT);
    const cJSON *members[ROW_COUNT] = { NULL };
    enum msgin5g_err err = MSGIN5G_ERR_NO_MEMORY;
    d.storage = calloc(1, sizeof *d.storage);
    if (d.storage == NULL || (err = parse(&d, body, length)) != MSGIN5G_OK)
        goto out;
    find_members(d.storage->root, members);
    err = read_rows(&d, members);
    if (err == MSGIN5G_OK && body_max == MSGIN5G_BULK_MAX && length > MSGIN5G_MESSAGE_MAX && d.message.entry_count == 0)
        err = too_long(&d);
    if (err != MSGIN5G_OK && partial != NULL) {
        refused = read_partial(&d, members);
        refused.storage = d.storage; /* the partial message owns it from here on */
        d.storage = NULL;
    } else if (err == MSGIN5G_OK) {
        *out = d.message;
        out->storage = d.storage; /* and here the message */
        d.storage = NULL;
    }
out:
    storage_free(d.storage);
    if (partial != NULL)
        *partial = refused;
    if (detail != NULL)
        *detail = err == MSGIN5G_OK ? "" : d.detail == NULL ? msgin5g_err_text(err) : d.detail;
    return err;
}

enum msgin5g_err msgin5g_message_decode(const uint8_t *body, size_t length, struct msgin5g_message *out,
    struct msgin5g_message *partial, const char **detail)
{
    return decode(body, length, MSGIN5G_MESSAGE_MAX, MSGIN5G_PAYLOAD_MAX, out, partial, detail);
}

enum msgin5g_err msgin5g_message_decode_whole(const uint8_t *body, size_t length, struct msgin5g_message *out)
{
    return decode(body, length, MSGIN5G_WHOLE_BODY_MAX, MSGIN5G_WHOLE_MAX, out, NULL, NULL);
}

enum msgin5g_err msgin5g_bulk_decode(const uint8_t *body, size_t length, struct msgin5g_message *out,
    struct msgin5g_message *partial, const char **detail)
{
    return decode(body, length, MSGIN5G_BULK_MAX, MSGIN5G_PAYLOAD_MAX, out, partial, detail);
}
