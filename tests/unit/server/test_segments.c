/* Messages in segments and aggregated ones at the server (TS 24.538 6.4.1.2.6 e, 6.4.1.2.7, 6.5.3; EC-15, EC-33 to
 * EC-35; digest 10.3). */
#include "fake_ues.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define ID      "9c0e5a7d-6b21-4f10-93c4-2f6e8d1a0b3c"
#define SET_ID  "b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d"
#define ITEM_ID "22222222-2222-4222-8222-22222222222"
#define CHANGED 0x44 /* 2.04 */
#define HEAD    "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":"

static const char *chars(char c, size_t count)
{
    static char text[2049];
    memset(text, c, count);
    text[count] = '\0';
    return text;
}

/* Segment @p number of UE 1: of so many times its own digit. */
static int post_segment(struct fake_ues *ues, const char *to, unsigned number, unsigned total, size_t octets)
{
    char json[4096];
    snprintf(json, sizeof json,
        HEAD "\"MSG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"
             "\"destAddr\":{\"destAddrType\":\"%s\",\"addr\":\"%s\"},\"msgId\":\"" ID "\"%s,\"isSegmented\":true,"
             "\"segParams\":{\"segId\":\"" SET_ID "\",\"totalSegCount\":%u,\"segNumb\":%u%s},\"payload\":\"%s\"}",
        strcmp(to, "im:pumps@lab.example") == 0 ? "GROUP" : "UE", to, number == 1 ? ",\"isDelivStatReq\":true" : "",
        total, number, number == total ? ",\"lastSegFlag\":\"true\"" : "", chars((char)('0' + number), octets));
    return fake_ues_post(ues, 0, json);
}

static int post_segrec(struct fake_ues *ues, size_t ue, const char *set_id, const char *list)
{
    char json[512];
    snprintf(json, sizeof json, HEAD "\"SEGREC\",\"segId\":\"%s\",\"segNoList\":\"%s\"}", set_id, list);
    return fake_ues_post(ues, ue, json);
}

static int post_segconfir(struct fake_ues *ues, size_t ue, const char *set_id, bool result)
{
    char json[512];
    snprintf(
        json, sizeof json, HEAD "\"SEGCONFIR\",\"segId\":\"%s\",\"result\":%s}", set_id, result ? "true" : "false");
    return fake_ues_post(ues, ue, json);
}

static void register_with_size(struct fake_ues *ues, size_t ue, unsigned octets)
{
    char json[512];
    snprintf(json, sizeof json,
        HEAD "\"REG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%zu@lab.example\"},"
             "\"cliProfile\":{\"maxSegSize\":%u}}",
        ue + 1, octets);
    int code = fake_ues_post(ues, ue, json);
    assert_true(code == 201 || code == 204);
}

static void assert_sent(const struct fake_ues *ues, size_t index, size_t ue, const char *part)
{
    assert_true(index < ues->sent_count);
    assert_ptr_equal(ues->sent[index].session, &ues->sessions[ue]);
    if (strstr(ues->sent[index].body, part) == NULL)
        fail_msg("%s is not in %s", part, ues->sent[index].body);
}

/* All that is on its way is acknowledged; timers that are due run. */
static void acknowledge_all(struct fake_ues *ues)
{
    fake_ues_wait_s(ues, 0);
    for (size_t i = 0; i < ues->sent_count; i++) {
        if (ues->sent[i].done != NULL)
            fake_ues_finish(ues, i, MSGIN5G_OK, CHANGED);
    }
}

/* Member @p name of a JSON text, as far as a quotation mark. */
static void member(const char *json, const char *name, char *out, size_t capacity)
{
    char key[32];
    snprintf(key, sizeof key, "\"%s\":\"", name);
    const char *at = strstr(json, key);
    assert_non_null(at);
    at += strlen(key);
    size_t length = strcspn(at, "\"");
    assert_true(length < capacity);
    memcpy(out, at, length);
    out[length] = '\0';
}

#define UE_2 "im:ue-2@lab.example"

static int set_up(void **state)
{
    fake_ues_set_up(state);
    fake_ues_register(*state, 0);
    fake_ues_register(*state, 1);
    fake_ues_register(*state, 2);
    return 0;
}

/* EC-33 */
static void fitting_segments_go_on_at_once(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(post_segment(ues, UE_2, 2, 3, 64), 204);
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204);
    assert_int_equal(ues->sent_count, 2);
    assert_sent(ues, 0, 1, "\"segParams\":{\"segId\":\"" SET_ID "\",\"totalSegCount\":3,\"segNumb\":2}");
    assert_sent(ues, 1, 1, "\"isDelivStatReq\":true");
    assert_true(ues->sent[0].confirmable);
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204); /* came twice: not passed on twice */
    assert_int_equal(ues->sent_count, 2);
}

