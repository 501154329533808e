#include "tree_json.h"

/* {"oriAddr":..., "result":..., "regExpTime":..., "cause":...} (TS 24.538 7.3.3.1, 7.3.3.2) */
static bool read_response(const cJSON *root, struct msgin5g_reg_response *out)
{
    const cJSON *result = tree_member(root, "result");
    const cJSON *reg_exp_time = tree_member(root, "regExpTime");
    const cJSON *cause = tree_member(root, "cause");
    struct msgin5g_address address;
    int64_t seconds = MSGIN5G_REG_EXP_TIME_NONE;
    struct msgin5g_str text = { NULL, 0 };
    if (!tree_address(tree_member(root, "oriAddr"), "oriAddrType", &address) || address.type != MSGIN5G_ADDR_UE)
        return false;
    if (!cJSON_IsBool(result))
        return false;
    if (reg_exp_time != NULL && (!tree_integer(reg_exp_time, &seconds) || seconds < 0))
        return false;
    if (cause != NULL && !tree_string(cause, &text))
        return false;
    *out = (struct msgin5g_reg_response){ .ue_service_id = address.addr, .result = cJSON_IsTrue(result) };
    out->reg_exp_time_s = out->result ? seconds : MSGIN5G_REG_EXP_TIME_NONE;
    if (!out->result)
        out->cause = text;
    return true;
}

enum msgin5g_err msgin5g_reg_response_decode(const uint8_t *body, size_t length, struct msgin5g_reg_response *out)
{
    cJSON *root = NULL;
    const char *detail = NULL;
    if (length > MSGIN5G_MESSAGE_MAX)
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = tree_parse(body, length, NULL, &root, &detail);
    if (err != MSGIN5G_OK)
        return err;
    if (!read_response(root, out)) {
        cJSON_Delete(root);
        return MSGIN5G_ERR_MALFORMED;
    }
    out->storage = root;
    return MSGIN5G_OK;
}

void msgin5g_reg_response_free(struct msgin5g_reg_response *response)
{
    cJSON_Delete(response->storage);
    response->storage = NULL;
}
