/* Naanf_AKMA_ApplicationKey_Get as a consumer (TS 29.535 4.2.2.3): one reference out, one key or one refusal back. */
#ifndef AKMA_NAANF_CLIENT_H
#define AKMA_NAANF_CLIENT_H

#include "akma/af.h"
#include "akma/naanf.h"

struct naanf_client;

/** @p data only on MSGIN5G_OK, borrowed for the call; the others are ERR_UNKNOWN_A_KID, ERR_AF_NOT_ALLOWED,
 * ERR_TIMEOUT, ERR_AANF and, while the client is released, ERR_CLOSED. */
typedef void naanf_client_fn(void *ctx, enum msgin5g_err err, const struct naanf_key_data *data);

/** Of @p config the URL, TLS context, deadline, pending and metrics are used. */
enum msgin5g_err naanf_client_create(struct loop *loop, const struct akma_af_config *config, struct naanf_client **out);
/** Calls still open are answered with ERR_CLOSED during this call. NULL is allowed. */
void naanf_client_free(struct naanf_client *client);
/**
 * Ask; @p done runs once on the loop, never inside this call.
 * @return MSGIN5G_OK, ERR_LIMIT (too much in flight, or the AAnF asked for a pause with 429 or 503), ERR_INVALID
 *         (reference), ERR_NO_MEMORY.
 */
enum msgin5g_err naanf_client_retrieve(
    struct naanf_client *client, const struct akma_af_ref *ref, naanf_client_fn *done, void *ctx);
/** New connections for requests from now on: the certificates are others. */
void naanf_client_renew(struct naanf_client *client);
/** True when the last request got an answer that was not a server's failure, none was made yet, or the AAnF has
 * answered a probe since. */
bool naanf_client_healthy(const struct naanf_client *client);

#endif
