#include "base/loop.h"

#include "timer_heap.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utlist.h>

#define EVENTS_A_ROUND 256

struct loop_io {
    struct loop *loop;
    int fd;
    uint32_t events;
    loop_io_fn *run; /* NULL once removed: an event already fetched finds nothing to call */
    void *ctx;
    struct loop_io *next; /* among the removed ones of this round */
};

struct round_end {
    loop_round_fn *run; /* NULL once removed */
    void *ctx;
    struct round_end *prev, *next;
};

struct loop {
    struct clock_source clock;
    int epoll_fd;
    int wake_fd;
    struct loop_io *wake_io;
    atomic_bool stopping;
    bool in_round;
    int64_t now_ms;
    int64_t utc_s;
    struct timer_heap timers;
    struct loop_io *removed; /* freed at the end of the round, when no fetched event refers to them any more */
    struct round_end *round_ends;
    struct epoll_event ready[EVENTS_A_ROUND];
};

static void read_clock(struct loop *loop)
{
    loop->now_ms = loop->clock.monotonic_ms(loop->clock.ctx);
    loop->utc_s = loop->clock.utc_s(loop->clock.ctx);
}

static void on_wake(void *ctx, uint32_t events)
{
    struct loop *loop = ctx;
    eventfd_t count;
    (void)events;
    (void)eventfd_read(loop->wake_fd, &count);
}

enum msgin5g_err loop_create(struct clock_source clock, struct loop **out)
{
    enum msgin5g_err err = MSGIN5G_ERR_IO;
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    loop->clock = clock;
    read_clock(loop);
    loop->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->wake_fd >= 0 && loop->epoll_fd >= 0)
        err = loop_io_add(loop, loop->wake_fd, EPOLLIN, on_wake, loop, &loop->wake_io);
    if (err != MSGIN5G_OK) {
        loop_free(loop);
        return err;
    }
    *out = loop;
    return MSGIN5G_OK;
}

static void free_removed(struct loop *loop)
{
    while (loop->removed != NULL) {
        struct loop_io *io = loop->removed;
        LL_DELETE(loop->removed, io);
        free(io);
    }
}

void loop_free(struct loop *loop)
{
    if (loop == NULL)
        return;
    assert(!loop->in_round);
    struct round_end *hook, *next;
    DL_FOREACH_SAFE (loop->round_ends, hook, next) {
        free(hook);
    }
    loop_io_remove(loop->wake_io);
    free_removed(loop);
    timer_heap_free(&loop->timers);
    if (loop->wake_fd >= 0)
        close(loop->wake_fd);
    if (loop->epoll_fd >= 0)
        close(loop->epoll_fd);
    free(loop);
}

enum msgin5g_err loop_run(struct loop *loop)
{
    enum msgin5g_err err = MSGIN5G_OK;
    while (err == MSGIN5G_OK && !atomic_exchange(&loop->stopping, false))
        err = loop_process(loop, -1);
    return err;
}

void loop_stop(struct loop *loop)
{
    int saved = errno;
    atomic_store(&loop->stopping, true);
    (void)eventfd_write(loop->wake_fd, 1);
    errno = saved;
}

int loop_fd(const struct loop *loop)
{
    return loop->epoll_fd;
}

int64_t loop_now_ms(const struct loop *loop)
{
    return loop->in_round ? loop->now_ms : loop->clock.monotonic_ms(loop->clock.ctx);
}

int64_t loop_utc_s(const struct loop *loop)
{
    return loop->in_round ? loop->utc_s : loop->clock.utc_s(loop->clock.ctx);
}

