/*
 * A server on common/http for integration tests: answers with what it was asked.
 *
 *   http_echo [--tls CERT --key KEY] [--ca FILE] [--key-log FILE] [--h2-only] [--idle MS] [--request MS] [--body
 * OCTETS] [--connections N] [--address ADDRESS]
 *
 * Prints "ready http=ADDRESS:PORT"; SIGTERM drains and ends it.
 */
#include "base/json_writer.h"
#include "base/loop.h"
#include "http/server.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define DRAIN_MS 3000
#define POLL_MS  20

struct echo {
    struct loop *loop;
    struct http_server *server;
    struct loop_timer drain;
    int64_t drain_until_ms;
    struct metrics *metrics;
    int signal_fd;
    struct delayed {
        struct loop_timer timer;
        struct http_request *request;
        struct loop *loop;
    } delayed[16];
};

static void on_echo(void *ctx, struct http_request *request)
{
    uint8_t text[4096];
    size_t length = 0;
    struct json_writer writer;
    const struct tls_peer_names *peer = http_request_peer(request);
    (void)ctx;
    json_writer_init(&writer, text, sizeof text);
    json_object_begin(&writer, NULL);
    json_string(&writer, "method", http_request_method(request));
    json_string(&writer, "path", http_request_path(request));
    json_string(&writer, "query", http_request_query(request));
    json_string(&writer, "host", http_request_header(request, "host"));
    json_string(&writer, "type", http_request_header(request, "content-type"));
    json_string(&writer, "test", http_request_header(request, "x-test"));
    json_string(&writer, "name", http_request_param(request, "name"));
    json_string(&writer, "item", http_request_param(request, "item"));
    json_text(&writer, "peer", peer != NULL && peer->count > 0 ? peer->names[0] : "");
    json_integer(&writer, "length", (int64_t)http_request_body(request).length);
    json_object_end(&writer);
    if (json_writer_finish(&writer, &length) != MSGIN5G_OK) {
        http_respond_problem(request, 500, NULL, "the echo is too long or not UTF-8");
        return;
    }
    const struct http_header header = { "x-echo", "yes" };
    const struct http_answer answer = { 200, "application/json", text, length, &header, 1 };
    http_respond(request, &answer);
}

static void on_body(void *ctx, struct http_request *request)
{
    struct msgin5g_str body = http_request_body(request);
    (void)ctx;
    const struct http_answer answer = { 200, "application/octet-stream", body.octets, body.length, NULL, 0 };
    http_respond(request, &answer);
}

static void on_none(void *ctx, struct http_request *request)
{
    const struct http_answer answer = { .status = 204 };
    (void)ctx;
    http_respond(request, &answer);
}

static void on_delay_over(void *ctx)
{
    struct delayed *delayed = ctx;
    struct http_request *request = delayed->request;
    delayed->request = NULL;
    on_none(NULL, request);
}

static void on_slow(void *ctx, struct http_request *request)
{
    struct echo *echo = ctx;
    for (size_t i = 0; i < sizeof echo->delayed / sizeof echo->delayed[0]; i++) {
        struct delayed *delayed = &echo->delayed[i];
        if (delayed->request != NULL)
            continue;
        delayed->request = request;
        loop_timer_init(&delayed->timer, on_delay_over, delayed);
        if (loop_timer_set(echo->loop, &delayed->timer, 300) != MSGIN5G_OK)
            exit(1);
        return;
    }
    http_respond_problem(request, 503, "NF_CONGESTION", NULL);
}

static void on_big(void *ctx, struct http_request *request)
{
    static char octets[1000000];
    (void)ctx;
    memset(octets, 'x', sizeof octets);
    const struct http_answer answer = { 200, "text/plain", octets, sizeof octets, NULL, 0 };
    http_respond(request, &answer);
}

static void on_metrics(void *ctx, struct http_request *request)
{
    struct echo *echo = ctx;
    struct buffer text;
    buffer_init(&text, 1 << 20);
    if (metrics_render(echo->metrics, &text) == MSGIN5G_OK) {
        const struct http_answer answer = { 200, "text/plain; version=0.0.4", text.data, text.length, NULL, 0 };
        http_respond(request, &answer);
    } else {
        http_respond_problem(request, 500, NULL, NULL);
    }
    buffer_free(&text);
}

static const struct http_route routes[] = {
    { "GET", "/echo", NULL, on_echo },
    { "POST", "/echo", NULL, on_echo },
    { "GET", "/named/{name}/items/{item}", NULL, on_echo },
    { "POST", "/body", NULL, on_body },
    { "DELETE", "/none", NULL, on_none },
    { "POST", "/none", NULL, on_none },
    { "GET", "/slow", NULL, on_slow },
    { "GET", "/big", NULL, on_big },
    { "GET", "/metrics", NULL, on_metrics },
    { NULL, NULL, NULL, NULL },
};

