/* Latencies of a run. */
#include "histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void empty(void **state)
{
    struct histogram histogram = { 0 };

    (void)state;
    assert_int_equal(histogram_percentile(&histogram, 50), 0);
    assert_int_equal(histogram.highest_us, 0);
}

static void small_values_are_exact(void **state)
{
    struct histogram histogram = { 0 };

    (void)state;
    for (int64_t value = 1; value <= 100; value++)
        histogram_add(&histogram, value);
    assert_int_equal(histogram.count, 100);
    assert_int_equal(histogram_percentile(&histogram, 50), 50);
    assert_int_equal(histogram_percentile(&histogram, 99), 99);
    assert_int_equal(histogram_percentile(&histogram, 100), 100);
    assert_int_equal(histogram_percentile(&histogram, 0), 1);
}

/* One value among none at all: every percentile is that value, within the width of a bucket. */
static void large_values_are_nearly_exact(void **state)
{
    (void)state;
    for (int64_t value = 1; value <= UINT32_MAX; value = value * 3 / 2 + 1) {
        struct histogram histogram = { 0 };

        histogram_add(&histogram, value);
        histogram_add(&histogram, UINT32_MAX);
        assert_true(histogram_percentile(&histogram, 50) >= value);
        assert_true(histogram_percentile(&histogram, 50) - value <= value / 64);
        assert_int_equal(histogram_percentile(&histogram, 100), UINT32_MAX);
    }
}

static void what_does_not_fit(void **state)
{
    struct histogram histogram = { 0 };

    (void)state;
    histogram_add(&histogram, -5);
    assert_int_equal(histogram_percentile(&histogram, 100), 0);
    histogram_add(&histogram, INT64_MAX);
    assert_int_equal(histogram_percentile(&histogram, 100), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(empty),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(large_values_are_nearly_exact),
        cmocka_unit_test(what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
