#include "config_api.h"

#include "config.h"
#include "target_uri.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member)         offsetof(struct server_config, api.member)
#define AS_AT(member)      offsetof(struct application_server_config, member)
#define GATEWAY_AT(member) offsetof(struct gateway_config, member)
#define PEER_AT(member)    offsetof(struct peer_config, member)
#define SECOND             INT64_C(1000)
#define DAY                (24 * INT64_C(3600) * SECOND)
#define END                                                                                                            \
    {                                                                                                                  \
        .name = NULL                                                                                                   \
    }

const struct config_key config_api_keys[] = { { "host", CONFIG_STRING, AT(host), "127.0.0.1", 1, 45,
                                                  .help = "Numeric address; 0.0.0.0: all." },
    { "port", CONFIG_INT, AT(port), "8443", 0, 65535, .help = "TCP port for HTTP/2 and HTTP/1.1 over TLS; 0: any." },
    { "certificate", CONFIG_FILE, AT(certificate), "",
        .help = "Own certificate chain (PEM), also shown to application servers; empty: the API is off." },
    { "key", CONFIG_FILE, AT(key), "", .help = "Its private key (PEM)." },
    { "ca", CONFIG_FILE, AT(ca), "", .help = "Trusted for the other side's certificates, in both directions (PEM)." },
    { "server_id", CONFIG_STRING, AT(server_id), "", 0, 255,
        .help = "Service ID of this server, as it stands in what it reports itself (EC-44); empty: "
                "im:msgin5g-server@ and the first of auth.fqdns." },
    { "connections", CONFIG_INT, AT(connections), "1024", 1, 65535, .help = "Connections to the API at most." },
    { "push_deadline", CONFIG_DURATION, AT(push_deadline_ms), "5s", 50, 60 * SECOND,
        .help = "Longest wait for the answer of an application server." },
    { "push_connections", CONFIG_INT, AT(push_connections), "8", 1, 64,
        .help = "Connections to one application server that speaks HTTP/1.1 only." },
    { "as_registration_max", CONFIG_DURATION, AT(as_registration_max_ms), "7d", SECOND, 365 * DAY,
        .help = "Longest time an application server stays registered; longer wishes are cut to this." },
    END };

const struct config_key config_application_server_keys[] = { { "id", CONFIG_STRING, AS_AT(id), NULL, 1, 255,
                                                                 .help = "AS Service ID, im:scada@iot.example." },
    { "certificates", CONFIG_STRINGS, AS_AT(certificates), NULL, 1, 16,
        .help = "Names (URI, DNS or common name) of its client certificates: who shows one is this AS." },
    { "target", CONFIG_STRING, AS_AT(target), "", 0, 1024,
        .help = "Where messages for it are pushed as long as it has not registered another place; empty: nowhere." },
    { "allowed_targets", CONFIG_STRINGS, AS_AT(allowed_targets), .min = 0, .max = 16,
        .help = "What the targetUri of its registration may begin with, besides target: https://as.example:8443/m." },
    END };

static const char *const gateway_kinds[] = { "l3g", "n3g", "bmg", NULL };

const struct config_key config_gateway_keys[] = { { "id", CONFIG_STRING, GATEWAY_AT(id), NULL, 1, 255,
                                                      .help = "MGW Service ID, im:sms-gateway@iot.example." },
    { "kind", CONFIG_ENUM, GATEWAY_AT(kind), NULL, .choices = gateway_kinds,
        .help = "l3g: legacy 3GPP UEs; n3g: non-3GPP UEs; bmg: broadcast areas." },
    { "certificates", CONFIG_STRINGS, GATEWAY_AT(certificates), NULL, 1, 16,
        .help = "Names of its client certificates: who shows one is this gateway." },
    { "url", CONFIG_STRING, GATEWAY_AT(url), NULL, 8, 1024,
        .help = "Its apiRoot, https://gateway.example:8443; what is below (msgg-l3gdelivery/v1...) is added." },
    { "ues", CONFIG_STRINGS, GATEWAY_AT(ues), .min = 0, .max = 10000,
        .help = "UE Service IDs behind it for good, without registration." },
    { "allowed_ues", CONFIG_STRINGS, GATEWAY_AT(allowed_ues), .min = 0, .max = 10000,
        .help = "UE Service IDs it may register, besides ues; \"*\": any that no other binding knows." },
    { "areas", CONFIG_STRINGS, GATEWAY_AT(areas), .min = 0, .max = 10000,
        .help = "Broadcast Area IDs a bmg serves; \"*\": all." },
    { "senders", CONFIG_STRINGS, GATEWAY_AT(senders), .min = 0, .max = 10000,
        .help = "UE Service IDs that may broadcast through a bmg, besides application servers; \"*\": every UE." },
    END };

