#include "base/loop.h"
#include "virtual_clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define MANY 20000

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    virtual_clock_init(&fixture->clock, 1772366400);
    *state = fixture;
    return loop_create(virtual_clock_source(&fixture->clock), &fixture->loop) == MSGIN5G_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void round_after(struct fixture *fixture, int64_t ms)
{
    virtual_clock_advance(&fixture->clock, ms);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
}

/* A timer that appends its letter to a shared text. */
struct letter {
    struct loop_timer timer;
    char *text;
    char letter;
};

static void write_letter(void *ctx)
{
    struct letter *letter = ctx;
    size_t length = strlen(letter->text);
    letter->text[length] = letter->letter;
    letter->text[length + 1] = '\0';
}

static void set_letter(struct loop *loop, struct letter *letter, char *text, char name, int64_t delay_ms)
{
    letter->text = text;
    letter->letter = name;
    loop_timer_init(&letter->timer, write_letter, letter);
    assert_int_equal(loop_timer_set(loop, &letter->timer, delay_ms), MSGIN5G_OK);
}

static void timers_run_in_order_of_time(void **state)
{
    struct fixture *fixture = *state;
    struct letter a, b, c, d;
    char text[8] = "";
    set_letter(fixture->loop, &a, text, 'a', 30);
    set_letter(fixture->loop, &b, text, 'b', 10);
    set_letter(fixture->loop, &c, text, 'c', 20);
    set_letter(fixture->loop, &d, text, 'd', 20);
    assert_int_equal(loop_next_timeout_ms(fixture->loop), 10);
    round_after(fixture, 9);
    assert_string_equal(text, "");
    round_after(fixture, 1);
    assert_string_equal(text, "b");
    round_after(fixture, 100);
    assert_string_equal(text, "bcda");
    assert_int_equal(loop_next_timeout_ms(fixture->loop), -1);
}

static void timer_set_again_is_moved(void **state)
{
    struct fixture *fixture = *state;
    struct letter a, b;
    char text[8] = "";
    set_letter(fixture->loop, &a, text, 'a', 10);
    set_letter(fixture->loop, &b, text, 'b', 20);
    assert_int_equal(loop_timer_set(fixture->loop, &a.timer, 30), MSGIN5G_OK);
    round_after(fixture, 20);
    assert_string_equal(text, "b");
    loop_timer_cancel(fixture->loop, &a.timer);
    loop_timer_cancel(fixture->loop, &a.timer);
    round_after(fixture, 20);
    assert_string_equal(text, "b");
    assert_int_equal(loop_timer_set(fixture->loop, &a.timer, -5), MSGIN5G_OK);
    assert_int_equal(loop_next_timeout_ms(fixture->loop), 0);
    round_after(fixture, 0);
    assert_string_equal(text, "ba");
}

static void far_timers_do_not_overflow(void **state)
{
    struct fixture *fixture = *state;
    struct letter a;
    char text[8] = "";
    set_letter(fixture->loop, &a, text, 'a', INT64_MAX);
    assert_int_equal(loop_next_timeout_ms(fixture->loop), INT32_MAX);
    round_after(fixture, 1000);
    assert_string_equal(text, "");
    loop_timer_cancel(fixture->loop, &a.timer);
}

struct repeat {
    struct loop *loop;
    struct loop_timer timer;
    struct loop_timer *victim;
    int count;
};

static void set_again(void *ctx)
{
    struct repeat *repeat = ctx;
    repeat->count++;
    (void)loop_timer_set(repeat->loop, &repeat->timer, 0);
    if (repeat->victim != NULL)
        loop_timer_cancel(repeat->loop, repeat->victim);
}

static void timer_that_sets_itself_runs_once_a_round(void **state)
{
    struct fixture *fixture = *state;
    struct repeat repeat = { .loop = fixture->loop };
    loop_timer_init(&repeat.timer, set_again, &repeat);
    assert_int_equal(loop_timer_set(fixture->loop, &repeat.timer, 0), MSGIN5G_OK);
    round_after(fixture, 0);
    assert_int_equal(repeat.count, 1);
    round_after(fixture, 0);
    assert_int_equal(repeat.count, 2);
    loop_timer_cancel(fixture->loop, &repeat.timer);
}

