/*
 * What the CoAP transport costs by itself: one process serves, another is all the UEs.
 *
 *     bench_transport --pairs 100 --idle 0 --seconds 3 --mode routed --version 1.2
 *
 * echo: every UE asks, the server answers. routed: the UEs ask in pairs, the server hands each body on to the partner
 * as a CON and answers the sender; no codec, no router. CPU is the server's, user and system.
 */
#include "base/secret.h"
#include "coap/transport_oscore.h"

#include <argp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BODY_OCTETS      64
#define CONNECTS_AT_ONCE 128

struct options {
    unsigned pairs, idle, seconds;
    unsigned contexts; /* OSCORE contexts of UEs that say nothing: no socket, no session */
    bool routed;
    enum transport_scheme scheme;
    enum tls_psk_versions versions;
    uint16_t suite;
};

static const uint8_t key[16] = "0123456789abcde";
static const char body[BODY_OCTETS] = "benchmark";

static unsigned ue_count(const struct options *options)
{
    return 2 * options->pairs + options->idle;
}

static bool give_key(struct transport_psk *out)
{
    memcpy(out->key, key, sizeof key);
    out->key_length = sizeof key;
    (void)strcpy(out->identity, "3GPP-AKMA;benchmark@akma.example");
    return true;
}

static double seconds_of(struct timeval time)
{
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static double cpu_seconds(void)
{
    struct rusage usage;
    (void)getrusage(RUSAGE_SELF, &usage);
    return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

static double now_seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static size_t resident_octets(void)
{
    size_t size = 0, resident = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%zu %zu", &size, &resident) != 2)
        resident = 0;
    if (file != NULL)
        (void)fclose(file);
    return resident * (size_t)sysconf(_SC_PAGESIZE);
}

static void die(const char *what)
{
    perror(what);
    _exit(1);
}

static struct transport *new_transport(
    struct loop *loop, const struct transport_handler *handler, void *ctx, const struct options *options)
{
    struct transport_config config = { .psk_hint = "3GPP-AKMA",
        .ccm8 = true,
        .only_suite = options->suite,
        .half_open_per_source = 65535,
        .half_open_s = 60,
        .oscore_half_open_s = 3600 };
    struct transport *transport;
    if (transport_create(loop, &config, handler, ctx, &transport) != MSGIN5G_OK)
        die("transport_create");
    return transport;
}

/* The OSCORE context of UE @p number, of which @p id has the identifiers: the UE's, then the server's. */
static struct transport_oscore oscore_of(uint32_t number, bool is_ue, uint8_t id[8])
{
    const struct msgin5g_str ue = { (char *)id, 4 }, af = { (char *)id + 4, 4 };
    memcpy(id, &number, sizeof number);
    memcpy(id + 4, &number, sizeof number);
    id[7] = 0xff;
    return (struct transport_oscore){ .master_secret = { (const char *)key, sizeof key },
        .master_salt = { body, 8 },
        .sender_id = is_ue ? ue : af,
        .recipient_id = is_ue ? af : ue };
}

/* ---- the server ---- */

struct server {
    const struct options *options;
    struct loop *loop;
    struct transport *transport;
    struct transport_session **sessions; /* in order of opening */
    size_t session_count;
    uint64_t messages, delivered, failed;
    bool routing;
    int from_ues, to_ues;
};

static void server_opened(void *ctx, struct transport_session *session)
{
    struct server *server = ctx;
    if (server->session_count < ue_count(server->options)) {
        transport_session_set_user(session, (void *)(uintptr_t)server->session_count);
        server->sessions[server->session_count++] = session;
    }
}

static void on_delivered(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct server *server = ctx;
    (void)result;
    if (err == MSGIN5G_OK)
        server->delivered++;
    else
        server->failed++;
}

static void server_request(void *ctx, struct transport_session *session, struct transport_request *request)
{
    struct server *server = ctx;
    struct msgin5g_str text = transport_request_body(request);
    server->messages++;
    if (server->routing) {
        size_t partner = (size_t)(uintptr_t)transport_session_user(session) ^ 1;
        struct transport_call call = { .method = TRANSPORT_POST,
            .path = "msg",
            .format = TRANSPORT_FORMAT_JSON,
            .body = text.octets,
            .length = text.length,
            .confirmable = true };
        if (partner >= server->session_count ||
            transport_send(server->sessions[partner], &call, on_delivered, server) != MSGIN5G_OK)
            server->failed++;
    }
    struct transport_answer answer = { MSGIN5G_COAP_CODE(2, 4), TRANSPORT_FORMAT_NONE, NULL, 0, -1 };
    transport_respond(request, &answer);
}

static bool server_psk(void *ctx, struct transport_session *session, const char *identity, struct transport_psk *out)
{
    (void)ctx, (void)session, (void)identity;
    return give_key(out);
}

static void on_word(void *ctx, uint32_t events)
{
    (void)events;
    loop_stop(ctx);
}

/* Run until the UEs write a word. */
static void serve_until_word(struct server *server, uint64_t *word)
{
    struct loop_io *io;
    if (loop_io_add(server->loop, server->from_ues, EPOLLIN, on_word, server->loop, &io) != MSGIN5G_OK)
        die("loop_io_add");
    (void)loop_run(server->loop);
    loop_io_remove(io);
    if (read(server->from_ues, word, sizeof *word) != sizeof *word)
        die("the UEs are gone");
}

static void tell(int fd)
{
    uint64_t word = 1;
    if (write(fd, &word, sizeof word) != sizeof word)
        die("write");
}

static void report(const struct server *server, size_t before_octets, double handshake_s)
{
    const struct options *options = server->options;
    unsigned ues = ue_count(options);
    size_t octets = resident_octets();
    unsigned suite = server->session_count > 0 ? transport_session_suite(server->sessions[0]) : 0;
    printf("sessions           %u (suite %04x)\n", ues, suite);
    printf("memory a session   %.1f KB\n", (double)(octets - before_octets) / ues / 1000);
    printf("CPU a handshake    %.1f us\n", handshake_s / ues * 1e6);
    (void)fflush(stdout);
}

static void serve(struct server *server, uint16_t *port)
{
    static const struct transport_handler handler = {
        .opened = server_opened, .request = server_request, .server_psk = server_psk
    };
    if (loop_create(clock_system(), &server->loop) != MSGIN5G_OK)
        die("loop_create");
    server->transport = new_transport(server->loop, &handler, server, server->options);
    server->sessions = calloc(ue_count(server->options), sizeof(struct transport_session *));
    if (server->sessions == NULL)
        die("calloc");
    if (transport_listen(server->transport, server->options->scheme, "127.0.0.1", 0, port) != MSGIN5G_OK)
        die("transport_listen");
}

static void expect_ues(const struct server *server)
{
    for (uint32_t i = 0; i < ue_count(server->options) + server->options->contexts; i++) {
        uint8_t id[8];
        struct transport_oscore oscore = oscore_of(i, false, id);
        struct transport_session *session;
        if (transport_oscore_expect(server->transport, &oscore, NULL, &session) != MSGIN5G_OK)
            die("transport_oscore_expect");
    }
}

static void measure(struct server *server)
{
    uint64_t word;
    size_t before_octets = resident_octets();
    double cpu = cpu_seconds();
    if (server->options->scheme == TRANSPORT_OSCORE)
        expect_ues(server);
    serve_until_word(server, &word);
    report(server, before_octets, cpu_seconds() - cpu);
    server->routing = server->options->routed;
    tell(server->to_ues); /* warm up, then in earnest */
    serve_until_word(server, &word);
    uint64_t messages = server->messages;
    double wall = now_seconds();
    cpu = cpu_seconds();
    tell(server->to_ues);
    serve_until_word(server, &word);
    cpu = cpu_seconds() - cpu;
    wall = now_seconds() - wall;
    messages = server->messages - messages;
    printf("messages           %" PRIu64 " in %.2f s, %.0f/s, failed %" PRIu64 "\n", messages, wall,
        (double)messages / wall, server->failed);
    printf("CPU a message      %.2f us\n", cpu / (double)messages * 1e6);
}

/* ---- the UEs ---- */

struct ues {
    const struct options *options;
    struct loop *loop;
    struct transport *transport;
    uint16_t port;
    struct transport_session **sessions;
    unsigned connecting, opened;
    bool running;
    uint64_t in_flight;
};

static void ue_ask(struct ues *ues, struct transport_session *session);

static void connect_some(struct ues *ues)
{
    const struct options *options = ues->options;
    struct transport_peer peer = { options->scheme, "127.0.0.1", ues->port, "localhost", options->versions };
    while (ues->connecting < ue_count(options) && ues->connecting < ues->opened + CONNECTS_AT_ONCE) {
        unsigned number = ues->connecting++;
        void *user = (void *)(uintptr_t)number;
        if (transport_connect(ues->transport, &peer, user, &ues->sessions[number]) != MSGIN5G_OK)
            die("transport_connect");
    }
}

/* Every UE asks once, as a registration would: wolfSSL keeps what the handshake needed until then. */
static void ue_opened(void *ctx, struct transport_session *session)
{
    struct ues *ues = ctx;
    if (ues->options->scheme == TRANSPORT_OSCORE) {
        uint8_t id[8];
        struct transport_oscore oscore = oscore_of((uint32_t)(uintptr_t)transport_session_user(session), true, id);
        if (transport_oscore_protect(session, &oscore) != MSGIN5G_OK)
            die("transport_oscore_protect");
    }
    ue_ask(ues, session);
    ues->opened++;
    connect_some(ues);
}

static void ue_closed(void *ctx, struct transport_session *session, enum transport_end end)
{
    (void)ctx, (void)session;
    (void)fprintf(stderr, "a UE's session ended: %d (alert %d)\n", (int)end, transport_session_alert(session));
    _exit(1);
}

static bool ue_psk(
    void *ctx, struct transport_session *session, const char *hint, uint16_t suite, struct transport_psk *out)
{
    (void)ctx, (void)session, (void)hint, (void)suite;
    return give_key(out);
}

static void ue_request(void *ctx, struct transport_session *session, struct transport_request *request)
{
    struct transport_answer answer = { MSGIN5G_COAP_CODE(2, 4), TRANSPORT_FORMAT_NONE, NULL, 0, -1 };
    (void)ctx, (void)session;
    transport_respond(request, &answer);
}

struct asking {
    struct ues *ues;
    struct transport_session *session;
};

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct asking *asking = ctx;
    struct ues *ues = asking->ues;
    (void)result;
    if (err != MSGIN5G_OK)
        die("no answer");
    ues->in_flight--;
    if (ues->running)
        ue_ask(ues, asking->session);
    else if (ues->in_flight == 0 && ues->opened == ue_count(ues->options))
        loop_stop(ues->loop);
    free(asking);
}

static void ue_ask(struct ues *ues, struct transport_session *session)
{
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = "msg",
        .format = TRANSPORT_FORMAT_JSON,
        .body = body,
        .length = sizeof body,
        .confirmable = true };
    struct asking *asking = malloc(sizeof *asking);
    if (asking == NULL)
        die("malloc");
    *asking = (struct asking){ ues, session };
    ues->in_flight++;
    if (transport_send(session, &call, on_answer, asking) != MSGIN5G_OK)
        die("transport_send");
}

