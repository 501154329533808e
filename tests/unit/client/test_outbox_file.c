/* The file of an outbox: what was appended is read again, what was damaged is noticed, what cannot be written is said.
 */
#include "outbox_file.h"

#include "base/secret.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct fixture {
    char folder[64], path[80];
    struct outbox_file *file;
    size_t damaged;
    char read[256]; /* "type:text " of each record */
};

static bool take(void *ctx, uint32_t type, struct msgin5g_str octets)
{
    struct fixture *fixture = ctx;
    size_t at = strlen(fixture->read);

    snprintf(fixture->read + at, sizeof fixture->read - at, "%u:%.*s ", type, (int)octets.length, octets.octets);
    return type != 99;
}

static enum msgin5g_err emit_nothing(void *ctx, struct outbox_file *file)
{
    (void)ctx;
    (void)file;
    return MSGIN5G_OK;
}

static enum msgin5g_err append(struct outbox_file *file, uint32_t type, const char *text)
{
    const struct msgin5g_str parts[] = { { text, 1 }, msgin5g_str(text + 1) };

    return outbox_file_append(file, type, parts, 2, true);
}

static enum msgin5g_err emit_kept(void *ctx, struct outbox_file *file)
{
    (void)ctx;
    return append(file, 7, "kept");
}

static enum msgin5g_err reopen(struct fixture *fixture)
{
    outbox_file_close(fixture->file);
    fixture->file = NULL;
    fixture->read[0] = '\0';
    fixture->damaged = 0;
    return outbox_file_open(fixture->path, take, fixture, &fixture->damaged, &fixture->file);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);

    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    snprintf(fixture->folder, sizeof fixture->folder, "/tmp/msgin5g-outbox-XXXXXX");
    assert_non_null(mkdtemp(fixture->folder));
    snprintf(fixture->path, sizeof fixture->path, "%s/outbox", fixture->folder);
    assert_int_equal(reopen(fixture), MSGIN5G_OK);
    assert_int_equal(outbox_file_rewrite(fixture->file, emit_nothing, NULL), MSGIN5G_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    outbox_file_close(fixture->file);
    (void)unlink(fixture->path);
    assert_int_equal(rmdir(fixture->folder), 0); /* nothing else is left in it */
    free(fixture);
    return 0;
}

static void fill(struct fixture *fixture)
{
    assert_int_equal(append(fixture->file, 1, "one"), MSGIN5G_OK);
    assert_int_equal(append(fixture->file, 2, "two"), MSGIN5G_OK);
    assert_int_equal(append(fixture->file, 3, "three"), MSGIN5G_OK);
}

static void reads_what_was_appended(void **state)
{
    struct fixture *fixture = *state;
    struct stat facts;

    fill(fixture);
    assert_int_equal(stat(fixture->path, &facts), 0);
    assert_int_equal(facts.st_mode & 0777, 0600);
    assert_int_equal((size_t)facts.st_size, outbox_file_size(fixture->file));
    assert_int_equal(reopen(fixture), MSGIN5G_OK);
    assert_string_equal(fixture->read, "1:one 2:two 3:three ");
    assert_int_equal(fixture->damaged, 0);
}

/* Cut anywhere: whole records before the cut are there, the one cut short is noticed. */
static void notices_a_tail_cut_short(void **state)
{
    struct fixture *fixture = *state;
    size_t two, three;

    assert_int_equal(append(fixture->file, 1, "one"), MSGIN5G_OK);
    assert_int_equal(append(fixture->file, 2, "two"), MSGIN5G_OK);
    two = outbox_file_size(fixture->file);
    assert_int_equal(append(fixture->file, 3, "three"), MSGIN5G_OK);
    three = outbox_file_size(fixture->file);
    for (size_t length = three - 1; length > two; length--) {
        assert_int_equal(truncate(fixture->path, (off_t)length), 0);
        assert_int_equal(reopen(fixture), MSGIN5G_OK);
        assert_string_equal(fixture->read, "1:one 2:two ");
        assert_int_equal(fixture->damaged, 1);
    }
    assert_int_equal(truncate(fixture->path, (off_t)two), 0);
    assert_int_equal(reopen(fixture), MSGIN5G_OK);
    assert_int_equal(fixture->damaged, 0);
}

static void flip(const struct fixture *fixture, size_t at)
{
    int fd = open(fixture->path, O_RDWR);
    char octet;

    assert_int_equal(pread(fd, &octet, 1, (off_t)at), 1);
    octet = (char)(octet ^ 0x10);
    assert_int_equal(pwrite(fd, &octet, 1, (off_t)at), 1);
    close(fd);
}

