/* Inside of the SQLite engine: the connection, its statements, and how its errors are told. See store_engine.h. */
#ifndef STORE_SQLITE_H
#define STORE_SQLITE_H

#include "base/log.h"
#include "store_engine.h"

#include <sqlite3.h>

#define STORE_FILE "store.db"

/* Name and text of each statement: prepared once, when the store is opened. */
#define STORE_STATEMENTS(X)                                                                                            \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                                        \
    X(COMMIT, "COMMIT")                                                                                                \
    X(ROLLBACK, "ROLLBACK")                                                                                            \
    X(WRITE_STATE, "UPDATE state SET commits = ?1, copies = ?2, octets = ?3 WHERE id = 1")                             \
    X(PUT_BODY, "INSERT INTO body (id, length, octets, chk) VALUES (?1, ?2, ?3, ?4)")                                  \
    X(PUT_COPY, "INSERT INTO copy (id, recipient, rank, due_s, expires_s, flags, length, body_id, octets, chk) "       \
                "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)")                                                    \
    X(FIND_COPY, "SELECT length, body_id FROM copy WHERE id = ?1")                                                     \
    X(REMOVE_COPY, "DELETE FROM copy WHERE id = ?1")                                                                   \
    X(BODY_IN_USE, "SELECT EXISTS (SELECT 1 FROM copy WHERE body_id = ?1)")                                            \
    X(BODY_LENGTH, "SELECT length FROM body WHERE id = ?1")                                                            \
    X(REMOVE_BODY, "DELETE FROM body WHERE id = ?1")                                                                   \
    X(PAGE, "SELECT c.id, c.rank, c.due_s, c.expires_s, c.flags, c.length, c.body_id, coalesce(c.octets, b.octets), "  \
            "c.chk, b.chk FROM copy c LEFT JOIN body b ON b.id = c.body_id WHERE c.recipient = ?1 AND "                \
            "(c.rank, c.id) > (?2, ?3) AND c.due_s <= ?4 AND c.expires_s <= ?5 ORDER BY c.rank, c.id")                 \
    X(NEXT, "SELECT min(due_s) FILTER (WHERE due_s > ?2), min(expires_s) FILTER (WHERE expires_s > ?3) FROM copy "     \
            "WHERE recipient = ?1")                                                                                    \
    X(SUMMARIES, "SELECT recipient, count(*), sum(length), min(due_s), min(expires_s) FROM copy WHERE recipient > ?1 " \
                 "GROUP BY recipient ORDER BY recipient")                                                              \
    X(PUT_RECORD, "INSERT OR REPLACE INTO record (kind, key, expires_s, value, chk) VALUES (?1, ?2, ?3, ?4, ?5)")      \
    X(FORGET, "DELETE FROM record WHERE kind = ?1 AND key = ?2")                                                       \
    X(FORGET_THROUGH, "DELETE FROM record WHERE kind = ?1 AND key <= ?2")                                              \
    X(RECORDS, "SELECT key, expires_s, value, chk FROM record WHERE kind = ?1 AND key > ?2 ORDER BY key")              \
    X(DAMAGED_COPY,                                                                                                    \
        "INSERT INTO damaged (at_s, part, name, octets) SELECT unixepoch(), 'copy ' || id, CAST(recipient AS BLOB), "  \
        "octets FROM copy WHERE id = ?1")                                                                              \
    X(DAMAGED_RECORD,                                                                                                  \
        "INSERT INTO damaged (at_s, part, name, octets) SELECT unixepoch(), 'record ' || kind, key, value FROM "       \
        "record WHERE kind = ?1 AND key = ?2")

enum store_statement {
#define STORE_STATEMENT_ENUM(name, sql) STORE_SQL_##name,
    STORE_STATEMENTS(STORE_STATEMENT_ENUM)
#undef STORE_STATEMENT_ENUM
        STORE_SQL_COUNT
};

#define STORE_TOUCHED_MAX 64

struct store_engine {
    sqlite3 *db;
    sqlite3_stmt *statements[STORE_SQL_COUNT];
    const struct store_seal *seal;
    struct store_engine_counts counts, committed; /* with the open transaction's changes, and without */
    uint64_t commits;                             /* ever made in this file */
    struct store_witness *witness;
    struct store_checkpoint *checkpoint;
    int lock_fd;
    uint8_t *scratch; /* a value on its way through sealing */
    size_t scratch_size;
    uint64_t touched[STORE_TOUCHED_MAX]; /* bodies that lost a copy in this transaction */
    size_t touched_count;
    bool in_transaction;
    int wal_pages;      /* since the WAL began again */
    bool checkpointing; /* it was asked for since then */
    struct log_limit lines;
};

/** Log what SQLite says and @return the error for it. */
enum msgin5g_err store_sqlite_error(struct store_engine *engine, const char *doing, int rc);
/** A statement, ready to be bound. */
sqlite3_stmt *store_sqlite_use(struct store_engine *engine, enum store_statement which);
/** Run a statement that gives no rows, and reset it. @return the result code of SQLite, SQLITE_DONE when it went well.
 */
int store_sqlite_run(sqlite3_stmt *statement);
/** As store_sqlite_run(), with the error told. */
enum msgin5g_err store_sqlite_do(struct store_engine *engine, sqlite3_stmt *statement, const char *doing);
/** Room for @p size octets, valid until the next call; NULL when memory is short. */
uint8_t *store_sqlite_scratch(struct store_engine *engine, size_t size);

/** Remove the bodies that no copy needs any more; at the end of a transaction. */
enum msgin5g_err store_sqlite_drop_bodies(struct store_engine *engine);

#endif
