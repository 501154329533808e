/* Configuration: one YAML file a daemon, read with libyaml and walked by one schema table (decision D9). */
#ifndef BASE_CONFIG_H
#define BASE_CONFIG_H

#include "base/buffer.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum config_type {
    CONFIG_SECTION,  /* mapping with its own keys; members lie in the same struct */
    CONFIG_BOOL,     /* bool */
    CONFIG_INT,      /* int64_t, min to max */
    CONFIG_DURATION, /* int64_t milliseconds; written 250ms, 30s, 5m, 2h, 7d; min and max in milliseconds */
    CONFIG_STRING,   /* char *, owned; min and max are octets */
    CONFIG_FILE,     /* char *, owned: a path; relative ones are taken from the configuration file's folder */
    CONFIG_ENUM,     /* int: index into choices */
    CONFIG_STRINGS,  /* struct config_strings: sequence of strings; min and max are entries */
    CONFIG_ITEMS     /* struct config_items: sequence of mappings, each read into a struct of item_size octets */
};

struct config_strings {
    char **values;
    size_t count;
};

struct config_items {
    void *values; /* count structs of the row's item_size */
    size_t count;
};

/** One key. Rows are constants; a row with name NULL ends the table. */
struct config_key {
    const char *name;
    enum config_type type;
    size_t offset; /* of the value in the struct; unused for CONFIG_SECTION */
    /** As it would stand in the file (strings without quotes). NULL: required; a section has none, a sequence without
     *  one is empty. */
    const char *default_text;
    int64_t min, max;              /* inclusive; a max below min: no upper limit; both 0: no limit at all */
    const char *const *choices;    /* CONFIG_ENUM: NULL-terminated */
    const struct config_key *keys; /* CONFIG_SECTION, CONFIG_ITEMS; at most 64 rows, as in every table */
    size_t item_size;              /* CONFIG_ITEMS */
    const char *help;              /* one or two sentences, with the unit */
};

struct config_source;

/** Problems found, each "file:line: what, where and how to mend it"; all of them, not just the first. */
struct config_report {
    struct buffer text; /* lines, each with its line feed */
    size_t count;
    struct config_source *source; /* the file as read: where config_report_add() finds lines again */
};

/**
 * Read @p path into @p out (a zeroed struct that the schema describes); keys that are not there get their default.
 *
 * @param report set up by this call, whatever it returns; release it with config_report_free().
 * @return MSGIN5G_OK, ERR_CONFIG (problems in @p report; @p out may be half filled) or ERR_NO_MEMORY. Release @p out
 *         with config_free() either way.
 */
enum msgin5g_err config_load(
    const struct config_key *schema, const char *path, void *out, struct config_report *report);
/** Fill @p out with the defaults alone; required keys stay zero. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err config_defaults(const struct config_key *schema, void *out);
/**
 * Add a problem of the caller's own checking to the report of config_load().
 *
 * @param path dotted: "auth.fqdns", "subscribers[2].supi"; the line is found again by it (that of the nearest key above
 *             when the key itself is not in the file).
 */
void config_report_add(struct config_report *report, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/** Path of the file the report is about, as given to config_load(); lives as long as the report. */
const char *config_report_path(const struct config_report *report);
void config_report_free(struct config_report *report);
/** Wipe and release what @p out owns, and zero its pointers; it may be half filled. */
void config_free(const struct config_key *schema, void *out);
/** @param path dotted, "aanf.url"; "bindings" for a sequence in which anything differs. Borrowed for the call. */
typedef void config_difference_fn(void *ctx, const char *path);
/** Call @p fn for every key whose value differs between two structs that config_load() filled. */
void config_compare(
    const struct config_key *schema, const void *one, const void *other, config_difference_fn *fn, void *ctx);
/** Write every key with its default and its help as comment: a valid file (required keys are commented out, as
 * examples). */
void config_print(const struct config_key *schema, FILE *out);

#endif
