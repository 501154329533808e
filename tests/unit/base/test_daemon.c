#include "base/daemon.h"
#include "virtual_clock.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct daemon_control *control;
    int manager; /* the socket a service manager would listen on */
    char path[108];
    int reloads;
};

static void reload(void *ctx)
{
    ((struct fixture *)ctx)->reloads++;
}

static int listen_at(struct sockaddr_un *address, size_t length)
{
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    return bind(fd, (struct sockaddr *)address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length)) == 0 ? fd
                                                                                                                   : -1;
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    *state = fixture;
    snprintf(fixture->path, sizeof fixture->path, "/tmp/test_daemon_%d", (int)getpid());
    memcpy(address.sun_path, fixture->path, sizeof address.sun_path);
    fixture->manager = listen_at(&address, strlen(fixture->path) + 1);
    setenv("NOTIFY_SOCKET", fixture->path, 1);
    setenv("WATCHDOG_USEC", "3000000", 1);
    virtual_clock_init(&fixture->clock, 0);
    if (fixture->manager < 0 || loop_create(virtual_clock_source(&fixture->clock), &fixture->loop) != MSGIN5G_OK)
        return -1;
    return daemon_control_create(fixture->loop, reload, fixture, &fixture->control) == MSGIN5G_OK ? 0 : -1;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    daemon_control_free(fixture->control);
    loop_free(fixture->loop);
    close(fixture->manager);
    unlink(fixture->path);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    free(fixture);
    return 0;
}

/* What the manager was told next; static. */
static const char *heard(int manager)
{
    static char text[256];
    ssize_t length = recv(manager, text, sizeof text - 1, MSG_DONTWAIT);
    text[length > 0 ? length : 0] = '\0';
    return text;
}

static void hangup_reloads(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(raise(SIGHUP), 0);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    assert_int_equal(fixture->reloads, 1);
    assert_memory_equal(heard(fixture->manager), "RELOADING=1\nMONOTONIC_USEC=", 27);
    assert_string_equal(heard(fixture->manager), "READY=1");
}

static void terminate_and_interrupt_stop_the_loop(void **state)
{
    struct fixture *fixture = *state;
    static const int signals[] = { SIGTERM, SIGINT };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(raise(signals[i]), 0);
        assert_int_equal(loop_run(fixture->loop), MSGIN5G_OK);
        assert_string_equal(heard(fixture->manager), "STOPPING=1");
    }
    assert_int_equal(fixture->reloads, 0);
}

struct work {
    int left; /* looks until it is finished */
    int begun;
};

static void work_begin(void *ctx)
{
    ((struct work *)ctx)->begun++;
}

static bool work_busy(void *ctx)
{
    struct work *work = ctx;
    return work->left > 0 && work->left-- > 0;
}

/* Rounds of 10 ms until loop_stop() was called, which the loop remembers for loop_run(). */
static void pass(struct fixture *fixture, int64_t ms)
{
    for (; ms > 0; ms -= 10) {
        virtual_clock_advance(&fixture->clock, 10);
        assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    }
}

static void drains_before_it_stops(void **state)
{
    struct fixture *fixture = *state;
    struct work work = { .left = 5 };
    daemon_control_drain(fixture->control, &(struct daemon_drain){ work_begin, work_busy, &work, 1000 });
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    assert_string_equal(heard(fixture->manager), "STOPPING=1");
    assert_int_equal(work.begun, 1);
    assert_int_equal(work.left, 4);
    pass(fixture, 60);
    assert_int_equal(work.left, 0);
    assert_int_equal(loop_run(fixture->loop), MSGIN5G_OK); /* it was told to stop */
}

static void draining_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct work work = { .left = 1000000 };
    daemon_control_drain(fixture->control, &(struct daemon_drain){ work_begin, work_busy, &work, 1000 });
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    pass(fixture, 1000);
    assert_int_equal(loop_run(fixture->loop), MSGIN5G_OK);
    assert_int_equal(work.begun, 1);
}

