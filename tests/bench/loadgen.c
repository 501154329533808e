/*
 * Load generator: registers simulated UEs at a running msgin5g-server and measures what each step costs it. Steps are
 * read from standard input, one a line (steps.h), each answered with one line of JSON; between them the UEs go on
 * living. tests/bench/run.py starts the daemons and says the steps.
 */
#include "base/secret.h"
#include "samples.h"
#include "steps.h"

#include <argp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)

struct settings {
    struct fleet_config fleet;
    struct tls_context_config tls;
    int server_pid;
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
    KEY_FIRST,
    KEY_COUNT,
    KEY_PAYLOAD,
    KEY_SUITE,
    KEY_WINDOW,
    KEY_IMPATIENT,
};

static const struct argp_option options[] = {
    { "server", KEY_SERVER, "URI", 0, "MSGin5G Server, coaps://HOST:PORT", 0 },
    { "server-name", KEY_NAME, "FQDN", 0, "Its name (default localhost)", 0 },
    { "aanf", KEY_AANF, "URL", 0, "AAnF to register keys at", 0 },
    { "ca", KEY_CA, "FILE", 0, "Authority of the AAnF's certificate", 0 },
    { "cert", KEY_CERT, "FILE", 0, "Certificate that may register keys", 0 },
    { "key", KEY_KEY, "FILE", 0, "Its key", 0 },
    { "server-pid", KEY_PID, "PID", 0, "Process whose CPU time counts", 0 },
    { "first", KEY_FIRST, "N", 0, "Number of the first UE (default 1)", 0 },
    { "count", KEY_COUNT, "N", 0, "UEs at most", 0 },
    { "payload", KEY_PAYLOAD, "OCTETS", 0, "Payload of each message (default 64, at least 20)", 0 },
    { "suite", KEY_SUITE, "HEX", 0, "1301 (DTLS 1.3), d001, ccac or c0a8 (default)", 0 },
    { "impatient", KEY_IMPATIENT, NULL, 0, "Notice within 2 s that the server is gone, and come back at once", 0 },
    { "window", KEY_WINDOW, "N", 0, "Handshakes at once (default 32)", 0 },
    { 0 },
};

static error_t parse_number(int key, const char *argument, struct settings *settings)
{
    switch (key) {
    case KEY_PID:
        settings->server_pid = atoi(argument);
        return 0;
    case KEY_FIRST:
        settings->fleet.first = strtoul(argument, NULL, 10);
        return 0;
    case KEY_COUNT:
        settings->fleet.count = strtoul(argument, NULL, 10);
        return 0;
    case KEY_PAYLOAD:
        settings->payload = strtoul(argument, NULL, 10);
        return 0;
    case KEY_SUITE:
        settings->fleet.suite = (uint16_t)strtoul(argument, NULL, 16);
        return 0;
    case KEY_IMPATIENT:
        settings->fleet.impatient = true;
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
    };

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        if (texts[i].key == key) {
            *texts[i].value = argument;
            return 0;
        }
    }
    return parse_number(key, argument, settings);
}

static const struct {
    const char *name;
    void (*run)(struct bench *bench, const double *arguments);
} steps[] = {
    { "register", step_register },
    { "deregister", step_deregister },
    { "single", step_single },
    { "closed", step_closed },
    { "open", step_open },
    { "push", step_push },
    { "subscribe", step_subscribe },
    { "publish", step_publish },
    { "arrived", step_arrived },
    { "store", step_store },
    { "settle", step_settle },
};

static void run_line(struct bench *bench, char *line)
{
    double arguments[STEP_ARGUMENTS] = { 0 };
    char *rest = NULL, *name = strtok_r(line, " ", &rest);

    for (size_t i = 0; i < STEP_ARGUMENTS; i++) {
        const char *word = strtok_r(NULL, " ", &rest);
        arguments[i] = word != NULL ? strtod(word, NULL) : 0;
    }
    for (size_t i = 0; name != NULL && i < sizeof steps / sizeof steps[0]; i++) {
        if (strcmp(steps[i].name, name) == 0) {
            steps[i].run(bench, arguments);
            return;
        }
    }
    if (name != NULL) /* an empty line only ends the step before */
        fprintf(stderr, "bench: no such step\n");
    puts("{}");
    fflush(stdout);
}

/* One line from standard input, the fleet living on meanwhile. @return false at its end. */
static bool next_line(struct fleet *fleet, char *line, size_t capacity)
{
    struct pollfd watched[] = { { STDIN_FILENO, POLLIN, 0 }, { msgin5g_context_fd(fleet->context), POLLIN, 0 } };
    size_t length = 0;

    for (;;) {
        watched[0].revents = 0;
        if (poll(watched, 2, msgin5g_context_next_timeout_ms(fleet->context)) < 0)
            return false;
        fleet_wait(fleet, now_ns());
        if (watched[0].revents == 0)
            continue;
        if (length + 1 == capacity || read(STDIN_FILENO, &line[length], 1) != 1)
            return false;
        if (line[length] == '\n') {
            line[length] = '\0';
            return true;
        }
        length++;
    }
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
        fprintf(stderr, "bench: %zu descriptors wanted, %llu allowed (ulimit -Hn)\n", needed,
            (unsigned long long)limit.rlim_cur);
}

static int run(const struct settings *settings)
{
    struct bench bench = { .server_pid = settings->server_pid, .payload = settings->payload };
    char line[128];
    int code = EXIT_FAILURE;

    if (fleet_create(&settings->fleet, &bench.fleet) == 0) {
        puts("{\"step\":\"ready\"}");
        fflush(stdout);
        while (next_line(&bench.fleet, line, sizeof line))
            run_line(&bench, line);
        code = EXIT_SUCCESS;
    }
    fleet_free(&bench.fleet);
    ledger_free(bench.ledger);
    return code;
}

int main(int argc, char **argv)
{
    static const struct argp argp = { options, parse, NULL, "Measures a running msgin5g-server.", NULL, NULL, NULL };
    struct settings settings = { .payload = 64 };
    struct tls_context *tls = NULL;
    char problem[256];
    int code;

    settings.fleet = (struct fleet_config){
        .server_name = "localhost", .suite = TLS_SUITE_PSK_AES128_CCM_8, .first = 1, .window = 32
    };
    settings.tls.alpn = "h2";
    argp_parse(&argp, argc, argv, 0, NULL, &settings);
    if (settings.fleet.count < 2 || settings.fleet.server == NULL || settings.fleet.aanf_url == NULL ||
        settings.payload < 20 || settings.payload > MSGIN5G_PAYLOAD_MAX) {
        fprintf(stderr, "bench: --server, --aanf and --count (2 at least) are needed, payload 20 to 2048\n");
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
    code = run(&settings);
    tls_context_free(tls);
    return code;
}
