#include "fake_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include <cmocka.h>

struct row {
    struct row *prev, *next;
    enum { COPY, RECORD, REMOVE, FORGET, FORGET_THROUGH } what;
    struct store_copy copy;
    enum store_kind kind;
    int64_t expires_s;
    char name[STORE_KEY_MAX]; /* recipient or key */
    size_t name_length;
    uint8_t *octets; /* body or value */
    size_t length;
};

struct store_write {
    struct store_door *door;
    struct row *rows;
    const void *body;
    size_t body_length;
    uint8_t *body_copy;
    bool failed;
};

struct request {
    struct request *prev, *next;
    struct store_write *write;
    store_done_fn *done;
    store_page_fn *page;
    store_summaries_fn *summaries;
    store_records_fn *records;
    void *ctx;
    struct store_query query;
    char recipient[MSGIN5G_SERVICE_ID_MAX];
    enum store_kind kind;
};

struct store_door {
    struct loop *loop;
    struct loop_timer timer;
    struct row *copies;  /* in order of delivery */
    struct row *records; /* in order of keys */
    struct request *requests;
    enum msgin5g_err err;
    bool hold, dead;
    uint64_t highest;
};

static void row_free(struct row *row)
{
    free(row->octets);
    free(row);
}

static void rows_free(struct row *rows)
{
    struct row *row, *next;
    DL_FOREACH_SAFE (rows, row, next)
        row_free(row);
}

void store_write_free(struct store_write *write)
{
    if (write == NULL)
        return;
    rows_free(write->rows);
    free(write->body_copy);
    free(write);
}

static void request_free(struct request *request)
{
    store_write_free(request->write);
    free(request);
}

static int compare_names(const struct row *a, const struct row *b)
{
    size_t length = a->name_length < b->name_length ? a->name_length : b->name_length;
    int order = memcmp(a->name, b->name, length);
    if (order != 0)
        return order;
    return a->name_length < b->name_length ? -1 : a->name_length > b->name_length;
}

static int compare_copies(struct row *a, struct row *b)
{
    if (compare_names(a, b) != 0)
        return compare_names(a, b);
    if (a->copy.rank != b->copy.rank)
        return a->copy.rank < b->copy.rank ? -1 : 1;
    return a->copy.id < b->copy.id ? -1 : a->copy.id > b->copy.id;
}

static int compare_records(struct row *a, struct row *b)
{
    return a->kind != b->kind ? (a->kind < b->kind ? -1 : 1) : compare_names(a, b);
}

static void remove_copy(struct store_door *door, uint64_t id)
{
    struct row *row, *next;
    DL_FOREACH_SAFE (door->copies, row, next) {
        if (row->copy.id != id)
            continue;
        DL_DELETE(door->copies, row);
        row_free(row);
    }
}

static void forget(struct store_door *door, const struct row *by)
{
    struct row *row, *next;
    DL_FOREACH_SAFE (door->records, row, next) {
        int order = compare_names(row, by);
        if (row->kind != by->kind || (by->what == FORGET_THROUGH ? order > 0 : order != 0))
            continue;
        DL_DELETE(door->records, row);
        row_free(row);
    }
}

static void apply(struct store_door *door, struct store_write *write)
{
    struct row *row, *next;
    DL_FOREACH_SAFE (write->rows, row, next) {
        DL_DELETE(write->rows, row);
        if (row->what == COPY) {
            assert_true(row->copy.id > door->highest);
            door->highest = row->copy.id;
            DL_INSERT_INORDER(door->copies, row, compare_copies);
            continue;
        }
        if (row->what == REMOVE)
            remove_copy(door, row->copy.id);
        else
            forget(door, row);
        if (row->what == RECORD)
            DL_INSERT_INORDER(door->records, row, compare_records);
        else
            row_free(row);
    }
}

static bool behind(const struct row *row, const struct store_query *query)
{
    return row->copy.rank != query->after_rank ? row->copy.rank > query->after_rank : row->copy.id > query->after_id;
}

