#include "faults.h"

#include "base/json_check.h"

#include <cjson/cJSON.h>
#include <string.h>

static bool read_integer(const cJSON *member, int64_t min, int64_t max, int64_t *out)
{
    if (!cJSON_IsNumber(member) || member->valuedouble < (double)min || member->valuedouble > (double)max)
        return false;
    *out = (int64_t)member->valuedouble;
    return true;
}

static bool read_choice(const cJSON *member, const char *const *choices, int *out)
{
    for (int i = 0; cJSON_IsString(member) && choices[i] != NULL; i++) {
        if (strcmp(member->valuestring, choices[i]) != 0)
            continue;
        *out = i;
        return true;
    }
    return false;
}

/* It goes into a header: visible ASCII alone. */
static bool read_location(const cJSON *member, char out[FAULTS_LOCATION_MAX + 1])
{
    if (!cJSON_IsString(member) || !faults_location_valid(member->valuestring))
        return false;
    memcpy(out, member->valuestring, strlen(member->valuestring) + 1);
    return true;
}

static bool read_member(const cJSON *member, struct faults_setting *setting)
{
    if (strcmp(member->string, "latency_ms") == 0)
        return read_integer(member, 0, FAULTS_LATENCY_MAX_MS, &setting->latency_ms);
    if (strcmp(member->string, "status") == 0)
        return read_integer(member, 0, 599, &setting->status) && (setting->status == 0 || setting->status >= 200);
    if (strcmp(member->string, "location") == 0)
        return read_location(member, setting->location);
    if (strcmp(member->string, "reset") == 0)
        return read_choice(member, faults_resets, &setting->reset);
    if (strcmp(member->string, "key") == 0)
        return read_choice(member, faults_keys, &setting->key);
    if (strcmp(member->string, "expiry") == 0)
        return read_choice(member, faults_expiries, &setting->expiry);
    if (strcmp(member->string, "body") == 0)
        return read_choice(member, faults_bodies, &setting->body);
    if (strcmp(member->string, "drop") != 0 || !cJSON_IsBool(member))
        return false;
    setting->drop = cJSON_IsTrue(member);
    return true;
}

enum msgin5g_err faults_json_decode(struct msgin5g_str body, struct faults_setting *setting)
{
    const char *problem;
    struct faults_setting changed = *setting;
    if (json_check((const uint8_t *)body.octets, body.length, NULL, &problem) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    cJSON *root = cJSON_ParseWithLength(body.octets, body.length);
    bool good = cJSON_IsObject(root);
    for (const cJSON *member = good ? root->child : NULL; good && member != NULL; member = member->next)
        good = read_member(member, &changed);
    cJSON_Delete(root);
    if (!good)
        return MSGIN5G_ERR_MALFORMED;
    *setting = changed;
    return MSGIN5G_OK;
}
