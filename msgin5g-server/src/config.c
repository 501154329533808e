#include "config.h"

#include "assignments.h"
#include "base/secret.h"
#include "coap/transport.h"
#include "groups_local.h"
#include "identity.h"

#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct server_config, member)
#define SECOND     INT64_C(1000)
#define HOUR       (3600 * SECOND)
#define DAY        (24 * HOUR)
#define END                                                                                                            \
    {                                                                                                                  \
        .name = NULL                                                                                                   \
    }

static const char *const policies[] = { "akma-only", "seal-psk-allowed", "seal-psk-preferred", NULL };
static const char *const group_senders[] = { "members", "anyone", "list", NULL };
static const char *const log_levels[] = { "error", "warning", "info", "debug", NULL };
static const char *const log_formats[] = { "text", "json", NULL };

static const struct config_key coaps_keys[] = { { "host", CONFIG_STRING, AT(coaps_host), "127.0.0.1", 1, 45,
                                                    .help = "Numeric address UEs reach; 0.0.0.0: all." },
    { "port", CONFIG_INT, AT(coaps_port), "5684", 0, 65535, .help = "UDP port for DTLS; 0: any free one." }, END };
static const struct config_key coaps_tcp_keys[] = { { "enabled", CONFIG_BOOL, AT(coaps_tcp_enabled), "true",
                                                        .help = "false: no TLS over TCP." },
    { "host", CONFIG_STRING, AT(coaps_tcp_host), "127.0.0.1", 1, 45,
        .help = "Numeric address UEs reach; 0.0.0.0: all." },
    { "port", CONFIG_INT, AT(coaps_tcp_port), "5684", 0, 65535, .help = "TCP port for TLS; 0: any free one." }, END };
static const struct config_key oscore_keys[] = { { "enabled", CONFIG_BOOL, AT(oscore_enabled), "false",
                                                     .help = "true: POST /akma and OSCORE over UDP." },
    { "host", CONFIG_STRING, AT(oscore_host), "127.0.0.1", 1, 45, .help = "Numeric address UEs reach; 0.0.0.0: all." },
    { "port", CONFIG_INT, AT(oscore_port), "5683", 0, 65535, .help = "UDP port for OSCORE; 0: any free one." }, END };
static const struct config_key listen_keys[] = { { "coaps", CONFIG_SECTION, .keys = coaps_keys,
                                                     .help = "CoAP over DTLS 1.2 and 1.3 with PSK (MSGin5G-1)." },
    { "coaps_tcp", CONFIG_SECTION, .keys = coaps_tcp_keys,
        .help = "CoAP over TLS 1.2 and 1.3 with PSK (MSGin5G-1, RFC 8323)." },
    { "oscore", CONFIG_SECTION, .keys = oscore_keys,
        .help = "CoAP with OSCORE from K_AF (MSGin5G-1, TS 33.535 Annex D)." },
    { "path", CONFIG_STRING, AT(service_path), "msgin5g", 1, 64, .help = "Uri-Path of the service (EC-1)." }, END };
static const struct config_key auth_keys[] = {
    { "fqdns", CONFIG_STRINGS, AT(fqdns), NULL, 1, 16,
        .help = "Names of this application function: the part of AF_ID a UE says as server name (TS 33.535 A.4)." },
    { "policy", CONFIG_ENUM, AT(policy), "akma-only", .choices = policies,
        .help = "Which keys UEs may use (TR 33.862 KI#2). This version knows akma-only." },
    { "hide_identities", CONFIG_BOOL, AT(hide_identities), "false",
        .help = "Go on with a random key for an unknown A-KID, so that nobody can tell known ones from unknown ones." },
    { "allow_anonymous", CONFIG_BOOL, AT(allow_anonymous), "false",
        .help = "Let a UE register any known UE Service ID when the AAnF gave no SUPI or GPSI. Labs only." },
    { "key_expiry_grace", CONFIG_DURATION, AT(key_expiry_grace_ms), "0s", 0, HOUR,
        .help = "How long a session may outlive its K_AF." },
    END
};
static const struct config_key tls_keys[] = {
    { "coap_ccm8", CONFIG_BOOL, AT(coap_ccm8), "false",
        .help = "Also accept TLS_PSK_WITH_AES_128_CCM_8, for constrained UEs: no forward secrecy, an 8-octet tag." },
    END
};
static const struct config_key callback_keys[] = { { "host", CONFIG_STRING, AT(aanf_callback_host), "127.0.0.1", 1, 45,
                                                       .help = "Numeric address." },
    { "port", CONFIG_INT, AT(aanf_callback_port), "8447", 1, 65535, .help = "TCP port for HTTP/2." },
    { "clients", CONFIG_STRINGS, AT(aanf_callback_clients), .min = 0, .max = 16,
        .help = "Names in the client certificates (common name, DNS or URI) of the AAnFs that may call." },
    END };
