/* Messages in segments at the client: cut, sent again, collected, asked for, given up (TS 23.554 8.5, TS 24.538 6.5).
 */
#include "fixture.h"
#include "msg/segment.h"

#include <stdio.h>
#include <string.h>

#define SET_ID "b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d"

static const char text[300] = "the beginning";

/* Long before 120 s are over. */
static const struct msgin5g_client_config small = { .max_segment_size = 64, .segment_wait_ms = 30 };

static enum msgin5g_err send_text(struct fixture *fixture, size_t length)
{
    struct msgin5g_outgoing outgoing = {
        .to_type = MSGIN5G_ADDR_UE,
        .to = FIXTURE_PEER,
        .payload = text,
        .payload_length = length,
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .report_requested = true,
    };

    return msgin5g_client_send(fixture->client, &outgoing, fixture->told.msg_id);
}

static const struct fake_entry *segment_logged(const struct fixture *fixture, unsigned which)
{
    for (unsigned i = 0; i < fixture->server.logged; i++)
        if (fixture->server.log[i].type == MSGIN5G_TYPE_MSG && which-- == 0)
            return &fixture->server.log[i];
    fail_msg("there was no such segment");
    return NULL;
}

static void sends_segments(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, small);
    assert_int_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_REG)->max_segment_size, 64); /* EC-10 */
    assert_int_equal(send_text(fixture, 140), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
    assert_int_equal(fixture->told.sent_code, MSGIN5G_COAP_CODE(2, 4));
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 3);
    for (unsigned i = 0; i < 3; i++) { /* E8 */
        const struct fake_entry *segment = segment_logged(fixture, i);

        assert_string_equal(segment->msg_id, fixture->told.msg_id);
        assert_string_equal(segment->set_id, segment_logged(fixture, 0)->set_id);
        assert_int_equal(segment->segment.total, 3);
        assert_int_equal(segment->segment.number, i + 1);
        assert_int_equal(segment->segment.last, i == 2);
        assert_int_equal(segment->report_requested, i == 0);
        assert_int_equal(segment->payload_length, i == 2 ? 12 : 64);
    }
    assert_int_equal(send_text(fixture, 64), MSGIN5G_OK); /* fits one: not segmented */
    fixture_until(fixture, fixture->told.sent == 2);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_MSG)->set_id, "");
}

static void more_than_can_be_segmented(void **state)
{
    struct fixture *fixture = *state;
    static char large[MSGIN5G_WHOLE_MAX + 1];
    struct msgin5g_outgoing outgoing = { .to_type = MSGIN5G_ADDR_UE, .to = FIXTURE_PEER, .payload = large };
    char msg_id[MSGIN5G_UUID_LEN + 1];

    memset(large, 'x', sizeof large);
    fixture_register(fixture, small);
    outgoing.payload_length = 255 * 64 + 1;
    assert_int_equal(msgin5g_client_send(fixture->client, &outgoing, msg_id), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    outgoing.payload_length = sizeof large;
    assert_int_equal(msgin5g_client_send(fixture->client, &outgoing, msg_id), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    memset(large, '\xff', 100);
    outgoing.payload_length = 100;
    assert_int_equal(msgin5g_client_send(fixture->client, &outgoing, msg_id), MSGIN5G_ERR_INVALID);
}

static void a_refused_segment_ends_the_message_once(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, small);
    fixture->server.code[MSGIN5G_TYPE_MSG] = MSGIN5G_COAP_CODE(4, 3);
    assert_int_equal(send_text(fixture, 300), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_ERR_PEER);
    assert_int_equal(fixture->told.sent_code, MSGIN5G_COAP_CODE(4, 3));
    fixture->server.code[MSGIN5G_TYPE_MSG] = 0;
    assert_int_equal(send_text(fixture, 10), MSGIN5G_OK); /* behind whatever of it was still on its way */
    fixture_until(fixture, fixture->told.sent == 2);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
}

static void ask_for(struct fixture *fixture, const char *set_id, const char *list)
{
    struct msgin5g_message segrec = msgin5g_message_init(MSGIN5G_TYPE_SEGREC);

    segrec.segment.set_id = msgin5g_str(set_id);
    segrec.seg_no_list = msgin5g_str(list);
    fake_server_send(&fixture->server, &segrec);
}

static void confirm(struct fixture *fixture, const char *set_id, bool result)
{
    struct msgin5g_message segconfir = msgin5g_message_init(MSGIN5G_TYPE_SEGCONFIR);

    segconfir.segment.set_id = msgin5g_str(set_id);
    segconfir.result = result;
    fake_server_send(&fixture->server, &segconfir);
}

/* TS 24.538 6.5.1.1: exactly the listed ones, until the confirmation. */
static void sends_again_what_is_asked_for(void **state)
{
    struct fixture *fixture = *state;
    unsigned answered;
    char set_id[64];

    fixture_register(fixture, small);
    assert_int_equal(send_text(fixture, 300), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    snprintf(set_id, sizeof set_id, "%s", segment_logged(fixture, 0)->set_id);
    ask_for(fixture, set_id, "(2-3, 5-5, 9-200)");
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG) == 8);
    assert_int_equal(segment_logged(fixture, 5)->segment.number, 2);
    assert_int_equal(segment_logged(fixture, 6)->segment.number, 3);
    assert_int_equal(segment_logged(fixture, 7)->segment.number, 5);
    assert_true(segment_logged(fixture, 7)->segment.last);
    confirm(fixture, set_id, true);
    answered = fixture->server.answered;
    ask_for(fixture, set_id, "(1-1)");
    ask_for(fixture, SET_ID, "(1-1)");
    fixture_until(fixture, fixture->server.answered == answered + 3);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), 8);
    assert_int_equal(fixture->told.sent, 1);
    assert_int_equal(fixture->told.responses, 0);
}

