/* The `akma` command: key derivations by hand, and the management of a running akma-aanf. */
#include "base/exit_code.h"
#include "base/secret.h"
#include "command.h"

#include <argp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct command commands[] = {
    { "derive", derive_run },
    { "auth-vector", auth_vector_run },
    { "subscriber", subscriber_run },
    { "context", context_run },
};

#define COMMANDS "derive, auth-vector, subscriber or context"

static const char doc[] = "AKMA key derivations by hand, and the subscribers and contexts of a running akma-aanf.\v"
                          "Commands:\n"
                          "  derive       K_AUSF to K_AKMA, A-KID and K_AF (TS 33.535 Annex A)\n"
                          "  auth-vector  5G authentication vector (TS 33.501 Annex A, TS 35.206)\n"
                          "  subscriber   add, change, remove, list subscribers of akma-aanf\n"
                          "  context      list, expire, remove AKMA contexts of akma-aanf\n"
                          "\n"
                          "akma COMMAND --help tells more.\n"
                          "\n"
                          "Examples:\n"
                          "  akma derive --supi imsi-001010000000001 --k-ausf @k_ausf.hex --rid 0 \\\n"
                          "      --af msgin5g.lab.example --ua-id 0100000009\n"
                          "  akma subscriber add --supi imsi-001010000000009 --k @k.hex --opc @opc.hex\n"
                          "\n"
                          "Exit codes: 0 ok, 1 other failure, 2 usage; of subscriber and context also\n"
                          "4 cannot connect, 5 token, 6 not authorised, 7 refused, 8 akma-aanf failed";

static const struct argp_option options[] = {
    { "version", 'V', NULL, 0, "Print the version, and end", 0 },
    { NULL, 0, NULL, 0, NULL, 0 },
};

struct line {
    const struct command *command;
    int first; /* place of the command in argv */
    bool version;
};

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

static error_t on_option(int key, char *argument, struct argp_state *state)
{
    struct line *line = state->input;

    switch (key) {
    case 'V':
        line->version = true;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_ARG:
        line->command = find_command(argument);
        if (line->command == NULL)
            argp_error(state, "there is no command \"%s\"; expected " COMMANDS "", argument);
        line->first = state->next - 1;
        state->next = state->argc; /* the rest is the command's */
        return 0;
    case ARGP_KEY_END:
        if (line->command == NULL && !line->version)
            argp_error(state, "a command is required: " COMMANDS);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

int main(int argc, char **argv)
{
    const struct argp argp = { .options = options, .parser = on_option, .args_doc = "COMMAND [OPTION...]", .doc = doc };
    struct line line = { .command = NULL };
    char name[64];
    error_t error;

    argp_err_exit_status = EXIT_CODE_USAGE;
    if (secret_setup() != MSGIN5G_OK) {
        (void)fputs("akma: libsodium does not start\n", stderr);
        return EXIT_CODE_OTHER;
    }
    error = argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &line);
    if (error != 0) {
        (void)fprintf(stderr, "akma: %s\n", strerror(error));
        return EXIT_CODE_OTHER;
    }
    if (line.version) {
        (void)puts("akma " MSGIN5G_VERSION);
        return EXIT_CODE_OK;
    }
    (void)snprintf(name, sizeof name, "akma %s", line.command->name);
    argv[line.first] = name;
    return line.command->run(argc - line.first, argv + line.first);
}
