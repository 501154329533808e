/* The AF's access token: got from an NRF's token endpoint (TS 29.510 5.4.2.2), kept, renewed before it expires. One
 * request at a time, whoever waits; after a failure a pause that doubles, with jitter. */
#ifndef AKMA_AF_TOKEN_CLIENT_H
#define AKMA_AF_TOKEN_CLIENT_H

#include "akma/af.h"

#define TOKEN_SCOPE "naanf-akma naanf-akma:applicationkeyget naanf-akma:applicationkeyget:supi-access"

struct token_client;

/** Runs once on the loop, never inside token_client_wait(): MSGIN5G_OK (token_client_current() has one), ERR_AANF, or
 * ERR_CLOSED while the client is released. */
typedef void token_waiter_fn(void *ctx, enum msgin5g_err err);

/** Lies in its owner, who keeps it until @p done ran. */
struct token_waiter {
    struct token_waiter *prev, *next;
    token_waiter_fn *done;
    void *ctx;
};

/** The metrics there are with and without tokens, so that they are always shown. NULL is allowed. */
void token_client_register_metrics(struct metrics *metrics, struct metric **obtained, struct metric **refused);
/** Of @p config the token URL, NF instance id, scope, TLS context, deadline and metrics are used. @return MSGIN5G_OK,
 * ERR_INVALID (URL), ERR_NO_MEMORY. */
enum msgin5g_err token_client_create(struct loop *loop, const struct akma_af_config *config, struct token_client **out);
/** Those who wait hear ERR_CLOSED during this call. NULL is allowed. */
void token_client_free(struct token_client *client);
/**
 * "Bearer ..." for the authorization header, borrowed until the next call or round of the loop; NULL when there is no
 * token that is still good. Shortly before it expires a new one is asked for in the background.
 *
 * @param number receives which token this is, for token_client_reject().
 */
const char *token_client_current(struct token_client *client, uint64_t *number);
/** A new connection for the next request; the token stays. */
void token_client_renew(struct token_client *client);
/** Wait for a token. @return MSGIN5G_OK, or ERR_LIMIT during the pause after a failure, ERR_NO_MEMORY. */
enum msgin5g_err token_client_wait(struct token_client *client, struct token_waiter *waiter);
/**
 * The AAnF called token @p number invalid: it is not used again.
 * @return true when another one is there or may be waited for; false when one was rejected a moment ago, so that
 *         another would fare no better: there is a pause then.
 */
bool token_client_reject(struct token_client *client, uint64_t number);

#endif
