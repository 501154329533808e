/* A thread with a connection of its own that moves the WAL into the database while commits go on. */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "msgin5g/error.h"

#include <stdbool.h>

struct store_checkpoint;
/** @p path is that of the database, which is open already. @return MSGIN5G_OK, ERR_STORE or ERR_NO_MEMORY. */
enum msgin5g_err store_checkpoint_start(const char *path, struct store_checkpoint **out);
/** Wait for the end of what is under way, end the thread. NULL is allowed. */
void store_checkpoint_stop(struct store_checkpoint *checkpoint);
/** Begin, unless it is at it. */
void store_checkpoint_run(struct store_checkpoint *checkpoint);
/** @return false while it is at it; else @p moved says how many pages of the WAL are in the database by now. */
bool store_checkpoint_idle(struct store_checkpoint *checkpoint, int *moved);
/** As store_checkpoint_idle(), but wait for it. */
void store_checkpoint_wait(struct store_checkpoint *checkpoint, int *moved);

#endif
