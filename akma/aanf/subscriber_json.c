#include "subscriber_json.h"

#include "base/json_check.h"
#include "base/secret.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const struct config_key *find_row(const char *name)
{
    for (const struct config_key *row = subscriber_config_keys; row->name != NULL; row++)
        if (strcmp(row->name, name) == 0)
            return row;
    return NULL;
}

static void *place_of(struct subscriber_config *config, const struct config_key *row)
{
    return (char *)config + row->offset;
}

static enum msgin5g_err put_string(struct subscriber_config *config, const struct config_key *row, const char *text)
{
    char **place = place_of(config, row);
    char *copy = strdup(text);
    if (copy == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (*place != NULL)
        secret_wipe(*place, strlen(*place));
    free(*place);
    *place = copy;
    return MSGIN5G_OK;
}

static bool within(const struct config_key *row, int64_t value)
{
    return (row->min == 0 && row->max == 0) || (value >= row->min && value <= row->max);
}

/* A whole number that a double holds exactly. */
static bool whole(double value)
{
    return value >= -9e15 && value <= 9e15 && value == (double)(int64_t)value;
}

/* The rows of the configuration file say what a member may be. */
static enum msgin5g_err read_member(struct subscriber_config *config, const struct config_key *row, const cJSON *member)
{
    if (row->type == CONFIG_STRING && cJSON_IsString(member) && within(row, (int64_t)strlen(member->valuestring)))
        return put_string(config, row, member->valuestring);
    if (row->type == CONFIG_BOOL && cJSON_IsBool(member)) {
        *(bool *)place_of(config, row) = cJSON_IsTrue(member);
        return MSGIN5G_OK;
    }
    if (row->type == CONFIG_INT && cJSON_IsNumber(member) && whole(member->valuedouble) &&
        within(row, (int64_t)member->valuedouble)) {
        *(int64_t *)place_of(config, row) = (int64_t)member->valuedouble;
        return MSGIN5G_OK;
    }
    return MSGIN5G_ERR_MALFORMED;
}

static bool appears_before(const cJSON *root, const cJSON *member)
{
    for (const cJSON *earlier = root->child; earlier != member; earlier = earlier->next)
        if (strcmp(earlier->string, member->string) == 0)
            return true;
    return false;
}

static enum msgin5g_err read_members(
    const cJSON *root, struct subscriber_config *config, struct subscriber_problem *problem)
{
    for (const cJSON *member = root->child; member != NULL; member = member->next) {
        const struct config_key *row = find_row(member->string);
        if (row == NULL || appears_before(root, member)) {
            problem->member = row != NULL ? row->name : NULL;
            problem->what = row != NULL ? "appears twice" : "there is a member that no subscriber has";
            return MSGIN5G_ERR_MALFORMED;
        }
        enum msgin5g_err err = read_member(config, row, member);
        if (err != MSGIN5G_OK) {
            *problem = (struct subscriber_problem){ row->name, "not of the right type or length" };
            return err;
        }
    }
    return MSGIN5G_OK;
}

static void delete_wiped(cJSON *root)
{
    for (cJSON *member = root->child; member != NULL; member = member->next)
        if (cJSON_IsString(member))
            secret_wipe(member->valuestring, strlen(member->valuestring));
    cJSON_Delete(root);
}

/* OP in place of OPc, or the other way round: the one that came counts. */
static enum msgin5g_err one_op(const cJSON *root, struct subscriber_config *config)
{
    bool op = cJSON_GetObjectItemCaseSensitive(root, "op") != NULL;
    bool opc = cJSON_GetObjectItemCaseSensitive(root, "opc") != NULL;
    if (op == opc)
        return MSGIN5G_OK;
    return put_string(config, find_row(op ? "opc" : "op"), "");
}

enum msgin5g_err subscriber_json_decode(
    struct msgin5g_str body, struct subscriber_config *config, struct subscriber_problem *problem)
{
    *problem = (struct subscriber_problem){ NULL, "the body must be one JSON object" };
    const char *reason;
    if (json_check((const uint8_t *)body.octets, body.length, NULL, &reason) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    cJSON *root = cJSON_ParseWithLength(body.octets, body.length);
    if (root == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = MSGIN5G_ERR_MALFORMED;
    if (cJSON_IsObject(root))
        err = read_members(root, config, problem);
    if (err == MSGIN5G_OK)
        err = one_op(root, config);
    delete_wiped(root);
    if (err != MSGIN5G_OK)
        return err;
    *problem = (struct subscriber_problem){ config->supi == NULL ? "supi" : "k", "is required" };
    if (config->supi == NULL || config->k == NULL)
        return MSGIN5G_ERR_MALFORMED;
    *problem = subscriber_config_problem(config);
    return problem->what == NULL ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}
