/* Configuration of akma-aanf: the struct its schema fills (decision D9). */
#ifndef AANF_CONFIG_H
#define AANF_CONFIG_H

#include "base/config.h"

#include <stdbool.h>
#include <stdint.h>

/** What of the subscriber's identity an AF may see. */
enum identity_kind { IDENTITY_SUPI, IDENTITY_GPSI, IDENTITY_ANONYMOUS };

/** One row of the AF policy table (TS 33.535 6.2.1 step 2: local policy). */
struct af_config {
    char *certificate;
    struct config_strings fqdns, ua_ids, notif_uris;
    int identity;
    int64_t k_af_lifetime_ms; /* 0: the general one */
};

/** An NF instance whose certificate does not say its id (urn:uuid:...) itself. */
struct instance_config {
    char *certificate;
    char *nf_instance_id;
    char *nf_type;
};

struct aanf_config {
    char *listen_host;
    int64_t listen_port;
    char *management_host;
    int64_t management_port;
    char *management_token_file, *management_certificate, *management_key;
    char *nf_instance_id;
    char *api_root;
    char *tls_certificate, *tls_key, *tls_ca;
    bool insecure_h2c;
    struct config_items subscribers; /* struct subscriber_config */
    char *subscribers_file;
    struct config_items afs; /* struct af_config */
    struct config_strings anchor_key_consumers, authentication_consumers;
    struct config_strings serving_networks;
    bool oauth_enabled, oauth_required;
    char *oauth_key, *oauth_issuer;
    int oauth_algorithm; /* enum jws_algorithm */
    int64_t oauth_lifetime_ms;
    struct config_items oauth_instances; /* struct instance_config */
    int64_t k_af_lifetime_ms;
    int64_t authentication_lifetime_ms;
    bool notify_replaced;
    char *state_file, *state_key_file; /* "": nothing survives a restart */
    int64_t limit_contexts, limit_provisioned, limit_authentications, limit_af_ids, limit_body_octets,
        limit_connections, limit_streams;
    int64_t limit_per_second, limit_burst;
    bool faults_enabled;
    int64_t faults_latency_ms, faults_status;
    char *faults_location;
    bool faults_drop;
    int faults_reset, faults_key, faults_expiry, faults_body;
    int log_level, log_format;
    bool log_requests;
    bool core_files;
    bool key_log;
};

/** Schema of the daemon's file, for struct aanf_config. */
extern const struct config_key aanf_config_schema[];

/** What the schema cannot say, for struct daemon_program: TLS files complete, AFs and subscribers well-formed. */
void aanf_config_check(const void *config, struct config_report *report);

#endif
