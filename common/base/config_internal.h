/* Between the config_*.c files; see base/config.h. */
#ifndef BASE_CONFIG_INTERNAL_H
#define BASE_CONFIG_INTERNAL_H

#include "base/config.h"

#include <yaml.h>

/** The file as read; the report keeps it to find lines again. */
struct config_source {
    char *path;
    bool has_document;
    yaml_document_t document;
};

/** Where in the file a value stands: a list from the inside out, on the stack of whoever walks. */
struct config_place {
    const struct config_place *up; /* NULL: the file's top */
    const char *name;              /* of the key; NULL: entry number index of a sequence */
    size_t index;
    size_t line; /* 1-based; 0: not in the file */
};

/** What is being filled: where problems go and what relative paths refer to. */
struct config_reader {
    struct config_report *report;
    const char *folder; /* ends with a slash; "" is the working directory */
    bool out_of_memory;
};

/** Add "file:line: auth.fqdns[1]: text" to the report. */
void config_problem(struct config_report *report, const struct config_place *place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Set up an empty report about @p path. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err config_report_init(struct config_report *report, const char *path);

/** Read a scalar's text into the value of @p key at @p out; problems are reported with @p place. */
void config_value_read(struct config_reader *reader, const struct config_key *key, const char *text, size_t length,
    const struct config_place *place, void *out);
/** Check a length or a number of entries against the key's range; false after reporting that it is outside. */
bool config_count_check(
    struct config_reader *reader, const struct config_key *key, size_t count, const struct config_place *place);
/** Write what a value of @p key may be: "from 1 to 65535", "one of: text, json"; "" when anything goes. */
void config_range_format(const struct config_key *key, char *out, size_t size);

/** The known name nearest to what somebody wrote. Zero it, offer every name, then look at name (NULL: none is near). */
struct config_guess {
    const char *name;
    size_t distance; /* insertions, deletions and replacements between the two */
};
void config_guess_offer(struct config_guess *guess, const char *written, const char *name);

#endif
