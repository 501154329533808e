#include "response_json.h"

#include "tree_json.h"

/* The response to GWREG has names of its own (TS 24.538 7.3.3.3). */
struct names {
    const char *time;
    const char *cause;
};

static const struct names reg_names = { "regExpTime", "cause" };
static const struct names gwreg_names = { "acceptedTime", "failure reason" };

static bool read_seconds(const cJSON *item, int64_t *out)
{
    return item == NULL || (tree_integer(item, out) && *out >= 0);
}

static bool read_result(const cJSON *root, const struct names *names, struct msgin5g_reg_response *out)
{
    const cJSON *result = tree_member(root, "result");
    const cJSON *cause = tree_member(root, names->cause);
    int64_t seconds = MSGIN5G_REG_EXP_TIME_NONE;
    struct msgin5g_str text = { NULL, 0 };
    if (!cJSON_IsBool(result) || !read_seconds(tree_member(root, names->time), &seconds))
        return false;
    if (cause != NULL && !tree_string(cause, &text))
        return false;
    out->result = cJSON_IsTrue(result);
    if (out->result)
        out->reg_exp_time_s = seconds;
    else
        out->cause = text;
    return true;
}

/* {"oriAddr":..., "expectedTime":...} of a gateway that holds the request (TS 24.538 6.3.4.3.1, 7.3.3.1) */
static bool read_deferred(const cJSON *root, struct msgin5g_reg_response *out)
{
    const cJSON *expected = tree_member(root, "expectedTime");
    out->deferred = expected != NULL && tree_member(root, "result") == NULL;
    return out->deferred && read_seconds(expected, &out->expected_time_s);
}

static bool read_response(const cJSON *root, const struct names *names, struct msgin5g_reg_response *out)
{
    struct msgin5g_address address;
    struct msgin5g_reg_response response = { .reg_exp_time_s = MSGIN5G_REG_EXP_TIME_NONE };
    if (!tree_address(tree_member(root, "oriAddr"), "oriAddrType", &address) || address.type != MSGIN5G_ADDR_UE)
        return false;
    response.ue_service_id = address.addr;
    if (!read_result(root, names, &response) && !(names == &reg_names && read_deferred(root, &response)))
        return false;
    *out = response;
    return true;
}

bool response_read(const cJSON *root, struct msgin5g_reg_response *out)
{
    return read_response(root, &reg_names, out) && !out->deferred;
}

static enum msgin5g_err decode(
    const uint8_t *body, size_t length, const struct names *names, struct msgin5g_reg_response *out)
{
    cJSON *root = NULL;
    const char *detail = NULL;
    if (length > MSGIN5G_MESSAGE_MAX)
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = tree_parse(body, length, NULL, &root, &detail);
    if (err != MSGIN5G_OK)
        return err;
    if (!read_response(root, names, out)) {
        cJSON_Delete(root);
        return MSGIN5G_ERR_MALFORMED;
    }
    out->storage = root;
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_reg_response_decode(const uint8_t *body, size_t length, struct msgin5g_reg_response *out)
{
    return decode(body, length, &reg_names, out);
}

enum msgin5g_err msgin5g_gwreg_response_decode(const uint8_t *body, size_t length, struct msgin5g_reg_response *out)
{
    return decode(body, length, &gwreg_names, out);
}

void msgin5g_reg_response_free(struct msgin5g_reg_response *response)
{
    cJSON_Delete(response->storage);
    response->storage = NULL;
}

static void write_response(
    struct json_writer *w, const struct names *names, const struct msgin5g_reg_response *response)
{
    json_object_begin(w, NULL);
    json_object_begin(w, "oriAddr");
    json_text(w, "oriAddrType", msgin5g_addr_type_text(MSGIN5G_ADDR_UE));
    json_string(w, "addr", response->ue_service_id);
    json_object_end(w);
    if (response->deferred)
        json_integer(w, "expectedTime", response->expected_time_s);
    else
        json_bool(w, "result", response->result);
    if (response->result && response->reg_exp_time_s >= 0)
        json_integer(w, names->time, response->reg_exp_time_s);
    if (!response->deferred && !response->result && response->cause.octets != NULL)
        json_string(w, names->cause, response->cause);
    json_object_end(w);
}

void response_write(struct json_writer *w, const struct msgin5g_reg_response *response)
{
    write_response(w, &reg_names, response);
}

static enum msgin5g_err encode(const struct names *names, const struct msgin5g_reg_response *response, uint8_t *out,
    size_t capacity, size_t *length)
{
    struct json_writer w;
    if (response->ue_service_id.length == 0 || (response->deferred && names != &reg_names))
        return MSGIN5G_ERR_INVALID;
    json_writer_init(&w, out, capacity);
    write_response(&w, names, response);
    return response_finish(&w, length);
}

enum msgin5g_err response_finish(const struct json_writer *w, size_t *length)
{
    enum msgin5g_err err = json_writer_finish(w, length);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err;
}

enum msgin5g_err msgin5g_reg_response_encode(
    const struct msgin5g_reg_response *response, uint8_t *out, size_t capacity, size_t *length)
{
    return encode(&reg_names, response, out, capacity, length);
}

enum msgin5g_err msgin5g_gwreg_response_encode(
    const struct msgin5g_reg_response *response, uint8_t *out, size_t capacity, size_t *length)
{
    return encode(&gwreg_names, response, out, capacity, length);
}
