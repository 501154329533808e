/*
 * The audit log (TS 33.117 4.2.3.6.1): one line for each refusal, who was refused what and why, in a file of its own or
 * in the log. Never a payload, never a key; identities shortened as everywhere in logs. What one cause may write is
 * bounded, the rest is counted.
 */
#ifndef AUDIT_H
#define AUDIT_H

#include "base/loop.h"
#include "msgin5g/error.h"

struct audit_config {
    bool enabled;
    const char *file;         /* JSON, one object a line; "": the log (event "refused"). Borrowed. */
    int64_t lines_per_second; /* of one cause */
};

/** One refusal; borrowed for the call. */
struct audit_refusal {
    const char *what;       /* "MSG", "REG", "GET ...": constants of ours */
    enum msgin5g_err err;   /* why */
    const char *identity;   /* SUPI or GPSI that asked; NULL: nobody knows */
    const char *originator; /* as which it asked; NULL: not readable */
};

struct audit;
/** @return MSGIN5G_OK, ERR_IO (the file cannot be opened; the log says why) or ERR_NO_MEMORY. */
enum msgin5g_err audit_create(struct loop *loop, const struct audit_config *config, struct audit **out);
/** NULL is allowed, here and in the next two. */
void audit_free(struct audit *audit);
/** Open the file anew: it may have been moved away (log rotation). */
void audit_reopen(struct audit *audit);
/** Nothing is written for MSGIN5G_OK, and for recipients that are away: that is no refusal. */
void audit_refused(struct audit *audit, const struct audit_refusal *refusal);

#endif
