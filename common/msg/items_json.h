/* Items of aggregated messages (indMsgs, EC-6). Private to this folder. */
#ifndef MSG_ITEMS_JSON_H
#define MSG_ITEMS_JSON_H

#include "tree_json.h"

/** What the items of one message are kept in; one allocation, released with free(). Texts point into the tree. */
struct items {
    size_t count;
    struct msgin5g_str *app_ids; /* room behind the items for the arrays among their appId */
    struct msgin5g_item items[];
};

/**
 * Read the items of a MSG or an IMDN.
 *
 * @param out    always set: NULL or what the caller has to release, whatever is returned.
 * @param detail a constant text naming what is wrong.
 * @return MSGIN5G_OK with at least one item, ERR_MALFORMED, ERR_PAYLOAD_TOO_LARGE, ERR_NO_MEMORY.
 */
enum msgin5g_err items_read(const cJSON *array, enum msgin5g_type type, struct items **out, const char **detail);

#endif
