/* akma-aanf: the emulated AAnF with its AUSF and UDM. Reads the configuration, builds bottom-up, runs, frees top-down.
 */
#include "aanf.h"
#include "api.h"
#include "base/daemon.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "http/server.h"
#include "management.h"
#include "tls/stream.h"
#include "token_issuer.h"

#include <stdio.h>
#include <string.h>

#define PROBLEM_MAX  512
#define TLS_CONTEXTS 3 /* of the interface, the notices, the management port */

#define DRAIN_MS 5000 /* what is in flight at SIGTERM may take this long */

static const char doc[] = "The AKMA anchor function (AAnF) of a lab home network, with an AUSF and UDM for 5G AKA.\v"
                          "Examples:\n"
                          "  akma-aanf --print-config > akma-aanf.yaml    # then edit it\n"
                          "  akma-aanf --config akma-aanf.yaml\n"
                          "\n"
                          "SIGHUP reads subscribers, policies, certificates and the log level again;\n"
                          "SIGTERM and SIGINT end it, after requests in hand are answered.\n"
                          "\n"
                          "Exit codes: 0 ended by a signal, 1 other failure, 2 usage, 3 configuration";

static const struct daemon_program program = {
    .name = "akma-aanf",
    .version = MSGIN5G_VERSION,
    .doc = doc,
    .schema = aanf_config_schema,
    .check = aanf_config_check,
};

/* Everything main() owns, in the order it is built. */
struct process {
    struct daemon_options options;
    struct aanf_config config;
    struct metrics *metrics;
    struct tls_context *tls, *notifier_tls;
    struct aanf aanf;
    struct management management;
    struct http_server *api_server;
    struct http_server *management_server;
    struct daemon_control *control;
    char nf_instance_id[MSGIN5G_UUID_LEN + 1];
    char server_name[AANF_NAME_MAX];
};

static enum msgin5g_err failed(const char *what, enum msgin5g_err err)
{
    log_error("cannot start what=%s reason=%s", what, msgin5g_err_text(err));
    return err;
}

static enum msgin5g_err add_subscribers(struct subscriber_store *store, const struct config_items *items)
{
    const struct subscriber_config *all = items->values;
    for (size_t i = 0; i < items->count; i++) {
        enum msgin5g_err err = subscriber_store_add(store, &all[i]);
        if (err == MSGIN5G_OK)
            continue;
        log_error("subscriber not usable index=%zu reason=%s", i,
            err == MSGIN5G_ERR_DUPLICATE ? "the SUPI is there twice" : msgin5g_err_text(err));
        return MSGIN5G_ERR_CONFIG;
    }
    return MSGIN5G_OK;
}

/* The store has the keys, in locked memory: the text they stood in is of no more use, and would outlive a removal. */
static void forget_keys(const struct config_items *items)
{
    struct subscriber_config *all = items->values;
    for (size_t i = 0; i < items->count; i++) {
        secret_wipe(all[i].k, strlen(all[i].k));
        secret_wipe(all[i].op, strlen(all[i].op));
        secret_wipe(all[i].opc, strlen(all[i].opc));
    }
}

/* The subscribers of both files; problems go to the log, keys out of @p config. */
static enum msgin5g_err load_subscribers(const struct aanf_config *config, struct subscriber_store **out)
{
    struct subscribers_file file = { 0 };
    struct config_report report = { 0 };
    struct subscriber_store *store = NULL;
    enum msgin5g_err err = MSGIN5G_OK;
    bool more = config->subscribers_file[0] != '\0';
    if (more && (err = subscribers_file_load(config->subscribers_file, &file, &report)) != MSGIN5G_OK) {
        log_error("subscribers file not usable problems=%.*s", (int)report.text.length, (const char *)report.text.data);
        goto out;
    }
    err = subscriber_store_create(
        config->subscribers.count + file.subscribers.count + (size_t)config->limit_provisioned, &store);
    if (err == MSGIN5G_OK)
        err = add_subscribers(store, &config->subscribers);
    if (err == MSGIN5G_OK)
        err = add_subscribers(store, &file.subscribers);
    if (err == MSGIN5G_OK) {
        *out = store;
        store = NULL;
    }
    forget_keys(&config->subscribers);
out:
    subscriber_store_free(store);
    if (more)
        config_report_free(&report);
    config_free(subscribers_file_schema, &file);
    return err;
}

