#include "config_api.h"

#include "config.h"
#include "target_uri.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define AT(member)    offsetof(struct server_config, api.member)
#define AS_AT(member) offsetof(struct application_server_config, member)
#define SECOND        INT64_C(1000)
#define DAY           (24 * INT64_C(3600) * SECOND)
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

static void check_target(struct config_report *report, const char *path, const char *text)
{
    struct target_uri uri;
    if (target_uri_parse(msgin5g_str(text), &uri) != MSGIN5G_OK)
        config_report_add(report, path, "must look like https://as.example:8443/msgin5g, without query");
}

static void check_application_server(
    const struct application_server_config *row, size_t index, struct config_report *report)
{
    struct msgin5g_service_id id;
    char path[80];
    snprintf(path, sizeof path, "application_servers[%zu].id", index);
    if (msgin5g_service_id_parse(msgin5g_str(row->id), &id) != MSGIN5G_OK)
        config_report_add(report, path, "not an AS Service ID: write a URI such as im:scada@iot.example");
    snprintf(path, sizeof path, "application_servers[%zu].target", index);
    if (*row->target != '\0')
        check_target(report, path, row->target);
    for (size_t i = 0; i < row->allowed_targets.count; i++) {
        snprintf(path, sizeof path, "application_servers[%zu].allowed_targets[%zu]", index, i);
        check_target(report, path, row->allowed_targets.values[i]);
    }
}

void config_api_check(const struct server_config *config, struct config_report *report)
{
    const struct application_server_config *rows = config->application_servers.values;
    struct msgin5g_service_id id;
    if ((*config->api.certificate == '\0') != (*config->api.key == '\0'))
        config_report_add(report, "api.key", "certificate and key belong together: set both or none");
    if (*config->api.certificate != '\0' && *config->api.ca == '\0')
        config_report_add(report, "api.ca", "is needed with api.certificate: without it nobody is trusted");
    if (*config->api.certificate == '\0' && config->application_servers.count > 0)
        config_report_add(report, "api.certificate", "is needed for application_servers");
    if (*config->api.server_id != '\0' &&
        msgin5g_service_id_parse(msgin5g_str(config->api.server_id), &id) != MSGIN5G_OK)
        config_report_add(report, "api.server_id", "not a Service ID: write a URI such as im:server@iot.example");
    for (size_t i = 0; i < config->application_servers.count; i++)
        check_application_server(&rows[i], i, report);
}
