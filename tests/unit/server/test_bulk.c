/* Bulk registration by a Gateway UE (TS 24.538 6.3.4.4): each entry is judged by itself, only gateways may. */
#include "fake_ues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define GATEWAY 2
#define HEAD(type, name)                                                                                               \
    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"" type                                                            \
    "\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:" name "@lab.example\"}"
#define REG(name)           HEAD("REG", name) ",\"urgentTag\":false,\"regExpTime\":600}"
#define DEREG(name)         HEAD("DEREG", name) "}"
#define BREG(count, list)   HEAD("BREG", "ue-3") ",\"indRegCount\":" count ",\"indRegs\":[" list "]}"
#define BDEREG(count, list) HEAD("DEREG", "ue-3") ",\"indDeregCount\":" count ",\"indDeregs\":[" list "]}"
#define GRANTED(name)       "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:" name "@lab.example\"},\"result\":true"
#define REFUSED(name, cause)                                                                                           \
    "{\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:" name "@lab.example\"},\"result\":false,\"cause\":\"" cause   \
    "\"}"

static struct registration *find(const struct fake_ues *ues, const char *text)
{
    struct msgin5g_service_id id;
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(text), &id), MSGIN5G_OK);
    return registrations_find(ues->registrations, &id);
}

static void assert_answered(const struct fake_ues *ues, const char *body)
{
    assert_string_equal(fake_ues_answer_text(ues), body);
    assert_int_equal(ues->answer.format, TRANSPORT_FORMAT_JSON);
}

static void test_entries_are_judged_one_by_one(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, GATEWAY);
    assert_int_equal(
        fake_ues_post(ues, GATEWAY,
            BREG("4", REG("sens-1") "," REG("ue-1") "," HEAD("REG", "sens-2") ",\"regExpTime\":true}," REG("sens-3"))),
        201);
    assert_answered(ues, "{\"indRegCount\":4,\"indRegs\":[" GRANTED("sens-1") ",\"regExpTime\":600}," REFUSED(
                             "ue-1", "UNAUTHORIZED_ORIGINATOR") "," REFUSED("sens-2",
                             "MALFORMED") "," GRANTED("sens-3") ",\"regExpTime\":600}]}");
    assert_ptr_equal(find(ues, "im:sens-1@lab.example")->peer, &ues->sessions[GATEWAY].peer);
    assert_null(find(ues, "im:ue-1@lab.example"));
    assert_null(find(ues, "im:sens-2@lab.example"));
    assert_int_equal(fake_ues_post(ues, GATEWAY, BREG("1", REG("sens-1"))), 204); /* nobody new */
}

static void test_only_a_gateway_may(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 0);
    assert_int_equal(
        fake_ues_post(ues, 0, HEAD("BREG", "ue-1") ",\"indRegCount\":1,\"indRegs\":[" REG("ue-1") "]}"), 403);
    assert_int_equal(
        fake_ues_post(ues, 0, HEAD("DEREG", "ue-1") ",\"indDeregCount\":1,\"indDeregs\":[" DEREG("ue-1") "]}"), 403);
    assert_non_null(find(ues, "im:ue-1@lab.example"));
    assert_int_equal(fake_ues_post(ues, 0, BREG("1", REG("sens-1"))), 403);       /* as the gateway */
    assert_int_equal(fake_ues_post(ues, GATEWAY, BREG("1", REG("sens-1"))), 403); /* not registered itself */
    assert_null(find(ues, "im:sens-1@lab.example"));
}

static void test_limit_of_a_gateway(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, GATEWAY);
    fake_ues_post(ues, GATEWAY, BREG("4", REG("sens-1") "," REG("sens-2") "," REG("sens-3") "," REG("sens-4")));
    assert_non_null(strstr(fake_ues_answer_text(ues), REFUSED("sens-4", "RATE_LIMITED")));
    assert_int_equal(ues->sessions[GATEWAY].peer.registration_count, 4);
}

static void test_bulk_deregistration(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, GATEWAY);
    fake_ues_post(ues, GATEWAY, BREG("2", REG("sens-1") "," REG("sens-2")));
    assert_int_equal(
        fake_ues_post(ues, GATEWAY, BDEREG("3", DEREG("sens-1") "," DEREG("sens-3") "," DEREG("ue-1"))), 204);
    assert_answered(ues, "{\"indDeregCount\":3,\"indDeregs\":[" GRANTED("sens-1") "}," REFUSED(
                             "sens-3", "NOT_REGISTERED") "," REFUSED("ue-1", "UNAUTHORIZED_ORIGINATOR") "]}");
    assert_null(find(ues, "im:sens-1@lab.example"));
    assert_non_null(find(ues, "im:sens-2@lab.example"));
    assert_non_null(find(ues, "im:ue-3@lab.example")); /* the list was meant, not the gateway */
}

/* 10.3: a gateway speaks for who is registered through it. */
static void test_originators(void **state)
{
    static const char message[] = HEAD("MSG",
        "sens-1") ",\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":"
                  "\"im:ue-1@lab.example\"},\"msgId\":\"4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f\",\"payload\":\"x\"}";
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 0);
    fake_ues_register(ues, 1);
    fake_ues_register(ues, GATEWAY);
    assert_int_equal(fake_ues_post(ues, GATEWAY, message), 403);
    fake_ues_post(ues, GATEWAY, BREG("1", REG("sens-1")));
    size_t before = ues->sent_count;
    assert_int_equal(fake_ues_post(ues, 1, message), 403);
    assert_int_equal(fake_ues_post(ues, GATEWAY, message), 204);
    assert_ptr_equal(ues->sent[ues->sent_count - 1].session, &ues->sessions[0]);
    assert_true(ues->sent_count > before);
    assert_int_equal(metric_value(ues->metrics->spoofed), 1);
}

/* What was registered in bulk is kept like any other registration, profile included. */
static void test_survives_a_restart(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, GATEWAY);
    fake_ues_post(ues, GATEWAY,
        BREG("1", HEAD("REG", "sens-1") ",\"regExpTime\":600,\"cliProfile\":{\"maxSegSize\":64,"
                                        "\"triInfo\":{\"ueId\":\"tel:1\",\"cliPort\":\"1\"}}}"));
    fake_ues_process(ues);
    fake_ues_restart(ues);
    struct registration *restored = find(ues, "im:sens-1@lab.example");
    assert_non_null(restored);
    assert_null(restored->peer);
    assert_int_equal(restored->profile->max_segment_size, 64);
    assert_non_null(strstr(restored->profile->triggering, "tel:1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fake_ues_set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_entries_are_judged_one_by_one),
        TEST(test_only_a_gateway_may),
        TEST(test_limit_of_a_gateway),
        TEST(test_bulk_deregistration),
        TEST(test_originators),
        TEST(test_survives_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
