/* A file of sealed records that only grows, and is replaced as a whole: what the AAnF must not lose. Each record is
 * encrypted and bound to those before it (libsodium secretstream), so none can be read, changed, moved or left out. */
#ifndef AANF_JOURNAL_H
#define AANF_JOURNAL_H

#include "base/secret.h"

#include <stddef.h>

#define JOURNAL_RECORD_MAX 4096 /* octets */

struct journal;

/** @return MSGIN5G_OK to go on; anything else ends journal_load() with it. @p octets are wiped afterwards. */
typedef enum msgin5g_err journal_record_fn(void *ctx, const uint8_t *octets, size_t length);

/**
 * Give every record of @p path to @p run, in order. A last record that was cut off while it was written is left out,
 * with a warning in the log.
 *
 * @return MSGIN5G_OK (also when there is no file), ERR_AUTHENTICATION (another key, or somebody changed the file),
 * ERR_MALFORMED (no file of ours), ERR_IO, ERR_NO_MEMORY, or what @p run returned.
 */
enum msgin5g_err journal_load(const char *path, const struct secret_seal_key *key, journal_record_fn *run, void *ctx);

/** Begin a new file beside @p path, readable by the owner alone; nothing replaces @p path yet. @return MSGIN5G_OK,
 * ERR_IO or ERR_NO_MEMORY. */
enum msgin5g_err journal_begin(const char *path, const struct secret_seal_key *key, struct journal **out);
/** Append one record; it survives the end of this process from then on. @return MSGIN5G_OK, or ERR_IO: the journal is
 * of no use any more, begin another. */
enum msgin5g_err journal_append(struct journal *journal, const void *octets, size_t length);
/** Bring the new file to the disk and put it in the place of the old one, in one step. @return MSGIN5G_OK or ERR_IO. */
enum msgin5g_err journal_commit(struct journal *journal);
/** Close; a file that was not committed is removed. NULL is allowed. */
void journal_free(struct journal *journal);

#endif
