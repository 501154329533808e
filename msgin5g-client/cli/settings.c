#include "settings.h"

#include "base/config.h"
#include "msgin5g/ids.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const versions[] = { "auto", "1.2", "1.3", NULL };

static const struct config_key ausf_keys[] = {
    { .name = "url",
        .type = CONFIG_STRING,
        .offset = offsetof(struct settings, ausf_url),
        .default_text = "",
        .help = "AUSF for primary authentication with a USIM file: https://host:port." },
    { .name = "ca",
        .type = CONFIG_FILE,
        .offset = offsetof(struct settings, ausf_ca),
        .default_text = "",
        .help = "PEM file with the authority of the AUSF's certificate." },
    { .name = "certificate",
        .type = CONFIG_FILE,
        .offset = offsetof(struct settings, ausf_certificate),
        .default_text = "",
        .help = "PEM file with the own certificate chain for the AUSF." },
    { .name = "key",
        .type = CONFIG_FILE,
        .offset = offsetof(struct settings, ausf_key),
        .default_text = "",
        .help = "PEM file with the key of that certificate." },
    { 0 },
};

static const struct config_key tls_keys[] = {
    { .name = "version",
        .type = CONFIG_ENUM,
        .offset = offsetof(struct settings, version),
        .default_text = "auto",
        .choices = versions,
        .help = "(D)TLS version to offer; auto tries 1.3, then 1.2." },
    { .name = "coap_ccm8",
        .type = CONFIG_BOOL,
        .offset = offsetof(struct settings, ccm8),
        .default_text = "false",
        .help = "Offer TLS_PSK_WITH_AES_128_CCM_8 too (RFC 7925)." },
    { 0 },
};

static const struct config_key schema[] = {
    { .name = "server",
        .type = CONFIG_STRING,
        .offset = offsetof(struct settings, server),
        .default_text = "",
        .help = "MSGin5G Server: coaps://host:port (DTLS), coaps+tcp://host:port (TLS) or, with oscore, "
                "coap://host:port." },
    { .name = "oscore",
        .type = CONFIG_BOOL,
        .offset = offsetof(struct settings, oscore),
        .default_text = "false",
        .help = "OSCORE with a key made of K_AF (TS 33.535 Annex D), for a server at coap://." },
    { .name = "server_name",
        .type = CONFIG_STRING,
        .offset = offsetof(struct settings, server_name),
        .default_text = "",
        .help = "FQDN of the server as AKMA application function; the host of server when empty." },
    { .name = "service_id",
        .type = CONFIG_STRING,
        .offset = offsetof(struct settings, service_id),
        .default_text = "",
        .max = MSGIN5G_SERVICE_ID_MAX,
        .help = "UE Service ID, a URI." },
    { .name = "usim",
        .type = CONFIG_FILE,
        .offset = offsetof(struct settings, usim),
        .default_text = "",
        .help = "USIM file (YAML: supi, k, opc or op, sqn, rid)." },
    { .name = "sn_name",
        .type = CONFIG_STRING,
        .offset = offsetof(struct settings, sn_name),
        .default_text = "5G:mnc001.mcc001.3gppnetwork.org",
        .help = "Serving network name (TS 33.501 6.1.1.4)." },
    { .name = "lifetime",
        .type = CONFIG_INT,
        .offset = offsetof(struct settings, lifetime_s),
        .default_text = "0",
        .max = 604800,
        .help = "Registration lifetime to ask for, in seconds; 0: as the server likes." },
    { .name = "keep_alive",
        .type = CONFIG_INT,
        .offset = offsetof(struct settings, keep_alive_s),
        .default_text = "300",
        .min = 1,
        .max = 604800,
        .help = "The registration is refreshed at least this often, in seconds." },
    { .name = "ausf", .type = CONFIG_SECTION, .keys = ausf_keys, .help = "Primary authentication." },
    { .name = "tls", .type = CONFIG_SECTION, .keys = tls_keys, .help = "Protection of MSGin5G-1." },
    { 0 },
};

bool settings_load(const char *path, struct settings *out)
{
    struct config_report report = { 0 };
    enum msgin5g_err err = path != NULL ? config_load(schema, path, out, &report) : config_defaults(schema, out);

    if (err != MSGIN5G_OK)
        fprintf(stderr, "%.*s", (int)report.text.length, (const char *)report.text.data);
    if (path != NULL)
        config_report_free(&report);
    return err == MSGIN5G_OK;
}

void settings_print(void)
{
    config_print(schema, stdout);
}

void settings_free(struct settings *settings)
{
    config_free(schema, settings);
}

bool settings_version(const char *text, int *out)
{
    for (int i = 0; versions[i] != NULL; i++) {
        if (strcmp(text, versions[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

void settings_replace(char **setting, const char *value)
{
    free(*setting);
    if ((*setting = strdup(value)) == NULL)
        abort();
}
