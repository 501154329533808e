/* The JSON text writer: commas, escapes, limits. UTF-8 is checked on the way out. */
#include "base/json_writer.h"
#include "base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void write_example(struct json_writer *w)
{
    json_object_begin(w, NULL);
    json_text(w, "text", "a\"b");
    json_array_begin(w, "list");
    json_integer(w, NULL, 0);
    json_integer(w, NULL, INT64_MAX);
    json_integer(w, NULL, INT64_MIN);
    json_object_begin(w, NULL);
    json_object_end(w);
    json_array_begin(w, NULL);
    json_array_end(w);
    json_array_end(w);
    json_bool(w, "yes", true);
    json_bool(w, "no", false);
    json_string(w, "absent", (struct msgin5g_str){ NULL, 0 });
    json_object_end(w);
}

static const char example[] = "{\"text\":\"a\\\"b\",\"list\":[0,9223372036854775807,-9223372036854775808,{},[]],"
                              "\"yes\":true,\"no\":false,\"absent\":\"\"}";

static void commas_and_values(void **state)
{
    uint8_t out[sizeof example];
    size_t length = 0;
    struct json_writer w;
    (void)state;
    json_writer_init(&w, out, sizeof out);
    write_example(&w);
    assert_int_equal(json_writer_finish(&w, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof example - 1);
    assert_memory_equal(out, example, length);
}

static void nothing_is_written_past_the_capacity(void **state)
{
    uint8_t out[sizeof example];
    (void)state;
    for (size_t capacity = 0; capacity < sizeof example - 1; capacity++) {
        size_t length = 4711;
        struct json_writer w;
        memset(out, 0xAA, sizeof out);
        json_writer_init(&w, out, capacity);
        write_example(&w);
        assert_int_equal(json_writer_finish(&w, &length), MSGIN5G_ERR_LIMIT);
        assert_int_equal(length, 4711);
        assert_int_equal(out[capacity], 0xAA);
    }
}

static void every_octet_below_space_is_escaped(void **state)
{
    static const char expected[] = "\"\\u0000\\u0001\\u0002\\u0003\\u0004\\u0005\\u0006\\u0007\\b\\t\\n\\u000b\\f\\r"
                                   "\\u000e\\u000f\\u0010\\u0011\\u0012\\u0013\\u0014\\u0015\\u0016\\u0017\\u0018"
                                   "\\u0019\\u001a\\u001b\\u001c\\u001d\\u001e\\u001f \"";
    char text[0x21];
    uint8_t out[512];
    size_t length = 0;
    struct json_writer w;
    (void)state;
    for (unsigned int i = 0; i < sizeof text; i++)
        text[i] = (char)i;
    json_writer_init(&w, out, sizeof out);
    json_string(&w, NULL, (struct msgin5g_str){ text, sizeof text });
    assert_int_equal(json_writer_finish(&w, &length), MSGIN5G_OK);
    assert_int_equal(length, sizeof expected - 1);
    assert_memory_equal(out, expected, length);
}

static void utf8_boundaries(void **state)
{
    static const char *const valid[] = { "\x7f", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
        "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF" };
    static const char *const wrong[] = { "\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xC2", "\xC2\x7f", "\xC2\xC0",
        "\xE0\x9F\xBF", "\xE0\xA0", "\xE1\x80\x7f", "\xED\xA0\x80", "\xEF\xBF", "\xF0\x8F\xBF\xBF", "\xF0\x90\x80",
        "\xF1\x80\x80\xC0", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF" };
    (void)state;
    assert_true(utf8_valid("", 0));
    for (size_t i = 0; i < sizeof valid / sizeof valid[0]; i++) {
        assert_true(utf8_valid(valid[i], strlen(valid[i])));
        assert_int_equal(utf8_sequence((const uint8_t *)valid[i], strlen(valid[i])), strlen(valid[i]));
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t out[64];
        size_t length = 0;
        struct json_writer w;
        assert_false(utf8_valid(wrong[i], strlen(wrong[i])));
        assert_int_equal(utf8_sequence((const uint8_t *)wrong[i], strlen(wrong[i])), 0);
        json_writer_init(&w, out, sizeof out);
        json_text(&w, NULL, wrong[i]);
        assert_int_equal(json_writer_finish(&w, &length), MSGIN5G_ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commas_and_values),
        cmocka_unit_test(nothing_is_written_past_the_capacity),
        cmocka_unit_test(every_octet_below_space_is_escaped),
        cmocka_unit_test(utf8_boundaries),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
