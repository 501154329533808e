#include "base/buffer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void appends_up_to_the_limit(void **state)
{
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer, 300);
    for (int i = 0; i < 30; i++)
        assert_int_equal(buffer_append(&buffer, "0123456789", 10), MSGIN5G_OK);
    assert_int_equal(buffer.length, 300);
    assert_in_range(buffer.capacity, 300, 300);
    assert_int_equal(buffer_append(&buffer, "x", 1), MSGIN5G_ERR_LIMIT);
    assert_int_equal(buffer_append(&buffer, NULL, 0), MSGIN5G_OK);
    assert_int_equal(buffer.length, 300);
    assert_memory_equal(buffer.data + 290, "0123456789", 10);
    buffer_free(&buffer);
    assert_null(buffer.data);
    assert_int_equal(buffer_append(&buffer, "again", 5), MSGIN5G_OK);
    buffer_wipe_free(&buffer);
    assert_int_equal(buffer.length, 0);
}

static void length_that_would_wrap_is_refused(void **state)
{
    struct buffer buffer;
    uint8_t *place;
    (void)state;
    buffer_init(&buffer, SIZE_MAX);
    assert_int_equal(buffer_append_text(&buffer, "abc"), MSGIN5G_OK);
    assert_int_equal(buffer_reserve(&buffer, SIZE_MAX - 2, &place), MSGIN5G_ERR_LIMIT);
    assert_int_equal(buffer.length, 3);
    buffer_free(&buffer);
}

static void formats_exactly_to_the_limit(void **state)
{
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer, 8);
    assert_int_equal(buffer_appendf(&buffer, "%d-%s", 12, "ab"), MSGIN5G_OK);
    assert_int_equal(buffer_appendf(&buffer, "%s", "xyz"), MSGIN5G_OK);
    assert_memory_equal(buffer.data, "12-abxyz", 8);
    assert_int_equal(buffer_appendf(&buffer, "%c", 'q'), MSGIN5G_ERR_LIMIT);
    assert_int_equal(buffer.length, 8);
    assert_int_equal(buffer.limit, 8);
    buffer_free(&buffer);
}

static void reserve_gives_room_behind_what_is_there(void **state)
{
    struct buffer buffer;
    uint8_t *place;
    (void)state;
    buffer_init(&buffer, 1000);
    assert_int_equal(buffer_append_text(&buffer, "abc"), MSGIN5G_OK);
    assert_int_equal(buffer_reserve(&buffer, 997, &place), MSGIN5G_OK);
    assert_ptr_equal(place, buffer.data + 3);
    memset(place, 'z', 997);
    buffer.length += 997;
    assert_memory_equal(buffer.data, "abcz", 4);
    buffer_free(&buffer);
}

static void consumes_from_the_front(void **state)
{
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer, 100);
    buffer_consume(&buffer, 5);
    assert_int_equal(buffer_append_text(&buffer, "headtail"), MSGIN5G_OK);
    buffer_consume(&buffer, 0);
    assert_int_equal(buffer.length, 8);
    buffer_consume(&buffer, 4);
    assert_int_equal(buffer.length, 4);
    assert_memory_equal(buffer.data, "tail\0\0\0\0", 8); /* nothing stays behind */
    buffer_consume(&buffer, 99);
    assert_memory_equal(buffer.data, "\0\0\0\0", 4);
    assert_int_equal(buffer.length, 0);
    buffer_free(&buffer);
}

/* A temporary file with 100 octets; its name in @p path. */
static void make_file(char path[])
{
    char text[100];
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    memset(text, 'f', sizeof text);
    assert_int_equal(write(fd, text, sizeof text), 100);
    close(fd);
}

static void reads_files_within_the_limit(void **state)
{
    struct buffer buffer;
    char path[] = "/tmp/test_buffer_XXXXXX";
    (void)state;
    make_file(path);
    buffer_init(&buffer, 100);
    assert_int_equal(buffer_read_file(&buffer, path), MSGIN5G_OK);
    assert_int_equal(buffer.length, 100);
    buffer_free(&buffer);
    buffer_init(&buffer, 99);
    assert_int_equal(buffer_read_file(&buffer, path), MSGIN5G_ERR_LIMIT);
    buffer_free(&buffer);
    unlink(path);
    assert_int_equal(buffer_read_file(&buffer, path), MSGIN5G_ERR_IO);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(buffer_read_file(&buffer, "/tmp"), MSGIN5G_ERR_IO);
    assert_int_equal(errno, EISDIR);
    buffer_free(&buffer);
}

static void dash_is_standard_input(void **state)
{
    struct buffer buffer;
    int ends[2], saved = dup(STDIN_FILENO);
    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], "from stdin", 10), 10);
    close(ends[1]);
    dup2(ends[0], STDIN_FILENO);
    close(ends[0]);
    buffer_init(&buffer, 64);
    assert_int_equal(buffer_read_file(&buffer, "-"), MSGIN5G_OK);
    assert_int_equal(buffer.length, 10);
    assert_memory_equal(buffer.data, "from stdin", 10);
    buffer_free(&buffer);
    dup2(saved, STDIN_FILENO);
    close(saved);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appends_up_to_the_limit),
        cmocka_unit_test(length_that_would_wrap_is_refused),
        cmocka_unit_test(formats_exactly_to_the_limit),
        cmocka_unit_test(reserve_gives_room_behind_what_is_there),
        cmocka_unit_test(consumes_from_the_front),
        cmocka_unit_test(reads_files_within_the_limit),
        cmocka_unit_test(dash_is_standard_input),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
