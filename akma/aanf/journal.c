#include "journal.h"

#include "base/buffer.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAGIC      "msgin5g-aanf-1\n"
#define MAGIC_LEN  (sizeof MAGIC - 1)
#define BEGIN      "begin" /* first record: tells a wrong key from an empty file */
#define LENGTH_LEN 4
#define SEALED_MAX (JOURNAL_RECORD_MAX + SECRET_SEAL_OVERHEAD)
#define FILE_MAX   ((size_t)4 << 30)
#define NEW_SUFFIX ".new"
#define PREFIX_LEN (MAGIC_LEN + SECRET_SEAL_HEADER_LEN)

struct journal {
    int fd;
    bool committed;
    struct secret_seal seal;
    char path[PATH_MAX], new_path[PATH_MAX];
};

/* ---- reading ---------------------------------------------------------------------------------------------------- */

struct reader {
    const uint8_t *next;
    size_t left;
    struct secret_seal seal;
    uint8_t plain[JOURNAL_RECORD_MAX];
};

static uint32_t length_read(const uint8_t *octets)
{
    return (uint32_t)octets[0] << 24 | (uint32_t)octets[1] << 16 | (uint32_t)octets[2] << 8 | octets[3];
}

/* @return MSGIN5G_OK with the record in plain; ERR_NOT_FOUND at the end, ERR_LIMIT when the last one is cut off. */
static enum msgin5g_err record_read(struct reader *reader, size_t *length)
{
    if (reader->left == 0)
        return MSGIN5G_ERR_NOT_FOUND;
    if (reader->left < LENGTH_LEN)
        return MSGIN5G_ERR_LIMIT;
    size_t sealed = length_read(reader->next);
    if (sealed < SECRET_SEAL_OVERHEAD || sealed > SEALED_MAX)
        return MSGIN5G_ERR_AUTHENTICATION;
    if (sealed > reader->left - LENGTH_LEN)
        return MSGIN5G_ERR_LIMIT;
    enum msgin5g_err err = secret_seal_open(&reader->seal, reader->next + LENGTH_LEN, sealed, reader->plain);
    reader->next += LENGTH_LEN + sealed;
    reader->left -= LENGTH_LEN + sealed;
    *length = sealed - SECRET_SEAL_OVERHEAD;
    return err;
}

static enum msgin5g_err records_read(
    struct reader *reader, const struct secret_seal_key *key, journal_record_fn *run, void *ctx)
{
    size_t length = 0;
    if (reader->left < PREFIX_LEN || memcmp(reader->next, MAGIC, MAGIC_LEN) != 0)
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = secret_seal_open_begin(&reader->seal, key, reader->next + MAGIC_LEN);
    reader->next += PREFIX_LEN;
    reader->left -= PREFIX_LEN;
    if (err == MSGIN5G_OK)
        err = record_read(reader, &length);
    if (err != MSGIN5G_OK || length != sizeof BEGIN - 1 || memcmp(reader->plain, BEGIN, length) != 0)
        return MSGIN5G_ERR_AUTHENTICATION;
    while (err == MSGIN5G_OK) {
        err = record_read(reader, &length);
        if (err == MSGIN5G_OK)
            err = run(ctx, reader->plain, length);
    }
    if (err == MSGIN5G_ERR_LIMIT)
        log_warning("the last record of the state file was cut off and is left out octets=%zu", reader->left);
    return err == MSGIN5G_ERR_LIMIT || err == MSGIN5G_ERR_NOT_FOUND ? MSGIN5G_OK : err;
}

enum msgin5g_err journal_load(const char *path, const struct secret_seal_key *key, journal_record_fn *run, void *ctx)
{
    struct buffer file;
    struct reader reader;
    buffer_init(&file, FILE_MAX);
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return MSGIN5G_OK;
    enum msgin5g_err err = buffer_read_file(&file, path);
    reader.next = file.data;
    reader.left = file.length;
    if (err == MSGIN5G_OK)
        err = records_read(&reader, key, run, ctx);
    secret_wipe(&reader, sizeof reader);
    buffer_free(&file);
    return err;
}

/* ---- writing ---------------------------------------------------------------------------------------------------- */

static enum msgin5g_err write_all(int fd, const uint8_t *octets, size_t length)
{
    while (length > 0) {
        ssize_t written = write(fd, octets, length);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return MSGIN5G_ERR_IO;
        octets += written;
        length -= (size_t)written;
    }
    return MSGIN5G_OK;
}

static enum msgin5g_err open_new(struct journal *journal, const struct secret_seal_key *key)
{
    uint8_t prefix[PREFIX_LEN] = MAGIC;
    (void)unlink(journal->new_path); /* left by a process that ended while it wrote */
    journal->fd = open(journal->new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (journal->fd < 0)
        return MSGIN5G_ERR_IO;
    secret_seal_begin(&journal->seal, key, prefix + MAGIC_LEN);
    enum msgin5g_err err = write_all(journal->fd, prefix, sizeof prefix);
    return err == MSGIN5G_OK ? journal_append(journal, BEGIN, sizeof BEGIN - 1) : err;
}

enum msgin5g_err journal_begin(const char *path, const struct secret_seal_key *key, struct journal **out)
{
    struct journal *journal = calloc(1, sizeof *journal);
    if (journal == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    journal->fd = -1;
    enum msgin5g_err err = MSGIN5G_ERR_IO;
    if (strlen(path) + sizeof NEW_SUFFIX <= sizeof journal->path) {
        memcpy(journal->path, path, strlen(path) + 1);
        (void)stpcpy(stpcpy(journal->new_path, path), NEW_SUFFIX); /* NOLINT: measured above */
        err = open_new(journal, key);
    }
    if (err != MSGIN5G_OK) {
        journal_free(journal);
        return err;
    }
    *out = journal;
    return MSGIN5G_OK;
}

enum msgin5g_err journal_append(struct journal *journal, const void *octets, size_t length)
{
    uint8_t sealed[LENGTH_LEN + SEALED_MAX];
    uint32_t sealed_length = (uint32_t)length + SECRET_SEAL_OVERHEAD;
    if (length > JOURNAL_RECORD_MAX || journal->fd < 0)
        return MSGIN5G_ERR_IO;
    for (size_t i = 0; i < LENGTH_LEN; i++)
        sealed[i] = (uint8_t)(sealed_length >> (24 - 8 * i));
    secret_seal_append(&journal->seal, octets, length, sealed + LENGTH_LEN);
    enum msgin5g_err err = write_all(journal->fd, sealed, LENGTH_LEN + sealed_length);
    if (err != MSGIN5G_OK) {
        (void)close(journal->fd);
        journal->fd = -1;
    }
    return err;
}

static bool sync_folder(const char *path)
{
    char copy[PATH_MAX];
    memcpy(copy, path, strlen(path) + 1);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        (void)close(fd);
    return done;
}

enum msgin5g_err journal_commit(struct journal *journal)
{
    if (journal->fd < 0 || fsync(journal->fd) != 0 || rename(journal->new_path, journal->path) != 0)
        return MSGIN5G_ERR_IO;
    journal->committed = true;
    return sync_folder(journal->path) ? MSGIN5G_OK : MSGIN5G_ERR_IO;
}

void journal_free(struct journal *journal)
{
    if (journal == NULL)
        return;
    if (journal->fd >= 0)
        (void)close(journal->fd);
    if (!journal->committed && journal->new_path[0] != '\0')
        (void)unlink(journal->new_path);
    secret_wipe(&journal->seal, sizeof journal->seal);
    free(journal);
}
