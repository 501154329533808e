/* What the command prints: one line an event, whatever a peer put into it. */
#include "output.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char *printed;
static size_t length;
static FILE *original;

static void begin(FILE **stream)
{
    original = *stream;
    *stream = open_memstream(&printed, &length);
    assert_non_null(*stream);
}

static void expect(FILE **stream, const char *text)
{
    fclose(*stream);
    *stream = original;
    assert_string_equal(printed, text);
    free(printed);
}

static void every_kind_as_json(void **state)
{
    (void)state;
    begin(&stdout);
    OUTPUT(true, "registered", FIELD_TEXT("ue_service_id", "im:a@x"), FIELD_INT("lifetime_s", -5),
        FIELD_BOOL("yes", true), FIELD_BOOL("no", false), FIELD_STR("absent", (struct msgin5g_str){ 0 }));
    expect(&stdout,
        "{\"event\":\"registered\",\"ue_service_id\":\"im:a@x\",\"lifetime_s\":-5,\"yes\":true,\"no\":false}\n");
}

static void every_kind_as_text(void **state)
{
    (void)state;
    begin(&stdout);
    OUTPUT(false, "registered", FIELD_TEXT("ue_service_id", "im:a@x"), FIELD_INT("lifetime_s", -5),
        FIELD_BOOL("yes", true), FIELD_BOOL("no", false), FIELD_STR("absent", (struct msgin5g_str){ 0 }));
    expect(&stdout, "registered ue_service_id=im:a@x lifetime_s=-5 yes=yes no=no\n");
}

static const struct msgin5g_str nasty = { "a\"\\\n\x1b[2J\x7f\0\xc3\xbc\xc2\x9b", 14 };

static void nothing_breaks_out_of_json(void **state)
{
    (void)state;
    begin(&stdout);
    OUTPUT(true, "message", FIELD_STR("payload", nasty));
    expect(&stdout, "{\"event\":\"message\",\"payload\":\"a\\\"\\\\\\n\\u001b[2J\x7f\\u0000\xc3\xbc\xc2\x9b\"}\n");
}

static void nothing_steers_the_terminal(void **state)
{
    (void)state;
    begin(&stdout);
    OUTPUT(false, "message", FIELD_STR("payload", nasty));
    expect(&stdout, "message payload=a\"\\\\x0a\\x1b[2J\\x7f\\x00\xc3\xbc\\xc2\\x9b\n");
}

static void longest_payload_fits(void **state)
{
    char payload[2048];
    size_t lines = 0;

    (void)state;
    memset(payload, 1, sizeof payload);
    begin(&stdout);
    OUTPUT(true, "message", FIELD_STR("payload", ((struct msgin5g_str){ payload, sizeof payload })));
    fclose(stdout);
    stdout = original;
    for (size_t i = 0; i < length; i++)
        lines += printed[i] == '\n';
    assert_int_equal(lines, 1);
    assert_int_equal(length, strlen("{\"event\":\"message\",\"payload\":\"\"}\n") + 6 * sizeof payload);
    free(printed);
}

static void errors_say_where_and_how(void **state)
{
    (void)state;
    begin(&stderr);
    output_error(false, "coaps://h:1", "cannot connect", "look there");
    output_error(false, "coaps://h:1", "cannot connect", NULL);
    expect(&stderr,
        "msgin5g-client: coaps://h:1: cannot connect: look there\nmsgin5g-client: coaps://h:1: cannot connect\n");
    begin(&stdout);
    output_error(true, "coaps://h:1", "cannot connect", "look there");
    output_error(true, "coaps://h:1", "cannot connect", NULL);
    expect(&stdout,
        "{\"event\":\"error\",\"error\":\"cannot connect\",\"where\":\"coaps://h:1\",\"hint\":\"look there\"}\n"
        "{\"event\":\"error\",\"error\":\"cannot connect\",\"where\":\"coaps://h:1\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_kind_as_json),
        cmocka_unit_test(every_kind_as_text),
        cmocka_unit_test(nothing_breaks_out_of_json),
        cmocka_unit_test(nothing_steers_the_terminal),
        cmocka_unit_test(longest_payload_fits),
        cmocka_unit_test(errors_say_where_and_how),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
