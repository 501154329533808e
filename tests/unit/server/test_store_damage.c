/* What the store finds out about its files at start, and what it makes of it: killed writers, damaged files, other
 * keys. */
#include "store_fixture.h"

#include "base/secret.h"

#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define KEY_ONE "0101010101010101010101010101010101010101010101010101010101010101"
#define KEY_TWO "0202020202020202020202020202020202020202020202020202020202020202"

/* ---- a process that is killed ------------------------------------------------------------------------------------ */

/* What the process that is killed was told, in memory that outlives it. */
struct told {
    volatile uint64_t acknowledged; /* highest id; ids are acknowledged in order */
};

static void on_acknowledged(void *ctx, enum msgin5g_err err)
{
    struct told *told = ctx;
    if (err != MSGIN5G_OK)
        _exit(3);
    told->acknowledged++;
}

/* Store one message after the other, many under way, until killed, or @p stop_at are acknowledged: then kill itself. */
static _Noreturn void store_until_killed(struct fixture *fixture, struct told *told, uint64_t first, uint64_t stop_at)
{
    char body[300];
    uint64_t id = first;
    memset(body, 'b', sizeof body);
    if (fixture_open(fixture) != MSGIN5G_OK)
        _exit(2);
    for (;;) {
        while (id - first < told->acknowledged + 50 && id - first < stop_at) {
            struct store_write *write = store_write_create(fixture->door);
            struct store_copy copy = { .id = id++, .expires_s = 1, .recipient = msgin5g_str("im:b@x") };
            store_write_body(write, body, sizeof body);
            store_write_copy(write, &copy);
            if (store_write_commit(write, on_acknowledged, told) != MSGIN5G_OK)
                _exit(4);
        }
        if (told->acknowledged >= stop_at)
            (void)kill(getpid(), SIGKILL);
        (void)loop_process(fixture->loop, 100);
    }
}

static struct told *share(void)
{
    struct told *told = mmap(NULL, sizeof *told, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(told != MAP_FAILED);
    return told;
}

/* The fixture is closed meanwhile: a child stores @p count messages from @p first on and dies without closing. */
static void store_and_die(struct fixture *fixture, uint64_t first, uint64_t count)
{
    struct told *told = share();
    int status;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        store_until_killed(fixture, told, first, count);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(munmap(told, sizeof *told), 0);
}

static void what_was_acknowledged_survives_kill_9(void **state)
{
    struct fixture *fixture = *state;
    struct told *told = share();
    uint64_t stored = 0;
    for (uint64_t cycle = 0; cycle < 5; cycle++) {
        int status;
        fixture_close(fixture);
        told->acknowledged = 0;
        pid_t pid = fork();
        assert_true(pid >= 0);
        if (pid == 0)
            store_until_killed(fixture, told, 1000000 * (cycle + 1), UINT64_MAX);
        while (told->acknowledged < 200 * (cycle + 1))
            usleep(100);
        assert_int_equal(kill(pid, SIGKILL), 0);
        assert_int_equal(waitpid(pid, &status, 0), pid);
        assert_true(WIFSIGNALED(status));
        stored += told->acknowledged;
        assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
        assert_true(store_highest_id(fixture->store) >= 1000000 * (cycle + 1) + told->acknowledged - 1);
        assert_true(fixture_metric(fixture, "msgin5g_store_messages") >= stored);
        assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 0);
    }
    assert_int_equal(munmap(told, sizeof *told), 0);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static off_t file_octets(const struct fixture *fixture, const char *name)
{
    struct stat info;
    assert_int_equal(stat(fixture_path(fixture, name), &info), 0);
    return info.st_size;
}

static void flip(const struct fixture *fixture, const char *name, off_t offset, size_t length)
{
    uint8_t octets[4096];
    int fd = open(fixture_path(fixture, name), O_RDWR);
    assert_true(fd >= 0);
    assert_int_equal(pread(fd, octets, length, offset), length);
    for (size_t i = 0; i < length; i++)
        octets[i] ^= 0x55;
    assert_int_equal(pwrite(fd, octets, length, offset), length);
    close(fd);
}

static const char *find_text(const struct fixture *fixture, const char *name, const char *text, off_t *offset)
{
    static uint8_t content[1 << 20];
    int fd = open(fixture_path(fixture, name), O_RDONLY);
    assert_true(fd >= 0);
    ssize_t length = read(fd, content, sizeof content);
    close(fd);
    assert_true(length >= 0);
    const char *found = memmem(content, (size_t)length, text, strlen(text));
    if (found != NULL && offset != NULL)
        *offset = (const uint8_t *)found - content;
    return found;
}

static size_t damaged_folders;

static int count_damaged(const char *path, const struct stat *info, int type, struct FTW *ftw)
{
    (void)info;
    damaged_folders += type == FTW_D && strncmp(path + ftw->base, "damaged-", 8) == 0;
    return 0;
}

static size_t set_aside(const struct fixture *fixture)
{
    damaged_folders = 0;
    assert_int_equal(nftw(fixture->folder, count_damaged, 8, FTW_PHYS), 0);
    return damaged_folders;
}

static void put_many(struct fixture *fixture, uint64_t first, unsigned count)
{
    char body[1000];
    memset(body, 'b', sizeof body);
    struct store_write *write = store_write_create(fixture->door);
    for (uint64_t id = first; id < first + count; id++) {
        struct store_copy copy = { .id = id, .expires_s = 1, .recipient = msgin5g_str("im:b@x") };
        store_write_body(write, body, sizeof body);
        store_write_copy(write, &copy);
        store_write_record(write, STORE_REGISTRATION, (struct msgin5g_str){ (char *)&id, sizeof id }, body, 50, 0);
    }
    size_t before = fixture->done;
    assert_int_equal(store_write_commit(write, fixture_on_done, fixture), MSGIN5G_OK);
    fixture_wait(fixture, before + 1);
    assert_int_equal(fixture->err, MSGIN5G_OK);
}

static void a_database_cut_short_is_mended(void **state)
{
    struct fixture *fixture = *state;
    put_many(fixture, 1, 1000);
    fixture_close(fixture);
    off_t octets = file_octets(fixture, "store.db");
    assert_int_equal(truncate(fixture_path(fixture, "store.db"), octets / 2), 0);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(set_aside(fixture), 1);
    uint64_t messages = fixture_metric(fixture, "msgin5g_store_messages");
    assert_in_range(messages, 100, 999);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 1000 - messages);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, messages);
    put_many(fixture, 2000, 10);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), messages + 10);
}