int loop_next_timeout_ms(struct loop *loop)
{
    const struct loop_timer *first = timer_heap_first(&loop->timers);
    if (first == NULL)
        return -1;
    int64_t left_ms = first->due_ms - loop_now_ms(loop);
    return left_ms <= 0 ? 0 : left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

/* Timers set by those that run now wait for the next round, or one that sets itself with delay 0 would run for ever. */
static size_t run_timers(struct loop *loop)
{
    size_t count = 0;
    uint64_t set_before = loop->timers.next_order;
    struct loop_timer *timer;
    while ((timer = timer_heap_first(&loop->timers)) != NULL && timer->due_ms <= loop->now_ms &&
           timer->order < set_before) {
        timer_heap_remove(&loop->timers, timer);
        timer->run(timer->ctx);
        count++;
    }
    return count;
}

static void run_events(struct loop *loop, int count)
{
    for (int i = 0; i < count; i++) {
        struct loop_io *io = loop->ready[i].data.ptr;
        if (io->run != NULL)
            io->run(io->ctx, loop->ready[i].events);
    }
}

/* A hook may add and remove hooks, itself too: removed ones keep their place until all have run. */
static void run_round_ends(struct loop *loop)
{
    struct round_end *hook, *next;
    DL_FOREACH (loop->round_ends, hook) {
        if (hook->run != NULL)
            hook->run(hook->ctx);
    }
    DL_FOREACH_SAFE (loop->round_ends, hook, next) {
        if (hook->run == NULL) {
            DL_DELETE(loop->round_ends, hook);
            free(hook);
        }
    }
}

enum msgin5g_err loop_process(struct loop *loop, int timeout_ms)
{
    assert(!loop->in_round);
    int timer_ms = loop_next_timeout_ms(loop);
    if (timer_ms >= 0 && (timeout_ms < 0 || timer_ms < timeout_ms))
        timeout_ms = timer_ms;
    int count = epoll_wait(loop->epoll_fd, loop->ready, EVENTS_A_ROUND, timeout_ms);
    if (count < 0 && errno != EINTR)
        return MSGIN5G_ERR_IO;
    read_clock(loop);
    loop->in_round = true;
    run_events(loop, count);
    if (run_timers(loop) > 0 || count > 0)
        run_round_ends(loop);
    loop->in_round = false;
    free_removed(loop);
    return MSGIN5G_OK;
}

enum msgin5g_err loop_io_add(
    struct loop *loop, int fd, uint32_t events, loop_io_fn *run, void *ctx, struct loop_io **out)
{
    struct loop_io *io = calloc(1, sizeof *io);
    if (io == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *io = (struct loop_io){ .loop = loop, .fd = fd, .events = events, .run = run, .ctx = ctx };
    struct epoll_event event = { .events = events, .data.ptr = io };
    if (epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0) {
        free(io);
        return MSGIN5G_ERR_IO;
    }
    *out = io;
    return MSGIN5G_OK;
}

void loop_io_modify(struct loop_io *io, uint32_t events)
{
    struct epoll_event event = { .events = events, .data.ptr = io };
    if (events == io->events)
        return;
    io->events = events;
    if (epoll_ctl(io->loop->epoll_fd, EPOLL_CTL_MOD, io->fd, &event) != 0)
        log_error("cannot watch a descriptor fd=%d reason=%s", io->fd, strerror(errno));
}

void loop_io_remove(struct loop_io *io)
{
    if (io == NULL || io->run == NULL)
        return;
    /* fails when the owner closed the descriptor first, which removed it as well */
    (void)epoll_ctl(io->loop->epoll_fd, EPOLL_CTL_DEL, io->fd, NULL);
    if (!io->loop->in_round) {
        free(io);
        return;
    }
    io->run = NULL;
    LL_PREPEND(io->loop->removed, io);
}

void loop_timer_init(struct loop_timer *timer, loop_timer_fn *run, void *ctx)
{
    *timer = (struct loop_timer){ .run = run, .ctx = ctx };
}

enum msgin5g_err loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t delay_ms)
{
    int64_t now_ms = loop_now_ms(loop);
    if (delay_ms < 0)
        delay_ms = 0;
    int64_t due_ms = delay_ms > INT64_MAX - now_ms ? INT64_MAX : now_ms + delay_ms;
    return timer_heap_set(&loop->timers, timer, due_ms);
}

void loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
    if (timer->heap_index != 0)
        timer_heap_remove(&loop->timers, timer);
}

enum msgin5g_err loop_on_round_end(struct loop *loop, loop_round_fn *run, void *ctx)
{
    struct round_end *hook = calloc(1, sizeof *hook);
    if (hook == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    hook->run = run;
    hook->ctx = ctx;
    DL_APPEND(loop->round_ends, hook);
    return MSGIN5G_OK;
}

void loop_off_round_end(struct loop *loop, loop_round_fn *run, void *ctx)
{
    struct round_end *hook, *next;
    DL_FOREACH_SAFE (loop->round_ends, hook, next) {
        if (hook->run != run || hook->ctx != ctx)
            continue;
        hook->run = NULL;
        if (!loop->in_round) {
            DL_DELETE(loop->round_ends, hook);
            free(hook);
        }
    }
}