/* TS 24.538 6.5.3.4, 6.5.3.5 */
static void recovery_and_confirmation_go_to_the_sender(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204);
    assert_int_equal(post_segment(ues, UE_2, 2, 3, 64), 204);
    assert_int_equal(post_segrec(ues, 1, SET_ID, "(2-3)"), 204);
    assert_sent(ues, 2, 0, HEAD "\"SEGREC\",\"segId\":\"" SET_ID "\",\"segNoList\":\"(2-3)\"}");
    assert_true(ues->sent[2].confirmable);
    assert_int_equal(post_segment(ues, UE_2, 2, 3, 64), 204); /* asked for, so no duplicate */
    assert_sent(ues, 3, 1, "\"segNumb\":2}");
    assert_int_equal(post_segment(ues, UE_2, 2, 3, 64), 204); /* once */
    assert_int_equal(ues->sent_count, 4);
    assert_int_equal(post_segment(ues, UE_2, 3, 3, 5), 204);
    assert_int_equal(post_segconfir(ues, 1, SET_ID, true), 204);
    assert_sent(ues, 5, 0, HEAD "\"SEGCONFIR\",\"segId\":\"" SET_ID "\",\"result\":true}");
}

static void who_has_nothing_to_do_with_a_set(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204);
    assert_int_equal(post_segrec(ues, 2, SET_ID, "(2-3)"), 403);
    assert_int_equal(post_segconfir(ues, 2, SET_ID, true), 403);
    assert_int_equal(post_segrec(ues, 3, SET_ID, "(2-3)"), 403); /* not even registered */
    assert_int_equal(post_segrec(ues, 1, ID, "(2-3)"), 404);
    assert_int_equal(post_segrec(ues, 1, SET_ID, "(3-2)"), 400);
    assert_int_equal(ues->sent_count, 1);
}

/* EC-34: nothing was heard of it for 120 s. */
static void sets_are_forgotten(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204);
    acknowledge_all(ues);
    fake_ues_wait_s(ues, 121);
    assert_int_equal(post_segrec(ues, 1, SET_ID, "(2-3)"), 404);
}

/* Rejoin what went to @p ue from sent[@p first] on in segments of a set of the server's. */
static void assert_resegmented(
    const struct fake_ues *ues, size_t first, unsigned count, size_t ue, unsigned limit, const char *whole)
{
    char set_id[64], id[64], payload[2049], joined[4096] = "";
    size_t length = 0;
    member(ues->sent[first].body, "segId", set_id, sizeof set_id);
    assert_string_not_equal(set_id, SET_ID); /* EC-15 */
    for (unsigned number = 1; number <= count; number++) {
        char place[64];
        snprintf(place, sizeof place, "\"totalSegCount\":%u,\"segNumb\":%u", count, number);
        assert_sent(ues, first + number - 1, ue, place);
        member(ues->sent[first + number - 1].body, "segId", id, sizeof id);
        assert_string_equal(id, set_id);
        member(ues->sent[first + number - 1].body, "payload", payload, sizeof payload);
        assert_true(strlen(payload) <= limit);
        length += (size_t)snprintf(joined + length, sizeof joined - length, "%s", payload);
    }
    assert_string_equal(joined, whole);
}

static void whole_of(char out[512], size_t first, size_t second, size_t third)
{
    const size_t sizes[] = { first, second, third };
    size_t length = 0;
    for (size_t i = 0; i < 3; i++)
        length += (size_t)snprintf(out + length, 512 - length, "%s", chars((char)('1' + i), sizes[i]));
}

