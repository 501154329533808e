#include "rig.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define GIVE_UP_S 20

static void on_hello(void *ctx, struct http_request *request)
{
    struct rig *rig = ctx;
    static const struct http_header header = { "x-kind", "greeting" };
    static const struct http_answer answer = { 200, "text/plain", "hello", 5, &header, 1 };
    rig->handled++;
    http_respond(request, &answer);
}

static void on_echo(void *ctx, struct http_request *request)
{
    struct rig *rig = ctx;
    struct msgin5g_str body = http_request_body(request);
    const struct http_answer answer = { 201, "application/octet-stream", body.octets, body.length, NULL, 0 };
    rig->handled++;
    http_respond(request, &answer);
}

static void on_hold(void *ctx, struct http_request *request)
{
    struct rig *rig = ctx;
    rig->handled++;
    assert_true(rig->held_count < HELD_MAX);
    rig->held[rig->held_count++] = request;
}

static void on_big(void *ctx, struct http_request *request)
{
    static char octets[70000];
    struct rig *rig = ctx;
    rig->handled++;
    memset(octets, 'x', sizeof octets);
    const struct http_answer answer = { 200, "text/plain", octets, sizeof octets, NULL, 0 };
    http_respond(request, &answer);
}

static const struct http_route routes[] = {
    { "GET", "/hello", NULL, on_hello },
    { "POST", "/echo", NULL, on_echo },
    { "GET", "/hold", NULL, on_hold },
    { "GET", "/big", NULL, on_big },
    { NULL, NULL, NULL, NULL },
};

static void on_round_end(void *ctx)
{
    ((struct rig *)ctx)->ran = true;
}

void rig_open(struct rig *rig)
{
    memset(rig, 0, sizeof *rig);
    virtual_clock_init(&rig->clock, 1800000000);
    assert_int_equal(loop_create(virtual_clock_source(&rig->clock), &rig->loop), MSGIN5G_OK);
    assert_int_equal(loop_on_round_end(rig->loop, on_round_end, rig), MSGIN5G_OK);
}

void rig_close(struct rig *rig)
{
    rig_stop_serving(rig);
    loop_off_round_end(rig->loop, on_round_end, rig);
    loop_free(rig->loop);
}

void rig_serve(struct rig *rig, struct tls_context *tls, uint16_t port, const struct http_limits *limits)
{
    struct http_server_config config = {
        .host = "127.0.0.1", .port = port, .tls = tls, .routes = routes, .ctx = rig, .metrics_label = "rig"
    };
    if (limits != NULL)
        config.limits = *limits;
    assert_null(rig->server);
    assert_int_equal(http_server_create(rig->loop, &config, &rig->server), MSGIN5G_OK);
}

void rig_release(struct rig *rig)
{
    static const struct http_answer answer = { .status = 204 };
    while (rig->held_count > 0)
        http_respond(rig->held[--rig->held_count], &answer);
}

void rig_stop_serving(struct rig *rig)
{
    http_server_free(rig->server);
    rig->server = NULL;
    rig_release(rig); /* into the void */
}

static int64_t real_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void rig_run_until(struct rig *rig, bool (*done)(void *ctx), void *ctx)
{
    int64_t end = real_ms() + (int64_t)GIVE_UP_S * 1000;
    while (!done(ctx)) {
        if (real_ms() > end)
            fail_msg("waited in vain");
        assert_int_equal(loop_process(rig->loop, 10), MSGIN5G_OK);
    }
}

/* Rounds in which nothing ran; how long they waited says nothing, since a timer of the standing clock may be near. */
void rig_settle(struct rig *rig)
{
    for (int quiet = 0; quiet < 3;) {
        rig->ran = false;
        assert_int_equal(loop_process(rig->loop, 5), MSGIN5G_OK);
        quiet = rig->ran ? 0 : quiet + 1;
    }
}

void rig_pass(struct rig *rig, int64_t ms)
{
    virtual_clock_advance(&rig->clock, ms);
    rig_settle(rig);
}

int rig_socket(const struct rig *rig)
{
    const struct timeval limit = { GIVE_UP_S, 0 };
    const struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_port = htons(http_server_port(rig->server)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    return fd;
}
