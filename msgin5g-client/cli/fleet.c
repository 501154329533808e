#include "fleet.h"

#include "akma/primary_auth.h"
#include "base/exit_code.h"
#include "template.h"
#include "tls/stream.h"
#include "ue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#define WINDOW      32 /* UEs on their way to being registered at once */
#define SPARE_FILES 64 /* descriptors that are no UE's session */

struct fleet {
    struct loop *loop;
    struct options *options;
    struct fleet_events events;
    void *ctx;
    struct msgin5g_context *context;
    struct loop_io *context_io;
    struct loop_timer context_timer;
    struct tls_context *tls;
    struct fleet_ue *ues;
    size_t count, created, next;
    struct fleet_counts counts;
    size_t here; /* not idle in the library, while leaving */
    bool leaving, starting;
};

/* ---- the library in the program's loop ---- */

void fleet_pump(struct fleet *fleet)
{
    int timeout_ms;

    (void)msgin5g_context_process(fleet->context, 0);
    timeout_ms = msgin5g_context_next_timeout_ms(fleet->context);
    if (timeout_ms >= 0)
        (void)loop_timer_set(fleet->loop, &fleet->context_timer, timeout_ms);
    else
        loop_timer_cancel(fleet->loop, &fleet->context_timer);
}

static void on_context_ready(void *ctx, uint32_t events)
{
    (void)events;
    fleet_pump(ctx);
}

static void on_context_timer(void *ctx)
{
    fleet_pump(ctx);
}

/* ---- one UE's way to being registered ---- */

static void start_more(struct fleet *fleet);

static void settled(struct fleet_ue *ue)
{
    if (ue->counted)
        ue->fleet->counts.under_way--;
    ue->counted = false;
}

static void give_up(struct fleet_ue *ue, enum msgin5g_err err)
{
    struct fleet *fleet = ue->fleet;

    if (ue->state == FLEET_UE_REGISTERED)
        fleet->counts.registered--;
    settled(ue);
    ue->state = FLEET_UE_FAILED;
    fleet->counts.failed++;
    (void)msgin5g_client_deregister(ue->client);
    fleet->events.failed(fleet->ctx, ue, err);
    start_more(fleet);
}

static void on_auth_end(void *ctx)
{
    struct fleet_ue *ue = ctx;

    primary_auth_free(ue->auth);
    ue->auth = NULL;
}

static void use_key(struct fleet_ue *ue)
{
    enum msgin5g_err err = msgin5g_client_register(ue->client);

    if (err != MSGIN5G_OK)
        give_up(ue, err);
    else
        fleet_pump(ue->fleet);
}

static void on_authenticated(void *ctx, enum msgin5g_err err, const struct akma_ue_context *context)
{
    struct fleet_ue *ue = ctx;

    if (ue->fleet->leaving || ue->state == FLEET_UE_FAILED)
        return;
    (void)usim_save(ue->usim);
    (void)loop_timer_set(ue->fleet->loop, &ue->auth_end, 0); /* not inside of its own callback */
    if (err == MSGIN5G_OK)
        err = msgin5g_client_set_akma(ue->client, context->a_kid, context->k_akma.octets);
    if (err != MSGIN5G_OK)
        give_up(ue, err);
    else
        use_key(ue);
}

static enum msgin5g_err authenticate(struct fleet_ue *ue)
{
    const struct settings *settings = &ue->fleet->options->settings;
    const struct primary_auth_config config = {
        .ausf_url = settings->ausf_url, .sn_name = settings->sn_name, .tls = ue->fleet->tls
    };
    enum msgin5g_err err = MSGIN5G_OK;

    if (ue->usim == NULL)
        return MSGIN5G_ERR_AUTHENTICATION; /* the key from outside was refused, and there is no other */
    loop_timer_cancel(ue->fleet->loop, &ue->auth_end);
    if (ue->auth == NULL)
        err = primary_auth_create(ue->fleet->loop, &config, ue->usim, &ue->auth);
    return err == MSGIN5G_OK ? primary_auth_start(ue->auth, on_authenticated, ue) : err;
}

static void start_one(struct fleet_ue *ue)
{
    enum msgin5g_err err;

    ue->state = FLEET_UE_STARTING;
    ue->counted = true;
    ue->fleet->counts.under_way++;
    if (ue->usim == NULL)
        use_key(ue);
    else if ((err = authenticate(ue)) != MSGIN5G_OK)
        give_up(ue, err);
}

static void start_more(struct fleet *fleet)
{
    if (fleet->starting) /* one that failed at once; the loop below goes on */
        return;
    fleet->starting = true;
    while (!fleet->leaving && fleet->next < fleet->count && fleet->counts.under_way < WINDOW)
        start_one(&fleet->ues[fleet->next++]);
    fleet->starting = false;
}

void fleet_start(struct fleet *fleet)
{
    start_more(fleet);
}