static void a_negative_confirmation_is_a_failure(void **state)
{
    struct fixture *fixture = *state;
    char msg_id[64];

    fixture_register(fixture, small);
    assert_int_equal(send_text(fixture, 300), MSGIN5G_OK);
    snprintf(msg_id, sizeof msg_id, "%s", fixture->told.msg_id);
    fixture_until(fixture, fixture->told.sent == 1);
    confirm(fixture, segment_logged(fixture, 0)->set_id, false);
    fixture_until(fixture, fixture->told.responses == 1);
    assert_string_equal(fixture->told.msg_id, msg_id);
    assert_string_equal(fixture->told.cause, "SEGMENT_MISSING");
    assert_int_equal(fixture->told.status, MSGIN5G_DELIVERY_FAILURE);
}

/* EC-6b: the server's word comes with the set it is about; the confirmation behind it says nothing new. */
static void a_response_about_the_set_is_told_once(void **state)
{
    struct fixture *fixture = *state;
    struct msgin5g_message response = msgin5g_message_init(MSGIN5G_TYPE_MSGRESP);
    const struct fake_entry *segment;

    fixture_register(fixture, small);
    assert_int_equal(send_text(fixture, 300), MSGIN5G_OK);
    fixture_until(fixture, fixture->told.sent == 1);
    segment = segment_logged(fixture, 0);
    response.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str(FIXTURE_UE) };
    response.msg_id = msgin5g_str(segment->msg_id);
    response.segment.set_id = msgin5g_str(segment->set_id);
    response.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    response.cause = msgin5g_str("BAD_SEGMENT");
    fake_server_send(&fixture->server, &response);
    confirm(fixture, segment->set_id, false);
    fixture_until(fixture, fixture->server.answered == 2);
    assert_int_equal(fixture->told.responses, 1);
    assert_string_equal(fixture->told.cause, "BAD_SEGMENT");
}

static void waits_when_the_server_asks_for_it(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, small);
    fixture->server.code[MSGIN5G_TYPE_MSG] = MSGIN5G_COAP_CODE(4, 29);
    assert_int_equal(send_text(fixture, 140), MSGIN5G_OK);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG) >= 3);
    fixture->server.code[MSGIN5G_TYPE_MSG] = 0;
    fixture_until(fixture, fixture->told.sent == 1);
    assert_int_equal(fixture->told.sent_err, MSGIN5G_OK);
}

static void deliver_segment(struct fixture *fixture, size_t length, unsigned number)
{
    struct msgin5g_message whole = fixture_message("", true);
    struct msgin5g_message segment;
    struct segment_cuts cuts;

    whole.payload = (struct msgin5g_str){ text, length };
    assert_int_equal(segment_cut(whole.payload, 64, &cuts), MSGIN5G_OK);
    segment = segment_of(&whole, &cuts, msgin5g_str(SET_ID), number);
    fake_server_send(&fixture->server, &segment);
}

static void collects_in_any_order(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    deliver_segment(fixture, 140, 3);
    deliver_segment(fixture, 140, 1);
    deliver_segment(fixture, 140, 3);
    fixture_until(fixture, fixture->server.answered == 3);
    assert_int_equal(fixture->told.messages, 0);
    deliver_segment(fixture, 140, 2);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1);
    assert_int_equal(fixture->told.messages, 1);
    assert_int_equal(fixture->told.payload_length, 140);
    assert_string_equal(fixture->told.payload, text);
    assert_true(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGCONFIR)->result);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGCONFIR)->set_id, SET_ID);
    deliver_segment(fixture, 140, 2); /* late: nothing is opened, asked for or handed over */
    fixture_until(fixture, fixture->server.answered == 5);
    assert_int_equal(fixture->told.messages, 1);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_SEGREC), 0);
}

