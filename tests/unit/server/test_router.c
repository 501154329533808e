/* How a UE is reached (TS 24.538 6.4.1.2.1). */
#include "fake_ues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct route_target target_of(const struct fake_ues *ues, const char *id)
{
    struct route_target target = { .err = MSGIN5G_ERR_INTERNAL };
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(id), &target.recipient), MSGIN5G_OK);
    router_target(ues->router, &target.recipient, &target);
    return target;
}

static void test_registered_ue(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 1);
    struct route_target target = target_of(ues, "IM:ue-2@LAB.example");
    assert_int_equal(target.err, MSGIN5G_OK);
    assert_ptr_equal(target.way, &ues->sessions[1].peer.way);
    assert_ptr_equal(target.registration->peer, &ues->sessions[1].peer);
    assert_string_equal(target.recipient.text, "im:ue-2@lab.example");
}

static void test_ue_that_is_away(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(target_of(ues, "im:ue-2@lab.example").err, MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
    fake_ues_register(ues, 1);
    registrations_peer_closed(ues->registrations, &ues->sessions[1].peer);
    struct route_target target = target_of(ues, "im:ue-2@lab.example");
    assert_int_equal(target.err, MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
    assert_non_null(target.registration);
    assert_null(target.way);
}

static void test_ue_nobody_knows(void **state)
{
    assert_int_equal(target_of(*state, "im:stranger@lab.example").err, MSGIN5G_ERR_UNKNOWN_RECIPIENT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_ues_set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registered_ue),
        TEST(test_ue_that_is_away),
        TEST(test_ue_nobody_knows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