static void timer_can_cancel_another_that_is_due(void **state)
{
    struct fixture *fixture = *state;
    struct repeat repeat = { .loop = fixture->loop };
    struct letter victim;
    char text[8] = "";
    loop_timer_init(&repeat.timer, set_again, &repeat);
    assert_int_equal(loop_timer_set(fixture->loop, &repeat.timer, 5), MSGIN5G_OK);
    set_letter(fixture->loop, &victim, text, 'v', 5);
    repeat.victim = &victim.timer;
    round_after(fixture, 5);
    assert_int_equal(repeat.count, 1);
    assert_string_equal(text, "");
    loop_timer_cancel(fixture->loop, &repeat.timer);
}

static void free_own_timer(void *ctx)
{
    struct repeat *repeat = ctx;
    free(repeat);
}

static void timer_can_free_what_contains_it(void **state)
{
    struct fixture *fixture = *state;
    struct repeat *repeat = calloc(1, sizeof *repeat);
    loop_timer_init(&repeat->timer, free_own_timer, repeat);
    assert_int_equal(loop_timer_set(fixture->loop, &repeat->timer, 1), MSGIN5G_OK);
    round_after(fixture, 1);
    assert_int_equal(loop_next_timeout_ms(fixture->loop), -1);
}

struct ordered {
    struct loop_timer timer;
    struct order {
        struct loop *loop;
        int64_t last_ms;
        int run;
        int64_t start_ms;
    } * order;
    int64_t delay_ms;
};

static void check_order(void *ctx)
{
    struct ordered *timer = ctx;
    assert_true(timer->delay_ms >= timer->order->last_ms);
    assert_true(timer->order->start_ms + timer->delay_ms <= loop_now_ms(timer->order->loop));
    timer->order->last_ms = timer->delay_ms;
    timer->order->run++;
}

static void many_timers_keep_their_order(void **state)
{
    struct fixture *fixture = *state;
    struct order order = { .loop = fixture->loop, .start_ms = loop_now_ms(fixture->loop) };
    struct ordered *timers = calloc(MANY, sizeof *timers);
    unsigned int seed = 5;
    int cancelled = 0;
    for (int i = 0; i < MANY; i++) {
        timers[i].order = &order;
        timers[i].delay_ms = rand_r(&seed) % 10000;
        loop_timer_init(&timers[i].timer, check_order, &timers[i]);
        assert_int_equal(loop_timer_set(fixture->loop, &timers[i].timer, rand_r(&seed) % 10000), MSGIN5G_OK);
        assert_int_equal(loop_timer_set(fixture->loop, &timers[i].timer, timers[i].delay_ms), MSGIN5G_OK);
    }
    for (int i = 0; i < MANY; i += 3, cancelled++)
        loop_timer_cancel(fixture->loop, &timers[i].timer);
    for (int i = 0; i < 100; i++)
        round_after(fixture, 100);
    assert_int_equal(order.run, MANY - cancelled);
    free(timers);
}

/* Two descriptors whose callbacks can remove one another. */
struct watcher {
    int fd;
    struct loop_io *io;
    struct watcher *other;
    int runs;
    uint32_t events;
};

static void on_ready(void *ctx, uint32_t events)
{
    struct watcher *watcher = ctx;
    eventfd_t count;
    watcher->runs++;
    watcher->events = events;
    assert_int_equal(eventfd_read(watcher->fd, &count), 0);
    if (watcher->other != NULL) {
        loop_io_remove(watcher->other->io);
        watcher->other->io = NULL;
    }
}

static void watch(struct loop *loop, struct watcher *watcher, struct watcher *other)
{
    *watcher = (struct watcher){ .fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .other = other };
    assert_int_equal(loop_io_add(loop, watcher->fd, EPOLLIN, on_ready, watcher, &watcher->io), MSGIN5G_OK);
}

static void unwatch(struct watcher *watcher)
{
    loop_io_remove(watcher->io);
    close(watcher->fd);
}

