/* The server's configuration: one YAML file, one table (decision D9). */
#ifndef SERVER_CONFIG_H
#define SERVER_CONFIG_H

#include "config_api.h"

#include "base/config.h"

enum auth_policy { AUTH_AKMA_ONLY, AUTH_SEAL_PSK_ALLOWED, AUTH_SEAL_PSK_PREFERRED };

/** One entry of `bindings`: whose UE Service IDs these are (TS 33.501 Y.2, EC-48). */
struct binding_config {
    char *identity; /* SUPI or GPSI as the AAnF gives it */
    struct config_strings service_ids;
    struct config_strings gateway_ues; /* UEs without SIM behind it (MSGin5G-6); none: it is no gateway */
};

/** One entry of `groups` (TS 23.554 6.2). */
struct group_config {
    char *id; /* Group Service ID */
    struct config_strings members;
    int senders; /* enum group_senders */
    struct config_strings allowed;
};

struct server_config {
    char *coaps_host;
    int64_t coaps_port;
    bool coaps_tcp_enabled;
    char *coaps_tcp_host;
    int64_t coaps_tcp_port;
    bool oscore_enabled;
    char *oscore_host;
    int64_t oscore_port;
    char *service_path;
    struct config_strings fqdns;
    bool coap_ccm8;
    int policy; /* enum auth_policy */
    bool hide_identities;
    bool allow_anonymous;
    int64_t key_expiry_grace_ms;
    char *aanf_url;
    struct config_strings aanf_redirect_urls;
    char *aanf_certificate;
    char *aanf_key;
    char *aanf_ca;
    char *aanf_token_url;
    char *aanf_nf_instance_id;
    char *aanf_token_scope;
    char *aanf_notif_uri;
    char *aanf_callback_host;
    int64_t aanf_callback_port;
    struct config_strings aanf_callback_clients;
    int64_t aanf_deadline_ms;
    int64_t aanf_cached_keys;
    int64_t registration_default_ms;
    int64_t registration_min_ms;
    int64_t registration_max_ms;
    struct config_items bindings; /* struct binding_config */
    char *binding_template;
    char *ue_configuration_address;
    int64_t ue_configuration_segment_size;
    char *ue_configuration_template;
    struct api_config api;
    struct config_items application_servers; /* struct application_server_config */
    struct config_items gateways;            /* struct gateway_config */
    struct config_items peers;               /* struct peer_config */
    struct config_items groups;              /* struct group_config */
    int64_t topic_default_ms;
    int64_t topic_max_ms;
    int64_t topic_empty_ms;
    int64_t max_topics;
    int64_t max_subscriptions;
    int64_t subscriptions_per_ue;
    int64_t max_sessions;
    int64_t session_idle_ms;
    int64_t max_registrations;
    int64_t registrations_per_session;
    int64_t registrations_per_gateway;
    int64_t half_open_ms;
    int64_t half_open_total;
    int64_t half_open_per_source;
    int64_t oscore_half_open_ms;
    int64_t pending_peers;
    int64_t pending_octets;
    int64_t key_requests_per_source;
    int64_t key_requests_burst;
    int64_t requests_per_session;
    int64_t requests_in_all;
    int64_t in_flight_per_session;
    int64_t deferred_answers;
    int64_t queue_messages;
    int64_t queue_octets;
    int64_t queue_memory;
    int64_t store_expiry_ms;
    int64_t store_max_expiry_ms;
    int64_t segment_octets;
    int64_t segment_octets_per_sender;
    int64_t segment_sets_per_sender;
    int64_t segment_sets;
    int64_t segment_wait_ms;
    int64_t segment_attempts;
    int64_t segment_keep_ms;
    int64_t duplicates;
    int64_t reports;
    char *store_folder;
    bool store_encryption;
    char *store_key_file;
    int64_t store_quota_octets;
    bool audit_enabled;
    char *audit_file;
    int64_t audit_lines_per_second;
    char *management_host;
    int64_t management_port;
    char *management_certificate;
    char *management_key;
    char *management_token_file;
    int log_level;
    int log_format;
    bool debug_key_log;
    char *debug_key_log_file;
    bool debug_core_dumps;
};

/** Rows end with name NULL. */
extern const struct config_key server_config_schema[];
/** What the table cannot say; see daemon_program.check. */
void server_config_check(const void *config, struct config_report *report);
/** Path of the key that seals the store: store.key_file, or systemd's credential. @return false when there is neither,
 * or no room for it. */
bool server_config_store_key(const struct server_config *config, char *out, size_t size);

#endif
