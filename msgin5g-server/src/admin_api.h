/* Management port: /healthz, /readyz and /metrics (decision D10); behind a bearer token, what is live and actions. */
#ifndef ADMIN_API_H
#define ADMIN_API_H

#include "config.h"
#include "shard.h"

struct admin_api;

/** @p config, @p registry and @p shard are borrowed. @return MSGIN5G_OK, ERR_IO, ERR_CONFIG (certificate, token) or
 * ERR_NO_MEMORY. */
enum msgin5g_err admin_api_create(struct loop *loop, const struct server_config *config, struct metrics *registry,
    struct shard *shard, struct admin_api **out);
/** Take no more requests; those in hand are answered. */
void admin_api_drain(struct admin_api *api);
/** Connections still open. */
size_t admin_api_connections(const struct admin_api *api);
/** Read the certificate again. @return MSGIN5G_OK, ERR_CONFIG or ERR_NO_MEMORY (the old one stays); as
 * tls_context_reload(). */
enum msgin5g_err admin_api_reload_certificate(struct admin_api *api, char *problem, size_t problem_size);
/** NULL is allowed. */
void admin_api_free(struct admin_api *api);
/** Port really bound. */
uint16_t admin_api_port(const struct admin_api *api);

#endif
