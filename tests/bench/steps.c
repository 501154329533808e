#include "steps.h"

#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECOND_NS     INT64_C(1000000000)
#define REGISTER_NS   (300 * SECOND_NS)
#define DRAIN_NS      (SECOND_NS / 2)
#define SAMPLES_MAX   4000000
#define TIMESTAMP_LEN 20 /* decimal digits at the start of every payload */

/* What one step cost, from where it began. */
struct meter {
    int64_t start_ns, server_ns, generator_ns;
};

static struct meter meter_start(const struct bench *bench)
{
    return (struct meter){ now_ns(), process_cpu_ns(bench->server_pid), process_cpu_ns(getpid()) };
}

/* Opens the step's line of JSON with what every step has. */
static void meter_print(const struct meter *start, const struct bench *bench, const char *step)
{
    double seconds = (double)(now_ns() - start->start_ns) / 1e9;

    printf("{\"step\":\"%s\",\"seconds\":%.4f,\"server_cpu_us\":%.1f,\"generator_cpu_us\":%.1f,\"registered\":%zu,"
           "\"failures\":%lu",
        step, seconds, (double)(process_cpu_ns(bench->server_pid) - start->server_ns) / 1e3,
        (double)(process_cpu_ns(getpid()) - start->generator_ns) / 1e3, bench->fleet.registered, bench->fleet.failures);
}

static void line_end(void)
{
    puts("}");
    fflush(stdout);
}

void step_register(struct bench *bench, const double *arguments)
{
    struct fleet *fleet = &bench->fleet;
    size_t before = fleet->registered;
    struct meter meter = meter_start(bench);

    samples_init(&fleet->registering, fleet->count);
    (void)fleet_register(fleet, (size_t)arguments[0], meter.start_ns + REGISTER_NS);
    meter_print(&meter, bench, "register");
    printf(",\"ues\":%zu,\"p50_us\":%.0f,\"p99_us\":%.0f", fleet->registered - before,
        samples_quantile(&fleet->registering, 0.5), samples_quantile(&fleet->registering, 0.99));
    samples_free(&fleet->registering);
    line_end();
}

void step_deregister(struct bench *bench, const double *arguments)
{
    size_t before = bench->fleet.registered;
    struct meter meter = meter_start(bench);

    (void)arguments;
    (void)fleet_deregister(&bench->fleet, meter.start_ns + REGISTER_NS);
    meter_print(&meter, bench, "deregister");
    printf(",\"ues\":%zu", before - bench->fleet.registered);
    line_end();
}

/* Traffic of one step. Latency is from the time in the payload to arrival at the other UE's application. */
struct traffic {
    struct samples latency;
    struct bench *bench;
    char payload[MSGIN5G_PAYLOAD_MAX + 1];
    uint64_t sent, delivered, refused, limit;
    size_t newcomers; /* registered beside it */
    bool closed;      /* arrival starts the next message of the pair */
    bool over;
};

static void send_stamped(struct traffic *traffic, struct fleet_ue *sender, int64_t stamp_ns)
{
    char digits[TIMESTAMP_LEN + 1];

    snprintf(digits, sizeof digits, "%020lld", (long long)stamp_ns);
    memcpy(traffic->payload, digits, TIMESTAMP_LEN);
    if (fleet_send(sender, traffic->payload, traffic->bench->payload))
        traffic->sent++;
    else
        traffic->refused++;
}

static void on_message(void *ctx, struct fleet_ue *receiver, struct msgin5g_str payload)
{
    struct traffic *traffic = ctx;
    char digits[TIMESTAMP_LEN + 1] = "";
    int64_t now = now_ns();

    traffic->delivered++;
    if (payload.length >= TIMESTAMP_LEN) {
        memcpy(digits, payload.octets, TIMESTAMP_LEN);
        samples_add(&traffic->latency, now - strtoll(digits, NULL, 10));
    }
    if (traffic->limit > 0 && traffic->sent >= traffic->limit)
        traffic->over = true;
    if (traffic->closed && !traffic->over)
        send_stamped(traffic, &traffic->bench->fleet.ues[receiver->peer], now);
}

static struct traffic *traffic_start(struct bench *bench)
{
    struct traffic *traffic = calloc(1, sizeof *traffic);

    if (traffic == NULL)
        abort();
    traffic->bench = bench;
    memset(traffic->payload, 'x', sizeof traffic->payload - 1);
    samples_init(&traffic->latency, SAMPLES_MAX);
    bench->fleet.on_message = on_message;
    bench->fleet.ctx = traffic;
    return traffic;
}

static void traffic_end(struct traffic *traffic, const struct meter *meter, const char *step, size_t pairs)
{
    struct fleet *fleet = &traffic->bench->fleet;
    int64_t drain_until_ns;

    traffic->over = true;
    meter_print(meter, traffic->bench, step);
    printf(",\"pairs\":%zu,\"messages\":%llu,\"newcomers\":%zu", pairs, (unsigned long long)traffic->delivered,
        traffic->newcomers);
    drain_until_ns = now_ns() + DRAIN_NS;
    while (traffic->delivered < traffic->sent && now_ns() < drain_until_ns)
        fleet_wait(fleet, drain_until_ns);
    printf(",\"sent\":%llu,\"refused\":%llu,\"lost\":%llu,\"p50_us\":%.0f,\"p99_us\":%.0f,\"max_us\":%.0f",
        (unsigned long long)traffic->sent, (unsigned long long)traffic->refused,
        (unsigned long long)(traffic->sent - traffic->delivered), samples_quantile(&traffic->latency, 0.5),
        samples_quantile(&traffic->latency, 0.99), samples_quantile(&traffic->latency, 1));
    line_end();
    fleet->on_message = NULL;
    fleet->on_sent = NULL;
    samples_free(&traffic->latency);
    free(traffic);
}

