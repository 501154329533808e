/* Segments: numbers as text, cuts between characters, sets that come in any order (TS 23.554 8.5, EC-34, EC-35). */
#include "msg/segment.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SET_ID "b7f0c1e2-3d54-4c1b-8a77-0e1f2a3b4c5d"
#define ID     "9c0e5a7d-6b21-4f10-93c4-2f6e8d1a0b3c"

static struct segment_numbers numbers(const char *text)
{
    struct segment_numbers out;
    if (segment_ranges_parse(msgin5g_str(text), &out) != MSGIN5G_OK)
        fail_msg("%s refused", text);
    return out;
}

static void assert_numbers(const struct segment_numbers *actual, const char *text)
{
    char out[MSGIN5G_SEG_NO_LIST_MAX];
    struct msgin5g_str written = segment_ranges_format(actual, out);
    if (!msgin5g_str_equal(written, msgin5g_str(text)))
        fail_msg("%.*s instead of %s", (int)written.length, written.octets, text);
}

static void ranges_are_read_and_written(void **state)
{
    struct segment_numbers some = numbers("(5-7, 10-10, 15-19)"); /* TS 24.538 6.5.1.2.1 */
    (void)state;
    assert_int_equal(segment_numbers_count(&some), 9);
    assert_true(segment_numbers_has(&some, 7) && !segment_numbers_has(&some, 8) && segment_numbers_has(&some, 10));
    assert_numbers(&some, "(5-7, 10-10, 15-19)");
    some = numbers("(2-2)"); /* E9 */
    assert_numbers(&some, "(2-2)");
    some = numbers("(63-65,1-255)");
    assert_int_equal(segment_numbers_count(&some), 255);
    assert_numbers(&some, "(1-255)");
    segment_numbers_remove(&some, 64);
    assert_numbers(&some, "(1-63, 65-255)");
    some = numbers("(9-9,   3-4)");
    assert_numbers(&some, "(3-4, 9-9)");
}

static void most_ranges_that_can_be_apart(void **state)
{
    struct segment_numbers odd = { { 0 } }, again;
    char text[MSGIN5G_SEG_NO_LIST_MAX];
    (void)state;
    for (unsigned number = 1; number <= SEGMENTS_MAX; number += 2)
        segment_numbers_add(&odd, number);
    assert_int_equal(segment_ranges_parse(segment_ranges_format(&odd, text), &again), MSGIN5G_OK);
    assert_memory_equal(&odd, &again, sizeof odd);
}

static void ranges_that_are_refused(void **state)
{
    static const char *const wrong[] = { "", "(", "()", "( 1-2)", "(1-2", "1-2", "(1)", "(1-)", "(-1)", "(0-1)",
        "(2-1)", "(1-256)", "(1-0255)", "(01-2)", "(1-2,)", "(1-2 ,3-4)", "(1-2)(3-4)", "(1-2) ", "(1-2;3-4)", "(1--2)",
        "(1-99999999999999999999)", "(+1-2)", "(1-2,,3-4)" };
    struct segment_numbers out;
    char many[129 * 4 + 2];
    size_t length = 0;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        if (segment_ranges_parse(msgin5g_str(wrong[i]), &out) != MSGIN5G_ERR_MALFORMED)
            fail_msg("%s accepted", wrong[i]);
    }
    for (size_t i = 0; i < 129; i++) /* more than can be apart */
        length += (size_t)snprintf(many + length, sizeof many - length, "%s1-1", i == 0 ? "(" : ",");
    (void)snprintf(many + length, sizeof many - length, ")");
    assert_int_equal(segment_ranges_parse(msgin5g_str("(1-1,1-1)"), &out), MSGIN5G_OK);
    assert_int_equal(segment_ranges_parse(msgin5g_str(many), &out), MSGIN5G_ERR_MALFORMED);
}

