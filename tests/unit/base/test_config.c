#include "config_sample.h"

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

struct fixture {
    char path[64];
    struct sample sample;
    struct config_report report;
    char text[4096]; /* the report, with "FILE" in place of the path */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    memcpy(fixture->path, "/tmp/test_config_XXXXXX", sizeof "/tmp/test_config_XXXXXX");
    close(mkstemp(fixture->path));
    *state = fixture;
    return 0;
}

static void forget(struct fixture *fixture)
{
    config_free(sample_schema, &fixture->sample);
    config_report_free(&fixture->report);
    memset(&fixture->sample, 0, sizeof fixture->sample);
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    forget(fixture);
    unlink(fixture->path);
    free(fixture);
    return 0;
}

static void copy_report(struct fixture *fixture)
{
    size_t used = 0, prefix = strlen(fixture->path);
    const char *text = fixture->report.text.length > 0 ? (const char *)fixture->report.text.data : "";
    const char *end = text + fixture->report.text.length;
    while (text < end) {
        if ((size_t)(end - text) >= prefix && memcmp(text, fixture->path, prefix) == 0) {
            used += (size_t)sprintf(fixture->text + used, "FILE");
            text += prefix;
        } else {
            fixture->text[used++] = *text++;
        }
    }
    fixture->text[used] = '\0';
}

static enum msgin5g_err load(struct fixture *fixture, const char *yaml)
{
    FILE *file = fopen(fixture->path, "w");
    assert_non_null(file);
    fputs(yaml, file);
    fclose(file);
    forget(fixture);
    enum msgin5g_err err = config_load(sample_schema, fixture->path, &fixture->sample, &fixture->report);
    copy_report(fixture);
    return err;
}

/* A file with nothing wrong but what @p line adds in line 3. */
static const char *problem_of(struct fixture *fixture, const char *line)
{
    char yaml[1024];
    snprintf(yaml, sizeof yaml, "server: { name: n }\nfqdns: [a]\n%s\n", line);
    assert_int_equal(load(fixture, yaml), MSGIN5G_ERR_CONFIG);
    assert_int_equal(fixture->report.count, 1);
    return fixture->text;
}

static void every_kind_is_read(void **state)
{
    struct fixture *fixture = *state;
    const struct sample *sample = &fixture->sample;
    assert_int_equal(load(fixture, "server:\n  name: \"a b\"\n  port: 1\n  certificate: sub/c.pem\n"
                                   "enabled: false\ntimeout: 2m\nlog:\n  level: debug\n"
                                   "fqdns:\n  - a.example\n  - b.example\nsuites: []\n"
                                   "users:\n  - supi: imsi-1\n    key: /abs/key\n    limit: 4\n    ids: [x, y]\n"
                                   "  - {supi: imsi-2}\n"),
        MSGIN5G_OK);
    assert_string_equal(fixture->text, "");
    assert_string_equal(sample->name, "a b");
    assert_int_equal(sample->port, 1);
    assert_string_equal(sample->certificate, "/tmp/sub/c.pem");
    assert_false(sample->enabled);
    assert_int_equal(sample->timeout_ms, 120000);
    assert_int_equal(sample->level, 2);
    assert_int_equal(sample->fqdns.count, 2);
    assert_string_equal(sample->fqdns.values[1], "b.example");
    assert_int_equal(sample->suites.count, 0);
    assert_int_equal(sample->users.count, 2);
    const struct sample_user *users = sample->users.values;
    assert_string_equal(users[0].key, "/abs/key");
    assert_int_equal(users[0].limit, 4);
    assert_string_equal(users[0].ids.values[1], "y");
    assert_string_equal(users[1].supi, "imsi-2");
    assert_int_equal(users[1].limit, -1);
}

