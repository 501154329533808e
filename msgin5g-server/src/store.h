/*
 * The storage actor (decision D5): what must survive kill -9. A thread of its own takes what the shards ask for,
 * commits everything that waits in one transaction (group commit), and tells each shard on its own loop. Two parts: the
 * queue (copies of messages, each for one recipient) and records (small values by kind and key). It knows nothing of
 * delivery.
 *
 * Nothing here waits, but store_open(), store_close() and store_door_free(). The engine behind may be on this machine's
 * disk or elsewhere: any request may fail later with ERR_STORE, and a next one may succeed again.
 */
#ifndef STORE_H
#define STORE_H

#include "base/buffer.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "msgin5g/ids.h"

#define STORE_KEY_MAX      768 /* octets of a record's key: two Service IDs and a message id fit */
#define STORE_VALUE_MAX    1048576
#define STORE_BODY_MAX     1048576
#define STORE_WRITE_MAX    33554432 /* octets of one write, its overhead of about 64 a copy included */
#define STORE_PAGE_MAX     1024     /* items a page */
#define STORE_REQUESTS_MAX 65536    /* of one door, under way at a time */

struct store_config {
    const char *folder;   /* made when it is not there, for the owner alone */
    const char *key_file; /* 64 hexadecimal digits, readable by the owner alone: seal bodies and values; NULL: do not */
    int64_t quota_octets; /* bodies stored at most, all recipients together */
};

/** The thread and its engine; one a process. */
struct store;
/**
 * Open or make the store, mend it if it is damaged (the log says what was lost, and where the damaged files are), start
 * the thread. Waits.
 *
 * @param config   borrowed for the call.
 * @param registry borrowed: longer than the store.
 * @return MSGIN5G_OK; ERR_CONFIG (folder, key file), ERR_AUTHENTICATION (another key, or sealed and no key), ERR_CLOSED
 *         (another process has it open), ERR_INVALID (written by a newer version), ERR_STORE, ERR_IO or ERR_NO_MEMORY;
 *         the log says more, and nothing was changed.
 */
enum msgin5g_err store_open(const struct store_config *config, struct metrics *registry, struct store **out);
/** Commit what is under way, end the thread, release. Every door must be gone. Waits. NULL is allowed. */
void store_close(struct store *store);
/** Highest id among the copies when the store was opened; 0 when there was none. */
uint64_t store_highest_id(const struct store *store);
/** True while what is asked for gets stored; any thread. After a failure the store tries by itself until it can again.
 */
bool store_healthy(const struct store *store);

/** One shard's way to the store; everything below belongs to the thread of its loop. */
struct store_door;
/** The store and the loop are borrowed. @return MSGIN5G_OK, ERR_IO or ERR_NO_MEMORY. */
enum msgin5g_err store_door_create(struct store *store, struct loop *loop, struct store_door **out);
/** Wait until all that was asked for has ended and run its callbacks, which may remove messages but ask for nothing
 * that has an answer (ERR_CLOSED); then release. NULL is allowed. */
void store_door_free(struct store_door *door);

/* ---- writing ----------------------------------------------------------------------------------------------------- */

/** One message for one recipient. The store reads none of it but what it sorts and selects by. */
struct store_copy {
    uint64_t id;   /* 1 to INT64_MAX, given by the caller, never that of another copy still stored */
    int64_t rank;  /* lower ones are delivered first; inside of a rank, lower ids */
    int64_t due_s; /* not before this; 0: at once. UTC, as is the next */
    int64_t expires_s;
    uint32_t flags;               /* the caller's */
    struct msgin5g_str recipient; /* 1 to MSGIN5G_SERVICE_ID_MAX octets of UTF-8 without NUL */
};

/** Kinds of records; the numbers are on disk: append only. */
enum store_kind {
    STORE_REGISTRATION = 1,
    STORE_SUBSCRIPTION = 2,
    STORE_TOPIC = 3,
    STORE_AWAITED_REPORT = 4, /* EC-32 */
    STORE_DUPLICATE = 5,      /* EC-11 */
    STORE_AS_REGISTRATION = 6,
    STORE_GATEWAY = 7,
    STORE_UE_CONFIGURATION = 8,
    STORE_SEGMENT_SET = 9,
    STORE_COUNTER = 10
};

/** Changes that are committed together, or not at all. */
struct store_write;
/** Runs once, on the door's loop. @p err: MSGIN5G_OK (committed, synced to the disk), ERR_QUEUE_FULL (over the quota),
 * ERR_STORE or ERR_NO_MEMORY; nothing of the write happened then. */
typedef void store_done_fn(void *ctx, enum msgin5g_err err);

