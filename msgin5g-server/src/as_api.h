/*
 * MSGin5G-3: services for application servers over HTTP (TS 29.538 5.2 MSGS_ASRegistration, 5.3 MSGS_MSGDelivery).
 * Every caller shows a certificate; it may speak as the application servers whose entry names that certificate.
 */
#ifndef AS_API_H
#define AS_API_H

#include "application_servers.h"
#include "delivery.h"

struct as_api;

/**
 * Listen when api.certificate is set; else @p out is NULL.
 *
 * @return MSGIN5G_OK; ERR_IO (cannot bind), ERR_CONFIG (certificates), ERR_NO_MEMORY; what went wrong is in the log.
 */
enum msgin5g_err as_api_create(struct loop *loop, const struct server_config *config, struct application_servers *all,
    struct delivery *delivery, struct metrics *metrics, struct as_api **out);
/** Take no more requests; those in hand are answered. NULL is allowed, here and below. */
void as_api_drain(struct as_api *api);
/** Connections still open. */
size_t as_api_connections(const struct as_api *api);
/** As tls_context_reload(). */
enum msgin5g_err as_api_reload_certificate(struct as_api *api, char *problem, size_t problem_size);
/** Answers that are still owed go nowhere. */
void as_api_free(struct as_api *api);
/** 0 when it is off. */
uint16_t as_api_port(const struct as_api *api);

#endif
