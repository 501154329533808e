/* The header fields and other short texts of one message, in one block that grows to a limit and is used again. */
#ifndef HTTP_FIELDS_H
#define HTTP_FIELDS_H

#include "base/buffer.h"
#include "text.h"

#include <stdbool.h>

#define FIELDS_MAX     64 /* fields of one message */
#define FIELD_OVERHEAD 32 /* what a field costs besides its octets (RFC 9113 6.5.2) */

/** A text inside the block; its place in memory moves as the block grows. */
struct text_ref {
    uint32_t at;
    uint32_t length;
};

struct fields {
    struct buffer text; /* every text is followed by a NUL */
    size_t cost;        /* as SETTINGS_MAX_HEADER_LIST_SIZE counts */
    size_t limit;
    size_t count;
    struct {
        struct text_ref name, value;
    } list[FIELDS_MAX];
};

/** @p limit: octets of all fields, with the overhead. */
void fields_init(struct fields *fields, size_t limit);
/** Empty for the next message; memory is kept. */
void fields_reset(struct fields *fields, size_t limit);
void fields_free(struct fields *fields);
/** Add a field; the name is stored in lower case. @return MSGIN5G_OK, ERR_LIMIT or ERR_NO_MEMORY. */
enum msgin5g_err fields_add(struct fields *fields, struct msgin5g_str name, struct msgin5g_str value);
/** Store a text that is no field. */
enum msgin5g_err fields_put(struct fields *fields, struct msgin5g_str text, struct text_ref *out);
/** NUL-terminated, valid until the next text is added. */
struct msgin5g_str fields_text(const struct fields *fields, struct text_ref ref);
/** Value of the first field of this (lower-case) name, absent when there is none. */
struct msgin5g_str fields_find(const struct fields *fields, struct msgin5g_str name);

#endif
