#include "store_request.h"

#include <stdlib.h>

enum op_type { OP_COPY, OP_REMOVE, OP_RECORD, OP_FORGET, OP_FORGET_THROUGH };

struct store_body {
    const void *octets;
    size_t length;
    uint64_t id; /* that of its first copy */
    uint32_t copies;
};

struct store_op {
    struct store_op *next;
    enum op_type type;
    union {
        struct {
            struct store_copy copy;
            struct store_body *body;
        } put;
        uint64_t id;
        struct {
            enum store_kind kind;
            struct store_record value;
        } record;
    } of;
};

struct store_write *store_write_create(struct store_door *door)
{
    struct store_write *write = malloc(sizeof *write);
    if (write == NULL)
        return NULL;
    write->request.next = NULL;
    write->request.door = door;
    write->request.type = STORE_WRITE;
    write->request.err = MSGIN5G_OK;
    store_arena_init(&write->request.arena);
    write->first = write->last = NULL;
    write->body = NULL;
    write->octets = write->quota = 0;
    write->has_copies = write->invalid = write->failed = false;
    return write;
}

void store_write_free(struct store_write *write)
{
    if (write != NULL)
        store_request_free(&write->request);
}

/* Memory for @p size octets of a write that is not too long yet. */
static void *take(struct store_write *write, size_t size)
{
    write->octets += size;
    if (write->failed || write->octets > STORE_WRITE_MAX)
        return NULL;
    void *place = store_arena_take(&write->request.arena, size);
    write->failed = place == NULL;
    return place;
}

static bool keep_octets(struct store_write *write, const void *octets, size_t length, const void **out)
{
    write->octets += length;
    if (write->failed || write->octets > STORE_WRITE_MAX)
        return false;
    *out = store_arena_copy(&write->request.arena, octets, length);
    write->failed = *out == NULL;
    return *out != NULL;
}

static bool keep_text(struct store_write *write, struct msgin5g_str text, struct msgin5g_str *out)
{
    const void *octets;
    if (!keep_octets(write, text.octets, text.length, &octets))
        return false;
    *out = (struct msgin5g_str){ octets, text.length };
    return true;
}

static void add(struct store_write *write, struct store_op *op, enum op_type type)
{
    op->next = NULL;
    op->type = type;
    if (write->first == NULL)
        write->first = op;
    else
        write->last->next = op;
    write->last = op;
}

static bool valid(struct store_write *write, bool good)
{
    if (!good)
        write->invalid = true;
    return good;
}

void store_write_body(struct store_write *write, const void *octets, size_t length)
{
    write->body = NULL;
    if (!valid(write, length <= STORE_BODY_MAX))
        return;
    struct store_body *body = take(write, sizeof *body);
    if (body == NULL || !keep_octets(write, octets, length, &body->octets))
        return;
    body->length = length;
    body->id = 0;
    body->copies = 0;
    write->body = body;
    write->quota += length;
}

void store_write_copy(struct store_write *write, const struct store_copy *copy)
{
    bool good = copy->id > 0 && copy->id <= INT64_MAX && copy->rank >= 0 && copy->recipient.length > 0 &&
                copy->recipient.length <= MSGIN5G_SERVICE_ID_MAX;
    if (!valid(write, good) || write->failed || !valid(write, write->body != NULL || write->octets > STORE_WRITE_MAX))
        return;
    struct store_op *op = take(write, sizeof *op);
    if (op == NULL)
        return;
    op->of.put.copy = *copy;
    op->of.put.body = write->body;
    if (!keep_text(write, copy->recipient, &op->of.put.copy.recipient))
        return;
    if (write->body->copies++ == 0)
        write->body->id = copy->id;
    write->quota += STORE_COPY_OVERHEAD;
    write->has_copies = true;
    add(write, op, OP_COPY);
}

void store_write_remove(struct store_write *write, uint64_t id)
{
    if (!valid(write, id > 0 && id <= INT64_MAX))
        return;
    struct store_op *op = take(write, sizeof *op);
    if (op == NULL)
        return;
    op->of.id = id;
    add(write, op, OP_REMOVE);
}

