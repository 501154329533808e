#include "config.h"

#include "akma/kdf.h"
#include "faults.h"
#include "management.h"
#include "state.h"
#include "subscriber_config.h"

#include <stddef.h>
#include <string.h>

#define AT(member)    offsetof(struct aanf_config, member)
#define AF_AT(member) offsetof(struct af_config, member)
#define NF_AT(member) offsetof(struct instance_config, member)
#define PATH_MAX_LEN  64 /* dotted path of one key with its index */
#define SECOND_MS     ((int64_t)1000)
#define WEEK_MS       604800000

static const char *const identities[] = { "supi", "gpsi", "anonymous", NULL };
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL }; /* as enum log_level */
static const char *const log_formats[] = { "text", "json", NULL };

static const struct config_key listen_keys[] = {
    { .name = "host",
        .type = CONFIG_STRING,
        .offset = AT(listen_host),
        .default_text = "127.0.0.1",
        .min = 1,
        .max = 255,
        .help = "Address for Naanf_AKMA and Nausf_UEAuthentication." },
    { .name = "port",
        .type = CONFIG_INT,
        .offset = AT(listen_port),
        .default_text = "8444",
        .min = 0,
        .max = 65535,
        .help = "TCP port; 0: any free one, named in the ready line." },
    { 0 },
};

static const struct config_key management_keys[] = {
    { .name = "host",
        .type = CONFIG_STRING,
        .offset = AT(management_host),
        .default_text = "127.0.0.1",
        .min = 1,
        .max = 255,
        .help = "Address for /healthz, /readyz, /metrics and the management of contexts and subscribers." },
    { .name = "port",
        .type = CONFIG_INT,
        .offset = AT(management_port),
        .default_text = "9444",
        .min = 0,
        .max = 65535,
        .help = "TCP port; 0: any free one." },
    { .name = "token_file",
        .type = CONFIG_FILE,
        .offset = AT(management_token_file),
        .default_text = "",
        .help = "Bearer token for /contexts, /subscribers and /faults, one line, readable by nobody else; without it "
                "they are served on loopback addresses only." },
    { .name = "certificate",
        .type = CONFIG_FILE,
        .offset = AT(management_certificate),
        .default_text = "",
        .help =
            "Certificate chain (PEM) for HTTPS; empty: HTTP in clear. Keys of subscribers are taken over HTTPS or on "
            "loopback addresses only." },
    { .name = "key",
        .type = CONFIG_FILE,
        .offset = AT(management_key),
        .default_text = "",
        .help = "Its private key (PEM)." },
    { 0 },
};

static const struct config_key tls_keys[] = {
    { .name = "certificate",
        .type = CONFIG_FILE,
        .offset = AT(tls_certificate),
        .default_text = "",
        .help = "Own certificate chain (PEM)." },
    { .name = "key", .type = CONFIG_FILE, .offset = AT(tls_key), .default_text = "", .help = "Its private key (PEM)." },
    { .name = "ca",
        .type = CONFIG_FILE,
        .offset = AT(tls_ca),
        .default_text = "",
        .help = "Certificates clients are checked against (PEM); every client must have one (TS 33.501 13.1)." },
    { 0 },
};

static const struct config_key af_keys[] = {
    { .name = "certificate",
        .type = CONFIG_STRING,
        .offset = AF_AT(certificate),
        .min = 1,
        .max = 255,
        .help = "A name in the AF's client certificate (common name, DNS or URI), or \"*\" for any." },
    { .name = "fqdns",
        .type = CONFIG_STRINGS,
        .offset = AF_AT(fqdns),
        .min = 1,
        .max = 1000,
        .help = "FQDNs this AF may name in its AF_ID." },
    { .name = "ua_ids",
        .type = CONFIG_STRINGS,
        .offset = AF_AT(ua_ids),
        .min = 0,
        .max = 100,
        .help = "Ua* protocol identifiers it may use, ten hexadecimal digits each (TS 33.220 Annex H); none: all." },
    { .name = "notif_uris",
        .type = CONFIG_STRINGS,
        .offset = AF_AT(notif_uris),
        .min = 0,
        .max = 16,
        .help = "https://host:port of the places it may have disablement notices sent to (notifUri); none: nowhere." },
    { .name = "identity",
        .type = CONFIG_ENUM,
        .offset = AF_AT(identity),
        .default_text = "supi",
        .choices = identities,
        .help = "What it learns of the subscriber; anonymous: it must ask with anonInd." },
    { .name = "k_af_lifetime",
        .type = CONFIG_DURATION,
        .offset = AF_AT(k_af_lifetime_ms),
        .default_text = "0s",
        .min = 0,
        .max = WEEK_MS,
        .help = "Lifetime of its K_AF, whole seconds; 0s: the general k_af_lifetime." },
    { 0 },
};

