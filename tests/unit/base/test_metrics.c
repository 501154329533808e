#include "base/metrics.h"

#include <pthread.h>
#include <string.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const double bounds[] = { 0.001, 0.01, 0.1 };

/* The exposition as text; static. */
static const char *render(const struct metrics *metrics)
{
    static char text[8192];
    struct buffer buffer;
    buffer_init(&buffer, sizeof text - 1);
    assert_int_equal(metrics_render(metrics, &buffer), MSGIN5G_OK);
    if (buffer.length > 0)
        memcpy(text, buffer.data, buffer.length);
    text[buffer.length] = '\0';
    buffer_free(&buffer);
    return text;
}

static void families_have_one_head_each(void **state)
{
    struct metrics *metrics;
    (void)state;
    assert_int_equal(metrics_create(&metrics), MSGIN5G_OK);
    struct metric *sent = metrics_counter(metrics, "msgin5g_messages_total", "Messages by type.", "type=\"MSG\"");
    struct metric *sessions = metrics_gauge(metrics, "msgin5g_sessions", "Open sessions.", "");
    struct metric *imdn = metrics_counter(metrics, "msgin5g_messages_total", "Messages by type.", "type=\"IMDN\"");
    metric_add(sent, 2);
    metric_add(sent, 3);
    metric_add(imdn, 1);
    metric_set(sessions, -7);
    assert_int_equal(metric_value(sent), 5);
    assert_string_equal(render(metrics), "# HELP msgin5g_messages_total Messages by type.\n"
                                         "# TYPE msgin5g_messages_total counter\n"
                                         "msgin5g_messages_total{type=\"MSG\"} 5\n"
                                         "msgin5g_messages_total{type=\"IMDN\"} 1\n"
                                         "# HELP msgin5g_sessions Open sessions.\n"
                                         "# TYPE msgin5g_sessions gauge\n"
                                         "msgin5g_sessions -7\n");
    metrics_free(metrics);
}

static void same_name_and_labels_is_the_same_metric(void **state)
{
    struct metrics *metrics;
    (void)state;
    assert_int_equal(metrics_create(&metrics), MSGIN5G_OK);
    struct metric *a = metrics_counter(metrics, "msgin5g_x_total", "X.", "a=\"1\"");
    assert_ptr_equal(metrics_counter(metrics, "msgin5g_x_total", "X.", "a=\"1\""), a);
    assert_ptr_not_equal(metrics_counter(metrics, "msgin5g_x_total", "X.", "a=\"2\""), a);
    metrics_free(metrics);
}

static void histogram_is_cumulative(void **state)
{
    struct metrics *metrics;
    (void)state;
    assert_int_equal(metrics_create(&metrics), MSGIN5G_OK);
    struct metric *plain = metrics_histogram(metrics, "msgin5g_wait_seconds", "Waiting.", "", bounds, 3);
    struct metric *labelled = metrics_histogram(metrics, "msgin5g_wait_seconds", "Waiting.", "op=\"get\"", bounds, 3);
    metric_observe_us(plain, 500);
    metric_observe_us(plain, 1000);
    metric_observe_us(plain, 1001);
    metric_observe_us(plain, 2000000);
    metric_observe_us(plain, -5);
    metric_observe_us(labelled, 100000);
    assert_int_equal(metric_value(plain), 5);
    assert_string_equal(render(metrics), "# HELP msgin5g_wait_seconds Waiting.\n"
                                         "# TYPE msgin5g_wait_seconds histogram\n"
                                         "msgin5g_wait_seconds_bucket{le=\"0.001\"} 3\n"
                                         "msgin5g_wait_seconds_bucket{le=\"0.01\"} 4\n"
                                         "msgin5g_wait_seconds_bucket{le=\"0.1\"} 4\n"
                                         "msgin5g_wait_seconds_bucket{le=\"+Inf\"} 5\n"
                                         "msgin5g_wait_seconds_sum 2.002501\n"
                                         "msgin5g_wait_seconds_count 5\n"
                                         "msgin5g_wait_seconds_bucket{op=\"get\",le=\"0.001\"} 0\n"
                                         "msgin5g_wait_seconds_bucket{op=\"get\",le=\"0.01\"} 0\n"
                                         "msgin5g_wait_seconds_bucket{op=\"get\",le=\"0.1\"} 1\n"
                                         "msgin5g_wait_seconds_bucket{op=\"get\",le=\"+Inf\"} 1\n"
                                         "msgin5g_wait_seconds_sum{op=\"get\"} 0.1\n"
                                         "msgin5g_wait_seconds_count{op=\"get\"} 1\n");
    metrics_free(metrics);
}

static void null_metric_does_nothing(void **state)
{
    (void)state;
    metric_add(NULL, 1);
    metric_set(NULL, 1);
    metric_observe_us(NULL, 1);
    assert_int_equal(metric_value(NULL), 0);
    metrics_free(NULL);
}

static void text_beyond_the_limit_is_an_error(void **state)
{
    struct metrics *metrics;
    struct buffer buffer;
    (void)state;
    assert_int_equal(metrics_create(&metrics), MSGIN5G_OK);
    assert_string_equal(render(metrics), "");
    metrics_counter(metrics, "msgin5g_x_total", "X.", "");
    buffer_init(&buffer, 40);
    assert_int_equal(metrics_render(metrics, &buffer), MSGIN5G_ERR_LIMIT);
    buffer_free(&buffer);
    metrics_free(metrics);
}

static void *count_up(void *argument)
{
    struct metrics *metrics = argument;
    for (int i = 0; i < 10000; i++)
        metric_add(metrics_counter(metrics, "msgin5g_x_total", "X.", ""), 1);
    return NULL;
}

static void threads_count_together(void **state)
{
    struct metrics *metrics;
    pthread_t threads[4];
    (void)state;
    assert_int_equal(metrics_create(&metrics), MSGIN5G_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, metrics), 0);
    for (int i = 0; i < 20; i++)
        render(metrics);
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(metric_value(metrics_counter(metrics, "msgin5g_x_total", "X.", "")), 40000);
    metrics_free(metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(families_have_one_head_each),
        cmocka_unit_test(same_name_and_labels_is_the_same_metric),
        cmocka_unit_test(histogram_is_cumulative),
        cmocka_unit_test(null_metric_does_nothing),
        cmocka_unit_test(text_beyond_the_limit_is_an_error),
        cmocka_unit_test(threads_count_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
