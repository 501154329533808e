/* A damaged database: set it aside, and take over into a new one what can still be read. */
#ifndef STORE_MEND_H
#define STORE_MEND_H

#include "msgin5g/error.h"

#include <limits.h>
#include <stdint.h>

struct store_mended {
    char aside[PATH_MAX]; /* folder of the damaged files */
    uint64_t copies, records;
    uint64_t missing; /* copies that the database should have held, as far as it can be said */
};

/** Nobody may have the database open. @p commits is taken when it does not say itself how many it made. @return
 * MSGIN5G_OK, ERR_IO or ERR_STORE; in the log. */
enum msgin5g_err store_mend(const char *folder, uint64_t commits, struct store_mended *out);

#endif
