/* Configuration of the HTTP side: the API's listener and who may use it (TS 29.538, TS 33.501 Y.4). */
#ifndef SERVER_CONFIG_API_H
#define SERVER_CONFIG_API_H

#include "base/config.h"

/** One entry of `application_servers`. */
struct application_server_config {
    char *id;                              /* AS Service ID */
    struct config_strings certificates;    /* names in its client certificate */
    char *target;                          /* where messages are pushed as long as it has not registered; "": nowhere */
    struct config_strings allowed_targets; /* what else a targetUri may begin with */
};

enum gateway_kind { GATEWAY_L3G, GATEWAY_N3G, GATEWAY_BMG };

/** One entry of `gateways`. */
struct gateway_config {
    char *id; /* MGW Service ID */
    int kind; /* enum gateway_kind */
    struct config_strings certificates;
    char *url;
    struct config_strings ues;         /* behind it for good */
    struct config_strings allowed_ues; /* it may register these; "*": any */
    struct config_strings areas;       /* BMG: what it serves; "*": any */
    struct config_strings senders;     /* BMG: UEs that may broadcast; "*": any */
};

/** One entry of `peers`. */
struct peer_config {
    char *id;
    struct config_strings domains;
    struct config_strings certificates;
    char *url;
};

struct api_config {
    char *host;
    int64_t port;
    char *certificate; /* "": the API is off */
    char *key;
    char *ca;
    char *server_id;
    int64_t connections;
    int64_t push_deadline_ms;
    int64_t push_connections;
    int64_t as_registration_max_ms;
};

struct server_config;

/** Rows end with name NULL. */
extern const struct config_key config_api_keys[];
extern const struct config_key config_application_server_keys[];
extern const struct config_key config_gateway_keys[];
extern const struct config_key config_peer_keys[];
/** What the tables cannot say. */
void config_api_check(const struct server_config *config, struct config_report *report);

#endif