void fleet_give_up(struct fleet *fleet, enum msgin5g_err err)
{
    fleet->next = fleet->count;
    for (size_t i = 0; i < fleet->count; i++)
        if (fleet->ues[i].state == FLEET_UE_NEW || fleet->ues[i].state == FLEET_UE_STARTING)
            give_up(&fleet->ues[i], err);
}

/* ---- what the library tells ---- */

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    struct fleet_ue *ue = ctx;
    struct fleet *fleet = ue->fleet;
    bool refresh = ue->state == FLEET_UE_REGISTERED;

    (void)client;
    (void)lifetime_s;
    settled(ue);
    if (refresh || ue->state == FLEET_UE_FAILED)
        return;
    ue->state = FLEET_UE_REGISTERED;
    fleet->counts.registered++;
    fleet->counts.registrations++;
    fleet->events.registered(fleet->ctx, ue);
    start_more(fleet);
}

static bool is_refusal(enum msgin5g_err err)
{
    return err == MSGIN5G_ERR_AUTHENTICATION || err == MSGIN5G_ERR_UNAUTHENTICATED ||
           err == MSGIN5G_ERR_NOT_AUTHORIZED || err == MSGIN5G_ERR_AF_NOT_ALLOWED;
}

static void on_idle(struct fleet_ue *ue)
{
    struct fleet *fleet = ue->fleet;

    if (!fleet->leaving || ue->state == FLEET_UE_GONE)
        return;
    ue->state = FLEET_UE_GONE;
    if (--fleet->here == 0)
        fleet->events.idle(fleet->ctx);
}

static void on_state(void *ctx, struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    if (state == MSGIN5G_CLIENT_IDLE) {
        on_idle(ue);
    } else if (state == MSGIN5G_CLIENT_WAITING || state == MSGIN5G_CLIENT_WAITING_KEY) {
        if (ue->state == FLEET_UE_REGISTERED) {
            ue->state = FLEET_UE_AWAY;
            ue->fleet->counts.registered--;
            ue->fleet->counts.losses++;
        } else if (state == MSGIN5G_CLIENT_WAITING && ue->state == FLEET_UE_STARTING && is_refusal(err)) {
            give_up(ue, err);
        }
    }
}

static void on_need_key(void *ctx, struct msgin5g_client *client)
{
    struct fleet_ue *ue = ctx;
    enum msgin5g_err err = authenticate(ue);

    (void)client;
    if (err != MSGIN5G_OK && err != MSGIN5G_ERR_LIMIT)
        give_up(ue, err);
}

static const char *on_message(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    ue->fleet->events.message(ue->fleet->ctx, ue, message);
    return NULL;
}

static void on_report(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)from;
    (void)cause;
    ue->fleet->events.report(ue->fleet->ctx, ue, msg_id, status);
}

static void on_response(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id,
    enum msgin5g_delivery_status status, struct msgin5g_str cause)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)cause;
    ue->fleet->events.response(ue->fleet->ctx, ue, msg_id, status);
}

static void on_sent(
    void *ctx, struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, unsigned char coap_code)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    ue->fleet->events.sent(ue->fleet->ctx, ue, msg_id, err, coap_code);
}

static void on_subscription(void *ctx, struct msgin5g_client *client, const char *topic, enum msgin5g_sub_status status,
    struct msgin5g_str cause, int64_t expire_time_s)
{
    struct fleet_ue *ue = ctx;

    (void)client;
    (void)topic;
    (void)cause;
    (void)expire_time_s;
    ue->fleet->events.subscription(ue->fleet->ctx, ue, status);
}

static const struct msgin5g_client_events client_events = {
    .state = on_state,
    .registered = on_registered,
    .message = on_message,
    .report = on_report,
    .response = on_response,
    .sent = on_sent,
    .subscription = on_subscription,
    .need_key = on_need_key,
};

/* ---- building it ---- */

/* The next line of "A-KID K_AKMA", cut off what is left of the file. */
static bool take_key(char **rest, struct fleet_ue *ue)
{
    K_AKMA_LOCAL k_akma;
    char *line = strsep(rest, "\n"), *a_kid = line != NULL ? strsep(&line, " \t") : NULL;

    if (a_kid == NULL || line == NULL)
        return false;
    line[strcspn(line, "\r")] = '\0';
    return secret_from_hex(msgin5g_str(line), k_akma.octets, sizeof k_akma.octets) == MSGIN5G_OK &&
           msgin5g_client_set_akma(ue->client, a_kid, k_akma.octets) == MSGIN5G_OK;
}

static int open_usim(struct fleet_ue *ue, size_t number)
{
    char problem[512] = "", *path = template_expand(ue->fleet->options->settings.usim, number);
    enum msgin5g_err err = usim_load(path, &ue->usim, problem, sizeof problem);

    if (err != MSGIN5G_OK)
        fprintf(stderr, "msgin5g-client: %s: %s\n", path, problem[0] != '\0' ? problem : msgin5g_err_text(err));
    free(path);
    return err == MSGIN5G_OK ? EXIT_CODE_OK : EXIT_CODE_CONFIG;
}

