/* REG and DEREG (TS 24.538 6.3.1.2): who may, for how long, over which session. */
#include "fake_ues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int send_reg(struct fake_ues *ues, size_t ue, const char *type, const char *id, const char *more)
{
    char json[512];
    snprintf(json, sizeof json,
        "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"%s\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"%s\"}%s}",
        type, id, more);
    return fake_ues_post(ues, ue, json);
}

static bool is_registered(const struct fake_ues *ues, const char *text)
{
    struct msgin5g_service_id id;
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(text), &id), MSGIN5G_OK);
    return registrations_find(ues->registrations, &id) != NULL;
}

static void assert_answered(const struct fake_ues *ues, const char *part)
{
    assert_non_null(strstr(fake_ues_answer_text(ues), part));
}

static void test_first_and_second_registration(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":3600"), 201);
    assert_answered(ues, "\"result\":true");
    assert_answered(ues, "\"regExpTime\":3600");
    assert_answered(ues, "im:ue-1@lab.example");
    assert_int_equal(ues->answer.format, TRANSPORT_FORMAT_JSON);
    assert_int_equal(send_reg(ues, 0, "REG", "IM:ue-1@LAB.example", ""), 204);
    assert_int_equal(directory_count(ues->directory), 1);
    assert_int_equal(metric_value(ues->metrics->registrations), 1);
}

static void test_lifetimes_are_clamped(void **state)
{
    struct fake_ues *ues = *state;
    send_reg(ues, 0, "REG", "im:ue-1@lab.example", "");
    assert_answered(ues, "\"regExpTime\":3600");
    send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":1");
    assert_answered(ues, "\"regExpTime\":60");
    send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":99999999");
    assert_answered(ues, "\"regExpTime\":604800");
}

static void test_registration_runs_out(void **state)
{
    struct fake_ues *ues = *state;
    send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":100");
    fake_ues_wait_s(ues, 99);
    send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":100");
    fake_ues_wait_s(ues, 99);
    assert_true(is_registered(ues, "im:ue-1@lab.example"));
    fake_ues_wait_s(ues, 1);
    assert_false(is_registered(ues, "im:ue-1@lab.example"));
    assert_int_equal(metric_value(ues->metrics->registrations_expired), 1);
}

/* Over OSCORE nothing tells a UE that its key is over: its registration does. */
static void test_lifetime_ends_with_the_key(void **state)
{
    struct fake_ues *ues = *state;
    struct peer *peer = &ues->sessions[0].peer;
    peer->registrations_until_s = loop_utc_s(ues->loop) + 1000;
    assert_int_equal(send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":100"), 201);
    assert_answered(ues, "\"regExpTime\":100");
    send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":3600");
    assert_answered(ues, "\"regExpTime\":1000");
    peer->registrations_until_s = loop_utc_s(ues->loop) - 5;
    send_reg(ues, 0, "REG", "im:ue-1@lab.example", ",\"regExpTime\":3600");
    assert_answered(ues, "\"regExpTime\":1");
}

static void test_registrations_move_with_their_ue(void **state)
{
    struct fake_ues *ues = *state;
    struct peer *from = &ues->sessions[0].peer, *to = &ues->sessions[1].peer;
    struct msgin5g_service_id id;
    fake_ues_register(ues, 0);
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str("im:ue-1@lab.example"), &id), MSGIN5G_OK);
    registrations_move(ues->registrations, from, to); /* of another identity: it stays, without a session */
    assert_null(registrations_find(ues->registrations, &id)->peer);
    assert_null(from->registrations);
    fake_ues_register(ues, 0);
    to->identity = from->identity;
    registrations_move(ues->registrations, from, to);
    assert_ptr_equal(registrations_find(ues->registrations, &id)->peer, to);
    assert_int_equal(to->registration_count, 1);
}

/* N15: a good key for the wrong UE Service ID. */
static void test_foreign_service_id_is_refused(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_reg(ues, 0, "REG", "im:ue-2@lab.example", ""), 403);
    assert_answered(ues, "\"result\":false");
    assert_answered(ues, "\"cause\":\"UNAUTHORIZED_ORIGINATOR\"");
    assert_false(is_registered(ues, "im:ue-2@lab.example"));
}

/* N17: nobody knows who this is. */
static void test_peer_without_identity_is_refused(void **state)
{
    assert_int_equal(send_reg(*state, 3, "REG", "im:ue-1@lab.example", ""), 403);
    assert_int_equal(directory_count(((struct fake_ues *)*state)->directory), 0);
}

static void test_template_binds_by_imsi(void **state)
{
    assert_int_equal(send_reg(*state, 0, "REG", "im:ue-001010000000001@template.example", ""), 201);
    assert_int_equal(send_reg(*state, 0, "REG", "im:ue-001010000000002@template.example", ""), 403);
}