static void removed_descriptor_is_not_called_in_the_same_round(void **state)
{
    struct fixture *fixture = *state;
    struct watcher a, b;
    watch(fixture->loop, &a, &b);
    watch(fixture->loop, &b, &a);
    eventfd_write(a.fd, 1);
    eventfd_write(b.fd, 1);
    round_after(fixture, 0);
    assert_int_equal(a.runs + b.runs, 1);
    round_after(fixture, 0);
    assert_int_equal(a.runs + b.runs, 1);
    unwatch(&a);
    unwatch(&b);
}

static void descriptor_can_remove_itself(void **state)
{
    struct fixture *fixture = *state;
    struct watcher a;
    watch(fixture->loop, &a, &a);
    eventfd_write(a.fd, 1);
    round_after(fixture, 0);
    assert_null(a.io);
    eventfd_write(a.fd, 1);
    round_after(fixture, 0);
    assert_int_equal(a.runs, 1);
    unwatch(&a);
}

static void events_can_be_changed(void **state)
{
    struct fixture *fixture = *state;
    struct watcher a;
    watch(fixture->loop, &a, NULL);
    eventfd_write(a.fd, 1);
    loop_io_modify(a.io, 0);
    round_after(fixture, 0);
    assert_int_equal(a.runs, 0);
    loop_io_modify(a.io, EPOLLIN | EPOLLOUT);
    loop_io_modify(a.io, EPOLLIN | EPOLLOUT);
    round_after(fixture, 0);
    assert_int_equal(a.runs, 1);
    assert_int_equal(a.events, EPOLLIN | EPOLLOUT);
    unwatch(&a);
}

static void bad_descriptor_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    struct loop_io *io = NULL;
    assert_int_equal(loop_io_add(fixture->loop, -1, EPOLLIN, on_ready, NULL, &io), MSGIN5G_ERR_IO);
    assert_null(io);
    loop_io_remove(NULL);
}

/* More than one epoll_wait() returns; below the usual limit of 1024 descriptors. */
static void many_descriptors_are_all_served(void **state)
{
    struct fixture *fixture = *state;
    enum { COUNT = 900 };
    struct watcher *watchers = calloc(COUNT, sizeof *watchers);
    int ready = 0;
    for (int i = 0; i < COUNT; i++) {
        watch(fixture->loop, &watchers[i], NULL);
        eventfd_write(watchers[i].fd, 1);
    }
    for (int i = 0; i < 8; i++)
        round_after(fixture, 0);
    for (int i = 0; i < COUNT; i++) {
        ready += watchers[i].runs;
        unwatch(&watchers[i]);
    }
    assert_int_equal(ready, COUNT);
    free(watchers);
}

struct hook {
    struct loop *loop;
    int runs;
    struct hook *remove;
};

static void on_round_end(void *ctx)
{
    struct hook *hook = ctx;
    hook->runs++;
    if (hook->remove != NULL)
        loop_off_round_end(hook->loop, on_round_end, hook->remove);
}

static void round_end_follows_rounds_with_work(void **state)
{
    struct fixture *fixture = *state;
    struct hook hook = { .loop = fixture->loop };
    struct letter a;
    char text[8] = "";
    assert_int_equal(loop_on_round_end(fixture->loop, on_round_end, &hook), MSGIN5G_OK);
    round_after(fixture, 0);
    assert_int_equal(hook.runs, 0);
    set_letter(fixture->loop, &a, text, 'a', 0);
    round_after(fixture, 0);
    assert_int_equal(hook.runs, 1);
    loop_off_round_end(fixture->loop, on_round_end, &hook);
    set_letter(fixture->loop, &a, text, 'a', 0);
    round_after(fixture, 0);
    assert_int_equal(hook.runs, 1);
}

