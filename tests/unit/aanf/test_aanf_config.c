/* The configuration file of akma-aanf: what the schema cannot say is said with the key's name, all of it at once. */
#include "config.h"
#include "subscriber_config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define SUBSCRIBER                                                                                                     \
    "subscribers:\n"                                                                                                   \
    "  - supi: imsi-001010000000001\n"                                                                                 \
    "    k: 465b5ce8b199b49faa5f0a2ee238a6bc\n"                                                                        \
    "    opc: cd63cb71954a9f4e48a5994e37a02baf\n"
#define IN_CLEAR "insecure_h2c: true\n"

static char folder[] = "/tmp/aanf-config-XXXXXX";

static void write_file(const char *name, mode_t mode, const char *text, char path[64])
{
    (void)snprintf(path, 64, "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_true(fputs(text, file) >= 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

/* Problems of the file as one text, the caller's to free; "" when there are none. */
static char *problems_of(mode_t mode, const char *text)
{
    struct aanf_config config = { 0 };
    struct config_report report = { 0 };
    char path[64];
    write_file("aanf.yaml", mode, text, path);
    if (config_load(aanf_config_schema, path, &config, &report) == MSGIN5G_OK)
        aanf_config_check(&config, &report);
    char *problems = strndup(report.text.length > 0 ? (const char *)report.text.data : "", report.text.length);
    assert_non_null(problems);
    config_report_free(&report);
    config_free(aanf_config_schema, &config);
    return problems;
}

static void assert_problem(const char *text, const char *expected)
{
    char *problems = problems_of(0600, text);
    if (strstr(problems, expected) == NULL)
        fail_msg("\"%s\" is not in \"%s\"", expected, problems);
    free(problems);
}

static void assert_good(const char *text)
{
    char *problems = problems_of(0600, text);
    assert_string_equal(problems, "");
    free(problems);
}

static void test_good(void **state)
{
    (void)state;
    assert_good(IN_CLEAR);
    assert_good("tls: {certificate: a.pem, key: a.key, ca: ca.pem}\n");
    assert_good(IN_CLEAR SUBSCRIBER "    rid: 0012\n    gpsi: msisdn-8613800000001\n"
                                    "afs:\n  - certificate: af\n    fqdns: [af.example]\n    ua_ids: ['010001c0a8']\n");
}

static void test_problems(void **state)
{
    (void)state;
    assert_problem("log: {level: info}\n", "tls: needs certificate, key and ca");
    assert_problem(IN_CLEAR "listen: {host: 0.0.0.0}\n", "insecure_h2c");
    assert_problem(IN_CLEAR "k_af_lifetime: 1500ms\n", "k_af_lifetime: must be whole seconds");
    assert_problem(IN_CLEAR "serving_networks: [6G]\n", "serving_networks[0]");
    assert_problem(IN_CLEAR "afs:\n  - certificate: af\n    fqdns: [a]\n    ua_ids: ['01']\n", "afs[0].ua_ids[0]");
    assert_problem(IN_CLEAR SUBSCRIBER "    op: cd63cb71954a9f4e48a5994e37a02baf\n", "subscribers[0].opc: give either");
    assert_problem(IN_CLEAR SUBSCRIBER "    amf: '0000'\n", "subscribers[0].amf");
    assert_problem(IN_CLEAR SUBSCRIBER "    sqn: '1'\n", "subscribers[0].sqn");
    assert_problem(IN_CLEAR SUBSCRIBER "    rid: x\n", "subscribers[0].rid");
    assert_problem(IN_CLEAR SUBSCRIBER "  - supi: imsi-12\n    k: g\n    opc: ''\n", "aanf.yaml:7: subscribers[1].k");
    assert_problem(IN_CLEAR "subscribers_file: nowhere.yaml\n", "nowhere.yaml");
}

static void test_keys_others_may_read(void **state)
{
    (void)state;
    char path[64];
    char *problems = problems_of(0640, IN_CLEAR SUBSCRIBER);
    assert_non_null(strstr(problems, "others may read this file; run: chmod go= "));
    free(problems);
    problems = problems_of(0644, IN_CLEAR); /* no key in it */
    assert_string_equal(problems, "");
    free(problems);
    write_file("subscribers.yaml", 0604, SUBSCRIBER, path);
    assert_problem(IN_CLEAR "subscribers_file: subscribers.yaml\n", "others may read it");
    assert_int_equal(chmod(path, 0600), 0);
    assert_good(IN_CLEAR "subscribers_file: subscribers.yaml\n");
}

static int setup(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    char path[64];
    static const char *const names[] = { "aanf.yaml", "subscribers.yaml" };
    for (size_t i = 0; i < 2; i++) {
        (void)snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return rmdir(folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_keys_others_may_read),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
