#include "outbox_file.h"

#include "base/buffer.h"
#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILE_MAGIC     "MSGIN5G outbox 1\n"
#define FILE_MAGIC_LEN (sizeof FILE_MAGIC - 1)
#define RECORD_MAGIC   0x4d354fa7u
#define HEADER_LEN     20 /* magic, type, length: 4 octets each, big-endian; checksum: 8 */
#define SUM_AT         12
#define PATH_OCTETS    4096

struct outbox_file {
    int fd;
    size_t size;
    bool broken; /* the disk failed: what stands in the file is written anew before anything else */
    char path[];
};

/* ---- records ---- */

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        at[i] = (uint8_t)value;
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* Against accidents, not against people: the key is no secret. */
static uint64_t checksum(const uint8_t *record, size_t length)
{
    static const uint8_t key[SECRET_HASH_KEY_LEN] = "MSGIN5G outbox 1";
    const uint64_t parts[2] = { secret_hash(key, record, SUM_AT),
        secret_hash(key, record + HEADER_LEN, length - HEADER_LEN) };

    return secret_hash(key, parts, sizeof parts);
}

static bool sum_fits(const uint8_t *record, size_t length)
{
    uint64_t sum = checksum(record, length);

    return memcmp(record + SUM_AT, &sum, sizeof sum) == 0;
}

/* Octets of the whole record at @p octets; 0: there is none. */
static size_t record_at(const uint8_t *octets, size_t length)
{
    size_t whole;

    if (length < HEADER_LEN || get_u32(octets) != RECORD_MAGIC)
        return 0;
    whole = HEADER_LEN + (size_t)get_u32(octets + 8);
    if (whole > length || whole > HEADER_LEN + OUTBOX_RECORD_MAX)
        return 0;
    return sum_fits(octets, whole) ? whole : 0;
}

size_t outbox_records_read(const uint8_t *octets, size_t length, outbox_take_fn *take, void *ctx)
{
    size_t damaged = 0, at = FILE_MAGIC_LEN;
    bool skipping = false;

    if (length == 0)
        return 0;
    if (length < FILE_MAGIC_LEN || memcmp(octets, FILE_MAGIC, FILE_MAGIC_LEN) != 0)
        return SIZE_MAX;
    while (at < length) {
        size_t whole = record_at(octets + at, length - at);
        const struct msgin5g_str body = { (const char *)octets + at + HEADER_LEN, whole - HEADER_LEN };

        if (whole > 0 ? !take(ctx, get_u32(octets + at + 4), body) : !skipping)
            damaged++;
        skipping = whole == 0;
        at += whole > 0 ? whole : 1;
    }
    return damaged;
}

/* ---- opening ---- */

/* The lock is on the file that has the name now, not on one that was replaced in between. */
static bool is_current(int fd, const char *path)
{
    struct stat mine, named;

    return fstat(fd, &mine) == 0 && stat(path, &named) == 0 && mine.st_ino == named.st_ino &&
           mine.st_dev == named.st_dev;
}

static enum msgin5g_err open_locked(const char *path, int *out)
{
    struct stat facts;
    enum msgin5g_err err = MSGIN5G_OK;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    if (fd < 0 || fstat(fd, &facts) != 0)
        err = MSGIN5G_ERR_IO;
    else if (!S_ISREG(facts.st_mode) || (facts.st_mode & 077) != 0)
        err = MSGIN5G_ERR_CONFIG;
    else if (flock(fd, LOCK_EX | LOCK_NB) != 0 || !is_current(fd, path))
        err = MSGIN5G_ERR_LIMIT;
    if (err != MSGIN5G_OK && fd >= 0)
        close(fd);
    *out = fd;
    return err;
}

static enum msgin5g_err read_all(struct outbox_file *file, outbox_take_fn *take, void *ctx, size_t *damaged)
{
    struct buffer content;
    enum msgin5g_err err;

    buffer_init(&content, OUTBOX_FILE_MAX);
    if ((err = buffer_read_file(&content, file->path)) == MSGIN5G_OK) {
        *damaged = outbox_records_read(content.data, content.length, take, ctx);
        file->size = content.length;
        if (*damaged == SIZE_MAX)
            err = MSGIN5G_ERR_CONFIG;
    }
    buffer_wipe_free(&content);
    return err;
}

