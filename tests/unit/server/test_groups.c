/* Groups from the configuration: members, who may send, what a reload changes (EC-36, decision D16). */
#include "groups_local.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Configurations own their texts; these do not. */
#define TEXT(text) ((char *)(text))

static struct msgin5g_service_id id(const char *text)
{
    struct msgin5g_service_id out;
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(text), &out), MSGIN5G_OK);
    return out;
}

static struct group *find(struct groups *groups, const char *text)
{
    struct msgin5g_service_id group_id = id(text);
    return groups_find(groups, &group_id);
}

static bool may_send(const struct group *group, enum msgin5g_addr_type type, const char *text)
{
    struct msgin5g_service_id originator = id(text);
    return group_may_send(group, type, &originator);
}

static char *members[] = { TEXT("im:c@LAB.example"), TEXT("im:a@lab.example"), TEXT("im:b@lab.example"),
    TEXT("im:a@lab.example") };
static char *allowed[] = { TEXT("im:boss@lab.example") };

static struct server_config config_of(struct group_config *groups, size_t count)
{
    return (struct server_config){ .groups = { groups, count } };
}

static void test_members_once_and_in_order(void **state)
{
    struct group_config pumps = { .id = TEXT("IM:pumps@lab.example"), .members = { members, 4 } };
    struct server_config config = config_of(&pumps, 1);
    struct groups *groups;
    struct msgin5g_service_id stranger = id("im:d@lab.example"), member = id("im:c@lab.example");
    (void)state;
    assert_int_equal(groups_local_create(&config, &groups), MSGIN5G_OK);
    struct group *group = find(groups, "im:pumps@lab.example");
    assert_non_null(group);
    assert_int_equal(group->member_count, 3);
    assert_true(msgin5g_str_equal(group->members[0], msgin5g_str("im:a@lab.example")));
    assert_true(msgin5g_str_equal(group->members[2], msgin5g_str("im:c@lab.example")));
    assert_true(group_has_member(group, &member));
    assert_false(group_has_member(group, &stranger));
    assert_null(find(groups, "im:other@lab.example"));
    groups_local_free(groups);
    assert_int_equal(group->member_count, 3); /* held: a fan-out under way may go on */
    group_release(group);
}

static void test_ec36_senders(void **state)
{
    static const struct {
        enum group_senders senders;
        bool member, stranger, as, boss;
    } rows[] = {
        { GROUP_SENDERS_MEMBERS, true, false, true, false },
        { GROUP_SENDERS_ANYONE, true, true, true, true },
        { GROUP_SENDERS_LIST, false, false, false, true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct group_config pumps = { .id = TEXT("im:pumps@lab.example"),
            .members = { members, 4 },
            .senders = (int)rows[i].senders,
            .allowed = { allowed, 1 } };
        struct server_config config = config_of(&pumps, 1);
        struct groups *groups;
        assert_int_equal(groups_local_create(&config, &groups), MSGIN5G_OK);
        struct group *group = find(groups, "im:pumps@lab.example");
        assert_int_equal(may_send(group, MSGIN5G_ADDR_UE, "im:a@lab.example"), rows[i].member);
        assert_int_equal(may_send(group, MSGIN5G_ADDR_UE, "im:d@lab.example"), rows[i].stranger);
        assert_int_equal(may_send(group, MSGIN5G_ADDR_AS, "im:as@lab.example"), rows[i].as);
        assert_int_equal(may_send(group, MSGIN5G_ADDR_UE, "im:boss@lab.example"), rows[i].boss);
        group_release(group);
        groups_local_free(groups);
    }
}

static void test_reload_changes_groups_nobody_holds(void **state)
{
    struct group_config before[] = { { .id = TEXT("im:same@lab.example"), .members = { members, 4 } },
        { .id = TEXT("im:other@lab.example"), .members = { members, 4 } } };
    struct group_config after[] = { { .id = TEXT("im:other@lab.example"), .members = { members, 2 } },
        { .id = TEXT("im:same@lab.example"), .members = { members, 4 } } };
    struct server_config first = config_of(before, 2), second = config_of(after, 2), none = config_of(NULL, 0);
    struct groups *groups;
    size_t count = 0;
    (void)state;
    assert_int_equal(groups_local_create(&first, &groups), MSGIN5G_OK);
    struct group *held = find(groups, "im:other@lab.example");
    assert_int_equal(groups_local_reload(groups, &second, &count), MSGIN5G_OK);
    assert_int_equal(count, 2);
    assert_int_equal(held->member_count, 3);
    struct group *now = find(groups, "im:other@lab.example");
    assert_int_equal(now->member_count, 2);
    group_release(now);
    group_release(held);
    assert_int_equal(groups_local_reload(groups, &none, &count), MSGIN5G_OK);
    assert_int_equal(count, 0);
    assert_null(find(groups, "im:same@lab.example"));
    groups_local_free(groups);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_members_once_and_in_order),
        cmocka_unit_test(test_ec36_senders),
        cmocka_unit_test(test_reload_changes_groups_nobody_holds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