static const struct config_key consumers_keys[] = {
    { .name = "anchor_key",
        .type = CONFIG_STRINGS,
        .offset = AT(anchor_key_consumers),
        .min = 0,
        .max = 100,
        .help = "Certificate names (\"*\": any) that may register and remove AKMA contexts over the API; none: nobody. "
                "The AUSF emulation of this program needs no entry." },
    { .name = "authentication",
        .type = CONFIG_STRINGS,
        .offset = AT(authentication_consumers),
        .default_text = "[\"*\"]",
        .min = 0,
        .max = 100,
        .help = "Certificate names (\"*\": any) that may run primary authentications." },
    { 0 },
};

static const struct config_key instance_keys[] = {
    { .name = "certificate",
        .type = CONFIG_STRING,
        .offset = NF_AT(certificate),
        .min = 1,
        .max = 255,
        .help = "A name in the client's certificate." },
    { .name = "nf_instance_id",
        .type = CONFIG_STRING,
        .offset = NF_AT(nf_instance_id),
        .min = 36,
        .max = 36,
        .help = "UUID it is: nfInstanceId of its token requests, sub of its tokens." },
    { .name = "nf_type",
        .type = CONFIG_STRING,
        .offset = NF_AT(nf_type),
        .default_text = "AF",
        .min = 1,
        .max = 32,
        .help = "Its NF type: AF, NEF, AUSF." },
    { 0 },
};

static const struct config_key oauth_keys[] = {
    { .name = "enabled",
        .type = CONFIG_BOOL,
        .offset = AT(oauth_enabled),
        .default_text = "false",
        .help = "Offer POST /oauth2/token, and check tokens on Naanf_AKMA (TS 29.510, TS 33.501 13.4.1)." },
    { .name = "required",
        .type = CONFIG_BOOL,
        .offset = AT(oauth_required),
        .default_text = "true",
        .help = "Refuse Naanf_AKMA requests without a token (401); else afs and consumers decide alone about them. "
                "Reloaded at SIGHUP." },
    { .name = "key",
        .type = CONFIG_FILE,
        .offset = AT(oauth_key),
        .default_text = "",
        .help = "Private key that signs tokens, P-256 in PEM, not readable by others; empty: a new one at every start. "
                "The public key is at /jwks on the management port." },
    { .name = "lifetime",
        .type = CONFIG_DURATION,
        .offset = AT(oauth_lifetime_ms),
        .default_text = "10m",
        .min = SECOND_MS,
        .max = 86400 * SECOND_MS,
        .help = "Lifetime of a token, whole seconds." },
    { .name = "issuer",
        .type = CONFIG_STRING,
        .offset = AT(oauth_issuer),
        .default_text = "",
        .min = 0,
        .max = 36,
        .help = "NF instance id (UUID) in iss; empty: nf_instance_id." },
    { .name = "instances",
        .type = CONFIG_ITEMS,
        .offset = AT(oauth_instances),
        .keys = instance_keys,
        .item_size = sizeof(struct instance_config),
        .help = "Clients whose certificate holds no URI urn:uuid:NF-INSTANCE-ID. Reloaded at SIGHUP." },
    { 0 },
};

static const struct config_key limits_keys[] = {
    { .name = "contexts",
        .type = CONFIG_INT,
        .offset = AT(limit_contexts),
        .default_text = "100000",
        .min = 1,
        .max = 10000000,
        .help = "AKMA contexts at most; 32 octets of locked memory each." },
    { .name = "af_ids",
        .type = CONFIG_INT,
        .offset = AT(limit_af_ids),
        .default_text = "64",
        .min = 1,
        .max = 10000,
        .help = "AF_IDs remembered for each context." },
    { .name = "provisioned",
        .type = CONFIG_INT,
        .offset = AT(limit_provisioned),
        .default_text = "10000",
        .min = 0,
        .max = 1000000,
        .help = "Subscribers added over the management port at most; 32 octets of locked memory each. Reloaded at "
                "SIGHUP." },
    { .name = "authentications",
        .type = CONFIG_INT,
        .offset = AT(limit_authentications),
        .default_text = "10000",
        .min = 1,
        .max = 1000000,
        .help = "Primary authentications under way at most." },
    { .name = "body_octets",
        .type = CONFIG_INT,
        .offset = AT(limit_body_octets),
        .default_text = "65536",
        .min = 1024,
        .max = 1048576,
        .help = "Octets of a request body at most; more: 413." },
    { .name = "connections",
        .type = CONFIG_INT,
        .offset = AT(limit_connections),
        .default_text = "1024",
        .min = 1,
        .max = 1000000,
        .help = "Connections at most." },
    { .name = "streams",
        .type = CONFIG_INT,
        .offset = AT(limit_streams),
        .default_text = "100",
        .min = 1,
        .max = 10000,
        .help = "Requests at the same time on one connection." },
    { 0 },
};

