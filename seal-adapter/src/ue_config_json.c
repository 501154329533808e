#include "seal/ue_config.h"

#include "base/json_check.h"
#include "base/json_writer.h"

#include <cjson/cJSON.h>

enum msgin5g_err seal_ue_config_encode_json(
    const struct seal_ue_config *config, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer writer;
    json_writer_init(&writer, out, capacity);
    json_object_begin(&writer, NULL);
    json_string(&writer, "ueServiceId", config->ue_service_id);
    json_string(&writer, "serverAddress", config->server_address);
    if (config->segment_size > 0)
        json_integer(&writer, "segmentSize", config->segment_size);
    json_object_end(&writer);
    enum msgin5g_err err = json_writer_finish(&writer, length);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_PAYLOAD_TOO_LARGE : err;
}

static bool read_text(const cJSON *root, const char *name, struct msgin5g_str *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, name);
    if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
        return false;
    *out = msgin5g_str(item->valuestring);
    return true;
}

static bool read_size(const cJSON *root, uint32_t *out)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, "segmentSize");
    *out = 0;
    if (item == NULL)
        return true;
    if (!cJSON_IsNumber(item) || item->valuedouble < 1 || item->valuedouble > UINT32_MAX)
        return false;
    *out = (uint32_t)item->valuedouble;
    return (double)*out == item->valuedouble;
}

enum msgin5g_err seal_ue_config_decode_json(const uint8_t *body, size_t length, struct seal_ue_config *out)
{
    struct seal_ue_config config = { .segment_size = 0 };
    const char *problem;
    if (length > SEAL_UE_CONFIG_MAX || json_check(body, length, NULL, &problem) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    cJSON *root = cJSON_ParseWithLength((const char *)body, length);
    if (root == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (!cJSON_IsObject(root) || !read_text(root, "ueServiceId", &config.ue_service_id) ||
        !read_text(root, "serverAddress", &config.server_address) || !read_size(root, &config.segment_size)) {
        cJSON_Delete(root);
        return MSGIN5G_ERR_MALFORMED;
    }
    config.storage = root;
    *out = config;
    return MSGIN5G_OK;
}

void seal_ue_config_free(struct seal_ue_config *config)
{
    cJSON_Delete(config->storage);
    config->storage = NULL;
}
