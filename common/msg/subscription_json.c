#include "base/clock.h"
#include "base/json_writer.h"
#include "msgin5g/message.h"
#include "tree_json.h"

#define UTC_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z, the end of RFC 3339 */

static const char *const status_texts[] = {
#define STATUS_TEXT(name) #name,
    MSGIN5G_SUB_STATUSES(STATUS_TEXT)
#undef STATUS_TEXT
};

/* Absent is 0; an instant before 1970 is as past as its first second. */
static bool read_expire_time(const cJSON *root, int64_t *out)
{
    const cJSON *item = tree_member(root, "expireTime");
    struct msgin5g_str text;
    int64_t utc_s;
    *out = 0;
    if (item == NULL)
        return true;
    if (!tree_string(item, &text) || clock_parse_rfc3339(text, &utc_s) != MSGIN5G_OK)
        return false;
    *out = utc_s < 1 ? 1 : utc_s > UTC_MAX_S ? UTC_MAX_S : utc_s;
    return true;
}

static void write_expire_time(struct json_writer *w, int64_t utc_s)
{
    char text[CLOCK_RFC3339_LEN + 1];
    if (utc_s == 0)
        return;
    if (clock_format_rfc3339(utc_s, text) == MSGIN5G_OK)
        json_text(w, "expireTime", text);
    else
        w->err = MSGIN5G_ERR_INVALID;
}

static enum msgin5g_err finish(struct json_writer *w, size_t *length)
{
    json_object_end(w);
    enum msgin5g_err err = json_writer_finish(w, length);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err;
}

static enum msgin5g_err parse(const uint8_t *body, size_t length, cJSON **root)
{
    const char *detail = NULL;
    return length > MSGIN5G_MESSAGE_MAX ? MSGIN5G_ERR_MALFORMED : tree_parse(body, length, NULL, root, &detail);
}

enum msgin5g_err msgin5g_subscribe_encode(
    const struct msgin5g_subscribe *request, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    if (request->ue_service_id.length == 0)
        return MSGIN5G_ERR_INVALID;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    json_object_begin(&w, "oriAddr");
    json_text(&w, "oriAddrType", msgin5g_addr_type_text(MSGIN5G_ADDR_UE));
    json_string(&w, "addr", request->ue_service_id);
    json_object_end(&w);
    write_expire_time(&w, request->expire_time_s);
    return finish(&w, length);
}

enum msgin5g_err msgin5g_subscribe_decode(const uint8_t *body, size_t length, struct msgin5g_subscribe *out)
{
    struct msgin5g_subscribe request = { .expire_time_s = 0 };
    struct msgin5g_address address;
    cJSON *root = NULL;
    enum msgin5g_err err = parse(body, length, &root);
    if (err != MSGIN5G_OK)
        return err;
    if (!tree_address(tree_member(root, "oriAddr"), "oriAddrType", &address) || address.type != MSGIN5G_ADDR_UE ||
        !read_expire_time(root, &request.expire_time_s)) {
        cJSON_Delete(root);
        return MSGIN5G_ERR_MALFORMED;
    }
    *out = request;
    out->ue_service_id = address.addr;
    out->storage = root;
    return MSGIN5G_OK;
}

void msgin5g_subscribe_free(struct msgin5g_subscribe *request)
{
    cJSON_Delete(request->storage);
    request->storage = NULL;
}

enum msgin5g_err msgin5g_sub_response_encode(
    const struct msgin5g_sub_response *response, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    enum msgin5g_sub_status status = response->status;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    json_text(&w, "subStat", status_texts[status]);
    if (status == MSGIN5G_SUB_ADDED || status == MSGIN5G_SUB_UPDATED)
        write_expire_time(&w, response->expire_time_s);
    if (status == MSGIN5G_SUB_FAILED && response->cause.octets != NULL)
        json_string(&w, "cause", response->cause);
    return finish(&w, length);
}

static bool read_status(const cJSON *root, enum msgin5g_sub_status *out)
{
    for (int status = 0; status < MSGIN5G_SUB_STATUS_COUNT; status++) {
        if (tree_is(tree_member(root, "subStat"), status_texts[status])) {
            *out = (enum msgin5g_sub_status)status;
            return true;
        }
    }
    return false;
}

enum msgin5g_err msgin5g_sub_response_decode(const uint8_t *body, size_t length, struct msgin5g_sub_response *out)
{
    struct msgin5g_sub_response response = { .expire_time_s = 0 };
    cJSON *root = NULL;
    enum msgin5g_err err = parse(body, length, &root);
    if (err != MSGIN5G_OK)
        return err;
    const cJSON *cause = tree_member(root, "cause");
    if (!read_status(root, &response.status) || !read_expire_time(root, &response.expire_time_s) ||
        (cause != NULL && !tree_string(cause, &response.cause))) {
        cJSON_Delete(root);
        return MSGIN5G_ERR_MALFORMED;
    }
    *out = response;
    out->storage = root;
    return MSGIN5G_OK;
}

void msgin5g_sub_response_free(struct msgin5g_sub_response *response)
{
    cJSON_Delete(response->storage);
    response->storage = NULL;
}
