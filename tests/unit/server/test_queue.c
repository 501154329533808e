/* What waits for its recipient: store and forward, availability, order, expiry, restarts (TS 23.554 8.3.6; EC-11,
 * EC-16, EC-31, EC-32, EC-39). */
#include "fake_ues.h"
#include "ue_bodies.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CHANGED 0x44 /* 2.04 */
#define UE_2    "im:ue-2@lab.example"
#define SF      ",\"sfFlag\":true"
#define REPORT  ",\"isDelivStatReq\":true"

/* START_UTC_S of fake_ues.c is 2026-03-01T00:00:00Z */
#define AT_10_S "2026-03-01T00:00:10Z"

static const char *numbered(int number)
{
    static char id[] = ID_1;
    snprintf(id, 9, "%08x", (unsigned)number);
    id[8] = '-';
    return id;
}

static void assert_sent(const struct fake_ues *ues, size_t index, size_t ue, const char *part)
{
    assert_true(index < ues->sent_count);
    assert_ptr_equal(ues->sent[index].session, &ues->sessions[ue]);
    if (strstr(ues->sent[index].body, part) == NULL)
        fail_msg("%s is not in %s", part, ues->sent[index].body);
}

static void assert_response(const struct fake_ues *ues, size_t index, size_t ue, const char *id, const char *part)
{
    assert_sent(ues, index, ue, "\"msgType\":\"MSGRESP\"");
    assert_sent(ues, index, ue, id);
    assert_sent(ues, index, ue, part);
}

/* Acknowledge everything sent so far, and what follows from it. */
static void acknowledge_all(struct fake_ues *ues)
{
    for (size_t i = 0; i < ues->sent_count; i++) {
        if (ues->sent[i].done != NULL)
            fake_ues_finish(ues, i, MSGIN5G_OK, CHANGED);
        fake_ues_process(ues);
    }
}

/* A message from UE 1 to UE 2 that is stored: answered 2.04, MSGRESP. */
static void store(struct fake_ues *ues, const char *id, const char *more)
{
    char members[256];
    snprintf(members, sizeof members, SF "%s", more);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, id, members)), 0);
    fake_ues_process(ues);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_response(ues, ues->sent_count - 1, 0, id, "\"DelSta\":\"stored for deferred delivery\"");
    fake_ues_finish(ues, ues->sent_count - 1, MSGIN5G_OK, CHANGED);
}

static void register_with(struct fake_ues *ues, size_t ue, const char *profile)
{
    char json[512];
    snprintf(json, sizeof json,
        "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":"
        "\"im:ue-%zu@lab.example\"},\"cliProfile\":%s}",
        ue + 1, profile);
    int code = fake_ues_post(ues, ue, json);
    assert_true(code == 201 || code == 204);
    fake_ues_process(ues);
}

static int set_up(void **state)
{
    fake_ues_set_up(state);
    fake_ues_register(*state, 0);
    return 0;
}

static void test_stored_and_forwarded(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, SF)), 0);
    assert_int_equal(ues->owed, 1); /* nothing is said before the commit */
    assert_int_equal(ues->sent_count, 0);
    fake_ues_process(ues);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_response(ues, 0, 0, ID_1, "\"DelSta\":\"stored for deferred delivery\"");
    assert_null(strstr(ues->sent[0].body, "Cause"));
    assert_int_equal(fake_store_count(ues->door, UE_2), 1);
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    assert_int_equal(ues->sent_count, 2);
    assert_sent(ues, 1, 1, ID_1);
    assert_null(strstr(ues->sent[1].body, "sfFlag"));
    assert_true(ues->sent[1].confirmable);
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
    assert_int_equal(ues->sent_count, 2);
}

static void test_higher_priorities_first_and_in_order(void **state)
{
    struct fake_ues *ues = *state;
    static const char *const members[] = { ",\"priority\":\"LOW\"", "", ",\"priority\":\"HIGH\"" };
    for (int i = 0; i < 9; i++)
        store(ues, numbered(i), members[i % 3]);
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    size_t first = 9;
    acknowledge_all(ues);
    assert_int_equal(ues->sent_count, first + 9);
    static const int order[] = { 2, 5, 8, 1, 4, 7, 0, 3, 6 };
    for (size_t i = 0; i < 9; i++)
        assert_sent(ues, first + i, 1, numbered(order[i]));
}

