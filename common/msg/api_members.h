/* Members of the HTTP bodies of TS 29.538, read row by row. Private to this folder. */
#ifndef MSG_API_MEMBERS_H
#define MSG_API_MEMBERS_H

#include "msg/api.h"
#include "tree_json.h"

struct api_reader;
typedef enum msgin5g_err api_read_fn(struct api_reader *reader, const cJSON *item);

/** One member; a row with name NULL ends the table. */
struct api_member {
    const char *name;
    unsigned carried_by; /* bits of what the caller's kinds are: others ignore the member */
    unsigned mandatory_in;
    const char *pointer; /* JSON Pointer of the member */
    api_read_fn *read;
};

struct api_reader {
    unsigned kind;       /* one bit */
    void *out;           /* the value being filled */
    struct json_nul nul; /* where U+0000 is */
    struct api_problem *problem;
};

/** For a reader: name what is wrong deeper than the member itself. @return ERR_MALFORMED. */
enum msgin5g_err api_refuse(struct api_reader *reader, const char *pointer, const char *reason);
/**
 * Parse @p body and run every row's reader in the table's order.
 *
 * @param tree set only on MSGIN5G_OK: what the strings read point into; the caller releases it with cJSON_Delete().
 * @return MSGIN5G_OK; ERR_MALFORMED, ERR_PAYLOAD_TOO_LARGE with a problem; ERR_NO_MEMORY.
 */
enum msgin5g_err api_read(
    struct api_reader *reader, const struct api_member *members, struct msgin5g_str body, cJSON **tree);

#endif
