#include "tree_json.h"

#include <string.h>

#define EXACT_MAX (INT64_C(1) << 53) /* integers up to here are exact in a double */

/* True when no object in the tree has too many members or two of the same name. Depth is bounded by json_check(). */
static bool names_valid(const cJSON *item, const char **detail)
{
    size_t count = 0;
    for (const cJSON *a = item->child; a != NULL; a = a->next) {
        if (a->child != NULL && !names_valid(a, detail))
            return false;
        if (!cJSON_IsObject(item))
            continue;
        if (++count > TREE_MEMBERS_MAX) {
            *detail = "too many members";
            return false;
        }
        for (const cJSON *b = item->child; b != a; b = b->next) {
            if (a->string[0] == b->string[0] && strcmp(a->string, b->string) == 0) {
                *detail = "a member appears twice";
                return false;
            }
        }
    }
    return true;
}

enum msgin5g_err tree_parse(const uint8_t *text, size_t length, struct json_nul *nul, cJSON **out, const char **detail)
{
    if (json_check(text, length, nul, detail) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    cJSON *root = cJSON_ParseWithLength((const char *)text, length);
    if (root == NULL) { /* out of memory: the only reason left behind json_check() */
        *detail = msgin5g_err_text(MSGIN5G_ERR_NO_MEMORY);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    if (!cJSON_IsObject(root))
        *detail = "not a JSON object";
    else if (names_valid(root, detail)) {
        *out = root;
        return MSGIN5G_OK;
    }
    cJSON_Delete(root);
    return MSGIN5G_ERR_MALFORMED;
}

const cJSON *tree_member(const cJSON *object, const char *name)
{
    return cJSON_IsObject(object) ? cJSON_GetObjectItemCaseSensitive(object, name) : NULL;
}

bool tree_string(const cJSON *item, struct msgin5g_str *out)
{
    if (!cJSON_IsString(item))
        return false;
    *out = msgin5g_str(item->valuestring);
    return true;
}

bool tree_is(const cJSON *item, const char *word)
{
    return cJSON_IsString(item) && strcmp(item->valuestring, word) == 0;
}

bool tree_identifier(const cJSON *item, size_t max, struct msgin5g_str *out)
{
    struct msgin5g_str text;
    if (!tree_string(item, &text) || text.length == 0 || text.length > max)
        return false;
    for (size_t i = 0; i < text.length; i++) {
        if ((unsigned char)text.octets[i] < 0x20 || text.octets[i] == 0x7F)
            return false;
    }
    *out = text;
    return true;
}

bool tree_integer(const cJSON *item, int64_t *out)
{
    if (!cJSON_IsNumber(item))
        return false;
    double value = item->valuedouble;
    if (value >= (double)EXACT_MAX || value <= -(double)EXACT_MAX)
        value = value > 0 ? (double)EXACT_MAX : -(double)EXACT_MAX;
    *out = (int64_t)value;
    return (double)*out == value;
}

static bool read_addr_type(const cJSON *item, enum msgin5g_addr_type *out)
{
    for (int type = 0; type < MSGIN5G_ADDR_COUNT; type++) {
        if (tree_is(item, msgin5g_addr_type_text((enum msgin5g_addr_type)type))) {
            *out = (enum msgin5g_addr_type)type;
            return true;
        }
    }
    return false;
}

bool tree_address(const cJSON *item, const char *type_name, struct msgin5g_address *out)
{
    struct msgin5g_address address;
    if (!read_addr_type(tree_member(item, type_name), &address.type))
        return false;
    if (!tree_identifier(tree_member(item, "addr"), MSGIN5G_SERVICE_ID_MAX, &address.addr))
        return false;
    *out = address;
    return true;
}