static void test_many_pages(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 0; i < 90; i++)
        store(ues, numbered(i), "");
    size_t first = ues->sent_count;
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    acknowledge_all(ues);
    assert_int_equal(ues->sent_count, first + 90);
    for (int i = 0; i < 90; i++)
        assert_sent(ues, first + (size_t)i, 1, numbered(i));
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

/* A message of higher priority that comes while others are drained is not left behind. */
static void test_stored_while_draining(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 0; i < 80; i++)
        store(ues, numbered(i), "");
    size_t first = ues->sent_count;
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    assert_int_equal(ues->sent_count, first + 8);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(100), SF ",\"priority\":\"HIGH\"")), 0);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(101), "")), 204);
    fake_ues_process(ues);
    acknowledge_all(ues);
    size_t high = 0, last = 0;
    for (size_t i = first; i < ues->sent_count; i++) {
        if (strstr(ues->sent[i].body, numbered(100)) != NULL && ues->sent[i].session == &ues->sessions[1])
            high = i;
        if (strstr(ues->sent[i].body, numbered(101)) != NULL)
            last = i;
    }
    assert_true(high > 0 && high < first + 12);
    assert_int_equal(last, ues->sent_count - 1); /* behind all that was stored */
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

static void test_opted_out(void **state)
{
    struct fake_ues *ues = *state;
    register_with(
        ues, 1, "{\"comAvail\":{\"schTime\":\"2026-01-01T00:00:00Z\",\"durTime\":1,\"storeForward\":\"OPTOUT\"}}");
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, SF)), 0);
    fake_ues_finish(ues, 0, MSGIN5G_OK, CHANGED); /* it is there: nothing is stored */
    registrations_peer_closed(ues->registrations, &ues->sessions[1].peer);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_2, SF)), 204);
    assert_response(ues, 1, 0, ID_2, "\"Cause\":\"RECIPIENT_OPTED_OUT\"");
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

static void test_expired_before_it_came(void **state)
{
    struct fake_ues *ues = *state;
    const char *past = SF ",\"sfParam\":{\"expireTime\":\"2026-01-01T00:00:00Z\"}";
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, past)), 204);
    assert_response(ues, 0, 0, ID_1, "\"Cause\":\"EXPIRED\"");
    fake_ues_register(ues, 1);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, past)), 0); /* it is there: all is well */
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    assert_int_equal(fake_ues_answer_code(ues), 204);
}

static void test_unknown_recipient_is_not_stored_for(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, "im:stranger@lab.example", ID_1, SF)), 204);
    assert_response(ues, 0, 0, ID_1, "\"Cause\":\"UNKNOWN_RECIPIENT\"");
}

static void test_queue_full(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 0; i < 100; i++)
        store(ues, numbered(i), "");
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, SF)), 204);
    assert_response(ues, 100, 0, ID_1, "\"Cause\":\"QUEUE_FULL\"");
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 100);
}

/* The quota of all: a cause; a disk that fails: 5.03, and nothing else is said. Then it works again. */
static void test_store_that_fails(void **state)
{
    struct fake_ues *ues = *state;
    fake_store_fail(ues->door, MSGIN5G_ERR_QUEUE_FULL);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, SF)), 0);
    fake_ues_process(ues);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_response(ues, 0, 0, ID_1, "\"Cause\":\"QUEUE_FULL\"");
    fake_store_fail(ues->door, MSGIN5G_ERR_STORE);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, SF)), 0);
    fake_ues_process(ues);
    assert_int_equal(fake_ues_answer_code(ues), 503);
    assert_int_equal(ues->answer.max_age_s, 10);
    assert_int_equal(ues->sent_count, 1);
    fake_store_fail(ues->door, MSGIN5G_OK);
    store(ues, ID_1, "");
    assert_int_equal(fake_store_count(ues->door, NULL), 1);
}

static void test_pages_that_cannot_be_read(void **state)
{
    struct fake_ues *ues = *state;
    store(ues, ID_1, "");
    fake_store_fail(ues->door, MSGIN5G_ERR_STORE);
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    assert_int_equal(ues->sent_count, 1);
    fake_store_fail(ues->door, MSGIN5G_OK);
    fake_ues_wait_s(ues, 1);
    assert_sent(ues, 1, 1, ID_1);
}

