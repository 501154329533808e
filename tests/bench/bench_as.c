/* An application server for benchmarks (TS 29.538): what it sends, and what is pushed to it; each prints one JSON
 * object.
 *
 *   bench_as call VERSION CA CERTIFICATE KEY URL AS FIRST UES CONNECTIONS STREAMS SECONDS SERVER_PID
 *   bench_as serve VERSION CA CERTIFICATE KEY
 *
 * VERSION is h2 or http/1.1. "call" sends messages to UES UEs in turn, from number FIRST on, STREAMS under way on each
 * of CONNECTIONS connections, new ones after the answers. "serve" prints its port and answers 204 to whatever comes
 * until it is killed.
 */
#include "base/loop.h"
#include "base/secret.h"
#include "http/client.h"
#include "http/server.h"
#include "samples.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define BODY_MAX        1024
#define PAYLOAD_OCTETS  64
#define WARM_UP_MS      500
#define PATH            "/msgs-msgdelivery/v1/deliver-as-message"

struct load {
    struct loop *loop;
    struct http_client *clients[CONNECTIONS_MAX];
    size_t connections, streams;
    const char *as_service_id;
    size_t first_ue, ues;
    uint64_t sent, good, bad;
    size_t open; /* requests without an answer */
    bool ending;
    struct samples latency;
    struct loop_timer timer;
};

/* One stream: the next request follows the answer. */
struct stream {
    struct load *load;
    struct http_client *client;
    int64_t sent_ns;
};

static _Noreturn void fail(const char *what)
{
    (void)fprintf(stderr, "bench_as: %s\n", what);
    exit(1);
}

static void send_next(struct stream *stream);

static void on_response(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct stream *stream = ctx;
    struct load *load = stream->load;
    load->open--;
    /* "status" is there when the message failed or was stored */
    if (err == MSGIN5G_OK && response->status == 200 &&
        memmem(response->body, response->length, "\"status\"", strlen("\"status\"")) == NULL)
        load->good++;
    else
        load->bad++;
    samples_add(&load->latency, now_ns() - stream->sent_ns);
    if (!load->ending)
        send_next(stream);
    else if (load->open == 0)
        loop_stop(load->loop);
}

static void send_next(struct stream *stream)
{
    struct load *load = stream->load;
    char body[BODY_MAX], payload[PAYLOAD_OCTETS + 1] = "";
    uint64_t number = load->sent++;
    memset(payload, 'x', PAYLOAD_OCTETS);
    int length = snprintf(body, sizeof body,
        "{\"oriAddr\":{\"addrType\":\"AS\",\"addr\":\"%s\"},\"destAddr\":{\"addrType\":\"UE\",\"addr\":"
        "\"im:ue-00101%010zu@lab.example\"},\"msgId\":\"%08x-0000-4000-8000-%012" PRIx64 "\",\"stoAndFwInd\":false,"
        "\"payload\":\"%s\"}",
        load->as_service_id, load->first_ue + number % load->ues, (unsigned)getpid(), number, payload);
    const struct http_call call = { .method = "POST",
        .path = PATH,
        .content_type = "application/json",
        .body = body,
        .length = (size_t)length,
        .deadline_ms = 10000 };
    stream->sent_ns = now_ns();
    if (http_client_send(stream->client, &call, on_response, stream) == MSGIN5G_OK)
        load->open++;
    else
        load->bad++;
}

static void end(void *ctx)
{
    ((struct load *)ctx)->ending = true;
}

static void run(struct load *load, struct stream *streams, int64_t ms)
{
    load->ending = false;
    load->good = load->bad = 0;
    load->latency.count = 0;
    if (loop_timer_set(load->loop, &load->timer, ms) != MSGIN5G_OK)
        fail("cannot set a timer");
    for (size_t i = 0; i < load->connections * load->streams; i++) {
        streams[i] = (struct stream){ .load = load, .client = load->clients[i % load->connections] };
        send_next(&streams[i]);
    }
    if (loop_run(load->loop) != MSGIN5G_OK)
        fail("the loop failed");
}