static void a_database_with_flipped_bits_is_mended(void **state)
{
    struct fixture *fixture = *state;
    put_many(fixture, 1, 1000);
    fixture_close(fixture);
    off_t page = file_octets(fixture, "store.db") / 4096 / 2;
    for (off_t i = 0; i < 8; i++)
        flip(fixture, "store.db", (page + i) * 4096, 64); /* heads of pages */
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(set_aside(fixture), 1);
    assert_in_range(fixture_metric(fixture, "msgin5g_store_messages"), 800, 1000);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, fixture_metric(fixture, "msgin5g_store_messages"));
}

static void a_file_that_is_no_database_is_set_aside(void **state)
{
    struct fixture *fixture = *state;
    put_many(fixture, 1, 10);
    fixture_close(fixture);
    flip(fixture, "store.db", 0, 100);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(set_aside(fixture), 1);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 0);
    put_many(fixture, 1, 10);
}

static void a_message_with_a_flipped_bit_is_set_aside_alone(void **state)
{
    struct fixture *fixture = *state;
    off_t offset = 0;
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "the first of three"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 2, 0, "im:b@x", "the second of them"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 3, 0, "im:b@x", "the third and last"), MSGIN5G_OK);
    assert_int_equal(fixture_record(fixture, STORE_TOPIC, "weather", "sunny intervals"), MSGIN5G_OK);
    fixture_close(fixture);
    assert_non_null(find_text(fixture, "store.db", "second", &offset));
    flip(fixture, "store.db", offset, 1);
    assert_non_null(find_text(fixture, "store.db", "sunny", &offset));
    flip(fixture, "store.db", offset, 1);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 2);
    assert_int_equal(fixture->ids[1], 3);
    assert_int_equal(fixture_records(fixture, STORE_TOPIC), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 2);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 2);
    fixture_close(fixture);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 0); /* told once */
}

static void a_lost_tail_of_the_log_is_told(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    store_and_die(fixture, 1, 100);
    assert_int_equal(truncate(fixture_path(fixture, "store.db-wal"), file_octets(fixture, "store.db-wal") / 2), 0);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_true(fixture_metric(fixture, "msgin5g_store_damaged_total") > 0);
    assert_int_equal(set_aside(fixture), 1);
    fixture_close(fixture);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 0); /* told once */
}

static void flipped_bits_in_the_log_are_told(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    store_and_die(fixture, 1, 100);
    flip(fixture, "store.db-wal", file_octets(fixture, "store.db-wal") - 5000, 1);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_true(fixture_metric(fixture, "msgin5g_store_damaged_total") > 0);
    assert_int_equal(set_aside(fixture), 1);
    assert_true(fixture_metric(fixture, "msgin5g_store_messages") < 100);
}

static void the_witness_itself_may_be_gone(void **state)
{
    struct fixture *fixture = *state;
    put_many(fixture, 1, 10);
    fixture_close(fixture);
    flip(fixture, "store.commits", 0, 16);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 0);
    fixture_close(fixture);
    assert_int_equal(unlink(fixture_path(fixture, "store.commits")), 0);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 10);
}

/* ---- who may open it --------------------------------------------------------------------------------------------- */

