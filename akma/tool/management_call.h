/* One request to the management port of akma-aanf (docs/aanf-management.yaml), and the options that say where it is. */
#ifndef AKMA_TOOL_MANAGEMENT_CALL_H
#define AKMA_TOOL_MANAGEMENT_CALL_H

#include "base/buffer.h"

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#define MANAGEMENT_TOKEN_MAX 128
#define MANAGEMENT_PATH_MAX  800

/** Where and as whom; filled by management_argp. Zero it first, wipe it afterwards: it holds the token. */
struct management_access {
    const char *url, *ca_file;
    char token[MANAGEMENT_TOKEN_MAX + 1]; /* "": none */
    int64_t timeout_ms;
    bool json;
};

/** --url, --token, --ca, --timeout, --json; a child for the argp of a command, its input a struct management_access. */
extern const struct argp management_argp;

struct management_request {
    const char *method, *path;
    const struct buffer *body; /* JSON; NULL: none */
};

/**
 * Ask, and wait for the answer.
 *
 * @param answer initialised; receives the body, the caller frees it.
 * @return EXIT_CODE_OK when the status is 2xx; else what is wrong is on standard error.
 */
int management_call(
    const struct management_access *access, const struct management_request *request, struct buffer *answer);

/** "/subscribers/" and the percent-encoded name, and what follows. */
void management_path(const char *collection, const char *name, const char *rest, char out[MANAGEMENT_PATH_MAX]);

#endif
