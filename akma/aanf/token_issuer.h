/* The lab's NRF as far as OAuth 2.0 goes (TS 33.501 13.4.1): a key, who issues, for whom; makes and judges tokens. */
#ifndef AANF_TOKEN_ISSUER_H
#define AANF_TOKEN_ISSUER_H

#include "msgin5g/error.h"
#include "tls/jws.h"

#define TOKEN_AUDIENCE "AANF" /* NF type of the only producer that these tokens open */

struct token_issuer;

struct token_issuer_config {
    const char *key_file;         /* PEM, P-256 or Ed25519; "": a new key */
    enum jws_algorithm algorithm; /* of a new key; a file's key has its own */
    const char *issuer_id;        /* NF instance id of the issuer; copied */
    const char *aanf_id;          /* NF instance id of the AAnF; copied */
    int64_t token_lifetime_s;     /* at least 1 */
};

/** @return MSGIN5G_OK, ERR_IO (key file; errno set), ERR_INVALID (no key of ours in it, an id too long), ERR_NO_MEMORY
 * or ERR_INTERNAL. */
enum msgin5g_err token_issuer_create(const struct token_issuer_config *config, struct token_issuer **out);
/** NULL is allowed. */
void token_issuer_free(struct token_issuer *issuer);
/** Seconds that a token lives. */
int64_t token_issuer_lifetime_s(const struct token_issuer *issuer);
const char *token_issuer_aanf_id(const struct token_issuer *issuer);

/** Append a token for @p subject with @p scope; @p this_instance: aud is the AAnF's id instead of its NF type. */
enum msgin5g_err token_issuer_issue(struct token_issuer *issuer, const char *subject, const char *scope,
    bool this_instance, int64_t now_s, struct buffer *out);
/** Signature, issuer, audience and expiry (TS 33.501 13.4.1.1.2); subject and scope are the caller's to judge.
 * @return MSGIN5G_OK, ERR_AUTHENTICATION or ERR_NO_MEMORY. */
enum msgin5g_err token_issuer_verify(
    struct token_issuer *issuer, struct msgin5g_str token, int64_t now_s, struct jwt_claims *out);
/** Append the JWK set (RFC 7517 5) with the public key. */
enum msgin5g_err token_issuer_write_keys(const struct token_issuer *issuer, struct buffer *out);

#endif
