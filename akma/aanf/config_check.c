/* What the schema of config.c cannot say: which values go together, and whether files can be used. */
#include "config.h"

#include "akma/kdf.h"
#include "faults.h"
#include "http/bearer.h"
#include "state.h"
#include "subscriber_config.h"

#include <string.h>

#define PATH_MAX_LEN 64 /* dotted path of one key with its index */
#define SECOND_MS    ((int64_t)1000)

static void check_tls(const struct aanf_config *config, struct config_report *report)
{
    bool complete = config->tls_certificate[0] != '\0' && config->tls_key[0] != '\0' && config->tls_ca[0] != '\0';
    bool loopback = strncmp(config->listen_host, "127.", 4) == 0 || strcmp(config->listen_host, "::1") == 0;
    if (!config->insecure_h2c && !complete)
        config_report_add(report, "tls", "needs certificate, key and ca");
    if (config->insecure_h2c && !loopback)
        config_report_add(report, "insecure_h2c", "is allowed only while listen.host is a loopback address");
}

static void check_management(const struct aanf_config *config, struct config_report *report)
{
    struct http_bearer token;
    const char *file = config->management_token_file;
    const char *problem = file[0] != '\0' ? http_bearer_read(file, &token) : NULL;
    if (problem != NULL)
        config_report_add(report, "management.token_file", "%s", problem);
    secret_wipe(&token, sizeof token);
    if ((config->management_certificate[0] != '\0') != (config->management_key[0] != '\0'))
        config_report_add(report, "management", "certificate and key go together");
}

static void check_whole_seconds(int64_t ms, const char *path, struct config_report *report)
{
    if (ms % SECOND_MS != 0)
        config_report_add(report, path, "must be whole seconds");
}

/* A scheme and an authority, nothing behind them. */
static void check_notif_uris(const struct af_config *af, size_t index, bool clear, struct config_report *report)
{
    char path[PATH_MAX_LEN];
    for (size_t i = 0; i < af->notif_uris.count; i++) {
        const char *uri = af->notif_uris.values[i];
        bool https = strncmp(uri, "https://", 8) == 0;
        const char *authority = https ? uri + 8 : uri + 7;
        (void)snprintf(path, sizeof path, "afs[%zu].notif_uris[%zu]", index, i);
        if ((!https && !(clear && strncmp(uri, "http://", 7) == 0)) || *authority == '\0' ||
            strpbrk(authority, "/@?#") != NULL)
            config_report_add(report, path, "must look like https://af.example:8445");
    }
}

static void check_af(const struct aanf_config *config, size_t index, struct config_report *report)
{
    const struct af_config *af = (const struct af_config *)config->afs.values + index;
    char path[PATH_MAX_LEN];
    struct ua_id ua_id;
    for (size_t i = 0; i < af->ua_ids.count; i++) {
        (void)snprintf(path, sizeof path, "afs[%zu].ua_ids[%zu]", index, i);
        if (ua_id_parse(msgin5g_str(af->ua_ids.values[i]), &ua_id) != MSGIN5G_OK)
            config_report_add(report, path, "must be ten hexadecimal digits, for example 0100000007");
    }
    for (size_t i = 0; i < af->fqdns.count; i++) {
        (void)snprintf(path, sizeof path, "afs[%zu].fqdns[%zu]", index, i);
        size_t length = strlen(af->fqdns.values[i]);
        if (length == 0 || length > AKMA_FQDN_MAX)
            config_report_add(report, path, "must have 1 to %d octets", AKMA_FQDN_MAX);
    }
    check_notif_uris(af, index, config->insecure_h2c, report);
    (void)snprintf(path, sizeof path, "afs[%zu].k_af_lifetime", index);
    check_whole_seconds(af->k_af_lifetime_ms, path, report);
}

static void check_serving_networks(const struct config_strings *names, struct config_report *report)
{
    char path[PATH_MAX_LEN];
    for (size_t i = 0; i < names->count; i++) {
        (void)snprintf(path, sizeof path, "serving_networks[%zu]", i);
        if (!kdf_sn_name_valid(names->values[i]))
            config_report_add(report, path, "must look like 5G:mnc001.mcc001.3gppnetwork.org");
    }
}

