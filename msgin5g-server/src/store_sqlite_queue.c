/* The queue part of the SQLite engine: copies of messages and the bodies they share. */
#include "store_sqlite.h"

#include "base/log.h"

#include <inttypes.h>
#include <string.h>

#define DAMAGED_MAX 64 /* rows set aside a read; the rest is found by the next */

static struct store_place copy_place(const struct store_copy *copy, uint64_t body_id)
{
    struct store_place place;
    store_place_begin(&place, 'c');
    store_place_number(&place, (int64_t)copy->id);
    store_place_number(&place, copy->rank);
    store_place_number(&place, copy->due_s);
    store_place_number(&place, copy->expires_s);
    store_place_number(&place, copy->flags);
    store_place_number(&place, (int64_t)body_id);
    store_place_text(&place, copy->recipient);
    return place;
}

static struct store_place body_place(uint64_t id)
{
    struct store_place place;
    store_place_begin(&place, 'b');
    store_place_number(&place, (int64_t)id);
    return place;
}

/* The value as it goes to the disk: the caller's own octets when nothing is sealed. */
static const uint8_t *seal(
    struct store_engine *engine, const struct store_place *place, const void *octets, size_t length, size_t *out_length)
{
    *out_length = store_sealed_length(engine->seal, length);
    if (!engine->seal->sealed)
        return octets;
    uint8_t *sealed = store_sqlite_scratch(engine, *out_length);
    if (sealed != NULL)
        store_value_seal(engine->seal, place, octets, length, sealed);
    return sealed;
}

enum msgin5g_err store_engine_put_body(struct store_engine *engine, uint64_t id, const void *octets, size_t length)
{
    struct store_place place = body_place(id);
    size_t sealed_length;
    const uint8_t *sealed = seal(engine, &place, octets, length, &sealed_length);
    if (sealed == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_PUT_BODY);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    sqlite3_bind_int64(statement, 2, (sqlite3_int64)length);
    sqlite3_bind_blob(statement, 3, sealed, (int)sealed_length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 4, store_row_check(&place, sealed, sealed_length));
    int rc = store_sqlite_run(statement);
    if (rc == SQLITE_CONSTRAINT_PRIMARYKEY)
        return MSGIN5G_ERR_INVALID;
    if (rc != SQLITE_DONE)
        return store_sqlite_error(engine, "store a body", rc);
    engine->counts.octets += length;
    return MSGIN5G_OK;
}

static void bind_copy(sqlite3_stmt *statement, const struct store_copy *copy, size_t length)
{
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)copy->id);
    sqlite3_bind_text(statement, 2, copy->recipient.octets, (int)copy->recipient.length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 3, copy->rank);
    sqlite3_bind_int64(statement, 4, copy->due_s);
    sqlite3_bind_int64(statement, 5, copy->expires_s);
    sqlite3_bind_int64(statement, 6, copy->flags);
    sqlite3_bind_int64(statement, 7, (sqlite3_int64)length);
}

enum msgin5g_err store_engine_put_copy(
    struct store_engine *engine, const struct store_copy *copy, uint64_t body_id, const void *octets, size_t length)
{
    struct store_place place = copy_place(copy, body_id);
    const uint8_t *sealed = NULL;
    size_t sealed_length = 0;
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_PUT_COPY);
    bind_copy(statement, copy, length);
    if (body_id == 0) {
        sealed = seal(engine, &place, octets, length, &sealed_length);
        if (sealed == NULL)
            return MSGIN5G_ERR_NO_MEMORY;
        sqlite3_bind_null(statement, 8);
        sqlite3_bind_blob(statement, 9, sealed, (int)sealed_length, SQLITE_STATIC);
    } else {
        sqlite3_bind_int64(statement, 8, (sqlite3_int64)body_id);
        sqlite3_bind_null(statement, 9);
    }
    sqlite3_bind_int64(statement, 10, store_row_check(&place, sealed, sealed_length));
    int rc = store_sqlite_run(statement);
    if (rc == SQLITE_CONSTRAINT_PRIMARYKEY)
        return MSGIN5G_ERR_INVALID;
    if (rc != SQLITE_DONE)
        return store_sqlite_error(engine, "store a copy", rc);
    engine->counts.copies++;
    engine->counts.octets += STORE_COPY_OVERHEAD + (body_id == 0 ? length : 0);
    return MSGIN5G_OK;
}

/* ---- removing ---------------------------------------------------------------------------------------------------- */

static enum msgin5g_err drop_body(struct store_engine *engine, uint64_t id)
{
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_BODY_IN_USE);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    bool in_use = sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_int(statement, 0) != 0;
    int rc = sqlite3_reset(statement);
    if (rc != SQLITE_OK)
        return store_sqlite_error(engine, "look for copies", rc);
    if (in_use)
        return MSGIN5G_OK;
    statement = store_sqlite_use(engine, STORE_SQL_BODY_LENGTH);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    if (sqlite3_step(statement) == SQLITE_ROW)
        engine->counts.octets -= (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    statement = store_sqlite_use(engine, STORE_SQL_REMOVE_BODY);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    return store_sqlite_do(engine, statement, "remove a body");
}