static const struct config_key fault_rows[] = {
    { .name = "enabled",
        .type = CONFIG_BOOL,
        .offset = AT(faults_enabled),
        .default_text = "false",
        .help = "Labs only: obey the keys below and POST /faults on the management port." },
    { .name = "latency_ms",
        .type = CONFIG_INT,
        .offset = AT(faults_latency_ms),
        .default_text = "0",
        .min = 0,
        .max = 60000,
        .help = "Milliseconds before a key request is looked at." },
    { .name = "status",
        .type = CONFIG_INT,
        .offset = AT(faults_status),
        .default_text = "0",
        .min = 0,
        .max = 599,
        .help = "Status key requests are answered with; 0: what they deserve." },
    { .name = "drop",
        .type = CONFIG_BOOL,
        .offset = AT(faults_drop),
        .default_text = "false",
        .help = "Leave key requests unanswered for a minute." },
    { .name = "reset",
        .type = CONFIG_ENUM,
        .offset = AT(faults_reset),
        .default_text = "none",
        .choices = faults_resets,
        .help =
            "End key requests without an answer: RST_STREAM, GOAWAY and the end of the connection, or a TCP reset." },
    { .name = "key",
        .type = CONFIG_ENUM,
        .offset = AT(faults_key),
        .default_text = "right",
        .choices = faults_keys,
        .help = "What kaf holds: the key, another one, 32 zero octets, or 31 octets." },
    { .name = "expiry",
        .type = CONFIG_ENUM,
        .offset = AT(faults_expiry),
        .default_text = "right",
        .choices = faults_expiries,
        .help = "What expiry says." },
    { .name = "body",
        .type = CONFIG_ENUM,
        .offset = AT(faults_body),
        .default_text = "whole",
        .choices = faults_bodies,
        .help = "How much of the JSON text is sent." },
    { 0 },
};

static const struct config_key log_keys[] = {
    { .name = "level",
        .type = CONFIG_ENUM,
        .offset = AT(log_level),
        .default_text = "info",
        .choices = log_levels,
        .help = "Least important lines to write." },
    { .name = "format",
        .type = CONFIG_ENUM,
        .offset = AT(log_format),
        .default_text = "text",
        .choices = log_formats,
        .help = "One line an event as key=value, or JSON." },
    { .name = "requests",
        .type = CONFIG_BOOL,
        .offset = AT(log_requests),
        .default_text = "false",
        .help = "A line for every key request: who, for which AF_ID, the A-KID shortened, and how it ended; no keys." },
    { 0 },
};

static const struct config_key debug_keys[] = {
    { .name = "core_files",
        .type = CONFIG_BOOL,
        .offset = AT(core_files),
        .default_text = "false",
        .help = "Allow core files and debuggers; they show keys." },
    { .name = "key_log",
        .type = CONFIG_BOOL,
        .offset = AT(key_log),
        .default_text = "false",
        .help = "Labs only: write TLS secrets to SSLKEYLOGFILE." },
    { 0 },
};