static void on_time(void *ctx)
{
    struct ues *ues = ctx;
    ues->running = false;
}

static void run_for(struct ues *ues, int64_t duration_ms)
{
    struct loop_timer timer;
    loop_timer_init(&timer, on_time, ues);
    ues->running = true;
    (void)loop_timer_set(ues->loop, &timer, duration_ms);
    for (unsigned i = 0; i < 2 * ues->options->pairs; i++)
        ue_ask(ues, ues->sessions[i]);
    (void)loop_run(ues->loop);
}

static void be_ues(const struct options *options, uint16_t port, int from_server, int to_server)
{
    static const struct transport_handler handler = {
        .opened = ue_opened, .closed = ue_closed, .request = ue_request, .client_psk = ue_psk
    };
    struct ues ues = { .options = options, .port = port };
    uint64_t word;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (loop_create(clock_system(), &ues.loop) != MSGIN5G_OK)
        die("loop_create");
    ues.transport = new_transport(ues.loop, &handler, &ues, options);
    if ((ues.sessions = calloc(ue_count(options), sizeof(struct transport_session *))) == NULL)
        die("calloc");
    connect_some(&ues);
    (void)loop_run(ues.loop);
    tell(to_server);
    for (int round = 0; round < 2; round++) {
        if (read(from_server, &word, sizeof word) != sizeof word)
            die("the server is gone");
        run_for(&ues, round == 0 ? 300 : (int64_t)options->seconds * 1000);
        tell(to_server);
    }
    _exit(0);
}

