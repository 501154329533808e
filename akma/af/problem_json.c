#include "problem_json.h"

#include "base/json_check.h"

#include <cjson/cJSON.h>
#include <string.h>

bool problem_has_cause(struct msgin5g_str body, const char *cause)
{
    const char *problem;
    if (json_check((const uint8_t *)body.octets, body.length, NULL, &problem) != MSGIN5G_OK)
        return false;
    cJSON *root = cJSON_ParseWithLength(body.octets, body.length);
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(root, "cause");
    bool equal = cJSON_IsString(member) && strcmp(member->valuestring, cause) == 0;
    cJSON_Delete(root);
    return equal;
}