static void run_page(struct store_door *door, struct request *request)
{
    const struct store_query *query = &request->query;
    struct store_item items[STORE_PAGE_MAX];
    struct store_page page = { .items = items, .next = { INT64_MAX, INT64_MAX } };
    size_t octets = 0;
    struct row *row;
    DL_FOREACH (door->copies, row) {
        struct msgin5g_str recipient = { row->name, row->name_length };
        if (!msgin5g_str_equal(recipient, query->recipient))
            continue;
        if (row->copy.due_s > query->due_by_s && row->copy.due_s < page.next.due_s)
            page.next.due_s = row->copy.due_s;
        if (row->copy.expires_s > query->expires_by_s && row->copy.expires_s < page.next.expires_s)
            page.next.expires_s = row->copy.expires_s;
        if (!behind(row, query) || row->copy.due_s > query->due_by_s || row->copy.expires_s > query->expires_by_s)
            continue;
        if (page.count == query->count || (page.count > 0 && octets + row->length > query->octets)) {
            page.more = true;
            continue;
        }
        items[page.count] = (struct store_item){ row->copy, row->octets, row->length };
        items[page.count++].copy.recipient = recipient;
        octets += row->length;
    }
    if (door->err != MSGIN5G_OK && door->err != MSGIN5G_ERR_QUEUE_FULL) {
        page.count = 0;
        request->page(request->ctx, door->err, &page);
    } else {
        request->page(request->ctx, MSGIN5G_OK, &page);
    }
}

/* One row a recipient, one recipient a call. */
static void run_summaries(struct store_door *door, struct request *request)
{
    struct row *row = door->copies;
    while (row != NULL) {
        struct store_summary summary = {
            .recipient = { row->name, row->name_length }, .earliest_due_s = INT64_MAX, .earliest_expires_s = INT64_MAX
        };
        struct row *first = row;
        for (; row != NULL && compare_names(row, first) == 0; row = row->next) {
            summary.count++;
            summary.octets += row->length;
            if (row->copy.due_s < summary.earliest_due_s)
                summary.earliest_due_s = row->copy.due_s;
            if (row->copy.expires_s < summary.earliest_expires_s)
                summary.earliest_expires_s = row->copy.expires_s;
        }
        request->summaries(request->ctx, MSGIN5G_OK, &summary, 1, false);
    }
    request->summaries(request->ctx, MSGIN5G_OK, NULL, 0, true);
}

static void run_records(struct store_door *door, struct request *request)
{
    struct row *row;
    DL_FOREACH (door->records, row) {
        struct store_record record = { { row->name, row->name_length }, row->octets, row->length, row->expires_s };
        if (row->kind == request->kind && (row->expires_s == 0 || row->expires_s > loop_utc_s(door->loop)))
            request->records(request->ctx, MSGIN5G_OK, &record, 1, false);
    }
    request->records(request->ctx, MSGIN5G_OK, NULL, 0, true);
}

static void run_write(struct store_door *door, struct request *request)
{
    if (door->err == MSGIN5G_OK || request->done == NULL)
        apply(door, request->write);
    if (request->done != NULL)
        request->done(request->ctx, door->err);
}

static void run(void *ctx)
{
    struct store_door *door = ctx;
    while (!door->hold && door->requests != NULL) {
        struct request *request = door->requests;
        DL_DELETE(door->requests, request);
        if (request->write != NULL)
            run_write(door, request);
        else if (request->page != NULL)
            run_page(door, request);
        else if (request->summaries != NULL)
            run_summaries(door, request);
        else
            run_records(door, request);
        request_free(request);
    }
}

static struct request *ask(struct store_door *door, void *ctx)
{
    struct request *request = calloc(1, sizeof *request);
    if (request == NULL || loop_timer_set(door->loop, &door->timer, 0) != MSGIN5G_OK) {
        free(request);
        return NULL;
    }
    request->ctx = ctx;
    DL_APPEND(door->requests, request);
    return request;
}

struct store_door *fake_store_create(struct loop *loop)
{
    struct store_door *door = calloc(1, sizeof *door);
    assert_non_null(door);
    door->loop = loop;
    loop_timer_init(&door->timer, run, door);
    return door;
}

void fake_store_set_dead(struct store_door *door, bool dead)
{
    static const struct store_page nothing = { .count = 0 };
    door->dead = dead;
    while (dead && door->requests != NULL) {
        struct request *request = door->requests;
        DL_DELETE(door->requests, request);
        if (request->done != NULL)
            request->done(request->ctx, MSGIN5G_ERR_CLOSED);
        else if (request->page != NULL)
            request->page(request->ctx, MSGIN5G_ERR_CLOSED, &nothing);
        request_free(request);
    }
}

void fake_store_free(struct store_door *door)
{
    loop_timer_cancel(door->loop, &door->timer);
    assert_null(door->requests);
    rows_free(door->copies);
    rows_free(door->records);
    free(door);
}

void fake_store_hold(struct store_door *door, bool hold)
{
    door->hold = hold;
    assert_int_equal(loop_timer_set(door->loop, &door->timer, 0), MSGIN5G_OK);
}

void fake_store_fail(struct store_door *door, enum msgin5g_err err)
{
    door->err = err;
}

size_t fake_store_count(const struct store_door *door, const char *recipient)
{
    size_t count = 0;
    const struct row *row;
    DL_FOREACH (door->copies, row)
        count += recipient == NULL ||
                 (strlen(recipient) == row->name_length && memcmp(recipient, row->name, row->name_length) == 0);
    return count;
}

