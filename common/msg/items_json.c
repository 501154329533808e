#include "items_json.h"

#include "values_json.h"

#include <stdlib.h>

/* Reads one item; NULL or what is wrong with it. */
typedef const char *read_item_fn(struct items *items, const cJSON *object, struct msgin5g_item *out);

static const char *read_app_id(struct items *items, const cJSON *value, struct msgin5g_item *out)
{
    static const char detail[] = "indMsgs.appId";
    size_t count;
    if (!cJSON_IsArray(value))
        return tree_identifier(value, MSGIN5G_APP_ID_MAX, &out->app_id) ? NULL : detail;
    if (!value_app_ids(value, items->app_ids, &count))
        return detail;
    out->app_id = items->app_ids[0];
    if (count > 1) {
        out->app_ids = items->app_ids;
        out->app_id_count = count;
    }
    items->app_ids += count;
    return NULL;
}

static const char *read_msg(struct items *items, const cJSON *object, struct msgin5g_item *out)
{
    const cJSON *app_id = tree_member(object, "appId");
    const cJSON *report = tree_member(object, "isDelivStatReq");
    const cJSON *priority = tree_member(object, "priority");
    if (!tree_string(tree_member(object, "payload"), &out->payload))
        return "indMsgs.payload";
    if (report != NULL && !value_flag(report, &out->report_requested))
        return "indMsgs.isDelivStatReq";
    if (priority != NULL && !value_priority(priority, &out->priority))
        return "indMsgs.priority";
    return app_id != NULL ? read_app_id(items, app_id, out) : NULL;
}

static const char *read_imdn(struct items *items, const cJSON *object, struct msgin5g_item *out)
{
    const cJSON *cause = tree_member(object, "Cause");
    (void)items;
    if (!value_delivery_status(tree_member(object, "DelSta"), MSGIN5G_TYPE_IMDN, &out->delivery_status))
        return "indMsgs.DelSta";
    if (cause != NULL && !tree_string(cause, &out->cause))
        return "indMsgs.Cause";
    if (out->delivery_status == MSGIN5G_DELIVERY_SUCCESS)
        out->cause = (struct msgin5g_str){ NULL, 0 };
    return NULL;
}

static const char *read_item(struct items *items, read_item_fn *read, const cJSON *object, struct msgin5g_item *out)
{
    *out = (struct msgin5g_item){ .priority = MSGIN5G_PRIORITY_NORMAL };
    if (!cJSON_IsObject(object))
        return "indMsgs";
    if (!tree_string(tree_member(object, "msgId"), &out->msg_id) || !msgin5g_uuid_valid(out->msg_id))
        return "indMsgs.msgId";
    return read(items, object, out);
}

/* Entries of all arrays among the appId of the items; an item of its own has no more than a few. */
static size_t count_app_ids(const cJSON *array)
{
    const cJSON *object = NULL;
    size_t count = 0;
    cJSON_ArrayForEach(object, array)
    {
        const cJSON *app_id = tree_member(object, "appId");
        if (cJSON_IsArray(app_id))
            count += (size_t)cJSON_GetArraySize(app_id);
    }
    return count;
}

static struct items *items_new(const cJSON *array, size_t count)
{
    size_t app_ids = count_app_ids(array);
    struct items *items =
        calloc(1, sizeof *items + count * sizeof items->items[0] + app_ids * sizeof items->app_ids[0]);
    if (items != NULL)
        items->app_ids = (struct msgin5g_str *)(void *)&items->items[count];
    return items;
}

enum msgin5g_err items_read(const cJSON *array, enum msgin5g_type type, struct items **out, const char **detail)
{
    read_item_fn *read = type == MSGIN5G_TYPE_IMDN ? read_imdn : read_msg;
    size_t count = cJSON_IsArray(array) ? (size_t)cJSON_GetArraySize(array) : 0;
    size_t payload_octets = 0;
    const cJSON *object = NULL;
    *out = NULL;
    *detail = "indMsgs";
    if (count == 0)
        return MSGIN5G_ERR_MALFORMED;
    struct items *items = *out = items_new(array, count);
    if (items == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    cJSON_ArrayForEach(object, array)
    {
        struct msgin5g_item *item = &items->items[items->count++];
        if ((*detail = read_item(items, read, object, item)) != NULL)
            return MSGIN5G_ERR_MALFORMED;
        payload_octets += item->payload.length;
    }
    if (payload_octets <= MSGIN5G_PAYLOAD_MAX)
        return MSGIN5G_OK;
    *detail = "indMsgs.payload";
    return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
}