enum msgin5g_err store_sqlite_drop_bodies(struct store_engine *engine)
{
    enum msgin5g_err err = MSGIN5G_OK;
    while (engine->touched_count > 0 && err == MSGIN5G_OK)
        err = drop_body(engine, engine->touched[--engine->touched_count]);
    return err;
}

static enum msgin5g_err touch_body(struct store_engine *engine, uint64_t id)
{
    enum msgin5g_err err = MSGIN5G_OK;
    for (size_t i = 0; i < engine->touched_count; i++)
        if (engine->touched[i] == id)
            return MSGIN5G_OK;
    if (engine->touched_count == STORE_TOUCHED_MAX)
        err = store_sqlite_drop_bodies(engine);
    engine->touched[engine->touched_count++] = id;
    return err;
}

enum msgin5g_err store_engine_remove(struct store_engine *engine, uint64_t id)
{
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_FIND_COPY);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    bool found = sqlite3_step(statement) == SQLITE_ROW;
    uint64_t length = found ? (uint64_t)sqlite3_column_int64(statement, 0) : 0;
    uint64_t body_id = found ? (uint64_t)sqlite3_column_int64(statement, 1) : 0;
    int rc = sqlite3_reset(statement);
    if (rc != SQLITE_OK)
        return store_sqlite_error(engine, "find a copy", rc);
    if (!found)
        return MSGIN5G_OK;
    statement = store_sqlite_use(engine, STORE_SQL_REMOVE_COPY);
    sqlite3_bind_int64(statement, 1, (sqlite3_int64)id);
    enum msgin5g_err err = store_sqlite_do(engine, statement, "remove a copy");
    if (err != MSGIN5G_OK)
        return err;
    engine->counts.copies--;
    engine->counts.octets -= STORE_COPY_OVERHEAD + (body_id == 0 ? length : 0);
    return body_id != 0 ? touch_body(engine, body_id) : MSGIN5G_OK;
}

/* ---- reading ----------------------------------------------------------------------------------------------------- */

/* The body of the row that @p statement stands at, opened into the scratch. */
static enum msgin5g_err open_body(
    struct store_engine *engine, sqlite3_stmt *statement, const struct store_copy *copy, struct store_item *item)
{
    uint64_t body_id = (uint64_t)sqlite3_column_int64(statement, 6);
    const uint8_t *octets = sqlite3_column_blob(statement, 7);
    size_t stored = (size_t)sqlite3_column_bytes(statement, 7);
    struct store_place place = copy_place(copy, body_id);
    int64_t copy_check = sqlite3_column_int64(statement, 8);
    bool good = copy_check == store_row_check(&place, body_id == 0 ? octets : NULL, body_id == 0 ? stored : 0);
    if (good && body_id != 0) {
        place = body_place(body_id);
        good = sqlite3_column_type(statement, 9) != SQLITE_NULL &&
               sqlite3_column_int64(statement, 9) == store_row_check(&place, octets, stored);
    }
    uint8_t *opened = store_sqlite_scratch(engine, stored + 1);
    if (opened == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (!good || store_value_open(engine->seal, &place, octets, stored, opened, &item->length) != MSGIN5G_OK ||
        item->length != (size_t)sqlite3_column_int64(statement, 5))
        return MSGIN5G_ERR_MALFORMED;
    item->body = opened;
    return MSGIN5G_OK;
}

static enum msgin5g_err read_item(
    struct store_engine *engine, sqlite3_stmt *statement, struct msgin5g_str recipient, struct store_item *item)
{
    item->copy = (struct store_copy){ .id = (uint64_t)sqlite3_column_int64(statement, 0),
        .rank = sqlite3_column_int64(statement, 1),
        .due_s = sqlite3_column_int64(statement, 2),
        .expires_s = sqlite3_column_int64(statement, 3),
        .flags = (uint32_t)sqlite3_column_int64(statement, 4),
        .recipient = recipient };
    return open_body(engine, statement, &item->copy, item);
}

/* Keep what is left of damaged copies where an operator finds it, and go on without them. */
static enum msgin5g_err set_aside(struct store_engine *engine, const uint64_t *ids, size_t count)
{
    bool own = !engine->in_transaction;
    enum msgin5g_err err = count > 0 && own ? store_engine_begin(engine) : MSGIN5G_OK;
    for (size_t i = 0; i < count && err == MSGIN5G_OK; i++) {
        log_error("a stored message is damaged and was set aside id=%" PRIu64 " table=damaged", ids[i]);
        engine->counts.damaged++;
        sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_DAMAGED_COPY);
        sqlite3_bind_int64(statement, 1, (sqlite3_int64)ids[i]);
        err = store_sqlite_do(engine, statement, "set a damaged copy aside");
        if (err == MSGIN5G_OK)
            err = store_engine_remove(engine, ids[i]);
    }
    if (count > 0 && own && err == MSGIN5G_OK)
        return store_engine_commit(engine);
    if (count > 0 && own)
        store_engine_rollback(engine);
    return err;
}

