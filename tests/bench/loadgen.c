/*
 * Load generator: registers simulated UEs at a running msgin5g-server and measures what each step costs it.
 * tests/bench/run.sh starts the daemons and calls this; every figure is printed as one JSON object.
 */
#include "base/secret.h"
#include "fleet.h"
#include "samples.h"

#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define SECOND_NS    INT64_C(1000000000)
#define SAMPLES_MAX  2000000
#define SINGLE_COUNT 2000

struct settings {
    struct fleet_config fleet;
    struct tls_context_config tls;
    int server_pid;
    size_t pairs[8];
    size_t pair_sets;
    size_t idle;
    double seconds;
    size_t payload;
};

enum {
    KEY_SERVER = 256,
    KEY_NAME,
    KEY_AANF,
    KEY_CA,
    KEY_CERT,
    KEY_KEY,
    KEY_PID,
    KEY_PAIRS,
    KEY_IDLE,
    KEY_SECONDS,
    KEY_PAYLOAD,
    KEY_TLS,
    KEY_CCM8,
    KEY_WINDOW,
    KEY_FORMAT
};

static const struct argp_option options[] = {
    { "server", KEY_SERVER, "URI", 0, "MSGin5G Server, coaps://HOST:PORT", 0 },
    { "server-name", KEY_NAME, "FQDN", 0, "Its name (default localhost)", 0 },
    { "aanf", KEY_AANF, "URL", 0, "AAnF to register keys at", 0 },
    { "ca", KEY_CA, "FILE", 0, "Authority of the AAnF's certificate", 0 },
    { "cert", KEY_CERT, "FILE", 0, "Certificate that may register keys", 0 },
    { "key", KEY_KEY, "FILE", 0, "Its key", 0 },
    { "server-pid", KEY_PID, "PID", 0, "Process whose CPU time and memory count", 0 },
    { "pairs", KEY_PAIRS, "N", 0, "Pairs exchanging messages; repeat for more runs", 0 },
    { "idle", KEY_IDLE, "N", 0, "Idle UEs registered beside them for one more run", 0 },
    { "seconds", KEY_SECONDS, "S", 0, "Length of each run (default 5)", 0 },
    { "payload", KEY_PAYLOAD, "OCTETS", 0, "Payload of each message (default 64)", 0 },
    { "tls", KEY_TLS, "VERSION", 0, "1.2 or 1.3 (default 1.2)", 0 },
    { "ccm8", KEY_CCM8, 0, 0, "Offer TLS_PSK_WITH_AES_128_CCM_8", 0 },
    { "window", KEY_WINDOW, "N", 0, "Handshakes at once (default 16)", 0 },
    { "service-id-format", KEY_FORMAT, "FORMAT", 0, "printf format with one %zu", 0 },
    { 0 },
};

static error_t parse_number(int key, const char *argument, struct settings *settings)
{
    switch (key) {
    case KEY_PID:
        settings->server_pid = atoi(argument);
        return 0;
    case KEY_PAIRS:
        if (settings->pair_sets < sizeof settings->pairs / sizeof settings->pairs[0])
            settings->pairs[settings->pair_sets++] = strtoul(argument, NULL, 10);
        return 0;
    case KEY_IDLE:
        settings->idle = strtoul(argument, NULL, 10);
        return 0;
    case KEY_SECONDS:
        settings->seconds = strtod(argument, NULL);
        return 0;
    case KEY_PAYLOAD:
        settings->payload = strtoul(argument, NULL, 10);
        return 0;
    case KEY_WINDOW:
        settings->fleet.window = strtoul(argument, NULL, 10);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
    struct settings *settings = state->input;
    const struct {
        int key;
        const char **value;
    } texts[] = {
        { KEY_SERVER, &settings->fleet.server },
        { KEY_NAME, &settings->fleet.server_name },
        { KEY_AANF, &settings->fleet.aanf_url },
        { KEY_CA, &settings->tls.ca_file },
        { KEY_CERT, &settings->tls.certificate_file },
        { KEY_KEY, &settings->tls.key_file },
        { KEY_FORMAT, &settings->fleet.service_id_format },
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].key == key) {
            *texts[i].value = argument;
            return 0;
        }
    }
    if (key == KEY_TLS)
        settings->fleet.version = strcmp(argument, "1.3") == 0 ? MSGIN5G_VERSION_1_3 : MSGIN5G_VERSION_1_2;
    else if (key == KEY_CCM8)
        settings->fleet.ccm8 = true;
    else
        return parse_number(key, argument, settings);
    return 0;
}

