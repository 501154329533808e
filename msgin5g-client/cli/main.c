/* msgin5g-client: one command, one registration, lines that say what happens. */
#include "base/clock.h"
#include "base/daemon.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/secret.h"
#include "explain.h"
#include "gateway.h"
#include "many.h"
#include "options.h"
#include "output.h"
#include "tls/stream.h"
#include "ue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LINGER_MS    300  /* send without --report: how long the server's refusal may take to arrive */
#define KEY_RETRY_MS 5000 /* listen: from one failed primary authentication to the next, unless --backoff says else */

struct run {
    struct loop *loop;
    struct options options;
    struct ue *ue;
    int exit_code;
    bool ending; /* de-registering, then the loop stops */
    bool was_registered;
    bool message_sent;
    bool subscribing; /* the library keeps it up */
    char msg_id[MSGIN5G_UUID_LEN + 1];
    int64_t received;
    enum msgin5g_err problem; /* what went wrong last */
    struct loop_timer deadline, linger, key_retry;
};

/* Commands that go on until somebody ends them. */
static bool stays(const struct run *run)
{
    return command_stays(run->options.command);
}

static void finish(struct run *run, int exit_code)
{
    run->exit_code = exit_code;
    loop_stop(run->loop);
}

/* @p where: who refused or did not answer. */
static void fail_at(struct run *run, enum msgin5g_err err, const char *where)
{
    output_error(run->options.json, where, msgin5g_err_text(err), explain(err));
    finish(run, (int)exit_code_of(err));
}

static void fail(struct run *run, enum msgin5g_err err)
{
    fail_at(run, err, run->options.settings.server);
}

/* What may pass by itself is waited for until the time is over: silence always, more by listen and by who was
 * registered. */
static bool may_pass(const struct run *run, enum msgin5g_err err)
{
    bool refused =
        err == MSGIN5G_ERR_AUTHENTICATION || err == MSGIN5G_ERR_UNAUTHENTICATED || err == MSGIN5G_ERR_NOT_AUTHORIZED;

    return run->was_registered || err == MSGIN5G_ERR_TIMEOUT || (stays(run) && !refused);
}

static bool key_may_come_later(const struct run *run, enum msgin5g_err err)
{
    return stays(run) && (err == MSGIN5G_ERR_CONNECT || err == MSGIN5G_ERR_TIMEOUT || err == MSGIN5G_ERR_CLOSED ||
                             err == MSGIN5G_ERR_PEER || err == MSGIN5G_ERR_OVERLOADED);
}

static void on_key_failure(void *ctx, enum msgin5g_err err)
{
    struct run *run = ctx;

    if (!key_may_come_later(run, err)) {
        fail_at(run, err, run->options.a_kid != NULL ? "--a-kid" : run->options.settings.ausf_url);
        return;
    }
    OUTPUT(run->options.json, "state", FIELD_TEXT("state", "waiting for a key"),
        FIELD_TEXT("error", msgin5g_err_text(err)));
    (void)loop_timer_set(
        run->loop, &run->key_retry, run->options.backoff_min_ms > 0 ? run->options.backoff_min_ms : KEY_RETRY_MS);
}

static void on_key_retry(void *ctx)
{
    struct run *run = ctx;

    if (!ue_refresh_key(run->ue))
        on_key_failure(run, MSGIN5G_ERR_NO_MEMORY);
}

static void on_need_key(void *ctx, struct msgin5g_client *client)
{
    struct run *run = ctx;

    (void)client;
    if (!ue_refresh_key(run->ue)) /* there is no USIM to get one from */
        fail(run, run->problem);
}

/* listen and an interrupted command leave the server tidy. */
static void leave(struct run *run, int exit_code)
{
    run->exit_code = exit_code;
    run->ending = true;
    if (msgin5g_client_deregister(ue_client(run->ue)) != MSGIN5G_OK)
        loop_stop(run->loop);
}

static void on_idle(struct run *run, enum msgin5g_err err)
{
    if (err != MSGIN5G_OK && run->options.command == COMMAND_DEREGISTER) {
        fail(run, err);
        return;
    }
    OUTPUT(run->options.json, "deregistered", FIELD_TEXT("ue_service_id", run->options.settings.service_id));
    loop_stop(run->loop);
}

static void on_state(void *ctx, struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err)
{
    struct run *run = ctx;

    (void)client;
    if (state == MSGIN5G_CLIENT_IDLE && run->ending)
        on_idle(run, err);
    if (state == MSGIN5G_CLIENT_WAITING || state == MSGIN5G_CLIENT_WAITING_KEY)
        run->problem = err;
    if (state != MSGIN5G_CLIENT_WAITING)
        return;
    if (may_pass(run, err))
        OUTPUT(run->options.json, "state", FIELD_TEXT("state", "waiting"), FIELD_TEXT("error", msgin5g_err_text(err)));
    else
        fail(run, err);
}

static void send_message(struct run *run)
{
    enum msgin5g_err err = msgin5g_client_send(ue_client(run->ue), &run->options.outgoing, run->msg_id);

    if (err != MSGIN5G_OK) {
        fail(run, err);
        return;
    }
    run->message_sent = true;
}