static int call(struct loop *loop, struct tls_context *tls, bool http2, char **arguments)
{
    struct load load = { .loop = loop,
        .as_service_id = arguments[1],
        .first_ue = strtoul(arguments[2], NULL, 10),
        .ues = strtoul(arguments[3], NULL, 10),
        .connections = strtoul(arguments[4], NULL, 10),
        .streams = strtoul(arguments[5], NULL, 10) };
    int64_t ms = (int64_t)(strtod(arguments[6], NULL) * 1000);
    int server_pid = atoi(arguments[7]);
    if (load.connections == 0 || load.connections > CONNECTIONS_MAX || load.streams == 0 || load.ues == 0 || ms <= 0)
        fail("1 to 64 connections, at least 1 stream, 1 UE, and some time");
    const struct http_client_config config = {
        .url = arguments[0], .tls = tls, .versions = http2 ? HTTP_VERSION_2 : HTTP_VERSION_ANY, .connections = 1
    };
    for (size_t i = 0; i < load.connections; i++)
        if (http_client_create(loop, &config, &load.clients[i]) != MSGIN5G_OK)
            fail("cannot create a client");
    struct stream *streams = calloc(load.connections * load.streams, sizeof *streams);
    if (streams == NULL)
        fail("no memory");
    loop_timer_init(&load.timer, end, &load);
    samples_init(&load.latency, 1000000);
    run(&load, streams, WARM_UP_MS); /* connections are up and everything is warm */
    int64_t cpu_ns = process_cpu_ns(server_pid), begin_ns = now_ns();
    run(&load, streams, ms);
    double seconds = (double)(now_ns() - begin_ns) / 1e9;
    (void)printf("{\"sent\":%" PRIu64 ",\"messages\":%" PRIu64
                 ",\"seconds\":%.3f,\"server_cpu_us\":%.1f,\"failed\":%" PRIu64 ",\"p50_us\":%.0f,\"p99_us\":%.0f}\n",
        load.sent, load.good, seconds, (double)(process_cpu_ns(server_pid) - cpu_ns) / 1e3, load.bad,
        samples_quantile(&load.latency, 0.5), samples_quantile(&load.latency, 0.99));
    for (size_t i = 0; i < load.connections; i++)
        http_client_free(load.clients[i]);
    samples_free(&load.latency);
    free(streams);
    return 0;
}

static void on_push(void *ctx, struct http_request *request)
{
    (void)ctx;
    http_respond(request, &(struct http_answer){ .status = 204 });
}

static int serve(struct loop *loop, struct tls_context *tls)
{
    static const struct http_route routes[] = { { NULL, NULL, NULL, NULL } };
    const struct http_server_config config = { .host = "127.0.0.1", .tls = tls, .routes = routes, .fallback = on_push };
    struct http_server *server = NULL;
    if (http_server_create(loop, &config, &server) != MSGIN5G_OK)
        fail("cannot serve");
    (void)printf("%u\n", http_server_port(server));
    (void)fflush(stdout);
    enum msgin5g_err err = loop_run(loop);
    http_server_free(server);
    return err == MSGIN5G_OK ? 0 : 1;
}

int main(int argc, char **argv)
{
    struct loop *loop = NULL;
    struct tls_context *tls = NULL;
    char problem[256] = "";
    bool calls = argc == 14 && strcmp(argv[1], "call") == 0;
    if (!calls && (argc != 6 || strcmp(argv[1], "serve") != 0))
        fail("call VERSION CA CERTIFICATE KEY URL AS FIRST UES CONNECTIONS STREAMS SECONDS SERVER_PID, or "
             "serve VERSION CA CERTIFICATE KEY");
    const struct tls_context_config config = { .is_server = !calls,
        .ca_file = argv[3],
        .certificate_file = argv[4],
        .key_file = argv[5],
        .peer_certificate_required = !calls,
        .alpn = argv[2] };
    if (secret_setup() != MSGIN5G_OK || tls_setup() != MSGIN5G_OK || loop_create(clock_system(), &loop) != MSGIN5G_OK)
        fail("cannot set up");
    if (tls_context_create(&config, &tls, problem, sizeof problem) != MSGIN5G_OK)
        fail(problem);
    int code = calls ? call(loop, tls, strcmp(argv[2], "h2") == 0, argv + 6) : serve(loop, tls);
    tls_context_free(tls);
    loop_free(loop);
    return code;
}
