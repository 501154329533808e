/* Lists of registrations and de-registrations, and of the responses to them (EC-5); requests are read in
 * message_json.c. */
#include "response_json.h"
#include "tree_json.h"

#include <stdlib.h>

struct storage {
    cJSON *root;
    struct msgin5g_reg_response entries[];
};

static const char *count_name(enum msgin5g_type type)
{
    return type == MSGIN5G_TYPE_REG ? "indRegCount" : "indDeregCount";
}

static const char *list_name(enum msgin5g_type type)
{
    return type == MSGIN5G_TYPE_REG ? "indRegs" : "indDeregs";
}

enum msgin5g_err msgin5g_bulk_encode(enum msgin5g_type type, struct msgin5g_str ori, const struct msgin5g_str *bodies,
    size_t count, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    if ((type != MSGIN5G_TYPE_REG && type != MSGIN5G_TYPE_DEREG) || ori.length == 0 || count == 0 ||
        count > MSGIN5G_BULK_ENTRIES_MAX)
        return MSGIN5G_ERR_INVALID;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    json_text(&w, "msgIden", MSGIN5G_SERVICE_IDENTIFIER);
    json_text(&w, "msgType", type == MSGIN5G_TYPE_REG ? "BREG" : "DEREG"); /* TS 24.538 6.3.4.3.2, 6.3.4.3.5 */
    json_object_begin(&w, "oriAddr");
    json_text(&w, "oriAddrType", msgin5g_addr_type_text(MSGIN5G_ADDR_UE));
    json_string(&w, "addr", ori);
    json_object_end(&w);
    json_integer(&w, count_name(type), (int64_t)count);
    json_array_begin(&w, list_name(type));
    for (size_t i = 0; i < count; i++)
        json_raw(&w, NULL, bodies[i]);
    json_array_end(&w);
    json_object_end(&w);
    return response_finish(&w, length);
}

enum msgin5g_err msgin5g_bulk_response_encode(
    const struct msgin5g_bulk_response *response, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    json_writer_init(&w, out, capacity);
    json_object_begin(&w, NULL);
    json_integer(&w, count_name(response->type), (int64_t)response->count);
    json_array_begin(&w, list_name(response->type));
    for (size_t i = 0; i < response->count; i++)
        response_write(&w, &response->entries[i]);
    json_array_end(&w);
    json_object_end(&w);
    return response_finish(&w, length);
}

/* The list, when there are as many entries as it says. */
static const cJSON *find_list(const cJSON *root, enum msgin5g_type type)
{
    const cJSON *list = tree_member(root, list_name(type));
    int64_t count = 0;
    if (!cJSON_IsArray(list) || !tree_integer(tree_member(root, count_name(type)), &count) || count < 1 ||
        count > MSGIN5G_BULK_ENTRIES_MAX || cJSON_GetArraySize(list) != count)
        return NULL;
    return list;
}

static enum msgin5g_err read_list(const cJSON *list, struct storage **out, size_t *count)
{
    const cJSON *object = NULL;
    size_t read = 0;
    struct storage *storage =
        calloc(1, sizeof *storage + (size_t)cJSON_GetArraySize(list) * sizeof storage->entries[0]);
    if (storage == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    cJSON_ArrayForEach(object, list)
    {
        if (response_read(object, &storage->entries[read++]))
            continue;
        free(storage);
        return MSGIN5G_ERR_MALFORMED;
    }
    *out = storage;
    *count = read;
    return MSGIN5G_OK;
}

enum msgin5g_err msgin5g_bulk_response_decode(const uint8_t *body, size_t length, struct msgin5g_bulk_response *out)
{
    cJSON *root = NULL;
    struct storage *storage = NULL;
    const char *detail = NULL;
    size_t count = 0;
    if (length > MSGIN5G_BULK_MAX)
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = tree_parse(body, length, NULL, &root, &detail);
    if (err != MSGIN5G_OK)
        return err;
    enum msgin5g_type type = tree_member(root, "indRegs") != NULL ? MSGIN5G_TYPE_REG : MSGIN5G_TYPE_DEREG;
    const cJSON *list = find_list(root, type);
    err = list != NULL ? read_list(list, &storage, &count) : MSGIN5G_ERR_MALFORMED;
    if (err != MSGIN5G_OK) {
        cJSON_Delete(root);
        return err;
    }
    storage->root = root;
    *out = (struct msgin5g_bulk_response){ type, storage->entries, count, storage };
    return MSGIN5G_OK;
}

void msgin5g_bulk_response_free(struct msgin5g_bulk_response *response)
{
    struct storage *storage = response->storage;
    response->storage = NULL;
    if (storage != NULL)
        cJSON_Delete(storage->root);
    free(storage);
}