static void cut_as_in_e8(void **state)
{
    char payload[140];
    struct segment_cuts cuts;
    (void)state;
    memset(payload, 'A', sizeof payload);
    assert_int_equal(segment_cut((struct msgin5g_str){ payload, sizeof payload }, 64, &cuts), MSGIN5G_OK);
    assert_int_equal(cuts.count, 3);
    assert_int_equal(cuts.offset[1], 64);
    assert_int_equal(cuts.offset[2], 128);
    assert_int_equal(cuts.offset[3], 140);
}

/* The euro sign has three octets: 64 of them never fill 64 octets. */
static void cut_between_characters(void **state)
{
    static const char euro[] = { '\xE2', '\x82', '\xAC' }, smile[] = { '\xF0', '\x9F', '\x98', '\x80' };
    char payload[3 * 50 + 4];
    struct segment_cuts cuts;
    (void)state;
    for (size_t i = 0; i < 50; i++)
        memcpy(payload + 3 * i, euro, sizeof euro);
    memcpy(payload + 150, smile, sizeof smile);
    assert_int_equal(segment_cut((struct msgin5g_str){ payload, sizeof payload }, 64, &cuts), MSGIN5G_OK);
    assert_int_equal(cuts.count, 3);
    assert_int_equal(cuts.offset[1], 63);
    assert_int_equal(cuts.offset[2], 126);
    assert_int_equal(cuts.offset[3], 154);
    assert_int_equal(segment_cut((struct msgin5g_str){ payload, sizeof payload - 1 }, 64, &cuts), MSGIN5G_ERR_INVALID);
}

static void bounds_of_a_cut(void **state)
{
    static char payload[MSGIN5G_WHOLE_MAX + 1];
    struct segment_cuts cuts;
    (void)state;
    memset(payload, 'x', sizeof payload);
    assert_int_equal(segment_cut(msgin5g_str(""), 64, &cuts), MSGIN5G_OK);
    assert_int_equal(cuts.count, 1);
    assert_int_equal(segment_cut((struct msgin5g_str){ payload, (size_t)255 * 64 }, 64, &cuts), MSGIN5G_OK);
    assert_int_equal(cuts.count, SEGMENTS_MAX);
    assert_int_equal(
        segment_cut((struct msgin5g_str){ payload, (size_t)255 * 64 + 1 }, 64, &cuts), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_int_equal(segment_cut((struct msgin5g_str){ payload, MSGIN5G_WHOLE_MAX }, 2048, &cuts), MSGIN5G_OK);
    assert_int_equal(cuts.count, 128);
    assert_int_equal(
        segment_cut((struct msgin5g_str){ payload, sizeof payload }, 2048, &cuts), MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    assert_int_equal(segment_cut(msgin5g_str("x"), 63, &cuts), MSGIN5G_ERR_INVALID);
}

static struct msgin5g_message whole(const char *payload, size_t length)
{
    struct msgin5g_message message = msgin5g_message_init(MSGIN5G_TYPE_MSG);
    message.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str("im:meter-0001@iot.example") };
    message.dest = (struct msgin5g_address){ MSGIN5G_ADDR_UE, msgin5g_str("im:valve-0002@iot.example") };
    message.msg_id = msgin5g_str(ID);
    message.app_id = msgin5g_str("log");
    message.report_requested = true;
    message.payload = (struct msgin5g_str){ payload, length };
    return message;
}

/* A message of 5 segments and a set that is waiting for them. */
struct fixture {
    char payload[300];
    struct msgin5g_message message;
    struct segment_cuts cuts;
    struct segment_budget budget;
    struct segment_set *set;
};

static struct msgin5g_message segment(const struct fixture *f, unsigned number)
{
    return segment_of(&f->message, &f->cuts, msgin5g_str(SET_ID), number);
}

static int setup(void **state)
{
    static struct fixture f;
    for (size_t i = 0; i < sizeof f.payload; i++)
        f.payload[i] = (char)('a' + i % 26);
    f.message = whole(f.payload, sizeof f.payload);
    f.budget = (struct segment_budget){ .limit = 100000 };
    assert_int_equal(segment_cut(f.message.payload, 64, &f.cuts), MSGIN5G_OK);
    struct msgin5g_message first = segment(&f, 3);
    assert_int_equal(segment_set_create(&first, &f.budget, &f.set), MSGIN5G_OK);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    segment_set_free(f->set);
    assert_int_equal(f->budget.used, 0);
    return 0;
}

static enum segment_verdict add(struct fixture *f, unsigned number)
{
    struct msgin5g_message one = segment(f, number);
    return segment_set_add(f->set, &one);
}

/* TS 23.554 8.5.2 to 8.5.4: what stands where. */
static void members_of_segments(void **state)
{
    struct fixture *f = *state;
    for (unsigned number = 1; number <= 5; number++) {
        struct msgin5g_message one = segment(f, number);
        assert_true(one.segmented);
        assert_int_equal(one.segment.total, 5);
        assert_int_equal(one.segment.number, number);
        assert_int_equal(one.segment.last, number == 5);
        assert_int_equal(one.report_requested, number == 1);
        assert_int_equal(one.payload.length, number == 5 ? 300 - 256 : 64);
    }
}

static void any_order_makes_the_same_message(void **state)
{
    static const unsigned order[] = { 3, 5, 1, 4 };
    struct fixture *f = *state;
    struct msgin5g_message joined;
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++)
        assert_int_equal(add(f, order[i]), SEGMENT_TAKEN);
    assert_int_equal(add(f, 5), SEGMENT_REPEATED);
    assert_int_equal(add(f, 2), SEGMENT_COMPLETE);
    assert_string_equal(segment_set_id(f->set), SET_ID);
    assert_int_equal(segment_set_join(f->set, &joined), MSGIN5G_OK);
    assert_false(joined.segmented);
    assert_true(joined.report_requested);
    assert_true(msgin5g_str_equal(joined.payload, f->message.payload));
    assert_true(msgin5g_str_equal(joined.msg_id, f->message.msg_id));
    assert_true(msgin5g_str_equal(joined.app_id, f->message.app_id));
    assert_true(msgin5g_str_equal(joined.dest.addr, f->message.dest.addr));
}

