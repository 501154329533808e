#include "base/daemon.h"

#include "base/exit_code.h"
#include "base/log.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTION_CONFIG = 'c', OPTION_VERSION = 'V', OPTION_CHECK = 0x100, OPTION_PRINT, OPTION_KEY_LOG };

static const struct argp_option argp_options[] = {
    { "config", OPTION_CONFIG, "FILE", 0, "Configuration, YAML; - is standard input", 0 },
    { "check-config", OPTION_CHECK, NULL, 0,
        "Read the configuration, report every problem, and end: 0 when there is none, else 3", 0 },
    { "print-config", OPTION_PRINT, NULL, 0, "Print all keys with their defaults and meaning, and end", 0 },
    { "key-log", OPTION_KEY_LOG, "FILE", 0,
        "Write the secrets of TLS sessions to FILE; for labs only, whoever reads it reads all traffic", 0 },
    { "version", OPTION_VERSION, NULL, 0, "Print the version, and end", 0 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

enum action { RUN, CHECK, PRINT, VERSION };

struct parse {
    struct daemon_options *options;
    enum action action;
};

static error_t on_option(int key, char *argument, struct argp_state *state)
{
    struct parse *parse = state->input;
    switch (key) {
    case OPTION_CONFIG:
        parse->options->config_path = argument;
        return 0;
    case OPTION_KEY_LOG:
        parse->options->key_log_path = argument;
        return 0;
    case OPTION_CHECK:
        parse->action = CHECK;
        return 0;
    case OPTION_PRINT:
        parse->action = PRINT;
        return 0;
    case OPTION_VERSION:
        parse->action = VERSION;
        return 0;
    case ARGP_KEY_END:
        if (parse->options->config_path == NULL && (parse->action == RUN || parse->action == CHECK))
            argp_error(state, "--config FILE is required");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static enum action parse_command_line(
    const struct daemon_program *program, int argc, char **argv, struct daemon_options *options)
{
    const struct argp argp = { .options = argp_options, .parser = on_option, .doc = program->doc };
    struct parse parse = { .options = options, .action = RUN };
    argp_err_exit_status = EXIT_CODE_USAGE;
    *options = (struct daemon_options){ .config_path = NULL };
    error_t error = argp_parse(&argp, argc, argv, 0, NULL, &parse);
    if (error != 0) {
        fprintf(stderr, "%s: %s\n", program->name, strerror(error));
        exit(EXIT_CODE_OTHER);
    }
    return parse.action;
}

static enum msgin5g_err load(
    const struct daemon_program *program, const char *path, void *config, struct config_report *report)
{
    enum msgin5g_err err = config_load(program->schema, path, config, report);
    if (err == MSGIN5G_OK && program->check != NULL) {
        program->check(config, report);
        if (report->count > 0)
            err = MSGIN5G_ERR_CONFIG;
    }
    return err;
}

static int load_or_explain(const struct daemon_program *program, const char *path, void *config)
{
    struct config_report report;
    enum msgin5g_err err = load(program, path, config, &report);
    if (report.text.length > 0)
        fwrite(report.text.data, 1, report.text.length, stderr);
    if (err == MSGIN5G_ERR_CONFIG)
        fprintf(stderr, "%s: %zu problem%s in %s\n", program->name, report.count, report.count == 1 ? "" : "s", path);
    else if (err != MSGIN5G_OK)
        fprintf(stderr, "%s: %s\n", program->name, msgin5g_err_text(err));
    config_report_free(&report);
    return (int)exit_code_of(err);
}

bool daemon_configure(const struct daemon_program *program, int argc, char **argv, struct daemon_options *options,
    void *config, int *exit_code)
{
    enum action action = parse_command_line(program, argc, argv, options);
    *exit_code = EXIT_CODE_OK;
    if (action == VERSION) {
        printf("%s %s\n", program->name, program->version);
        return false;
    }
    if (action == PRINT) {
        config_print(program->schema, stdout);
        return false;
    }
    *exit_code = load_or_explain(program, options->config_path, config);
    if (action == CHECK && *exit_code == EXIT_CODE_OK)
        printf("%s: the configuration is valid\n", options->config_path);
    return action == RUN && *exit_code == EXIT_CODE_OK;
}

enum msgin5g_err daemon_load(const struct daemon_program *program, const char *path, void *config)
{
    struct config_report report;
    enum msgin5g_err err = load(program, path, config, &report);
    const char *line = (const char *)report.text.data;
    for (size_t left = report.text.length; left > 0;) {
        size_t length = (size_t)((const char *)memchr(line, '\n', left) - line);
        log_error("configuration problem text=%.*s", (int)length, line);
        line += length + 1;
        left -= length + 1;
    }
    config_report_free(&report);
    return err;
}