const struct config_key aanf_config_schema[] = {
    { .name = "listen", .type = CONFIG_SECTION, .keys = listen_keys, .help = "The service-based interface (HTTP/2)." },
    { .name = "tls",
        .type = CONFIG_SECTION,
        .keys = tls_keys,
        .help = "TLS with certificates on both sides; all three files, unless insecure_h2c." },
    { .name = "insecure_h2c",
        .type = CONFIG_BOOL,
        .offset = AT(insecure_h2c),
        .default_text = "false",
        .help = "Labs on loopback only: HTTP/2 in clear. Breaks TS 33.535 4.4.0 and the tests of TS 33.537." },
    { .name = "management",
        .type = CONFIG_SECTION,
        .keys = management_keys,
        .help = "Health, metrics, provisioning (docs/aanf-management.yaml)." },
    { .name = "nf_instance_id",
        .type = CONFIG_STRING,
        .offset = AT(nf_instance_id),
        .default_text = "",
        .min = 0,
        .max = 36,
        .help = "UUID of this AAnF, for the Server header; empty: a new one at every start." },
    { .name = "api_root",
        .type = CONFIG_STRING,
        .offset = AT(api_root),
        .default_text = "",
        .min = 0,
        .max = 255,
        .help = "How clients reach this AAnF, https://host:port; empty: made of the address bound." },
    { .name = "subscribers",
        .type = CONFIG_ITEMS,
        .offset = AT(subscribers),
        .keys = subscriber_config_keys,
        .item_size = sizeof(struct subscriber_config),
        .help = "Subscribers of the emulated AUSF and UDM. This file must then not be readable by others. Reloaded at "
                "SIGHUP." },
    { .name = "subscribers_file",
        .type = CONFIG_FILE,
        .offset = AT(subscribers_file),
        .default_text = "",
        .help = "More subscribers, a file with the key subscribers, not readable by others. Reloaded at SIGHUP." },
    { .name = "afs",
        .type = CONFIG_ITEMS,
        .offset = AT(afs),
        .keys = af_keys,
        .item_size = sizeof(struct af_config),
        .help = "Application functions that may ask for K_AF; the first row that fits decides. Reloaded at SIGHUP." },
    { .name = "consumers",
        .type = CONFIG_SECTION,
        .keys = consumers_keys,
        .help = "Who may use the other operations." },
    { .name = "oauth", .type = CONFIG_SECTION, .keys = oauth_keys, .help = "Access tokens (OAuth 2.0)." },
    { .name = "serving_networks",
        .type = CONFIG_STRINGS,
        .offset = AT(serving_networks),
        .min = 0,
        .max = 1000,
        .help = "Serving network names that may authenticate, 5G:mnc001.mcc001.3gppnetwork.org; none: all." },
    { .name = "k_af_lifetime",
        .type = CONFIG_DURATION,
        .offset = AT(k_af_lifetime_ms),
        .default_text = "1h",
        .min = SECOND_MS,
        .max = WEEK_MS,
        .help = "Lifetime of a K_AF, whole seconds (TS 33.535 5.2)." },
    { .name = "authentication_lifetime",
        .type = CONFIG_DURATION,
        .offset = AT(authentication_lifetime_ms),
        .default_text = "30s",
        .min = SECOND_MS,
        .max = 600 * SECOND_MS,
        .help = "How long a challenge waits for its answer." },
    { .name = "state_file",
        .type = CONFIG_FILE,
        .offset = AT(state_file),
        .default_text = "",
        .help =
            "Where contexts, sequence numbers and provisioned subscribers are kept over a restart, sealed; empty: they "
            "are lost. The folder "
            "must be writable." },
    { .name = "state_key_file",
        .type = CONFIG_FILE,
        .offset = AT(state_key_file),
        .default_text = "",
        .help = "Key for it, 64 hexadecimal digits (openssl rand -hex 32), readable by nobody else." },
    { .name = "notify_replaced",
        .type = CONFIG_BOOL,
        .offset = AT(notify_replaced),
        .default_text = "false",
        .help = "Send disablement notices also when a new registration replaces a context. Sessions then end at every "
                "primary authentication, which TS 33.535 5.2 does not ask for." },
    { .name = "limits", .type = CONFIG_SECTION, .keys = limits_keys, .help = "Bounds." },
    { .name = "faults", .type = CONFIG_SECTION, .keys = fault_rows, .help = "Fault injection for tests of AFs." },
    { .name = "log", .type = CONFIG_SECTION, .keys = log_keys, .help = "The log." },
    { .name = "debug", .type = CONFIG_SECTION, .keys = debug_keys, .help = "For labs." },
    { 0 },
};

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
    char token[MANAGEMENT_TOKEN_MAX + 1];
    const char *file = config->management_token_file;
    const char *problem = file[0] != '\0' ? management_token_read(file, token) : NULL;
    if (problem != NULL)
        config_report_add(report, "management.token_file", "%s", problem);
    secret_wipe(token, sizeof token);
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
    if (config->subscribers.count > 0 && !subscribers_file_private(config_report_path(report)))
        config_report_add(report, "subscribers", "holds keys and others may read this file; run: chmod go= %s",
            config_report_path(report));
    subscriber_config_check(&config->subscribers, report);
    if (config->subscribers_file[0] != '\0')
        check_subscribers_file(config->subscribers_file, report);
}