/* ---- options ---- */

static error_t parse_option(int option, char *text, struct argp_state *state)
{
    struct options *options = state->input;
    switch (option) {
    case 'p':
        options->pairs = (unsigned)strtoul(text, NULL, 10);
        return 0;
    case 'i':
        options->idle = (unsigned)strtoul(text, NULL, 10);
        return 0;
    case 'x':
        options->contexts = (unsigned)strtoul(text, NULL, 10);
        return 0;
    case 's':
        options->seconds = (unsigned)strtoul(text, NULL, 10);
        return 0;
    case 'm':
        options->routed = strcmp(text, "routed") == 0;
        return 0;
    case 'v':
        options->versions = strcmp(text, "1.3") == 0 ? TLS_PSK_1_3_ONLY : TLS_PSK_1_2_ONLY;
        options->scheme = strcmp(text, "none") == 0     ? TRANSPORT_COAP
                          : strcmp(text, "oscore") == 0 ? TRANSPORT_OSCORE
                                                        : options->scheme;
        return 0;
    case 'c':
        options->suite = (uint16_t)strtoul(text, NULL, 16);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option option_table[] = { { "pairs", 'p', "N", 0, "Pairs of UEs that send (100)", 0 },
    { "idle", 'i', "N", 0, "UEs that only sit there (0)", 0 },
    { "contexts", 'x', "N", 0, "OSCORE contexts of UEs that never say anything (0)", 0 },
    { "seconds", 's', "N", 0, "How long to send (3)", 0 },
    { "mode", 'm', "echo|routed", 0, "What the server does (routed)", 0 },
    { "version", 'v', "1.2|1.3|oscore|none", 0, "DTLS version, OSCORE, or plain CoAP (1.2)", 0 },
    { "suite", 'c', "HEX", 0, "This cipher suite alone, such as c0a8", 0 }, { 0 } };

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

int main(int argc, char **argv)
{
    static const struct argp argp = { option_table, parse_option, NULL, "CPU and memory of the CoAP transport", NULL,
        NULL, NULL };
    struct options options = {
        .pairs = 100, .seconds = 3, .routed = true, .scheme = TRANSPORT_COAPS, .versions = TLS_PSK_1_2_ONLY
    };
    struct server server = { .options = &options };
    int to_ues[2], from_ues[2];
    uint16_t port;
    (void)argp_parse(&argp, argc, argv, 0, NULL, &options);
    raise_descriptor_limit();
    if (secret_setup() != MSGIN5G_OK || pipe(to_ues) != 0 || pipe(from_ues) != 0)
        die("pipe");
    serve(&server, &port);
    pid_t child = fork();
    if (child == 0)
        be_ues(&options, port, to_ues[0], from_ues[1]);
    (void)close(from_ues[1]);
    server.from_ues = from_ues[0];
    server.to_ues = to_ues[1];
    measure(&server);
    (void)waitpid(child, NULL, 0);
    free(server.sessions);
    transport_free(server.transport);
    loop_free(server.loop);
    return 0;
}
