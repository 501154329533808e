/* The one member of a ProblemDetails body (TS 29.571) that decides something here: its cause. */
#ifndef AKMA_AF_PROBLEM_JSON_H
#define AKMA_AF_PROBLEM_JSON_H

#include "msgin5g/ids.h"

#include <stdbool.h>

/** True when @p body is a JSON object whose "cause" is @p cause. Any octets are allowed. */
bool problem_has_cause(struct msgin5g_str body, const char *cause);

#endif
