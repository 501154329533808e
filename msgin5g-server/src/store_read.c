#include "store_request.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 512 /* rows of a long read that are in memory at a time */

/* Rows are collected as a list while their number is not known, and become an array at the end. */
struct row {
    struct row *next;
    union {
        struct store_item item;
        struct store_summary summary;
        struct store_record record;
    } of;
};

struct store_read {
    struct store_request request;
    union {
        store_page_fn *page;
        store_summaries_fn *summaries;
        store_records_fn *records;
    } done;
    struct store_query query; /* a page's; the recipient lies in name */
    enum store_kind kind;
    size_t name_length; /* of the recipient of a page; else where the next batch goes on */
    char name[STORE_KEY_MAX];

    struct row *first, *last;
    size_t count;
    void *rows; /* array of the type's rows, in the arena */
    bool more;
    struct store_next next; /* of a page */
};

static_assert(MSGIN5G_SERVICE_ID_MAX <= STORE_KEY_MAX, "a recipient fits where a key fits");

static void restart(struct store_read *read)
{
    store_arena_reset(&read->request.arena);
    read->first = read->last = NULL;
    read->count = 0;
    read->rows = NULL;
    read->more = false;
    read->next = (struct store_next){ INT64_MAX, INT64_MAX };
}

static struct store_read *create(struct store_door *door, enum store_request_type type, void *ctx)
{
    struct store_read *read = malloc(sizeof *read);
    if (read == NULL)
        return NULL;
    read->request.next = NULL;
    read->request.door = door;
    read->request.type = type;
    read->request.ctx = ctx;
    store_arena_init(&read->request.arena);
    restart(read);
    read->name_length = 0;
    return read;
}

static void set_name(struct store_read *read, struct msgin5g_str name)
{
    memcpy(read->name, name.octets, name.length);
    read->name_length = name.length;
}

static enum msgin5g_err submit(struct store_read *read)
{
    return store_door_submit(read->request.door, &read->request, sizeof *read);
}