void step_single(struct bench *bench, const double *arguments)
{
    struct traffic *traffic = traffic_start(bench);
    struct meter meter = meter_start(bench);

    traffic->closed = true;
    traffic->limit = (uint64_t)arguments[0];
    bench->fleet.spin = true;
    send_stamped(traffic, &bench->fleet.ues[0], now_ns());
    while (!traffic->over && now_ns() < meter.start_ns + 30 * SECOND_NS)
        fleet_wait(&bench->fleet, meter.start_ns + 30 * SECOND_NS);
    bench->fleet.spin = false;
    traffic_end(traffic, &meter, "single", 1);
}

void step_closed(struct bench *bench, const double *arguments)
{
    const size_t pairs = (size_t)arguments[0];
    struct traffic *traffic = traffic_start(bench);
    struct meter meter = meter_start(bench);
    const int64_t end_ns = meter.start_ns + (int64_t)(arguments[1] * 1e9);

    traffic->closed = true;
    for (size_t i = 0; i < pairs; i++)
        send_stamped(traffic, &bench->fleet.ues[2 * i], now_ns());
    while (now_ns() < end_ns)
        fleet_wait(&bench->fleet, end_ns);
    traffic_end(traffic, &meter, "closed", pairs);
}

/* Time of event @p index when there are @p rate a second. */
static int64_t due_ns(const struct meter *meter, uint64_t index, double rate)
{
    return rate > 0 ? meter->start_ns + (int64_t)((double)index * 1e9 / rate) : INT64_MAX;
}

void step_open(struct bench *bench, const double *arguments)
{
    const size_t pairs = (size_t)arguments[0];
    const double rate = arguments[2], newcomers_rate = arguments[3];
    struct traffic *traffic = traffic_start(bench);
    const size_t before = bench->fleet.registered;
    struct meter meter = meter_start(bench);
    const int64_t end_ns = meter.start_ns + (int64_t)(arguments[1] * 1e9);
    uint64_t messages = 0, newcomers = 0;

    while (now_ns() < end_ns) {
        for (int64_t due; (due = due_ns(&meter, messages, rate)) <= now_ns(); messages++)
            send_stamped(traffic, &bench->fleet.ues[2 * (messages % pairs)], due);
        for (; due_ns(&meter, newcomers, newcomers_rate) <= now_ns(); newcomers++)
            (void)fleet_start_one(&bench->fleet);
        fleet_wait(&bench->fleet, due_ns(&meter, messages, rate));
    }
    traffic->newcomers = bench->fleet.registered - before;
    traffic_end(traffic, &meter, "open", pairs);
}

/* With sfFlag the acknowledgement comes when the application server has answered. */
static void push_one(struct traffic *traffic, struct fleet_ue *sender)
{
    const struct msgin5g_outgoing message = { .to_type = MSGIN5G_ADDR_AS,
        .to = FLEET_AS,
        .payload = traffic->payload,
        .payload_length = traffic->bench->payload,
        .priority = MSGIN5G_PRIORITY_NORMAL,
        .store_forward = true };
    char msg_id[MSGIN5G_UUID_LEN + 1];

    sender->started_ns = now_ns();
    if (msgin5g_client_send(sender->client, &message, msg_id) == MSGIN5G_OK)
        traffic->sent++;
    else
        traffic->refused++;
}

static void on_pushed(void *ctx, struct fleet_ue *sender, const char *msg_id, enum msgin5g_err err)
{
    struct traffic *traffic = ctx;

    (void)msg_id;
    if (err == MSGIN5G_OK)
        traffic->delivered++;
    else
        traffic->refused++;
    samples_add(&traffic->latency, now_ns() - sender->started_ns);
    if (!traffic->over)
        push_one(traffic, sender);
}

void step_push(struct bench *bench, const double *arguments)
{
    const size_t ues = (size_t)arguments[0];
    struct traffic *traffic = traffic_start(bench);
    struct meter meter = meter_start(bench);
    const int64_t end_ns = meter.start_ns + (int64_t)(arguments[1] * 1e9);

    bench->fleet.on_sent = on_pushed;
    for (size_t i = 0; i < ues; i++)
        push_one(traffic, &bench->fleet.ues[i]);
    while (now_ns() < end_ns)
        fleet_wait(&bench->fleet, end_ns);
    traffic_end(traffic, &meter, "push", ues);
}

void step_subscribe(struct bench *bench, const double *arguments)
{
    struct meter meter = meter_start(bench);

    (void)fleet_subscribe(&bench->fleet, (size_t)arguments[0], meter.start_ns + REGISTER_NS);
    meter_print(&meter, bench, "subscribe");
    printf(",\"ues\":%zu", bench->fleet.subscribed);
    line_end();
}

void step_publish(struct bench *bench, const double *arguments)
{
    const bool group = arguments[0] > 0;
    char payload[MSGIN5G_PAYLOAD_MAX];
    bool sent;

    memset(payload, 'x', sizeof payload);
    printf("{\"step\":\"publish\",\"sent_ns\":%lld", (long long)now_ns());
    sent = fleet_publish(&bench->fleet.ues[0], group ? MSGIN5G_ADDR_GROUP : MSGIN5G_ADDR_TOPIC,
        group ? FLEET_GROUP : FLEET_TOPIC, payload, bench->payload);
    printf(",\"sent\":%d", sent);
    line_end();
}

void step_arrived(struct bench *bench, const double *arguments)
{
    (void)arguments;
    printf("{\"step\":\"arrived\",\"messages\":%llu,\"last_ns\":%lld", (unsigned long long)bench->fleet.arrived,
        (long long)bench->fleet.arrived_ns);
    bench->fleet.arrived = 0;
    line_end();
}
