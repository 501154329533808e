/* Sessions by A-KID: all of one A-KID are found, whatever the case of its realm, and nobody else's. */
#include "a_kid_sessions.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define A_KID       "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define A_KID_UPPER "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5GC.MNC001.MCC001.3GPPNETWORK.ORG"
#define A_KID_2     "0.ryqwa1hPPSqB6HtP_YHkYqPPSgzEg_VEa2koJgoszEg@5gc.mnc001.mcc001.3gppnetwork.org"

static int setup(void **state)
{
    return a_kid_sessions_create((struct a_kid_sessions **)state) == MSGIN5G_OK ? 0 : -1;
}

static int teardown(void **state)
{
    a_kid_sessions_free(*state);
    return 0;
}

static void leave(void *ctx, struct a_kid_member *member)
{
    a_kid_sessions_leave(ctx, member);
}

static void test_all_of_one_a_kid(void **state)
{
    struct a_kid_sessions *sessions = *state;
    struct a_kid_member members[3] = { 0 };
    assert_int_equal(a_kid_sessions_join(sessions, &members[0], msgin5g_str(A_KID)), MSGIN5G_OK);
    assert_int_equal(a_kid_sessions_join(sessions, &members[1], msgin5g_str(A_KID_UPPER)), MSGIN5G_OK);
    assert_int_equal(a_kid_sessions_join(sessions, &members[2], msgin5g_str(A_KID_2)), MSGIN5G_OK);
    assert_int_equal(a_kid_sessions_each(sessions, msgin5g_str(A_KID_UPPER), leave, sessions), 2);
    assert_null(members[0].entry);
    assert_null(members[1].entry);
    assert_non_null(members[2].entry);
    assert_int_equal(a_kid_sessions_each(sessions, msgin5g_str(A_KID), leave, sessions), 0);
    a_kid_sessions_leave(sessions, &members[2]);
}

struct others {
    struct a_kid_sessions *sessions;
    struct a_kid_member *seen[3];
    size_t count;
};

static void note_and_leave(void *ctx, struct a_kid_member *other)
{
    struct others *others = ctx;
    others->seen[others->count++] = other;
    a_kid_sessions_leave(others->sessions, other);
}

static void test_the_others_of_an_a_kid(void **state)
{
    struct others others = { .sessions = *state };
    struct a_kid_member members[4] = { 0 };
    for (int i = 0; i < 3; i++)
        assert_int_equal(a_kid_sessions_join(others.sessions, &members[i], msgin5g_str(A_KID)), MSGIN5G_OK);
    a_kid_sessions_each_other(&members[1], note_and_leave, &others);
    assert_int_equal(others.count, 2);
    assert_ptr_equal(others.seen[0], &members[0]);
    assert_ptr_equal(others.seen[1], &members[2]);
    assert_non_null(members[1].entry);
    a_kid_sessions_each_other(&members[3], note_and_leave, &others); /* in no table */
    assert_int_equal(others.count, 2);
    a_kid_sessions_leave(others.sessions, &members[1]);
}

static void test_a_member_moves(void **state)
{
    struct a_kid_sessions *sessions = *state;
    struct a_kid_member member = { 0 };
    assert_int_equal(a_kid_sessions_join(sessions, &member, msgin5g_str(A_KID)), MSGIN5G_OK);
    assert_int_equal(a_kid_sessions_join(sessions, &member, msgin5g_str(A_KID_2)), MSGIN5G_OK);
    assert_int_equal(a_kid_sessions_each(sessions, msgin5g_str(A_KID), leave, sessions), 0);
    assert_int_equal(a_kid_sessions_join(sessions, &member, msgin5g_str("no a-kid")), MSGIN5G_ERR_MALFORMED_A_KID);
    assert_null(member.entry);
    a_kid_sessions_leave(sessions, &member);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_all_of_one_a_kid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_the_others_of_an_a_kid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_member_moves, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
