#include "api_members.h"

enum msgin5g_err api_refuse(struct api_reader *reader, const char *pointer, const char *reason)
{
    *reader->problem = (struct api_problem){ pointer, reason };
    return MSGIN5G_ERR_MALFORMED;
}

static enum msgin5g_err read_member(struct api_reader *reader, const struct api_member *member, const cJSON *root)
{
    const cJSON *item = tree_member(root, member->name);
    if ((member->carried_by & reader->kind) == 0)
        return MSGIN5G_OK;
    if (item == NULL)
        return (member->mandatory_in & reader->kind) != 0 ? api_refuse(reader, member->pointer, "missing") : MSGIN5G_OK;
    *reader->problem = (struct api_problem){ "", NULL };
    enum msgin5g_err err = member->read(reader, item);
    if (err != MSGIN5G_OK && reader->problem->reason == NULL)
        *reader->problem = (struct api_problem){ member->pointer,
            err == MSGIN5G_ERR_PAYLOAD_TOO_LARGE ? "too long" : "wrong type or value" };
    return err;
}

/* U+0000 has a use only in a payload, where cJSON loses nothing but the length (see message_json.c). */
static bool nul_is_allowed(const struct api_reader *reader)
{
    return reader->nul.count == 0 ||
           (reader->nul.count == 1 && msgin5g_str_equal(reader->nul.member, msgin5g_str("payload")));
}

enum msgin5g_err api_read(
    struct api_reader *reader, const struct api_member *members, struct msgin5g_str body, cJSON **tree)
{
    const char *reason = NULL;
    cJSON *root = NULL;
    if (body.length > API_BODY_MAX) {
        (void)api_refuse(reader, "", "the body is too long");
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    }
    enum msgin5g_err err = tree_parse((const uint8_t *)body.octets, body.length, &reader->nul, &root, &reason);
    if (err == MSGIN5G_ERR_MALFORMED)
        return api_refuse(reader, "", reason);
    if (err == MSGIN5G_OK && !nul_is_allowed(reader))
        err = api_refuse(reader, "", "U+0000 in a string");
    for (const struct api_member *member = members; err == MSGIN5G_OK && member->name != NULL; member++)
        err = read_member(reader, member, root);
    if (err == MSGIN5G_OK)
        *tree = root;
    else
        cJSON_Delete(root);
    return err;
}
