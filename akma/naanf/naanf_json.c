/* Bodies of Naanf_AKMA as JSON (TS 29.535 5.1.6): one table of members a body; the door to cJSON here. */
#include "akma/naanf.h"

#include "base/clock.h"
#include "base/json_check.h"
#include "base/json_writer.h"
#include "naanf_value.h"

#include <cjson/cJSON.h>
#include <string.h>

/* One member. A row with read NULL holds a boolean; a row with pointer NULL ends the table. */
struct member {
    const char *pointer; /* JSON Pointer: '/' and the name */
    bool mandatory;
    size_t offset;
    naanf_read_fn *read;
};

static enum msgin5g_err refuse(struct naanf_problem *problem, const char *cause, const char *param, const char *reason)
{
    *problem = (struct naanf_problem){ cause, param, reason };
    return MSGIN5G_ERR_MALFORMED;
}

/* A name that appears twice is an error (TS 29.501 6.2). The cap keeps this from being quadratic in the body. */
static const char *names_problem(const cJSON *object)
{
    size_t count = 0;

    for (const cJSON *member = object->child; member != NULL; member = member->next) {
        if (++count > NAANF_MEMBERS_MAX)
            return "too many members";
        for (const cJSON *earlier = object->child; earlier != member; earlier = earlier->next)
            if (strcmp(earlier->string, member->string) == 0)
                return "a member appears twice";
    }
    return NULL;
}

/* Recursion ends at NAANF_DEPTH_MAX. */
static const char *tree_problem(const cJSON *value, int depth)
{
    const char *reason = NULL;

    if (!cJSON_IsObject(value) && !cJSON_IsArray(value))
        return NULL;
    if (depth > NAANF_DEPTH_MAX)
        return "nested too deeply";
    if (cJSON_IsObject(value))
        reason = names_problem(value);
    for (const cJSON *child = value->child; child != NULL && reason == NULL; child = child->next)
        reason = tree_problem(child, depth + 1);
    return reason;
}

/* Keys come as strings of the outermost object. */
static void delete_wiped(cJSON *root)
{
    for (cJSON *member = root == NULL ? NULL : root->child; member != NULL; member = member->next)
        if (cJSON_IsString(member))
            secret_wipe(member->valuestring, strlen(member->valuestring));
    cJSON_Delete(root);
}

static enum msgin5g_err parse(struct msgin5g_str body, cJSON **out, struct naanf_problem *problem)
{
    const char *reason;
    cJSON *root;

    if (json_check((const uint8_t *)body.octets, body.length, NULL, &reason) != MSGIN5G_OK)
        return refuse(problem, "INVALID_MSG_FORMAT", NULL, reason);
    root = cJSON_ParseWithLength(body.octets, body.length);
    if (root == NULL) {
        *problem = (struct naanf_problem){ "SYSTEM_FAILURE", NULL, "out of memory" };
        return MSGIN5G_ERR_NO_MEMORY;
    }
    reason = cJSON_IsObject(root) ? tree_problem(root, 1) : "not an object";
    if (reason != NULL) {
        delete_wiped(root);
        return refuse(problem, "INVALID_MSG_FORMAT", NULL, reason);
    }
    *out = root;
    return MSGIN5G_OK;
}

/* Causes by TS 29.500 5.2.7.2. */
static enum msgin5g_err read_member(
    const struct member *member, const cJSON *value, void *out, struct naanf_problem *problem)
{
    void *field = (char *)out + member->offset;
    const char *reason;

    if (member->read == NULL) {
        if (!cJSON_IsBool(value))
            return refuse(problem, "INVALID_MSG_FORMAT", member->pointer, "not a boolean");
        *(bool *)field = cJSON_IsTrue(value);
        return MSGIN5G_OK;
    }
    if (!cJSON_IsString(value))
        return refuse(problem, "INVALID_MSG_FORMAT", member->pointer, "not a string");
    reason = member->read(value->valuestring, field);
    if (reason == NULL)
        return MSGIN5G_OK;
    return refuse(
        problem, member->mandatory ? "MANDATORY_IE_INCORRECT" : "OPTIONAL_IE_INCORRECT", member->pointer, reason);
}

