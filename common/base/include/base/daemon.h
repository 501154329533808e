/* What every daemon's main() does alike: options, configuration, signals, service notification (decisions D9, D10). */
#ifndef BASE_DAEMON_H
#define BASE_DAEMON_H

#include "base/config.h"
#include "base/loop.h"

#include <stdbool.h>

/** The program, as constants. */
struct daemon_program {
    const char *name;
    const char *version;
    /** For --help: what it is; after a vertical tab (\\v) what follows the options: two examples, exit codes. */
    const char *doc;
    const struct config_key *schema;
    /** What the schema cannot say, with config_report_add(); may be NULL. Only runs when the schema found no problem.
     */
    void (*check)(const void *config, struct config_report *report);
};

/** What the command line said; borrowed from argv. */
struct daemon_options {
    const char *config_path;
    const char *key_log_path; /* --key-log: where TLS secrets of lab sessions go; NULL when not given */
};

/**
 * Read the command line (--config, --check-config, --print-config, --key-log, --version, --help; ends the process for
 * --help and for wrong usage, with EXIT_CODE_USAGE), then the configuration into @p config (zeroed before).
 *
 * @return true to go on. false: the work is done or the configuration is wrong; problems are on standard error, the
 *         process should end with *@p exit_code. Release @p config with config_free() either way.
 */
bool daemon_configure(const struct daemon_program *program, int argc, char **argv, struct daemon_options *options,
    void *config, int *exit_code);
/** Read the configuration again, for SIGHUP; problems go to the log. @return as config_load(). Release @p config either
 * way. */
enum msgin5g_err daemon_load(const struct daemon_program *program, const char *path, void *config);

/** Called on the loop's thread at SIGHUP. */
typedef void daemon_reload_fn(void *ctx);
struct daemon_control;
/**
 * Handle signals in @p loop: SIGTERM and SIGINT stop it, SIGHUP calls @p reload (may be NULL: ignored), SIGPIPE is
 * ignored. Feeds the service manager's watchdog when it asks for that. Call before any other thread is created: all
 * threads must have these signals blocked.
 *
 * @return MSGIN5G_OK, ERR_IO or ERR_NO_MEMORY.
 */
enum msgin5g_err daemon_control_create(
    struct loop *loop, daemon_reload_fn *reload, void *ctx, struct daemon_control **out);
/** What a daemon finishes before it ends; functions run on the loop's thread. */
struct daemon_drain {
    void (*begin)(void *ctx); /* take nothing new */
    bool (*busy)(void *ctx);  /* something is not finished yet */
    void *ctx;
    int64_t most_ms; /* it ends after this time in any case */
};
/** At the first SIGTERM or SIGINT begin to drain, and stop the loop when that is done; a second one stops it at once.
 * Without this call the first one does. @p drain is copied. */
void daemon_control_drain(struct daemon_control *control, const struct daemon_drain *drain);
/** NULL is allowed. */
void daemon_control_free(struct daemon_control *control);

/** Print "ready " and the text (addresses really bound, "name=value ...") as one line on standard output; notify
 * READY=1. */
void daemon_ready(const char *format, ...) __attribute__((format(printf, 1, 2)));
/** Tell the service manager, sd_notify(3): "READY=1", "STOPPING=1"; nothing when there is none (NOTIFY_SOCKET). */
void daemon_notify(const char *state);

#endif