static const struct config_key aanf_keys[] = { { "url", CONFIG_STRING, AT(aanf_url), NULL, 8, 512,
                                                   .help = "AAnF, \"https://host:port\" (Naanf_AKMA, TS 29.535)." },
    { "redirect_urls", CONFIG_STRINGS, AT(aanf_redirect_urls), .min = 0, .max = 16,
        .help =
            "Other places the AAnF may send a request on to with 307 or 308, once each, \"https://host:port\"; none: "
            "only to itself." },
    { "certificate", CONFIG_FILE, AT(aanf_certificate), "", .help = "Own certificate chain (PEM); empty with http." },
    { "key", CONFIG_FILE, AT(aanf_key), "", .help = "Its private key (PEM)." },
    { "ca", CONFIG_FILE, AT(aanf_ca), "", .help = "Trusted for the AAnF's certificate (PEM)." },
    { "token_url", CONFIG_STRING, AT(aanf_token_url), "", 0, 512,
        .help = "Token endpoint of the NRF, \"https://host:port/oauth2/token\" (TS 29.510); empty: no access tokens." },
    { "nf_instance_id", CONFIG_STRING, AT(aanf_nf_instance_id), "", 0, 36,
        .help =
            "UUID of this application function, for token requests; the certificate should hold it as urn:uuid:..." },
    { "token_scope", CONFIG_STRING, AT(aanf_token_scope),
        "naanf-akma naanf-akma:applicationkeyget naanf-akma:applicationkeyget:supi-access", 1, 512,
        .help = "Scopes asked for. Without supi-access the AAnF gives the GPSI, or refuses." },
    { "notif_uri", CONFIG_STRING, AT(aanf_notif_uri), "", 0, 512,
        .help = "How the AAnF reaches aanf.callbacks, \"https://host:port\": goes along with key requests, so that the "
                "AAnF can end a UE's service at once (notifUri of TS 29.535). Empty: no such notices." },
    { "callbacks", CONFIG_SECTION, .keys = callback_keys,
        .help = "Listener for them, with aanf.certificate, key and ca; only with notif_uri." },
    { "deadline", CONFIG_DURATION, AT(aanf_deadline_ms), "2s", 50, 60 * SECOND, .help = "Longest wait for an answer." },
    { "cached_keys", CONFIG_INT, AT(aanf_cached_keys), "100000", 1, 10000000, .help = "K_AF kept at most." }, END };
static const struct config_key registration_keys[] = { { "default_lifetime", CONFIG_DURATION,
                                                           AT(registration_default_ms), "1h", SECOND, 365 * DAY,
                                                           .help = "When the UE asks for none (EC-9)." },
    { "min_lifetime", CONFIG_DURATION, AT(registration_min_ms), "1m", SECOND, 365 * DAY,
        .help = "Shorter wishes are raised to this." },
    { "max_lifetime", CONFIG_DURATION, AT(registration_max_ms), "7d", SECOND, 365 * DAY,
        .help = "Longer wishes are cut to this." },
    END };
