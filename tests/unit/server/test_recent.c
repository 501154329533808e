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

static struct recent_key key_of(const struct recent *recent, const char *text)
{
    struct msgin5g_str part = msgin5g_str(text);
    return recent_key(recent, &part, 1, 0);
}

static void test_forgets_by_age(void **state)
{
    (void)state;
    struct recent *recent;
    assert_int_equal(recent_create(8, 600, &recent), MSGIN5G_OK);
    struct recent_key a = key_of(recent, "a"), b = key_of(recent, "b");
    recent_add(recent, a, 1, 1000);
    recent_add(recent, b, 2, 1300);
    assert_int_equal(*recent_find(recent, a, 1599), 1);
    assert_null(recent_find(recent, a, 1600));
    assert_int_equal(*recent_find(recent, b, 1600), 2);
    recent_add(recent, a, 3, 1600);
    assert_int_equal(*recent_find(recent, a, 2199), 3);
    recent_free(recent);
}

/* Many times around, with every size: the newest entries are there, all others are not. */
static void test_forgets_the_oldest_when_full(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 2, 3, 7, 64, 100 };
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        struct recent *recent;
        assert_int_equal(recent_create(sizes[s], 600, &recent), MSGIN5G_OK);
        for (uint64_t i = 0; i < 2000; i++) {
            recent_add(recent, recent_key(recent, NULL, 0, i), i, 1000);
            uint64_t oldest = i + 1 > sizes[s] ? i + 1 - sizes[s] : 0;
            assert_int_equal(*recent_find(recent, recent_key(recent, NULL, 0, oldest), 1000), oldest);
            if (oldest > 0)
                assert_null(recent_find(recent, recent_key(recent, NULL, 0, oldest - 1), 1000));
        }
        for (uint64_t i = 0; i < 2000; i++)
            assert_int_equal(recent_find(recent, recent_key(recent, NULL, 0, i), 1000) != NULL, i >= 2000 - sizes[s]);
        recent_free(recent);
    }
}

static void test_parts_do_not_run_into_each_other(void **state)
{
    (void)state;
    struct recent *recent, *other;
    const struct msgin5g_str first[] = { msgin5g_str("ab"), msgin5g_str("c") };
    const struct msgin5g_str second[] = { msgin5g_str("a"), msgin5g_str("bc") };
    assert_int_equal(recent_create(8, 600, &recent), MSGIN5G_OK);
    assert_int_equal(recent_create(8, 600, &other), MSGIN5G_OK);
    assert_true(recent_key(recent, first, 2, 0).hash != recent_key(recent, second, 2, 0).hash);
    assert_true(recent_key(recent, first, 2, 0).hash != recent_key(recent, first, 2, 1).hash);
    assert_true(recent_key(recent, first, 2, 0).hash == recent_key(recent, first, 2, 0).hash);
    /* Nobody outside can foresee it: every table has its own key. */
    assert_true(recent_key(recent, first, 2, 0).hash != recent_key(other, first, 2, 0).hash);
    recent_free(recent);
    recent_free(other);
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
    bool durable = false;
    struct recent_key key = reports_key(reports, id, &ue1, &ue2);
    reports_expect(reports, key, true, 0);
    assert_int_equal(reports_take(reports, reports_key(reports, id, &ue2, &ue1), &durable, 0), REPORTS_UNKNOWN);
    assert_int_equal(reports_take(reports, key, &durable, 0), REPORTS_EXPECTED);
    assert_int_equal(reports_take(reports, key, &durable, 0), REPORTS_UNDER_WAY);
    reports_settle(reports, key, false, 0);
    assert_int_equal(reports_take(reports, key, &durable, 0), REPORTS_EXPECTED);
    reports_settle(reports, key, true, 0);
    reports_expect(reports, key, false, 1); /* the next segment */
    assert_int_equal(reports_take(reports, key, &durable, 1), REPORTS_REPEATED);
    assert_true(durable);
    recent_free(reports);
}

static void test_duplicates(void **state)
{
    (void)state;
    struct recent *seen;
    struct msgin5g_service_id ue;
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    struct msgin5g_str body = msgin5g_str("{}");
    message.msg_id = msgin5g_str("4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f");
    assert_int_equal(recent_create(8, DUPLICATES_WINDOW_S, &seen), MSGIN5G_OK);
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str("im:ue-1@lab.example"), &ue), MSGIN5G_OK);
    struct recent_key key = duplicates_key(seen, &ue, &message);
    assert_int_equal(duplicates_check(seen, key, body, 0), DUPLICATES_NEW);
    duplicates_add(seen, key, body, true, 0);
    assert_int_equal(duplicates_check(seen, key, body, 0), DUPLICATES_UNDER_WAY);
    assert_int_equal(duplicates_check(seen, key, msgin5g_str("[]"), 0), DUPLICATES_CHANGED);
    duplicates_settle(seen, key, false, 0);
    assert_int_equal(duplicates_check(seen, key, body, 0), DUPLICATES_NEW);
    duplicates_add(seen, key, body, true, 0);
    duplicates_settle(seen, key, true, 0);
    assert_int_equal(duplicates_check(seen, key, body, 0), DUPLICATES_SAME);
    assert_int_equal(duplicates_check(seen, key, body, DUPLICATES_WINDOW_S), DUPLICATES_NEW);
    recent_free(seen);
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
        cmocka_unit_test(test_duplicates),
        cmocka_unit_test(test_bucket),
        cmocka_unit_test(test_sources),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