static void test_lack_of_room_is_policy(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(send_reg(ues, 0, "REG", "im:ue-1@lab.example", ""), 201);
    assert_int_equal(send_reg(ues, 0, "REG", "im:ue-001010000000001@template.example", ""), 201);
    assert_int_equal(send_reg(ues, 1, "REG", "im:ue-2@lab.example", ""), 201);
    assert_int_equal(send_reg(ues, 1, "REG", "im:ue-001010000000002@template.example", ""), 201);
    assert_int_equal(send_reg(ues, 2, "REG", "im:ue-3@lab.example", ""), 201);
    assert_int_equal(send_reg(ues, 2, "REG", "im:ue-001010000000003@template.example", ""), 204);
    assert_answered(ues, "\"result\":false");
    /* Who is there may come again. */
    assert_int_equal(send_reg(ues, 2, "REG", "im:ue-3@lab.example", ""), 204);
    assert_answered(ues, "\"result\":true");
}

static void test_deregistration(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 0);
    assert_int_equal(send_reg(ues, 0, "DEREG", "im:ue-1@lab.example", ""), 204);
    assert_answered(ues, "\"result\":true");
    assert_false(is_registered(ues, "im:ue-1@lab.example"));
    assert_int_equal(send_reg(ues, 0, "DEREG", "im:ue-1@lab.example", ""), 204);
    assert_answered(ues, "\"result\":false");
    assert_answered(ues, "\"cause\":\"NOT_REGISTERED\"");
}

static void test_nobody_deregisters_somebody_else(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 0);
    assert_int_equal(send_reg(ues, 1, "DEREG", "im:ue-1@lab.example", ""), 403);
    assert_true(is_registered(ues, "im:ue-1@lab.example"));
}

/* EC-2: the latest session of a UE is the one that counts; the one before is of no use any more. */
static void test_new_session_takes_over(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 0);
    ues->sessions[3].peer.identity = ues->sessions[0].peer.identity;
    assert_int_equal(send_reg(ues, 3, "REG", "im:ue-1@lab.example", ""), 204);
    assert_ptr_equal(ues->superseded, &ues->sessions[0].peer);
    assert_null(ues->sessions[0].peer.registrations);
    assert_ptr_equal(ues->sessions[3].peer.registrations->peer, &ues->sessions[3].peer);
}

static void test_registration_survives_its_session(void **state)
{
    struct fake_ues *ues = *state;
    struct msgin5g_service_id id;
    fake_ues_register(ues, 0);
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str("im:ue-1@lab.example"), &id), MSGIN5G_OK);
    registrations_peer_closed(ues->registrations, &ues->sessions[0].peer);
    assert_true(is_registered(ues, "im:ue-1@lab.example"));
    /* Back over another session, any request of the same UE brings it back; another UE's does not. */
    assert_int_equal(
        registrations_authorise(ues->registrations, &ues->sessions[1].peer, &id), MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR);
    ues->sessions[3].peer.identity = ues->sessions[0].peer.identity;
    assert_int_equal(registrations_authorise(ues->registrations, &ues->sessions[3].peer, &id), MSGIN5G_OK);
    assert_ptr_equal(registrations_find(ues->registrations, &id)->peer, &ues->sessions[3].peer);
}

static void test_bindings_that_go_end_registrations(void **state)
{
    struct fake_ues *ues = *state;
    char nothing[] = "", id[] = "im:ue-2@lab.example";
    char *ids[] = { id };
    struct binding_config binding = { .identity = ues->sessions[1].peer.identity, .service_ids = { ids, 1 } };
    struct server_config config = { .binding_template = nothing, .bindings = { &binding, 1 } };
    struct identity_map *map;
    fake_ues_register(ues, 0);
    fake_ues_register(ues, 1);
    assert_int_equal(identity_map_create(&config, &map), MSGIN5G_OK);
    assert_int_equal(registrations_rebind(ues->registrations, map), 1);
    identity_map_free(ues->map);
    ues->map = map;
    assert_false(is_registered(ues, "im:ue-1@lab.example"));
    assert_true(is_registered(ues, "im:ue-2@lab.example"));
    assert_int_equal(send_reg(ues, 0, "REG", "im:ue-1@lab.example", ""), 403);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_ues_set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_first_and_second_registration),
        TEST(test_lifetimes_are_clamped),
        TEST(test_registration_runs_out),
        TEST(test_lifetime_ends_with_the_key),
        TEST(test_registrations_move_with_their_ue),
        TEST(test_foreign_service_id_is_refused),
        TEST(test_peer_without_identity_is_refused),
        TEST(test_template_binds_by_imsi),
        TEST(test_lack_of_room_is_policy),
        TEST(test_deregistration),
        TEST(test_nobody_deregisters_somebody_else),
        TEST(test_new_session_takes_over),
        TEST(test_registration_survives_its_session),
        TEST(test_bindings_that_go_end_registrations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
