#include "ue.h"

#include "akma/primary_auth.h"
#include "base/exit_code.h"
#include "output.h"
#include "tls/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

struct ue {
    struct loop *loop;
    const struct options *options;
    struct msgin5g_context *context;
    struct loop_io *context_io;
    struct loop_timer context_timer;
    struct msgin5g_client *client;
    struct tls_context *tls;
    struct usim *usim;
    struct primary_auth *auth;
    void (*failed)(void *ctx, enum msgin5g_err err);
    void *ctx;
};

/* The library says when it wants to run next; the program's loop obeys. */
void ue_pump(struct ue *ue)
{
    int timeout_ms;

    (void)msgin5g_context_process(ue->context, 0);
    timeout_ms = msgin5g_context_next_timeout_ms(ue->context);
    if (timeout_ms >= 0)
        (void)loop_timer_set(ue->loop, &ue->context_timer, timeout_ms);
    else
        loop_timer_cancel(ue->loop, &ue->context_timer);
}

static void on_context_ready(void *ctx, uint32_t events)
{
    (void)events;
    ue_pump(ctx);
}

static void on_context_timer(void *ctx)
{
    ue_pump(ctx);
}

int ue_context_create(const struct options *options, size_t max_clients, struct msgin5g_context **out)
{
    const struct msgin5g_context_config config = {
        .key_log_file = options->key_log_path, .ccm8 = options->settings.ccm8, .max_clients = max_clients
    };
    enum msgin5g_err err = msgin5g_context_create(&config, out);

    if (err != MSGIN5G_OK)
        fprintf(stderr, "msgin5g-client: %s\n", msgin5g_err_text(err));
    return (int)exit_code_of(err);
}

int ue_client_create(const struct options *options, struct msgin5g_context *context, const char *service_id,
    const struct msgin5g_client_events *events, void *ctx, struct msgin5g_client **out)
{
    const struct settings *settings = &options->settings;
    const struct msgin5g_client_config config = {
        .server = settings->server,
        .server_name = settings->server_name[0] != '\0' ? settings->server_name : NULL,
        .ue_service_id = service_id[0] != '\0' ? service_id : NULL,
        .reg_lifetime_s = settings->lifetime_s,
        .keep_alive_s = (unsigned)settings->keep_alive_s,
        .version = (enum msgin5g_version)settings->version,
        .backoff_min_ms = (unsigned)options->backoff_min_ms,
        .oscore = settings->oscore,
        .behind_gateway = options->behind_gateway,
        .urgent = options->urgent,
        .hold_s = options->behind_gateway ? options->hold_s : 0,
        .max_segment_size = (unsigned)options->max_segment_size,
        .availability = { .opted_out = options->no_store },
        .segment_wait_ms = (unsigned)options->segment_wait_ms,
        .aggregate_wait_ms = (unsigned)options->aggregate_wait_ms,
    };
    enum msgin5g_err err = msgin5g_client_create(context, &config, events, ctx, out);

    if (err == MSGIN5G_ERR_INVALID) {
        fprintf(stderr,
            "msgin5g-client: server '%s' or service id '%s' is not valid: a server is coaps://ADDRESS:PORT, "
            "coaps+tcp://ADDRESS:PORT or, with --oscore, coap://ADDRESS:PORT with a numeric address or localhost, a "
            "service id is a URI such as "
            "im:ue-0001@lab.example\n",
            settings->server, service_id);
        return EXIT_CODE_USAGE;
    }
    if (err != MSGIN5G_OK)
        fprintf(stderr, "msgin5g-client: %s\n", msgin5g_err_text(err));
    return (int)exit_code_of(err);
}

static int open_context(struct ue *ue, const struct msgin5g_client_events *events, void *ctx)
{
    const struct options *options = ue->options;
    int code = ue_context_create(options, 0, &ue->context);

    if (code == EXIT_CODE_OK)
        code = ue_client_create(options, ue->context, options->settings.service_id, events, ctx, &ue->client);
    if (code == EXIT_CODE_OK && loop_io_add(ue->loop, msgin5g_context_fd(ue->context), EPOLLIN, on_context_ready, ue,
                                    &ue->context_io) != MSGIN5G_OK)
        code = EXIT_CODE_OTHER;
    return code;
}

static const char *or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

