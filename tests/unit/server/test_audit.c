/* The audit log: what is written of refusals, and how much. */
#include "audit.h"

#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

struct rig {
    struct virtual_clock clock;
    struct loop *loop;
    struct audit *audit;
    char file[64];
    char text[8192];
};

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    assert_non_null(rig);
    strcpy(rig->file, "/tmp/audit-test-XXXXXX");
    int fd = mkstemp(rig->file);
    assert_true(fd >= 0);
    (void)close(fd);
    virtual_clock_init(&rig->clock, 1772323200);
    assert_int_equal(loop_create(virtual_clock_source(&rig->clock), &rig->loop), MSGIN5G_OK);
    struct audit_config config = { true, rig->file, 2 };
    assert_int_equal(audit_create(rig->loop, &config, &rig->audit), MSGIN5G_OK);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    audit_free(rig->audit);
    loop_free(rig->loop);
    (void)unlink(rig->file);
    free(rig);
    return 0;
}

static const char *lines(struct rig *rig)
{
    FILE *file = fopen(rig->file, "r");
    assert_non_null(file);
    rig->text[fread(rig->text, 1, sizeof rig->text - 1, file)] = '\0';
    (void)fclose(file);
    return rig->text;
}

static void refuse(struct rig *rig, enum msgin5g_err err)
{
    struct audit_refusal refusal = { "MSG", err, "imsi-001010000000001", "im:ue-1@lab.example" };
    audit_refused(rig->audit, &refusal);
}

static void test_line(void **state)
{
    struct rig *rig = *state;
    refuse(rig, MSGIN5G_ERR_NOT_REGISTERED);
    assert_string_equal(lines(rig),
        "{\"time\":\"2026-03-01T00:00:00Z\",\"event\":\"refused\",\"what\":\"MSG\",\"cause\":\"NOT_REGISTERED\","
        "\"reason\":\"the UE Service ID is not registered\",\"identity\":\"imsi-00101...01\","
        "\"originator\":\"im:ue-1@lab.example\",\"left_out\":0}\n");
}

static void test_no_refusals(void **state)
{
    struct rig *rig = *state;
    refuse(rig, MSGIN5G_OK);
    refuse(rig, MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
    audit_refused(NULL, &(struct audit_refusal){ "MSG", MSGIN5G_ERR_MALFORMED, NULL, NULL });
    assert_string_equal(lines(rig), "");
}

static void test_one_cause_does_not_drown_the_others(void **state)
{
    struct rig *rig = *state;
    for (int i = 0; i < 10; i++)
        refuse(rig, MSGIN5G_ERR_MALFORMED);
    refuse(rig, MSGIN5G_ERR_NOT_AUTHORIZED);
    virtual_clock_advance(&rig->clock, 1000);
    assert_int_equal(loop_process(rig->loop, 0), MSGIN5G_OK);
    refuse(rig, MSGIN5G_ERR_MALFORMED);
    size_t count = 0;
    for (const char *at = lines(rig); (at = strchr(at, '\n')) != NULL; at++)
        count++;
    assert_int_equal(count, 4);
    assert_non_null(strstr(rig->text, "NOT_AUTHORIZED"));
    assert_non_null(strstr(rig->text, "\"left_out\":8"));
}

static void test_moved_away(void **state)
{
    struct rig *rig = *state;
    refuse(rig, MSGIN5G_ERR_MALFORMED);
    assert_int_equal(unlink(rig->file), 0);
    audit_reopen(rig->audit);
    refuse(rig, MSGIN5G_ERR_NOT_AUTHORIZED);
    assert_null(strstr(lines(rig), "MALFORMED"));
    assert_non_null(strstr(rig->text, "NOT_AUTHORIZED"));
}

static void test_file_that_cannot_be_opened(void **state)
{
    struct rig *rig = *state;
    struct audit_config config = { true, "/nonexistent/audit", 2 };
    struct audit *audit = NULL;
    assert_int_equal(audit_create(rig->loop, &config, &audit), MSGIN5G_ERR_IO);
    config.enabled = false;
    assert_int_equal(audit_create(rig->loop, &config, &audit), MSGIN5G_OK);
    audit_free(audit);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_line),
        TEST(test_no_refusals),
        TEST(test_one_cause_does_not_drown_the_others),
        TEST(test_moved_away),
        TEST(test_file_that_cannot_be_opened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