static int open_ue(struct fleet *fleet, size_t index, char **keys)
{
    struct fleet_ue *ue = &fleet->ues[index];
    size_t number = (size_t)fleet->options->first + index;
    int code;

    ue->fleet = fleet;
    ue->index = index;
    loop_timer_init(&ue->auth_end, on_auth_end, ue);
    ue->service_id = template_expand(fleet->options->service_ids, number);
    fleet->created++;
    if ((code = ue_client_create(fleet->options, fleet->context, ue->service_id, &client_events, ue, &ue->client)) !=
        EXIT_CODE_OK)
        return code;
    if (fleet->options->settings.usim[0] != '\0')
        return open_usim(ue, number);
    if (fleet->options->k_akma != NULL)
        return msgin5g_client_set_akma(ue->client, fleet->options->a_kid, fleet->options->k_akma->octets) == MSGIN5G_OK
                   ? EXIT_CODE_OK
                   : EXIT_CODE_USAGE;
    if (take_key(keys, ue))
        return EXIT_CODE_OK;
    fprintf(stderr, "msgin5g-client: --keys: line %zu does not hold an A-KID and 64 hexadecimal digits\n", index + 1);
    return EXIT_CODE_USAGE;
}

/* A session over UDP or TCP is a descriptor. */
static void allow_files(size_t count)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= count + SPARE_FILES)
        return;
    limit.rlim_cur = count + SPARE_FILES < limit.rlim_max ? count + SPARE_FILES : limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur < count + SPARE_FILES)
        fprintf(stderr, "msgin5g-client: warning: ulimit -n is %llu; not every one of %zu UEs will get a session\n",
            (unsigned long long)limit.rlim_cur, count);
}

static int open_all(struct fleet *fleet)
{
    char *keys = (char *)fleet->options->keys.data;
    int code = ue_context_create(fleet->options, fleet->count, &fleet->context);

    if (code == EXIT_CODE_OK && loop_io_add(fleet->loop, msgin5g_context_fd(fleet->context), EPOLLIN, on_context_ready,
                                    fleet, &fleet->context_io) != MSGIN5G_OK)
        code = EXIT_CODE_OTHER;
    if (code == EXIT_CODE_OK && fleet->options->settings.usim[0] != '\0')
        code = ue_tls_create(&fleet->options->settings, &fleet->tls);
    for (size_t i = 0; code == EXIT_CODE_OK && i < fleet->count; i++)
        code = open_ue(fleet, i, &keys);
    return code;
}

int fleet_create(
    struct loop *loop, struct options *options, const struct fleet_events *events, void *ctx, struct fleet **out)
{
    struct fleet *fleet = calloc(1, sizeof *fleet);

    if ((*out = fleet) == NULL)
        return EXIT_CODE_OTHER;
    fleet->loop = loop;
    fleet->options = options;
    fleet->events = *events;
    fleet->ctx = ctx;
    fleet->count = (size_t)options->ues;
    loop_timer_init(&fleet->context_timer, on_context_timer, fleet);
    if ((fleet->ues = calloc(fleet->count, sizeof *fleet->ues)) == NULL)
        return EXIT_CODE_OTHER;
    allow_files(fleet->count);
    return open_all(fleet);
}

void fleet_free(struct fleet *fleet)
{
    if (fleet == NULL)
        return;
    fleet->leaving = true;
    for (size_t i = 0; i < fleet->created; i++) {
        primary_auth_free(fleet->ues[i].auth);
        loop_timer_cancel(fleet->loop, &fleet->ues[i].auth_end);
        usim_free(fleet->ues[i].usim);
        free(fleet->ues[i].service_id);
    }
    tls_context_free(fleet->tls);
    loop_io_remove(fleet->context_io);
    loop_timer_cancel(fleet->loop, &fleet->context_timer);
    msgin5g_context_free(fleet->context);
    free(fleet->ues);
    free(fleet);
}

bool fleet_leave(struct fleet *fleet)
{
    fleet->leaving = true;
    fleet->here = 1; /* idle() not before all have been told */
    for (size_t i = 0; i < fleet->count; i++) {
        struct fleet_ue *ue = &fleet->ues[i];

        if (ue->state == FLEET_UE_NEW || msgin5g_client_current_state(ue->client) == MSGIN5G_CLIENT_IDLE)
            continue;
        fleet->here++;
        (void)msgin5g_client_deregister(ue->client);
    }
    fleet_pump(fleet);
    return --fleet->here > 0;
}

size_t fleet_size(const struct fleet *fleet)
{
    return fleet->count;
}

struct fleet_ue *fleet_ue(struct fleet *fleet, size_t index)
{
    return &fleet->ues[index];
}

const struct fleet_counts *fleet_counts(const struct fleet *fleet)
{
    return &fleet->counts;
}
