/* Strict reading of a peer's JSON into a cJSON tree, and typed access to what is in it. Private to this folder. */
#ifndef MSG_TREE_JSON_H
#define MSG_TREE_JSON_H

#include "base/json_check.h"
#include "msgin5g/message.h"

#include <cjson/cJSON.h>

#define TREE_MEMBERS_MAX 64 /* members of one object; the search for duplicates is quadratic in them */

/**
 * Read @p text as one JSON object.
 *
 * @param nul    as in json_check().
 * @param out    the tree, to be released with cJSON_Delete(); set only on MSGIN5G_OK.
 * @param detail constant text naming the problem; "" on MSGIN5G_OK.
 * @return MSGIN5G_OK; ERR_MALFORMED, also for members that appear twice; ERR_NO_MEMORY.
 */
enum msgin5g_err tree_parse(const uint8_t *text, size_t length, struct json_nul *nul, cJSON **out, const char **detail);

/** Member of an object by its exact name; NULL when it is absent or @p object is not an object. */
const cJSON *tree_member(const cJSON *object, const char *name);
/** True for a string; @p out then borrows from the tree. NULL items are not strings. */
bool tree_string(const cJSON *item, struct msgin5g_str *out);
/** True for exactly the string @p word. */
bool tree_is(const cJSON *item, const char *word);
/** True for a string of 1 to @p max octets without control characters. */
bool tree_identifier(const cJSON *item, size_t max, struct msgin5g_str *out);
/** True for a number without fraction; what a double cannot hold exactly is brought to plus or minus 2^53. */
bool tree_integer(const cJSON *item, int64_t *out);
/** Read {"@p type_name": type, "addr": identifier} (TS 24.538 7.3.4.1); @p out is set only when that is what it is. */
bool tree_address(const cJSON *item, const char *type_name, struct msgin5g_address *out);

#endif
