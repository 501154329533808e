/* Writes JSON text straight into the caller's octets: no tree, no allocation. */
#ifndef BASE_JSON_WRITER_H
#define BASE_JSON_WRITER_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Calls after the first error do nothing, so only json_writer_finish() needs a check. In every function @p name is the
 * member's name, a constant that needs no escapes; NULL for the outermost value and for elements of an array.
 * The caller keeps begin and end in pairs.
 */
struct json_writer {
    uint8_t *out; /* borrowed */
    size_t capacity;
    size_t length;
    bool comma; /* the next entry needs one before it */
    enum msgin5g_err err;
};

void json_writer_init(struct json_writer *writer, uint8_t *out, size_t capacity);
void json_object_begin(struct json_writer *writer, const char *name);
void json_object_end(struct json_writer *writer);
void json_array_begin(struct json_writer *writer, const char *name);
void json_array_end(struct json_writer *writer);
/** @p text may hold any UTF-8, U+0000 too; an absent one is written as "". */
void json_string(struct json_writer *writer, const char *name, struct msgin5g_str text);
/** As json_string(), for NUL-terminated text. */
void json_text(struct json_writer *writer, const char *name, const char *text);
/** @p text is JSON already: one value, as it is. */
void json_raw(struct json_writer *writer, const char *name, struct msgin5g_str text);
void json_bool(struct json_writer *writer, const char *name, bool value);
void json_integer(struct json_writer *writer, const char *name, int64_t value);

/** @return MSGIN5G_OK and the octets written; ERR_LIMIT when the capacity did not suffice, ERR_INVALID for text that is
 * not UTF-8. */
enum msgin5g_err json_writer_finish(const struct json_writer *writer, size_t *length);

#endif
