#include "many.h"

#include "base/exit_code.h"
#include "explain.h"
#include "load.h"
#include "output.h"
#include "ue.h"

#include <stdio.h>
#include <unistd.h>

#define RATE_TICK_MS     1
#define REST_TICK_MS     100 /* from an error to the next try of a UE that sends one message at a time */
#define BURST_MS         100 /* a generator that is behind by more than this gives the rest up */
#define SILENCE_US       500000
#define DRAIN_MOST_US    10000000
#define LEAVE_MOST_MS    10000
#define TERMINAL_LINE_MS 1000
#define LINE_MS          5000

enum phase { PHASE_REGISTERING, PHASE_RUNNING, PHASE_DRAINING, PHASE_LEAVING };

struct many {
    struct loop *loop;
    const struct options *options;
    struct fleet *fleet;
    struct load *load;
    enum phase phase;
    size_t most_registered, subscribed;
    size_t turn;                         /* whose turn it is to send, at a rate */
    int64_t attempts;                    /* messages that were due, at a rate */
    int64_t begun_us, ended_us, last_us; /* sending; the last thing that arrived */
    enum msgin5g_err problem;            /* of the UE that failed last */
    bool terminal, line_open;
    struct loop_timer tick, end, deadline, progress;
};

static bool is(const struct many *many, enum command command)
{
    return many->options->command == command;
}

/* ---- sending ---- */

static void stop_sending(struct many *many)
{
    if (many->phase == PHASE_RUNNING)
        many->ended_us = many->last_us = load_now_us();
    many->phase = PHASE_DRAINING;
}

static bool all_sent(const struct many *many)
{
    return many->options->messages > 0 && load_counts(many->load)->sent >= many->options->messages;
}

/* What is due @p elapsed_us after the beginning, at most the duration. */
static void send_at_rate(struct many *many, int64_t elapsed_us)
{
    int64_t due = elapsed_us * many->options->rate / 1000000 - many->attempts;
    int64_t most = many->options->rate * BURST_MS / 1000 + 1;

    if (due > most) {
        load_counts(many->load)->held += due - most;
        many->attempts += due - most;
        due = most;
    }
    for (; due > 0 && !all_sent(many); due--) {
        struct fleet_ue *ue = fleet_ue(many->fleet, many->turn++ % fleet_size(many->fleet));

        many->attempts++;
        if (load_send(many->load, ue) != MSGIN5G_OK)
            load_counts(many->load)->held++;
    }
}

static void send_next(struct many *many, struct fleet_ue *ue)
{
    if (many->phase == PHASE_RUNNING && !all_sent(many) && ue->state == FLEET_UE_REGISTERED &&
        load_open(many->load, ue) == 0)
        (void)load_send(many->load, ue); /* else on_tick() tries again */
}

static bool drained(const struct many *many)
{
    int64_t now_us = load_now_us();
    const struct load_counts *counts = load_counts(many->load);

    if (now_us - many->ended_us > DRAIN_MOST_US)
        return true;
    if (load_open_all(many->load) > 0)
        return false;
    if (load_in_pairs(many->load) && counts->received >= counts->taken && !many->options->outgoing.report_requested)
        return true;
    return now_us - many->last_us > SILENCE_US;
}

static void on_tick(void *ctx)
{
    struct many *many = ctx;
    bool paced = many->options->rate > 0;
    int64_t elapsed_us = load_now_us() - many->begun_us, whole_us = many->options->duration_s * 1000000;

    if (many->phase == PHASE_RUNNING && all_sent(many))
        stop_sending(many);
    if (many->phase == PHASE_RUNNING && paced)
        send_at_rate(many, elapsed_us < whole_us ? elapsed_us : whole_us);
    for (size_t i = 0; many->phase == PHASE_RUNNING && !paced && i < fleet_size(many->fleet); i++)
        send_next(many, fleet_ue(many->fleet, i));
    fleet_pump(many->fleet);
    if (many->phase == PHASE_DRAINING && drained(many))
        loop_stop(many->loop);
    else
        (void)loop_timer_set(many->loop, &many->tick, paced ? RATE_TICK_MS : REST_TICK_MS);
}

/* At a rate, sent and held make what was due, whether this comes a little early or late. */
static void on_end(void *ctx)
{
    struct many *many = ctx;

    if (many->phase == PHASE_RUNNING && many->options->rate > 0)
        send_at_rate(many, many->options->duration_s * 1000000);
    stop_sending(many);
}

/* ---- phases ---- */

