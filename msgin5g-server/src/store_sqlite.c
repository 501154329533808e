#include "store_sqlite.h"

#include "base/log.h"
#include "store_checkpoint.h"
#include "store_files.h"
#include "store_mend.h"
#include "store_schema.h"
#include "store_witness.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUSY_MS              5000  /* an operator's sqlite3 may hold the file for a moment */
#define CHECKPOINT_PAGES_MAX 49152 /* of it, 192 MiB: commits wait */
#define CHECKPOINT_REST      2048
#define CHECKPOINT_PAGES     16384              /* of the WAL, 64 MiB */
#define CHECK_OCTETS_MAX     INT64_C(536870912) /* larger files are not read as a whole at start */
#define SCRATCH_MIN          4096

static const char *const statement_texts[STORE_SQL_COUNT] = {
#define STORE_STATEMENT_TEXT(name, sql) [STORE_SQL_##name] = (sql),
    STORE_STATEMENTS(STORE_STATEMENT_TEXT)
#undef STORE_STATEMENT_TEXT
};

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum msgin5g_err store_sqlite_error(struct store_engine *engine, const char *doing, int rc)
{
    unsigned left_out;
    if (log_limit_take(&engine->lines, now_ms(), &left_out))
        log_error("the store has an error doing=\"%s\" reason=\"%s\" code=%d left_out=%u", doing,
            sqlite3_errmsg(engine->db), rc, left_out);
    return (rc & 0xff) == SQLITE_NOMEM ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_ERR_STORE;
}

sqlite3_stmt *store_sqlite_use(struct store_engine *engine, enum store_statement which)
{
    return engine->statements[which];
}

int store_sqlite_run(sqlite3_stmt *statement)
{
    int rc = sqlite3_step(statement);
    int reset_rc = sqlite3_reset(statement); /* gives the extended code of what failed */
    return rc == SQLITE_DONE ? SQLITE_DONE : reset_rc;
}

enum msgin5g_err store_sqlite_do(struct store_engine *engine, sqlite3_stmt *statement, const char *doing)
{
    int rc = store_sqlite_run(statement);
    return rc == SQLITE_DONE ? MSGIN5G_OK : store_sqlite_error(engine, doing, rc);
}

uint8_t *store_sqlite_scratch(struct store_engine *engine, size_t size)
{
    if (size <= engine->scratch_size)
        return engine->scratch;
    size_t wanted = size > SCRATCH_MIN ? size : SCRATCH_MIN;
    uint8_t *larger = realloc(engine->scratch, wanted);
    if (larger == NULL)
        return NULL;
    engine->scratch = larger;
    engine->scratch_size = wanted;
    return larger;
}

/* ---- transactions ------------------------------------------------------------------------------------------------ */

enum msgin5g_err store_engine_begin(struct store_engine *engine)
{
    enum msgin5g_err err = store_sqlite_do(engine, store_sqlite_use(engine, STORE_SQL_BEGIN), "begin a transaction");
    engine->in_transaction = err == MSGIN5G_OK;
    return err;
}

void store_engine_rollback(struct store_engine *engine)
{
    uint64_t damaged = engine->counts.damaged;
    if (sqlite3_get_autocommit(engine->db) == 0) /* a full disk makes SQLite roll back by itself */
        (void)store_sqlite_do(engine, store_sqlite_use(engine, STORE_SQL_ROLLBACK), "roll back");
    engine->in_transaction = false;
    engine->touched_count = 0;
    engine->counts = engine->committed;
    engine->counts.damaged = damaged;
}

static enum msgin5g_err write_state(struct store_engine *engine)
{
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_WRITE_STATE);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)engine->commits + 1);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)engine->counts.copies);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)engine->counts.octets);
    return store_sqlite_do(engine, statement, "count");
}

enum msgin5g_err store_engine_commit(struct store_engine *engine)
{
    enum msgin5g_err err = store_sqlite_drop_bodies(engine);
    if (err == MSGIN5G_OK)
        err = write_state(engine);
    if (err == MSGIN5G_OK)
        err = store_sqlite_do(engine, store_sqlite_use(engine, STORE_SQL_COMMIT), "commit");
    if (err != MSGIN5G_OK) {
        store_engine_rollback(engine);
        return err;
    }
    engine->in_transaction = false;
    engine->committed = engine->counts;
    store_witness_set(engine->witness, ++engine->commits);
    return MSGIN5G_OK;
}

const struct store_engine_counts *store_engine_counts(const struct store_engine *engine)
{
    return &engine->counts;
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    struct store_engine *engine = ctx;
    (void)db;
    (void)name;
    engine->wal_pages = pages;
    return SQLITE_OK;
}

