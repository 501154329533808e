#include "store_files.h"

#include "base/log.h"
#include "store_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define LOCK_FILE "store.lock"

static bool join(char *out, size_t size, const char *folder, const char *name)
{
    int length = snprintf(out, size, "%s/%s", folder, name);
    return length > 0 && (size_t)length < size;
}

/* A new file counts only once its folder says so on the disk. */
static void sync_folder(const char *folder)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    close(fd);
}

static bool make_folder(const char *folder)
{
    return mkdir(folder, S_IRWXU) == 0 || errno == EEXIST;
}

static enum msgin5g_err lock(const char *folder, int *lock_fd)
{
    char path[PATH_MAX];
    int fd = join(path, sizeof path, folder, LOCK_FILE) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) {
        log_error("the store's folder cannot be used path=%s reason=\"%s\"", folder, strerror(errno));
        return MSGIN5G_ERR_CONFIG;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        log_error("the store is in use by another process path=%s", folder);
        close(fd);
        return MSGIN5G_ERR_CLOSED;
    }
    *lock_fd = fd;
    return MSGIN5G_OK;
}

enum msgin5g_err store_files_prepare(const char *folder, char *path, size_t size, int *lock_fd)
{
    if (!join(path, size, folder, STORE_FILE) || !make_folder(folder)) {
        log_error("the store's folder cannot be made path=%s reason=\"%s\"", folder, strerror(errno));
        return MSGIN5G_ERR_CONFIG;
    }
    enum msgin5g_err err = lock(folder, lock_fd);
    if (err != MSGIN5G_OK)
        return err;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* SQLite gives its other files the same mode */
    if (fd < 0) {
        log_error("the store's folder cannot be used path=%s reason=\"%s\"", path, strerror(errno));
        return MSGIN5G_ERR_CONFIG;
    }
    close(fd);
    sync_folder(folder);
    return MSGIN5G_OK;
}

int64_t store_files_octets(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 ? (int64_t)info.st_size : 0;
}

/* "damaged-20260301T120000Z", with a number behind when there is one of this second. */
static bool make_aside(const char *folder, char *out, size_t size)
{
    char name[64], stamp[32];
    struct tm tm;
    time_t now = time(NULL);
    if (gmtime_r(&now, &tm) == NULL || strftime(stamp, sizeof stamp, "%Y%m%dT%H%M%SZ", &tm) == 0)
        return false;
    for (unsigned i = 0; i < 100; i++) {
        (void)snprintf(name, sizeof name, i == 0 ? "damaged-%s" : "damaged-%s-%u", stamp, i);
        if (!join(out, size, folder, name))
            return false;
        if (mkdir(out, S_IRWXU) == 0)
            return true;
        if (errno != EEXIST)
            return false;
    }
    return false;
}

static bool copy_file(const char *from, const char *to)
{
    bool good = false;
    struct stat info;
    int in = open(from, O_RDONLY | O_CLOEXEC);
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (in >= 0 && out >= 0 && fstat(in, &info) == 0) {
        off_t left = info.st_size;
        ssize_t sent = 1;
        while (left > 0 && sent > 0) {
            sent = sendfile(out, in, NULL, (size_t)left);
            left -= sent > 0 ? sent : 0;
        }
        good = left == 0;
    }
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return good;
}

bool store_files_keep_wal(const char *folder, char *kept, size_t size)
{
    char from[PATH_MAX], to[PATH_MAX];
    return join(from, sizeof from, folder, STORE_FILE "-wal") && store_files_octets(from) > 0 &&
           make_aside(folder, kept, size) && join(to, sizeof to, kept, STORE_FILE "-wal") && copy_file(from, to);
}

enum msgin5g_err store_files_set_aside(const char *folder, char *aside, size_t size)
{
    static const char *const names[] = { STORE_FILE "-wal", STORE_FILE };
    char from[PATH_MAX], to[PATH_MAX];
    bool good = make_aside(folder, aside, size);
    for (size_t i = 0; i < sizeof names / sizeof names[0] && good; i++)
        good = join(from, sizeof from, folder, names[i]) && join(to, sizeof to, aside, names[i]) &&
               (rename(from, to) == 0 || errno == ENOENT);
    if (good && join(from, sizeof from, folder, STORE_FILE "-shm"))
        (void)unlink(from);
    if (!good)
        log_error("the damaged store cannot be set aside path=%s reason=\"%s\"", folder, strerror(errno));
    sync_folder(folder);
    return good ? MSGIN5G_OK : MSGIN5G_ERR_IO;
}
