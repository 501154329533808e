#include "base/mailbox.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define POSTERS 8
#define EACH    5000

struct fixture {
    struct loop *loop;
    struct mailbox *mailbox;
    uintptr_t last[POSTERS]; /* item received last from each poster */
    size_t received;
};

/* Items are numbers: poster in the upper bits, then a count from 1. */
static void receive(void *ctx, void *item)
{
    struct fixture *fixture = ctx;
    uintptr_t poster = (uintptr_t)item >> 20;
    assert_true((uintptr_t)item == fixture->last[poster] + 1 || fixture->last[poster] == 0);
    fixture->last[poster] = (uintptr_t)item;
    fixture->received++;
}

static void make(struct fixture *fixture, size_t capacity, mailbox_fn *run)
{
    *fixture = (struct fixture){ .received = 0 };
    assert_int_equal(loop_create(clock_system(), &fixture->loop), MSGIN5G_OK);
    assert_int_equal(mailbox_create(fixture->loop, capacity, run, fixture, &fixture->mailbox), MSGIN5G_OK);
}

static void end(struct fixture *fixture)
{
    mailbox_free(fixture->mailbox, NULL);
    loop_free(fixture->loop);
}

static void items_arrive_in_order(void **state)
{
    struct fixture fixture;
    (void)state;
    make(&fixture, 16, receive);
    for (uintptr_t i = 1; i <= 16; i++)
        assert_int_equal(mailbox_post(fixture.mailbox, (void *)i), MSGIN5G_OK);
    assert_int_equal(loop_process(fixture.loop, -1), MSGIN5G_OK);
    assert_int_equal(fixture.received, 16);
    assert_int_equal(fixture.last[0], 16);
    assert_int_equal(loop_process(fixture.loop, 0), MSGIN5G_OK);
    assert_int_equal(fixture.received, 16);
    end(&fixture);
}

static void full_mailbox_refuses(void **state)
{
    struct fixture fixture;
    (void)state;
    make(&fixture, 2, receive);
    assert_int_equal(mailbox_post(fixture.mailbox, (void *)1), MSGIN5G_OK);
    assert_int_equal(mailbox_post(fixture.mailbox, (void *)2), MSGIN5G_OK);
    assert_int_equal(mailbox_post(fixture.mailbox, (void *)3), MSGIN5G_ERR_LIMIT);
    assert_int_equal(loop_process(fixture.loop, -1), MSGIN5G_OK);
    assert_int_equal(fixture.received, 2);
    assert_int_equal(mailbox_post(fixture.mailbox, (void *)3), MSGIN5G_OK);
    assert_int_equal(loop_process(fixture.loop, -1), MSGIN5G_OK);
    assert_int_equal(fixture.received, 3);
    end(&fixture);
}

static void capacity_is_checked(void **state)
{
    struct loop *loop;
    struct mailbox *mailbox = NULL;
    (void)state;
    assert_int_equal(loop_create(clock_system(), &loop), MSGIN5G_OK);
    assert_int_equal(mailbox_create(loop, 0, receive, NULL, &mailbox), MSGIN5G_ERR_INVALID);
    assert_int_equal(mailbox_create(loop, 1048577, receive, NULL, &mailbox), MSGIN5G_ERR_INVALID);
    assert_null(mailbox);
    mailbox_free(NULL, NULL);
    loop_free(loop);
}

static void post_back(void *ctx, void *item)
{
    struct fixture *fixture = ctx;
    fixture->received++;
    if ((uintptr_t)item > 1)
        assert_int_equal(mailbox_post(fixture->mailbox, (void *)((uintptr_t)item - 1)), MSGIN5G_OK);
}

static void callback_may_post(void **state)
{
    struct fixture fixture;
    (void)state;
    make(&fixture, 1, post_back);
    assert_int_equal(mailbox_post(fixture.mailbox, (void *)3), MSGIN5G_OK);
    for (size_t round = 1; round <= 3; round++) {
        assert_int_equal(loop_process(fixture.loop, 0), MSGIN5G_OK);
        assert_int_equal(fixture.received, round); /* one round each: a mailbox cannot starve the loop */
    }
    end(&fixture);
}

static size_t dropped_items;

static void drop(void *item)
{
    dropped_items++;
    free(item);
}

static void free_drops_what_is_inside(void **state)
{
    struct fixture fixture;
    (void)state;
    make(&fixture, 4, receive);
    dropped_items = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(mailbox_post(fixture.mailbox, malloc(8)), MSGIN5G_OK);
    mailbox_free(fixture.mailbox, drop);
    assert_int_equal(dropped_items, 3);
    assert_int_equal(loop_process(fixture.loop, 0), MSGIN5G_OK);
    assert_int_equal(fixture.received, 0);
    loop_free(fixture.loop);
}

static void free_mailbox(void *ctx, void *item)
{
    struct fixture *fixture = ctx;
    free(item);
    fixture->received++;
    assert_int_equal(mailbox_post(fixture->mailbox, malloc(8)), MSGIN5G_OK);
    mailbox_free(fixture->mailbox, drop);
}

static void callback_may_free_the_mailbox(void **state)
{
    struct fixture fixture;
    (void)state;
    make(&fixture, 4, free_mailbox);
    dropped_items = 0;
    for (int i = 0; i < 3; i++)
        assert_int_equal(mailbox_post(fixture.mailbox, malloc(8)), MSGIN5G_OK);
    assert_int_equal(loop_process(fixture.loop, -1), MSGIN5G_OK);
    assert_int_equal(fixture.received, 1);
    assert_int_equal(dropped_items, 3);
    loop_free(fixture.loop);
}

struct poster {
    struct mailbox *mailbox;
    uintptr_t number;
};

static void *post_many(void *argument)
{
    struct poster *poster = argument;
    for (uintptr_t i = 1; i <= EACH; i++) {
        while (mailbox_post(poster->mailbox, (void *)(poster->number << 20 | i)) == MSGIN5G_ERR_LIMIT)
            sched_yield();
    }
    return NULL;
}

static void many_threads_post(void **state)
{
    struct fixture fixture;
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    (void)state;
    make(&fixture, 64, receive);
    for (uintptr_t i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){ .mailbox = fixture.mailbox, .number = i };
        assert_int_equal(pthread_create(&threads[i], NULL, post_many, &posters[i]), 0);
    }
    while (fixture.received < (size_t)POSTERS * EACH)
        assert_int_equal(loop_process(fixture.loop, 10000), MSGIN5G_OK);
    for (size_t i = 0; i < POSTERS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(fixture.last[i] & 0xfffff, EACH);
    }
    end(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_arrive_in_order),
        cmocka_unit_test(full_mailbox_refuses),
        cmocka_unit_test(capacity_is_checked),
        cmocka_unit_test(callback_may_post),
        cmocka_unit_test(free_drops_what_is_inside),
        cmocka_unit_test(callback_may_free_the_mailbox),
        cmocka_unit_test(many_threads_post),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
