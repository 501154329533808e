#include "token_json.h"

#include "base/json_check.h"
#include "base/secret.h"

#include <cjson/cJSON.h>
#include <string.h>
#include <strings.h>

#define LIFETIME_MAX_S 604800.0 /* a longer one is cut to this */

static bool read_token(const cJSON *value, char out[TOKEN_MAX + 1])
{
    if (!cJSON_IsString(value))
        return false;
    size_t length = strlen(value->valuestring);
    if (length == 0 || length > TOKEN_MAX)
        return false;
    for (size_t i = 0; i < length; i++)
        if (value->valuestring[i] <= ' ' || value->valuestring[i] >= 0x7f)
            return false;
    memcpy(out, value->valuestring, length + 1);
    return true;
}

static bool read_lifetime(const cJSON *value, int64_t *out)
{
    if (value == NULL)
        return true;
    if (!cJSON_IsNumber(value) || !(value->valuedouble >= 1))
        return false;
    *out = (int64_t)(value->valuedouble > LIFETIME_MAX_S ? LIFETIME_MAX_S : value->valuedouble);
    return true;
}

enum msgin5g_err token_answer_decode(struct msgin5g_str body, struct token_answer *out)
{
    const char *problem;
    memset(out, 0, sizeof *out);
    if (json_check((const uint8_t *)body.octets, body.length, NULL, &problem) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    cJSON *root = cJSON_ParseWithLength(body.octets, body.length);
    if (root == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    cJSON *token = cJSON_GetObjectItemCaseSensitive(root, "access_token");
    const cJSON *type = cJSON_GetObjectItemCaseSensitive(root, "token_type");
    bool good = cJSON_IsString(type) && strcasecmp(type->valuestring, "Bearer") == 0 && read_token(token, out->token) &&
                read_lifetime(cJSON_GetObjectItemCaseSensitive(root, "expires_in"), &out->lifetime_s);
    if (cJSON_IsString(token))
        secret_wipe(token->valuestring, strlen(token->valuestring));
    cJSON_Delete(root);
    if (!good)
        secret_wipe(out, sizeof *out);
    return good ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}
