#include "base/daemon.h"
#include "base/mailbox.h"
#include "base/metrics.h"
#include "base/secret.h"
#include "config_sample.h"
#include "failing_malloc.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Each call is repeated with the first, second, ... allocation failing, until it needs no more of them. */

static void nothing(void *ctx, void *item)
{
    (void)ctx;
    (void)item;
}

static void nothing_timer(void *ctx)
{
    (void)ctx;
}

static enum msgin5g_err make_loop(struct loop **loop, struct mailbox **mailbox, struct loop_timer *timer)
{
    enum msgin5g_err err = loop_create(clock_system(), loop);
    if (err != MSGIN5G_OK)
        return err;
    loop_timer_init(timer, nothing_timer, NULL);
    if ((err = loop_timer_set(*loop, timer, 5)) != MSGIN5G_OK)
        return err;
    if ((err = loop_on_round_end(*loop, nothing_timer, NULL)) != MSGIN5G_OK)
        return err;
    return mailbox_create(*loop, 8, nothing, NULL, mailbox);
}

static void loop_and_mailbox(void **state)
{
    bool failed = true;
    (void)state;
    for (unsigned int n = 0; failed; n++) {
        struct loop *loop = NULL;
        struct mailbox *mailbox = NULL;
        struct loop_timer timer;
        failing_malloc_after(n);
        enum msgin5g_err err = make_loop(&loop, &mailbox, &timer);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        mailbox_free(mailbox, NULL);
        loop_free(loop);
    }
}

static void metrics(void **state)
{
    bool failed = true;
    (void)state;
    for (unsigned int n = 0; failed; n++) {
        struct metrics *metrics = NULL;
        struct buffer text;
        buffer_init(&text, 4096);
        failing_malloc_after(n);
        enum msgin5g_err err = metrics_create(&metrics);
        if (err == MSGIN5G_OK) {
            metric_add(metrics_counter(metrics, "msgin5g_x_total", "X.", ""), 1);
            metric_set(metrics_gauge(metrics, "msgin5g_y", "Y.", ""), 1);
            err = metrics_render(metrics, &text);
        }
        failed = failing_malloc_stop();
        assert_true(failed || err == MSGIN5G_OK);
        buffer_free(&text);
        metrics_free(metrics);
    }
}

static void configuration(void **state)
{
    char path[] = "/tmp/test_no_memory_XXXXXX";
    FILE *file = fdopen(mkstemp(path), "w");
    bool failed = true;
    (void)state;
    fputs("server: {name: n, certificate: c}\nfqdns: [a, b]\nusers:\n  - supi: x\n    ids: [a, b]\n", file);
    fclose(file);
    for (unsigned int n = 0; failed; n++) {
        struct sample sample = { .port = 0 };
        struct config_report report;
        failing_malloc_after(n);
        enum msgin5g_err err = config_load(sample_schema, path, &sample, &report);
        failed = failing_malloc_stop();
        assert_int_equal(err, failed ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_OK);
        config_free(sample_schema, &sample);
        config_report_free(&report);
    }
    unlink(path);
}

static void buffer_keeps_what_it_has(void **state)
{
    struct buffer buffer;
    (void)state;
    buffer_init(&buffer, 4096);
    assert_int_equal(buffer_append_text(&buffer, "kept"), MSGIN5G_OK);
    failing_malloc_after(0);
    assert_int_equal(buffer_appendf(&buffer, "%0200d", 1), MSGIN5G_ERR_NO_MEMORY);
    assert_true(failing_malloc_stop());
    assert_int_equal(buffer.length, 4);
    assert_memory_equal(buffer.data, "kept", 4);
    buffer_free(&buffer);
}

static void arena_and_daemon(void **state)
{
    struct secret_arena *arena = NULL;
    struct daemon_control *control = NULL;
    struct loop *loop;
    (void)state;
    failing_malloc_after(0);
    assert_int_equal(secret_arena_create(4, 32, &arena), MSGIN5G_ERR_NO_MEMORY);
    assert_int_equal(loop_create(clock_system(), &loop), MSGIN5G_OK);
    for (unsigned int n = 0; n < 2; n++) {
        failing_malloc_after(n);
        assert_int_equal(daemon_control_create(loop, NULL, NULL, &control), MSGIN5G_ERR_NO_MEMORY);
        assert_true(failing_malloc_stop());
    }
    assert_null(arena);
    assert_null(control);
    loop_free(loop);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loop_and_mailbox),
        cmocka_unit_test(metrics),
        cmocka_unit_test(configuration),
        cmocka_unit_test(buffer_keeps_what_it_has),
        cmocka_unit_test(arena_and_daemon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