enum msgin5g_err store_page_read(
    struct store_door *door, const struct store_query *query, store_page_fn *done, void *ctx)
{
    if (query->recipient.length == 0 || query->recipient.length > MSGIN5G_SERVICE_ID_MAX || query->count == 0 ||
        query->count > STORE_PAGE_MAX || query->after_id > INT64_MAX)
        return MSGIN5G_ERR_INVALID;
    struct store_read *read = create(door, STORE_READ_PAGE, ctx);
    if (read == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    read->done.page = done;
    read->query = *query;
    set_name(read, query->recipient);
    read->query.recipient = (struct msgin5g_str){ read->name, read->name_length };
    return submit(read);
}

enum msgin5g_err store_summaries_read(struct store_door *door, store_summaries_fn *each, void *ctx)
{
    struct store_read *read = create(door, STORE_READ_SUMMARIES, ctx);
    if (read == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    read->done.summaries = each;
    return submit(read);
}

enum msgin5g_err store_records_read(struct store_door *door, enum store_kind kind, store_records_fn *each, void *ctx)
{
    struct store_read *read = create(door, STORE_READ_RECORDS, ctx);
    if (read == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    read->done.records = each;
    read->kind = kind;
    return submit(read);
}

/* ---- on the thread ----------------------------------------------------------------------------------------------- */

static struct row *add_row(struct store_read *read)
{
    struct row *row = store_arena_take(&read->request.arena, sizeof *row);
    if (row == NULL)
        return NULL;
    row->next = NULL;
    if (read->first == NULL)
        read->first = row;
    else
        read->last->next = row;
    read->last = row;
    read->count++;
    return row;
}

static bool keep(struct store_read *read, const void **octets, size_t length)
{
    *octets = store_arena_copy(&read->request.arena, *octets, length);
    return *octets != NULL;
}

static bool keep_text(struct store_read *read, struct msgin5g_str *text)
{
    const void *octets = text->octets;
    bool good = keep(read, &octets, text->length);
    text->octets = octets;
    return good;
}

static enum msgin5g_err add_item(void *ctx, const struct store_item *item)
{
    struct store_read *read = ctx;
    struct row *row = add_row(read);
    if (row == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    row->of.item = *item;
    row->of.item.copy.recipient = read->query.recipient;
    const void *body = item->body;
    if (!keep(read, &body, item->length))
        return MSGIN5G_ERR_NO_MEMORY;
    row->of.item.body = body;
    return MSGIN5G_OK;
}

static enum msgin5g_err add_summary(void *ctx, const struct store_summary *summary)
{
    struct store_read *read = ctx;
    struct row *row = add_row(read);
    if (row == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    row->of.summary = *summary;
    return keep_text(read, &row->of.summary.recipient) ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

static enum msgin5g_err add_record(void *ctx, const struct store_record *record)
{
    struct store_read *read = ctx;
    struct row *row = add_row(read);
    if (row == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    row->of.record = *record;
    const void *value = record->value;
    if (!keep_text(read, &row->of.record.key) || !keep(read, &value, record->length))
        return MSGIN5G_ERR_NO_MEMORY;
    row->of.record.value = value;
    return MSGIN5G_OK;
}

static size_t row_size(const struct store_read *read)
{
    return read->request.type == STORE_READ_PAGE      ? sizeof(struct store_item)
           : read->request.type == STORE_READ_RECORDS ? sizeof(struct store_record)
                                                      : sizeof(struct store_summary);
}

static enum msgin5g_err gather(struct store_read *read)
{
    size_t size = row_size(read);
    uint8_t *rows = store_arena_take(&read->request.arena, read->count * size);
    if (rows == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    read->rows = rows;
    for (const struct row *row = read->first; row != NULL; row = row->next, rows += size)
        memcpy(rows, &row->of, size);
    return MSGIN5G_OK;
}

void store_read_run(struct store_request *request, struct store_engine *engine)
{
    struct store_read *read = (struct store_read *)request;
    struct msgin5g_str after = { read->name, read->name_length };
    enum msgin5g_err err;
    restart(read);
    if (request->type == STORE_READ_PAGE)
        err = store_engine_page(engine, &read->query, add_item, read, &read->more, &read->next);
    else if (request->type == STORE_READ_RECORDS)
        err = store_engine_records(engine, read->kind, after, BATCH, add_record, read, &read->more);
    else
        err = store_engine_summaries(engine, after, BATCH, add_summary, read, &read->more);
    if (err == MSGIN5G_OK)
        err = gather(read);
    if (err != MSGIN5G_OK)
        restart(read);
    request->err = err;
}

/* ---- on the loop ------------------------------------------------------------------------------------------------- */

/* Where the next batch goes on; the rows are gone by then. */
static void remember_last(struct store_read *read)
{
    if (read->last == NULL)
        return;
    if (read->request.type == STORE_READ_RECORDS)
        set_name(read, read->last->of.record.key);
    else
        set_name(read, read->last->of.summary.recipient);
}

void store_read_give_up(struct store_request *request, enum msgin5g_err err)
{
    struct store_read *read = (struct store_read *)request;
    if (request->type == STORE_READ_RECORDS)
        read->done.records(request->ctx, err, NULL, 0, true);
    else
        read->done.summaries(request->ctx, err, NULL, 0, true);
}

bool store_read_finish(struct store_request *request)
{
    struct store_read *read = (struct store_read *)request;
    enum msgin5g_err err = request->err;
    bool last = err != MSGIN5G_OK || !read->more;
    if (request->type == STORE_READ_PAGE) {
        struct store_page page = { read->rows, read->count, read->more, read->next };
        read->done.page(request->ctx, err, &page);
        return false;
    }
    if (!last)
        remember_last(read);
    if (request->type == STORE_READ_RECORDS)
        read->done.records(request->ctx, err, read->rows, read->count, last);
    else
        read->done.summaries(request->ctx, err, read->rows, read->count, last);
    return !last;
}