static void check_state(const struct aanf_config *config, struct config_report *report)
{
    const char *problem = NULL;
    if (config->state_file[0] != '\0' && config->state_key_file[0] == '\0')
        config_report_add(report, "state_file", "needs state_key_file: it is always sealed");
    else if (config->state_file[0] != '\0' && !state_key_usable(config->state_key_file, &problem))
        config_report_add(report, "state_key_file", "%s", problem);
}

/* Problems of the other file name that file and its lines themselves. */
static void check_subscribers_file(const char *path, struct config_report *report)
{
    struct subscribers_file file = { 0 };
    struct config_report inner = { 0 };
    enum msgin5g_err err = subscribers_file_load(path, &file, &inner);
    const char *line = (const char *)inner.text.data;
    const char *end = inner.text.length > 0 ? line + inner.text.length : line;
    while (line < end) {
        const char *feed = memchr(line, '\n', (size_t)(end - line));
        int length = (int)((feed != NULL ? feed : end) - line);
        config_report_add(report, "subscribers_file", "%.*s", length, line);
        line += length + 1;
    }
    if (err == MSGIN5G_ERR_NO_MEMORY)
        config_report_add(report, "subscribers_file", "%s", msgin5g_err_text(err));
    config_report_free(&inner);
    config_free(subscribers_file_schema, &file);
}

static void check_uuid(const char *text, const char *path, struct config_report *report)
{
    if (text[0] != '\0' && !msgin5g_uuid_valid(msgin5g_str(text)))
        config_report_add(report, path, "must be a UUID, for example 4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f");
}

static void check_oauth(const struct aanf_config *config, struct config_report *report)
{
    char path[PATH_MAX_LEN];
    const struct instance_config *instances = config->oauth_instances.values;
    if (config->oauth_enabled && config->insecure_h2c)
        config_report_add(report, "oauth.enabled", "needs TLS: a token in clear is anybody's (TS 33.501 13.4.1)");
    if (config->oauth_key[0] != '\0' && !subscribers_file_private(config->oauth_key))
        config_report_add(report, "oauth.key", "others may read it; run: chmod go= %s", config->oauth_key);
    check_whole_seconds(config->oauth_lifetime_ms, "oauth.lifetime", report);
    check_uuid(config->oauth_issuer, "oauth.issuer", report);
    if (config->oauth_enabled)
        check_uuid(config->nf_instance_id, "nf_instance_id", report);
    for (size_t i = 0; i < config->oauth_instances.count; i++) {
        (void)snprintf(path, sizeof path, "oauth.instances[%zu].nf_instance_id", i);
        check_uuid(instances[i].nf_instance_id, path, report);
        (void)snprintf(path, sizeof path, "oauth.instances[%zu].certificate", i);
        if (strcmp(instances[i].certificate, "*") == 0)
            config_report_add(report, path, "must be one client's name");
    }
}

void aanf_config_check(const void *untyped, struct config_report *report)
{
    const struct aanf_config *config = untyped;
    check_tls(config, report);
    check_management(config, report);
    check_whole_seconds(config->k_af_lifetime_ms, "k_af_lifetime", report);
    for (size_t i = 0; i < config->afs.count; i++)
        check_af(config, i, report);
    check_serving_networks(&config->serving_networks, report);
    check_oauth(config, report);
    check_state(config, report);
    if (!faults_location_valid(config->faults_location))
        config_report_add(report, "faults.location", "must be visible ASCII");
    if (config->subscribers.count > 0 && !subscribers_file_private(config_report_path(report)))
        config_report_add(report, "subscribers", "holds keys and others may read this file; run: chmod go= %s",
            config_report_path(report));
    subscriber_config_check(&config->subscribers, report);
    if (config->subscribers_file[0] != '\0')
        check_subscribers_file(config->subscribers_file, report);
}