/* send: each UE has had its answer, and the report it asked for. */
static bool send_is_over(const struct many *many)
{
    const struct load_counts *counts = load_counts(many->load);
    int64_t ended = counts->reported + counts->not_delivered + counts->refused + counts->unknown;

    if (fleet_counts(many->fleet)->under_way > 0 || load_open_all(many->load) > 0)
        return false;
    if ((size_t)counts->sent + fleet_counts(many->fleet)->failed < fleet_size(many->fleet))
        return false;
    return !many->options->outgoing.report_requested || ended >= counts->sent;
}

static void begin_bench(struct many *many)
{
    many->phase = PHASE_RUNNING;
    loop_timer_cancel(many->loop, &many->deadline);
    many->begun_us = many->last_us = load_now_us();
    (void)loop_timer_set(many->loop, &many->end, many->options->duration_s * 1000);
    (void)loop_timer_set(many->loop, &many->tick, 0);
}

/* Something changed that a phase may have waited for. */
static void look(struct many *many)
{
    const struct fleet_counts *counts = fleet_counts(many->fleet);
    bool all = counts->registered + counts->failed == fleet_size(many->fleet);
    bool topic = many->options->outgoing.to_type == MSGIN5G_ADDR_TOPIC;

    if (many->phase == PHASE_LEAVING)
        return;
    if (counts->failed == fleet_size(many->fleet))
        loop_stop(many->loop);
    else if (is(many, COMMAND_SEND) && many->phase == PHASE_REGISTERING && send_is_over(many)) {
        stop_sending(many);
        (void)loop_timer_set(many->loop, &many->tick, REST_TICK_MS); /* MSGRESP may still come */
    } else if (is(many, COMMAND_BENCH) && many->phase == PHASE_REGISTERING && all &&
               (!topic || many->subscribed >= counts->registered)) {
        begin_bench(many);
    }
}

static void on_deadline(void *ctx)
{
    struct many *many = ctx;

    if (is(many, COMMAND_BENCH) && fleet_counts(many->fleet)->registered > 0)
        fleet_give_up(many->fleet, MSGIN5G_ERR_TIMEOUT);
    if (!is(many, COMMAND_BENCH)) {
        many->problem = is(many, COMMAND_LISTEN) ? MSGIN5G_OK : MSGIN5G_ERR_TIMEOUT;
        loop_stop(many->loop);
    } else if (many->phase == PHASE_REGISTERING) {
        many->problem = MSGIN5G_ERR_TIMEOUT;
        loop_stop(many->loop);
    }
}

/* ---- what the fleet tells ---- */

static void on_registered(void *ctx, struct fleet_ue *ue)
{
    struct many *many = ctx;
    const struct options *options = many->options;

    if (fleet_counts(many->fleet)->registered > many->most_registered)
        many->most_registered = fleet_counts(many->fleet)->registered;
    if (!is(many, COMMAND_BENCH))
        OUTPUT(options->json, "registered", FIELD_TEXT("ue_service_id", ue->service_id),
            FIELD_TEXT("protection", msgin5g_client_protection(ue->client)));
    if (is(many, COMMAND_SEND) && load_open(many->load, ue) == 0 && !ue->used) {
        ue->used = true;
        (void)load_send(many->load, ue);
    }
    if (is(many, COMMAND_BENCH) && options->outgoing.to_type == MSGIN5G_ADDR_TOPIC && !ue->used) {
        ue->used = true;
        (void)msgin5g_client_subscribe(ue->client, options->outgoing.to, 0);
    }
    look(many);
}

static void on_failed(void *ctx, struct fleet_ue *ue, enum msgin5g_err err)
{
    struct many *many = ctx;

    many->problem = err;
    if (fleet_counts(many->fleet)->failed <= 10 || !is(many, COMMAND_BENCH))
        output_error(many->options->json, ue->service_id, msgin5g_err_text(err), explain(err));
    look(many);
}

static void on_message(void *ctx, struct fleet_ue *ue, const struct msgin5g_message *message)
{
    struct many *many = ctx;

    many->last_us = load_now_us();
    load_on_message(many->load, message);
    if (is(many, COMMAND_BENCH))
        return;
    OUTPUT(many->options->json, "message", FIELD_TEXT("to", ue->service_id), FIELD_STR("from", message->ori.addr),
        FIELD_STR("msg_id", message->msg_id), FIELD_STR("group", message->group_id), FIELD_STR("topic", message->topic),
        FIELD_STR("app_id", message->app_id), FIELD_STR("payload", message->payload));
    if (is(many, COMMAND_LISTEN) && many->options->messages > 0 &&
        load_counts(many->load)->received >= many->options->messages)
        loop_stop(many->loop);
}