static enum msgin5g_err open_tls(struct process *process)
{
    const struct aanf_config *config = &process->config;
    char problem[PROBLEM_MAX] = "";
    if (config->insecure_h2c) {
        log_warning("the service-based interface is not protected, for labs only");
        return MSGIN5G_OK;
    }
    struct tls_context_config tls = {
        .is_server = true,
        .certificate_file = config->tls_certificate,
        .key_file = config->tls_key,
        .ca_file = config->tls_ca,
        .peer_certificate_required = true, /* TS 33.501 13.1: mutual authentication */
        .alpn = "h2",
        .key_log = config->key_log || process->options.key_log_path != NULL,
        .key_log_file = process->options.key_log_path,
    };
    if (tls.key_log)
        log_warning("TLS secrets are written to a file, for labs only");
    enum msgin5g_err err = tls_context_create(&tls, &process->tls, problem, sizeof problem);
    if (err != MSGIN5G_OK)
        log_error("cannot use the TLS files problem=%s", problem);
    tls.is_server = false; /* the same certificate when it calls an AF */
    if (err == MSGIN5G_OK)
        err = tls_context_create(&tls, &process->notifier_tls, problem, sizeof problem);
    return err;
}

/* A new instance is a new UUID, unless the operator says otherwise (TS 29.510 NfInstanceId). */
static void choose_name(struct process *process)
{
    unsigned char random[16];
    char uuid[MSGIN5G_UUID_LEN + 1];
    const char *id = process->config.nf_instance_id;
    secret_random(random, sizeof random);
    msgin5g_uuid_format(random, uuid);
    (void)snprintf(process->nf_instance_id, sizeof process->nf_instance_id, "%s", id[0] != '\0' ? id : uuid);
    (void)snprintf(process->server_name, sizeof process->server_name, "AANF-%s", process->nf_instance_id);
}

static enum msgin5g_err open_issuer(struct process *process)
{
    const struct aanf_config *config = &process->config;
    const struct token_issuer_config issuer = {
        .key_file = config->oauth_key,
        .algorithm = (enum jws_algorithm)config->oauth_algorithm,
        .issuer_id = config->oauth_issuer[0] != '\0' ? config->oauth_issuer : process->nf_instance_id,
        .aanf_id = process->nf_instance_id,
        .token_lifetime_s = config->oauth_lifetime_ms / 1000,
    };
    if (!config->oauth_enabled)
        return MSGIN5G_OK;
    enum msgin5g_err err = token_issuer_create(&issuer, &process->aanf.issuer);
    if (err == MSGIN5G_ERR_IO)
        log_error("cannot read the key for tokens file=%s", config->oauth_key);
    else if (err == MSGIN5G_ERR_INVALID)
        log_error("no private key of P-256 or Ed25519 in PEM file=%s", config->oauth_key);
    return err == MSGIN5G_OK || err == MSGIN5G_ERR_NO_MEMORY ? err : MSGIN5G_ERR_CONFIG;
}

static enum msgin5g_err open_stores(struct process *process)
{
    const struct aanf_config *config = &process->config;
    struct aanf *aanf = &process->aanf;
    struct faults_setting setting = { .latency_ms = config->faults_latency_ms,
        .status = config->faults_status,
        .drop = config->faults_drop,
        .reset = config->faults_reset,
        .key = config->faults_key,
        .expiry = config->faults_expiry,
        .body = config->faults_body };
    (void)snprintf(setting.location, sizeof setting.location, "%s", config->faults_location);
    enum msgin5g_err err = load_subscribers(config, &aanf->subscribers);
    if (err == MSGIN5G_OK)
        err = context_store_create((size_t)config->limit_contexts, (size_t)config->limit_af_ids, &aanf->contexts);
    if (err == MSGIN5G_OK && config->state_file[0] != '\0')
        err = state_create(
            &(struct state_config){ config->state_file, config->state_key_file, aanf->contexts, &aanf->subscribers },
            &aanf->state);
    metric_set(aanf->context_count, err == MSGIN5G_OK ? (int64_t)context_store_count(aanf->contexts) : 0);
    if (err == MSGIN5G_OK)
        err = notifier_create(aanf->loop, process->notifier_tls, process->metrics, &aanf->notifier);
    if (err == MSGIN5G_OK)
        err = notifier_prepare(aanf->notifier, config);
    if (err == MSGIN5G_OK)
        context_store_watch(aanf->contexts, aanf_context_ended, config->notify_replaced, aanf);
    if (err == MSGIN5G_OK)
        err = auth_store_create(aanf->loop, (size_t)config->limit_authentications, config->authentication_lifetime_ms,
            &aanf->authentications);
    if (err == MSGIN5G_OK)
        err = faults_create(aanf->loop, config->faults_enabled, &setting, aanf->held_requests, &aanf->faults);
    if (err == MSGIN5G_OK && config->faults_enabled)
        log_warning("fault injection is enabled, for labs only");
    return err;
}

