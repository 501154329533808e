/* The server's configuration: what it is without a file's help, and what is wrong with a bad one. */
#include "config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define GOOD "auth: {fqdns: [msgin5g.lab.example]}\naanf: {url: 'https://127.0.0.1:8444', ca: ca.pem}\n"

/* Load @p text, with the checks of our own when the schema has none to make. */
static enum msgin5g_err load(const char *text, struct server_config *config, struct config_report *report)
{
    char path[] = "/tmp/test_config_XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    memset(config, 0, sizeof *config);
    enum msgin5g_err err = config_load(server_config_schema, path, config, report);
    if (err == MSGIN5G_OK)
        server_config_check(config, report);
    unlink(path);
    return report->count > 0 ? MSGIN5G_ERR_CONFIG : err;
}

static void test_defaults(void **state)
{
    (void)state;
    struct server_config config;
    struct config_report report;
    assert_int_equal(load(GOOD, &config, &report), MSGIN5G_OK);
    assert_string_equal(config.coaps_host, "127.0.0.1");
    assert_int_equal(config.coaps_port, 5684);
    assert_true(config.coaps_tcp_enabled);
    assert_string_equal(config.coaps_tcp_host, "127.0.0.1");
    assert_int_equal(config.coaps_tcp_port, 5684);
    assert_false(config.oscore_enabled);
    assert_string_equal(config.oscore_host, "127.0.0.1");
    assert_int_equal(config.oscore_port, 5683);
    assert_int_equal(config.oscore_half_open_ms, 30000);
    assert_string_equal(config.service_path, "msgin5g");
    assert_int_equal(config.policy, AUTH_AKMA_ONLY);
    assert_false(config.coap_ccm8);
    assert_false(config.hide_identities);
    assert_false(config.allow_anonymous);
    assert_int_equal(config.key_expiry_grace_ms, 0);
    assert_int_equal(config.registration_default_ms, 3600 * 1000);
    assert_int_equal(config.registration_min_ms, 60 * 1000);
    assert_int_equal(config.registration_max_ms, INT64_C(604800) * 1000);
    assert_int_equal(config.management_port, 9443);
    config_report_free(&report);
    config_free(server_config_schema, &config);
}

static void assert_problem(const char *text, const char *part)
{
    struct server_config config;
    struct config_report report;
    assert_int_equal(load(text, &config, &report), MSGIN5G_ERR_CONFIG);
    assert_int_equal(buffer_append(&report.text, "", 1), MSGIN5G_OK);
    if (strstr((char *)report.text.data, part) == NULL)
        fail_msg("'%s' is not in: %s", part, (char *)report.text.data);
    config_report_free(&report);
    config_free(server_config_schema, &config);
}

static void test_problems(void **state)
{
    (void)state;
    assert_problem("aanf: {url: 'https://127.0.0.1:8444', ca: ca.pem}\n", "fqdns");
    assert_problem("auth: {fqdns: [a.example], policy: seal-psk-allowed}\naanf: {url: 'http://127.0.0.1:8444'}\n",
        "not available in this version");
    assert_problem("auth: {fqdns: ['a b']}\naanf: {url: 'http://127.0.0.1:8444'}\n", "not a domain name");
    assert_problem("auth: {fqdns: [a.example]}\naanf: {url: 'https://127.0.0.1:8444'}\n", "aanf");
    assert_problem("auth: {fqdns: [a.example]}\naanf: {url: 'ftp://127.0.0.1:8444'}\n", "https://");
    assert_problem(GOOD "registration: {min_lifetime: 2h, max_lifetime: 1h}\n", "longer than max_lifetime");
    assert_problem(GOOD "listen: {path: a/b}\n", "one path segment");
    assert_problem(GOOD "management: {certificate: m.pem}\n", "belong together");
    assert_problem(GOOD "bindings: [{identity: imsi-001010000000001, service_ids: [no uri]}]\n", "UE Service ID");
    assert_problem(GOOD "binding_template: 'im:ue@lab.example'\n", "{digits}");
    assert_problem(GOOD "bindings: [{identity: imsi-1, service_ids: [im:a@x.example], gateway_ues: [no uri]}]\n",
        "gateway_ues[0]");
    assert_problem(GOOD "bindigns: []\n", "bindings"); /* the nearest known key */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_problems),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