static void assert_missing(const struct fixture *f, const char *text)
{
    struct segment_numbers missing;
    segment_set_missing(f->set, &missing);
    assert_numbers(&missing, text);
}

static void what_is_missing(void **state)
{
    struct fixture *f = *state;
    assert_missing(f, "(1-1)");
    assert_int_equal(add(f, 3), SEGMENT_TAKEN); /* EC-14: its totalSegCount says it all */
    assert_missing(f, "(1-2, 4-5)");
    assert_int_equal(add(f, 1), SEGMENT_TAKEN);
    assert_missing(f, "(2-2, 4-5)");
}

/* TS 24.538 6.4.1.1.2: only the first one has to say how many there are; else the last flag tells. */
static void total_that_comes_late(void **state)
{
    struct fixture *f = *state;
    struct msgin5g_message one = segment(f, 2);
    one.segment.total = 0;
    assert_int_equal(segment_set_add(f->set, &one), SEGMENT_TAKEN);
    assert_missing(f, "(1-1)"); /* TS 23.554 8.5.2 NOTE 2 */
    one = segment(f, 5);
    one.segment.total = 0;
    assert_int_equal(segment_set_add(f->set, &one), SEGMENT_TAKEN);
    assert_missing(f, "(1-1, 3-4)");
}

static void contradictions(void **state)
{
    struct fixture *f = *state;
    struct msgin5g_message one;
    assert_int_equal(add(f, 3), SEGMENT_TAKEN);
#define ASSERT_BAD(number_, change)                                                                                    \
    do {                                                                                                               \
        one = segment(f, number_);                                                                                     \
        change;                                                                                                        \
        assert_int_equal(segment_set_add(f->set, &one), SEGMENT_BAD);                                                  \
    } while (0)
    ASSERT_BAD(4, one.segment.total = 6);   /* two totals */
    ASSERT_BAD(4, one.segment.number = 6);  /* behind the end */
    ASSERT_BAD(4, one.segment.last = true); /* the last one is not the last one */
    ASSERT_BAD(4, one.segment.number = 0);
    ASSERT_BAD(4, one.segment.number = 256);
    ASSERT_BAD(3, one.payload.length--); /* another payload under the same number */
    ASSERT_BAD(3, one.segment.total = 4);
    ASSERT_BAD(4, one.msg_id = msgin5g_str(SET_ID)); /* another message */
    ASSERT_BAD(4, one.ori.addr = msgin5g_str("im:else@iot.example"));
    ASSERT_BAD(4, one.dest.type = MSGIN5G_ADDR_GROUP);
    assert_int_equal(add(f, 4), SEGMENT_TAKEN);
}