static void on_drain(void *ctx)
{
    struct echo *echo = ctx;
    if (http_server_connections(echo->server) == 0 || loop_now_ms(echo->loop) >= echo->drain_until_ms ||
        loop_timer_set(echo->loop, &echo->drain, POLL_MS) != MSGIN5G_OK)
        loop_stop(echo->loop);
}

static void on_signal(void *ctx, uint32_t events)
{
    struct echo *echo = ctx;
    struct signalfd_siginfo info;
    (void)events;
    if (read(echo->signal_fd, &info, sizeof info) != sizeof info)
        return;
    http_server_drain(echo->server);
    echo->drain_until_ms = loop_now_ms(echo->loop) + DRAIN_MS;
    on_drain(echo);
}

struct arguments {
    struct tls_context_config tls;
    struct http_server_config server;
    bool with_tls;
};

static void parse(int argc, char **argv, struct arguments *out)
{
    static const struct option options[] = {
        { "tls", required_argument, NULL, 't' },
        { "key", required_argument, NULL, 'k' },
        { "ca", required_argument, NULL, 'c' },
        { "h2-only", no_argument, NULL, '2' },
        { "idle", required_argument, NULL, 'i' },
        { "request", required_argument, NULL, 'r' },
        { "body", required_argument, NULL, 'b' },
        { "address", required_argument, NULL, 'a' },
        { "connections", required_argument, NULL, 'n' },
        { "key-log", required_argument, NULL, 'l' },
        { NULL, 0, NULL, 0 },
    };
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 't':
            out->with_tls = true;
            out->tls.certificate_file = optarg;
            break;
        case 'k':
            out->tls.key_file = optarg;
            break;
        case 'c':
            out->tls.ca_file = optarg;
            out->tls.peer_certificate_required = true;
            break;
        case '2':
            out->server.http2_only = true;
            break;
        case 'i':
            out->server.limits.idle_ms = atoll(optarg);
            break;
        case 'r':
            out->server.limits.request_ms = atoll(optarg);
            break;
        case 'b':
            out->server.limits.body_octets = (size_t)atoll(optarg);
            break;
        case 'n':
            out->server.limits.connections = (size_t)atoll(optarg);
            break;
        case 'a':
            out->server.host = optarg;
            break;
        case 'l':
            out->tls.key_log = true;
            out->tls.key_log_file = optarg;
            break;
        default:
            exit(2);
        }
    }
}

static void watch_signals(struct echo *echo, struct loop_io **io)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigprocmask(SIG_BLOCK, &signals, NULL);
    echo->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    loop_timer_init(&echo->drain, on_drain, echo);
    if (echo->signal_fd < 0 || loop_io_add(echo->loop, echo->signal_fd, EPOLLIN, on_signal, echo, io) != MSGIN5G_OK)
        exit(1);
}

int main(int argc, char **argv)
{
    struct echo echo = { 0 };
    struct loop_io *signals = NULL;
    struct tls_context *tls = NULL;
    char problem[200] = "";
    struct arguments arguments = {
        .tls = { .is_server = true },
        .server = { .host = "127.0.0.1",
            .routes = routes,
            .server_name = "echo",
            .metrics_label = "echo",
            .ctx = &echo },
    };
    parse(argc, argv, &arguments);
    arguments.tls.alpn = arguments.server.http2_only ? "h2" : "h2,http/1.1";
    if (tls_setup() != MSGIN5G_OK || loop_create(clock_system(), &echo.loop) != MSGIN5G_OK ||
        metrics_create(&echo.metrics) != MSGIN5G_OK)
        return 1;
    if (arguments.with_tls && tls_context_create(&arguments.tls, &tls, problem, sizeof problem) != MSGIN5G_OK) {
        fprintf(stderr, "http_echo: %s\n", problem);
        return 3;
    }
    arguments.server.tls = tls;
    arguments.server.metrics = echo.metrics;
    watch_signals(&echo, &signals);
    enum msgin5g_err err = http_server_create(echo.loop, &arguments.server, &echo.server);
    if (err != MSGIN5G_OK) {
        fprintf(stderr, "http_echo: %s: %s\n", msgin5g_err_text(err), strerror(errno));
        return 1;
    }
    printf("ready http=%s:%u\n", arguments.server.host, http_server_port(echo.server));
    fflush(stdout);
    err = loop_run(echo.loop);
    loop_timer_cancel(echo.loop, &echo.drain);
    loop_io_remove(signals);
    http_server_free(echo.server);
    tls_context_free(tls);
    metrics_free(echo.metrics);
    loop_free(echo.loop);
    close(echo.signal_fd);
    return err == MSGIN5G_OK ? 0 : 1;
}
