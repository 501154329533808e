/* Subscriptions: made, refreshed, ended, bounded; walked over while they change (TS 24.538 6.6.3, EC-8, EC-37). */
#include "topics.h"

#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW_S INT64_C(1772323200) /* 2026-03-01 */
#define DAY_S INT64_C(86400)

struct rig {
    struct virtual_clock clock;
    struct loop *loop;
    struct metrics *registry;
    struct server_metrics *metrics;
    struct topics *topics;
    unsigned kept, forgotten;
    int64_t kept_until_s;
};

static void on_keep(void *ctx, const char *topic, const char *subscriber, int64_t expires_s)
{
    struct rig *rig = ctx;
    assert_true(*topic != '\0' && *subscriber != '\0');
    rig->kept_until_s = expires_s;
    if (expires_s > 0)
        rig->kept++;
    else
        rig->forgotten++;
}

static int set_up(void **state)
{
    struct rig *rig = calloc(1, sizeof *rig);
    const struct topics_config config = { .default_s = DAY_S,
        .max_s = 30 * DAY_S,
        .empty_s = 3600,
        .max_topics = 3,
        .max_subscriptions = 6,
        .per_subscriber = 2,
        .cancel = transport_observation_cancel,
        .keep = on_keep,
        .ctx = rig };
    virtual_clock_init(&rig->clock, NOW_S);
    assert_int_equal(loop_create(virtual_clock_source(&rig->clock), &rig->loop), MSGIN5G_OK);
    assert_int_equal(metrics_create(&rig->registry), MSGIN5G_OK);
    assert_int_equal(server_metrics_create(rig->registry, &rig->metrics), MSGIN5G_OK);
    assert_int_equal(topics_create(rig->loop, &config, rig->metrics, &rig->topics), MSGIN5G_OK);
    *state = rig;
    return 0;
}

static int tear_down(void **state)
{
    struct rig *rig = *state;
    topics_free(rig->topics);
    server_metrics_free(rig->metrics);
    metrics_free(rig->registry);
    loop_free(rig->loop);
    free(rig);
    return 0;
}

static struct msgin5g_service_id ue(unsigned number)
{
    struct msgin5g_service_id id;
    char text[64];
    (void)snprintf(text, sizeof text, "im:ue-%u@lab.example", number);
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(text), &id), MSGIN5G_OK);
    return id;
}

static enum msgin5g_err subscribe_until(
    struct rig *rig, const char *topic, unsigned number, int64_t expires_s, bool *is_new)
{
    struct subscription *subscription;
    struct msgin5g_service_id id = ue(number);
    return topics_subscribe(rig->topics, msgin5g_str(topic), &id, expires_s, &subscription, is_new);
}

static enum msgin5g_err subscribe(struct rig *rig, const char *topic, unsigned number)
{
    bool is_new;
    return subscribe_until(rig, topic, number, 0, &is_new);
}

static struct subscription *find(struct rig *rig, const char *topic, unsigned number)
{
    struct msgin5g_service_id id = ue(number);
    return topics_find(rig->topics, msgin5g_str(topic), &id);
}

static bool unsubscribe(struct rig *rig, const char *topic, unsigned number)
{
    struct msgin5g_service_id id = ue(number);
    return topics_unsubscribe(rig->topics, msgin5g_str(topic), &id);
}

static void wait_s(struct rig *rig, int64_t seconds)
{
    virtual_clock_advance(&rig->clock, seconds * 1000);
    assert_int_equal(loop_process(rig->loop, 0), MSGIN5G_OK);
}

static void test_created_refreshed_ended(void **state)
{
    struct rig *rig = *state;
    bool is_new;
    assert_int_equal(subscribe_until(rig, "alarms", 1, 0, &is_new), MSGIN5G_OK);
    assert_true(is_new);
    assert_int_equal(topics_count(rig->topics).topics, 1);
    assert_int_equal(rig->kept_until_s, NOW_S + DAY_S);
    assert_int_equal(subscribe_until(rig, "alarms", 1, NOW_S + 60, &is_new), MSGIN5G_OK);
    assert_false(is_new);
    assert_int_equal(subscription_expires_s(find(rig, "alarms", 1)), NOW_S + 60);
    assert_int_equal(topics_count(rig->topics).subscriptions, 1);
    assert_true(unsubscribe(rig, "alarms", 1));
    assert_false(unsubscribe(rig, "alarms", 1)); /* idempotent, as the answer is DELETED both times */
    assert_int_equal(rig->forgotten, 1);
}

static void test_lifetimes(void **state)
{
    struct rig *rig = *state;
    bool is_new;
    assert_int_equal(subscribe_until(rig, "a", 1, NOW_S, &is_new), MSGIN5G_ERR_EXPIRED);
    assert_int_equal(subscribe_until(rig, "a", 1, 1, &is_new), MSGIN5G_ERR_EXPIRED);
    assert_int_equal(topics_count(rig->topics).topics, 0);
    assert_int_equal(subscribe_until(rig, "a", 1, NOW_S + 365 * DAY_S, &is_new), MSGIN5G_OK);
    assert_int_equal(rig->kept_until_s, NOW_S + 30 * DAY_S);
    assert_int_equal(subscribe_until(rig, "a", 2, NOW_S + 10, &is_new), MSGIN5G_OK);
    wait_s(rig, 9);
    assert_non_null(find(rig, "a", 2));
    wait_s(rig, 1);
    assert_null(find(rig, "a", 2));
    assert_int_equal(rig->kept_until_s, 0);
    assert_non_null(find(rig, "a", 1));
}