/* "Segment bigger than recipient limit: reassemble and re-segment" (10.3); TS 24.538 6.5.3.2 */
static void segments_are_cut_anew_for_a_smaller_recipient(void **state)
{
    struct fake_ues *ues = *state;
    char whole[512], set_id[64];
    whole_of(whole, 150, 150, 20);
    register_with_size(ues, 1, 100);
    assert_int_equal(post_segment(ues, UE_2, 3, 3, 20), 204); /* fits, but what of the others? */
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 150), 204);
    assert_int_equal(ues->sent_count, 0);
    assert_int_equal(post_segment(ues, UE_2, 2, 3, 150), 204);
    fake_ues_wait_s(ues, 0);
    assert_int_equal(ues->sent_count, 4);
    assert_resegmented(ues, 0, 4, 1, 100, whole);
    assert_sent(ues, 0, 1, "\"isDelivStatReq\":true");
    member(ues->sent[0].body, "segId", set_id, sizeof set_id);
    acknowledge_all(ues);
    assert_sent(ues, 4, 0, HEAD "\"SEGCONFIR\",\"segId\":\"" SET_ID "\",\"result\":true}");

    assert_int_equal(post_segrec(ues, 1, set_id, "(2-2, 4-4)"), 204); /* the server is the sender of this one */
    assert_sent(ues, 5, 1, "\"segNumb\":2}");
    assert_sent(ues, 6, 1, "\"segNumb\":4,\"lastSegFlag\":\"true\"}");
    assert_int_equal(post_segconfir(ues, 1, set_id, true), 204);
    assert_int_equal(post_segrec(ues, 1, set_id, "(2-2)"), 404);
    assert_int_equal(ues->sent_count, 7);
}

static void a_message_larger_than_the_recipient_takes(void **state)
{
    struct fake_ues *ues = *state;
    char json[1024], set_id[64];
    register_with_size(ues, 1, 64);
    snprintf(json, sizeof json,
        HEAD "\"MSG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"
             "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"" UE_2 "\"},\"msgId\":\"" ID "\",\"payload\":\"%s\"}",
        chars('x', 140));
    assert_int_equal(fake_ues_post(ues, 0, json), 204);
    assert_int_equal(ues->sent_count, 3); /* E8 */
    assert_resegmented(ues, 0, 3, 1, 64, chars('x', 140));
    member(ues->sent[0].body, "segId", set_id, sizeof set_id);
    acknowledge_all(ues);
    assert_int_equal(post_segconfir(ues, 1, set_id, false), 204);
    assert_sent(ues, 3, 0, "\"msgType\":\"MSGRESP\"");
    assert_sent(ues, 3, 0, "\"Cause\":\"SEGMENT_MISSING\"");
}

/* "Missing segments" (10.3): asked for every 5 s, three times, then given up. */
static void missing_segments_are_asked_for(void **state)
{
    struct fake_ues *ues = *state;
    register_with_size(ues, 1, 100);
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 150), 204);
    for (size_t attempt = 0; attempt < 3; attempt++) {
        fake_ues_wait_s(ues, 5);
        assert_int_equal(ues->sent_count, attempt + 1);
        assert_sent(ues, attempt, 0, HEAD "\"SEGREC\",\"segId\":\"" SET_ID "\",\"segNoList\":\"(2-3)\"}");
    }
    fake_ues_wait_s(ues, 5);
    assert_sent(ues, 3, 0, "\"msgType\":\"MSGRESP\"");
    assert_sent(ues, 3, 0, "\"segId\":\"" SET_ID "\""); /* EC-6b */
    assert_sent(ues, 3, 0, "\"Cause\":\"SEGMENT_MISSING\"");
    fake_ues_wait_s(ues, 0);
    assert_sent(ues, 4, 0, HEAD "\"SEGCONFIR\",\"segId\":\"" SET_ID "\",\"result\":false}");
    assert_int_equal(post_segment(ues, UE_2, 2, 3, 150), 204); /* too late: nothing begins anew */
    fake_ues_wait_s(ues, 60);
    assert_int_equal(ues->sent_count, 5);
}

/* "Contradictory segments" (10.3) */
static void contradictory_segments(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204);
    assert_int_equal(post_segment(ues, UE_2, 2, 4, 64), 204); /* two totals */
    assert_int_equal(ues->sent_count, 2);
    assert_sent(ues, 1, 0, "\"msgType\":\"MSGRESP\"");
    assert_sent(ues, 1, 0, "\"segId\":\"" SET_ID "\"");
    assert_sent(ues, 1, 0, "\"Cause\":\"BAD_SEGMENT\"");
    fake_ues_wait_s(ues, 0);
    assert_sent(ues, 2, 0, HEAD "\"SEGCONFIR\",\"segId\":\"" SET_ID "\",\"result\":false}");
    assert_int_equal(post_segment(ues, UE_2, 3, 3, 64), 204);
    assert_int_equal(ues->sent_count, 3);
    assert_int_equal(post_segrec(ues, 1, SET_ID, "(2-3)"), 404);
}