static enum msgin5g_err decode(
    struct msgin5g_str body, const struct member *members, void *out, size_t size, struct naanf_problem *problem)
{
    cJSON *root = NULL;
    enum msgin5g_err err = parse(body, &root, problem);

    memset(out, 0, size);
    for (; err == MSGIN5G_OK && members->pointer != NULL; members++) {
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(root, members->pointer + 1);

        if (value != NULL)
            err = read_member(members, value, out, problem);
        else if (members->mandatory)
            err = refuse(problem, "MANDATORY_IE_MISSING", members->pointer, "missing");
    }
    delete_wiped(root);
    if (err != MSGIN5G_OK)
        secret_wipe(out, size);
    return err;
}

enum msgin5g_err naanf_key_info_decode(
    struct msgin5g_str body, struct naanf_key_info *out, struct naanf_problem *problem)
{
    static const struct member members[] = {
        { "/aKId", true, offsetof(struct naanf_key_info, a_kid), naanf_read_a_kid },
        { "/kAkma", true, offsetof(struct naanf_key_info, k_akma), naanf_read_key },
        { "/supi", false, offsetof(struct naanf_key_info, supi), naanf_read_supi },
        { "/gpsi", false, offsetof(struct naanf_key_info, gpsi), naanf_read_gpsi },
        { "/suppFeat", false, offsetof(struct naanf_key_info, supp_feat), naanf_read_supp_feat },
        { NULL, false, 0, NULL },
    };
    enum msgin5g_err err = decode(body, members, out, sizeof *out, problem);

    if (err != MSGIN5G_OK)
        return err;
    if (out->supi[0] == '\0' && out->gpsi[0] == '\0')
        err = refuse(problem, "MANDATORY_IE_MISSING", "/supi", "neither supi nor gpsi");
    else if (out->supi[0] != '\0' && out->gpsi[0] != '\0')
        err = refuse(problem, "INVALID_MSG_FORMAT", "/gpsi", "both supi and gpsi");
    if (err != MSGIN5G_OK)
        naanf_key_info_wipe(out);
    return err;
}

enum msgin5g_err naanf_key_request_decode(
    struct msgin5g_str body, struct naanf_key_request *out, struct naanf_problem *problem)
{
    static const struct member members[] = {
        { "/afId", true, offsetof(struct naanf_key_request, af_id), naanf_read_af_id },
        { "/aKId", true, offsetof(struct naanf_key_request, a_kid), naanf_read_a_kid },
        { "/anonInd", false, offsetof(struct naanf_key_request, anonymous), NULL },
        { "/notifUri", false, offsetof(struct naanf_key_request, notif_uri), naanf_read_uri },
        { "/suppFeat", false, offsetof(struct naanf_key_request, supp_feat), naanf_read_supp_feat },
        { NULL, false, 0, NULL },
    };

    return decode(body, members, out, sizeof *out, problem);
}

enum msgin5g_err naanf_key_data_decode(
    struct msgin5g_str body, struct naanf_key_data *out, struct naanf_problem *problem)
{
    static const struct member members[] = {
        { "/expiry", true, offsetof(struct naanf_key_data, expiry_s), naanf_read_time },
        { "/kaf", true, offsetof(struct naanf_key_data, k_af), naanf_read_key },
        { "/supi", false, offsetof(struct naanf_key_data, supi), naanf_read_supi },
        { "/gpsi", false, offsetof(struct naanf_key_data, gpsi), naanf_read_gpsi },
        { "/suppFeat", false, offsetof(struct naanf_key_data, supp_feat), naanf_read_supp_feat },
        { NULL, false, 0, NULL },
    };

    return decode(body, members, out, sizeof *out, problem);
}

enum msgin5g_err naanf_ctx_remove_decode(
    struct msgin5g_str body, struct naanf_ctx_remove *out, struct naanf_problem *problem)
{
    static const struct member members[] = {
        { "/supi", true, offsetof(struct naanf_ctx_remove, supi), naanf_read_supi },
        { NULL, false, 0, NULL },
    };

    return decode(body, members, out, sizeof *out, problem);
}