static enum msgin5g_err open_servers(struct process *process)
{
    const struct aanf_config *config = &process->config;
    struct aanf *aanf = &process->aanf;
    struct http_server_config http = {
        .host = config->listen_host,
        .port = (uint16_t)config->listen_port,
        .tls = process->tls,
        .http2_only = true, /* TS 29.500 5.3 */
        .limits = { .body_octets = (size_t)config->limit_body_octets,
            .connections = (size_t)config->limit_connections,
            .streams = (uint32_t)config->limit_streams,
            .per_second = config->limit_per_second,
            .burst = config->limit_burst },
        .busy_cause = "NF_CONGESTION_RISK", /* TS 29.500 5.2.7.2 */
        .routes = api_routes,
        .fallback = api_fallback,
        .server_name = process->server_name,
        .ctx = aanf,
        .metrics = process->metrics,
        .metrics_label = "aanf",
    };
    process->management = (struct management){ .aanf = aanf, .metrics = process->metrics };
    enum msgin5g_err err = http_server_create(aanf->loop, &http, &process->api_server);
    if (err != MSGIN5G_OK)
        return failed("listen", err);
    if (config->api_root[0] != '\0')
        (void)snprintf(aanf->api_root, sizeof aanf->api_root, "%s", config->api_root);
    else
        (void)snprintf(aanf->api_root, sizeof aanf->api_root,
            strchr(config->listen_host, ':') ? "%s://[%s]:%u" : "%s://%s:%u", config->insecure_h2c ? "http" : "https",
            config->listen_host, http_server_port(process->api_server));
    err = management_create(&process->management, config, &process->management_server);
    return err == MSGIN5G_OK ? MSGIN5G_OK : failed("management", err);
}

/* The subscriber is gone or lost AKMA: so does its context. The configuration took over one that was provisioned: it
 * is the master now. */
static void drop_unsubscribed(void *ctx, const struct subscriber *before)
{
    struct aanf *aanf = ctx;
    char shown[LOG_IDENTITY_LEN];
    const struct subscriber *now = subscriber_store_find(aanf->subscribers, before->supi);
    if (before->provisioned && now != NULL && !now->provisioned) {
        log_info("provisioned subscriber taken over by the configuration supi=%s", log_identity(before->supi, shown));
        state_drop_subscriber(aanf->state, before->supi);
    }
    if (now == NULL || !now->akma_allowed)
        (void)aanf_remove_context(aanf, before->supi);
}

/* Policies and subscribers are read where they are used, so SIGHUP changes them; the rest went into what was built. */
static bool changes_at_once(const char *key)
{
    static const char *const keys[] = { "subscribers", "subscribers_file", "afs", "consumers.anchor_key",
        "consumers.authentication", "serving_networks", "oauth.required", "oauth.instances", "k_af_lifetime",
        "notify_replaced", "limits.provisioned", "log.level", "log.requests" };
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(key, keys[i]) == 0)
            return true;
    }
    return false;
}

static void say_unchanged(void *ctx, const char *key)
{
    (void)ctx;
    if (!changes_at_once(key))
        log_warning("a restart is needed for this change key=%s", key);
}

/* Certificates are read again also when no key of the configuration changed. */
static void reload_certificates(struct process *process)
{
    struct tls_context *const contexts[TLS_CONTEXTS] = { process->tls, process->notifier_tls, process->management.tls };
    char problem[PROBLEM_MAX] = "";
    enum msgin5g_err err = MSGIN5G_OK;
    size_t count = 0;
    for (size_t i = 0; i < TLS_CONTEXTS && err == MSGIN5G_OK; i++) {
        if (contexts[i] == NULL)
            continue;
        err = tls_context_reload(contexts[i], problem, sizeof problem);
        count++;
    }
    if (err != MSGIN5G_OK)
        log_error("certificates not read again, the old ones stay problem=\"%s\"", problem);
    else if (count > 0)
        log_info("certificates read again");
}

