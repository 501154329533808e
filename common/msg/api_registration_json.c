/* ASRegistration of TS 29.538 8.1.5 as JSON. */
#include "api_members.h"

#include "base/clock.h"

#include <string.h>

static struct api_as_registration *registration_of(struct api_reader *reader)
{
    return reader->out;
}

static enum msgin5g_err ok_if(bool condition)
{
    return condition ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}

static enum msgin5g_err read_as_service_id(struct api_reader *reader, const cJSON *item)
{
    return ok_if(tree_identifier(item, MSGIN5G_SERVICE_ID_MAX, &registration_of(reader)->as_service_id));
}

static enum msgin5g_err read_app_id(struct api_reader *reader, const cJSON *item)
{
    return ok_if(tree_identifier(item, MSGIN5G_APP_ID_MAX, &registration_of(reader)->app_id));
}

static bool begins_with(struct msgin5g_str text, const char *prefix)
{
    size_t length = strlen(prefix);
    return text.length > length && strncmp(text.octets, prefix, length) == 0;
}

static enum msgin5g_err read_target_uri(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_str uri;
    if (!tree_identifier(item, API_URI_MAX, &uri))
        return MSGIN5G_ERR_MALFORMED;
    if (!begins_with(uri, "https://") && !begins_with(uri, "http://"))
        return api_refuse(reader, "/targetUri", "neither https nor http");
    registration_of(reader)->target_uri = uri;
    return MSGIN5G_OK;
}

/* A list of texts with at least one entry, as appProviders, appSenarios (sic) and exGroupList are. */
static bool read_texts(const cJSON *array, size_t max_octets, struct msgin5g_str *out, size_t capacity, size_t *count)
{
    const cJSON *item = NULL;
    *count = 0;
    if (!cJSON_IsArray(array) || array->child == NULL)
        return false;
    cJSON_ArrayForEach(item, array)
    {
        if (*count == capacity || !tree_identifier(item, max_octets, &out[*count]))
            return false;
        ++*count;
    }
    return true;
}

static bool text_or_absent(const cJSON *item, struct msgin5g_str *out)
{
    return item == NULL || tree_identifier(item, API_TEXT_MAX, out);
}

static bool texts_or_absent(const cJSON *item)
{
    struct msgin5g_str texts[API_GROUPS_MAX];
    size_t count;
    return item == NULL || read_texts(item, API_TEXT_MAX, texts, API_GROUPS_MAX, &count);
}

static enum msgin5g_err read_profile(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_str ignored;
    if (!cJSON_IsObject(item))
        return MSGIN5G_ERR_MALFORMED;
    if (!text_or_absent(tree_member(item, "appName"), &registration_of(reader)->app_name))
        return api_refuse(reader, "/asProf/appName", "not a text of 1 to 255 octets");
    if (!texts_or_absent(tree_member(item, "appProviders")))
        return api_refuse(reader, "/asProf/appProviders", "not a list of texts");
    if (!texts_or_absent(tree_member(item, "appSenarios")))
        return api_refuse(reader, "/asProf/appSenarios", "not a list of texts");
    if (!text_or_absent(tree_member(item, "appCategory"), &ignored))
        return api_refuse(reader, "/asProf/appCategory", "not a text of 1 to 255 octets");
    if (!text_or_absent(tree_member(item, "asStatus"), &ignored))
        return api_refuse(reader, "/asProf/asStatus", "not a text of 1 to 255 octets");
    return MSGIN5G_OK;
}

static enum msgin5g_err read_expiry(struct api_reader *reader, const cJSON *item)
{
    struct msgin5g_str text;
    int64_t utc_s = 0;
    if (!tree_string(item, &text) || clock_parse_rfc3339(text, &utc_s) != MSGIN5G_OK)
        return api_refuse(reader, "/reqExprTime", "not a date-time of RFC 3339");
    registration_of(reader)->expiry_s = utc_s < 1 ? 1 : utc_s;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_groups(struct api_reader *reader, const cJSON *item)
{
    struct api_as_registration *registration = registration_of(reader);
    return ok_if(
        read_texts(item, MSGIN5G_SERVICE_ID_MAX, registration->groups, API_GROUPS_MAX, &registration->group_count));
}

static const struct api_member members[] = {
    { "asSvcId", 1, 1, "/asSvcId", read_as_service_id },
    { "appId", 1, 0, "/appId", read_app_id },
    { "targetUri", 1, 0, "/targetUri", read_target_uri },
    { "asProf", 1, 0, "/asProf", read_profile },
    { "reqExprTime", 1, 0, "/reqExprTime", read_expiry },
    { "exGroupList", 1, 0, "/exGroupList", read_groups },
    { NULL, 0, 0, NULL, NULL },
};

enum msgin5g_err api_as_registration_decode(
    struct msgin5g_str body, struct api_as_registration *out, struct api_problem *problem)
{
    struct api_as_registration registration = { .expiry_s = 0 };
    struct api_reader reader = { .kind = 1, .out = &registration, .problem = problem };
    cJSON *tree = NULL;
    enum msgin5g_err err = api_read(&reader, members, body, &tree);
    if (err != MSGIN5G_OK)
        return err;
    *out = registration;
    out->storage = tree;
    return MSGIN5G_OK;
}

void api_as_registration_free(struct api_as_registration *registration)
{
    cJSON_Delete(registration->storage);
    registration->storage = NULL;
}