static const struct config_key binding_keys[] = {
    { "identity", CONFIG_STRING, offsetof(struct binding_config, identity), NULL, 1, 253,
        .help = "SUPI or GPSI as the AAnF gives it, \"imsi-001010000000001\"." },
    { "service_ids", CONFIG_STRINGS, offsetof(struct binding_config, service_ids), NULL, 1, 64,
        .help = "UE Service IDs assigned to it." },
    { "gateway_ues", CONFIG_STRINGS, offsetof(struct binding_config, gateway_ues), .min = 0, .max = 100000,
        .help = "UE Service IDs it may register, alone or in bulk, and speak for: it is a gateway (TS 33.501 Y.6)." },
    END
};
static const struct config_key group_keys[] = { { "id", CONFIG_STRING, offsetof(struct group_config, id), NULL, 1,
                                                    MSGIN5G_SERVICE_ID_MAX,
                                                    .help = "Group Service ID, a URI: im:pumps@iot.example." },
    { "members", CONFIG_STRINGS, offsetof(struct group_config, members), .min = 0, .max = 100000,
        .help = "UE Service IDs." },
    { "senders", CONFIG_ENUM, offsetof(struct group_config, senders), "members", .choices = group_senders,
        .help = "Who may send to it: its members and registered application servers, anyone registered, or those of "
                "allowed (EC-36)." },
    { "allowed", CONFIG_STRINGS, offsetof(struct group_config, allowed), .min = 0, .max = 100000,
        .help = "Service IDs that may send; with senders: list." },
    END };
static const struct config_key topic_keys[] = { { "default_lifetime", CONFIG_DURATION, AT(topic_default_ms), "24h",
                                                    SECOND, 30 * DAY,
                                                    .help = "Of a subscription, when the UE asks for none (EC-8)." },
    { "max_lifetime", CONFIG_DURATION, AT(topic_max_ms), "30d", SECOND, 365 * DAY,
        .help = "Longer wishes are cut to this." },
    { "empty", CONFIG_DURATION, AT(topic_empty_ms), "1h", 0, 365 * DAY,
        .help = "How long a topic stays without subscribers." },
    { "max_topics", CONFIG_INT, AT(max_topics), "65535", 1, 10000000, .help = "Topics at most." },
    { "max_subscriptions", CONFIG_INT, AT(max_subscriptions), "1000000", 1, 10000000,
        .help = "Subscriptions at most, of all topics." },
    { "max_per_ue", CONFIG_INT, AT(subscriptions_per_ue), "64", 1, 65535,
        .help = "Subscriptions of one UE Service ID." },
    END };
static const struct config_key limit_keys[] = { { "sessions", CONFIG_INT, AT(max_sessions), "0", 0, 10000000,
                                                    .help = "Sessions and OSCORE contexts at most; 0: no limit." },
    { "session_idle", CONFIG_DURATION, AT(session_idle_ms), "0s", 0, 365 * DAY,
        .help = "Sessions without traffic for this long are closed; 0s: never." },
    { "registrations", CONFIG_INT, AT(max_registrations), "1000000", 1, 10000000, .help = "UE Service IDs at most." },
    { "registrations_per_session", CONFIG_INT, AT(registrations_per_session), "16", 1, 100000,
        .help = "UE Service IDs one session may register." },
    { "registrations_per_gateway", CONFIG_INT, AT(registrations_per_gateway), "1000", 1, 100000,
        .help = "The same for the session of a gateway (bindings with gateway_ues)." },
    { "half_open", CONFIG_DURATION, AT(half_open_ms), "5s", SECOND, 60 * SECOND, .help = "Age limit of a handshake." },
    { "half_open_total", CONFIG_INT, AT(half_open_total), "65535", 1, 65535,
        .help = "Handshakes under way at most, and likewise OSCORE contexts in wait." },
    { "half_open_per_source", CONFIG_INT, AT(half_open_per_source), "16", 1, 65535,
        .help = "Handshakes under way from one address." },
    { "oscore_half_open", CONFIG_DURATION, AT(oscore_half_open_ms), "30s", SECOND, HOUR,
        .help = "How long an OSCORE context waits for the first request that verifies." },
    { "pending_peers", CONFIG_INT, AT(pending_peers), "10000", 1, 65535,
        .help = "Handshakes, and likewise POST /akma, that wait for the AAnF at most." },
    { "pending_octets", CONFIG_INT, AT(pending_octets), "16777216", 65536, 1073741824,
        .help = "Octets of datagrams held for them." },
    { "key_requests_per_source", CONFIG_INT, AT(key_requests_per_source), "200", 0, 1000000,
        .help = "Requests to the AAnF a second that one source address may cause; 0: no limit." },
    { "key_requests_burst", CONFIG_INT, AT(key_requests_burst), "400", 1, 1000000, .help = "The same, at once." },
    { "requests_per_session", CONFIG_INT, AT(requests_per_session), "0", 0, 1000000,
        .help = "Requests a second that one UE may send on average; more gets 4.29. 0: no limit." },
    { "requests_in_all", CONFIG_INT, AT(requests_in_all), "0", 0, 100000000,
        .help = "Requests a second of all UEs together; more gets 5.03, before it is read. 0: no limit." },
    { "in_flight_per_session", CONFIG_INT, AT(in_flight_per_session), "64", 1, TRANSPORT_EXCHANGES_MAX,
        .help = "Messages on their way to one UE." },
    { "deferred_answers", CONFIG_INT, AT(deferred_answers), "100000", 1, 10000000,
        .help = "Messages with sfFlag whose sender waits until the recipient has them; more get 5.03." },
    { "queue_messages", CONFIG_INT, AT(queue_messages), "1000", 1, 1000000,
        .help = "Messages that wait for one recipient, stored or in memory (EC-16)." },
    { "queue_octets", CONFIG_INT, AT(queue_octets), "1048576", 16384, 1073741824, .help = "Their octets." },
    { "queue_memory", CONFIG_INT, AT(queue_memory), "268435456", 1048576, 68719476736,
        .help = "Octets of all messages that wait in memory." },
    { "duplicates", CONFIG_INT, AT(duplicates), "65536", 16, 16777216,
        .help = "Message ids remembered for 10 minutes (EC-11)." },
    { "reports", CONFIG_INT, AT(reports), "262144", 16, 16777216,
        .help = "Messages whose delivery report is awaited, for 24 hours (EC-32)." },
    END };
