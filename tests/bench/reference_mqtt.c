/*
 * Reference: the load of loadgen.c for an MQTT broker (Mosquitto), QoS 1 over TLS-PSK, and what it costs the broker.
 *
 *   reference_mqtt PORT CIPHERS PAIRS IDLE SECONDS PID      (identity "bench", key 64 times "1" in hexadecimal)
 *
 * UE 2i publishes 64 octets to the topic of UE 2i+1, the next when they have arrived: one PUBLISH in, one out, each
 * acknowledged, as a routed message is. One line of JSON.
 */
#include "samples.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define SECOND_NS   INT64_C(1000000000)
#define PAYLOAD     64
#define WINDOW      32
#define SAMPLES_MAX 4000000
#define SINGLES     5000
#define RUNS        5
#define KEY         "1111111111111111111111111111111111111111111111111111111111111111"

struct ue {
    struct load *load;
    struct mosquitto *mqtt;
    size_t number;
    bool subscribed;
};

struct load {
    struct ue *ues;
    size_t count, subscribed;
    int epoll;
    struct samples latency;
    uint64_t delivered, limit;
    bool closed, spin;
};

static void die(const char *what)
{
    fprintf(stderr, "reference_mqtt: %s\n", what);
    exit(EXIT_FAILURE);
}

static void topic_of(size_t number, char out[32])
{
    snprintf(out, 32, "ue/%zu", number);
}

static void publish(struct ue *sender)
{
    char topic[32], payload[PAYLOAD + 1];

    topic_of(sender->number ^ 1, topic);
    memset(payload, 'x', sizeof payload);
    snprintf(payload, 21, "%020lld", (long long)now_ns());
    payload[20] = 'x';
    if (mosquitto_publish(sender->mqtt, NULL, topic, PAYLOAD, payload, 1, false) != MOSQ_ERR_SUCCESS)
        die("publish");
}

static void on_connect(struct mosquitto *mqtt, void *ctx, int code)
{
    struct ue *ue = ctx;
    char topic[32];

    topic_of(ue->number, topic);
    if (code != 0 || mosquitto_subscribe(mqtt, NULL, topic, 1) != MOSQ_ERR_SUCCESS)
        die("connect refused");
}

static void on_subscribe(struct mosquitto *mqtt, void *ctx, int id, int count, const int *granted)
{
    struct ue *ue = ctx;

    (void)mqtt, (void)id, (void)count, (void)granted;
    ue->subscribed = true;
    ue->load->subscribed++;
}

static void on_message(struct mosquitto *mqtt, void *ctx, const struct mosquitto_message *message)
{
    struct ue *receiver = ctx;
    struct load *load = receiver->load;
    char digits[21] = "";

    (void)mqtt;
    memcpy(digits, message->payload, 20);
    samples_add(&load->latency, now_ns() - strtoll(digits, NULL, 10));
    load->delivered++;
    if (load->closed && (load->limit == 0 || load->delivered < load->limit))
        publish(&load->ues[receiver->number ^ 1]);
}

static void connect_one(struct load *load, size_t number, int port, const char *ciphers)
{
    struct ue *ue = &load->ues[number];
    struct epoll_event event = { .events = EPOLLIN, .data.ptr = ue };

    *ue = (struct ue){ .load = load, .number = number };
    if ((ue->mqtt = mosquitto_new(NULL, true, ue)) == NULL)
        die("no memory");
    mosquitto_connect_callback_set(ue->mqtt, on_connect);
    mosquitto_subscribe_callback_set(ue->mqtt, on_subscribe);
    mosquitto_message_callback_set(ue->mqtt, on_message);
    (void)mosquitto_int_option(ue->mqtt, MOSQ_OPT_TCP_NODELAY, 1);
    if (mosquitto_tls_opts_set(ue->mqtt, 1, "tlsv1.2", NULL) != MOSQ_ERR_SUCCESS ||
        mosquitto_tls_psk_set(ue->mqtt, KEY, "bench", ciphers) != MOSQ_ERR_SUCCESS ||
        mosquitto_connect(ue->mqtt, "127.0.0.1", port, 3600) != MOSQ_ERR_SUCCESS)
        die("cannot connect");
    if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, mosquitto_socket(ue->mqtt), &event) != 0)
        die("epoll_ctl");
}

static void turn(struct load *load)
{
    struct epoll_event events[64];
    int count = epoll_wait(load->epoll, events, 64, load->spin ? 0 : 10);

    for (int i = 0; i < count; i++) {
        struct ue *ue = events[i].data.ptr;

        if (mosquitto_loop_read(ue->mqtt, 1) != MOSQ_ERR_SUCCESS)
            die("connection lost");
        while (mosquitto_want_write(ue->mqtt))
            (void)mosquitto_loop_write(ue->mqtt, 1);
    }
}