static void subscribe(struct run *run)
{
    struct msgin5g_client *client = ue_client(run->ue);
    enum msgin5g_err err =
        run->options.command == COMMAND_SUBSCRIBE
            ? msgin5g_client_subscribe(client, run->options.topic, run->options.outgoing.expire_time_s)
            : msgin5g_client_unsubscribe(client, run->options.topic);

    if (err != MSGIN5G_OK)
        fail(run, err);
    else
        run->subscribing = true;
}

static void on_subscription(void *ctx, struct msgin5g_client *client, const char *topic, enum msgin5g_sub_status status,
    struct msgin5g_str cause, int64_t expire_time_s)
{
    static const char *const names[] = { [MSGIN5G_SUB_ADDED] = "ADDED",
        [MSGIN5G_SUB_UPDATED] = "UPDATED",
        [MSGIN5G_SUB_DELETED] = "DELETED",
        [MSGIN5G_SUB_FAILED] = "FAILED" };
    struct run *run = ctx;
    char expires[CLOCK_RFC3339_LEN + 1] = "";

    (void)client;
    (void)clock_format_rfc3339(expire_time_s, expires);
    OUTPUT(run->options.json, "subscription", FIELD_TEXT("topic", topic), FIELD_TEXT("status", names[status]),
        FIELD_STR("expires", expire_time_s > 0 ? msgin5g_str(expires) : (struct msgin5g_str){ 0 }),
        FIELD_STR("cause", cause));
    if (status == MSGIN5G_SUB_FAILED)
        finish(run, EXIT_CODE_REFUSED);
    else if (status == MSGIN5G_SUB_DELETED)
        finish(run, EXIT_CODE_OK);
}

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    struct run *run = ctx;

    OUTPUT(run->options.json, "registered", FIELD_TEXT("ue_service_id", msgin5g_client_service_id(client)),
        FIELD_INT("lifetime_s", lifetime_s), FIELD_TEXT("protection", msgin5g_client_protection(client)));
    run->was_registered = true;
    if (run->options.command == COMMAND_REGISTER)
        finish(run, EXIT_CODE_OK);
    else if (run->options.command == COMMAND_DEREGISTER)
        leave(run, EXIT_CODE_OK);
    else if (run->options.command == COMMAND_SEND && !run->message_sent)
        send_message(run);
    else if ((run->options.command == COMMAND_SUBSCRIBE || run->options.command == COMMAND_UNSUBSCRIBE) &&
             !run->subscribing)
        subscribe(run);
}

static void on_held(void *ctx, struct msgin5g_client *client, int64_t expected_s)
{
    struct run *run = ctx;

    (void)client;
    OUTPUT(run->options.json, "held", FIELD_INT("expected_s", expected_s));
}

static const char *on_message(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct run *run = ctx;

    (void)client;
    OUTPUT(run->options.json, "message", FIELD_STR("from", message->ori.addr), FIELD_STR("msg_id", message->msg_id),
        FIELD_STR("group", message->group_id), FIELD_STR("topic", message->topic), FIELD_STR("app_id", message->app_id),
        FIELD_BOOL("report_requested", message->report_requested), FIELD_STR("payload", message->payload));
    if (++run->received == run->options.count && stays(run))
        (void)loop_timer_set(run->loop, &run->linger, 0); /* its report goes out before DEREG */
    return NULL;
}

static void on_incomplete(
    void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from, enum msgin5g_err err)
{
    struct run *run = ctx;

    (void)client;
    OUTPUT(run->options.json, "incomplete", FIELD_STR("from", from), FIELD_STR("msg_id", msg_id),
        FIELD_TEXT("cause", msgin5g_err_cause(err)));
}

static const char *status_text(enum msgin5g_delivery_status status)
{
    if (status == MSGIN5G_DELIVERY_SUCCESS)
        return "success";
    return status == MSGIN5G_DELIVERY_STORED ? "stored for deferred delivery" : "failure";
}

static bool is_own(const struct run *run, struct msgin5g_str msg_id)
{
    return run->message_sent && msgin5g_str_equal(msg_id, msgin5g_str(run->msg_id));
}

static void on_report(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct run *run = ctx;

    (void)client;
    OUTPUT(run->options.json, "report", FIELD_STR("msg_id", msg_id), FIELD_STR("from", from),
        FIELD_TEXT("status", status_text(status)), FIELD_STR("cause", cause));
    if (run->options.command == COMMAND_SEND && is_own(run, msg_id))
        finish(run, status == MSGIN5G_DELIVERY_SUCCESS ? EXIT_CODE_OK : EXIT_CODE_NOT_DELIVERED);
}

static void on_response(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct run *run = ctx;

    (void)client;
    OUTPUT(run->options.json, "response", FIELD_STR("msg_id", msg_id), FIELD_TEXT("status", status_text(status)),
        FIELD_STR("cause", cause));
    if (run->options.command == COMMAND_SEND && is_own(run, msg_id) && status == MSGIN5G_DELIVERY_FAILURE)
        finish(run, EXIT_CODE_NOT_DELIVERED);
}

