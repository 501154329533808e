/*
 * Application servers: who they are (configuration), and where messages for them go now (TS 23.554 8.2.5, 8.2.6;
 * TS 29.538 5.2). One that has not registered is pushed to its configured target, if there is one.
 */
#ifndef APPLICATION_SERVERS_H
#define APPLICATION_SERVERS_H

#include "msg/api.h"
#include "party.h"

struct application_servers;
struct application_server;

#define AS_REGISTRATION_ID_LEN 32 /* hexadecimal digits */

/** Everything is borrowed. @return MSGIN5G_OK, ERR_CONFIG (what is wrong is in the log) or ERR_NO_MEMORY. */
enum msgin5g_err application_servers_create(struct origins *origins, const struct way_http_config *way_config,
    const struct server_config *config, struct application_servers **out);
/** End what is being pushed (delivery hears of it and must still be there); nothing can be pushed any more. */
void application_servers_close(struct application_servers *all);
/** After application_servers_close(), unless nothing was ever pushed. NULL is allowed. */
void application_servers_free(struct application_servers *all);

/** @return NULL when there is no application server with this Service ID. */
struct application_server *application_servers_find(
    const struct application_servers *all, const struct msgin5g_service_id *id);
struct party *application_server_party(struct application_server *as);

/** What became of a registration. */
struct as_registration_result {
    char id[AS_REGISTRATION_ID_LEN + 1];
    int64_t expiry_s; /* seconds since 1970-01-01 UTC; 0: it does not expire */
};
/**
 * Register, or register anew: the old registration's id is no longer good then (EC-41).
 *
 * @return MSGIN5G_OK; ERR_NOT_AUTHORIZED: a targetUri that the configuration does not allow; ERR_EXPIRED: reqExprTime
 *         is past; ERR_NO_MEMORY.
 */
enum msgin5g_err application_server_register(
    struct application_server *as, const struct api_as_registration *registration, struct as_registration_result *out);
/** @return the application server registered under @p registration_id, or NULL. */
struct application_server *application_servers_registered(
    const struct application_servers *all, struct msgin5g_str registration_id);
void application_server_deregister(struct application_server *as);

#endif