static sqlite3_stmt *bind_query(struct store_engine *engine, const struct store_query *query)
{
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_PAGE);
    sqlite3_bind_text(statement, 1, query->recipient.octets, (int)query->recipient.length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, query->after_rank);
    sqlite3_bind_int64(statement, 3, (sqlite3_int64)query->after_id);
    sqlite3_bind_int64(statement, 4, query->due_by_s);
    sqlite3_bind_int64(statement, 5, query->expires_by_s);
    return statement;
}

/* The rows of a page, as far as they are in order; the ids of the others. */
struct damaged {
    size_t count;
    uint64_t ids[DAMAGED_MAX];
};

static enum msgin5g_err read_page(struct store_engine *engine, const struct store_query *query, store_item_fn *each,
    void *ctx, bool *more, struct damaged *damaged)
{
    size_t count = 0, octets = 0;
    sqlite3_stmt *statement = bind_query(engine, query);
    enum msgin5g_err err = MSGIN5G_OK;
    int rc = SQLITE_DONE;
    while (err == MSGIN5G_OK && damaged->count < DAMAGED_MAX && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_item item;
        *more =
            count == query->count || (count > 0 && octets + (size_t)sqlite3_column_int64(statement, 5) > query->octets);
        if (*more)
            break;
        err = read_item(engine, statement, query->recipient, &item);
        if (err == MSGIN5G_ERR_MALFORMED) {
            damaged->ids[damaged->count++] = item.copy.id;
            err = MSGIN5G_OK;
            continue;
        }
        if (err == MSGIN5G_OK)
            err = each(ctx, &item);
        octets += item.length;
        count++;
    }
    int reset_rc = sqlite3_reset(statement);
    if (err == MSGIN5G_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = store_sqlite_error(engine, "read messages", reset_rc);
    return err;
}

static enum msgin5g_err read_next(struct store_engine *engine, const struct store_query *query, struct store_next *next)
{
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_NEXT);
    sqlite3_bind_text(statement, 1, query->recipient.octets, (int)query->recipient.length, SQLITE_STATIC);
    sqlite3_bind_int64(statement, 2, query->due_by_s);
    sqlite3_bind_int64(statement, 3, query->expires_by_s);
    if (sqlite3_step(statement) == SQLITE_ROW) {
        if (sqlite3_column_type(statement, 0) != SQLITE_NULL)
            next->due_s = sqlite3_column_int64(statement, 0);
        if (sqlite3_column_type(statement, 1) != SQLITE_NULL)
            next->expires_s = sqlite3_column_int64(statement, 1);
    }
    int rc = sqlite3_reset(statement);
    return rc == SQLITE_OK ? MSGIN5G_OK : store_sqlite_error(engine, "look for what is next", rc);
}

enum msgin5g_err store_engine_page(struct store_engine *engine, const struct store_query *query, store_item_fn *each,
    void *ctx, bool *more, struct store_next *next)
{
    struct damaged damaged = { .count = 0 };
    *more = false;
    enum msgin5g_err err = read_page(engine, query, each, ctx, more, &damaged);
    *more = *more || damaged.count == DAMAGED_MAX;
    if (err == MSGIN5G_OK && (query->due_by_s != INT64_MAX || query->expires_by_s != INT64_MAX))
        err = read_next(engine, query, next);
    enum msgin5g_err aside_err = set_aside(engine, damaged.ids, damaged.count);
    return err != MSGIN5G_OK ? err : aside_err;
}

enum msgin5g_err store_engine_summaries(
    struct store_engine *engine, struct msgin5g_str after, size_t count, store_summary_fn *each, void *ctx, bool *more)
{
    sqlite3_stmt *statement = store_sqlite_use(engine, STORE_SQL_SUMMARIES);
    enum msgin5g_err err = MSGIN5G_OK;
    int rc = SQLITE_DONE;
    *more = false;
    sqlite3_bind_text(statement, 1, after.octets, (int)after.length, SQLITE_STATIC);
    while (err == MSGIN5G_OK && (rc = sqlite3_step(statement)) == SQLITE_ROW) {
        *more = count == 0;
        if (*more)
            break;
        count--;
        struct store_summary summary = { .recipient = { (const char *)sqlite3_column_text(statement, 0),
                                             (size_t)sqlite3_column_bytes(statement, 0) },
            .count = (uint64_t)sqlite3_column_int64(statement, 1),
            .octets = (uint64_t)sqlite3_column_int64(statement, 2),
            .earliest_due_s = sqlite3_column_int64(statement, 3),
            .earliest_expires_s = sqlite3_column_int64(statement, 4) };
        err = each(ctx, &summary);
    }
    int reset_rc = sqlite3_reset(statement);
    if (err == MSGIN5G_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
        err = store_sqlite_error(engine, "sum messages up", reset_rc);
    return err;
}
