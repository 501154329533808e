/* One thread's share of the server (decision D4): everything a UE's messages touch. A second shard is a second object.
 */
#ifndef SHARD_H
#define SHARD_H

#include "base/buffer.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "config.h"
#include "store.h"

struct registrations;
struct shard;

/**
 * Build everything and listen.
 *
 * @param config, @p registry and @p store are borrowed.
 * @return MSGIN5G_OK, ERR_IO (cannot bind), ERR_CONFIG (certificates), ERR_INVALID or ERR_NO_MEMORY; what went wrong is
 *         in the log.
 */
enum msgin5g_err shard_create(struct loop *loop, const struct server_config *config, struct metrics *registry,
    struct store *store, struct shard **out);
/** Close every session, then release everything. NULL is allowed. */
void shard_free(struct shard *shard);
/** UDP port of the coaps endpoint. */
uint16_t shard_coaps_port(const struct shard *shard);
/** 0 when listen.coaps_tcp is off. */
uint16_t shard_coaps_tcp_port(const struct shard *shard);
/** 0 when listen.oscore is off. */
uint16_t shard_oscore_port(const struct shard *shard);
/** TCP port of the API for application servers; 0 when it is off. */
uint16_t shard_api_port(const struct shard *shard);
/** Take over the bindings and groups of @p config (borrowed for the call). @return MSGIN5G_OK or ERR_NO_MEMORY (nothing
 * changed).
 */
enum msgin5g_err shard_reload(struct shard *shard, const struct server_config *config);
/** Read the certificates towards the AAnF and application servers again, for new connections. @return as
 * tls_context_reload(). */
enum msgin5g_err shard_reload_certificates(struct shard *shard, char *problem, size_t problem_size);
/** Take no more HTTP requests; those in hand are answered. */
void shard_drain(struct shard *shard);
/** HTTP connections still open. */
size_t shard_http_connections(const struct shard *shard);
/** True when new UEs can be served; else a line for each reason why not is appended to @p reasons. */
bool shard_ready(const struct shard *shard, struct buffer *reasons);
/** Borrowed, for management. */
struct registrations *shard_registrations(const struct shard *shard);
/** Bring gauges up to date. */
void shard_count(struct shard *shard);

#endif