static void on_report(void *ctx, struct fleet_ue *ue, struct msgin5g_str msg_id, enum msgin5g_delivery_status status)
{
    struct many *many = ctx;

    many->last_us = load_now_us();
    load_on_status(many->load, status);
    if (!is(many, COMMAND_BENCH))
        OUTPUT(many->options->json, "report", FIELD_TEXT("ue_service_id", ue->service_id), FIELD_STR("msg_id", msg_id),
            FIELD_TEXT("status", status == MSGIN5G_DELIVERY_SUCCESS ? "success" : "failure"));
    look(many);
}

static void on_response(void *ctx, struct fleet_ue *ue, struct msgin5g_str msg_id, enum msgin5g_delivery_status status)
{
    struct many *many = ctx;

    many->last_us = load_now_us();
    load_on_status(many->load, status);
    if (!is(many, COMMAND_BENCH))
        OUTPUT(many->options->json, "response", FIELD_TEXT("ue_service_id", ue->service_id),
            FIELD_STR("msg_id", msg_id),
            FIELD_TEXT("status", status == MSGIN5G_DELIVERY_STORED ? "stored for deferred delivery" : "failure"));
    look(many);
}

static void on_sent(void *ctx, struct fleet_ue *ue, const char *msg_id, enum msgin5g_err err, unsigned char code)
{
    struct many *many = ctx;
    char code_text[8];

    many->last_us = load_now_us();
    load_on_sent(many->load, ue, msg_id, err, code);
    snprintf(code_text, sizeof code_text, "%u.%02u", code >> 5, code & 0x1fu);
    if (is(many, COMMAND_SEND))
        OUTPUT(many->options->json, err == MSGIN5G_OK ? "sent" : "refused", FIELD_TEXT("ue_service_id", ue->service_id),
            FIELD_TEXT("msg_id", msg_id), FIELD_TEXT("coap_code", code_text));
    else if (err == MSGIN5G_OK && many->options->rate == 0)
        send_next(many, ue);
    look(many);
}

static void on_subscription(void *ctx, struct fleet_ue *ue, enum msgin5g_sub_status status)
{
    struct many *many = ctx;

    (void)ue;
    if (status == MSGIN5G_SUB_ADDED)
        many->subscribed++;
    look(many);
}

static void on_idle(void *ctx)
{
    struct many *many = ctx;

    loop_stop(many->loop);
}

static const struct fleet_events events = {
    .registered = on_registered,
    .failed = on_failed,
    .message = on_message,
    .report = on_report,
    .response = on_response,
    .sent = on_sent,
    .subscription = on_subscription,
    .idle = on_idle,
};

/* ---- what it says ---- */

static void on_progress(void *ctx)
{
    struct many *many = ctx;
    const struct fleet_counts *fleet = fleet_counts(many->fleet);
    const struct load_counts *load = load_counts(many->load);
    int64_t failed = load->refused + load->unknown;

    fprintf(stderr, "%smsgin5g-client: %zu of %zu registered, sent %lld, taken %lld, refused %lld, received %lld%s",
        many->terminal ? "\r" : "", fleet->registered, fleet_size(many->fleet), (long long)load->sent,
        (long long)load->taken, (long long)failed, (long long)load->received, many->terminal ? "  " : "\n");
    many->line_open = many->terminal;
    (void)loop_timer_set(many->loop, &many->progress, many->terminal ? TERMINAL_LINE_MS : LINE_MS);
}

static int64_t per_second(int64_t count, int64_t microseconds)
{
    return microseconds > 0 ? count * 1000000 / microseconds : 0;
}