static void second_signal_stops_at_once(void **state)
{
    struct fixture *fixture = *state;
    struct work work = { .left = 1000000 };
    daemon_control_drain(fixture->control, &(struct daemon_drain){ work_begin, work_busy, &work, 1000 });
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    assert_int_equal(raise(SIGTERM), 0);
    assert_int_equal(loop_run(fixture->loop), MSGIN5G_OK);
    assert_int_equal(work.begun, 1);
    assert_true(work.left > 0);
}

static void broken_pipe_is_survived(void **state)
{
    int ends[2];
    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(write(ends[1], "x", 1), -1);
    close(ends[1]);
}

static void watchdog_is_fed_twice_an_interval(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 3; i++) {
        virtual_clock_advance(&fixture->clock, 1499);
        assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
        assert_string_equal(heard(fixture->manager), "");
        virtual_clock_advance(&fixture->clock, 1);
        assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
        assert_string_equal(heard(fixture->manager), "WATCHDOG=1");
    }
}

static void foreign_watchdog_is_not_ours(void **state)
{
    struct fixture *fixture = *state;
    struct daemon_control *control;
    setenv("WATCHDOG_PID", "1", 1);
    daemon_control_free(fixture->control);
    assert_int_equal(daemon_control_create(fixture->loop, NULL, NULL, &control), MSGIN5G_OK);
    assert_int_equal(loop_next_timeout_ms(fixture->loop), -1);
    fixture->control = control;
    unsetenv("WATCHDOG_PID");
    assert_int_equal(raise(SIGHUP), 0); /* nothing to reload: ignored */
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    assert_string_equal(heard(fixture->manager), "");
}

static void ready_line_is_printed_and_notified(void **state)
{
    struct fixture *fixture = *state;
    char line[128];
    int ends[2], saved = dup(STDOUT_FILENO);
    assert_int_equal(pipe(ends), 0);
    fflush(stdout);
    dup2(ends[1], STDOUT_FILENO);
    daemon_ready("coaps=%s:%d", "127.0.0.1", 5684);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(ends[1]);
    ssize_t length = read(ends[0], line, sizeof line - 1);
    close(ends[0]);
    assert_true(length > 0);
    line[length] = '\0';
    assert_string_equal(line, "ready coaps=127.0.0.1:5684\n");
    assert_string_equal(heard(fixture->manager), "READY=1");
}

static void abstract_address_is_understood(void **state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char name[64];
    (void)state;
    int length = snprintf(name, sizeof name, "@test_daemon_%d", (int)getpid());
    memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
    int manager = listen_at(&address, (size_t)length);
    assert_true(manager >= 0);
    setenv("NOTIFY_SOCKET", name, 1);
    daemon_notify("STATUS=x");
    assert_string_equal(heard(manager), "STATUS=x");
    close(manager);
}

static void no_manager_is_no_problem(void **state)
{
    struct fixture *fixture = *state;
    static const char *const names[] = { "", "relative", "vsock:1" };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        setenv("NOTIFY_SOCKET", names[i], 1);
        daemon_notify("READY=1");
    }
    unsetenv("NOTIFY_SOCKET");
    daemon_notify("READY=1");
    assert_string_equal(heard(fixture->manager), "");
    daemon_control_free(NULL);
}

#define DAEMON_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DAEMON_TEST(hangup_reloads),
        DAEMON_TEST(terminate_and_interrupt_stop_the_loop),
        DAEMON_TEST(drains_before_it_stops),
        DAEMON_TEST(draining_is_bounded),
        DAEMON_TEST(second_signal_stops_at_once),
        DAEMON_TEST(broken_pipe_is_survived),
        DAEMON_TEST(watchdog_is_fed_twice_an_interval),
        DAEMON_TEST(foreign_watchdog_is_not_ours),
        DAEMON_TEST(ready_line_is_printed_and_notified),
        DAEMON_TEST(abstract_address_is_understood),
        DAEMON_TEST(no_manager_is_no_problem),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
