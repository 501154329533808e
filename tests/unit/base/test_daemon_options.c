#include "base/daemon.h"
#include "base/exit_code.h"
#include "config_sample.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define WENT_ON 99 /* exit code of the child when daemon_configure() says to go on */

static char config_path[] = "/tmp/test_daemon_options_XXXXXX";

static void check(const void *config, struct config_report *report)
{
    const struct sample *sample = config;
    if (strcmp(sample->fqdns.values[0], "bad") == 0)
        config_report_add(report, "fqdns[0]", "is bad");
}

static const struct daemon_program program = {
    .name = "unit-daemon",
    .version = "1.2.3",
    .doc = "A daemon for the unit test.\vExamples:\n  unit-daemon --config a.yaml\n  unit-daemon --print-config\n",
    .schema = sample_schema,
    .check = check,
};

static int in_child(int argc, char **argv)
{
    struct sample sample = { .port = 0 };
    struct daemon_options options;
    int code;
    bool go_on = daemon_configure(&program, argc, argv, &options, &sample, &code);
    if (go_on)
        printf("config=%s key_log=%s port=%d", options.config_path,
            options.key_log_path != NULL ? options.key_log_path : "-", (int)sample.port);
    config_free(sample_schema, &sample);
    return go_on ? WENT_ON : code;
}

/* Run with up to three arguments. @return exit code; @p text gets both outputs. */
static int run(char *text, size_t size, const char *first, const char *second, const char *third)
{
    char *argv[] = { (char *)program.name, (char *)first, (char *)second, (char *)third, NULL };
    int argc = 1, ends[2], status;
    size_t used = 0;
    while (argv[argc] != NULL)
        argc++;
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        exit(in_child(argc, argv));
    }
    close(ends[1]);
    for (ssize_t got; (got = read(ends[0], text + used, size - 1 - used)) > 0;)
        used += (size_t)got;
    text[used] = '\0';
    close(ends[0]);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void write_config(const char *yaml)
{
    FILE *file = fopen(config_path, "w");
    assert_non_null(file);
    fputs(yaml, file);
    fclose(file);
}

static int make_file(void **state)
{
    (void)state;
    close(mkstemp(config_path));
    return 0;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(config_path);
}

static void help_and_version_end_well(void **state)
{
    char text[8192];
    (void)state;
    assert_int_equal(run(text, sizeof text, "--help", NULL, NULL), 0);
    assert_non_null(strstr(text, "A daemon for the unit test."));
    assert_non_null(strstr(text, "--check-config"));
    assert_non_null(strstr(text, "  unit-daemon --config a.yaml\n"));
    for (const char *line = text; *line != '\0'; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 80);
    assert_int_equal(run(text, sizeof text, "--version", NULL, NULL), 0);
    assert_string_equal(text, "unit-daemon 1.2.3\n");
}

static void wrong_usage_is_2(void **state)
{
    char text[8192];
    (void)state;
    assert_int_equal(run(text, sizeof text, NULL, NULL, NULL), EXIT_CODE_USAGE);
    assert_non_null(strstr(text, "--config FILE is required"));
    assert_int_equal(run(text, sizeof text, "--check-config", NULL, NULL), EXIT_CODE_USAGE);
    assert_int_equal(run(text, sizeof text, "--no-such-option", NULL, NULL), EXIT_CODE_USAGE);
    assert_int_equal(run(text, sizeof text, "--config", config_path, "argument"), EXIT_CODE_USAGE);
}

static void printed_configuration_needs_no_file(void **state)
{
    char text[8192];
    (void)state;
    assert_int_equal(run(text, sizeof text, "--print-config", NULL, NULL), 0);
    assert_non_null(strstr(text, "  port: 5684\n"));
}

static void good_configuration_goes_on(void **state)
{
    char text[8192], expected[256];
    (void)state;
    write_config("server: {name: n, port: 7}\nfqdns: [a]\n");
    assert_int_equal(run(text, sizeof text, "--config", config_path, "--key-log=keys.txt"), WENT_ON);
    snprintf(expected, sizeof expected, "config=%s key_log=keys.txt port=7", config_path);
    assert_string_equal(text, expected);
    assert_int_equal(run(text, sizeof text, "--config", config_path, "--check-config"), 0);
    snprintf(expected, sizeof expected, "%s: the configuration is valid\n", config_path);
    assert_string_equal(text, expected);
}

static void wrong_configuration_is_3_with_every_problem(void **state)
{
    char text[8192], expected[1024];
    (void)state;
    write_config("server: {name: n, prot: 7}\nfqdns: bad\n");
    snprintf(expected, sizeof expected,
        "%s:1: server.prot: is not a known key; did you mean \"port\"?\n"
        "%s:2: fqdns: must be a list: [a, b], or lines that begin with \"- \"\n"
        "unit-daemon: 2 problems in %s\n",
        config_path, config_path, config_path);
    assert_int_equal(run(text, sizeof text, "--config", config_path, "--check-config"), EXIT_CODE_CONFIG);
    assert_string_equal(text, expected);
    assert_int_equal(run(text, sizeof text, "--config", config_path, NULL), EXIT_CODE_CONFIG);
    assert_string_equal(text, expected);
}

static void programs_own_check_counts(void **state)
{
    char text[8192], expected[1024];
    (void)state;
    write_config("server: {name: n}\nfqdns:\n  - bad\n");
    snprintf(
        expected, sizeof expected, "%s:3: fqdns[0]: is bad\nunit-daemon: 1 problem in %s\n", config_path, config_path);
    assert_int_equal(run(text, sizeof text, "--config", config_path, NULL), EXIT_CODE_CONFIG);
    assert_string_equal(text, expected);
}

static void reload_reports_to_the_log(void **state)
{
    struct sample sample = { .port = 0 };
    (void)state;
    write_config("server: {name: n, port: 9}\nfqdns: [a]\n");
    assert_int_equal(daemon_load(&program, config_path, &sample), MSGIN5G_OK);
    assert_int_equal(sample.port, 9);
    config_free(sample_schema, &sample);
    write_config("server: {name: n}\nfqdns: [bad]\nx: 1\ny: 2\n");
    assert_int_equal(daemon_load(&program, config_path, &sample), MSGIN5G_ERR_CONFIG);
    config_free(sample_schema, &sample);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_and_version_end_well),
        cmocka_unit_test(wrong_usage_is_2),
        cmocka_unit_test(printed_configuration_needs_no_file),
        cmocka_unit_test(good_configuration_goes_on),
        cmocka_unit_test(wrong_configuration_is_3_with_every_problem),
        cmocka_unit_test(programs_own_check_counts),
        cmocka_unit_test(reload_reports_to_the_log),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