static void round_end_hooks_can_remove_hooks(void **state)
{
    struct fixture *fixture = *state;
    struct hook first = { .loop = fixture->loop }, second = { .loop = fixture->loop },
                third = { .loop = fixture->loop };
    struct letter a;
    char text[8] = "";
    first.remove = &second;
    third.remove = &third;
    assert_int_equal(loop_on_round_end(fixture->loop, on_round_end, &first), MSGIN5G_OK);
    assert_int_equal(loop_on_round_end(fixture->loop, on_round_end, &second), MSGIN5G_OK);
    assert_int_equal(loop_on_round_end(fixture->loop, on_round_end, &third), MSGIN5G_OK);
    for (int i = 0; i < 2; i++) {
        set_letter(fixture->loop, &a, text, 'a', 0);
        round_after(fixture, 0);
    }
    assert_int_equal(first.runs, 2);
    assert_int_equal(second.runs, 0);
    assert_int_equal(third.runs, 1);
}

static void time_is_read_once_a_round(void **state)
{
    struct fixture *fixture = *state;
    int64_t before_ms = loop_now_ms(fixture->loop);
    virtual_clock_advance(&fixture->clock, 2000);
    assert_int_equal(loop_now_ms(fixture->loop), before_ms + 2000);
    assert_int_equal(loop_utc_s(fixture->loop), 1772366402);
}

static void *stop_from_outside(void *loop)
{
    loop_stop(loop);
    return NULL;
}

static void other_thread_stops_the_loop(void **state)
{
    struct fixture *fixture = *state;
    pthread_t thread;
    for (int i = 0; i < 50; i++) {
        assert_int_equal(pthread_create(&thread, NULL, stop_from_outside, fixture->loop), 0);
        assert_int_equal(loop_run(fixture->loop), MSGIN5G_OK);
        assert_int_equal(pthread_join(thread, NULL), 0);
    }
}

static void inner_loop_nests_in_an_outer_one(void **state)
{
    struct fixture *fixture = *state;
    struct watcher a;
    struct epoll_event event = { .events = EPOLLIN };
    int outer = epoll_create1(EPOLL_CLOEXEC);
    assert_int_equal(epoll_ctl(outer, EPOLL_CTL_ADD, loop_fd(fixture->loop), &event), 0);
    watch(fixture->loop, &a, NULL);
    assert_int_equal(epoll_wait(outer, &event, 1, 0), 0);
    eventfd_write(a.fd, 1);
    assert_int_equal(epoll_wait(outer, &event, 1, 0), 1);
    round_after(fixture, 0);
    assert_int_equal(a.runs, 1);
    assert_int_equal(epoll_wait(outer, &event, 1, 0), 0);
    unwatch(&a);
    close(outer);
}

static void real_clock_wakes_for_a_timer(void **state)
{
    struct loop *loop;
    struct letter a;
    char text[8] = "";
    (void)state;
    assert_int_equal(loop_create(clock_system(), &loop), MSGIN5G_OK);
    int64_t start_ms = loop_now_ms(loop);
    set_letter(loop, &a, text, 'a', 20);
    while (text[0] == '\0')
        assert_int_equal(loop_process(loop, -1), MSGIN5G_OK);
    assert_true(loop_now_ms(loop) - start_ms >= 20);
    loop_free(loop);
    loop_free(NULL);
}

#define LOOP_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LOOP_TEST(timers_run_in_order_of_time),
        LOOP_TEST(timer_set_again_is_moved),
        LOOP_TEST(far_timers_do_not_overflow),
        LOOP_TEST(timer_that_sets_itself_runs_once_a_round),
        LOOP_TEST(timer_can_cancel_another_that_is_due),
        LOOP_TEST(timer_can_free_what_contains_it),
        LOOP_TEST(many_timers_keep_their_order),
        LOOP_TEST(removed_descriptor_is_not_called_in_the_same_round),
        LOOP_TEST(descriptor_can_remove_itself),
        LOOP_TEST(events_can_be_changed),
        LOOP_TEST(bad_descriptor_is_an_error),
        LOOP_TEST(many_descriptors_are_all_served),
        LOOP_TEST(round_end_follows_rounds_with_work),
        LOOP_TEST(round_end_hooks_can_remove_hooks),
        LOOP_TEST(time_is_read_once_a_round),
        LOOP_TEST(other_thread_stops_the_loop),
        LOOP_TEST(inner_loop_nests_in_an_outer_one),
        cmocka_unit_test(real_clock_wakes_for_a_timer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
