/* Values that stand in a message and in an item of an aggregated one alike (TS 24.538 7.3.4). Private to this folder.
 */
#ifndef MSG_VALUES_JSON_H
#define MSG_VALUES_JSON_H

#include "tree_json.h"

/* Each is true for a value of the right kind and then sets @p out. */
bool value_flag(const cJSON *item, bool *out);
bool value_priority(const cJSON *item, enum msgin5g_priority *out);
/** "success" only in IMDN, "stored for deferred delivery" only in MSGRESP. */
bool value_delivery_status(const cJSON *item, enum msgin5g_type type, enum msgin5g_delivery_status *out);
/** The 1 to MSGIN5G_APP_IDS_MAX strings of @p array (EC-25); @p out has room for as many. */
bool value_app_ids(const cJSON *array, struct msgin5g_str *out, size_t *count);
/** RFC 3339, seconds since 1970 from 1; absent leaves @p out. */
bool value_instant(const cJSON *item, int64_t *out);
/** lastSegFlag, false when absent. */
bool value_last_flag(const cJSON *item, bool *out);
/** Number of a segment, or how many there are: from 1. */
bool value_segment_count(const cJSON *item, uint32_t *out);

#endif
