/* Registration of UEs behind message gateways as JSON (EC-19, and EC-5 for several at once). */
#include "api_members.h"

#include "base/json_writer.h"

#define ONE  1U
#define BULK 2U

static struct api_ue_registrations *registrations_of(struct api_reader *reader)
{
    return reader->out;
}

static enum msgin5g_err ok_if(bool condition)
{
    return condition ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED;
}

static bool read_lifetime(const cJSON *item, int64_t *out)
{
    *out = MSGIN5G_REG_EXP_TIME_NONE;
    return item == NULL || (tree_integer(item, out) && *out >= 0);
}

static enum msgin5g_err read_ue(struct api_reader *reader, const cJSON *item)
{
    struct api_ue_registrations *all = registrations_of(reader);
    all->count = 1;
    return ok_if(tree_identifier(item, MSGIN5G_SERVICE_ID_MAX, &all->list[0].ue_service_id));
}

static enum msgin5g_err read_mgw(struct api_reader *reader, const cJSON *item)
{
    return ok_if(tree_identifier(item, MSGIN5G_SERVICE_ID_MAX, &registrations_of(reader)->list[0].mgw_service_id));
}

static enum msgin5g_err read_expiry(struct api_reader *reader, const cJSON *item)
{
    return ok_if(read_lifetime(item, &registrations_of(reader)->list[0].lifetime_s));
}

static bool read_entry(const cJSON *object, struct api_ue_registration *out)
{
    return tree_identifier(tree_member(object, "ueSvcId"), MSGIN5G_SERVICE_ID_MAX, &out->ue_service_id) &&
           tree_identifier(tree_member(object, "mgwSvcId"), MSGIN5G_SERVICE_ID_MAX, &out->mgw_service_id) &&
           read_lifetime(tree_member(object, "regExpTime"), &out->lifetime_s);
}

static enum msgin5g_err read_list(struct api_reader *reader, const cJSON *array)
{
    struct api_ue_registrations *all = registrations_of(reader);
    const cJSON *object = NULL;
    if (!cJSON_IsArray(array) || array->child == NULL)
        return MSGIN5G_ERR_MALFORMED;
    cJSON_ArrayForEach(object, array)
    {
        if (all->count == API_UE_REGISTRATIONS_MAX)
            return api_refuse(reader, "/indRegs", "too many entries");
        if (!read_entry(object, &all->list[all->count++]))
            return api_refuse(reader, "/indRegs", "an entry lacks a member, or one has a wrong type");
    }
    return MSGIN5G_OK;
}

static enum msgin5g_err read_count(struct api_reader *reader, const cJSON *item)
{
    int64_t count;
    return ok_if(tree_integer(item, &count) && count == (int64_t)registrations_of(reader)->count);
}

static const struct api_member members[] = {
    { "ueSvcId", ONE, ONE, "/ueSvcId", read_ue },
    { "mgwSvcId", ONE, ONE, "/mgwSvcId", read_mgw },
    { "regExpTime", ONE, 0, "/regExpTime", read_expiry },
    { "indRegs", BULK, BULK, "/indRegs", read_list },
    { "indRegCount", BULK, BULK, "/indRegCount", read_count },
    { NULL, 0, 0, NULL, NULL },
};

enum msgin5g_err api_ue_registrations_decode(
    struct msgin5g_str body, bool bulk, struct api_ue_registrations *out, struct api_problem *problem)
{
    struct api_reader reader = { .kind = bulk ? BULK : ONE, .out = out, .problem = problem };
    cJSON *tree = NULL;
    *out = (struct api_ue_registrations){ .count = 0 };
    out->list[0].lifetime_s = MSGIN5G_REG_EXP_TIME_NONE;
    enum msgin5g_err err = api_read(&reader, members, body, &tree);
    if (err == MSGIN5G_OK)
        out->storage = tree;
    return err;
}

void api_ue_registrations_free(struct api_ue_registrations *registrations)
{
    cJSON_Delete(registrations->storage);
    registrations->storage = NULL;
}

static void write_result(struct json_writer *w, const struct api_ue_registration_result *result)
{
    bool good = result->cause.octets == NULL;
    json_object_begin(w, NULL);
    json_string(w, "ueSvcId", result->ue_service_id);
    json_bool(w, "result", good);
    if (good)
        json_integer(w, "regExpTime", result->lifetime_s);
    else
        json_string(w, "cause", result->cause);
    json_object_end(w);
}

enum msgin5g_err api_ue_registration_results_encode(const struct api_ue_registration_result *results, size_t count,
    bool bulk, uint8_t *out, size_t capacity, size_t *length)
{
    struct json_writer w;
    json_writer_init(&w, out, capacity);
    if (bulk) {
        json_object_begin(&w, NULL);
        json_integer(&w, "indRegCount", (int64_t)count);
        json_array_begin(&w, "indRegs");
    }
    for (size_t i = 0; i < count; i++)
        write_result(&w, &results[i]);
    if (bulk) {
        json_array_end(&w);
        json_object_end(&w);
    }
    return json_writer_finish(&w, length);
}
