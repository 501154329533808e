/*
 * HTTP clients by origin ("https://host:port"), shared by all that lie behind one. Made at the start from the
 * configuration: so the only hosts ever connected to, and the only names ever resolved, are those of the configuration
 * (SSRF, section 10.3 of the MSGin5G digest).
 */
#ifndef ORIGINS_H
#define ORIGINS_H

#include "base/loop.h"
#include "base/metrics.h"
#include "config.h"
#include "http/client.h"
#include "target_uri.h"

struct origins;

/** Everything is borrowed. @return MSGIN5G_OK, ERR_CONFIG (certificates of the api section) or ERR_NO_MEMORY. */
enum msgin5g_err origins_create(
    struct loop *loop, const struct server_config *config, struct metrics *metrics, struct origins **out);
/** Calls still open end with ERR_CLOSED. NULL is allowed. */
void origins_free(struct origins *origins);
/** Make a client for the origin of @p uri unless there is one. @return MSGIN5G_OK, ERR_CONFIG (no such host: it is in
 * the log) or ERR_NO_MEMORY. */
enum msgin5g_err origins_add(struct origins *origins, const char *uri);
/** Read the certificate again, and push over new connections from now on. @return as tls_context_reload(). */
enum msgin5g_err origins_reload_certificate(struct origins *origins, char *problem, size_t problem_size);
/** @return NULL when the origin was never added. */
struct http_client *origins_client(const struct origins *origins, const struct target_uri *uri);

#endif
