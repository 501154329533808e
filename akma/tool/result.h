/* What a subcommand prints: names and values, as aligned lines or as one JSON object. */
#ifndef AKMA_TOOL_RESULT_H
#define AKMA_TOOL_RESULT_H

#include <stdbool.h>
#include <stddef.h>

struct result {
    const char *name;
    const char *value;
};

/** Print @p count results on standard output. @return an exit code; what went wrong is on standard error. */
int result_print(const struct result *results, size_t count, bool json);

#endif
