/* The store's folder: who may use it, and where damaged files go. */
#ifndef STORE_FILES_H
#define STORE_FILES_H

#include "msgin5g/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Make the folder and an empty database when they are not there, all for the owner alone, and lock them.
 *
 * @param path path of the database.
 * @param lock_fd holds the lock until it is closed.
 * @return MSGIN5G_OK, ERR_CONFIG, ERR_CLOSED (another process has the lock); both in the log.
 */
enum msgin5g_err store_files_prepare(const char *folder, char *path, size_t size, int *lock_fd);
/** Octets of a file; 0 when it cannot be said. */
int64_t store_files_octets(const char *path);
/** Copy the WAL into a folder of its own, which gets into @p kept. @return false when that failed, or there is none. */
bool store_files_keep_wal(const char *folder, char *kept, size_t size);
/** Move the database and its WAL into a folder of their own, which gets into @p aside. @return MSGIN5G_OK or ERR_IO. */
enum msgin5g_err store_files_set_aside(const char *folder, char *aside, size_t size);

#endif