/* What is in the WAL goes into the database, and the next commit begins the WAL again: it is written over, not made
 * longer, which the disk does several times faster. Most of it is moved beside the commits; what came meanwhile is
 * moved here, so that for once nothing is left. */
bool store_engine_maintain(struct store_engine *engine)
{
    int moved = 0;
    bool late = engine->wal_pages > CHECKPOINT_PAGES_MAX;
    if (engine->wal_pages < CHECKPOINT_PAGES)
        return false;
    if (late)
        store_checkpoint_wait(engine->checkpoint, &moved);
    else if (!store_checkpoint_idle(engine->checkpoint, &moved))
        return false;
    if (!engine->checkpointing || (!late && engine->wal_pages - moved > CHECKPOINT_REST)) {
        engine->checkpointing = true;
        store_checkpoint_run(engine->checkpoint);
        return false;
    }
    engine->checkpointing = false;
    int rc = sqlite3_wal_checkpoint_v2(engine->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    if (rc != SQLITE_OK)
        (void)store_sqlite_error(engine, "move the WAL into the database", rc);
    engine->wal_pages = 0;
    return true;
}

/* ---- open and close ---------------------------------------------------------------------------------------------- */

static bool run(struct store_engine *engine, const char *sql)
{
    return sqlite3_exec(engine->db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

/* The first look at the file happens here: damage may show. */
static enum msgin5g_err connect(struct store_engine *engine, const char *path)
{
    static const char settings[] =
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0;"
        "PRAGMA cache_size = -65536; PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON;"
        "PRAGMA trusted_schema = OFF;";
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, &engine->db, flags, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(engine->db, BUSY_MS);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(engine->db, settings, NULL, NULL, NULL);
    if (rc != SQLITE_OK)
        return store_sqlite_error(engine, "open the database", rc);
    (void)sqlite3_wal_hook(engine->db, on_commit, engine);
    return MSGIN5G_OK;
}

static void disconnect(struct store_engine *engine)
{
    for (size_t i = 0; i < STORE_SQL_COUNT; i++) {
        sqlite3_finalize(engine->statements[i]);
        engine->statements[i] = NULL;
    }
    if (engine->db != NULL)
        (void)sqlite3_close(engine->db);
    engine->db = NULL;
}

static enum msgin5g_err prepare(struct store_engine *engine)
{
    for (size_t i = 0; i < STORE_SQL_COUNT; i++) {
        int rc = sqlite3_prepare_v3(
            engine->db, statement_texts[i], -1, SQLITE_PREPARE_PERSISTENT, &engine->statements[i], NULL);
        if (rc != SQLITE_OK)
            return store_sqlite_error(engine, "prepare a statement", rc);
    }
    return MSGIN5G_OK;
}

static enum msgin5g_err read_state(struct store_engine *engine)
{
    sqlite3_stmt *statement = NULL;
    static const char sql[] = "SELECT commits, copies, octets, (SELECT max(id) FROM copy) FROM state WHERE id = 1";
    int rc = sqlite3_prepare_v2(engine->db, sql, -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW) {
        engine->commits = (uint64_t)sqlite3_column_int64(statement, 0);
        engine->counts.copies = (uint64_t)sqlite3_column_int64(statement, 1);
        engine->counts.octets = (uint64_t)sqlite3_column_int64(statement, 2);
        engine->counts.highest_id = (uint64_t)sqlite3_column_int64(statement, 3);
        engine->committed = engine->counts;
    }
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW ? MSGIN5G_OK : store_sqlite_error(engine, "read its state", rc);
}

/* What the check says when it could not look, for want of memory. */
static bool want_of_memory(const char *finding)
{
    static const char mark[] = "error code=7";
    const char *found = strstr(finding, mark);
    return found != NULL && strchr("0123456789", found[sizeof mark - 1]) == NULL;
}

/* Look at the structure of a file that is not too large for it. @return MSGIN5G_OK, ERR_MALFORMED or ERR_NO_MEMORY. */
static enum msgin5g_err check_structure(struct store_engine *engine, int64_t octets)
{
    sqlite3_stmt *statement = NULL;
    enum msgin5g_err err = MSGIN5G_OK;
    if (octets > CHECK_OCTETS_MAX)
        return MSGIN5G_OK;
    int rc = sqlite3_prepare_v2(engine->db, "PRAGMA quick_check(1)", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    const char *finding = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    if ((rc & 0xff) == SQLITE_NOMEM || (rc == SQLITE_ROW && (finding == NULL || want_of_memory(finding))))
        err = MSGIN5G_ERR_NO_MEMORY;
    else if (rc != SQLITE_ROW || strcmp(finding, "ok") != 0)
        err = MSGIN5G_ERR_MALFORMED;
    sqlite3_finalize(statement);
    return err;
}

static bool damage(struct store_engine *engine)
{
    int code = sqlite3_errcode(engine->db) & 0xff;
    return code == SQLITE_CORRUPT || code == SQLITE_NOTADB;
}

/* What was acknowledged and is gone: the file that may still hold it is kept before it is written over. */
static void compare_witness(struct store_engine *engine, const char *folder)
{
    char kept[PATH_MAX];
    uint64_t seen = store_witness_commits(engine->witness);
    if (seen > engine->commits) {
        bool copied = store_files_keep_wal(folder, kept, sizeof kept);
        log_error("the store has lost its last commits lost=%" PRIu64 " kept=%s", seen - engine->commits,
            copied ? kept : "nothing");
        engine->counts.damaged += seen - engine->commits;
        engine->committed = engine->counts;
    }
    store_witness_set(engine->witness, engine->commits);
}

/* @return MSGIN5G_OK, or ERR_MALFORMED when the file has to be mended. */
static enum msgin5g_err open_database(struct store_engine *engine, const char *folder, const char *path, bool check)
{
    enum msgin5g_err err = connect(engine, path);
    if (err == MSGIN5G_OK && check)
        err = check_structure(engine, store_files_octets(path));
    if (err == MSGIN5G_OK)
        err = store_schema_prepare(engine->db);
    if (err == MSGIN5G_OK)
        err = prepare(engine);
    if (err == MSGIN5G_OK)
        err = read_state(engine);
    if (err != MSGIN5G_OK)
        return err == MSGIN5G_ERR_STORE && damage(engine) ? MSGIN5G_ERR_MALFORMED : err;
    compare_witness(engine, folder);
    return store_schema_check_key(engine->db, engine->seal);
}

static enum msgin5g_err mend(struct store_engine *engine, const char *folder, const char *path)
{
    struct store_mended mended = { 0 };
    disconnect(engine);
    enum msgin5g_err err = store_mend(folder, store_witness_commits(engine->witness), &mended);
    if (err != MSGIN5G_OK)
        return err;
    err = open_database(engine, folder, path, false);
    if (err == MSGIN5G_OK)
        log_error("the store was damaged aside=%s messages=%" PRIu64 " records=%" PRIu64 " missing=%" PRIu64,
            mended.aside, mended.copies, mended.records, mended.missing);
    engine->counts.damaged += mended.missing;
    engine->committed = engine->counts;
    return err;
}

/* On a full disk they stay, and are passed over when they are read. */
static void forget_expired(struct store_engine *engine)
{
    if (!run(engine, "DELETE FROM record WHERE expires_s != 0 AND expires_s <= unixepoch()"))
        (void)store_sqlite_error(engine, "remove expired records", sqlite3_extended_errcode(engine->db));
}

static enum msgin5g_err open_all(struct store_engine *engine, const char *folder)
{
    char path[PATH_MAX];
    enum msgin5g_err err = store_files_prepare(folder, path, sizeof path, &engine->lock_fd);
    if (err == MSGIN5G_OK)
        err = store_witness_open(folder, &engine->witness);
    if (err == MSGIN5G_OK)
        err = open_database(engine, folder, path, true);
    if (err == MSGIN5G_ERR_MALFORMED)
        err = mend(engine, folder, path);
    if (err == MSGIN5G_OK)
        forget_expired(engine);
    if (err == MSGIN5G_OK)
        err = store_checkpoint_start(path, &engine->checkpoint);
    if (err == MSGIN5G_ERR_STORE)
        log_error("the store cannot be opened path=%s", path);
    return err;
}

enum msgin5g_err store_engine_open(const char *folder, const struct store_seal *seal, struct store_engine **out)
{
    struct store_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    engine->seal = seal;
    engine->lock_fd = -1;
    enum msgin5g_err err = open_all(engine, folder);
    if (err != MSGIN5G_OK) {
        store_engine_close(engine);
        return err;
    }
    *out = engine;
    return MSGIN5G_OK;
}

void store_engine_close(struct store_engine *engine)
{
    if (engine == NULL)
        return;
    store_checkpoint_stop(engine->checkpoint);
    disconnect(engine); /* the last connection moves the WAL into the database */
    store_witness_close(engine->witness);
    if (engine->lock_fd >= 0)
        close(engine->lock_fd);
    if (engine->scratch != NULL)
        secret_wipe(engine->scratch, engine->scratch_size);
    free(engine->scratch);
    free(engine);
}