static const struct config_key segment_keys[] = { { "memory", CONFIG_INT, AT(segment_octets), "67108864", 1048576,
                                                      INT64_C(1) << 40,
                                                      .help = "Octets of messages that are put together from segments, "
                                                              "or kept for who misses some." },
    { "memory_per_sender", CONFIG_INT, AT(segment_octets_per_sender), "4194304", 524288, INT64_C(1) << 40,
        .help = "The same of one sender." },
    { "open_per_sender", CONFIG_INT, AT(segment_sets_per_sender), "64", 1, 65535,
        .help = "Messages of one sender that are put together at a time (EC-34)." },
    { "sets", CONFIG_INT, AT(segment_sets), "65536", 16, 16777216,
        .help = "Sets of segments remembered; the oldest ones are forgotten first." },
    { "wait", CONFIG_DURATION, AT(segment_wait_ms), "5s", 100, 600 * SECOND,
        .help = "Silence before missing segments are asked for." },
    { "attempts", CONFIG_INT, AT(segment_attempts), "3", 0, 100, .help = "How often they are asked for." },
    { "keep", CONFIG_DURATION, AT(segment_keep_ms), "120s", SECOND, DAY,
        .help = "How long a set is remembered when nothing is heard of it." },
    END };
static const struct config_key store_keys[] = { { "folder", CONFIG_FILE, AT(store_folder),
                                                    "/var/lib/msgin5g-server/store",
                                                    .help = "Where messages and registrations are kept, for this "
                                                            "process alone; made when it is not there." },
    { "encryption", CONFIG_BOOL, AT(store_encryption), "false",
        .help = "Seal messages and values of records (XChaCha20-Poly1305). Decided when the folder is first used." },
    { "key_file", CONFIG_FILE, AT(store_key_file), "",
        .help = "64 hexadecimal digits, readable by the owner alone. Empty: the credential msgin5g-store-key that "
                "systemd passes on." },
    { "quota", CONFIG_INT, AT(store_quota_octets), "4294967296", 1048576, INT64_C(1) << 50,
        .help = "Octets of messages stored at most; beyond it senders hear QUEUE_FULL (EC-16)." },
    { "expiry", CONFIG_DURATION, AT(store_expiry_ms), "1d", SECOND, 365 * DAY,
        .help = "How long a message is kept when its sender says nothing (EC-16)." },
    { "max_expiry", CONFIG_DURATION, AT(store_max_expiry_ms), "7d", SECOND, 365 * DAY,
        .help = "Longer wishes are cut to this." },
    END };
static const struct config_key management_keys[] = { { "host", CONFIG_STRING, AT(management_host), "127.0.0.1", 1, 45,
                                                         .help = "Numeric address." },
    { "port", CONFIG_INT, AT(management_port), "9443", 0, 65535, .help = "TCP port; 0: any free one." },
    { "certificate", CONFIG_FILE, AT(management_certificate), "", .help = "PEM chain; empty: in clear." },
    { "key", CONFIG_FILE, AT(management_key), "", .help = "Its private key (PEM)." },
    { "token_file", CONFIG_FILE, AT(management_token_file), "",
        .help = "Token that opens everything but /healthz, /readyz and /metrics; made when the file is not there. "
                "Empty: on a loopback address a token for this run is written to stderr, else nothing is opened." },
    END };
