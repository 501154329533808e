/* A disk that is full or fails, and memory that runs out: nothing acknowledged is lost, and it recovers by itself. */
#include "store_fixture.h"

#include "base/secret.h"
#include "failing_malloc.h"
#include "failing_vfs.h"
#include "store_engine.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define RECOVERY_MS 5000

/* Without asking for anything: the store finds out by itself. */
static void wait_until_healthy(struct fixture *fixture)
{
    int64_t until_ms = loop_now_ms(fixture->loop) + RECOVERY_MS;
    while (!store_healthy(fixture->store)) {
        assert_true(loop_now_ms(fixture->loop) < until_ms);
        assert_int_equal(loop_process(fixture->loop, 10), MSGIN5G_OK);
    }
}

static void a_full_disk_refuses_and_recovers(void **state)
{
    static const int codes[] = { SQLITE_FULL, SQLITE_IOERR_WRITE, SQLITE_IOERR_FSYNC, SQLITE_READONLY };
    struct fixture *fixture = *state;
    uint64_t id = 1;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        assert_int_equal(fixture_put(fixture, id++, 0, "im:b@x", "before"), MSGIN5G_OK);
        failing_vfs_set(codes[i]);
        assert_int_equal(fixture_put(fixture, id++, 0, "im:b@x", "while"), MSGIN5G_ERR_STORE);
        assert_false(store_healthy(fixture->store));
        assert_int_equal(fixture_metric(fixture, "msgin5g_store_healthy"), 0);
        assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK); /* what is there can still be delivered */
        assert_int_equal(fixture->count, 2 * i + 1);
        failing_vfs_set(SQLITE_OK);
        if (i == 0)
            wait_until_healthy(fixture);
        assert_int_equal(fixture_put(fixture, id++, 0, "im:b@x", "after"), MSGIN5G_OK);
        assert_true(store_healthy(fixture->store));
    }
    fixture_close(fixture);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 8);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 0);
}

/* Delivered while the disk is full: it must not come back. */
static void removals_wait_for_the_disk(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "delivered"), MSGIN5G_OK);
    failing_vfs_set(SQLITE_FULL);
    store_remove(fixture->door, 1);
    assert_int_equal(fixture_put(fixture, 2, 0, "im:b@x", "refused"), MSGIN5G_ERR_STORE);
    failing_vfs_set(SQLITE_OK);
    wait_until_healthy(fixture);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 0);
}

static void the_store_can_be_closed_while_the_disk_fails(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "stays"), MSGIN5G_OK);
    failing_vfs_set(SQLITE_IOERR_WRITE);
    store_remove(fixture->door, 1);
    fixture_close(fixture);
    failing_vfs_set(SQLITE_OK);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1); /* a message may come twice, it does not get lost */
}

/* Each write of a commit and of a checkpoint fails in turn. */
static void every_single_write_may_fail(void **state)
{
    struct fixture *fixture = *state;
    char body[20000];
    uint64_t id = 1, stored = 0;
    memset(body, 'b', sizeof body - 1);
    body[sizeof body - 1] = '\0';
    for (int writes = 0; writes < 40; writes++) {
        failing_vfs_after(writes, SQLITE_IOERR_WRITE);
        enum msgin5g_err err = fixture_put(fixture, id++, 0, "im:b@x", body);
        assert_true(err == MSGIN5G_OK || err == MSGIN5G_ERR_STORE);
        stored += err == MSGIN5G_OK;
        failing_vfs_set(SQLITE_OK);
        stored++; /* the next attempt works, without a pause */
        assert_int_equal(fixture_put(fixture, id++, 0, "im:b@x", "small"), MSGIN5G_OK);
        assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), stored);
    }
    assert_in_range(stored, 41, 79);
    fixture_close(fixture);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), stored);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 0);
}

static void a_full_disk_does_not_keep_from_starting(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "stays"), MSGIN5G_OK);
    struct store_write *write = store_write_create(fixture->door);
    store_write_record(write, STORE_TOPIC, msgin5g_str("old"), "a", 1, 1000); /* would be removed at start */
    assert_int_equal(store_write_commit(write, NULL, NULL), MSGIN5G_OK);
    fixture_close(fixture);
    failing_vfs_set(SQLITE_FULL);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_int_equal(fixture_records(fixture, STORE_TOPIC), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
    assert_int_equal(fixture_put(fixture, 2, 0, "im:b@x", "refused"), MSGIN5G_ERR_STORE);
    failing_vfs_set(SQLITE_OK);
    assert_int_equal(fixture_put(fixture, 2, 0, "im:b@x", "taken"), MSGIN5G_OK);
}

static void a_new_store_needs_a_disk(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    assert_int_equal(unlink(fixture_path(fixture, "store.db")), 0);
    failing_vfs_set(SQLITE_FULL);
    assert_int_equal(fixture_open(fixture), MSGIN5G_ERR_STORE);
    fixture_close(fixture);
    failing_vfs_set(SQLITE_OK);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
}

/* ---- memory ------------------------------------------------------------------------------------------------------ */

static enum msgin5g_err ignore_item(void *ctx, const struct store_item *item)
{
    (void)ctx;
    (void)item;
    return MSGIN5G_OK;
}

static enum msgin5g_err ignore_record(void *ctx, const struct store_record *record)
{
    (void)ctx;
    (void)record;
    return MSGIN5G_OK;
}