static int refusal_exit_code(unsigned char coap_code)
{
    if (coap_code == MSGIN5G_COAP_CODE(4, 1) || coap_code == MSGIN5G_COAP_CODE(4, 3))
        return EXIT_CODE_NOT_AUTHORISED;
    return coap_code >> 5 == 5 ? EXIT_CODE_PEER_FAILED : EXIT_CODE_REFUSED;
}

static void on_sent(
    void *ctx, struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, unsigned char coap_code)
{
    struct run *run = ctx;
    char code[8];

    (void)client;
    snprintf(code, sizeof code, "%u.%02u", coap_code >> 5, coap_code & 0x1fu);
    if (err == MSGIN5G_OK || err == MSGIN5G_ERR_PEER)
        OUTPUT(run->options.json, err == MSGIN5G_OK ? "sent" : "refused", FIELD_TEXT("msg_id", msg_id),
            FIELD_TEXT("coap_code", code));
    if (err == MSGIN5G_ERR_PEER)
        finish(run, refusal_exit_code(coap_code));
    else if (err != MSGIN5G_OK)
        fail(run, err);
    else if (!run->options.outgoing.report_requested)
        (void)loop_timer_set(run->loop, &run->linger, LINGER_MS);
}

static void on_deadline(void *ctx)
{
    struct run *run = ctx;
    bool enough = stays(run) && run->was_registered && run->options.count == 0;

    if (enough)
        finish(run, EXIT_CODE_OK);
    else
        fail(run, run->was_registered || run->problem == MSGIN5G_OK ? MSGIN5G_ERR_TIMEOUT : run->problem);
}

static void on_linger(void *ctx)
{
    finish(ctx, EXIT_CODE_OK);
}

static const struct msgin5g_client_events events = {
    .state = on_state,
    .registered = on_registered,
    .held = on_held,
    .message = on_message,
    .report = on_report,
    .response = on_response,
    .incomplete = on_incomplete,
    .sent = on_sent,
    .subscription = on_subscription,
    .need_key = on_need_key,
};

/* The first loop has ended: by a signal, or because something failed. */
static void leave_listening(struct run *run)
{
    if (msgin5g_client_current_state(ue_client(run->ue)) != MSGIN5G_CLIENT_REGISTERED)
        return;
    loop_timer_cancel(run->loop, &run->deadline);
    leave(run, run->exit_code);
    ue_pump(run->ue);
    if (msgin5g_client_current_state(ue_client(run->ue)) == MSGIN5G_CLIENT_DEREGISTERING)
        (void)loop_run(run->loop);
}

static int run_loop(struct run *run)
{
    int code = ue_create(run->loop, &run->options, &events, run, &run->ue);

    if (code != EXIT_CODE_OK)
        return code;
    if (run->options.command == COMMAND_GATEWAY &&
        (code = gateway_open(ue_client(run->ue), &run->options)) != EXIT_CODE_OK)
        return code;
    loop_timer_init(&run->deadline, on_deadline, run);
    loop_timer_init(&run->linger, on_linger, run);
    loop_timer_init(&run->key_retry, on_key_retry, run);
    run->exit_code = stays(run) ? EXIT_CODE_OK : EXIT_CODE_OTHER; /* after a signal */
    if (run->options.timeout_s > 0 &&
        loop_timer_set(run->loop, &run->deadline, run->options.timeout_s * 1000) != MSGIN5G_OK)
        return EXIT_CODE_OTHER;
    ue_on_key_failure(run->ue, on_key_failure);
    ue_start(run->ue);
    if (loop_run(run->loop) != MSGIN5G_OK)
        return EXIT_CODE_OTHER;
    if (stays(run))
        leave_listening(run);
    return run->exit_code;
}

int main(int argc, char **argv)
{
    struct run run = { 0 };
    struct daemon_control *control = NULL;
    int code = EXIT_CODE_OTHER;

    log_setup(LOG_LEVEL_WARNING, LOG_FORMAT_TEXT, "msgin5g-client");
    if (secret_setup() != MSGIN5G_OK || tls_setup() != MSGIN5G_OK)
        return EXIT_CODE_OTHER;
    secret_harden_process(); /* K, OPc, K_AKMA: no core file, no ptrace by others */
    options_read(argc, argv, &run.options);
    if (run.options.key_log_path != NULL)
        fprintf(stderr, "msgin5g-client: warning: whoever reads %s reads all traffic of this client\n",
            run.options.key_log_path);
    if (loop_create(clock_system(), &run.loop) == MSGIN5G_OK &&
        daemon_control_create(run.loop, NULL, NULL, &control) == MSGIN5G_OK)
        code = run.options.service_ids != NULL ? many_run(run.loop, &run.options) : run_loop(&run);
    ue_free(run.ue);
    daemon_control_free(control);
    loop_free(run.loop);
    options_free(&run.options);
    return code;
}