static void absent_keys_get_their_default(void **state)
{
    struct fixture *fixture = *state;
    const struct sample *sample = &fixture->sample;
    assert_int_equal(load(fixture, "fqdns: [a]\nserver: {name: n}\nlog:\nusers:\n"), MSGIN5G_OK);
    assert_int_equal(sample->port, 5684);
    assert_string_equal(sample->certificate, "");
    assert_true(sample->enabled);
    assert_int_equal(sample->timeout_ms, 1500);
    assert_int_equal(sample->level, 1);
    assert_int_equal(sample->suites.count, 2);
    assert_string_equal(sample->suites.values[1], "t: w");
    assert_int_equal(sample->users.count, 0);
}

static void defaults_alone(void **state)
{
    struct sample sample = { .port = 0 };
    (void)state;
    assert_int_equal(config_defaults(sample_schema, &sample), MSGIN5G_OK);
    assert_null(sample.name);
    assert_int_equal(sample.port, 5684);
    assert_string_equal(sample.suites.values[0], "one");
    config_free(sample_schema, &sample);
    assert_null(sample.suites.values);
    config_free(sample_schema, &sample);
}

static void all_problems_are_found_at_once(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "server:\n  prot: 5684\n  port: 70000\nfqdns: [a, b, c, d]\nlog:\n  level: loud\n"
                                   "users:\n  - limit: -2\n  - supi: x\n    supi: y\n  - nothing\n"),
        MSGIN5G_ERR_CONFIG);
    assert_string_equal(fixture->text, "FILE:2: server.prot: is not a known key; did you mean \"port\"?\n"
                                       "FILE:3: server.port: must be a whole number, from 1 to 65535, not \"70000\"\n"
                                       "FILE:1: server.name: is required and missing: Name of the server.\n"
                                       "FILE:4: fqdns: must have from 1 to 3 entries, not 4\n"
                                       "FILE:6: log.level: must be one of: error, info, debug, not \"loud\"\n"
                                       "FILE:8: users[0].limit: must be a whole number, at least -1, not \"-2\"\n"
                                       "FILE:8: users[0].supi: is required and missing: The SUPI.\n"
                                       "FILE:10: users[1].supi: appears twice; it already stands in line 9\n"
                                       "FILE:11: users[2]: must be a mapping: lines of the form \"key: value\"\n");
    assert_int_equal(fixture->report.count, 9);
}

static void unknown_keys_are_guessed(void **state)
{
    struct fixture *fixture = *state;
    assert_string_equal(
        problem_of(fixture, "enable: true"), "FILE:3: enable: is not a known key; did you mean \"enabled\"?\n");
    assert_string_equal(
        problem_of(fixture, "tiemout: 1s"), "FILE:3: tiemout: is not a known key; did you mean \"timeout\"?\n");
    assert_string_equal(problem_of(fixture, "completely_else: 1"),
        "FILE:3: completely_else: is not a known key; --print-config shows those there are\n");
    assert_string_equal(
        problem_of(fixture, "[a, b]: 1"), "FILE:3: ?: is not a known key; --print-config shows those there are\n");
}

static void wrong_types_are_named(void **state)
{
    struct fixture *fixture = *state;
    static const char duration[] = "FILE:3: timeout: must be a duration such as 250ms, 30s, 5m, 2h or 7d, "
                                   "from 100ms to 1h, not ";
    static const char *const wrong[] = { "5", "99ms", "61m", "1h30m", "-1s", "1 s", "s", "9999999999999999d" };
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char line[64], expected[256];
        snprintf(line, sizeof line, "timeout: %s", wrong[i]);
        snprintf(expected, sizeof expected, "%s\"%s\"\n", duration, wrong[i]);
        assert_string_equal(problem_of(fixture, line), expected);
    }
    assert_string_equal(problem_of(fixture, "enabled: yes"), "FILE:3: enabled: must be true or false, not \"yes\"\n");
    assert_string_equal(
        problem_of(fixture, "enabled: [true]"), "FILE:3: enabled: must be a single value, not a list or a mapping\n");
    assert_string_equal(problem_of(fixture, "enabled:"),
        "FILE:3: enabled: has no value; write \"\" for an empty text, or remove the key\n");
    assert_string_equal(problem_of(fixture, "suites: abc"),
        "FILE:3: suites: must be a list: [a, b], or lines that begin with \"- \"\n");
    assert_string_equal(problem_of(fixture, "suites: [a, [b]]"),
        "FILE:3: suites[1]: must be a single value, not a list or a mapping\n");
    assert_string_equal(
        problem_of(fixture, "suites: [\"a\\0b\"]"), "FILE:3: suites[0]: must not hold a NUL character\n");
    assert_string_equal(
        problem_of(fixture, "log: 5"), "FILE:3: log: must be a mapping: lines of the form \"key: value\"\n");
}