static const struct config_key audit_keys[] = { { "enabled", CONFIG_BOOL, AT(audit_enabled), "true",
                                                    .help = "Write a line for each request that is refused." },
    { "file", CONFIG_FILE, AT(audit_file), "",
        .help = "JSON, one object a line, opened anew at SIGHUP; empty: the log, as event refused." },
    { "lines_per_second", CONFIG_INT, AT(audit_lines_per_second), "10", 0, 1000000,
        .help = "Lines of one cause; the rest is counted." },
    END };
static const struct config_key log_keys[] = { { "level", CONFIG_ENUM, AT(log_level), "info", .choices = log_levels,
                                                  .help = "Least severe level written." },
    { "format", CONFIG_ENUM, AT(log_format), "text", .choices = log_formats, .help = "One line an event." }, END };
static const struct config_key debug_keys[] = {
    { "key_log", CONFIG_BOOL, AT(debug_key_log), "false",
        .help = "Write the secrets of all sessions to a file, so that they can be decrypted. Labs only." },
    { "key_log_file", CONFIG_FILE, AT(debug_key_log_file), "", .help = "Empty: what SSLKEYLOGFILE says." },
    { "core_dumps", CONFIG_BOOL, AT(debug_core_dumps), "false", .help = "Allow core files and debuggers." }, END
};

static const struct config_key ue_configuration_keys[] = {
    { "server_address", CONFIG_STRING, AT(ue_configuration_address), "", 0, 255,
        .help = "MSGin5G-Server-address; empty: coaps://, the first of auth.fqdns and the port of listen.coaps." },
    { "segment_size", CONFIG_INT, AT(ue_configuration_segment_size), "0", 0, 2048,
        .help = "Segment-size, octets of payload in one segment, 64 to 2048; 0: not told." },
    { "assign_template", CONFIG_STRING, AT(ue_configuration_template), "", 0, MSGIN5G_SERVICE_ID_MAX,
        .help = "UE Service ID for a UE that has none: im:ue-{random}@iot.example; kept in the store. Empty: none." },
    END
};

const struct config_key server_config_schema[] = {
    { "listen", CONFIG_SECTION, .keys = listen_keys, .help = "Where UEs reach the server." },
    { "auth", CONFIG_SECTION, .keys = auth_keys, .help = "Who is let in." },
    { "tls", CONFIG_SECTION, .keys = tls_keys, .help = "Cipher suites beyond the fixed list." },
    { "aanf", CONFIG_SECTION, .keys = aanf_keys, .help = "Where K_AF comes from." },
    { "registration", CONFIG_SECTION, .keys = registration_keys, .help = "Lifetimes of registrations." },
    { "bindings", CONFIG_ITEMS, AT(bindings), .keys = binding_keys, .item_size = sizeof(struct binding_config),
        .help = "Which UE Service IDs belong to whom (TS 33.501 Y.2). Read again at SIGHUP." },
    { "binding_template", CONFIG_STRING, AT(binding_template), "", 0, MSGIN5G_SERVICE_ID_MAX,
        .help = "For labs: UE Service ID of every IMSI, {digits} stands for its digits: im:ue-{digits}@lab.example." },
    { "groups", CONFIG_ITEMS, AT(groups), .keys = group_keys, .item_size = sizeof(struct group_config),
        .help = "Groups of UEs that share a Group Service ID. Read again at SIGHUP." },
    { "topics", CONFIG_SECTION, .keys = topic_keys, .help = "Subscriptions to topics (TS 24.538 6.6)." },
    { "ue_configuration", CONFIG_SECTION, .keys = ue_configuration_keys,
        .help = "What UEs are told that ask for their configuration (TS 24.538 6.2)." },
    { "api", CONFIG_SECTION, .keys = config_api_keys,
        .help = "Services for application servers (MSGin5G-3, TS 29.538): TLS with certificates on both sides." },
    { "application_servers", CONFIG_ITEMS, AT(application_servers), .keys = config_application_server_keys,
        .item_size = sizeof(struct application_server_config),
        .help = "Who they are; nobody else may use the API (TS 33.501 Y.4)." },
    { "gateways", CONFIG_ITEMS, AT(gateways), .keys = config_gateway_keys, .item_size = sizeof(struct gateway_config),
        .help = "Message gateways: legacy 3GPP (MSGin5G-2), non-3GPP (MSGin5G-4), broadcast (MSGin5G-7)." },
    { "peers", CONFIG_ITEMS, AT(peers), .keys = config_peer_keys, .item_size = sizeof(struct peer_config),
        .help = "MSGin5G Servers of other domains (MSGin5G-8)." },
    { "segments", CONFIG_SECTION, .keys = segment_keys, .help = "Messages in segments (TS 24.538 6.5, EC-34)." },
    { "limits", CONFIG_SECTION, .keys = limit_keys, .help = "Bounds on what UEs may use." },
    { "store", CONFIG_SECTION, .keys = store_keys, .help = "What survives the end of this process." },
    { "audit", CONFIG_SECTION, .keys = audit_keys, .help = "Who was refused what, and why." },
    { "management", CONFIG_SECTION, .keys = management_keys,
        .help = "/healthz, /readyz, /metrics, and registrations behind a token." },
    { "log", CONFIG_SECTION, .keys = log_keys, .help = "The log goes to standard error." },
    { "debug", CONFIG_SECTION, .keys = debug_keys, .help = "Switches that weaken security." },
    END,
};

