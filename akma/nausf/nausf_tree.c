#include "nausf_tree.h"

#include "base/json_check.h"

#include <string.h>

#define MEMBERS_MAX 64 /* of one object: keeps the search for duplicates from being quadratic in the body */

enum msgin5g_err nausf_refuse(struct naanf_problem *problem, const char *cause, const char *param, const char *reason)
{
    *problem = (struct naanf_problem){ cause, param, reason };
    return MSGIN5G_ERR_MALFORMED;
}

static const char *names_problem(const cJSON *object)
{
    size_t count = 0;
    for (const cJSON *member = object->child; member != NULL; member = member->next) {
        if (++count > MEMBERS_MAX)
            return "too many members";
        for (const cJSON *earlier = object->child; earlier != member; earlier = earlier->next)
            if (strcmp(earlier->string, member->string) == 0)
                return "a member appears twice"; /* TS 29.501 6.2 */
    }
    return NULL;
}

/* Recursion ends at the depth json_check() allows. */
static const char *tree_problem(const cJSON *value)
{
    const char *reason = cJSON_IsObject(value) ? names_problem(value) : NULL;
    for (const cJSON *child = value->child; child != NULL && reason == NULL; child = child->next)
        reason = tree_problem(child);
    return reason;
}

static void wipe_strings(cJSON *value)
{
    if (cJSON_IsString(value))
        secret_wipe(value->valuestring, strlen(value->valuestring));
    for (cJSON *child = value->child; child != NULL; child = child->next)
        wipe_strings(child);
}

void nausf_tree_free(cJSON *root)
{
    if (root != NULL)
        wipe_strings(root);
    cJSON_Delete(root);
}

enum msgin5g_err nausf_tree_parse(struct msgin5g_str body, cJSON **out, struct naanf_problem *problem)
{
    const char *reason;
    if (json_check((const uint8_t *)body.octets, body.length, NULL, &reason) != MSGIN5G_OK)
        return nausf_refuse(problem, "INVALID_MSG_FORMAT", NULL, reason);
    cJSON *root = cJSON_ParseWithLength(body.octets, body.length);
    if (root == NULL) {
        *problem = (struct naanf_problem){ "SYSTEM_FAILURE", NULL, "out of memory" };
        return MSGIN5G_ERR_NO_MEMORY;
    }
    reason = cJSON_IsObject(root) ? tree_problem(root) : "not an object";
    if (reason != NULL) {
        nausf_tree_free(root);
        return nausf_refuse(problem, "INVALID_MSG_FORMAT", NULL, reason);
    }
    *out = root;
    return MSGIN5G_OK;
}

static enum msgin5g_err find(const cJSON *object, const char *pointer, const cJSON **out, struct naanf_problem *problem)
{
    *out = cJSON_GetObjectItemCaseSensitive(object, strrchr(pointer, '/') + 1);
    return *out != NULL ? MSGIN5G_OK : nausf_refuse(problem, "MANDATORY_IE_MISSING", pointer, "missing");
}

enum msgin5g_err nausf_tree_object(
    const cJSON *object, const char *pointer, const cJSON **out, struct naanf_problem *problem)
{
    enum msgin5g_err err = find(object, pointer, out, problem);
    if (err == MSGIN5G_OK && !cJSON_IsObject(*out))
        err = nausf_refuse(problem, "INVALID_MSG_FORMAT", pointer, "not an object");
    return err;
}

static enum msgin5g_err find_text(
    const cJSON *object, const char *pointer, const char **out, struct naanf_problem *problem)
{
    const cJSON *member;
    enum msgin5g_err err = find(object, pointer, &member, problem);
    if (err == MSGIN5G_OK && !cJSON_IsString(member))
        err = nausf_refuse(problem, "INVALID_MSG_FORMAT", pointer, "not a string");
    if (err == MSGIN5G_OK)
        *out = member->valuestring;
    return err;
}

enum msgin5g_err nausf_tree_text(
    const cJSON *object, const char *pointer, char *out, size_t max, struct naanf_problem *problem)
{
    const char *text;
    enum msgin5g_err err = find_text(object, pointer, &text, problem);
    if (err != MSGIN5G_OK)
        return err;
    size_t length = strlen(text);
    if (length == 0 || length > max)
        return nausf_refuse(problem, "MANDATORY_IE_INCORRECT", pointer, "empty or too long");
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
            return nausf_refuse(problem, "MANDATORY_IE_INCORRECT", pointer, "has blanks or control characters");
    memcpy(out, text, length + 1);
    return MSGIN5G_OK;
}

enum msgin5g_err nausf_tree_hex(
    const cJSON *object, const char *pointer, void *out, size_t length, struct naanf_problem *problem)
{
    const char *text;
    enum msgin5g_err err = find_text(object, pointer, &text, problem);
    if (err == MSGIN5G_OK && secret_from_hex(msgin5g_str(text), out, length) != MSGIN5G_OK)
        err = nausf_refuse(problem, "MANDATORY_IE_INCORRECT", pointer, "wrong number of digits, or not hexadecimal");
    return err;
}