/* SIGHUP: subscribers, policies and the log level are replaced together, or nothing is. */
static void reload(void *ctx)
{
    struct process *process = ctx;
    struct aanf *aanf = &process->aanf;
    struct aanf_config config = { 0 };
    struct subscriber_store *subscribers = NULL;
    reload_certificates(process);
    enum msgin5g_err err = daemon_load(&program, process->options.config_path, &config);
    if (err == MSGIN5G_OK)
        err = load_subscribers(&config, &subscribers);
    if (err == MSGIN5G_OK)
        err = subscriber_store_inherit(subscribers, aanf->subscribers);
    if (err != MSGIN5G_OK) {
        subscriber_store_free(subscribers);
        log_error("configuration not reloaded, the old one stays reason=%s", msgin5g_err_text(err));
        config_free(aanf_config_schema, &config);
        return;
    }
    config_compare(aanf_config_schema, &process->config, &config, say_unchanged, NULL);
    struct subscriber_store *older = aanf->subscribers;
    aanf->subscribers = subscribers;
    subscriber_store_each(older, drop_unsubscribed, aanf);
    subscriber_store_free(older);
    config_free(aanf_config_schema, &process->config);
    process->config = config;
    (void)notifier_prepare(aanf->notifier, &process->config);
    context_store_watch(aanf->contexts, aanf_context_ended, config.notify_replaced, aanf);
    log_set_level((enum log_level)config.log_level);
    log_info("configuration reloaded subscribers=%zu afs=%zu", subscriber_store_count(subscribers), config.afs.count);
}

static void begin_to_end(void *ctx)
{
    struct process *process = ctx;
    http_server_drain(process->api_server);
    http_server_drain(process->management_server);
}

static bool is_busy(void *ctx)
{
    const struct process *process = ctx;
    return http_server_connections(process->api_server) + http_server_connections(process->management_server) > 0;
}

static enum msgin5g_err process_open(struct process *process)
{
    enum msgin5g_err err = loop_create(clock_system(), &process->aanf.loop);
    if (err != MSGIN5G_OK)
        return failed("loop", err);
    if ((err = daemon_control_create(process->aanf.loop, reload, process, &process->control)) != MSGIN5G_OK)
        return failed("signals", err);
    daemon_control_drain(process->control, &(struct daemon_drain){ begin_to_end, is_busy, process, DRAIN_MS });
    if ((err = metrics_create(&process->metrics)) != MSGIN5G_OK)
        return failed("metrics", err);
    process->aanf.config = &process->config;
    aanf_register_metrics(&process->aanf, process->metrics);
    choose_name(process);
    if ((err = open_tls(process)) != MSGIN5G_OK)
        return err;
    if ((err = open_issuer(process)) != MSGIN5G_OK)
        return failed("tokens", err);
    if ((err = open_stores(process)) != MSGIN5G_OK)
        return failed("stores", err);
    return open_servers(process);
}

static void process_close(struct process *process)
{
    struct aanf *aanf = &process->aanf;
    faults_free(aanf->faults); /* answers what it holds, so before the server */
    http_server_free(process->management_server);
    management_close(&process->management);
    http_server_free(process->api_server);
    token_issuer_free(aanf->issuer);
    auth_store_free(aanf->authentications);
    state_free(aanf->state);
    context_store_free(aanf->contexts);
    notifier_free(aanf->notifier);
    subscriber_store_free(aanf->subscribers);
    tls_context_free(process->tls);
    tls_context_free(process->notifier_tls);
    metrics_free(process->metrics);
    daemon_control_free(process->control);
    loop_free(aanf->loop);
}

static int run(struct process *process)
{
    const struct aanf_config *config = &process->config;
    log_setup((enum log_level)config->log_level, (enum log_format)config->log_format, program.name);
    if (secret_setup() != MSGIN5G_OK || tls_setup() != MSGIN5G_OK) {
        log_error("cannot set up the crypto libraries");
        return EXIT_CODE_OTHER;
    }
    if (!config->core_files)
        secret_harden_process();
    enum msgin5g_err err = process_open(process);
    if (err == MSGIN5G_OK) {
        daemon_ready("sbi=%s:%u management=%s:%u", config->listen_host, http_server_port(process->api_server),
            config->management_host, http_server_port(process->management_server));
        err = loop_run(process->aanf.loop);
        daemon_notify("STOPPING=1");
        log_info("ended");
    }
    process_close(process);
    return exit_code_of(err);
}

int main(int argc, char **argv)
{
    struct process process = { 0 };
    int exit_code = EXIT_CODE_OK;
    if (daemon_configure(&program, argc, argv, &process.options, &process.config, &exit_code))
        exit_code = run(&process);
    config_free(aanf_config_schema, &process.config);
    return exit_code;
}