static void add_record(
    struct store_write *write, enum op_type type, enum store_kind kind, const struct store_record *record)
{
    bool good =
        kind > 0 && record->key.length > 0 && record->key.length <= STORE_KEY_MAX && record->length <= STORE_VALUE_MAX;
    if (!valid(write, good))
        return;
    struct store_op *op = take(write, sizeof *op);
    if (op == NULL)
        return;
    op->of.record.kind = kind;
    op->of.record.value = *record;
    const void *value = NULL;
    if (!keep_text(write, record->key, &op->of.record.value.key) ||
        !keep_octets(write, record->value, record->length, &value))
        return;
    op->of.record.value.value = value;
    add(write, op, type);
}

void store_write_record(struct store_write *write, enum store_kind kind, struct msgin5g_str key, const void *value,
    size_t length, int64_t expires_s)
{
    struct store_record record = { .key = key, .value = value, .length = length, .expires_s = expires_s };
    add_record(write, OP_RECORD, kind, &record);
}

void store_write_forget(struct store_write *write, enum store_kind kind, struct msgin5g_str key)
{
    struct store_record record = { .key = key };
    add_record(write, OP_FORGET, kind, &record);
}

void store_write_forget_through(struct store_write *write, enum store_kind kind, struct msgin5g_str key)
{
    struct store_record record = { .key = key };
    add_record(write, OP_FORGET_THROUGH, kind, &record);
}

enum msgin5g_err store_write_commit(struct store_write *write, store_done_fn *done, void *ctx)
{
    enum msgin5g_err err = MSGIN5G_OK;
    if (write->invalid || (done == NULL && write->has_copies))
        err = MSGIN5G_ERR_INVALID;
    else if (write->octets > STORE_WRITE_MAX)
        err = MSGIN5G_ERR_LIMIT;
    else if (write->failed)
        err = MSGIN5G_ERR_NO_MEMORY;
    if (err != MSGIN5G_OK) {
        store_write_free(write);
        return err;
    }
    write->done = done;
    write->request.ctx = ctx;
    return store_door_submit(write->request.door, &write->request, sizeof *write + write->request.arena.octets);
}

/* A body for one copy goes into its row, any other gets a row of its own before its first copy. */
static enum msgin5g_err apply_copy(const struct store_op *op, struct store_engine *engine)
{
    const struct store_copy *copy = &op->of.put.copy;
    const struct store_body *body = op->of.put.body;
    enum msgin5g_err err = MSGIN5G_OK;
    if (body->copies == 1)
        return store_engine_put_copy(engine, copy, 0, body->octets, body->length);
    if (copy->id == body->id)
        err = store_engine_put_body(engine, body->id, body->octets, body->length);
    if (err == MSGIN5G_OK)
        err = store_engine_put_copy(engine, copy, body->id, body->octets, body->length);
    return err;
}

static enum msgin5g_err apply(const struct store_op *op, struct store_engine *engine)
{
    switch (op->type) {
    case OP_COPY:
        return apply_copy(op, engine);
    case OP_REMOVE:
        return store_engine_remove(engine, op->of.id);
    case OP_RECORD:
        return store_engine_put_record(engine, op->of.record.kind, &op->of.record.value);
    case OP_FORGET:
        return store_engine_forget(engine, op->of.record.kind, op->of.record.value.key);
    case OP_FORGET_THROUGH:
        return store_engine_forget_through(engine, op->of.record.kind, op->of.record.value.key);
    }
    return MSGIN5G_ERR_INTERNAL;
}

enum msgin5g_err store_write_apply(const struct store_write *write, struct store_engine *engine)
{
    enum msgin5g_err err = MSGIN5G_OK;
    for (const struct store_op *op = write->first; op != NULL && err == MSGIN5G_OK; op = op->next)
        err = apply(op, engine);
    return err;
}