static enum msgin5g_err write_some(struct store_engine *engine, uint64_t id)
{
    static const char body[5000];
    const struct store_copy copy = { .id = id, .expires_s = 1, .recipient = msgin5g_str("im:b@x") };
    const struct store_record record = { .key = msgin5g_str("key"), .value = (const uint8_t *)body, .length = 4 };
    enum msgin5g_err err = store_engine_begin(engine);
    if (err != MSGIN5G_OK)
        return err;
    err = store_engine_put_copy(engine, &copy, 0, body, sizeof body);
    if (err == MSGIN5G_OK)
        err = store_engine_put_record(engine, STORE_TOPIC, &record);
    if (err == MSGIN5G_OK)
        err = store_engine_remove(engine, id - 1);
    if (err == MSGIN5G_OK)
        return store_engine_commit(engine);
    store_engine_rollback(engine);
    return err;
}

static enum msgin5g_err read_some(struct store_engine *engine)
{
    const struct store_query query = {
        .recipient = msgin5g_str("im:b@x"), .due_by_s = 1, .expires_by_s = 1, .count = 10, .octets = 100
    };
    struct store_next next;
    bool more;
    enum msgin5g_err err = store_engine_page(engine, &query, ignore_item, NULL, &more, &next);
    if (err == MSGIN5G_OK)
        err = store_engine_records(engine, STORE_TOPIC, msgin5g_str(""), 10, ignore_record, NULL, &more);
    return err;
}

/* The engine, its own memory and SQLite's: one allocation after the other fails, the next attempt works. */
static void memory_may_run_out_in_the_engine(void **state)
{
    struct fixture *fixture = *state;
    const struct store_seal seal = { .sealed = true, .key = { { 7 } } };
    struct store_engine *engine = NULL;
    unsigned int failures = 0;
    fixture_close(fixture);
    assert_int_equal(unlink(fixture_path(fixture, "store.db")), 0);
    bool failed = true;
    for (unsigned int n = 0; failed; n += n < 50 ? 1 : 7) { /* most of them are SQLite's, and much alike */
        failing_malloc_after(n);
        enum msgin5g_err err = store_engine_open(fixture->folder, &seal, &engine);
        if (err == MSGIN5G_OK)
            err = write_some(engine, 2);
        if (err == MSGIN5G_OK)
            (void)read_some(engine);
        failed = failing_malloc_stop();
        failures += failed;
        if (engine != NULL) {
            assert_int_equal(store_engine_begin(engine), MSGIN5G_OK);
            assert_int_equal(store_engine_remove(engine, 2), MSGIN5G_OK);
            assert_int_equal(store_engine_commit(engine), MSGIN5G_OK);
            assert_int_equal(store_engine_counts(engine)->damaged, 0);
        }
        store_engine_close(engine);
        engine = NULL;
    }
    assert_true(failures > 60);
}

static void memory_may_run_out_in_the_door(void **state)
{
    struct fixture *fixture = *state;
    char body[5000];
    bool failed = true;
    memset(body, 'b', sizeof body);
    for (unsigned int n = 0; failed; n++) {
        struct store_copy copy = { .id = n + 1, .expires_s = 1, .recipient = msgin5g_str("im:b@x") };
        size_t before = fixture->done;
        failing_malloc_after(n);
        struct store_write *write = store_write_create(fixture->door);
        enum msgin5g_err err = MSGIN5G_ERR_NO_MEMORY;
        if (write != NULL) {
            store_write_body(write, body, sizeof body);
            store_write_copy(write, &copy);
            err = store_write_commit(write, fixture_on_done, fixture);
        }
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        if (!failed)
            fixture_wait(fixture, before + 1);
    }
    assert_int_equal(fixture->err, MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 1);
}

/* SQLite's memory comes from where failing_malloc reaches it; with the size in front, which SQLite wants to know. */
static void *sql_malloc(int size)
{
    int64_t *place = malloc(sizeof *place + (size_t)size);
    if (place == NULL)
        return NULL;
    *place = size;
    return place + 1;
}

static void sql_free(void *octets)
{
    free((int64_t *)octets - 1);
}

static void *sql_realloc(void *octets, int size)
{
    int64_t *place = realloc((int64_t *)octets - 1, sizeof *place + (size_t)size);
    if (place == NULL)
        return NULL;
    *place = size;
    return place + 1;
}

static int sql_size(void *octets)
{
    return (int)*((int64_t *)octets - 1);
}

static int sql_roundup(int size)
{
    return (size + 7) / 8 * 8;
}

static int sql_init(void *ctx)
{
    (void)ctx;
    return SQLITE_OK;
}

static void sql_shutdown(void *ctx)
{
    (void)ctx;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_create, fixture_destroy)

int main(void)
{
    static sqlite3_mem_methods memory = { sql_malloc, sql_free, sql_realloc, sql_size, sql_roundup, sql_init,
        sql_shutdown, NULL };
    const struct CMUnitTest tests[] = {
        TEST(a_full_disk_refuses_and_recovers),
        TEST(removals_wait_for_the_disk),
        TEST(the_store_can_be_closed_while_the_disk_fails),
        TEST(every_single_write_may_fail),
        TEST(a_full_disk_does_not_keep_from_starting),
        TEST(a_new_store_needs_a_disk),
        TEST(memory_may_run_out_in_the_engine),
        TEST(memory_may_run_out_in_the_door),
    };
    if (sqlite3_config(SQLITE_CONFIG_MALLOC, &memory) != SQLITE_OK)
        return 1;
    failing_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