static void test_expiry(void **state)
{
    struct fake_ues *ues = *state;
    store(ues, ID_1, ",\"sfParam\":{\"expireTime\":\"" AT_10_S "\"}");
    store(ues, ID_2, "");
    fake_ues_wait_s(ues, 9);
    assert_int_equal(ues->sent_count, 2);
    fake_ues_wait_s(ues, 1);
    assert_int_equal(ues->sent_count, 3);
    assert_response(ues, 2, 0, ID_1, "\"Cause\":\"EXPIRED\"");
    fake_ues_finish(ues, 2, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 1);
    fake_ues_register(ues, 0);
    for (int hour = 0; hour < 23; hour++) {
        fake_ues_wait_s(ues, 3599);
        fake_ues_register(ues, 0);
    }
    fake_ues_wait_s(ues, 3000);
    fake_ues_register(ues, 0);
    assert_int_equal(ues->sent_count, 3);
    fake_ues_wait_s(ues, 700); /* a day is over: the default of EC-16 */
    assert_int_equal(ues->sent_count, 4);
    assert_response(ues, 3, 0, ID_2, "\"Cause\":\"EXPIRED\"");
    fake_ues_finish(ues, 3, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

/* Who is to hear of it is away: it waits for him, and only then the message itself is forgotten. */
static void test_expiry_while_the_sender_is_away(void **state)
{
    struct fake_ues *ues = *state;
    store(ues, ID_1, ",\"sfParam\":{\"expireTime\":\"" AT_10_S "\"}");
    fake_ues_close(ues, 0);
    fake_ues_wait_s(ues, 10);
    assert_int_equal(fake_store_count(ues->door, UE_2), 0);
    assert_int_equal(fake_store_count(ues->door, "im:ue-1@lab.example"), 1);
    fake_ues_restart(ues);
    fake_ues_register(ues, 0);
    fake_ues_process(ues);
    assert_int_equal(ues->sent_count, 2);
    assert_response(ues, 1, 0, ID_1, "\"Cause\":\"EXPIRED\"");
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

#define HOURLY                                                                                                         \
    "{\"comAvail\":{\"schTime\":\"2026-03-01T00:01:00Z\",\"durTime\":\"PT10S\",\"periIndi\":true,\"periInterval\":60}" \
    "}"

static void test_windows(void **state)
{
    struct fake_ues *ues = *state;
    register_with(ues, 1, HOURLY);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(1), "")), 204);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(2), "")), 204);
    store(ues, numbered(3), "");
    fake_ues_wait_s(ues, 59);
    assert_int_equal(ues->sent_count, 1);
    fake_ues_wait_s(ues, 1);
    acknowledge_all(ues);
    assert_int_equal(ues->sent_count, 4);
    /* Delivered now: those in memory are not older than what is stored, but nothing came in between. */
    for (int i = 1; i <= 3; i++) {
        bool found = false;
        for (size_t k = 1; k < 4; k++)
            found =
                found || (strstr(ues->sent[k].body, numbered(i)) != NULL && ues->sent[k].session == &ues->sessions[1]);
        assert_true(found);
    }
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(4), "")), 204);
    assert_sent(ues, 4, 1, numbered(4)); /* the window is open */
    fake_ues_finish(ues, 4, MSGIN5G_OK, CHANGED);
    fake_ues_wait_s(ues, 10);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(5), "")), 204);
    assert_int_equal(ues->sent_count, 5);
    register_with(ues, 1, "{}"); /* another profile takes the place of the one before */
    assert_sent(ues, 5, 1, numbered(5));
    fake_ues_finish(ues, 5, MSGIN5G_OK, CHANGED);
}

static void test_window_of_a_ue_that_leaves(void **state)
{
    struct fake_ues *ues = *state;
    register_with(ues, 1, HOURLY);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, "")), 204);
    assert_int_equal(ues->sent_count, 0);
    fake_ues_close(ues, 1);
    assert_response(ues, 0, 0, ID_1, "\"Cause\":\"RECIPIENT_UNAVAILABLE\"");
}