const struct config_key config_peer_keys[] = { { "id", CONFIG_STRING, PEER_AT(id), NULL, 1, 255,
                                                   .help = "Service ID of that server, im:server@other.example." },
    { "domains", CONFIG_STRINGS, PEER_AT(domains), NULL, 1, 64,
        .help = "Service domains it is home of: what follows the last @ of a Service ID." },
    { "certificates", CONFIG_STRINGS, PEER_AT(certificates), NULL, 1, 16,
        .help = "Names of its client certificates: who shows one is this server." },
    { "url", CONFIG_STRING, PEER_AT(url), NULL, 8, 1024, .help = "Its apiRoot, https://server.other.example:8443." },
    END };

static void check_id(struct config_report *report, const char *list, size_t index, const char *id)
{
    struct msgin5g_service_id parsed;
    char path[80];
    snprintf(path, sizeof path, "%s[%zu].id", list, index);
    if (msgin5g_service_id_parse(msgin5g_str(id), &parsed) != MSGIN5G_OK)
        config_report_add(report, path, "not a Service ID: write a URI such as im:scada@iot.example");
}

static void check_target(struct config_report *report, const char *path, const char *text)
{
    struct target_uri uri;
    if (target_uri_parse(msgin5g_str(text), &uri) != MSGIN5G_OK)
        config_report_add(report, path, "must look like https://as.example:8443/msgin5g, without query");
}

static void check_application_server(
    const struct application_server_config *row, size_t index, struct config_report *report)
{
    char path[80];
    check_id(report, "application_servers", index, row->id);
    snprintf(path, sizeof path, "application_servers[%zu].target", index);
    if (*row->target != '\0')
        check_target(report, path, row->target);
    for (size_t i = 0; i < row->allowed_targets.count; i++) {
        snprintf(path, sizeof path, "application_servers[%zu].allowed_targets[%zu]", index, i);
        check_target(report, path, row->allowed_targets.values[i]);
    }
}

static void check_gateway(const struct gateway_config *row, size_t index, struct config_report *report)
{
    char path[80];
    check_id(report, "gateways", index, row->id);
    snprintf(path, sizeof path, "gateways[%zu].url", index);
    check_target(report, path, row->url);
    for (size_t i = 0; i < row->ues.count; i++) {
        struct msgin5g_service_id id;
        snprintf(path, sizeof path, "gateways[%zu].ues[%zu]", index, i);
        if (msgin5g_service_id_parse(msgin5g_str(row->ues.values[i]), &id) != MSGIN5G_OK)
            config_report_add(report, path, "not a UE Service ID: write a URI such as im:phone-1@iot.example");
    }
    snprintf(path, sizeof path, "gateways[%zu].areas", index);
    if (row->kind == GATEWAY_BMG && row->areas.count == 0)
        config_report_add(report, path, "a bmg needs the areas it serves, or \"*\"");
}

static void check_peer(const struct peer_config *row, size_t index, struct config_report *report)
{
    char path[80];
    check_id(report, "peers", index, row->id);
    snprintf(path, sizeof path, "peers[%zu].url", index);
    check_target(report, path, row->url);
}

void config_api_check(const struct server_config *config, struct config_report *report)
{
    const struct application_server_config *rows = config->application_servers.values;
    const struct gateway_config *gateways = config->gateways.values;
    const struct peer_config *peers = config->peers.values;
    struct msgin5g_service_id id;
    if ((*config->api.certificate == '\0') != (*config->api.key == '\0'))
        config_report_add(report, "api.key", "certificate and key belong together: set both or none");
    if (*config->api.certificate != '\0' && *config->api.ca == '\0')
        config_report_add(report, "api.ca", "is needed with api.certificate: without it nobody is trusted");
    if (*config->api.certificate == '\0' &&
        config->application_servers.count + config->gateways.count + config->peers.count > 0)
        config_report_add(report, "api.certificate", "is needed for application_servers, gateways and peers");
    if (*config->api.server_id != '\0' &&
        msgin5g_service_id_parse(msgin5g_str(config->api.server_id), &id) != MSGIN5G_OK)
        config_report_add(report, "api.server_id", "not a Service ID: write a URI such as im:server@iot.example");
    for (size_t i = 0; i < config->application_servers.count; i++)
        check_application_server(&rows[i], i, report);
    for (size_t i = 0; i < config->gateways.count; i++)
        check_gateway(&gateways[i], i, report);
    for (size_t i = 0; i < config->peers.count; i++)
        check_peer(&peers[i], i, report);
}