/* Any octet of the record in the middle: it is gone, those around it are not. */
static void skips_a_damaged_record(void **state)
{
    struct fixture *fixture = *state;
    size_t one, two;

    assert_int_equal(append(fixture->file, 1, "one"), MSGIN5G_OK);
    one = outbox_file_size(fixture->file);
    assert_int_equal(append(fixture->file, 2, "two"), MSGIN5G_OK);
    two = outbox_file_size(fixture->file);
    assert_int_equal(append(fixture->file, 3, "three"), MSGIN5G_OK);
    for (size_t at = one; at < two; at++) {
        flip(fixture, at);
        assert_int_equal(reopen(fixture), MSGIN5G_OK);
        assert_string_equal(fixture->read, "1:one 3:three ");
        assert_int_equal(fixture->damaged, 1);
        flip(fixture, at);
    }
}

static void counts_what_makes_no_sense(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(append(fixture->file, 99, "what"), MSGIN5G_OK);
    fill(fixture);
    assert_int_equal(reopen(fixture), MSGIN5G_OK);
    assert_int_equal(fixture->damaged, 1);
    assert_string_equal(fixture->read, "99:what 1:one 2:two 3:three ");
}

static void is_written_anew(void **state)
{
    struct fixture *fixture = *state;

    fill(fixture);
    assert_int_equal(outbox_file_rewrite(fixture->file, emit_kept, NULL), MSGIN5G_OK);
    assert_int_equal(append(fixture->file, 4, "four"), MSGIN5G_OK);
    assert_int_equal(reopen(fixture), MSGIN5G_OK);
    assert_string_equal(fixture->read, "7:kept 4:four ");
    assert_true(outbox_file_broken(fixture->file));
    assert_int_equal(append(fixture->file, 5, "five"), MSGIN5G_ERR_STORE); /* not behind a tail that may be cut short */
}

static void belongs_to_one(void **state)
{
    struct fixture *fixture = *state;
    struct outbox_file *other;
    size_t damaged;

    assert_int_equal(outbox_file_open(fixture->path, take, fixture, &damaged, &other), MSGIN5G_ERR_LIMIT);
    assert_int_equal(outbox_file_rewrite(fixture->file, emit_kept, NULL), MSGIN5G_OK);
    assert_int_equal(outbox_file_open(fixture->path, take, fixture, &damaged, &other), MSGIN5G_ERR_LIMIT);
}

static void refuses_other_files(void **state)
{
    struct fixture *fixture = *state;
    struct outbox_file *other;
    size_t damaged;
    FILE *text;

    assert_int_equal(outbox_file_open(fixture->folder, take, fixture, &damaged, &other), MSGIN5G_ERR_IO);
    outbox_file_close(fixture->file);
    fixture->file = NULL;
    assert_int_equal(chmod(fixture->path, 0640), 0);
    assert_int_equal(reopen(fixture), MSGIN5G_ERR_CONFIG);
    assert_int_equal(chmod(fixture->path, 0600), 0);
    text = fopen(fixture->path, "w");
    assert_non_null(text);
    fputs("a letter, and no outbox at all", text);
    fclose(text);
    assert_int_equal(reopen(fixture), MSGIN5G_ERR_CONFIG);
}

/* A disk that is full: the file is as it was, and goes on when there is room again. */
static void says_when_it_cannot_write(void **state)
{
    struct fixture *fixture = *state;
    struct rlimit before, tight;

    fill(fixture);
    (void)signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    tight = before;
    tight.rlim_cur = outbox_file_size(fixture->file) + 8;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(append(fixture->file, 4, "four"), MSGIN5G_ERR_STORE);
    tight.rlim_cur = 20;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &tight), 0);
    assert_int_equal(outbox_file_rewrite(fixture->file, emit_kept, NULL), MSGIN5G_ERR_STORE);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(reopen(fixture), MSGIN5G_OK);
    assert_string_equal(fixture->read, "1:one 2:two 3:three ");
    assert_int_equal(fixture->damaged, 0);
    assert_int_equal(outbox_file_rewrite(fixture->file, emit_kept, NULL), MSGIN5G_OK);
    assert_int_equal(append(fixture->file, 4, "four"), MSGIN5G_OK);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(reads_what_was_appended),
        TEST(notices_a_tail_cut_short),
        TEST(skips_a_damaged_record),
        TEST(counts_what_makes_no_sense),
        TEST(is_written_anew),
        TEST(belongs_to_one),
        TEST(refuses_other_files),
        TEST(says_when_it_cannot_write),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