static void connect_all(struct load *load, size_t target, int port, const char *ciphers, int pid)
{
    int64_t start_ns = now_ns(), cpu_ns = process_cpu_ns(pid);
    long rss = process_rss_kib(pid);
    size_t next = load->subscribed, before = load->subscribed;

    while (load->subscribed < target) {
        for (; next < target && next - load->subscribed < WINDOW; next++)
            connect_one(load, next, port, ciphers);
        turn(load);
        for (size_t i = next > WINDOW ? next - WINDOW : 0; i < next; i++)
            while (mosquitto_want_write(load->ues[i].mqtt) &&
                   mosquitto_loop_write(load->ues[i].mqtt, 1) == MOSQ_ERR_SUCCESS && !load->ues[i].subscribed)
                break;
    }
    printf("\"connected\":%zu,\"connect_cpu_us\":%.1f,\"connects_per_s\":%.0f,\"rss_kib_each\":%.2f", target - before,
        (double)(process_cpu_ns(pid) - cpu_ns) / 1e3 / (double)(target - before),
        (double)(target - before) * 1e9 / (double)(now_ns() - start_ns),
        (double)(process_rss_kib(pid) - rss) / (double)(target - before));
}

static void traffic(struct load *load, size_t pairs, double seconds, uint64_t limit, int pid, const char *name)
{
    const int64_t start_ns = now_ns(), cpu_ns = process_cpu_ns(pid), mine_ns = process_cpu_ns(getpid());
    const int64_t end_ns = start_ns + (int64_t)(seconds * 1e9);
    double elapsed_s;

    samples_init(&load->latency, SAMPLES_MAX);
    load->delivered = 0;
    load->limit = limit;
    load->closed = true;
    for (size_t i = 0; i < pairs; i++)
        publish(&load->ues[2 * i]);
    while (now_ns() < end_ns && (limit == 0 || load->delivered < limit))
        turn(load);
    elapsed_s = (double)(now_ns() - start_ns) / 1e9;
    load->closed = false;
    printf(",\"%s_us\":%.2f,\"%s_per_s\":%.0f,\"%s_p50_us\":%.0f,\"%s_p99_us\":%.0f,\"%s_generator_core\":%.2f", name,
        (double)(process_cpu_ns(pid) - cpu_ns) / 1e3 / (double)load->delivered, name,
        (double)load->delivered / elapsed_s, name, samples_quantile(&load->latency, 0.5), name,
        samples_quantile(&load->latency, 0.99), name, (double)(process_cpu_ns(getpid()) - mine_ns) / 1e9 / elapsed_s);
    for (int64_t until_ns = now_ns() + SECOND_NS / 2; now_ns() < until_ns;)
        turn(load);
    samples_free(&load->latency);
}

static void turn_until(struct load *load, const uint64_t *counter, uint64_t target)
{
    while (*counter < target) {
        turn(load);
        for (size_t i = 0; i < load->count; i++)
            if (mosquitto_want_write(load->ues[i].mqtt))
                (void)mosquitto_loop_write(load->ues[i].mqtt, 1);
    }
}

/* One PUBLISH to all of them, RUNS times; the first does not count. The broker's CPU for each delivery. */
static void fan_out(struct load *load, int pid)
{
    struct samples costs;
    char payload[PAYLOAD];
    uint64_t subscribed;

    samples_init(&costs, RUNS);
    samples_init(&load->latency, SAMPLES_MAX);
    memset(payload, '0', sizeof payload);
    load->subscribed = 0;
    for (size_t i = 0; i < load->count; i++) {
        if (mosquitto_subscribe(load->ues[i].mqtt, NULL, "all", 1) != MOSQ_ERR_SUCCESS)
            die("subscribe");
        subscribed = load->subscribed;
        while (subscribed == load->subscribed)
            turn(load);
    }
    for (unsigned run = 0; run <= RUNS; run++) {
        int64_t cpu_ns = process_cpu_ns(pid);

        load->delivered = 0;
        if (mosquitto_publish(load->ues[0].mqtt, NULL, "all", PAYLOAD, payload, 1, false) != MOSQ_ERR_SUCCESS)
            die("publish");
        turn_until(load, &load->delivered, load->count);
        for (int64_t until_ns = now_ns() + SECOND_NS / 3; now_ns() < until_ns;) /* the last PUBACKs */
            turn(load);
        if (run > 0)
            samples_add(&costs, (process_cpu_ns(pid) - cpu_ns) / (int64_t)(load->count > 0 ? load->count : 1));
    }
    printf(",\"fan_out_us\":%.2f", samples_quantile(&costs, 0.5));
    samples_free(&costs);
    samples_free(&load->latency);
}

int main(int argc, char **argv)
{
    struct load load = { 0 };
    int port, pid;
    size_t pairs, idle;

    if (argc != 7)
        die("PORT CIPHERS PAIRS IDLE SECONDS PID");
    port = atoi(argv[1]);
    pairs = strtoul(argv[3], NULL, 10);
    idle = strtoul(argv[4], NULL, 10);
    pid = atoi(argv[6]);
    load.count = 2 * pairs + idle;
    load.ues = calloc(load.count, sizeof *load.ues);
    load.epoll = epoll_create1(0);
    if (load.ues == NULL || load.epoll < 0)
        die("no memory");
    mosquitto_lib_init();
    printf("{");
    connect_all(&load, load.count, port, argv[2], pid);
    if (pairs > 0) {
        traffic(&load, pairs, 0.5, 0, pid, "warm");
        traffic(&load, pairs, strtod(argv[5], NULL), 0, pid, "message");
        load.spin = true;
        traffic(&load, 1, 30, SINGLES, pid, "single");
    } else if (strtod(argv[5], NULL) > 0 && load.count > 0) {
        fan_out(&load, pid);
    }
    puts("}");
    return 0; /* the broker sees the connections go */
}
