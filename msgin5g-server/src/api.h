/*
 * The services of the MSGin5G Server over HTTP (TS 29.538 5): one listener, TLS with certificates on both sides, routes
 * of the services. Every caller is somebody of the configuration or nobody (TS 33.501 Y.4, Y.5).
 */
#ifndef API_H
#define API_H

#include "delivery.h"
#include "neighbours.h"
#include "router.h"

struct api;

/**
 * Listen when api.certificate is set; else @p out is NULL. Everything is borrowed.
 *
 * @return MSGIN5G_OK; ERR_IO (cannot bind), ERR_CONFIG (certificates), ERR_NO_MEMORY; what went wrong is in the log.
 */
enum msgin5g_err api_create(struct loop *loop, const struct server_config *config, struct neighbours *neighbours,
    const struct router *router, struct delivery *delivery, struct metrics *metrics, struct api **out);
/** Take no more requests; those in hand are answered. NULL is allowed, here and below. */
void api_drain(struct api *api);
/** Connections still open. */
size_t api_connections(const struct api *api);
/** As tls_context_reload(). */
enum msgin5g_err api_reload_certificate(struct api *api, char *problem, size_t problem_size);
/** Answers that are still owed go nowhere. */
void api_free(struct api *api);
/** 0 when it is off. */
uint16_t api_port(const struct api *api);

#endif
