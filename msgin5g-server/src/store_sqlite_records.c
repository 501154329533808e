/* The records part of the SQLite engine. */
#include "store_sqlite.h"

#include "base/log.h"

#include <string.h>
#include <time.h>

#define BATCH_OCTETS 1048576 /* of values a read */
#define DAMAGED_MAX  16      /* set aside a read; the rest is found by the next start */

static struct store_place record_place(enum store_kind kind, struct msgin5g_str key, int64_t expires_s)
{
    struct store_place place;
    store_place_begin(&place, 'r');
    store_place_number(&place, kind);
    store_place_text(&place, key);
    store_place_number(&place, expires_s);
    return place;
}

enum msgin5g_err store_engine_put_record(
    struct store_engine *engine, enum store_kind kind, const struct store_record *record)
{
    struct store_place place = record_place(kind, record->key, record->expires_s);
    size_t length = store_sealed_length(engine->seal, record->length);
    uint8_t *sealed = store_sqlite_scratch(engine, length + 1);
    if (sealed == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    store_value_seal(engine->seal, &place, record->value, record->length, sealed);
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_PUT_RECORD);
    sqlite3_bind_int64(statement, 1, kind);
    sqlite3_bind_blob(statement, 2, record->key.octets, (int)record->key.length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, record->expires_s);
    sqlite3_bind_blob(statement, 4, sealed, (int)length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 5, store_row_check(&place, sealed, length));
    return store_sqlite_do(engine, statement, "store a record");
}

static enum msgin5g_err forget(
    struct store_engine *engine, enum store_statement which, enum store_kind kind, struct msgin5g_str key)
{
    sqlite3_stmt *statement = store_sqlite_use(engine, which);
    sqlite3_bind_int64(statement, 1, kind);
    sqlite3_bind_blob(statement, 2, key.octets, (int)key.length, SQLITE_STATIC);
    return store_sqlite_do(engine, statement, "remove a record");
}

enum msgin5g_err store_engine_forget(struct store_engine *engine, enum store_kind kind, struct msgin5g_str key)
{
    return forget(engine, STORE_SQL_FORGET, kind, key);
}

enum msgin5g_err store_engine_forget_through(struct store_engine *engine, enum store_kind kind, struct msgin5g_str key)
{
    return forget(engine, STORE_SQL_FORGET_THROUGH, kind, key);
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

static enum msgin5g_err read_record(
    struct store_engine *engine, sqlite3_stmt *statement, enum store_kind kind, struct store_record *record)
{
    const uint8_t *octets = sqlite3_column_blob(statement, 2);
    size_t stored = (size_t)sqlite3_column_bytes(statement, 2);
    record->key = (struct msgin5g_str){ sqlite3_column_blob(statement, 0), (size_t)sqlite3_column_bytes(statement, 0) };
    record->expires_s = sqlite3_column_int64(statement, 1);
    if (record->key.length > STORE_KEY_MAX)
        return MSGIN5G_ERR_MALFORMED;
    struct store_place place = record_place(kind, record->key, record->expires_s);
    uint8_t *opened = store_sqlite_scratch(engine, stored + 1);
    if (opened == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (sqlite3_column_int64(statement, 3) != store_row_check(&place, octets, stored) ||
        store_value_open(engine->seal, &place, octets, stored, opened, &record->length) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    record->value = opened;
    return MSGIN5G_OK;
}

struct damaged_key {
    size_t length;
    char octets[STORE_KEY_MAX];
};

static enum msgin5g_err set_aside(struct store_engine *engine, enum store_kind kind, const struct damaged_key *key)
{
    struct msgin5g_str name = { key->octets, key->length };
    log_error("a stored record is damaged and was set aside kind=%d table=damaged", (int)kind);
    engine->counts.damaged++;
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_DAMAGED_RECORD);
    sqlite3_bind_int64(statement, 1, kind);
    sqlite3_bind_blob(statement, 2, name.octets, (int)name.length, SQLITE_STATIC);
    enum msgin5g_err err = store_sqlite_do(engine, statement, "set a damaged record aside");
    return err == MSGIN5G_OK ? store_engine_forget(engine, kind, name) : err;
}

static enum msgin5g_err set_all_aside(
    struct store_engine *engine, enum store_kind kind, const struct damaged_key *keys, size_t count)
{
    bool own = !engine->in_transaction;
    if (count == 0)
        return MSGIN5G_OK;
    enum msgin5g_err err = own ? store_engine_begin(engine) : MSGIN5G_OK;
    for (size_t i = 0; i < count && err == MSGIN5G_OK; i++)
        err = set_aside(engine, kind, &keys[i]);
    if (own && err == MSGIN5G_OK)
        return store_engine_commit(engine);
    if (own)
        store_engine_rollback(engine);
    return err;
}

static void note_damaged(struct damaged_key *keys, size_t *count, struct msgin5g_str key)
{
    if (*count == DAMAGED_MAX || key.length > STORE_KEY_MAX)
        return;
    keys[*count].length = key.length;
    memcpy(keys[(*count)++].octets, key.octets, key.length);
}

enum msgin5g_err store_engine_records(struct store_engine *engine, enum store_kind kind, struct msgin5g_str after,
    size_t count, store_record_fn *each, void *ctx, bool *more)
{
    struct damaged_key damaged[DAMAGED_MAX];
    size_t damaged_count = 0, octets = 0;
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_RECORDS);
    enum msgin5g_err err = MSGIN5G_OK;
    int rc = SQLITE_DONE;
    int64_t now_s = (int64_t)time(NULL);
    *more = false;
    sqlite3_bind_int64(statement, 1, kind);
    sqlite3_bind_blob(statement, 2, after.octets, (int)after.length, SQLITE_STATIC);
    while (err == MSGIN5G_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_record record;
        *more = count == 0 || octets > BATCH_OCTETS;
        if (*more)
            break;
        err = read_record(engine, statement, kind, &record);
        if (err == MSGIN5G_ERR_MALFORMED) {
            note_damaged(damaged, &damaged_count, record.key);
            err = MSGIN5G_OK;
            continue;
        }
        if (err != MSGIN5G_OK || (record.expires_s != 0 && record.expires_s <= now_s))
            continue;
        err = each(ctx, &record);
        octets += record.length;
        count--;
    }
    int reset_rc = sqlite3_reset(statement);
    if (err == MSGIN5G_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = store_sqlite_error(engine, "read records", reset_rc);
    enum msgin5g_err aside_err = set_all_aside(engine, kind, damaged, damaged_count);
    return err != MSGIN5G_OK ? err : aside_err;
}