static void numbers_are_whole_and_in_range(void **state)
{
    static const char *const wrong[] = { "0", "65536", "1.5", "0x10", "+1", "\" 1\"", "99999999999999999999", "1 000" };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char yaml[128];
        snprintf(yaml, sizeof yaml, "fqdns: [a]\nserver:\n  name: n\n  port: %s\n", wrong[i]);
        assert_int_equal(load(fixture, yaml), MSGIN5G_ERR_CONFIG);
        assert_int_equal(fixture->report.count, 1);
        assert_non_null(strstr(fixture->text, "FILE:4: server.port: must be a whole number, from 1 to 65535, not "));
    }
    assert_int_equal(load(fixture, "fqdns: [a]\nserver: {name: toolongname}\n"), MSGIN5G_ERR_CONFIG);
    assert_string_equal(fixture->text, "FILE:2: server.name: must have from 1 to 8 octets, not 11\n");
}

static void broken_yaml_has_a_line(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(load(fixture, "server:\n  name: n\n port: 5\n"), MSGIN5G_ERR_CONFIG);
    assert_non_null(strstr(fixture->text, "FILE:3: not valid YAML: "));
    assert_int_equal(load(fixture, "fqdns: [a]\nserver: {name: n}\n--- \nagain: 1\n"), MSGIN5G_ERR_CONFIG);
    assert_string_equal(fixture->text, "FILE:4: a second document begins here; only one is read\n");
    assert_int_equal(load(fixture, ""), MSGIN5G_ERR_CONFIG);
    assert_int_equal(fixture->report.count, 2); /* server.name, fqdns */
    assert_int_equal(load(fixture, "a: *b\n"), MSGIN5G_ERR_CONFIG);
    assert_int_equal(load(fixture, "\xff\xfe\n"), MSGIN5G_ERR_CONFIG);
}

static void missing_file_is_a_problem(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        config_load(sample_schema, "/tmp/there/is/none.yaml", &fixture->sample, &fixture->report), MSGIN5G_ERR_CONFIG);
    copy_report(fixture);
    assert_string_equal(fixture->text, "/tmp/there/is/none.yaml: cannot be read: No such file or directory\n");
}

static void callers_problems_find_their_line(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(
        load(fixture, "server:\n  name: n\nfqdns:\n  - a\n  - b\nusers:\n  - supi: x\n    limit: 3\n"), MSGIN5G_OK);
    config_report_add(&fixture->report, "fqdns[1]", "is %s", "odd");
    config_report_add(&fixture->report, "users[0].limit", "x");
    config_report_add(&fixture->report, "users[0].ids[3]", "not there");
    config_report_add(&fixture->report, "server.port", "not there either");
    config_report_add(&fixture->report, "log.level", "nor this");
    copy_report(fixture);
    assert_string_equal(fixture->text, "FILE:5: fqdns[1]: is odd\nFILE:8: users[0].limit: x\n"
                                       "FILE:7: users[0].ids[3]: not there\nFILE:1: server.port: not there either\n"
                                       "FILE: log.level: nor this\n");
    assert_int_equal(fixture->report.count, 5);
    assert_string_equal(config_report_path(&fixture->report), fixture->path);
}