static void total_smaller_than_what_is_there(void **state)
{
    struct fixture *f = *state;
    struct msgin5g_message one = segment(f, 4);
    one.segment.total = 0;
    assert_int_equal(segment_set_add(f->set, &one), SEGMENT_TAKEN);
    ASSERT_BAD(2, one.segment.total = 3);
    ASSERT_BAD(2, one.segment.total = 256);
}

static void more_than_a_set_may_hold(void **state)
{
    static char octets[MSGIN5G_WHOLE_MAX];
    struct fixture *f = *state;
    struct msgin5g_message one = segment(f, 1);
    f->budget.limit = SIZE_MAX;
    memset(octets, 'x', sizeof octets);
    one.payload = (struct msgin5g_str){ octets, sizeof octets };
    assert_int_equal(segment_set_add(f->set, &one), SEGMENT_TAKEN);
    assert_int_equal(add(f, 2), SEGMENT_BAD);
}

static void budget_is_kept(void **state)
{
    struct fixture *f = *state;
    struct msgin5g_message one = segment(f, 1);
    struct segment_set *other;
    size_t used = f->budget.used;
    f->budget.limit = used + 70;
    assert_int_equal(add(f, 1), SEGMENT_NO_ROOM);
    assert_int_equal(f->budget.used, used);
    assert_int_equal(segment_set_create(&one, &f->budget, &other), MSGIN5G_ERR_LIMIT);
    assert_int_equal(f->budget.used, used);
    f->budget.limit = 100000;
    assert_int_equal(add(f, 1), SEGMENT_TAKEN);
    one.segmented = false;
    assert_int_equal(segment_set_create(&one, &f->budget, &other), MSGIN5G_ERR_INVALID);
}

static void budgets_of_budgets(void **state)
{
    struct fixture *f = *state;
    struct segment_budget all = { .limit = 20000 };
    struct segment_budget one = { .limit = 10000, .parent = &all };
    struct msgin5g_message copy;
    struct segment_set *kept, *other;
    assert_int_equal(segment_set_keep(&f->message, &one, &kept, &copy), MSGIN5G_OK);
    assert_true(msgin5g_str_equal(copy.payload, f->message.payload));
    assert_ptr_not_equal(copy.payload.octets, f->message.payload.octets);
    assert_true(msgin5g_str_equal(copy.dest.addr, f->message.dest.addr));
    assert_false(copy.segmented);
    assert_true(one.used > 300 && one.used == all.used);
    all.limit = all.used + 299;
    assert_int_equal(segment_set_keep(&f->message, &one, &other, &copy), MSGIN5G_ERR_LIMIT);
    assert_int_equal(one.used, all.used);
    segment_set_free(kept);
    assert_int_equal(one.used, 0);
    assert_int_equal(all.used, 0);
}

int main(void)
{
#define WITH_SET(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_read_and_written),
        cmocka_unit_test(most_ranges_that_can_be_apart),
        cmocka_unit_test(ranges_that_are_refused),
        cmocka_unit_test(cut_as_in_e8),
        cmocka_unit_test(cut_between_characters),
        cmocka_unit_test(bounds_of_a_cut),
        WITH_SET(members_of_segments),
        WITH_SET(any_order_makes_the_same_message),
        WITH_SET(what_is_missing),
        WITH_SET(total_that_comes_late),
        WITH_SET(contradictions),
        WITH_SET(total_smaller_than_what_is_there),
        WITH_SET(more_than_a_set_may_hold),
        WITH_SET(budget_is_kept),
        WITH_SET(budgets_of_budgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