enum msgin5g_err outbox_file_open(
    const char *path, outbox_take_fn *take, void *ctx, size_t *damaged, struct outbox_file **out)
{
    size_t length = strlen(path);
    struct outbox_file *file;
    enum msgin5g_err err;

    if (length + sizeof ".new" > PATH_OCTETS)
        return MSGIN5G_ERR_CONFIG;
    if ((file = calloc(1, sizeof *file + length + 1)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    memcpy(file->path, path, length + 1);
    if ((err = open_locked(path, &file->fd)) != MSGIN5G_OK) {
        free(file);
        return err;
    }
    if ((err = read_all(file, take, ctx, damaged)) != MSGIN5G_OK) {
        outbox_file_close(file);
        return err;
    }
    file->broken = true; /* a record cut short may stand at its end */
    *out = file;
    return MSGIN5G_OK;
}

void outbox_file_close(struct outbox_file *file)
{
    if (file == NULL)
        return;
    close(file->fd);
    free(file);
}

bool outbox_file_broken(const struct outbox_file *file)
{
    return file->broken;
}

size_t outbox_file_size(const struct outbox_file *file)
{
    return file->size;
}

/* ---- writing ---- */

static bool write_at(int fd, const uint8_t *octets, size_t length, size_t at)
{
    while (length > 0) {
        ssize_t written = pwrite(fd, octets, length, (off_t)at);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        octets += written;
        length -= (size_t)written;
        at += (size_t)written;
    }
    return true;
}

static uint8_t *record_new(uint32_t type, const struct msgin5g_str *parts, size_t part_count, size_t *length)
{
    size_t body = 0, at = HEADER_LEN;
    uint64_t sum;
    uint8_t *record;

    for (size_t i = 0; i < part_count; i++)
        body += parts[i].length;
    if (body > OUTBOX_RECORD_MAX || (record = malloc(HEADER_LEN + body)) == NULL)
        return NULL;
    put_u32(record, RECORD_MAGIC);
    put_u32(record + 4, type);
    put_u32(record + 8, (uint32_t)body);
    for (size_t i = 0; i < part_count; at += parts[i++].length)
        if (parts[i].length > 0)
            memcpy(record + at, parts[i].octets, parts[i].length);
    *length = at;
    sum = checksum(record, at);
    memcpy(record + SUM_AT, &sum, sizeof sum);
    return record;
}

enum msgin5g_err outbox_file_append(
    struct outbox_file *file, uint32_t type, const struct msgin5g_str *parts, size_t part_count, bool sync)
{
    size_t length;
    uint8_t *record;
    bool written;

    if (file->broken)
        return MSGIN5G_ERR_STORE;
    if ((record = record_new(type, parts, part_count, &length)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    written = write_at(file->fd, record, length, file->size) && (!sync || fdatasync(file->fd) == 0);
    secret_wipe(record, length);
    free(record);
    if (written) {
        file->size += length;
        return MSGIN5G_OK;
    }
    file->broken = ftruncate(file->fd, (off_t)file->size) != 0 || sync;
    return MSGIN5G_ERR_STORE;
}

/* A name is on the disk when its folder is. */
static bool sync_folder(const char *path)
{
    char copy[PATH_OCTETS];
    int fd;
    bool synced;

    snprintf(copy, sizeof copy, "%s", path);
    fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    synced = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return synced;
}

static enum msgin5g_err fill(struct outbox_file *fresh, const char *path, outbox_emit_fn *emit, void *ctx)
{
    enum msgin5g_err err;

    if (flock(fresh->fd, LOCK_EX | LOCK_NB) != 0 ||
        !write_at(fresh->fd, (const uint8_t *)FILE_MAGIC, FILE_MAGIC_LEN, 0))
        return MSGIN5G_ERR_STORE;
    fresh->size = FILE_MAGIC_LEN;
    if ((err = emit(ctx, fresh)) != MSGIN5G_OK)
        return err;
    return fsync(fresh->fd) == 0 && rename(fresh->path, path) == 0 ? MSGIN5G_OK : MSGIN5G_ERR_STORE;
}

enum msgin5g_err outbox_file_rewrite(struct outbox_file *file, outbox_emit_fn *emit, void *ctx)
{
    size_t path_octets = strlen(file->path) + sizeof ".new";
    struct outbox_file *fresh = calloc(1, sizeof *fresh + path_octets);
    enum msgin5g_err err = MSGIN5G_ERR_STORE;

    if (fresh == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    snprintf(fresh->path, path_octets, "%s.new", file->path);
    (void)unlink(fresh->path); /* of a process that ended in the middle */
    fresh->fd = open(fresh->path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fresh->fd >= 0 && (err = fill(fresh, file->path, emit, ctx)) != MSGIN5G_OK)
        (void)unlink(fresh->path);
    if (err == MSGIN5G_OK) {
        close(file->fd);
        file->fd = fresh->fd;
        file->size = fresh->size;
        file->broken = false;
        err = sync_folder(file->path) ? MSGIN5G_OK : MSGIN5G_ERR_STORE;
    } else if (fresh->fd >= 0) {
        close(fresh->fd);
    }
    free(fresh);
    return err;
}