static void twenty_thousand_items_are_read(void **state)
{
    struct fixture *fixture = *state;
    FILE *file = fopen(fixture->path, "w");
    fputs("server: {name: n}\nfqdns: [a]\nusers:\n", file);
    for (int i = 0; i < 20000; i++)
        fprintf(file, "  - supi: imsi-%d\n    ids: [\"a%d\"]\n", i, i);
    fclose(file);
    assert_int_equal(config_load(sample_schema, fixture->path, &fixture->sample, &fixture->report), MSGIN5G_OK);
    assert_int_equal(fixture->sample.users.count, 20000);
    const struct sample_user *users = fixture->sample.users.values;
    assert_string_equal(users[19999].supi, "imsi-19999");
    config_report_add(&fixture->report, "users[19999].ids", "x");
    copy_report(fixture);
    assert_string_equal(fixture->text, "FILE:40003: users[19999].ids: x\n");
}

struct differences {
    char text[256];
};

static void note(void *ctx, const char *path)
{
    struct differences *differences = ctx;
    size_t used = strlen(differences->text);
    snprintf(differences->text + used, sizeof differences->text - used, "%s ", path);
}

/* Keys that differ between a file and the same file with @p from replaced by @p to. */
static void compared(struct fixture *fixture, const char *from, const char *to, const char *expected)
{
    static const char yaml[] = "server: {name: n, port: 7, certificate: c.pem}\nenabled: true\ntimeout: 2s\n"
                               "log: {level: debug}\nfqdns: [a, b]\nusers: [{supi: x, limit: 3, ids: [i, j]}]\n";
    struct sample one;
    struct differences differences = { "" };
    char changed[sizeof yaml + 32];
    const char *at = strstr(yaml, from);
    assert_non_null(at);
    snprintf(changed, sizeof changed, "%.*s%s%s", (int)(at - yaml), yaml, to, at + strlen(from));
    assert_int_equal(load(fixture, yaml), MSGIN5G_OK);
    one = fixture->sample;
    fixture->sample = (struct sample){ 0 };
    assert_int_equal(load(fixture, changed), MSGIN5G_OK);
    config_compare(sample_schema, &one, &fixture->sample, note, &differences);
    assert_string_equal(differences.text, expected);
    config_free(sample_schema, &one);
}

static void differences_are_named(void **state)
{
    compared(*state, "name: n", "name: n", "");
    compared(*state, "name: n", "name: m", "server.name ");
    compared(*state, "port: 7", "port: 8", "server.port ");
    compared(*state, "c.pem", "d.pem", "server.certificate ");
    compared(*state, "true", "false", "enabled ");
    compared(*state, "2s", "2001ms", "timeout ");
    compared(*state, "2s", "2000ms", "");
    compared(*state, "debug", "info", "log.level ");
    compared(*state, "[a, b]", "[a, c]", "fqdns ");
    compared(*state, "[a, b]", "[a]", "fqdns ");
    compared(*state, "supi: x", "supi: y", "users ");
    compared(*state, "limit: 3, ids: [i, j]", "limit: 4, ids: [i, k]", "users ");
    compared(*state, "{supi: x", "{supi: w}, {supi: x", "users ");
    compared(*state, "{level: debug}\nfqdns: [a, b]", "{level: error}\nfqdns: [b]", "log.level fqdns ");
}

#define CONFIG_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CONFIG_TEST(every_kind_is_read),
        CONFIG_TEST(absent_keys_get_their_default),
        cmocka_unit_test(defaults_alone),
        CONFIG_TEST(all_problems_are_found_at_once),
        CONFIG_TEST(unknown_keys_are_guessed),
        CONFIG_TEST(wrong_types_are_named),
        CONFIG_TEST(numbers_are_whole_and_in_range),
        CONFIG_TEST(broken_yaml_has_a_line),
        CONFIG_TEST(missing_file_is_a_problem),
        CONFIG_TEST(callers_problems_find_their_line),
        CONFIG_TEST(twenty_thousand_items_are_read),
        CONFIG_TEST(differences_are_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
