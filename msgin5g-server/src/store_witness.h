/*
 * A number beside the database that says how many commits were made, written without a system call after each: it
 * survives kill -9 just as the database does. A database that says less has lost its tail, which SQLite by itself takes
 * for an ordinary end.
 */
#ifndef STORE_WITNESS_H
#define STORE_WITNESS_H

#include "msgin5g/error.h"

#include <stdint.h>

#define STORE_WITNESS_FILE "store.commits"

struct store_witness;
/** Open or make the file in @p folder. @return MSGIN5G_OK, ERR_IO or ERR_NO_MEMORY. */
enum msgin5g_err store_witness_open(const char *folder, struct store_witness **out);
/** NULL is allowed. */
void store_witness_close(struct store_witness *witness);
/** Commits seen; 0 when the file is new, or damaged itself. */
uint64_t store_witness_commits(const struct store_witness *witness);
void store_witness_set(struct store_witness *witness, uint64_t commits);

#endif
