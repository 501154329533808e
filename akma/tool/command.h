/* The subcommands of `akma`. */
#ifndef AKMA_TOOL_COMMAND_H
#define AKMA_TOOL_COMMAND_H

/** One subcommand. */
struct command {
    const char *name;
    /** @p argv[0] is "akma NAME", for messages. @return an exit code; ends the process for --help and wrong usage. */
    int (*run)(int argc, char **argv);
};

/** TS 33.535 Annex A: from K_AUSF to K_AF. */
int derive_run(int argc, char **argv);
/** TS 33.501 Annex A over TS 35.206: a 5G authentication vector. */
int auth_vector_run(int argc, char **argv);
/** Subscribers of a running akma-aanf: add, change, remove, list. */
int subscriber_run(int argc, char **argv);
/** AKMA contexts of a running akma-aanf: list, expire, remove. */
int context_run(int argc, char **argv);

#endif
