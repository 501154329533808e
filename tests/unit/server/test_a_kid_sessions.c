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
        cmocka_unit_test_setup_teardown(test_a_member_moves, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