size_t fake_store_records(const struct store_door *door, enum store_kind kind)
{
    size_t count = 0;
    const struct row *row;
    DL_FOREACH (door->records, row)
        count += row->kind == kind;
    return count;
}

uint64_t fake_store_highest(const struct store_door *door)
{
    return door->highest;
}

/* ---- the interface ---- */

struct store_write *store_write_create(struct store_door *door)
{
    struct store_write *write = calloc(1, sizeof *write);
    if (write != NULL)
        write->door = door;
    return write;
}

static struct row *add(struct store_write *write, struct msgin5g_str name, const void *octets, size_t length)
{
    static struct row lost; /* what is put there matters to nobody: the write fails */
    struct row *row = calloc(1, sizeof *row);
    uint8_t *copy = malloc(length + 1);
    if (row == NULL || copy == NULL) {
        free(row);
        free(copy);
        write->failed = true;
        return &lost;
    }
    assert_true(name.length <= sizeof row->name);
    if (name.length > 0)
        memcpy(row->name, name.octets, name.length);
    row->name_length = name.length;
    row->octets = copy;
    if (length > 0)
        memcpy(row->octets, octets, length);
    row->length = length;
    DL_APPEND(write->rows, row);
    return row;
}

void store_write_body(struct store_write *write, const void *octets, size_t length)
{
    free(write->body_copy);
    write->body_copy = malloc(length);
    write->failed = write->failed || write->body_copy == NULL;
    write->body_length = write->body_copy != NULL ? length : 0;
    if (write->body_copy != NULL)
        memcpy(write->body_copy, octets, length);
}

void store_write_copy(struct store_write *write, const struct store_copy *copy)
{
    struct row *row = add(write, copy->recipient, write->body_copy, write->body_length);
    row->what = COPY;
    row->copy = *copy;
}

void store_write_remove(struct store_write *write, uint64_t id)
{
    struct row *row = add(write, (struct msgin5g_str){ NULL, 0 }, NULL, 0);
    row->what = REMOVE;
    row->copy.id = id;
}

void store_write_record(struct store_write *write, enum store_kind kind, struct msgin5g_str key, const void *value,
    size_t length, int64_t expires_s)
{
    struct row *row = add(write, key, value, length);
    row->what = RECORD;
    row->kind = kind;
    row->expires_s = expires_s;
}

void store_write_forget(struct store_write *write, enum store_kind kind, struct msgin5g_str key)
{
    struct row *row = add(write, key, NULL, 0);
    row->what = FORGET;
    row->kind = kind;
}

void store_write_forget_through(struct store_write *write, enum store_kind kind, struct msgin5g_str key)
{
    struct row *row = add(write, key, NULL, 0);
    row->what = FORGET_THROUGH;
    row->kind = kind;
}

enum msgin5g_err store_write_commit(struct store_write *write, store_done_fn *done, void *ctx)
{
    struct request *request = write->failed || write->door->dead ? NULL : ask(write->door, ctx);
    if (request == NULL) {
        enum msgin5g_err err = write->door->dead ? MSGIN5G_ERR_CLOSED : MSGIN5G_ERR_NO_MEMORY;
        store_write_free(write);
        return err;
    }
    request->write = write;
    request->done = done;
    return MSGIN5G_OK;
}

void store_remove(struct store_door *door, uint64_t id)
{
    struct store_write *write = store_write_create(door);
    if (write == NULL)
        return;
    store_write_remove(write, id);
    (void)store_write_commit(write, NULL, NULL);
}

enum msgin5g_err store_page_read(
    struct store_door *door, const struct store_query *query, store_page_fn *done, void *ctx)
{
    struct request *request = door->dead ? NULL : ask(door, ctx);
    if (request == NULL)
        return door->dead ? MSGIN5G_ERR_CLOSED : MSGIN5G_ERR_NO_MEMORY;
    request->page = done;
    request->query = *query;
    memcpy(request->recipient, query->recipient.octets, query->recipient.length);
    request->query.recipient.octets = request->recipient;
    return MSGIN5G_OK;
}

enum msgin5g_err store_summaries_read(struct store_door *door, store_summaries_fn *each, void *ctx)
{
    struct request *request = ask(door, ctx);
    if (request == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    request->summaries = each;
    return MSGIN5G_OK;
}

enum msgin5g_err store_records_read(struct store_door *door, enum store_kind kind, store_records_fn *each, void *ctx)
{
    struct request *request = ask(door, ctx);
    if (request == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    request->records = each;
    request->kind = kind;
    return MSGIN5G_OK;
}
