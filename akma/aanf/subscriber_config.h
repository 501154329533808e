/* Subscribers as they stand in a configuration file; keys are hexadecimal text here and nowhere else. */
#ifndef AANF_SUBSCRIBER_CONFIG_H
#define AANF_SUBSCRIBER_CONFIG_H

#include "base/config.h"

#include <stdbool.h>
#include <stdint.h>

/** One SIM as the home network knows it. */
struct subscriber_config {
    char *supi, *k, *op, *opc, *amf, *sqn, *rid, *gpsi, *home_realm;
    int64_t mnc_digits;
    bool akma_allowed;
};

/** A file of its own for subscribers. */
struct subscribers_file {
    struct config_items subscribers; /* struct subscriber_config */
};

/** Rows of one subscriber. */
extern const struct config_key subscriber_config_keys[];
/** Schema of a subscribers file. */
extern const struct config_key subscribers_file_schema[];

/** Add to @p report what is wrong with subscribers[...]. */
void subscriber_config_check(const struct config_items *subscribers, struct config_report *report);
/** What is wrong with one member: constants; what is NULL when nothing is. */
struct subscriber_problem {
    const char *member, *what;
};
/** The first problem of a subscriber whose strings are all there. */
struct subscriber_problem subscriber_config_problem(const struct subscriber_config *one);
/**
 * Read and check the file. @p report is set up in any case and the caller's, as @p out is (config_free()).
 * @return MSGIN5G_OK, ERR_CONFIG or ERR_NO_MEMORY.
 */
enum msgin5g_err subscribers_file_load(const char *path, struct subscribers_file *out, struct config_report *report);
/** True when nobody but the owner may read @p path, or when it cannot be looked at (reading it will say why). */
bool subscribers_file_private(const char *path);

#endif
