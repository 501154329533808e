/* A strict JSON tree and its members, with problems in the words of TS 29.500 5.2.7.2. */
#ifndef AKMA_NAUSF_TREE_H
#define AKMA_NAUSF_TREE_H

#include "akma/naanf.h"

#include <cjson/cJSON.h>

/** Parse a body into an object; duplicate names, depth and number of members are checked. Release with
 * nausf_tree_free(). */
enum msgin5g_err nausf_tree_parse(struct msgin5g_str body, cJSON **out, struct naanf_problem *problem);
/** Wipe all strings and release. NULL is allowed. */
void nausf_tree_free(cJSON *root);
/** Set *problem. @return ERR_MALFORMED. */
enum msgin5g_err nausf_refuse(struct naanf_problem *problem, const char *cause, const char *param, const char *reason);

/* Mandatory members; @p pointer is the JSON Pointer, whose last name is looked up in @p object. */
enum msgin5g_err nausf_tree_object(
    const cJSON *object, const char *pointer, const cJSON **out, struct naanf_problem *problem);
/** Text of 1 to @p max octets without blanks and control characters, NUL-terminated. */
enum msgin5g_err nausf_tree_text(
    const cJSON *object, const char *pointer, char *out, size_t max, struct naanf_problem *problem);
/** Exactly 2 * @p length hexadecimal digits. */
enum msgin5g_err nausf_tree_hex(
    const cJSON *object, const char *pointer, void *out, size_t length, struct naanf_problem *problem);

#endif