/** Begin. @return NULL when memory is short. */
struct store_write *store_write_create(struct store_door *door);
/** Give up what was not committed. NULL is allowed. */
void store_write_free(struct store_write *write);
/*
 * Fill: what is passed is copied; what goes wrong here is said by store_write_commit(). Changes happen in this order.
 */
/** The body of the copies that follow, up to the next body; stored once and shared by them. At most STORE_BODY_MAX. */
void store_write_body(struct store_write *write, const void *octets, size_t length);
void store_write_copy(struct store_write *write, const struct store_copy *copy);
/** An id that is not there is no error. */
void store_write_remove(struct store_write *write, uint64_t id);
/**
 * Store a record, or replace the one with this key.
 *
 * @param key       1 to STORE_KEY_MAX octets. Kinds with a high rate should have keys that grow (an increasing number,
 *                  most significant octet first): those are cheap, random ones cost a page of the disk each.
 * @param expires_s gone from then on (UTC); 0: never. The caller removes it while running.
 */
void store_write_record(struct store_write *write, enum store_kind kind, struct msgin5g_str key, const void *value,
    size_t length, int64_t expires_s);
/** A key that is not there is no error. */
void store_write_forget(struct store_write *write, enum store_kind kind, struct msgin5g_str key);
/** Remove every record of @p kind whose key is not above @p key, octet by octet. */
void store_write_forget_through(struct store_write *write, enum store_kind kind, struct msgin5g_str key);
/**
 * Hand the write over; it is the store's, whatever this returns.
 *
 * @param done NULL: nobody waits. It is committed with what comes next, within 50 ms, and tried again until it
 * succeeds. It holds no copies then.
 * @return MSGIN5G_OK; else @p done does not run: ERR_OVERLOADED (too many requests or octets are under way),
 * ERR_CLOSED, ERR_INVALID, ERR_LIMIT (longer than STORE_WRITE_MAX) or ERR_NO_MEMORY.
 */
enum msgin5g_err store_write_commit(struct store_write *write, store_done_fn *done, void *ctx);
/** Remove a copy, with nobody waiting: collected over a round of the loop, so that it may be called for each. Comes
 * after what was committed before, and before what is committed next. */
void store_remove(struct store_door *door, uint64_t id);

/* ---- reading ----------------------------------------------------------------------------------------------------- */

struct store_query {
    struct msgin5g_str recipient;
    int64_t after_rank; /* items behind this place; both 0 for ranks from 0 on: from the beginning */
    uint64_t after_id;
    int64_t due_by_s;     /* due_s not above this */
    int64_t expires_by_s; /* expires_s not above this; INT64_MAX: all */
    uint32_t count;       /* 1 to STORE_PAGE_MAX */
    uint32_t octets;      /* of bodies; one item comes in any case */
};

struct store_item {
    struct store_copy copy;
    const uint8_t *body;
    size_t length;
};

/** What a query that asks for less than everything left out; INT64_MAX: nothing. */
struct store_next {
    int64_t due_s;     /* earliest one above due_by_s */
    int64_t expires_s; /* earliest one above expires_by_s */
};
/** Items in order of delivery; all of it valid during the call only. On an error there are none. */
struct store_page {
    const struct store_item *items;
    size_t count;
    bool more;              /* items behind the last one would have fitted the query */
    struct store_next next; /* among all of the recipient's */
};
typedef void store_page_fn(void *ctx, enum msgin5g_err err, const struct store_page *page);
/** Read what is stored for one recipient; sees every write and removal this door asked for before. A copy that is
 * damaged is left out, removed and counted. @return as store_write_commit(). */
enum msgin5g_err store_page_read(
    struct store_door *door, const struct store_query *query, store_page_fn *done, void *ctx);

/** What waits for one recipient. */
struct store_summary {
    struct msgin5g_str recipient;
    uint64_t count, octets;
    int64_t earliest_due_s, earliest_expires_s;
};
/** Runs several times, @p last with the last ones (there may be none then); @p rows are valid during the call only.
 * After an error (then the last, without rows) the store may be asked again from the beginning. */
typedef void store_summaries_fn(
    void *ctx, enum msgin5g_err err, const struct store_summary *rows, size_t count, bool last);
/** Every recipient with something stored, in order of the octets of its name; what is written meanwhile may be left
 * out.
 * @return as store_write_commit(). */
enum msgin5g_err store_summaries_read(struct store_door *door, store_summaries_fn *each, void *ctx);

struct store_record {
    struct msgin5g_str key;
    const uint8_t *value;
    size_t length;
    int64_t expires_s;
};
/** As store_summaries_fn. */
typedef void store_records_fn(
    void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last);
/** Every record of a kind that has not expired, in order of keys. @return as store_write_commit(). */
enum msgin5g_err store_records_read(struct store_door *door, enum store_kind kind, store_records_fn *each, void *ctx);

#endif