static void run_sql(const struct fixture *fixture, const char *sql)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(fixture_path(fixture, "store.db"), &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static void a_newer_store_is_left_alone(void **state)
{
    struct fixture *fixture = *state;
    put_many(fixture, 1, 10);
    fixture_close(fixture);
    run_sql(fixture, "PRAGMA user_version = 99");
    assert_int_equal(fixture_open(fixture), MSGIN5G_ERR_INVALID);
    fixture_close(fixture);
    run_sql(fixture, "PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert_int_equal(fixture_open(fixture), MSGIN5G_ERR_INVALID);
    fixture_close(fixture);
    run_sql(fixture, "PRAGMA application_id = 1295337299");
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 10);
    assert_int_equal(set_aside(fixture), 0);
}

static void a_folder_that_cannot_be_used_is_said(void **state)
{
    struct fixture *fixture = *state;
    char folder[sizeof fixture->folder];
    fixture_close(fixture);
    memcpy(folder, fixture->folder, sizeof folder);
    strcpy(fixture->folder, "/nowhere/at/all");
    assert_int_equal(fixture_open(fixture), MSGIN5G_ERR_CONFIG);
    fixture_close(fixture);
    strcpy(fixture->folder, "/dev/null");
    assert_int_equal(fixture_open(fixture), MSGIN5G_ERR_CONFIG);
    memcpy(fixture->folder, folder, sizeof folder);
}

static char *write_key(const struct fixture *fixture, const char *name, const char *hex)
{
    char *path = strdup(fixture_path(fixture, name));
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    assert_int_equal(write(fd, hex, strlen(hex)), strlen(hex));
    close(fd);
    return path;
}

static void reopen_with(struct fixture *fixture, const char *key_file, enum msgin5g_err expected)
{
    fixture_close(fixture);
    fixture->key_file = key_file;
    assert_int_equal(fixture_open(fixture), expected);
}

static void sealed_store_opens_with_its_key_only(void **state)
{
    struct fixture *fixture = *state;
    char *one = write_key(fixture, "one.key", KEY_ONE), *two = write_key(fixture, "two.key", KEY_TWO);
    fixture_close(fixture);
    assert_int_equal(unlink(fixture_path(fixture, "store.db")), 0); /* made without a key */
    reopen_with(fixture, one, MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "nobody else may read"), MSGIN5G_OK);
    assert_int_equal(fixture_record(fixture, STORE_TOPIC, "weather", "nor this secret"), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_string_equal(fixture->text, "nobody else may read");
    reopen_with(fixture, two, MSGIN5G_ERR_AUTHENTICATION);
    reopen_with(fixture, NULL, MSGIN5G_ERR_AUTHENTICATION);
    reopen_with(fixture, "/nowhere/at/all", MSGIN5G_ERR_CONFIG);
    assert_null(find_text(fixture, "store.db", "nobody else", NULL));
    assert_null(find_text(fixture, "store.db", "nor this", NULL));
    assert_non_null(find_text(fixture, "store.db", "im:b@x", NULL));
    reopen_with(fixture, one, MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_string_equal(fixture->text, "nobody else may read");
    assert_int_equal(fixture_records(fixture, STORE_TOPIC), MSGIN5G_OK);
    assert_string_equal(fixture->text, "nor this secret");
    free(one);
    free(two);
}

static void a_store_in_clear_does_not_become_sealed(void **state)
{
    struct fixture *fixture = *state;
    char *one = write_key(fixture, "one.key", KEY_ONE);
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "in clear"), MSGIN5G_OK);
    reopen_with(fixture, one, MSGIN5G_ERR_AUTHENTICATION);
    reopen_with(fixture, NULL, MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    free(one);
}

/* Somebody who can write the file cannot give one recipient what was sealed for another. */
static void sealed_messages_cannot_change_places(void **state)
{
    struct fixture *fixture = *state;
    char *one = write_key(fixture, "one.key", KEY_ONE);
    fixture_close(fixture);
    assert_int_equal(unlink(fixture_path(fixture, "store.db")), 0);
    reopen_with(fixture, one, MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "for b"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 2, 0, "im:c@x", "for c"), MSGIN5G_OK);
    fixture_close(fixture);
    run_sql(fixture,
        "UPDATE copy SET octets = (SELECT octets FROM copy WHERE id = 2), chk = (SELECT chk FROM copy WHERE id = 2) "
        "WHERE id = 1");
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 1);
    assert_int_equal(fixture_page(fixture, "im:c@x", 0, 0), MSGIN5G_OK);
    assert_string_equal(fixture->text, "for c");
    free(one);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_create, fixture_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_acknowledged_survives_kill_9),
        TEST(a_database_cut_short_is_mended),
        TEST(a_database_with_flipped_bits_is_mended),
        TEST(a_file_that_is_no_database_is_set_aside),
        TEST(a_message_with_a_flipped_bit_is_set_aside_alone),
        TEST(a_lost_tail_of_the_log_is_told),
        TEST(flipped_bits_in_the_log_are_told),
        TEST(the_witness_itself_may_be_gone),
        TEST(a_newer_store_is_left_alone),
        TEST(a_folder_that_cannot_be_used_is_said),
        TEST(sealed_store_opens_with_its_key_only),
        TEST(a_store_in_clear_does_not_become_sealed),
        TEST(sealed_messages_cannot_change_places),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