/* Traffic of closed loops: each pair has one message on its way, the next leaves when it has arrived. */
struct traffic {
    struct samples latency;
    char payload[2049];
    size_t length;
    uint64_t delivered;
    uint64_t limit;
    bool done;
};

static void on_message(struct fleet_ue *receiver)
{
    struct traffic *traffic = receiver->fleet->ctx;
    struct fleet_ue *sender = &receiver->fleet->ues[receiver->peer];

    samples_add(&traffic->latency, now_ns() - sender->sent_ns);
    if (++traffic->delivered == traffic->limit)
        traffic->done = true;
    else if (!traffic->done)
        (void)fleet_send(sender, traffic->payload, traffic->length);
}

static void run_traffic(struct fleet *fleet, const struct settings *settings, size_t pairs, uint64_t limit,
    double seconds, const char *label)
{
    struct traffic traffic = { .length = settings->payload, .limit = limit };
    int64_t cpu_ns, start_ns, elapsed_ns;

    memset(traffic.payload, 'x', sizeof traffic.payload - 1);
    samples_init(&traffic.latency, SAMPLES_MAX);
    fleet->ctx = &traffic;
    fleet->on_message = on_message;
    cpu_ns = process_cpu_ns(settings->server_pid);
    start_ns = now_ns();
    for (size_t i = 0; i < pairs; i++)
        (void)fleet_send(&fleet->ues[2 * i], traffic.payload, traffic.length);
    fleet_run(fleet, start_ns + (int64_t)(seconds * (double)SECOND_NS), &traffic.done);
    traffic.done = true;
    elapsed_ns = now_ns() - start_ns;
    cpu_ns = process_cpu_ns(settings->server_pid) - cpu_ns;
    printf("{\"step\":\"%s\",\"pairs\":%zu,\"registered\":%zu,\"messages\":%llu,\"messages_per_s\":%.0f,"
           "\"server_cpu_us_per_message\":%.2f,\"latency_p50_us\":%.0f,\"latency_p99_us\":%.0f}\n",
        label, pairs, fleet->registered, (unsigned long long)traffic.delivered,
        (double)traffic.delivered * 1e9 / (double)elapsed_ns,
        traffic.delivered > 0 ? (double)cpu_ns / 1000 / (double)traffic.delivered : 0,
        samples_quantile(&traffic.latency, 0.5), samples_quantile(&traffic.latency, 0.99));
    fflush(stdout);
    traffic.done = false;
    fleet_run(fleet, now_ns() + SECOND_NS / 5, &traffic.done); /* what is still on its way */
    fleet->on_message = NULL;
    samples_free(&traffic.latency);
}

static bool run_registration(struct fleet *fleet, const struct settings *settings, size_t target, const char *label)
{
    size_t before = fleet->registered;
    long rss_kib = process_rss_kib(settings->server_pid);
    int64_t cpu_ns = process_cpu_ns(settings->server_pid), start_ns = now_ns();
    bool complete;
    double count;

    if (target <= before)
        return true;
    complete = fleet_register(fleet, target, start_ns + 300 * SECOND_NS);
    count = (double)(fleet->registered - before);
    printf("{\"step\":\"%s\",\"ues\":%.0f,\"registrations_per_s\":%.0f,\"server_cpu_us_per_registration\":%.1f,"
           "\"server_rss_kib_per_ue\":%.2f,\"failures\":%lu}\n",
        label, count, count * 1e9 / (double)(now_ns() - start_ns),
        (double)(process_cpu_ns(settings->server_pid) - cpu_ns) / 1000 / count,
        (double)(process_rss_kib(settings->server_pid) - rss_kib) / count, fleet->failures);
    fflush(stdout);
    if (!complete)
        fprintf(stderr, "bench: only %zu of %zu UEs registered within 300 s\n", fleet->registered, target);
    return complete;
}