static void test_last_attempt_does_not_wait_for_the_window(void **state)
{
    struct fake_ues *ues = *state;
    register_with(ues, 1, "{\"comAvail\":{\"schTime\":\"2026-03-01T00:00:05Z\",\"durTime\":20}}");
    store(ues, ID_1, ",\"sfParam\":{\"expireTime\":\"" AT_10_S "\"}");
    fake_ues_wait_s(ues, 5);
    assert_sent(ues, 1, 1, ID_1);
    fake_ues_wait_s(ues, 5); /* it expires while it is under way */
    fake_ues_finish(ues, 1, MSGIN5G_ERR_TIMEOUT, 0);
    assert_int_equal(ues->sent_count, 3);
    assert_response(ues, 2, 0, ID_1, "\"Cause\":\"EXPIRED\"");
    fake_ues_finish(ues, 2, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

/* EC-16: appSpecSf.deliveryTime, also for a recipient that is there. */
static void test_delivery_time(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 1);
    store(ues, ID_1, ",\"sfParam\":{\"appSpecSf\":{\"deliveryTime\":\"" AT_10_S "\"}}");
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_2, "")), 204);
    fake_ues_process(ues);
    assert_sent(ues, 1, 1, ID_2); /* it holds up nobody */
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    fake_ues_wait_s(ues, 9);
    assert_int_equal(ues->sent_count, 2);
    fake_ues_wait_s(ues, 1);
    assert_sent(ues, 2, 1, ID_1);
    fake_ues_finish(ues, 2, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

static void test_restart(void **state)
{
    struct fake_ues *ues = *state;
    for (int i = 0; i < 3; i++)
        store(ues, numbered(i), REPORT);
    fake_ues_restart(ues);
    fake_ues_register(ues, 0);
    /* The sender did not hear the answer: the same message again. */
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(1), SF REPORT)), 204);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(1), SF)), 400); /* another body */
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    acknowledge_all(ues);
    assert_int_equal(ues->sent_count, 6);
    for (int i = 0; i < 3; i++)
        assert_sent(ues, 3 + (size_t)i, 1, numbered(i));
    fake_ues_restart(ues);
    fake_ues_register(ues, 0);
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    assert_int_equal(ues->sent_count, 6); /* nothing comes twice */
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, numbered(1))), 0);
    assert_sent(ues, 6, 0, "\"msgType\":\"IMDN\"");
    fake_ues_finish(ues, 6, MSGIN5G_OK, CHANGED);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    fake_ues_process(ues);
    fake_ues_restart(ues);
    fake_ues_register(ues, 0);
    fake_ues_register(ues, 1);
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, numbered(1))), 204); /* it has arrived already */
    assert_int_equal(ues->sent_count, 7);
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, ID_2)), 403);
}

/* A registration goes on: the UE is unavailable until it speaks, its profile and lifetime are as they were. */
static void test_registrations_survive(void **state)
{
    struct fake_ues *ues = *state;
    register_with(
        ues, 1, "{\"comAvail\":{\"schTime\":\"2026-01-01T00:00:00Z\",\"durTime\":1,\"storeForward\":\"OPTOUT\"}}");
    fake_ues_register(ues, 2);
    assert_int_equal(fake_ues_post(ues, 2,
                         "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"DEREG\","
                         "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-3@lab.example\"}}"),
        204);
    fake_ues_wait_s(ues, 1800);
    fake_ues_restart(ues);
    assert_int_equal(registrations_count(ues->registrations), 2);
    /* UE 1 speaks over a new session, without REG. */
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, SF)), 204);
    assert_response(ues, 0, 0, ID_1, "\"Cause\":\"RECIPIENT_OPTED_OUT\"");
    assert_int_equal(fake_ues_post(ues, 1, ue_msg(2, "im:ue-1@lab.example", ID_2, "")), 204);
    assert_sent(ues, 1, 0, ID_2);
    assert_int_equal(fake_ues_post(ues, 2, ue_msg(3, UE_2, numbered(3), "")), 403); /* it had left */
    fake_ues_wait_s(ues, 1799);
    assert_int_equal(registrations_count(ues->registrations), 2);
    fake_ues_wait_s(ues, 1);
    assert_int_equal(registrations_count(ues->registrations), 0);
    assert_int_equal(fake_store_records(ues->door, STORE_REGISTRATION), 0);
}

/* At-least-once between server and UE: the UE tells the second one by its message id. */
static void test_end_between_acknowledgement_and_removal(void **state)
{
    struct fake_ues *ues = *state;
    store(ues, ID_1, "");
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    fake_store_hold(ues->door, true);
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    fake_store_hold(ues->door, false);
    fake_ues_restart(ues);
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    assert_int_equal(ues->sent_count, 3);
    assert_sent(ues, 2, 1, ID_1);
}

