/*
 * What the storage actor asks of the engine behind it, on its one thread; store_sqlite.c answers. Calls wait for the
 * disk. An error of the engine is ERR_STORE, in the log with its reason, and leaves everything usable.
 */
#ifndef STORE_ENGINE_H
#define STORE_ENGINE_H

#include "store.h"
#include "store_seal.h"

#define STORE_COPY_OVERHEAD 128 /* octets that a copy takes of the quota beside its body */

struct store_engine;
struct store_engine_counts {
    uint64_t copies, octets; /* stored now; octets as the quota counts them */
    uint64_t damaged;        /* rows found damaged since the start */
    uint64_t highest_id;     /* when it was opened */
};

/** @p seal is borrowed. Mends what is damaged. @return as store_open(). */
enum msgin5g_err store_engine_open(const char *folder, const struct store_seal *seal, struct store_engine **out);
/** NULL is allowed. */
void store_engine_close(struct store_engine *engine);
/** What is stored, with the changes of the open transaction. */
const struct store_engine_counts *store_engine_counts(const struct store_engine *engine);

/** @return MSGIN5G_OK or ERR_STORE, as all below. */
enum msgin5g_err store_engine_begin(struct store_engine *engine);
/** Synced to the disk on MSGIN5G_OK; nothing happened on ERR_STORE, and no transaction is open either way. */
enum msgin5g_err store_engine_commit(struct store_engine *engine);
void store_engine_rollback(struct store_engine *engine);
/** Between transactions: what keeps the files small. @return true when there was something to do. */
bool store_engine_maintain(struct store_engine *engine);

/** Store a body for several copies; @p id is that of the first of them. */
enum msgin5g_err store_engine_put_body(struct store_engine *engine, uint64_t id, const void *octets, size_t length);
/** Store a copy: with its own body, or with body @p body_id when that is not 0 (then only @p length counts). @return
 * also ERR_INVALID: the id is taken; nothing was changed. */
enum msgin5g_err store_engine_put_copy(
    struct store_engine *engine, const struct store_copy *copy, uint64_t body_id, const void *octets, size_t length);
enum msgin5g_err store_engine_remove(struct store_engine *engine, uint64_t id);
enum msgin5g_err store_engine_put_record(
    struct store_engine *engine, enum store_kind kind, const struct store_record *record);
enum msgin5g_err store_engine_forget(struct store_engine *engine, enum store_kind kind, struct msgin5g_str key);
enum msgin5g_err store_engine_forget_through(struct store_engine *engine, enum store_kind kind, struct msgin5g_str key);

/** Gets each row of a read, borrowed for the call. @return MSGIN5G_OK to go on; anything else ends the read with it. */
typedef enum msgin5g_err store_item_fn(void *ctx, const struct store_item *item);
typedef enum msgin5g_err store_summary_fn(void *ctx, const struct store_summary *summary);
typedef enum msgin5g_err store_record_fn(void *ctx, const struct store_record *record);
enum msgin5g_err store_engine_page(struct store_engine *engine, const struct store_query *query, store_item_fn *each,
    void *ctx, bool *more, struct store_next *next);
/** Recipients behind @p after: at most @p count, and whether there are @p more. */
enum msgin5g_err store_engine_summaries(
    struct store_engine *engine, struct msgin5g_str after, size_t count, store_summary_fn *each, void *ctx, bool *more);
/** Records behind @p after: at most @p count, and whether there are @p more. */
enum msgin5g_err store_engine_records(struct store_engine *engine, enum store_kind kind, struct msgin5g_str after,
    size_t count, store_record_fn *each, void *ctx, bool *more);

#endif
