/* A disk that fails on demand: a layer of SQLite's file system, below the store. */
#ifndef FAILING_VFS_H
#define FAILING_VFS_H

/** Put the layer in the place of SQLite's default; once a process, before the first database is opened. */
void failing_vfs_install(void);
/** From now on every write, sync and truncation gives @p code (SQLITE_FULL, SQLITE_IOERR_FSYNC, ...); SQLITE_OK: works
 * again. Any thread. */
void failing_vfs_set(int code);
/** Let @p writes more succeed (sync and truncation count too) and every one after them fail with @p code. */
void failing_vfs_after(int writes, int code);

#endif