static void test_marks_are_forgotten(void **state)
{
    struct fake_ues *ues = *state;
    store(ues, ID_1, REPORT);
    assert_int_equal(fake_store_records(ues->door, STORE_DUPLICATE), 1);
    assert_int_equal(fake_store_records(ues->door, STORE_AWAITED_REPORT), 1);
    fake_ues_wait_s(ues, 601);
    fake_ues_wait_s(ues, 601);
    assert_int_equal(fake_store_records(ues->door, STORE_DUPLICATE), 0);
    assert_int_equal(fake_store_records(ues->door, STORE_AWAITED_REPORT), 1);
    fake_ues_wait_s(ues, 86400);
    fake_ues_wait_s(ues, 86400);
    assert_int_equal(fake_store_records(ues->door, STORE_AWAITED_REPORT), 0);
}

/* A recipient that is slow to acknowledge: after 2 s the sender waits for the store, not for it. */
static void test_slow_acknowledgement(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 1);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, SF)), 0);
    assert_sent(ues, 0, 1, ID_1);
    fake_ues_wait_s(ues, 1);
    assert_int_equal(ues->owed, 1);
    fake_ues_wait_s(ues, 1);
    assert_int_equal(ues->owed, 0);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_response(ues, 1, 0, ID_1, "stored for deferred delivery");
    assert_int_equal(fake_store_count(ues->door, NULL), 1);
    fake_ues_finish(ues, 0, MSGIN5G_OK, CHANGED);
    fake_ues_finish(ues, 1, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
    assert_int_equal(ues->sent_count, 2);
}

/* 10.3: a CON to a dead client is a failed delivery: stored, and sent again when the client is back. */
static void test_session_that_ends_under_way(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(i), SF)), 0);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(3), "")), 204);
    fake_ues_close(ues, 1);
    fake_ues_process(ues);
    assert_int_equal(ues->owed, 0);
    assert_int_equal(fake_store_count(ues->door, UE_2), 3);
    size_t sent = ues->sent_count;
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    assert_int_equal(ues->sent_count, sent + 3);
    for (int i = 0; i < 3; i++)
        assert_sent(ues, sent + (size_t)i, 1, numbered(i));
    bool told = false;
    for (size_t i = 0; i < sent; i++)
        told = told || (strstr(ues->sent[i].body, "RECIPIENT_UNAVAILABLE") != NULL &&
                           strstr(ues->sent[i].body, numbered(3)) != NULL);
    assert_true(told);
}

/* It is there but takes nothing: longer and longer pauses, and order is kept. */
static void test_recipient_that_resets(void **state)
{
    struct fake_ues *ues = *state;
    store(ues, ID_1, "");
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    for (int i = 0; i < 3; i++)
        fake_ues_finish(ues, 1 + (size_t)i, MSGIN5G_ERR_PEER, 0);
    assert_int_equal(ues->sent_count, 4);
    fake_ues_wait_s(ues, 1);
    assert_int_equal(ues->sent_count, 4);
    fake_ues_wait_s(ues, 1);
    assert_int_equal(ues->sent_count, 5);
    fake_ues_finish(ues, 4, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

static void test_refused_after_it_was_stored(void **state)
{
    struct fake_ues *ues = *state;
    store(ues, ID_1, "");
    fake_ues_register(ues, 1);
    fake_ues_process(ues);
    fake_ues_finish(ues, 1, MSGIN5G_OK, 0x80);
    assert_response(ues, 2, 0, ID_1, "\"Cause\":\"RECIPIENT_UNAVAILABLE\"");
    fake_ues_finish(ues, 2, MSGIN5G_OK, CHANGED);
    fake_ues_process(ues);
    assert_int_equal(fake_store_count(ues->door, NULL), 0);
}

/* More than may be under way wait, and a message of higher priority passes them. */
static void test_more_than_may_be_under_way(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 1);
    for (int i = 0; i < 12; i++)
        assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(i), "")), 204);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(12), ",\"priority\":\"HIGH\"")), 204);
    assert_int_equal(ues->sent_count, 8);
    acknowledge_all(ues);
    assert_int_equal(ues->sent_count, 13);
    assert_sent(ues, 8, 1, numbered(12));
    for (int i = 8; i < 12; i++)
        assert_sent(ues, 1 + (size_t)i, 1, numbered(i));
}

