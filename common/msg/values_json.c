#include "values_json.h"

/* Index of a string in @p words; -1 when it is none of them or @p item is no string. */
static int index_of(const cJSON *item, const char *const *words, int count)
{
    for (int i = 0; i < count; i++) {
        if (words[i] != NULL && tree_is(item, words[i]))
            return i;
    }
    return -1;
}

bool value_flag(const cJSON *item, bool *out)
{
    *out = cJSON_IsTrue(item);
    return cJSON_IsBool(item);
}

bool value_priority(const cJSON *item, enum msgin5g_priority *out)
{
    static const char *const words[] = {
        [MSGIN5G_PRIORITY_HIGH] = "HIGH",
        [MSGIN5G_PRIORITY_NORMAL] = "NORMAL",
        [MSGIN5G_PRIORITY_LOW] = "LOW",
    };
    int priority = index_of(item, words, 3);
    if (priority >= 0)
        *out = (enum msgin5g_priority)priority;
    return priority >= 0;
}

bool value_delivery_status(const cJSON *item, enum msgin5g_type type, enum msgin5g_delivery_status *out)
{
    static const char *const words[] = {
        [MSGIN5G_DELIVERY_SUCCESS] = "success",
        [MSGIN5G_DELIVERY_FAILURE] = "failure",
        [MSGIN5G_DELIVERY_STORED] = "stored for deferred delivery",
    };
    int status = index_of(item, words, 4);
    int foreign = type == MSGIN5G_TYPE_IMDN ? MSGIN5G_DELIVERY_STORED : MSGIN5G_DELIVERY_SUCCESS;
    if (status < 0 || status == foreign)
        return false;
    *out = (enum msgin5g_delivery_status)status;
    return true;
}

bool value_app_ids(const cJSON *array, struct msgin5g_str *out, size_t *count)
{
    const cJSON *item = NULL;
    *count = 0;
    cJSON_ArrayForEach(item, array)
    {
        if (*count == MSGIN5G_APP_IDS_MAX || !tree_identifier(item, MSGIN5G_APP_ID_MAX, &out[*count]))
            return false;
        ++*count;
    }
    return *count > 0;
}
