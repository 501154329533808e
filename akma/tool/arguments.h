/* Arguments of the subcommands. What is wrong ends the process: option, value and what is expected, on standard error.
 */
#ifndef AKMA_TOOL_ARGUMENTS_H
#define AKMA_TOOL_ARGUMENTS_H

#include <argp.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Hexadecimal digits (either case), "@FILE" or "-" for standard input; blanks around them in a file do not count. The
 * value may be a key, so messages do not repeat it.
 */
void argument_hex(struct argp_state *state, const char *option, const char *argument, void *out, size_t octets);

/** As argument_hex(), for keys that must not show on the command line: "@FILE" or "-" alone. */
void argument_secret_hex(struct argp_state *state, const char *option, const char *argument, void *out, size_t octets);
/** One line of text from "@FILE" or "-", blanks around it left out: 1 to @p size - 1 octets. */
void argument_secret_text(struct argp_state *state, const char *option, const char *argument, char *out, size_t size);

/** One option that must be there. A row with name NULL ends the table. */
struct required_option {
    const char *name; /* "--rid" */
    uint32_t bit;     /* set in the options seen */
};
/** End with a message that names every option of @p required whose bit is not in @p seen. */
void arguments_require(struct argp_state *state, const struct required_option *required, uint32_t seen);

#endif