static void another_payload_under_the_same_number(void **state)
{
    struct fake_ues *ues = *state;
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204);
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 65), 204);
    assert_sent(ues, 1, 0, "\"Cause\":\"BAD_SEGMENT\"");
    fake_ues_wait_s(ues, 0);
    assert_sent(ues, 2, 0, "\"result\":false");
}

static void number_behind_the_end(void **state)
{
    struct fake_ues *ues = *state;
    register_with_size(ues, 1, 100);
    assert_int_equal(post_segment(ues, UE_2, 4, 3, 150), 204);
    assert_sent(ues, 0, 0, "\"Cause\":\"BAD_SEGMENT\"");
    assert_int_equal(ues->sent_count, 1);
}

static void a_set_of_somebody_else(void **state)
{
    struct fake_ues *ues = *state;
    char json[1024];
    assert_int_equal(post_segment(ues, UE_2, 1, 3, 64), 204);
    snprintf(json, sizeof json,
        HEAD "\"MSG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-3@lab.example\"},"
             "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"" UE_2 "\"},\"msgId\":\"" ID "\",\"isSegmented\":true,"
             "\"segParams\":{\"segId\":\"" SET_ID "\",\"totalSegCount\":3,\"segNumb\":2},\"payload\":\"evil\"}");
    assert_int_equal(fake_ues_post(ues, 2, json), 204);
    assert_sent(ues, 1, 2, "\"Cause\":\"BAD_SEGMENT\"");
    assert_int_equal(post_segment(ues, UE_2, 2, 3, 64), 204); /* the true sender is not disturbed */
    assert_sent(ues, 2, 1, "\"segNumb\":2}");
}

/* Memory under hostile sets: 4 open ones of a sender here, then 5.03. */
static void bounded_sets_of_one_sender(void **state)
{
    struct fake_ues *ues = *state;
    register_with_size(ues, 1, 64);
    for (unsigned i = 0; i < 6; i++) {
        char json[1024];
        snprintf(json, sizeof json,
            HEAD "\"MSG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"
                 "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"" UE_2 "\"},"
                 "\"msgId\":\"9c0e5a7d-6b21-4f10-93c4-2f6e8d1a0b%02u\",\"isSegmented\":true,\"segParams\":"
                 "{\"segId\":\"b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c%02u\",\"totalSegCount\":2,\"segNumb\":1},"
                 "\"payload\":\"%s\"}",
            i, i, chars('x', 100));
        assert_int_equal(fake_ues_post(ues, 0, json), i < 4 ? 204 : 503);
    }
}

/* TS 23.554 8.5.5: per recipient; who takes them as they are gets them so. */
static void group_with_one_small_member(void **state)
{
    struct fake_ues *ues = *state;
    char whole[512];
    whole_of(whole, 150, 150, 20);
    register_with_size(ues, 1, 100);
    for (unsigned number = 1; number <= 3; number++) {
        assert_int_equal(post_segment(ues, "im:pumps@lab.example", number, 3, number == 3 ? 20 : 150), 204);
        assert_sent(ues, number - 1, 2, "\"segId\":\"" SET_ID "\"");
        assert_sent(ues, number - 1, 2, "\"grpSrvId\":\"im:pumps@lab.example\"");
    }
    acknowledge_all(ues);
    assert_int_equal(ues->sent_count, 7);
    assert_resegmented(ues, 3, 4, 1, 100, whole);
    assert_sent(ues, 3, 1, "\"grpSrvId\":\"im:pumps@lab.example\"");
    assert_sent(ues, 3, 1, "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-2@lab.example\"}");
    assert_int_equal(post_segconfir(ues, 2, SET_ID, true), 204); /* the last one of both */
    assert_sent(ues, 7, 0, HEAD "\"SEGCONFIR\",\"segId\":\"" SET_ID "\",\"result\":true}");
}

/* ---- aggregated messages ---- */

/* Items of so many octets each; the second one asks for a report. */
static int post_aggregate(struct fake_ues *ues, const size_t *octets, unsigned count)
{
    char json[8192];
    size_t at = (size_t)snprintf(json, sizeof json,
        HEAD "\"MSG\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},"
             "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"" UE_2 "\"},\"msgId\":\"" ID "\",\"sfFlag\":false,"
             "\"indMsgCount\":%u,\"indMsgs\":[",
        count);
    for (unsigned i = 0; i < count; i++)
        at += (size_t)snprintf(json + at, sizeof json - at, "%s{\"msgId\":\"" ITEM_ID "%u\",\"payload\":\"%s\"%s}",
            i > 0 ? "," : "", i, chars((char)('a' + i), octets[i]), i == 1 ? ",\"isDelivStatReq\":true" : "");
    snprintf(json + at, sizeof json - at, "]}");
    return fake_ues_post(ues, 0, json);
}

