#include "config_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static char *printed(void)
{
    char *text = NULL;
    size_t length;
    FILE *out = open_memstream(&text, &length);
    config_print(sample_schema, out);
    fclose(out);
    return text;
}

static void shows_every_key_with_default_and_help(void **state)
{
    (void)state;
    char *text = printed();
    assert_string_equal(text, "# The server.\n"
                              "server:\n"
                              "  # Name of the server. (from 1 to 8 octets; required)\n"
                              "  # name:\n"
                              "  # Port. (from 1 to 65535)\n"
                              "  port: 5684\n"
                              "  # PEM file.\n"
                              "  certificate: \"\"\n"
                              "\n"
                              "# Whether it runs.\n"
                              "enabled: true\n"
                              "\n"
                              "# How long to wait. (from 100ms to 1h)\n"
                              "timeout: 1500ms\n"
                              "\n"
                              "# The log.\n"
                              "log:\n"
                              "  # How much. (one of: error, info, debug)\n"
                              "  level: info\n"
                              "\n"
                              "# Names of the server. (from 1 to 3 entries; required)\n"
                              "# fqdns:\n"
                              "\n"
                              "# Suites.\n"
                              "suites: [one, \"t: w\"]\n"
                              "\n"
                              "# Users. (from 0 to 20000 entries)\n"
                              "# users:\n"
                              "#   -\n"
                              "#     # The SUPI. (required)\n"
                              "#     supi:\n"
                              "#     # File of the key.\n"
                              "#     key: \"k: \\\"v\\\"\\x0a\"\n"
                              "#     # Limit; -1 is none. (at least -1)\n"
                              "#     limit: -1\n"
                              "#     # UE Service IDs.\n"
                              "#     ids:\n");
    free(text);
}

static void long_help_is_wrapped(void **state)
{
    const struct config_key schema[] = {
        { .name = "x",
            .type = CONFIG_BOOL,
            .default_text = "true",
            .help = "This help is long enough to be wrapped, because nobody likes to scroll sideways; the second line "
                    "begins here." },
        { .name = NULL },
    };
    char *text = NULL;
    size_t length;
    (void)state;
    FILE *out = open_memstream(&text, &length);
    config_print(schema, out);
    fclose(out);
    assert_string_equal(text,
        "# This help is long enough to be wrapped, because nobody likes to scroll sideways; the second line\n"
        "# begins here.\nx: true\n");
    free(text);
}

/* The required keys filled in, and the example of a list's entry as an entry. */
static const char *uncommented(const char *line)
{
    if (strcmp(line, "  # name:") == 0)
        return "  name: n";
    if (strcmp(line, "# fqdns:") == 0)
        return "fqdns: [a]";
    if (strcmp(line, "#     supi:") == 0)
        return "    supi: imsi-1";
    bool example = strncmp(line, "#   ", 4) == 0 || strcmp(line, "# users:") == 0;
    return example ? line + 2 : line;
}

/* What was printed, with the required keys uncommented and filled in, loads and gives the defaults. */
static void what_was_printed_can_be_loaded(void **state)
{
    char path[] = "/tmp/test_config_print_XXXXXX";
    struct sample loaded = { .port = 0 }, defaults = { .port = 0 };
    struct config_report report;
    (void)state;
    char *text = printed();
    FILE *file = fdopen(mkstemp(path), "w");
    for (const char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        fprintf(file, "%s\n", uncommented(line));
    fclose(file);
    assert_int_equal(config_load(sample_schema, path, &loaded, &report), MSGIN5G_OK);
    assert_int_equal(config_defaults(sample_schema, &defaults), MSGIN5G_OK);
    assert_string_equal(loaded.certificate, defaults.certificate);
    assert_int_equal(loaded.port, defaults.port);
    assert_int_equal(loaded.timeout_ms, defaults.timeout_ms);
    assert_int_equal(loaded.level, defaults.level);
    assert_int_equal(loaded.enabled, defaults.enabled);
    assert_int_equal(loaded.suites.count, defaults.suites.count);
    assert_int_equal(loaded.users.count, 1);
    assert_string_equal(((struct sample_user *)loaded.users.values)->key, "/tmp/k: \"v\"\n");
    config_free(sample_schema, &loaded);
    config_free(sample_schema, &defaults);
    config_report_free(&report);
    free(text);
    unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_every_key_with_default_and_help),
        cmocka_unit_test(long_help_is_wrapped),
        cmocka_unit_test(what_was_printed_can_be_loaded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
