#include "base/daemon.h"

#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct daemon_control {
    struct loop *loop;
    daemon_reload_fn *reload;
    void *ctx;
    int signal_fd;
    struct loop_io *io;
    struct loop_timer watchdog;
    int64_t watchdog_ms; /* 0: nobody waits for us */
    struct daemon_drain drain;
    struct loop_timer drain_timer;
    int64_t drain_until_ms; /* 0: not draining */
};

#define DRAIN_POLL_MS 10

void daemon_notify(const char *state)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    const char *path = getenv("NOTIFY_SOCKET");
    size_t length = path != NULL ? strlen(path) : 0;
    if (length == 0 || length > sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, length);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract address */
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    socklen_t address_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
    if (sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, address_length) < 0)
        log_warning("cannot notify the service manager reason=%s", strerror(errno));
    close(fd);
}

void daemon_ready(const char *format, ...)
{
    va_list arguments;
    fputs("ready ", stdout);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    fputc('\n', stdout);
    fflush(stdout);
    daemon_notify("READY=1");
}

/* The time goes along because systemd wants to know that READY=1 answers this reload and not an earlier one. */
static void notify_reloading(void)
{
    char state[64];
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
    snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, now_us);
    daemon_notify(state);
}

static void on_drain(void *ctx)
{
    struct daemon_control *control = ctx;
    bool busy = control->drain.busy(control->drain.ctx);
    if (busy && loop_now_ms(control->loop) < control->drain_until_ms &&
        loop_timer_set(control->loop, &control->drain_timer, DRAIN_POLL_MS) == MSGIN5G_OK)
        return;
    if (busy)
        log_warning("ending although something is not finished");
    loop_stop(control->loop);
}

static void stop(struct daemon_control *control)
{
    daemon_notify("STOPPING=1");
    if (control->drain.begin == NULL || control->drain_until_ms != 0) {
        loop_stop(control->loop);
        return;
    }
    control->drain_until_ms = loop_now_ms(control->loop) + control->drain.most_ms;
    control->drain.begin(control->drain.ctx);
    on_drain(control);
}

void daemon_control_drain(struct daemon_control *control, const struct daemon_drain *drain)
{
    control->drain = *drain;
}

static void on_signal(void *ctx, uint32_t events)
{
    struct daemon_control *control = ctx;
    struct signalfd_siginfo info;
    (void)events;
    if (read(control->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
        return;
    if (info.ssi_signo != SIGHUP) {
        log_info("stopping signal=%" PRIu32, info.ssi_signo);
        stop(control);
    } else if (control->reload != NULL) {
        notify_reloading();
        control->reload(control->ctx);
        daemon_notify("READY=1");
    }
}

static void on_watchdog(void *ctx)
{
    struct daemon_control *control = ctx;
    daemon_notify("WATCHDOG=1");
    (void)loop_timer_set(
        control->loop, &control->watchdog, control->watchdog_ms); /* its place in the heap is still there */
}

/* Half of the time after which systemd takes us for dead, if it watches this process (sd_watchdog_enabled(3)). */
static int64_t watchdog_interval_ms(void)
{
    const char *pid = getenv("WATCHDOG_PID"), *microseconds = getenv("WATCHDOG_USEC");
    if (microseconds == NULL || (pid != NULL && strtoll(pid, NULL, 10) != getpid()))
        return 0;
    int64_t half_ms = strtoll(microseconds, NULL, 10) / 2000;
    return half_ms > 0 ? half_ms : 0;
}

static enum msgin5g_err watch(struct daemon_control *control, const sigset_t *signals)
{
    if (pthread_sigmask(SIG_BLOCK, signals, NULL) != 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return MSGIN5G_ERR_IO;
    control->signal_fd = signalfd(-1, signals, SFD_CLOEXEC | SFD_NONBLOCK);
    if (control->signal_fd < 0)
        return MSGIN5G_ERR_IO;
    enum msgin5g_err err = loop_io_add(control->loop, control->signal_fd, EPOLLIN, on_signal, control, &control->io);
    if (err == MSGIN5G_OK && control->watchdog_ms > 0)
        err = loop_timer_set(control->loop, &control->watchdog, control->watchdog_ms);
    return err;
}

enum msgin5g_err daemon_control_create(
    struct loop *loop, daemon_reload_fn *reload, void *ctx, struct daemon_control **out)
{
    struct daemon_control *control = calloc(1, sizeof *control);
    if (control == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *control = (struct daemon_control){ .loop = loop, .reload = reload, .ctx = ctx, .signal_fd = -1 };
    control->watchdog_ms = watchdog_interval_ms();
    loop_timer_init(&control->watchdog, on_watchdog, control);
    loop_timer_init(&control->drain_timer, on_drain, control);
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    enum msgin5g_err err = watch(control, &signals);
    if (err != MSGIN5G_OK) {
        daemon_control_free(control);
        return err;
    }
    *out = control;
    return MSGIN5G_OK;
}

void daemon_control_free(struct daemon_control *control)
{
    if (control == NULL)
        return;
    loop_timer_cancel(control->loop, &control->watchdog);
    loop_timer_cancel(control->loop, &control->drain_timer);
    loop_io_remove(control->io);
    if (control->signal_fd >= 0)
        close(control->signal_fd);
    free(control);
}