static int measure(struct fleet *fleet, const struct settings *settings)
{
    size_t most = 0;

    for (size_t i = 0; i < settings->pair_sets; i++)
        most = settings->pairs[i] > most ? settings->pairs[i] : most;
    if (!run_registration(fleet, settings, 2 * most, "register"))
        return EXIT_FAILURE;
    run_traffic(fleet, settings, 1, SINGLE_COUNT, 30, "one at a time");
    for (size_t i = 0; i < settings->pair_sets; i++)
        run_traffic(fleet, settings, settings->pairs[i], 0, settings->seconds, "routed messages");
    if (settings->idle == 0)
        return EXIT_SUCCESS;
    if (!run_registration(fleet, settings, fleet->count, "register idle UEs"))
        return EXIT_FAILURE;
    for (size_t i = 0; i < settings->pair_sets; i++)
        run_traffic(fleet, settings, settings->pairs[i], 0, settings->seconds, "routed messages, idle UEs beside");
    return EXIT_SUCCESS;
}

static void raise_descriptor_limit(size_t needed)
{
    struct rlimit limit = { .rlim_cur = needed, .rlim_max = needed };

    if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
        return;
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < needed)
        fprintf(stderr, "bench: %zu descriptors wanted, %llu allowed (ulimit -n)\n", needed,
            (unsigned long long)limit.rlim_cur);
}

int main(int argc, char **argv)
{
    static const struct argp argp = { options, parse, NULL, "Measures a running msgin5g-server.", NULL, NULL, NULL };
    struct settings settings = { .seconds = 5, .payload = 64 };
    struct tls_context *tls = NULL;
    struct fleet fleet;
    char problem[256];
    int code = EXIT_FAILURE;

    settings.fleet.server_name = "localhost";
    settings.fleet.service_id_format = "im:ue-00101%010zu@lab.example";
    settings.fleet.version = MSGIN5G_VERSION_1_2;
    settings.fleet.window = 16;
    settings.tls.alpn = "h2";
    argp_parse(&argp, argc, argv, 0, NULL, &settings);
    for (size_t i = 0; i < settings.pair_sets; i++)
        if (2 * settings.pairs[i] + settings.idle > settings.fleet.count)
            settings.fleet.count = 2 * settings.pairs[i] + settings.idle;
    if (settings.fleet.count == 0 || settings.fleet.server == NULL || settings.fleet.aanf_url == NULL) {
        fprintf(stderr, "bench: --server, --aanf and --pairs are needed\n");
        return 2;
    }
    raise_descriptor_limit(settings.fleet.count + 100);
    if (secret_setup() != MSGIN5G_OK || tls_setup() != MSGIN5G_OK)
        return EXIT_FAILURE;
    if (tls_context_create(&settings.tls, &tls, problem, sizeof problem) != MSGIN5G_OK) {
        fprintf(stderr, "bench: %s\n", problem);
        return EXIT_FAILURE;
    }
    settings.fleet.tls = tls;
    if (fleet_create(&settings.fleet, &fleet) == 0) {
        for (size_t i = 0; i + 1 < fleet.count; i += 2) { /* UE 2i and 2i+1 are a pair */
            fleet.ues[i].peer = i + 1;
            fleet.ues[i + 1].peer = i;
        }
        code = measure(&fleet, &settings);
    }
    fleet_free(&fleet);
    tls_context_free(tls);
    return code;
}
