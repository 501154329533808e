/* What goes between a shard and the thread of the store. Inside of the store only; see store.h. */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include "store.h"
#include "store_arena.h"
#include "store_engine.h"

enum store_request_type { STORE_WRITE, STORE_READ_PAGE, STORE_READ_SUMMARIES, STORE_READ_RECORDS };

/** The common part of every request: the shard's before it is handed over and after it came back, else the thread's. */
struct store_request {
    struct store_request *next;
    struct store_door *door;
    enum store_request_type type;
    enum msgin5g_err err;
    void *ctx;
    size_t charged; /* octets counted against the door */
    struct store_arena arena;
};

/** Requests in order. */
struct store_chain {
    struct store_request *first, *last;
};
static inline void store_chain_add(struct store_chain *chain, struct store_request *request)
{
    request->next = NULL;
    if (chain->first == NULL)
        chain->first = request;
    else
        chain->last->next = request;
    chain->last = request;
}
static inline struct store_request *store_chain_take(struct store_chain *chain)
{
    struct store_request *request = chain->first;
    if (request != NULL)
        chain->first = request->next;
    return request;
}

/* ---- writes: store_write.c --------------------------------------------------------------------------------------- */

struct store_op;
struct store_body;
struct store_write {
    struct store_request request;
    store_done_fn *done; /* NULL: nobody waits */
    struct store_op *first, *last;
    struct store_body *body; /* of the copies that follow */
    size_t octets;           /* what was passed in */
    size_t quota;            /* what it takes of the quota */
    bool has_copies;
    bool invalid, failed; /* the caller passed nonsense; memory was short */
};
/** Carry the write out in the transaction that is open. */
enum msgin5g_err store_write_apply(const struct store_write *write, struct store_engine *engine);

/* ---- reads: store_read.c ----------------------------------------------------------------------------------------- */

/** Thread: read one batch; request->err says how it went. */
void store_read_run(struct store_request *request, struct store_engine *engine);
/** Loop: tell the caller. @return true when the request is to be handed over again, for the next batch. */
bool store_read_finish(struct store_request *request);
/** Loop: tell the caller that there will be no next batch, with @p err. */
void store_read_give_up(struct store_request *request, enum msgin5g_err err);

/* ---- the door: store.c ------------------------------------------------------------------------------------------- */

/** Hand @p request over; it is released when that fails. @return as store_write_commit(). */
enum msgin5g_err store_door_submit(struct store_door *door, struct store_request *request, size_t octets);
void store_request_free(struct store_request *request);

#endif
