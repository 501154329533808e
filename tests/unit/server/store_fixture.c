#include "store_fixture.h"

#include "base/secret.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WAIT_MS 10000

enum msgin5g_err fixture_open(struct fixture *fixture)
{
    struct store_config config = { fixture->folder, fixture->key_file, fixture->quota_octets };
    assert_int_equal(metrics_create(&fixture->metrics), MSGIN5G_OK);
    assert_int_equal(loop_create(clock_system(), &fixture->loop), MSGIN5G_OK);
    enum msgin5g_err err = store_open(&config, fixture->metrics, &fixture->store);
    if (err == MSGIN5G_OK)
        assert_int_equal(store_door_create(fixture->store, fixture->loop, &fixture->door), MSGIN5G_OK);
    return err;
}

void fixture_close(struct fixture *fixture)
{
    store_door_free(fixture->door);
    store_close(fixture->store);
    loop_free(fixture->loop);
    metrics_free(fixture->metrics);
    fixture->door = NULL;
    fixture->store = NULL;
    fixture->loop = NULL;
    fixture->metrics = NULL;
}

int fixture_create(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    strcpy(fixture->folder, "/tmp/store-test-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    fixture->quota_octets = 1 << 30;
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    *state = fixture;
    return 0;
}

static int remove_one(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    (void)type;
    (void)ftw;
    return remove(path);
}

int fixture_destroy(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    int result = nftw(fixture->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(fixture);
    return result;
}

const char *fixture_path(const struct fixture *fixture, const char *name)
{
    static char path[128];
    snprintf(path, sizeof path, "%s/%s", fixture->folder, name);
    return path;
}

void fixture_wait(struct fixture *fixture, size_t done)
{
    int64_t until_ms = loop_now_ms(fixture->loop) + WAIT_MS;
    while (fixture->done < done) {
        assert_true(loop_now_ms(fixture->loop) < until_ms);
        assert_int_equal(loop_process(fixture->loop, 100), MSGIN5G_OK);
    }
}

void fixture_on_done(void *ctx, enum msgin5g_err err)
{
    struct fixture *fixture = ctx;
    fixture->done++;
    fixture->err = err;
}

/* Wait for the request that was just made, unless it was refused. */
static enum msgin5g_err finish(struct fixture *fixture, enum msgin5g_err err)
{
    if (err != MSGIN5G_OK)
        return err;
    fixture_wait(fixture, fixture->done + 1);
    return fixture->err;
}

enum msgin5g_err fixture_put(
    struct fixture *fixture, uint64_t id, int64_t rank, const char *recipient, const char *body)
{
    struct store_write *write = store_write_create(fixture->door);
    struct store_copy copy = {
        .id = id, .rank = rank, .expires_s = 1000 + (int64_t)id, .recipient = msgin5g_str(recipient)
    };
    store_write_body(write, body, strlen(body));
    store_write_copy(write, &copy);
    return finish(fixture, store_write_commit(write, fixture_on_done, fixture));
}

enum msgin5g_err fixture_record(struct fixture *fixture, enum store_kind kind, const char *key, const char *value)
{
    struct store_write *write = store_write_create(fixture->door);
    store_write_record(write, kind, msgin5g_str(key), value, strlen(value), 0);
    return finish(fixture, store_write_commit(write, fixture_on_done, fixture));
}

static void keep_text(struct fixture *fixture, const void *octets, size_t length)
{
    assert_true(length < sizeof fixture->text);
    memcpy(fixture->text, octets, length);
    fixture->text[length] = '\0';
}

static void on_page(void *ctx, enum msgin5g_err err, const struct store_page *page)
{
    struct fixture *fixture = ctx;
    fixture->count = page->count;
    fixture->more = page->more;
    fixture->next = page->next;
    for (size_t i = 0; i < page->count; i++) {
        fixture->ids[i] = page->items[i].copy.id;
        keep_text(fixture, page->items[i].body, page->items[i].length);
    }
    fixture_on_done(fixture, err);
}

enum msgin5g_err fixture_query(struct fixture *fixture, const struct store_query *query)
{
    return finish(fixture, store_page_read(fixture->door, query, on_page, fixture));
}

enum msgin5g_err fixture_page(struct fixture *fixture, const char *recipient, int64_t after_rank, uint64_t after_id)
{
    struct store_query query = { .recipient = msgin5g_str(recipient),
        .after_rank = after_rank,
        .after_id = after_id,
        .due_by_s = INT64_MAX,
        .expires_by_s = INT64_MAX,
        .count = STORE_PAGE_MAX,
        .octets = 1 << 20 };
    return fixture_query(fixture, &query);
}

static void on_summaries(void *ctx, enum msgin5g_err err, const struct store_summary *rows, size_t count, bool last)
{
    struct fixture *fixture = ctx;
    for (size_t i = 0; i < count; i++)
        snprintf(fixture->text, sizeof fixture->text, "%.*s %u %u", (int)rows[i].recipient.length,
            rows[i].recipient.octets, (unsigned)rows[i].count, (unsigned)rows[i].octets);
    fixture->count += count;
    if (last)
        fixture_on_done(fixture, err);
}

enum msgin5g_err fixture_summaries(struct fixture *fixture)
{
    fixture->count = 0;
    return finish(fixture, store_summaries_read(fixture->door, on_summaries, fixture));
}

static void on_records(void *ctx, enum msgin5g_err err, const struct store_record *rows, size_t count, bool last)
{
    struct fixture *fixture = ctx;
    for (size_t i = 0; i < count; i++)
        keep_text(fixture, rows[i].value, rows[i].length);
    fixture->count += count;
    if (last)
        fixture_on_done(fixture, err);
}

enum msgin5g_err fixture_read_records(struct fixture *fixture, enum store_kind kind)
{
    fixture->count = 0;
    return store_records_read(fixture->door, kind, on_records, fixture);
}

enum msgin5g_err fixture_records(struct fixture *fixture, enum store_kind kind)
{
    return finish(fixture, fixture_read_records(fixture, kind));
}

uint64_t fixture_metric(struct fixture *fixture, const char *name)
{
    struct buffer text;
    buffer_init(&text, 65536);
    assert_int_equal(metrics_render(fixture->metrics, &text), MSGIN5G_OK);
    assert_int_equal(buffer_append(&text, "", 1), MSGIN5G_OK);
    char line[128];
    snprintf(line, sizeof line, "\n%s ", name);
    const char *found = strstr((const char *)text.data, line);
    assert_non_null(found);
    uint64_t value = strtoull(found + strlen(line), NULL, 10);
    buffer_free(&text);
    return value;
}
