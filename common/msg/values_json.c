#include "values_json.h"

#include "base/clock.h"

#define UTC_MAX_S INT64_C(253402300799) /* 9999-12-31T23:59:59Z, the end of RFC 3339 */

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

/* An instant before 1970 is as past as its first second. */
bool value_instant(const cJSON *item, int64_t *out)
{
    struct msgin5g_str text;
    int64_t utc_s = 0;
    if (item == NULL)
        return true;
    if (!tree_string(item, &text) || clock_parse_rfc3339(text, &utc_s) != MSGIN5G_OK)
        return false;
    *out = utc_s < 1 ? 1 : utc_s > UTC_MAX_S ? UTC_MAX_S : utc_s;
    return true;
}

/* lastSegFlag is a string in TS 24.538 and a boolean in TS 29.538; both are read (EC-14). */
bool value_last_flag(const cJSON *item, bool *out)
{
    *out = cJSON_IsTrue(item) || tree_is(item, "true");
    return item == NULL || cJSON_IsBool(item) || *out || tree_is(item, "false");
}

bool value_segment_count(const cJSON *item, uint32_t *out)
{
    int64_t count;
    if (!tree_integer(item, &count) || count < 1 || count > INT32_MAX)
        return false;
    *out = (uint32_t)count;
    return true;
}
