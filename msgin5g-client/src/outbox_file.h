/*
 * The file behind an outbox: records that are only ever appended, each with a checksum, and written anew now and then.
 * Knows nothing of what stands in them. Every write waits for the disk where it says so.
 */
#ifndef OUTBOX_FILE_H
#define OUTBOX_FILE_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stdint.h>

#define OUTBOX_RECORD_MAX ((size_t)512 * 1024)        /* octets of one */
#define OUTBOX_FILE_MAX   ((size_t)256 * 1024 * 1024) /* of a file that is read */

struct outbox_file;

/** One record that stood in the file; borrowed for the call. @return false: it makes no sense, count it as damaged. */
typedef bool outbox_take_fn(void *ctx, uint32_t type, struct msgin5g_str octets);
/** Append what is to stand in a file written anew. @return MSGIN5G_OK or what outbox_file_append() said. */
typedef enum msgin5g_err outbox_emit_fn(void *ctx, struct outbox_file *file);

/**
 * Walk over the content of a file. What fits no checksum is skipped up to the next record that does.
 *
 * @return stretches that were skipped or refused by @p take; SIZE_MAX when this is no such file.
 */
size_t outbox_records_read(const uint8_t *octets, size_t length, outbox_take_fn *take, void *ctx);

/**
 * Open @p path, or create it for its owner alone, and read what stands in it; nobody else can open it meanwhile.
 *
 * @return MSGIN5G_OK; ERR_CONFIG: not such a file, or its group or others may use it; ERR_LIMIT: in use, or too large;
 *         ERR_IO (errno set); ERR_NO_MEMORY.
 */
enum msgin5g_err outbox_file_open(
    const char *path, outbox_take_fn *take, void *ctx, size_t *damaged, struct outbox_file **out);
/** NULL is allowed. */
void outbox_file_close(struct outbox_file *file);
/**
 * Append one record of the octets in @p parts one behind the other, at most OUTBOX_RECORD_MAX.
 *
 * @param sync wait until it is on the disk.
 * @return MSGIN5G_OK; ERR_STORE: the file is as it was before; ERR_NO_MEMORY: likewise.
 */
enum msgin5g_err outbox_file_append(
    struct outbox_file *file, uint32_t type, const struct msgin5g_str *parts, size_t part_count, bool sync);
/** Put a new file in its place, with what @p emit appends, on the disk when this returns. @return MSGIN5G_OK;
 * ERR_STORE, ERR_NO_MEMORY: the file is as it was before. */
enum msgin5g_err outbox_file_rewrite(struct outbox_file *file, outbox_emit_fn *emit, void *ctx);
/** True after opening and after a failure of the disk: nothing can be appended before outbox_file_rewrite(). */
bool outbox_file_broken(const struct outbox_file *file);
/** Octets of the file. */
size_t outbox_file_size(const struct outbox_file *file);

#endif
