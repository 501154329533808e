/* The storage actor with real files: queue and records, in the order and with the bounds that store.h states. */
#include "store_fixture.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void messages_come_back_in_order_of_rank_then_id(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_put(fixture, 5, 1, "im:b@x", "normal one"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 6, 1, "im:b@x", "normal two"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 7, 0, "im:b@x", "high"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 8, 0, "im:other@x", "not mine"), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 3);
    assert_int_equal(fixture->ids[0], 7);
    assert_int_equal(fixture->ids[1], 5);
    assert_int_equal(fixture->ids[2], 6);
    assert_string_equal(fixture->text, "normal two");
    assert_false(fixture->more);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 7), MSGIN5G_OK);
    assert_int_equal(fixture->count, 2);
    assert_int_equal(fixture->ids[0], 5);
    assert_int_equal(fixture_page(fixture, "im:nobody@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
}

static void pages_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct store_query query = {
        .recipient = msgin5g_str("im:b@x"), .due_by_s = 0, .expires_by_s = INT64_MAX, .count = 2, .octets = 1000
    };
    for (uint64_t id = 1; id <= 3; id++)
        assert_int_equal(fixture_put(fixture, id, 1, "im:b@x", "0123456789"), MSGIN5G_OK);
    assert_int_equal(fixture_query(fixture, &query), MSGIN5G_OK);
    assert_int_equal(fixture->count, 2);
    assert_true(fixture->more);
    query.octets = 15;
    assert_int_equal(fixture_query(fixture, &query), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_true(fixture->more);
    query.octets = 1; /* less than one: one comes all the same */
    query.after_rank = 1;
    query.after_id = 2;
    assert_int_equal(fixture_query(fixture, &query), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_int_equal(fixture->ids[0], 3);
    assert_false(fixture->more);
    query.count = 0;
    assert_int_equal(fixture_query(fixture, &query), MSGIN5G_ERR_INVALID);
    query.count = STORE_PAGE_MAX + 1;
    assert_int_equal(fixture_query(fixture, &query), MSGIN5G_ERR_INVALID);
}

static void due_and_expired_are_selected(void **state)
{
    struct fixture *fixture = *state;
    struct store_query query = {
        .recipient = msgin5g_str("im:b@x"), .expires_by_s = INT64_MAX, .count = 10, .octets = 1000
    };
    struct store_write *write = store_write_create(fixture->door);
    store_write_body(write, "x", 1);
    for (uint64_t id = 1; id <= 4; id++) {
        struct store_copy copy = { .id = id,
            .due_s = 100 * (int64_t)id,
            .expires_s = 1000 * (int64_t)id,
            .flags = (uint32_t)id,
            .recipient = msgin5g_str("im:b@x") };
        store_write_copy(write, &copy);
    }
    assert_int_equal(store_write_commit(write, fixture_on_done, fixture), MSGIN5G_OK);
    fixture_wait(fixture, 1);
    query.due_by_s = 200;
    assert_int_equal(fixture_query(fixture, &query), MSGIN5G_OK);
    assert_int_equal(fixture->count, 2);
    assert_int_equal(fixture->ids[1], 2);
    assert_int_equal(fixture->next.due_s, 300);
    assert_true(fixture->next.expires_s == INT64_MAX);
    query.due_by_s = INT64_MAX;
    query.expires_by_s = 1000;
    assert_int_equal(fixture_query(fixture, &query), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_int_equal(fixture->ids[0], 1);
    assert_true(fixture->next.due_s == INT64_MAX);
    assert_int_equal(fixture->next.expires_s, 2000);
}

static void copies_share_a_body_until_the_last_goes(void **state)
{
    struct fixture *fixture = *state;
    struct store_write *write = store_write_create(fixture->door);
    char recipient[32], body[100];
    memset(body, 'b', sizeof body);
    store_write_body(write, body, sizeof body);
    for (uint64_t id = 1; id <= 200; id++) {
        snprintf(recipient, sizeof recipient, "im:m%u@x", (unsigned)id);
        struct store_copy copy = { .id = id, .expires_s = 5, .recipient = msgin5g_str(recipient) };
        store_write_copy(write, &copy);
    }
    assert_int_equal(store_write_commit(write, fixture_on_done, fixture), MSGIN5G_OK);
    fixture_wait(fixture, 1);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 200);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_bytes"), 200 * (size_t)128 + sizeof body);
    for (uint64_t id = 1; id < 200; id++)
        store_remove(fixture->door, id);
    assert_int_equal(fixture_page(fixture, "im:m200@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_int_equal(strlen(fixture->text), sizeof body);
    store_remove(fixture->door, 200);
    store_remove(fixture->door, 200); /* not there any more: no error */
    assert_int_equal(fixture_page(fixture, "im:m200@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 0);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_bytes"), 0);
}

static void everything_survives_a_restart(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_put(fixture, 41, 2, "im:b@x", "kept"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 42, 2, "im:b@x", "removed"), MSGIN5G_OK);
    assert_int_equal(fixture_record(fixture, STORE_REGISTRATION, "im:b@x", "value"), MSGIN5G_OK);
    store_remove(fixture->door, 42); /* nobody waits: closing the door does */
    fixture_close(fixture);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(store_highest_id(fixture->store), 41);
    assert_int_equal(fixture_page(fixture, "im:b@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_string_equal(fixture->text, "kept");
    assert_int_equal(fixture_records(fixture, STORE_REGISTRATION), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_string_equal(fixture->text, "value");
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_bytes"), 128 + 4);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_damaged_total"), 0);
}

static void summaries_count_each_recipient(void **state)
{
    struct fixture *fixture = *state;
    struct store_write *write = store_write_create(fixture->door);
    char recipient[32];
    for (uint64_t id = 1; id <= 3000; id++) { /* more than one batch of them */
        snprintf(recipient, sizeof recipient, "im:%05u@x", (unsigned)id / 2);
        struct store_copy copy = { .id = id, .expires_s = 9, .recipient = msgin5g_str(recipient) };
        store_write_body(write, "four", 4);
        store_write_copy(write, &copy);
    }
    assert_int_equal(store_write_commit(write, fixture_on_done, fixture), MSGIN5G_OK);
    fixture_wait(fixture, 1);
    assert_int_equal(fixture_summaries(fixture), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1501);
    assert_string_equal(fixture->text, "im:01500@x 1 4");
}

static void records_are_replaced_and_removed_by_key(void **state)
{
    struct fixture *fixture = *state;
    char key[8];
    assert_int_equal(fixture_record(fixture, STORE_TOPIC, "weather", "one"), MSGIN5G_OK);
    assert_int_equal(fixture_record(fixture, STORE_TOPIC, "weather", "two"), MSGIN5G_OK);
    assert_int_equal(fixture_record(fixture, STORE_SUBSCRIPTION, "weather", "other kind"), MSGIN5G_OK);
    assert_int_equal(fixture_records(fixture, STORE_TOPIC), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_string_equal(fixture->text, "two");
    struct store_write *write = store_write_create(fixture->door);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "%04u", i);
        store_write_record(write, STORE_DUPLICATE, msgin5g_str(key), key, 4, 0);
    }
    store_write_forget(write, STORE_TOPIC, msgin5g_str("weather"));
    store_write_forget(write, STORE_TOPIC, msgin5g_str("never there"));
    store_write_forget_through(write, STORE_DUPLICATE, msgin5g_str("0099"));
    assert_int_equal(store_write_commit(write, NULL, NULL), MSGIN5G_OK);
    assert_int_equal(fixture_records(fixture, STORE_TOPIC), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
    assert_int_equal(fixture_records(fixture, STORE_DUPLICATE), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1900);
    assert_string_equal(fixture->text, "1999");
    assert_int_equal(fixture_records(fixture, STORE_SUBSCRIPTION), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
}

static void expired_records_are_gone(void **state)
{
    struct fixture *fixture = *state;
    struct store_write *write = store_write_create(fixture->door);
    store_write_record(write, STORE_AWAITED_REPORT, msgin5g_str("old"), "a", 1, 1000);
    store_write_record(write, STORE_AWAITED_REPORT, msgin5g_str("new"), "b", 1, INT64_MAX);
    assert_int_equal(store_write_commit(write, NULL, NULL), MSGIN5G_OK);
    assert_int_equal(fixture_records(fixture, STORE_AWAITED_REPORT), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_string_equal(fixture->text, "b");
}

static void over_the_quota_is_refused_as_a_whole(void **state)
{
    struct fixture *fixture = *state;
    fixture_close(fixture);
    fixture->quota_octets = 1000;
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    char body[601];
    memset(body, 'x', 600);
    body[600] = '\0';
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", body), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 2, 0, "im:b@x", body), MSGIN5G_ERR_QUEUE_FULL);
    struct store_write *write = store_write_create(fixture->door);
    struct store_copy copy = { .id = 3, .expires_s = 9, .recipient = msgin5g_str("im:b@x") };
    store_write_record(write, STORE_DUPLICATE, msgin5g_str("mark"), "m", 1, 0);
    store_write_body(write, body, 600);
    store_write_copy(write, &copy);
    assert_int_equal(store_write_commit(write, fixture_on_done, fixture), MSGIN5G_OK);
    fixture_wait(fixture, 3);
    assert_int_equal(fixture->err, MSGIN5G_ERR_QUEUE_FULL);
    assert_int_equal(fixture_records(fixture, STORE_DUPLICATE), MSGIN5G_OK);
    assert_int_equal(fixture->count, 0);
    assert_true(store_healthy(fixture->store));
    store_remove(fixture->door, 1);
    assert_int_equal(fixture_put(fixture, 2, 0, "im:b@x", body), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_writes_total{result=\"full\"}"), 2);
}

static void an_id_used_twice_fails_alone(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(fixture_put(fixture, 7, 0, "im:b@x", "first"), MSGIN5G_OK);
    assert_int_equal(fixture_put(fixture, 7, 0, "im:c@x", "second"), MSGIN5G_ERR_INVALID);
    assert_int_equal(fixture_put(fixture, 8, 0, "im:c@x", "third"), MSGIN5G_OK);
    assert_int_equal(fixture_page(fixture, "im:c@x", 0, 0), MSGIN5G_OK);
    assert_int_equal(fixture->count, 1);
    assert_true(store_healthy(fixture->store));
}

static enum msgin5g_err commit_copy(struct fixture *fixture, struct store_copy copy, size_t body_octets)
{
    static const char body[STORE_BODY_MAX + 1];
    struct store_write *write = store_write_create(fixture->door);
    store_write_body(write, body, body_octets);
    store_write_copy(write, &copy);
    return store_write_commit(write, fixture_on_done, fixture);
}

static void nonsense_is_refused_at_once(void **state)
{
    struct fixture *fixture = *state;
    const struct store_copy good = { .id = 1, .recipient = msgin5g_str("im:b@x") };
    struct store_copy bad = good;
    bad.id = 0;
    assert_int_equal(commit_copy(fixture, bad, 1), MSGIN5G_ERR_INVALID);
    bad.id = (uint64_t)INT64_MAX + 1;
    assert_int_equal(commit_copy(fixture, bad, 1), MSGIN5G_ERR_INVALID);
    bad = good;
    bad.rank = -1;
    assert_int_equal(commit_copy(fixture, bad, 1), MSGIN5G_ERR_INVALID);
    bad = good;
    bad.recipient.length = 0;
    assert_int_equal(commit_copy(fixture, bad, 1), MSGIN5G_ERR_INVALID);
    assert_int_equal(commit_copy(fixture, good, STORE_BODY_MAX + 1), MSGIN5G_ERR_INVALID);
    struct store_write *write = store_write_create(fixture->door);
    store_write_copy(write, &good); /* without a body */
    assert_int_equal(store_write_commit(write, fixture_on_done, fixture), MSGIN5G_ERR_INVALID);
    write = store_write_create(fixture->door);
    store_write_body(write, "x", 1);
    store_write_copy(write, &good);
    assert_int_equal(store_write_commit(write, NULL, NULL), MSGIN5G_ERR_INVALID); /* a copy that nobody waits for */
    store_write_free(store_write_create(fixture->door));
    assert_int_equal(fixture->done, 0);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 0);
}

static void too_much_at_once_is_refused(void **state)
{
    struct fixture *fixture = *state;
    static const char body[STORE_BODY_MAX];
    struct store_copy copy = { .id = 1, .recipient = msgin5g_str("im:b@x") };
    struct store_write *write = store_write_create(fixture->door);
    for (unsigned i = 0; i < STORE_WRITE_MAX / STORE_BODY_MAX; i++)
        store_write_body(write, body, sizeof body);
    store_write_copy(write, &copy);
    assert_int_equal(store_write_commit(write, fixture_on_done, fixture), MSGIN5G_ERR_LIMIT);
    size_t accepted = 0;
    enum msgin5g_err err;
    while ((err = commit_copy(fixture, copy, STORE_BODY_MAX)) == MSGIN5G_OK) {
        copy.id++;
        accepted++;
    }
    assert_int_equal(err, MSGIN5G_ERR_OVERLOADED);
    assert_in_range(accepted, 32, 64);
    fixture_wait(fixture, accepted);
    assert_int_equal(commit_copy(fixture, copy, 1), MSGIN5G_OK); /* there is room again */
    fixture_wait(fixture, accepted + 1);
    assert_int_equal(fixture->err, MSGIN5G_OK);
}

static void closing_the_door_waits_for_everything(void **state)
{
    struct fixture *fixture = *state;
    struct store_copy copy = { .id = 1, .recipient = msgin5g_str("im:b@x") };
    for (; copy.id <= 500; copy.id++)
        assert_int_equal(commit_copy(fixture, copy, 10), MSGIN5G_OK);
    fixture_close(fixture);
    assert_int_equal(fixture->done, 500);
    assert_int_equal(fixture->err, MSGIN5G_OK);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(store_highest_id(fixture->store), 500);
}

static void remove_first(void *ctx, enum msgin5g_err err)
{
    struct fixture *fixture = ctx;
    store_remove(fixture->door, 1);
    fixture_on_done(ctx, err);
}

static void a_message_can_be_removed_while_the_door_closes(void **state)
{
    struct fixture *fixture = *state;
    struct store_copy copy = { .id = 1, .recipient = msgin5g_str("im:b@x") };
    struct store_write *write = store_write_create(fixture->door);
    store_write_body(write, "x", 1);
    store_write_copy(write, &copy);
    assert_int_equal(store_write_commit(write, remove_first, fixture), MSGIN5G_OK);
    fixture_close(fixture);
    assert_int_equal(fixture->done, 1);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
    assert_int_equal(fixture_metric(fixture, "msgin5g_store_messages"), 0);
}

static void a_long_read_ends_when_the_door_closes(void **state)
{
    struct fixture *fixture = *state;
    char key[8];
    struct store_write *write = store_write_create(fixture->door);
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(key, sizeof key, "%04u", i);
        store_write_record(write, STORE_DUPLICATE, msgin5g_str(key), key, 4, 0);
    }
    assert_int_equal(store_write_commit(write, NULL, NULL), MSGIN5G_OK);
    assert_int_equal(fixture_read_records(fixture, STORE_DUPLICATE), MSGIN5G_OK);
    fixture_close(fixture);
    assert_int_equal(fixture->done, 1);
    assert_int_equal(fixture->err, MSGIN5G_ERR_CLOSED);
    assert_in_range(fixture->count, 1, 1999);
    assert_int_equal(fixture_open(fixture), MSGIN5G_OK);
}

static void two_servers_cannot_open_one_store(void **state)
{
    struct fixture *fixture = *state;
    struct store_config config = { fixture->folder, NULL, 1000 };
    struct store *second = NULL;
    assert_int_equal(store_open(&config, fixture->metrics, &second), MSGIN5G_ERR_CLOSED);
    assert_null(second);
}

static void files_belong_to_the_owner_alone(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = { "store.db", "store.db-wal", "store.db-shm", "store.lock", "store.commits" };
    struct stat info;
    assert_int_equal(fixture_put(fixture, 1, 0, "im:b@x", "body"), MSGIN5G_OK);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(stat(fixture_path(fixture, names[i]), &info), 0);
        assert_int_equal(info.st_mode & 0777, 0600);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_create, fixture_destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(messages_come_back_in_order_of_rank_then_id),
        TEST(pages_are_bounded),
        TEST(due_and_expired_are_selected),
        TEST(copies_share_a_body_until_the_last_goes),
        TEST(everything_survives_a_restart),
        TEST(summaries_count_each_recipient),
        TEST(records_are_replaced_and_removed_by_key),
        TEST(expired_records_are_gone),
        TEST(over_the_quota_is_refused_as_a_whole),
        TEST(an_id_used_twice_fails_alone),
        TEST(nonsense_is_refused_at_once),
        TEST(too_much_at_once_is_refused),
        TEST(closing_the_door_waits_for_everything),
        TEST(a_message_can_be_removed_while_the_door_closes),
        TEST(a_long_read_ends_when_the_door_closes),
        TEST(two_servers_cannot_open_one_store),
        TEST(files_belong_to_the_owner_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