static void asks_for_what_is_missing(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, small);
    deliver_segment(fixture, 300, 2);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_SEGREC) == 1);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGREC)->seg_no_list, "(1-1, 3-5)");
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGREC)->set_id, SET_ID);
    for (unsigned number = 1; number <= 5; number++)
        deliver_segment(fixture, 300, number);
    fixture_until(fixture, fixture->told.messages == 1);
    assert_int_equal(fixture->told.payload_length, 300);
    assert_int_equal(fixture->told.incomplete, 0);
}

/* EC-34: three attempts; then SEGCONFIR false, a report for the sender who asked, and a word for the application. */
static void gives_up(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, small);
    deliver_segment(fixture, 300, 1);
    fixture_until(fixture, fixture->told.incomplete == 1);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_SEGMENT_MISSING);
    assert_string_equal(fixture->told.from, FIXTURE_PEER);
    assert_string_equal(fixture->told.msg_id, FIXTURE_ID);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_IMDN) == 1);
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_SEGREC), 3);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGREC)->seg_no_list, "(2-5)");
    assert_false(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGCONFIR)->result);
    assert_string_equal(fake_server_last(&fixture->server, MSGIN5G_TYPE_IMDN)->cause, "SEGMENT_MISSING");
    assert_int_equal(fixture->told.messages, 0);
}

static void contradictions_end_the_set(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    deliver_segment(fixture, 300, 1);
    deliver_segment(fixture, 140, 2); /* says that there are three, the first said five */
    fixture_until(fixture, fixture->told.incomplete == 1);
    assert_int_equal(fixture->told.last_err, MSGIN5G_ERR_BAD_SEGMENT);
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_SEGCONFIR) == 1);
    assert_false(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGCONFIR)->result);
}

static void free_when_incomplete(struct fixture *fixture, const char *what)
{
    if (strcmp(what, "incomplete") == 0 || strcmp(what, "sent") == 0) {
        msgin5g_client_free(fixture->client);
        fixture->client = NULL;
    }
}

static void the_owner_may_free_the_client_in_a_callback(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, small);
    fixture->told.react = free_when_incomplete;
    deliver_segment(fixture, 300, 1);
    deliver_segment(fixture, 140, 2);
    fixture_until(fixture, fixture->told.incomplete == 1);
    fixture_turn(fixture);
}

static void the_owner_may_free_the_client_when_all_is_sent(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, small);
    fixture->told.react = free_when_incomplete;
    assert_int_equal(send_text(fixture, 300), MSGIN5G_OK);
    deliver_segment(fixture, 300, 1);
    fixture_until(fixture, fixture->told.sent == 1);
    fixture_turn(fixture);
}

/* EC-34: 64 open sets of one sender, and no more. */
static void bounded_number_of_sets(void **state)
{
    struct fixture *fixture = *state;

    fixture_register(fixture, (struct msgin5g_client_config){ 0 });
    for (unsigned i = 0; i < 66; i++) {
        struct msgin5g_message segment = fixture_message("x", false);
        char set_id[] = SET_ID;

        set_id[34] = (char)('0' + i / 10);
        set_id[35] = (char)('0' + i % 10);
        segment.segmented = true;
        segment.segment = (struct msgin5g_segment){ msgin5g_str(set_id), 2, 1, false };
        fake_server_send(&fixture->server, &segment);
        fixture_until(fixture, fixture->server.answered == i + 1);
    }
    fixture_until(fixture, fake_server_count(&fixture->server, MSGIN5G_TYPE_SEGCONFIR) == 2);
    assert_false(fake_server_last(&fixture->server, MSGIN5G_TYPE_SEGCONFIR)->result);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    const struct CMUnitTest tests[] = {
        TEST(sends_segments),
        TEST(more_than_can_be_segmented),
        TEST(a_refused_segment_ends_the_message_once),
        TEST(sends_again_what_is_asked_for),
        TEST(a_negative_confirmation_is_a_failure),
        TEST(a_response_about_the_set_is_told_once),
        TEST(waits_when_the_server_asks_for_it),
        TEST(collects_in_any_order),
        TEST(asks_for_what_is_missing),
        TEST(gives_up),
        TEST(contradictions_end_the_set),
        TEST(the_owner_may_free_the_client_in_a_callback),
        TEST(the_owner_may_free_the_client_when_all_is_sent),
        TEST(bounded_number_of_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