static void check_service_ids(
    const struct config_strings *ids, size_t binding, const char *key, struct config_report *report)
{
    for (size_t i = 0; i < ids->count; i++) {
        struct msgin5g_service_id id;
        char path[80];
        snprintf(path, sizeof path, "bindings[%zu].%s[%zu]", binding, key, i);
        if (msgin5g_service_id_parse(msgin5g_str(ids->values[i]), &id) != MSGIN5G_OK)
            config_report_add(report, path, "not a UE Service ID: write a URI such as im:meter-1@iot.example");
    }
}

static void check_bindings(const struct server_config *config, struct config_report *report)
{
    const struct binding_config *bindings = config->bindings.values;
    for (size_t i = 0; i < config->bindings.count; i++) {
        check_service_ids(&bindings[i].service_ids, i, "service_ids", report);
        check_service_ids(&bindings[i].gateway_ues, i, "gateway_ues", report);
    }
    if (!identity_template_valid(config->binding_template))
        config_report_add(
            report, "binding_template", "must be a URI with {digits} in it once, such as im:ue-{digits}@lab.example");
}

static void check_store(const struct server_config *config, struct config_report *report)
{
    struct secret_seal_key key;
    char path[PATH_MAX];
    const char *problem = NULL;
    if (*config->store_folder == '\0')
        config_report_add(report, "store.folder", "must not be empty");
    if (!config->store_encryption)
        return;
    if (!server_config_store_key(config, path, sizeof path))
        config_report_add(report, "store.key_file", "is needed with encryption; make one with: openssl rand -hex 32");
    else if (secret_seal_key_read(path, &key, &problem) != MSGIN5G_OK)
        config_report_add(report, "store.key_file", "%s", problem);
    else
        secret_wipe(&key, sizeof key);
}

static void check_fqdns(const struct server_config *config, struct config_report *report)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-";
    for (size_t i = 0; i < config->fqdns.count; i++) {
        const char *fqdn = config->fqdns.values[i];
        char path[48];
        snprintf(path, sizeof path, "auth.fqdns[%zu]", i);
        size_t length = strlen(fqdn);
        if (length == 0 || length > 253 || strspn(fqdn, allowed) != length || fqdn[length - 1] == '.')
            config_report_add(report, path, "not a domain name (letters, digits, '-' and '.', no dot at the end)");
    }
}