static void test_ec8_empty_topic_goes_after_an_hour(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(subscribe(rig, "a", 1), MSGIN5G_OK);
    assert_true(unsubscribe(rig, "a", 1));
    wait_s(rig, 3599);
    assert_int_equal(topics_count(rig->topics).topics, 1);
    assert_int_equal(subscribe(rig, "a", 1), MSGIN5G_OK); /* in time */
    wait_s(rig, 7200);
    assert_int_equal(topics_count(rig->topics).topics, 1);
    assert_true(unsubscribe(rig, "a", 1));
    wait_s(rig, 3600);
    assert_int_equal(topics_count(rig->topics).topics, 0);
}

static void test_limits(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(subscribe(rig, "a", 1), MSGIN5G_OK);
    assert_int_equal(subscribe(rig, "b", 1), MSGIN5G_OK);
    assert_int_equal(subscribe(rig, "c", 1), MSGIN5G_ERR_LIMIT); /* two a UE */
    assert_int_equal(subscribe(rig, "a", 1), MSGIN5G_OK);        /* a refresh is no further one */
    assert_int_equal(subscribe(rig, "c", 2), MSGIN5G_OK);
    assert_int_equal(subscribe(rig, "d", 2), MSGIN5G_ERR_LIMIT); /* three topics */
    for (unsigned i = 3; i < 6; i++)
        assert_int_equal(subscribe(rig, "a", i), MSGIN5G_OK);
    assert_int_equal(subscribe(rig, "a", 6), MSGIN5G_ERR_LIMIT); /* six in all */
    assert_int_equal(topics_count(rig->topics).subscriptions, 6);
}

static void test_restored_without_writing_again(void **state)
{
    struct rig *rig = *state;
    struct msgin5g_service_id id = ue(1), other = ue(2);
    assert_int_equal(topics_restore(rig->topics, msgin5g_str("a"), &id, NOW_S + 5), MSGIN5G_OK);
    assert_int_equal(rig->kept, 0);
    assert_int_equal(topics_restore(rig->topics, msgin5g_str("a"), &id, NOW_S + 500), MSGIN5G_OK); /* it is there */
    assert_int_equal(topics_restore(rig->topics, msgin5g_str("a"), &other, NOW_S - 5), MSGIN5G_ERR_EXPIRED);
    wait_s(rig, 5);
    assert_null(find(rig, "a", 1));
    assert_int_equal(rig->forgotten, 1);
}

static void test_ec37_a_refused_observation_mutes(void **state)
{
    struct rig *rig = *state;
    assert_int_equal(subscribe(rig, "a", 1), MSGIN5G_OK);
    struct subscription *subscription = find(rig, "a", 1);
    topics_observation_ended(subscription_observation(subscription), TRANSPORT_OBSERVE_END_SESSION);
    assert_false(subscription_muted(subscription));
    topics_observation_ended(subscription_observation(subscription), TRANSPORT_OBSERVE_END_REFUSED);
    assert_true(subscription_muted(subscription));
    assert_ptr_equal(find(rig, "a", 1), subscription);
    subscription_observed(subscription);
    assert_false(subscription_muted(subscription));
}

static void assert_next(struct topic_walk *walk, unsigned number)
{
    struct msgin5g_service_id id = ue(number);
    struct subscription *subscription = topic_walk_next(walk);
    assert_non_null(subscription);
    assert_true(msgin5g_str_equal(subscription_subscriber(subscription), msgin5g_str(id.text)));
}

static void test_walk_while_it_changes(void **state)
{
    struct rig *rig = *state;
    struct topic_walk walk, other;
    for (unsigned i = 1; i <= 4; i++)
        assert_int_equal(subscribe(rig, "a", i), MSGIN5G_OK);
    assert_int_equal(topic_walk_begin(&walk, rig->topics, msgin5g_str("a")), 4);
    assert_next(&walk, 1);
    assert_true(unsubscribe(rig, "a", 1));                /* had its turn */
    assert_true(unsubscribe(rig, "a", 3));                /* is skipped */
    assert_int_equal(subscribe(rig, "a", 5), MSGIN5G_OK); /* comes too late, and makes the list grow */
    assert_next(&walk, 2);
    assert_next(&walk, 4);
    assert_null(topic_walk_next(&walk));
    topic_walk_end(&walk);
    assert_int_equal(topic_walk_begin(&other, rig->topics, msgin5g_str("a")), 3);
    assert_next(&other, 2);
    assert_next(&other, 4);
    assert_next(&other, 5);
    assert_null(topic_walk_next(&other));
    topic_walk_end(&other);
}

static void test_topic_outlives_a_walk(void **state)
{
    struct rig *rig = *state;
    struct topic_walk walk;
    assert_int_equal(topic_walk_begin(&walk, rig->topics, msgin5g_str("a")), 0);
    topic_walk_end(&walk);
    assert_int_equal(subscribe(rig, "a", 1), MSGIN5G_OK);
    assert_int_equal(topic_walk_begin(&walk, rig->topics, msgin5g_str("a")), 1);
    assert_true(unsubscribe(rig, "a", 1));
    wait_s(rig, 3600);
    assert_int_equal(topics_count(rig->topics).topics, 1);
    assert_null(topic_walk_next(&walk));
    topic_walk_end(&walk);
    wait_s(rig, 1);
    assert_int_equal(topics_count(rig->topics).topics, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_created_refreshed_ended),
        TEST(test_lifetimes),
        TEST(test_ec8_empty_topic_goes_after_an_hour),
        TEST(test_limits),
        TEST(test_restored_without_writing_again),
        TEST(test_ec37_a_refused_observation_mutes),
        TEST(test_walk_while_it_changes),
        TEST(test_topic_outlives_a_walk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