int ue_tls_create(const struct settings *settings, struct tls_context **out)
{
    const struct tls_context_config config = {
        .certificate_file = or_null(settings->ausf_certificate),
        .key_file = or_null(settings->ausf_key),
        .ca_file = or_null(settings->ausf_ca),
        .alpn = "h2",
    };
    char problem[512] = "";
    enum msgin5g_err err;

    if (strncmp(settings->ausf_url, "https:", 6) != 0 ||
        (err = tls_context_create(&config, out, problem, sizeof problem)) == MSGIN5G_OK)
        return EXIT_CODE_OK;
    fprintf(stderr, "msgin5g-client: %s\n", problem[0] != '\0' ? problem : msgin5g_err_text(err));
    return EXIT_CODE_CONFIG;
}

static int open_usim(struct ue *ue)
{
    const struct settings *settings = &ue->options->settings;
    struct primary_auth_config auth = { .ausf_url = settings->ausf_url, .sn_name = settings->sn_name };
    char problem[512] = "";
    enum msgin5g_err err;

    if ((err = usim_load(settings->usim, &ue->usim, problem, sizeof problem)) != MSGIN5G_OK) {
        fprintf(
            stderr, "msgin5g-client: %s: %s\n", settings->usim, problem[0] != '\0' ? problem : msgin5g_err_text(err));
        return EXIT_CODE_CONFIG;
    }
    if (ue_tls_create(settings, &ue->tls) != EXIT_CODE_OK)
        return EXIT_CODE_CONFIG;
    auth.tls = ue->tls;
    if ((err = primary_auth_create(ue->loop, &auth, ue->usim, &ue->auth)) == MSGIN5G_OK)
        return EXIT_CODE_OK;
    fprintf(stderr, "msgin5g-client: AUSF '%s': %s\n", settings->ausf_url, msgin5g_err_text(err));
    return err == MSGIN5G_ERR_INVALID ? EXIT_CODE_USAGE : EXIT_CODE_OTHER;
}

int ue_create(struct loop *loop, const struct options *options, const struct msgin5g_client_events *events, void *ctx,
    struct ue **out)
{
    struct ue *ue = calloc(1, sizeof *ue);
    int code;

    if ((*out = ue) == NULL)
        return EXIT_CODE_OTHER;
    ue->loop = loop;
    ue->options = options;
    ue->ctx = ctx;
    loop_timer_init(&ue->context_timer, on_context_timer, ue);
    if ((code = open_context(ue, events, ctx)) != EXIT_CODE_OK)
        return code;
    return options->settings.usim[0] != '\0' && !options->behind_gateway ? open_usim(ue) : EXIT_CODE_OK;
}

void ue_free(struct ue *ue)
{
    if (ue == NULL)
        return;
    primary_auth_free(ue->auth);
    tls_context_free(ue->tls);
    usim_free(ue->usim);
    loop_io_remove(ue->context_io);
    loop_timer_cancel(ue->loop, &ue->context_timer);
    msgin5g_context_free(ue->context);
    free(ue);
}

struct msgin5g_client *ue_client(struct ue *ue)
{
    return ue->client;
}

void ue_on_key_failure(struct ue *ue, void (*failed)(void *ctx, enum msgin5g_err err))
{
    ue->failed = failed;
}

static void use_key(struct ue *ue, const char *a_kid, const struct k_akma *k_akma)
{
    enum msgin5g_err err = ue->options->behind_gateway ? msgin5g_client_set_gateway_key(ue->client, k_akma->octets)
                                                       : msgin5g_client_set_akma(ue->client, a_kid, k_akma->octets);

    if (err == MSGIN5G_OK)
        err = msgin5g_client_register(ue->client); /* goes on by itself when it was waiting for the key */
    if (err != MSGIN5G_OK)
        ue->failed(ue->ctx, err);
    else
        ue_pump(ue);
}

static void on_authenticated(void *ctx, enum msgin5g_err err, const struct akma_ue_context *context)
{
    struct ue *ue = ctx;

    (void)usim_save(ue->usim);
    if (err != MSGIN5G_OK) {
        ue->failed(ue->ctx, err);
        return;
    }
    OUTPUT(ue->options->json, "authenticated", FIELD_TEXT("supi", usim_supi(ue->usim)),
        FIELD_TEXT("a_kid", context->a_kid));
    use_key(ue, context->a_kid, &context->k_akma);
}

bool ue_refresh_key(struct ue *ue)
{
    return ue->auth != NULL && primary_auth_start(ue->auth, on_authenticated, ue) == MSGIN5G_OK;
}

void ue_start(struct ue *ue)
{
    if (ue->auth == NULL)
        use_key(ue, ue->options->a_kid, ue->options->k_akma);
    else if (!ue_refresh_key(ue))
        ue->failed(ue->ctx, MSGIN5G_ERR_NO_MEMORY);
}
