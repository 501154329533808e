#include "store_schema.h"

#include "base/log.h"

#include <inttypes.h>
#include <string.h>

/* Version 1. What a query needs to sort and select by is in the index alone. */
static const char create_tables[] =
    "CREATE TABLE state ("
    "  id INTEGER PRIMARY KEY CHECK (id = 1),"
    "  commits INTEGER NOT NULL," /* ever made; see store_witness.h */
    "  copies INTEGER NOT NULL,"  /* rows of copy */
    "  octets INTEGER NOT NULL,"  /* as the quota counts them */
    "  key_check BLOB"            /* a known text sealed with the key; NULL: not decided, empty: nothing is sealed */
    ") STRICT;"
    "INSERT INTO state VALUES (1, 0, 0, 0, NULL);"
    "CREATE TABLE body ("
    "  id INTEGER PRIMARY KEY,"
    "  length INTEGER NOT NULL,"
    "  octets BLOB NOT NULL,"
    "  chk INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE copy ("
    "  id INTEGER PRIMARY KEY,"
    "  recipient TEXT NOT NULL,"
    "  rank INTEGER NOT NULL,"
    "  due_s INTEGER NOT NULL,"
    "  expires_s INTEGER NOT NULL,"
    "  flags INTEGER NOT NULL,"
    "  length INTEGER NOT NULL,"
    "  body_id INTEGER," /* NULL: octets are here */
    "  octets BLOB,"
    "  chk INTEGER NOT NULL"
    ") STRICT;"
    "CREATE INDEX copy_by_recipient ON copy (recipient, rank, id, due_s, expires_s, length);"
    "CREATE INDEX copy_by_body ON copy (body_id) WHERE body_id IS NOT NULL;"
    "CREATE TABLE record ("
    "  kind INTEGER NOT NULL,"
    "  key BLOB NOT NULL,"
    "  expires_s INTEGER NOT NULL," /* 0: never */
    "  value BLOB NOT NULL,"
    "  chk INTEGER NOT NULL,"
    "  PRIMARY KEY (kind, key)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE damaged ("
    "  at_s INTEGER NOT NULL,"
    "  part TEXT NOT NULL,"
    "  name BLOB NOT NULL,"
    "  octets BLOB"
    ") STRICT;";

/* steps[n] brings version n to n + 1. */
static const char *const steps[STORE_SCHEMA_VERSION] = { create_tables };

static int64_t read_number(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int64_t number = -1;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return number;
}

static bool run(sqlite3 *db, const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK;
}

static enum msgin5g_err upgrade(sqlite3 *db, int64_t version)
{
    char marks[96];
    (void)sqlite3_snprintf(sizeof marks, marks, "PRAGMA application_id = %d; PRAGMA user_version = %d",
        STORE_APPLICATION_ID, STORE_SCHEMA_VERSION);
    bool good = run(db, "BEGIN IMMEDIATE");
    for (int64_t step = version; step < STORE_SCHEMA_VERSION && good; step++)
        good = run(db, steps[step]);
    if (good && run(db, marks) && run(db, "COMMIT"))
        return MSGIN5G_OK;
    log_error("the store's tables cannot be made reason=\"%s\"", sqlite3_errmsg(db));
    (void)run(db, "ROLLBACK");
    return MSGIN5G_ERR_STORE;
}

enum msgin5g_err store_schema_prepare(sqlite3 *db)
{
    int64_t version = read_number(db, "PRAGMA user_version");
    int64_t tables = read_number(db, "SELECT count(*) FROM sqlite_schema");
    int64_t application = read_number(db, "PRAGMA application_id");
    if (version < 0 || tables < 0 || application < 0)
        return MSGIN5G_ERR_STORE;
    if ((tables > 0 || version > 0) && application != STORE_APPLICATION_ID) {
        log_error("the store's file was made by another program");
        return MSGIN5G_ERR_INVALID;
    }
    if (version > STORE_SCHEMA_VERSION) {
        log_error("the store was made by a newer version of this program version=%" PRId64 " known=%d", version,
            STORE_SCHEMA_VERSION);
        return MSGIN5G_ERR_INVALID;
    }
    return version < STORE_SCHEMA_VERSION ? upgrade(db, version) : MSGIN5G_OK;
}

/* ---- the key ----------------------------------------------------------------------------------------------------- */

static const char known_text[] = "MSGin5G store";

static enum msgin5g_err write_key_check(sqlite3 *db, const struct store_seal *seal, const struct store_place *place)
{
    uint8_t sealed[sizeof known_text + SECRET_VALUE_OVERHEAD];
    sqlite3_stmt *statement = NULL;
    if (seal->sealed)
        store_value_seal(seal, place, known_text, sizeof known_text, sealed);
    int rc = sqlite3_prepare_v2(db, "UPDATE state SET key_check = ?1", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_bind_blob(statement, 1, sealed, seal->sealed ? (int)sizeof sealed : 0, SQLITE_STATIC);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    sqlite3_finalize(statement);
    return rc == SQLITE_DONE ? MSGIN5G_OK : MSGIN5G_ERR_STORE;
}

static bool key_fits(
    const struct store_seal *seal, const struct store_place *place, const uint8_t *octets, size_t length)
{
    uint8_t opened[sizeof known_text + SECRET_VALUE_OVERHEAD];
    size_t opened_length;
    if ((length > 0) != seal->sealed)
        return false;
    return length == 0 || (length <= sizeof opened &&
                              store_value_open(seal, place, octets, length, opened, &opened_length) == MSGIN5G_OK);
}

enum msgin5g_err store_schema_check_key(sqlite3 *db, const struct store_seal *seal)
{
    struct store_place place;
    sqlite3_stmt *statement = NULL;
    store_place_begin(&place, 'k');
    int rc = sqlite3_prepare_v2(db, "SELECT key_check FROM state", -1, &statement, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    bool decided = rc == SQLITE_ROW && sqlite3_column_type(statement, 0) != SQLITE_NULL;
    size_t length = decided ? (size_t)sqlite3_column_bytes(statement, 0) : 0;
    bool fits = !decided || key_fits(seal, &place, sqlite3_column_blob(statement, 0), length);
    sqlite3_finalize(statement);
    if (rc != SQLITE_ROW)
        return MSGIN5G_ERR_STORE;
    if (!decided)
        return write_key_check(db, seal, &place);
    if (fits)
        return MSGIN5G_OK;
    log_error("the store cannot be used reason=\"%s\"",
        length == 0     ? "it is not sealed: turn store.encryption off, or begin with an empty folder"
        : !seal->sealed ? "it is sealed: turn store.encryption on and give its key"
                        : "another key sealed it");
    return MSGIN5G_ERR_AUTHENTICATION;
}
