/* What a person can do about an error. */
#ifndef EXPLAIN_H
#define EXPLAIN_H

#include "msgin5g/error.h"

/** One sentence without a full stop, or NULL when the error says it all; a constant. */
const char *explain(enum msgin5g_err err);

#endif