enum msgin5g_err naanf_disable_notif_decode(
    struct msgin5g_str body, struct naanf_disable_notif *out, struct naanf_problem *problem)
{
    static const struct member members[] = {
        { "/aKId", true, offsetof(struct naanf_disable_notif, a_kid), naanf_read_a_kid },
        { NULL, false, 0, NULL },
    };

    return decode(body, members, out, sizeof *out, problem);
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static enum msgin5g_err body_begin(struct json_writer *writer, struct buffer *out)
{
    uint8_t *place;
    enum msgin5g_err err = buffer_reserve(out, NAANF_BODY_MAX, &place);

    if (err != MSGIN5G_OK)
        return err;
    json_writer_init(writer, place, NAANF_BODY_MAX);
    json_object_begin(writer, NULL);
    return MSGIN5G_OK;
}

static enum msgin5g_err body_end(struct json_writer *writer, struct buffer *out)
{
    size_t length = 0;
    enum msgin5g_err err;

    json_object_end(writer);
    err = json_writer_finish(writer, &length);
    if (err == MSGIN5G_OK)
        out->length += length;
    return err;
}

static void write_text(struct json_writer *writer, const char *name, const char *text)
{
    if (text[0] != '\0')
        json_text(writer, name, text);
}

static void write_key(struct json_writer *writer, const char *name, const uint8_t octets[AKMA_KEY_LEN])
{
    char hex[2 * AKMA_KEY_LEN + 1];

    secret_to_hex(octets, AKMA_KEY_LEN, hex);
    json_text(writer, name, hex);
    secret_wipe(hex, sizeof hex);
}

enum msgin5g_err naanf_key_info_encode(const struct naanf_key_info *info, struct buffer *out)
{
    struct json_writer writer;
    enum msgin5g_err err = body_begin(&writer, out);

    if (err != MSGIN5G_OK)
        return err;
    write_text(&writer, "suppFeat", info->supp_feat);
    write_text(&writer, "supi", info->supi);
    write_text(&writer, "gpsi", info->gpsi);
    write_text(&writer, "aKId", info->a_kid);
    write_key(&writer, "kAkma", info->k_akma.octets);
    return body_end(&writer, out);
}

enum msgin5g_err naanf_key_request_encode(const struct naanf_key_request *request, struct buffer *out)
{
    struct json_writer writer;
    enum msgin5g_err err = body_begin(&writer, out);

    if (err != MSGIN5G_OK)
        return err;
    write_text(&writer, "suppFeat", request->supp_feat);
    write_text(&writer, "notifUri", request->notif_uri);
    write_text(&writer, "afId", request->af_id);
    write_text(&writer, "aKId", request->a_kid);
    if (request->anonymous)
        json_bool(&writer, "anonInd", true);
    return body_end(&writer, out);
}

enum msgin5g_err naanf_key_data_encode(const struct naanf_key_data *data, struct buffer *out)
{
    char expiry[CLOCK_RFC3339_LEN + 1];
    struct json_writer writer;
    enum msgin5g_err err = clock_format_rfc3339(data->expiry_s, expiry);

    if (err == MSGIN5G_OK)
        err = body_begin(&writer, out);
    if (err != MSGIN5G_OK)
        return err;
    write_text(&writer, "suppFeat", data->supp_feat);
    write_text(&writer, "gpsi", data->gpsi);
    json_text(&writer, "expiry", expiry);
    write_key(&writer, "kaf", data->k_af.octets);
    write_text(&writer, "supi", data->supi);
    return body_end(&writer, out);
}

enum msgin5g_err naanf_ctx_remove_encode(const struct naanf_ctx_remove *remove, struct buffer *out)
{
    struct json_writer writer;
    enum msgin5g_err err = body_begin(&writer, out);

    if (err != MSGIN5G_OK)
        return err;
    write_text(&writer, "supi", remove->supi);
    return body_end(&writer, out);
}

enum msgin5g_err naanf_disable_notif_encode(const struct naanf_disable_notif *notif, struct buffer *out)
{
    struct json_writer writer;
    enum msgin5g_err err = body_begin(&writer, out);

    if (err != MSGIN5G_OK)
        return err;
    write_text(&writer, "aKId", notif->a_kid);
    return body_end(&writer, out);
}
