/* Windows of Client Communication Availability (TS 23.554 Table 8.2.1-3). */
#include "availability.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define START 1772323200

static void test_no_schedule(void **state)
{
    struct msgin5g_availability none = { .known = false };
    struct msgin5g_availability empty = { .known = true, .start_s = START, .period_s = 60 };
    (void)state;
    assert_int_equal(availability_opens_s(&none, START), 0);
    assert_int_equal(availability_opens_s(&empty, START + 30), 0);
}

static void test_one_window(void **state)
{
    struct msgin5g_availability once = { .known = true, .start_s = START, .length_s = 600 };
    (void)state;
    assert_int_equal(availability_opens_s(&once, START - 1000), START);
    assert_int_equal(availability_opens_s(&once, START - 1), START);
    assert_int_equal(availability_opens_s(&once, START), 0);
    assert_int_equal(availability_opens_s(&once, START + 599), 0);
    assert_int_equal(availability_opens_s(&once, START + 600), 0); /* it says nothing any more */
}

static void test_windows_that_repeat(void **state)
{
    struct msgin5g_availability hourly = { .known = true, .start_s = START, .length_s = 600, .period_s = 3600 };
    (void)state;
    assert_int_equal(availability_opens_s(&hourly, START - 1), START);
    for (int64_t hour = 0; hour < 50000; hour += 9999) {
        int64_t begin = START + hour * 3600;
        assert_int_equal(availability_opens_s(&hourly, begin), 0);
        assert_int_equal(availability_opens_s(&hourly, begin + 599), 0);
        assert_int_equal(availability_opens_s(&hourly, begin + 600), begin + 3600);
        assert_int_equal(availability_opens_s(&hourly, begin + 3599), begin + 3600);
    }
}

static void test_windows_that_touch(void **state)
{
    struct msgin5g_availability always = { .known = true, .start_s = START, .length_s = 600, .period_s = 600 };
    (void)state;
    assert_int_equal(availability_opens_s(&always, START - 5), START);
    assert_int_equal(availability_opens_s(&always, START + 599), 0);
    assert_int_equal(availability_opens_s(&always, START + 600), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_schedule),
        cmocka_unit_test(test_one_window),
        cmocka_unit_test(test_windows_that_repeat),
        cmocka_unit_test(test_windows_that_touch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
