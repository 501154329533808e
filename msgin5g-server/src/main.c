/* The MSGin5G Server: reads its configuration, builds its objects bottom-up, runs, frees them top-down. */
#include "admin_api.h"
#include "config.h"
#include "shard.h"

#include "base/daemon.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/secret.h"
#include "tls/stream.h"

#include <stdlib.h>
#include <string.h>

static const char doc[] =
    "MSGin5G Server: routes messages between UEs (TS 23.554) that authenticate with AKMA keys (TS 33.535).\v"
    "Examples:\n"
    "  msgin5g-server --print-config > msgin5g-server.yaml    # then edit it\n"
    "  msgin5g-server --config msgin5g-server.yaml\n"
    "\n"
    "SIGHUP reads bindings and the log level again; SIGTERM and SIGINT end it.\n"
    "\n"
    "Exit codes: 0 ended by a signal, 1 other failure, 2 usage, 3 configuration";

static const struct daemon_program program = {
    .name = "msgin5g-server",
    .version = MSGIN5G_VERSION,
    .doc = doc,
    .schema = server_config_schema,
    .check = server_config_check,
};

struct server {
    struct daemon_options options;
    struct server_config config;
    struct loop *loop;
    struct daemon_control *control;
    struct metrics *metrics;
    struct shard *shard;
    struct admin_api *admin;
};

/* Strings that only a restart changes; the log level and the bindings are what SIGHUP takes over. */
static void say_unchanged(const struct server_config *old, const struct server_config *new)
{
    const struct {
        const char *key;
        bool changed;
    } rows[] = {
        { "listen.coaps", strcmp(old->coaps_host, new->coaps_host) != 0 || old->coaps_port != new->coaps_port },
        { "listen.path", strcmp(old->service_path, new->service_path) != 0 },
        { "auth.hide_identities", old->hide_identities != new->hide_identities },
        { "auth.allow_anonymous", old->allow_anonymous != new->allow_anonymous },
        { "auth.fqdns", old->fqdns.count != new->fqdns.count },
        { "tls.coap_ccm8", old->coap_ccm8 != new->coap_ccm8 },
        { "aanf", strcmp(old->aanf_url, new->aanf_url) != 0 || strcmp(old->aanf_ca, new->aanf_ca) != 0 ||
                      strcmp(old->aanf_certificate, new->aanf_certificate) != 0 ||
                      old->aanf_deadline_ms != new->aanf_deadline_ms },
        { "registration", old->registration_default_ms != new->registration_default_ms ||
                              old->registration_min_ms != new->registration_min_ms ||
                              old->registration_max_ms != new->registration_max_ms },
        { "management",
            strcmp(old->management_host, new->management_host) != 0 || old->management_port != new->management_port },
        { "log.format", old->log_format != new->log_format },
        { "debug", old->debug_key_log != new->debug_key_log },
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].changed)
            log_warning("a restart is needed for this change key=%s", rows[i].key);
    }
}

static void on_reload(void *ctx)
{
    struct server *server = ctx;
    struct server_config config = { 0 };
    if (daemon_load(&program, server->options.config_path, &config) == MSGIN5G_OK) {
        log_set_level((enum log_level)config.log_level);
        say_unchanged(&server->config, &config);
        enum msgin5g_err err = shard_reload_bindings(server->shard, &config);
        if (err != MSGIN5G_OK)
            log_error("bindings stay as they were problem=\"%s\"", msgin5g_err_text(err));
    } else {
        log_error("configuration stays as it was");
    }
    config_free(server_config_schema, &config);
}

/* Secrets of sessions go to a file only when asked for twice: by the switch and by a name. */
static enum msgin5g_err set_up_key_log(struct server *server)
{
    struct server_config *config = &server->config;
    const char *path = server->options.key_log_path;
    if (path == NULL)
        path = *config->debug_key_log_file != '\0' ? config->debug_key_log_file : getenv("SSLKEYLOGFILE");
    if (server->options.key_log_path != NULL)
        config->debug_key_log = true;
    if (!config->debug_key_log || path == NULL)
        return MSGIN5G_OK;
    char *copy = strdup(path);
    if (copy == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    free(config->debug_key_log_file);
    config->debug_key_log_file = copy;
    log_warning("secrets of all sessions are written to a file: only for a lab file=%s", copy);
    return MSGIN5G_OK;
}

static enum msgin5g_err build(struct server *server)
{
    enum msgin5g_err err = set_up_key_log(server);
    if (err == MSGIN5G_OK)
        err = tls_setup();
    if (err == MSGIN5G_OK)
        err = loop_create(clock_system(), &server->loop);
    if (err == MSGIN5G_OK)
        err = daemon_control_create(server->loop, on_reload, server, &server->control);
    if (err == MSGIN5G_OK)
        err = metrics_create(&server->metrics);
    if (err == MSGIN5G_OK)
        err = shard_create(server->loop, &server->config, server->metrics, &server->shard);
    if (err == MSGIN5G_OK)
        err = admin_api_create(server->loop, &server->config, server->metrics, server->shard, &server->admin);
    return err;
}

static void release(struct server *server)
{
    admin_api_free(server->admin);
    shard_free(server->shard);
    metrics_free(server->metrics);
    daemon_control_free(server->control);
    loop_free(server->loop);
    config_free(server_config_schema, &server->config);
}

static enum msgin5g_err run(struct server *server)
{
    enum msgin5g_err err = build(server);
    if (err != MSGIN5G_OK) {
        log_error("cannot start problem=\"%s\"", msgin5g_err_text(err));
        return err;
    }
    daemon_ready("coaps=%s:%u management=%s:%u", server->config.coaps_host, shard_coaps_port(server->shard),
        server->config.management_host, admin_api_port(server->admin));
    err = loop_run(server->loop);
    daemon_notify("STOPPING=1");
    return err;
}

int main(int argc, char **argv)
{
    struct server server = { 0 };
    int exit_code = EXIT_CODE_OK;
    if (!daemon_configure(&program, argc, argv, &server.options, &server.config, &exit_code)) {
        config_free(server_config_schema, &server.config);
        return exit_code;
    }
    log_setup((enum log_level)server.config.log_level, (enum log_format)server.config.log_format, program.name);
    if (secret_setup() != MSGIN5G_OK) {
        config_free(server_config_schema, &server.config);
        return EXIT_CODE_OTHER;
    }
    if (!server.config.debug_core_dumps)
        secret_harden_process();
    enum msgin5g_err err = run(&server);
    release(&server);
    return err == MSGIN5G_OK ? EXIT_CODE_OK : exit_code_of(err);
}