static void summarise(struct many *many)
{
    const struct load_counts *load = load_counts(many->load);
    const struct fleet_counts *fleet = fleet_counts(many->fleet);
    const struct histogram *answer = load_answer_us(many->load), *delivery = load_delivery_us(many->load);
    int64_t sending_us = many->begun_us > 0 ? many->ended_us - many->begun_us : 0;

    if (many->line_open)
        fputc('\n', stderr);
    OUTPUT(many->options->json, "summary", FIELD_INT("ues", (int64_t)fleet_size(many->fleet)),
        FIELD_INT("registered", (int64_t)many->most_registered), FIELD_INT("failed", (int64_t)fleet->failed),
        FIELD_INT("losses", fleet->losses), FIELD_INT("sending_ms", sending_us / 1000), FIELD_INT("sent", load->sent),
        FIELD_INT("taken", load->taken), FIELD_INT("refused", load->refused), FIELD_INT("unknown", load->unknown),
        FIELD_INT("held", load->held), FIELD_INT("stored", load->stored), FIELD_INT("reported", load->reported),
        FIELD_INT("not_delivered", load->not_delivered), FIELD_INT("received", load->received),
        FIELD_INT("taken_per_s", per_second(load->taken, sending_us)),
        FIELD_INT("answer_us_p50", histogram_percentile(answer, 50)),
        FIELD_INT("answer_us_p90", histogram_percentile(answer, 90)),
        FIELD_INT("answer_us_p99", histogram_percentile(answer, 99)),
        FIELD_INT("answer_us_p999", histogram_percentile(answer, 99.9)), FIELD_INT("answer_us_max", answer->highest_us),
        FIELD_INT("delivery_us_p50", histogram_percentile(delivery, 50)),
        FIELD_INT("delivery_us_p90", histogram_percentile(delivery, 90)),
        FIELD_INT("delivery_us_p99", histogram_percentile(delivery, 99)),
        FIELD_INT("delivery_us_p999", histogram_percentile(delivery, 99.9)),
        FIELD_INT("delivery_us_max", delivery->highest_us));
}

static int refusal_exit_code(unsigned char code)
{
    if (code == MSGIN5G_COAP_CODE(4, 1) || code == MSGIN5G_COAP_CODE(4, 3))
        return EXIT_CODE_NOT_AUTHORISED;
    return code >> 5 == 5 ? EXIT_CODE_PEER_FAILED : EXIT_CODE_REFUSED;
}

static int exit_code(const struct many *many)
{
    const struct load_counts *counts = load_counts(many->load);

    if (many->problem != MSGIN5G_OK)
        return (int)exit_code_of(many->problem);
    if (counts->refused > 0)
        return refusal_exit_code(counts->refusal);
    if (counts->unknown > 0)
        return EXIT_CODE_CONNECT;
    if (counts->not_delivered > 0 ||
        (is(many, COMMAND_BENCH) && load_in_pairs(many->load) && counts->received + counts->stored < counts->taken))
        return EXIT_CODE_NOT_DELIVERED;
    if (is(many, COMMAND_SEND) && (size_t)counts->sent < fleet_size(many->fleet))
        return EXIT_CODE_OTHER; /* interrupted */
    return EXIT_CODE_OK;
}

/* ---- the run ---- */

static void leave(struct many *many)
{
    if (many->phase == PHASE_RUNNING)
        many->ended_us = load_now_us();
    many->phase = PHASE_LEAVING;
    loop_timer_cancel(many->loop, &many->tick);
    loop_timer_cancel(many->loop, &many->end);
    loop_timer_cancel(many->loop, &many->progress);
    loop_timer_init(&many->deadline, on_idle, many);
    (void)loop_timer_set(many->loop, &many->deadline, LEAVE_MOST_MS);
    if (fleet_leave(many->fleet))
        (void)loop_run(many->loop);
    loop_timer_cancel(many->loop, &many->deadline);
}

static int run(struct many *many)
{
    loop_timer_init(&many->tick, on_tick, many);
    loop_timer_init(&many->end, on_end, many);
    loop_timer_init(&many->deadline, on_deadline, many);
    loop_timer_init(&many->progress, on_progress, many);
    many->terminal = isatty(STDERR_FILENO) == 1;
    (void)loop_timer_set(many->loop, &many->progress, many->terminal ? TERMINAL_LINE_MS : LINE_MS);
    if (many->options->timeout_s > 0)
        (void)loop_timer_set(many->loop, &many->deadline, many->options->timeout_s * 1000);
    fleet_start(many->fleet);
    if (loop_run(many->loop) != MSGIN5G_OK)
        return EXIT_CODE_OTHER;
    if (many->phase == PHASE_RUNNING) { /* a signal; what is under way still arrives, unless a second one comes */
        stop_sending(many);
        (void)loop_run(many->loop);
    }
    leave(many);
    summarise(many);
    return exit_code(many);
}

int many_run(struct loop *loop, struct options *options)
{
    struct many many = { .loop = loop, .options = options };
    int code = EXIT_CODE_OTHER;

    if ((many.load = load_create(options)) != NULL)
        code = fleet_create(loop, options, &events, &many, &many.fleet);
    if (many.load != NULL && code == EXIT_CODE_OK) {
        load_use(many.load, many.fleet);
        code = run(&many);
    }
    fleet_free(many.fleet);
    load_free(many.load);
    return code;
}