static void check_aanf(const struct server_config *config, struct config_report *report)
{
    bool https = strncmp(config->aanf_url, "https://", 8) == 0;
    if (!https && strncmp(config->aanf_url, "http://", 7) != 0)
        config_report_add(report, "aanf.url", "must begin with https:// (or http:// in a lab)");
    for (size_t i = 0; i < config->aanf_redirect_urls.count; i++)
        if (https && strncmp(config->aanf_redirect_urls.values[i], "https://", 8) != 0)
            config_report_add(report, "aanf.redirect_urls", "must begin with https://, as aanf.url does");
    if (https && *config->aanf_ca == '\0')
        config_report_add(report, "aanf.ca", "is needed with https: without it no AAnF is trusted");
    if (*config->aanf_token_url != '\0' && strncmp(config->aanf_token_url, "https://", 8) != 0)
        config_report_add(report, "aanf.token_url", "must begin with https://: a token in clear is anybody's");
    if (*config->aanf_token_url != '\0' && *config->aanf_ca == '\0')
        config_report_add(report, "aanf.ca", "is needed with token_url");
    if (*config->aanf_token_url != '\0' && !https)
        config_report_add(report, "aanf.url", "must begin with https:// when token_url is set");
    if (*config->aanf_token_url != '\0' && !msgin5g_uuid_valid(msgin5g_str(config->aanf_nf_instance_id)))
        config_report_add(report, "aanf.nf_instance_id", "must be a UUID when token_url is set");
    if ((*config->aanf_certificate == '\0') != (*config->aanf_key == '\0'))
        config_report_add(report, "aanf.key", "certificate and key belong together: set both or none");
}

static void check_callbacks(const struct server_config *config, struct config_report *report)
{
    const char *uri = config->aanf_notif_uri;
    bool https = strncmp(uri, "https://", 8) == 0;
    const char *authority = https ? uri + 8 : uri + 7;
    if (*uri == '\0')
        return;
    if ((!https && strncmp(uri, "http://", 7) != 0) || *authority == '\0' || strpbrk(authority, "/@?#") != NULL)
        config_report_add(report, "aanf.notif_uri", "must look like https://server.example:8447");
    else if (https && (*config->aanf_certificate == '\0' || *config->aanf_ca == '\0'))
        config_report_add(report, "aanf.notif_uri", "with https needs aanf.certificate, key and ca");
    else if (https && config->aanf_callback_clients.count == 0)
        config_report_add(report, "aanf.callbacks.clients", "must name the certificate of the AAnF");
    else if (!https && strncmp(config->aanf_callback_host, "127.", 4) != 0)
        config_report_add(report, "aanf.notif_uri", "http is allowed only while aanf.callbacks.host is on loopback");
}

bool server_config_store_key(const struct server_config *config, char *out, size_t size)
{
    const char *credentials = getenv("CREDENTIALS_DIRECTORY");
    int length = -1;
    if (*config->store_key_file != '\0')
        length = snprintf(out, size, "%s", config->store_key_file);
    else if (credentials != NULL)
        length = snprintf(out, size, "%s/msgin5g-store-key", credentials);
    return length > 0 && (size_t)length < size;
}

void server_config_check(const void *object, struct config_report *report)
{
    const struct server_config *config = object;
    if (config->policy != AUTH_AKMA_ONLY)
        config_report_add(
            report, "auth.policy", "%s is not available in this version; use akma-only", policies[config->policy]);
    if (config->registration_min_ms > config->registration_max_ms)
        config_report_add(report, "registration.min_lifetime", "is longer than max_lifetime");
    if (config->registration_default_ms < config->registration_min_ms ||
        config->registration_default_ms > config->registration_max_ms)
        config_report_add(report, "registration.default_lifetime", "must lie between min_lifetime and max_lifetime");
    if ((*config->management_certificate == '\0') != (*config->management_key == '\0'))
        config_report_add(report, "management.key", "certificate and key belong together: set both or none");
    if (strchr(config->service_path, '/') != NULL)
        config_report_add(report, "listen.path", "must be one path segment, without '/'");
    check_store(config, report);
    config_api_check(config, report);
    if (!assignments_template_valid(config->ue_configuration_template))
        config_report_add(report, "ue_configuration.assign_template",
            "must be a URI with {random} in it once, such as im:ue-{random}@iot.example");
    if (config->ue_configuration_segment_size != 0 && config->ue_configuration_segment_size < 64)
        config_report_add(report, "ue_configuration.segment_size", "must be 0, or 64 to 2048");
    check_aanf(config, report);
    check_callbacks(config, report);
    check_fqdns(config, report);
    check_bindings(config, report);
    groups_local_check(config, report);
    if (config->topic_default_ms > config->topic_max_ms)
        config_report_add(report, "topics.default_lifetime", "is longer than max_lifetime");
}
