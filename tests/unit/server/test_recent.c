/* Bounded memories: of message ids (EC-11), of awaited reports (EC-32), of sources that ask too often. */
#include "base/secret.h"
#include "duplicates.h"
#include "rate_limit.h"
#include "reports.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct recent_key key_of(const char *text)
{
    return (struct recent_key){ { msgin5g_str(text) }, 0 };
}

static void test_forgets_by_age(void **state)
{
    (void)state;
    struct recent *recent;
    assert_int_equal(recent_create(8, 600, &recent), MSGIN5G_OK);
    struct recent_key a = key_of("a"), b = key_of("b");
    recent_add(recent, &a, 1, 1000);
    recent_add(recent, &b, 2, 1300);
    assert_int_equal(*recent_find(recent, &a, 1599), 1);
    assert_null(recent_find(recent, &a, 1600));
    assert_int_equal(*recent_find(recent, &b, 1600), 2);
    recent_free(recent);
}

static void test_forgets_the_oldest_when_full(void **state)
{
    (void)state;
    struct recent *recent;
    assert_int_equal(recent_create(4, 600, &recent), MSGIN5G_OK);
    for (uint64_t i = 0; i < 100; i++) {
        struct recent_key key = { { { NULL, 0 } }, i };
        recent_add(recent, &key, i, 1000);
    }
    for (uint64_t i = 0; i < 100; i++) {
        struct recent_key key = { { { NULL, 0 } }, i };
        assert_int_equal(recent_find(recent, &key, 1000) != NULL, i >= 96);
    }
    recent_free(recent);
}

static void test_parts_do_not_run_into_each_other(void **state)
{
    (void)state;
    struct recent *recent;
    assert_int_equal(recent_create(8, 600, &recent), MSGIN5G_OK);
    struct recent_key first = { { msgin5g_str("ab"), msgin5g_str("c") }, 0 };
    struct recent_key second = { { msgin5g_str("a"), msgin5g_str("bc") }, 0 };
    recent_add(recent, &first, 1, 0);
    assert_null(recent_find(recent, &second, 0));
    assert_non_null(recent_find(recent, &first, 0));
    recent_free(recent);
}

static void test_reports(void **state)
{
    (void)state;
    struct recent *reports;
    struct msgin5g_service_id ue1, ue2;
    struct msgin5g_str id = msgin5g_str("4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f");
    assert_int_equal(recent_create(8, REPORTS_WINDOW_S, &reports), MSGIN5G_OK);
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str("im:ue-1@lab.example"), &ue1), MSGIN5G_OK);
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str("im:ue-2@lab.example"), &ue2), MSGIN5G_OK);
    reports_expect(reports, id, &ue1, &ue2, 0);
    assert_int_equal(reports_take(reports, id, &ue2, &ue1, 0), REPORTS_UNKNOWN); /* the wrong way round */
    assert_int_equal(reports_take(reports, id, &ue1, &ue2, 0), REPORTS_EXPECTED);
    reports_expect(reports, id, &ue1, &ue2, 1); /* the next segment */
    assert_int_equal(reports_take(reports, id, &ue1, &ue2, 1), REPORTS_REPEATED);
    recent_free(reports);
}

static void test_bucket(void **state)
{
    (void)state;
    struct rate_bucket bucket = { 0 };
    int64_t now_ms = 1000000;
    for (int i = 0; i < 4; i++)
        assert_true(rate_bucket_take(&bucket, 2, 4, now_ms));
    assert_false(rate_bucket_take(&bucket, 2, 4, now_ms));
    assert_false(rate_bucket_take(&bucket, 2, 4, now_ms + 499));
    assert_true(rate_bucket_take(&bucket, 2, 4, now_ms + 500));
    assert_false(rate_bucket_take(&bucket, 2, 4, now_ms + 501));
    now_ms += INT64_C(1) << 50; /* a long rest fills it, and no more than that */
    for (int i = 0; i < 4; i++)
        assert_true(rate_bucket_take(&bucket, 2, 4, now_ms));
    assert_false(rate_bucket_take(&bucket, 2, 4, now_ms));
    assert_true(rate_bucket_take(&bucket, 0, 0, now_ms)); /* no limit */
}

static void test_sources(void **state)
{
    (void)state;
    struct rate_limit *limit;
    assert_int_equal(rate_limit_create(1, 1, 2, &limit), MSGIN5G_OK);
    assert_true(rate_limit_take(limit, "192.0.2.1:40000", 0));
    assert_false(rate_limit_take(limit, "192.0.2.1:40001", 0));
    assert_true(rate_limit_take(limit, "192.0.2.10:40000", 0));
    assert_false(rate_limit_take(limit, "192.0.2.1:40000", 0));
    /* A third source: the one that asked longest ago is forgotten. */
    assert_true(rate_limit_take(limit, "[2001:db8::1]:40000", 0));
    assert_false(rate_limit_take(limit, "[2001:db8::ffff:1]:40000", 0));
    assert_true(rate_limit_take(limit, "192.0.2.10:40000", 0));
    rate_limit_free(limit);
}

static int set_up(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK ? 0 : 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forgets_by_age),
        cmocka_unit_test(test_forgets_the_oldest_when_full),
        cmocka_unit_test(test_parts_do_not_run_into_each_other),
        cmocka_unit_test(test_reports),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_sources),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
