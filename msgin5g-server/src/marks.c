#include "marks.h"

#include "base/secret.h"

#include <stdlib.h>
#include <string.h>

#define HASH_KEY_NAME "hash-key"

/* One kind of marks in the store. Its keys grow, so that old ones go by their range. */
struct series {
    enum store_kind kind;
    struct recent *table;
    int64_t window_s;
    uint64_t next;    /* number of the next one */
    uint64_t old;     /* those up to here are from before the last purge */
    int64_t purged_s; /* marks_now_s() of that purge */
};

struct marks {
    struct loop *loop;
    struct store_door *door;
    struct series duplicates, reports;
    struct loop_timer purge;
    store_done_fn *loaded;
    void *ctx;
    bool key_found;
};

/* As it lies on the disk; written and read by one machine. */
struct mark {
    uint64_t hash;
    uint64_t value;
    int64_t added_s; /* UTC */
};

static loop_timer_fn purge;

enum msgin5g_err marks_create(
    struct loop *loop, struct store_door *door, size_t duplicates, size_t reports, struct marks **out)
{
    struct marks *marks = calloc(1, sizeof *marks);
    if (marks == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    marks->loop = loop;
    marks->door = door;
    marks->duplicates = (struct series){ .kind = STORE_DUPLICATE, .window_s = DUPLICATES_WINDOW_S, .next = 1 };
    marks->reports = (struct series){ .kind = STORE_AWAITED_REPORT, .window_s = REPORTS_WINDOW_S, .next = 1 };
    loop_timer_init(&marks->purge, purge, marks);
    enum msgin5g_err err = recent_create(duplicates, DUPLICATES_WINDOW_S, &marks->duplicates.table);
    if (err == MSGIN5G_OK)
        err = recent_create(reports, REPORTS_WINDOW_S, &marks->reports.table);
    if (err == MSGIN5G_OK && door != NULL)
        err = loop_timer_set(loop, &marks->purge, DUPLICATES_WINDOW_S * 1000);
    if (err != MSGIN5G_OK) {
        marks_free(marks);
        return err;
    }
    *out = marks;
    return MSGIN5G_OK;
}

void marks_free(struct marks *marks)
{
    if (marks == NULL)
        return;
    loop_timer_cancel(marks->loop, &marks->purge);
    recent_free(marks->duplicates.table);
    recent_free(marks->reports.table);
    free(marks);
}

struct recent *marks_duplicates(struct marks *marks)
{
    return marks->duplicates.table;
}

struct recent *marks_reports(struct marks *marks)
{
    return marks->reports.table;
}

int64_t marks_now_s(const struct marks *marks)
{
    return loop_now_ms(marks->loop) / 1000;
}

/* ---- in the store ---- */

#define NUMBER_LEN 8

static struct msgin5g_str number_key(uint64_t number, char out[NUMBER_LEN])
{
    for (int i = 0; i < NUMBER_LEN; i++)
        out[i] = (char)(number >> (56 - 8 * i));
    return (struct msgin5g_str){ out, NUMBER_LEN };
}

static uint64_t key_number(struct msgin5g_str key)
{
    uint64_t number = 0;
    for (size_t i = 0; i < key.length && i < NUMBER_LEN; i++)
        number = number << 8 | (uint8_t)key.octets[i];
    return number;
}

static void write_mark(
    struct marks *marks, struct series *series, struct store_write *write, struct recent_key key, uint64_t value)
{
    char number[NUMBER_LEN];
    int64_t now_s = loop_utc_s(marks->loop);
    struct mark mark = { key.hash, value, now_s };
    store_write_record(
        write, series->kind, number_key(series->next++, number), &mark, sizeof mark, now_s + series->window_s);
}

void marks_write_duplicate(struct marks *marks, struct store_write *write, struct recent_key key)
{
    uint64_t value = duplicates_value(marks->duplicates.table, key, marks_now_s(marks));
    write_mark(marks, &marks->duplicates, write, key, value);
}

void marks_write_report(struct marks *marks, struct store_write *write, struct recent_key key, bool arrived)
{
    write_mark(marks, &marks->reports, write, key, arrived);
}

/* What was there at the last purge is old at this one. */
static void purge_series(struct marks *marks, struct series *series, struct store_write *write)
{
    char number[NUMBER_LEN];
    int64_t now_s = marks_now_s(marks);
    if (now_s - series->purged_s < series->window_s)
        return;
    store_write_forget_through(write, series->kind, number_key(series->old, number));
    series->old = series->next - 1;
    series->purged_s = now_s;
}

static void purge(void *ctx)
{
    struct marks *marks = ctx;
    struct store_write *write = store_write_create(marks->door);
    if (write != NULL) {
        purge_series(marks, &marks->duplicates, write);
        purge_series(marks, &marks->reports, write);
        (void)store_write_commit(write, NULL, NULL);
    }
    (void)loop_timer_set(marks->loop, &marks->purge, DUPLICATES_WINDOW_S * 1000);
}

/* ---- at start ---- */

static void finish(struct marks *marks, enum msgin5g_err err)
{
    marks->duplicates.purged_s = marks->reports.purged_s = marks_now_s(marks);
    marks->loaded(marks->ctx, err);
}

static void load_series(struct marks *marks, struct series *series, const struct store_record *rows, size_t count)
{
    int64_t now_s = marks_now_s(marks), utc_s = loop_utc_s(marks->loop);
    for (size_t i = 0; i < count; i++) {
        struct mark mark;
        uint64_t number = key_number(rows[i].key);
        if (series->old == 0) /* what is below has expired, or was purged */
            series->old = number - 1;
        if (number >= series->next)
            series->next = number + 1;
        if (rows[i].length != sizeof mark)
            continue;
        memcpy(&mark, rows[i].value, sizeof mark);
        int64_t added_s = mark.added_s < utc_s ? now_s - (utc_s - mark.added_s) : now_s;
        if (series == &marks->reports)
            reports_restore(series->table, (struct recent_key){ mark.hash }, mark.value != 0, added_s);
        else
            recent_add(series->table, (struct recent_key){ mark.hash }, mark.value, added_s);
    }
}

static void on_reports(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct marks *marks = ctx;
    load_series(marks, &marks->reports, rows, count);
    if (last)
        finish(marks, err);
}

static void on_duplicates(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct marks *marks = ctx;
    load_series(marks, &marks->duplicates, rows, count);
    if (!last)
        return;
    if (err == MSGIN5G_OK)
        err = store_records_read(marks->door, STORE_AWAITED_REPORT, on_reports, marks);
    if (err != MSGIN5G_OK)
        finish(marks, err);
}

/* Marks are keyed hashes: those of the process before can only be told with its key. */
static enum msgin5g_err keep_hash_key(struct marks *marks)
{
    recent_set_hash_key(marks->reports.table, recent_hash_key(marks->duplicates.table));
    struct store_write *write = store_write_create(marks->door);
    if (write == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    store_write_record(write, STORE_COUNTER, msgin5g_str(HASH_KEY_NAME), recent_hash_key(marks->duplicates.table),
        SECRET_HASH_KEY_LEN, 0);
    return store_write_commit(write, NULL, NULL);
}

static void on_counters(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct marks *marks = ctx;
    for (size_t i = 0; i < count; i++) {
        if (!msgin5g_str_equal(rows[i].key, msgin5g_str(HASH_KEY_NAME)) || rows[i].length != SECRET_HASH_KEY_LEN)
            continue;
        recent_set_hash_key(marks->duplicates.table, rows[i].value);
        recent_set_hash_key(marks->reports.table, rows[i].value);
        marks->key_found = true;
    }
    if (!last)
        return;
    if (err == MSGIN5G_OK && !marks->key_found)
        err = keep_hash_key(marks);
    if (err == MSGIN5G_OK)
        err = store_records_read(marks->door, STORE_DUPLICATE, on_duplicates, marks);
    if (err != MSGIN5G_OK)
        finish(marks, err);
}

void marks_load(struct marks *marks, store_done_fn *done, void *ctx)
{
    marks->loaded = done;
    marks->ctx = ctx;
    enum msgin5g_err err = store_records_read(marks->door, STORE_COUNTER, on_counters, marks);
    if (err != MSGIN5G_OK)
        finish(marks, err);
}
