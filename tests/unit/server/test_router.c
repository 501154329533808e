/* Destinations and their targets (TS 24.538 6.4.1.2.1). */
#include "fake_ues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static enum msgin5g_err find(
    const struct fake_ues *ues, enum msgin5g_addr_type type, const char *addr, struct route *out)
{
    struct msgin5g_address destination = { type, msgin5g_str(addr) };
    return router_find(ues->router, &destination, out);
}

static void test_registered_ue(void **state)
{
    struct fake_ues *ues = *state;
    struct route route;
    fake_ues_register(ues, 1);
    assert_int_equal(find(ues, MSGIN5G_ADDR_UE, "IM:ue-2@LAB.example", &route), MSGIN5G_OK);
    assert_int_equal(route.count, 1);
    assert_int_equal(route.targets[0].err, MSGIN5G_OK);
    assert_ptr_equal(route.targets[0].way, &ues->sessions[1].peer.way);
    assert_ptr_equal(route.targets[0].registration->peer, &ues->sessions[1].peer);
    assert_string_equal(route.targets[0].recipient.text, "im:ue-2@lab.example");
}

static void test_ue_that_is_away(void **state)
{
    struct fake_ues *ues = *state;
    struct route route;
    assert_int_equal(find(ues, MSGIN5G_ADDR_UE, "im:ue-2@lab.example", &route), MSGIN5G_OK);
    assert_int_equal(route.targets[0].err, MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
    fake_ues_register(ues, 1);
    registrations_peer_closed(ues->registrations, &ues->sessions[1].peer);
    assert_int_equal(find(ues, MSGIN5G_ADDR_UE, "im:ue-2@lab.example", &route), MSGIN5G_OK);
    assert_int_equal(route.targets[0].err, MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
    assert_non_null(route.targets[0].registration);
    assert_null(route.targets[0].way);
}

static void test_ue_nobody_knows(void **state)
{
    struct route route;
    assert_int_equal(find(*state, MSGIN5G_ADDR_UE, "im:stranger@lab.example", &route), MSGIN5G_OK);
    assert_int_equal(route.targets[0].err, MSGIN5G_ERR_UNKNOWN_RECIPIENT);
    assert_int_equal(find(*state, MSGIN5G_ADDR_UE, "no uri at all", &route), MSGIN5G_ERR_MALFORMED);
}

static void test_what_is_not_built_yet(void **state)
{
    static const enum msgin5g_addr_type types[] = { MSGIN5G_ADDR_AS, MSGIN5G_ADDR_GROUP, MSGIN5G_ADDR_BC,
        MSGIN5G_ADDR_TOPIC };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct route route;
        assert_int_equal(find(*state, types[i], "im:x@lab.example", &route), MSGIN5G_ERR_NO_ROUTE);
        assert_int_equal(route.count, 0);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_ues_set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_registered_ue),
        TEST(test_ue_that_is_away),
        TEST(test_ue_nobody_knows),
        TEST(test_what_is_not_built_yet),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
