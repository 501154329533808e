/*
 * Reference: closed loops of 64-octet PUTs to a CoAP server that we did not write, over DTLS-PSK, and what they cost
 * it.
 *
 *   reference_coap PORT SUITE CLIENTS SECONDS PID      (key "0123456789abcdef"; SUITE in hexadecimal)
 *
 * One CON in and one answer out: half of a routed message. One line of JSON.
 */
#include "base/secret.h"
#include "coap/transport.h"
#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW  32
#define PAYLOAD 64
#define PATH    "example_data"

struct load {
    struct loop *loop;
    struct transport *transport;
    struct transport_peer peer;
    struct transport_session **sessions;
    size_t count, started, opened, answered;
    bool running;
};

/* One client's loop: the next request follows the answer. */
struct asker {
    struct load *load;
    struct transport_session *session;
};

static void die(const char *what)
{
    fprintf(stderr, "reference_coap: %s\n", what);
    exit(EXIT_FAILURE);
}

static void connect_more(struct load *load)
{
    for (; load->started < load->count && load->started - load->opened < WINDOW; load->started++)
        if (transport_connect(load->transport, &load->peer, NULL, &load->sessions[load->started]) != MSGIN5G_OK)
            die("cannot connect");
}

static void on_opened(void *ctx, struct transport_session *session)
{
    struct load *load = ctx;

    (void)session;
    load->opened++;
    connect_more(load);
}

static void on_closed(void *ctx, struct transport_session *session, enum transport_end end)
{
    (void)ctx, (void)session;
    if (end != TRANSPORT_END_LOCAL)
        die("session lost");
}

static bool on_psk(
    void *ctx, struct transport_session *session, const char *hint, uint16_t suite, struct transport_psk *out)
{
    (void)ctx, (void)session, (void)hint, (void)suite;
    memcpy(out->key, "0123456789abcdef", 16);
    out->key_length = 16;
    strcpy(out->identity, "bench");
    return true;
}

static void ask(struct asker *asker);

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct asker *asker = ctx;

    (void)result;
    if (err != MSGIN5G_OK)
        return;
    asker->load->answered++;
    if (asker->load->running)
        ask(asker);
}

static void ask(struct asker *asker)
{
    static const char payload[PAYLOAD] = "x";
    const struct transport_call call = {
        .method = TRANSPORT_PUT, .path = PATH, .format = 0, .body = payload, .length = PAYLOAD, .confirmable = true
    };

    if (transport_send(asker->session, &call, on_answer, asker) != MSGIN5G_OK)
        die("cannot send");
}

static void run_for(struct load *load, double seconds)
{
    const int64_t end_ns = now_ns() + (int64_t)(seconds * 1e9);

    while (now_ns() < end_ns)
        (void)loop_process(load->loop, 10);
}

static void open_all(struct load *load, int pid)
{
    const int64_t start_ns = now_ns(), cpu_ns = process_cpu_ns(pid);
    const long rss = process_rss_kib(pid);
    const double count = (double)load->count;

    connect_more(load);
    while (load->opened < load->count)
        (void)loop_process(load->loop, 100);
    printf("{\"handshake_us\":%.1f,\"handshakes_per_s\":%.0f,\"rss_kib_each\":%.2f",
        (double)(process_cpu_ns(pid) - cpu_ns) / 1e3 / count, count * 1e9 / (double)(now_ns() - start_ns),
        (double)(process_rss_kib(pid) - rss) / count);
}

static void exchange(struct load *load, double seconds, int pid)
{
    struct asker *askers = calloc(load->count, sizeof *askers);
    int64_t cpu_ns, start_ns;
    size_t before;

    if (askers == NULL)
        die("no memory");
    load->running = true;
    for (size_t i = 0; i < load->count; i++) {
        askers[i] = (struct asker){ load, load->sessions[i] };
        ask(&askers[i]);
    }
    run_for(load, 0.5);
    before = load->answered;
    start_ns = now_ns();
    cpu_ns = process_cpu_ns(pid);
    run_for(load, seconds);
    cpu_ns = process_cpu_ns(pid) - cpu_ns;
    printf(",\"exchange_us\":%.2f,\"exchanges_per_s\":%.0f}\n",
        (double)cpu_ns / 1e3 / (double)(load->answered - before),
        (double)(load->answered - before) * 1e9 / (double)(now_ns() - start_ns));
    load->running = false;
    run_for(load, 0.5);
    transport_free(load->transport);
    free(askers);
}

int main(int argc, char **argv)
{
    static const struct transport_handler handler = { .opened = on_opened, .closed = on_closed, .client_psk = on_psk };
    struct load load = { 0 };
    struct transport_config config = { .ccm8 = true };

    if (argc != 6)
        die("PORT SUITE CLIENTS SECONDS PID");
    config.only_suite = (uint16_t)strtoul(argv[2], NULL, 16);
    load.peer = (struct transport_peer){ .scheme = TRANSPORT_COAPS,
        .host = "127.0.0.1",
        .port = (uint16_t)atoi(argv[1]),
        .server_name = "localhost",
        .versions = TLS_PSK_1_2_ONLY };
    load.count = strtoul(argv[3], NULL, 10);
    load.sessions = calloc(load.count, sizeof(struct transport_session *));
    if (secret_setup() != MSGIN5G_OK || load.sessions == NULL ||
        loop_create(clock_system(), &load.loop) != MSGIN5G_OK ||
        transport_create(load.loop, &config, &handler, &load, &load.transport) != MSGIN5G_OK)
        die("cannot set up");
    open_all(&load, atoi(argv[5]));
    exchange(&load, strtod(argv[4], NULL), atoi(argv[5]));
    free(load.sessions);
    loop_free(load.loop);
    return 0;
}