/* TS 24.538 6.4.1.2.7: "forwarded intact" */
static void an_aggregate_that_fits(void **state)
{
    static const size_t octets[] = { 10, 20, 30 };
    struct fake_ues *ues = *state;
    register_with_size(ues, 1, 64);
    assert_int_equal(post_aggregate(ues, octets, 3), 204);
    assert_int_equal(ues->sent_count, 1);
    assert_sent(ues, 0, 1, "\"msgId\":\"" ID "\",\"indMsgCount\":3,\"indMsgs\":[{\"msgId\":\"" ITEM_ID "0\"");
}

/* "Aggregate larger than recipient limit, even with one item" (10.3) */
static void an_aggregate_that_is_trimmed(void **state)
{
    static const size_t octets[] = { 30, 40, 20, 50, 60, 200 };
    struct fake_ues *ues = *state;
    char id[64];
    register_with_size(ues, 1, 100);
    assert_int_equal(post_aggregate(ues, octets, 6), 204);
    assert_int_equal(ues->sent_count, 5);
    assert_sent(ues, 0, 1, "\"msgId\":\"" ID "\",\"indMsgCount\":3,");
    assert_sent(ues, 1, 1, "\"msgId\":\"" ITEM_ID "3\",\"payload\":\"ddd"); /* alone: no aggregate any more */
    assert_sent(ues, 2, 1, "\"msgId\":\"" ITEM_ID "4\",\"payload\":\"eee");
    member(ues->sent[3].body, "msgId", id, sizeof id);
    assert_string_equal(id, ITEM_ID "5"); /* even alone too large: segments */
    assert_resegmented(ues, 3, 2, 1, 100, chars('f', 200));
}

static int post_reports(struct fake_ues *ues, size_t ue, const char *ids)
{
    char json[1024];
    size_t at = (size_t)snprintf(json, sizeof json,
        HEAD "\"IMDN\",\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"im:ue-%zu@lab.example\"},"
             "\"destAddr\":{\"destAddrType\":\"UE\",\"addr\":\"im:ue-1@lab.example\"},\"msgId\":\"" ID "\","
             "\"indMsgCount\":%zu,\"indMsgs\":[",
        ue + 1, strlen(ids));
    for (const char *id = ids; *id != '\0'; id++)
        at += (size_t)snprintf(json + at, sizeof json - at, "%s{\"msgId\":\"" ITEM_ID "%c\",\"DelSta\":\"success\"}",
            id > ids ? "," : "", *id);
    snprintf(json + at, sizeof json - at, "]}");
    return fake_ues_post(ues, ue, json);
}

/* EC-32 for items: what nobody asked for is not handed on, nor is it twice. */
static void reports_on_items(void **state)
{
    static const size_t octets[] = { 10, 20, 30 };
    struct fake_ues *ues = *state;
    assert_int_equal(post_aggregate(ues, octets, 3), 204);
    assert_int_equal(post_reports(ues, 2, "1"), 403); /* not a recipient */
    assert_int_equal(post_reports(ues, 1, "02"), 403);
    size_t before = ues->sent_count;
    assert_int_equal(post_reports(ues, 1, "012"), 204);
    assert_int_equal(ues->sent_count, before + 1);
    assert_sent(ues, before, 0, "\"indMsgCount\":1,\"indMsgs\":[{\"msgId\":\"" ITEM_ID "1\",\"DelSta\":\"success\"}]");
    assert_int_equal(post_reports(ues, 1, "1"), 204);
    assert_int_equal(ues->sent_count, before + 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, fake_ues_tear_down)
    const struct CMUnitTest tests[] = {
        TEST(fitting_segments_go_on_at_once),
        TEST(recovery_and_confirmation_go_to_the_sender),
        TEST(who_has_nothing_to_do_with_a_set),
        TEST(sets_are_forgotten),
        TEST(segments_are_cut_anew_for_a_smaller_recipient),
        TEST(a_message_larger_than_the_recipient_takes),
        TEST(missing_segments_are_asked_for),
        TEST(contradictory_segments),
        TEST(another_payload_under_the_same_number),
        TEST(number_behind_the_end),
        TEST(a_set_of_somebody_else),
        TEST(bounded_sets_of_one_sender),
        TEST(group_with_one_small_member),
        TEST(an_aggregate_that_fits),
        TEST(an_aggregate_that_is_trimmed),
        TEST(reports_on_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