/* EC-2, EC-11b: what is under way when the UE moves goes out again, before anything that comes later. */
static void test_order_when_the_recipient_moves(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 1);
    for (int i = 0; i < 3; i++)
        assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(i), "")), 204);
    ues->sessions[3].peer.identity = ues->sessions[1].peer.identity;
    assert_int_equal(fake_ues_post(ues, 3,
                         "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\","
                         "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"}}"),
        204);
    assert_ptr_equal(ues->superseded, &ues->sessions[1].peer);
    fake_ues_close(ues, 1);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, numbered(3), "")), 204);
    acknowledge_all(ues);
    assert_int_equal(ues->sent_count, 7);
    for (int i = 0; i < 4; i++)
        assert_sent(ues, 3 + (size_t)i, 3, numbered(i));
    ues->sessions[3].peer.identity = NULL;
}

static void test_report_for_a_sender_that_is_away(void **state)
{
    struct fake_ues *ues = *state;
    fake_ues_register(ues, 1);
    assert_int_equal(fake_ues_post(ues, 0, ue_msg(1, UE_2, ID_1, REPORT)), 204);
    fake_ues_finish(ues, 0, MSGIN5G_OK, CHANGED);
    fake_ues_close(ues, 0);
    assert_int_equal(fake_ues_post(ues, 1, ue_imdn(2, 1, ID_1)), 0);
    fake_ues_process(ues);
    assert_int_equal(fake_ues_answer_code(ues), 204);
    assert_int_equal(ues->sent_count, 1); /* no MSGRESP says that a report was stored */
    fake_ues_restart(ues);
    fake_ues_register(ues, 0);
    fake_ues_process(ues);
    assert_sent(ues, 1, 0, "\"msgType\":\"IMDN\"");
    assert_sent(ues, 1, 0, ID_1);
}

/* EC-39: an earlier deadline goes first inside of a priority; a missed one is counted. */
static void test_latency(void **state)
{
    struct fake_ues *ues = *state;
    static const int64_t latencies[] = { 0, 5000, 1000, 0 };
    struct msgin5g_service_id originator;
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str("im:ue-1@lab.example"), &originator), MSGIN5G_OK);
    register_with(ues, 1, HOURLY);
    for (int i = 0; i < 4; i++) {
        struct msgin5g_message message;
        struct delivery_outcome outcome;
        const char *body = ue_msg(1, UE_2, numbered(i), "");
        assert_int_equal(msgin5g_message_decode((const uint8_t *)body, strlen(body), &message, NULL, NULL), MSGIN5G_OK);
        struct submission submission = { &message, &originator, msgin5g_str(body), true, latencies[i] };
        assert_null(delivery_submit(ues->delivery, &submission, &outcome));
        assert_int_equal(outcome.err, MSGIN5G_OK);
        msgin5g_message_free(&message);
    }
    fake_ues_wait_s(ues, 60);
    static const int order[] = { 2, 1, 0, 3 };
    for (size_t i = 0; i < 4; i++)
        assert_sent(ues, i, 1, numbered(order[i]));
    acknowledge_all(ues);
    assert_int_equal(metric_value(ues->metrics->latency_missed), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fake_ues_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_stored_and_forwarded),
        TEST(test_higher_priorities_first_and_in_order),
        TEST(test_many_pages),
        TEST(test_stored_while_draining),
        TEST(test_opted_out),
        TEST(test_expired_before_it_came),
        TEST(test_unknown_recipient_is_not_stored_for),
        TEST(test_queue_full),
        TEST(test_store_that_fails),
        TEST(test_pages_that_cannot_be_read),
        TEST(test_expiry),
        TEST(test_expiry_while_the_sender_is_away),
        TEST(test_windows),
        TEST(test_window_of_a_ue_that_leaves),
        TEST(test_last_attempt_does_not_wait_for_the_window),
        TEST(test_delivery_time),
        TEST(test_restart),
        TEST(test_registrations_survive),
        TEST(test_end_between_acknowledgement_and_removal),
        TEST(test_marks_are_forgotten),
        TEST(test_slow_acknowledgement),
        TEST(test_session_that_ends_under_way),
        TEST(test_recipient_that_resets),
        TEST(test_refused_after_it_was_stored),
        TEST(test_more_than_may_be_under_way),
        TEST(test_order_when_the_recipient_moves),
        TEST(test_report_for_a_sender_that_is_away),
        TEST(test_latency),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
