/* The options of a gateway, and of a UE behind one. */
#ifndef GATEWAY_OPTIONS_H
#define GATEWAY_OPTIONS_H

#include "options.h"

#include <argp.h>

/** Child of the command's argp; its input is the struct options. */
extern const struct argp gateway_options;

/* options.c: each ends the process with a usage error that names the option. */
void options_read_key(struct argp_state *state, struct options *out, const char *name, const char *text);
int64_t options_read_duration_s(struct argp_state *state, const char *name, const char *text);
int64_t options_read_number(struct argp_state *state, const char *name, const char *text, int64_t max);

#endif
