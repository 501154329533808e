#include "failing_vfs.h"

#include <limits.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stddef.h>

static struct {
    sqlite3_vfs *real;
    sqlite3_vfs layer;
    atomic_int left; /* writes that succeed */
    atomic_int code;
} state = { .left = INT_MAX };

/* The real file lies behind it. */
struct file {
    sqlite3_file base;
};

static sqlite3_file *real(sqlite3_file *file)
{
    return (sqlite3_file *)((struct file *)file + 1);
}

static int fails_now(void)
{
    if (atomic_load(&state.left) == INT_MAX)
        return SQLITE_OK;
    return atomic_fetch_sub(&state.left, 1) > 0 ? SQLITE_OK : atomic_load(&state.code);
}

void failing_vfs_set(int code)
{
    atomic_store(&state.code, code);
    atomic_store(&state.left, code == SQLITE_OK ? INT_MAX : 0);
}

void failing_vfs_after(int writes, int code)
{
    atomic_store(&state.code, code);
    atomic_store(&state.left, writes);
}

static int on_close(sqlite3_file *file)
{
    return real(file)->pMethods->xClose(real(file));
}

static int on_read(sqlite3_file *file, void *out, int length, sqlite3_int64 offset)
{
    return real(file)->pMethods->xRead(real(file), out, length, offset);
}

static int on_write(sqlite3_file *file, const void *octets, int length, sqlite3_int64 offset)
{
    int code = fails_now();
    return code != SQLITE_OK ? code : real(file)->pMethods->xWrite(real(file), octets, length, offset);
}

static int on_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = fails_now();
    return code != SQLITE_OK ? code : real(file)->pMethods->xTruncate(real(file), size);
}

static int on_sync(sqlite3_file *file, int flags)
{
    int code = fails_now();
    return code != SQLITE_OK ? code : real(file)->pMethods->xSync(real(file), flags);
}

static int on_size(sqlite3_file *file, sqlite3_int64 *out)
{
    return real(file)->pMethods->xFileSize(real(file), out);
}

static int on_lock(sqlite3_file *file, int lock)
{
    return real(file)->pMethods->xLock(real(file), lock);
}

static int on_unlock(sqlite3_file *file, int lock)
{
    return real(file)->pMethods->xUnlock(real(file), lock);
}

static int on_check(sqlite3_file *file, int *out)
{
    return real(file)->pMethods->xCheckReservedLock(real(file), out);
}

static int on_control(sqlite3_file *file, int op, void *arg)
{
    return real(file)->pMethods->xFileControl(real(file), op, arg);
}

static int on_sector(sqlite3_file *file)
{
    return real(file)->pMethods->xSectorSize(real(file));
}

static int on_device(sqlite3_file *file)
{
    return real(file)->pMethods->xDeviceCharacteristics(real(file));
}

static int on_shm_map(sqlite3_file *file, int page, int size, int extend, void volatile **out)
{
    return real(file)->pMethods->xShmMap(real(file), page, size, extend, out);
}

static int on_shm_lock(sqlite3_file *file, int offset, int count, int flags)
{
    return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}

static void on_shm_barrier(sqlite3_file *file)
{
    real(file)->pMethods->xShmBarrier(real(file));
}

static int on_shm_unmap(sqlite3_file *file, int remove)
{
    return real(file)->pMethods->xShmUnmap(real(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = on_close,
    .xRead = on_read,
    .xWrite = on_write,
    .xTruncate = on_truncate,
    .xSync = on_sync,
    .xFileSize = on_size,
    .xLock = on_lock,
    .xUnlock = on_unlock,
    .xCheckReservedLock = on_check,
    .xFileControl = on_control,
    .xSectorSize = on_sector,
    .xDeviceCharacteristics = on_device,
    .xShmMap = on_shm_map,
    .xShmLock = on_shm_lock,
    .xShmBarrier = on_shm_barrier,
    .xShmUnmap = on_shm_unmap,
};

static int on_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    int rc = state.real->xOpen(state.real, name, real(file), flags, out_flags);
    file->pMethods = real(file)->pMethods != NULL ? &methods : NULL;
    return rc;
}

void failing_vfs_install(void)
{
    state.real = sqlite3_vfs_find(NULL);
    state.layer = *state.real;
    state.layer.zName = "failing";
    state.layer.szOsFile = (int)sizeof(struct file) + state.real->szOsFile;
    state.layer.xOpen = on_open;
    (void)sqlite3_vfs_register(&state.layer, 1);
}
