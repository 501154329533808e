/* Load for an AAnF: key requests over several TLS connections with several streams each; prints one JSON object.
 *
 *   bench_aanf URL CA CERTIFICATE KEY A_KID AF_ID CONNECTIONS STREAMS SECONDS SERVER_PID [ACCESS_TOKEN]
 */
#include "base/loop.h"
#include "base/secret.h"
#include "http/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX   64
#define BODY_MAX          1024
#define AUTHORIZATION_MAX 8192
#define PATH              "/naanf-akma/v1/retrieve-applicationkey"

struct load {
    struct loop *loop;
    struct http_client *clients[CONNECTIONS_MAX];
    size_t connections, streams;
    char body[BODY_MAX];
    char authorization[AUTHORIZATION_MAX]; /* "": none */
    size_t open;                           /* requests without an answer */
    bool ending;
    uint64_t good, bad;
    struct loop_timer timer;
};

/* One stream: the next request follows the answer. */
struct stream {
    struct load *load;
    struct http_client *client;
};

static void ask(struct stream *stream);

static void answered(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct stream *stream = ctx;
    struct load *load = stream->load;
    load->open--;
    if (err == MSGIN5G_OK && response->status == 200)
        load->good++;
    else
        load->bad++;
    if (!load->ending)
        ask(stream);
    else if (load->open == 0)
        loop_stop(load->loop);
}

static void ask(struct stream *stream)
{
    struct load *load = stream->load;
    const struct http_header authorization = { "authorization", load->authorization };
    struct http_call call = {
        .method = "POST",
        .path = PATH,
        .content_type = "application/json",
        .body = load->body,
        .length = strlen(load->body),
        .headers = &authorization,
        .header_count = load->authorization[0] != '\0' ? 1 : 0,
        .deadline_ms = 10000,
    };
    if (http_client_send(stream->client, &call, answered, stream) == MSGIN5G_OK)
        load->open++;
    else
        load->bad++;
}

static void end(void *ctx)
{
    ((struct load *)ctx)->ending = true;
}

/* Nanoseconds the process has been on a CPU: first field of schedstat, of its one busy thread. */
static uint64_t cpu_ns(const char *pid)
{
    char path[64];
    char text[128] = "";
    (void)snprintf(path, sizeof path, "/proc/%.16s/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (file == NULL)
        return 0;
    if (fgets(text, sizeof text, file) == NULL)
        text[0] = '\0';
    (void)fclose(file);
    return strtoull(text, NULL, 10);
}

static void fail(const char *what)
{
    (void)fprintf(stderr, "bench_aanf: %s\n", what);
    exit(1);
}

static void open_clients(struct load *load, const char *url, struct tls_context *tls)
{
    struct http_client_config config = { .url = url, .tls = tls, .queued = load->streams };
    for (size_t i = 0; i < load->connections; i++)
        if (http_client_create(load->loop, &config, &load->clients[i]) != MSGIN5G_OK)
            fail("cannot create a client");
}

static void run(struct load *load, struct stream *streams, int64_t ms)
{
    load->ending = false;
    load->good = load->bad = 0;
    if (loop_timer_set(load->loop, &load->timer, ms) != MSGIN5G_OK)
        fail("cannot set a timer");
    for (size_t i = 0; i < load->connections * load->streams; i++) {
        streams[i] = (struct stream){ load, load->clients[i % load->connections] };
        ask(&streams[i]);
    }
    if (loop_run(load->loop) != MSGIN5G_OK)
        fail("the loop failed");
}

int main(int argc, char **argv)
{
    struct load load = { 0 };
    struct tls_context *tls = NULL;
    char problem[256] = "";
    if (argc != 11 && argc != 12)
        fail("URL CA CERTIFICATE KEY A_KID AF_ID CONNECTIONS STREAMS SECONDS SERVER_PID [ACCESS_TOKEN]");
    if (argc == 12)
        (void)snprintf(load.authorization, sizeof load.authorization, "Bearer %s", argv[11]);
    load.connections = strtoul(argv[7], NULL, 10);
    load.streams = strtoul(argv[8], NULL, 10);
    int64_t ms = strtol(argv[9], NULL, 10) * 1000;
    if (load.connections == 0 || load.connections > CONNECTIONS_MAX || load.streams == 0 || ms <= 0)
        fail("1 to 64 connections, at least 1 stream and 1 second");
    (void)snprintf(
        load.body, sizeof load.body, "{\"suppFeat\":\"1\",\"aKId\":\"%s\",\"afId\":\"%s\"}", argv[5], argv[6]);
    struct tls_context_config config = {
        .ca_file = argv[2], .certificate_file = argv[3], .key_file = argv[4], .alpn = "h2"
    };
    if (secret_setup() != MSGIN5G_OK || tls_setup() != MSGIN5G_OK ||
        loop_create(clock_system(), &load.loop) != MSGIN5G_OK)
        fail("cannot set up");
    if (tls_context_create(&config, &tls, problem, sizeof problem) != MSGIN5G_OK)
        fail(problem);
    loop_timer_init(&load.timer, end, &load);
    open_clients(&load, argv[1], tls);
    struct stream *streams = calloc(load.connections * load.streams, sizeof *streams);
    if (streams == NULL)
        fail("no memory");
    run(&load, streams, 500); /* connections are up and everything is warm */
    uint64_t before_ns = cpu_ns(argv[10]);
    run(&load, streams, ms);
    double busy_s = (double)(cpu_ns(argv[10]) - before_ns) / 1e9;
    (void)printf("{\"requests_per_s\": %.0f, \"requests_per_core_s\": %.0f, \"cpu_us\": %.2f, \"failed\": %" PRIu64
                 "}\n",
        (double)load.good * 1000 / (double)ms, busy_s > 0 ? (double)load.good / busy_s : 0,
        load.good > 0 ? busy_s * 1e6 / (double)load.good : 0, load.bad);
    for (size_t i = 0; i < load.connections; i++)
        http_client_free(load.clients[i]);
    free(streams);
    tls_context_free(tls);
    loop_free(load.loop);
    return load.bad == 0 ? 0 : 1;
}
