/* The MSGin5G Server: reads its configuration, builds its objects bottom-up, runs, frees them top-down. */
#include "admin_api.h"
#include "config.h"
#include "shard.h"
#include "store.h"

#include "base/daemon.h"
#include "base/exit_code.h"
#include "base/log.h"
#include "base/secret.h"
#include "tls/stream.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PROBLEM_SIZE 256
#define DRAIN_MS     5000 /* HTTP requests in hand at SIGTERM may take this long */

static const char doc[] =
    "MSGin5G Server: routes messages between UEs (TS 23.554) that authenticate with AKMA keys (TS 33.535).\v"
    "Examples:\n"
    "  msgin5g-server --print-config > msgin5g-server.yaml    # then edit it\n"
    "  msgin5g-server --config msgin5g-server.yaml\n"
    "\n"
    "SIGHUP reads bindings, certificates and the log level again; SIGTERM and SIGINT\n"
    "end it, after HTTP requests in hand are answered.\n"
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
    struct store *store;
    struct shard *shard;
    struct admin_api *admin;
};

/* Secrets of sessions go to a file only when asked for twice: by the switch and by a name. The name ends up in
 * @p config, so that a reload compares like with like. */
static enum msgin5g_err resolve_key_log(const struct daemon_options *options, struct server_config *config)
{
    const char *path = options->key_log_path;
    if (path == NULL)
        path = *config->debug_key_log_file != '\0' ? config->debug_key_log_file : getenv("SSLKEYLOGFILE");
    if (options->key_log_path != NULL)
        config->debug_key_log = true;
    if (!config->debug_key_log || path == NULL)
        return MSGIN5G_OK;
    char *copy = strdup(path);
    if (copy == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    free(config->debug_key_log_file);
    config->debug_key_log_file = copy;
    return MSGIN5G_OK;
}

/* What SIGHUP takes over; everything else waits for a restart. */
static bool changes_at_once(const char *key)
{
    static const char *const keys[] = { "bindings", "binding_template", "groups", "log.level" };
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

static void reload_certificates(struct server *server)
{
    char problem[PROBLEM_SIZE] = "";
    enum msgin5g_err err = admin_api_reload_certificate(server->admin, problem, sizeof problem);
    if (err == MSGIN5G_OK)
        err = shard_reload_certificates(server->shard, problem, sizeof problem);
    if (err == MSGIN5G_OK)
        log_info("certificates read again");
    else
        log_error("certificates not read again, the old ones stay problem=\"%s\"", problem);
}

static void begin_to_end(void *ctx)
{
    struct server *server = ctx;
    admin_api_drain(server->admin);
    shard_drain(server->shard);
}

static bool is_busy(void *ctx)
{
    const struct server *server = ctx;
    return admin_api_connections(server->admin) + shard_http_connections(server->shard) > 0;
}

static void on_reload(void *ctx)
{
    struct server *server = ctx;
    struct server_config config = { 0 };
    reload_certificates(server);
    if (daemon_load(&program, server->options.config_path, &config) == MSGIN5G_OK &&
        resolve_key_log(&server->options, &config) == MSGIN5G_OK) {
        log_set_level((enum log_level)config.log_level);
        config_compare(server_config_schema, &server->config, &config, say_unchanged, NULL);
        enum msgin5g_err err = shard_reload(server->shard, &config);
        if (err != MSGIN5G_OK)
            log_error("bindings and groups stay as they were problem=\"%s\"", msgin5g_err_text(err));
    } else {
        log_error("configuration stays as it was");
    }
    config_free(server_config_schema, &config);
}

/* Each UE over TCP is a descriptor: take what the system grants, not the cautious default. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        log_warning("cannot raise the limit of open descriptors");
}

static enum msgin5g_err open_store(struct server *server)
{
    const struct server_config *config = &server->config;
    char key_file[PATH_MAX];
    struct store_config store = { .folder = config->store_folder, .quota_octets = config->store_quota_octets };
    if (config->store_encryption && !server_config_store_key(config, key_file, sizeof key_file))
        return MSGIN5G_ERR_CONFIG;
    if (config->store_encryption)
        store.key_file = key_file;
    enum msgin5g_err err = store_open(&store, server->metrics, &server->store);
    if (err == MSGIN5G_ERR_AUTHENTICATION || err == MSGIN5G_ERR_INVALID) /* trying again does not help: exit code 3 */
        err = MSGIN5G_ERR_CONFIG;
    else if (err == MSGIN5G_ERR_CLOSED || err == MSGIN5G_ERR_STORE)
        err = MSGIN5G_ERR_IO;
    return err;
}

static enum msgin5g_err build(struct server *server)
{
    struct server_config *config = &server->config;
    enum msgin5g_err err = resolve_key_log(&server->options, config);
    if (err == MSGIN5G_OK && config->debug_key_log && *config->debug_key_log_file != '\0')
        log_warning(
            "secrets of all sessions are written to a file: only for a lab file=%s", config->debug_key_log_file);
    if (err == MSGIN5G_OK)
        err = tls_setup();
    if (err == MSGIN5G_OK)
        err = loop_create(clock_system(), &server->loop);
    if (err == MSGIN5G_OK)
        err = daemon_control_create(server->loop, on_reload, server, &server->control);
    if (err == MSGIN5G_OK) {
        daemon_control_drain(server->control, &(struct daemon_drain){ begin_to_end, is_busy, server, DRAIN_MS });
        err = metrics_create(&server->metrics);
    }
    if (err == MSGIN5G_OK)
        err = open_store(server);
    if (err == MSGIN5G_OK)
        err = shard_create(server->loop, &server->config, server->metrics, server->store, &server->shard);
    if (err == MSGIN5G_OK)
        err = admin_api_create(server->loop, &server->config, server->metrics, server->shard, &server->admin);
    return err;
}

static void release(struct server *server)
{
    admin_api_free(server->admin);
    shard_free(server->shard);
    store_close(server->store);
    metrics_free(server->metrics);
    daemon_control_free(server->control);
    loop_free(server->loop);
    config_free(server_config_schema, &server->config);
}

#define LISTENER_TEXT_SIZE 80

/* " NAME=HOST:PORT", or nothing when @p port says that it is off. */
static const char *listener_text(char out[LISTENER_TEXT_SIZE], const char *name, const char *host, uint16_t port)
{
    out[0] = '\0';
    if (port != 0)
        snprintf(out, LISTENER_TEXT_SIZE, " %s=%s:%u", name, host, port);
    return out;
}

static void say_ready(const struct server *server)
{
    const struct server_config *config = &server->config;
    const struct shard *shard = server->shard;
    char tcp[LISTENER_TEXT_SIZE], oscore[LISTENER_TEXT_SIZE], api[LISTENER_TEXT_SIZE];
    daemon_ready("coaps=%s:%u%s%s%s management=%s:%u", config->coaps_host, shard_coaps_port(shard),
        listener_text(tcp, "coaps+tcp", config->coaps_tcp_host, shard_coaps_tcp_port(shard)),
        listener_text(oscore, "coap", config->oscore_host, shard_oscore_port(shard)),
        listener_text(api, "api", config->api.host, shard_api_port(shard)), config->management_host,
        admin_api_port(server->admin));
}

static enum msgin5g_err run(struct server *server)
{
    raise_descriptor_limit();
    (void)signal(SIGXFSZ, SIG_IGN); /* a limit on the size of files is a full disk to the store, not the end */
    enum msgin5g_err err = build(server);
    if (err != MSGIN5G_OK) {
        log_error("cannot start problem=\"%s\"", msgin5g_err_text(err));
        return err;
    }
    say_ready(server);
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
