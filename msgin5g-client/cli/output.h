/* What the command tells: one line an event, as text for people or as one JSON object for programs (--json). */
#ifndef OUTPUT_H
#define OUTPUT_H

#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stdint.h>

enum output_kind { OUTPUT_END, OUTPUT_TEXT, OUTPUT_INTEGER, OUTPUT_BOOL };

/** One member of an event; rows end with OUTPUT_END. Absent texts are left out. */
struct output_field {
    const char *name;
    enum output_kind kind;
    struct msgin5g_str text;
    int64_t integer;
};

#define FIELD_STR(field_name, value)                                                                                   \
    {                                                                                                                  \
        .name = (field_name), .kind = OUTPUT_TEXT, .text = (value)                                                     \
    }
#define FIELD_TEXT(field_name, value)                                                                                  \
    {                                                                                                                  \
        .name = (field_name), .kind = OUTPUT_TEXT, .text = msgin5g_str(value)                                          \
    }
#define FIELD_INT(field_name, value)                                                                                   \
    {                                                                                                                  \
        .name = (field_name), .kind = OUTPUT_INTEGER, .integer = (value)                                               \
    }
#define FIELD_BOOL(field_name, value)                                                                                  \
    {                                                                                                                  \
        .name = (field_name), .kind = OUTPUT_BOOL, .integer = (value)                                                  \
    }

/** Print one event on standard output and flush it. When nobody reads it any more, this process gets a SIGTERM. */
void output_event(bool json, const char *event, const struct output_field *fields);
/** An error: event `error` on standard output with --json, else a message on standard error. @p hint may be NULL. */
void output_error(bool json, const char *where, const char *error, const char *hint);
/** output_event() with the fields written in place. */
#define OUTPUT(json, event, ...)                                                                                       \
    output_event(json, event, (const struct output_field[]){ __VA_ARGS__, { .kind = OUTPUT_END } })

#endif
