/* Tokens: JWS in its compact form (RFC 7515) with ES256 (RFC 7518 3.4) or EdDSA with Ed25519 (RFC 8037), and the claims
 * of a 5G core access token (RFC 7519, TS 29.510 6.3.5.2.4). A key has one algorithm, and a token's header must name
 * that one: "none" and everything else is refused. */
#ifndef TLS_JWS_H
#define TLS_JWS_H

#include "base/buffer.h"
#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define JWS_TOKEN_MAX      4096 /* characters of one token */
#define JWS_PAYLOAD_MAX    3072 /* octets of its payload */
#define JWS_KID_MAX        128  /* characters of `kid` */
#define JWS_COORDINATE_LEN 32   /* P-256; an Ed25519 key, too */

enum jws_algorithm { JWS_ES256, JWS_EDDSA, JWS_ALGORITHMS };

/** A key of P-256 or Ed25519: a pair that signs, or a public one that only verifies. For one thread. */
struct jws_key;

/** A new pair. @return MSGIN5G_OK, ERR_NO_MEMORY or ERR_INTERNAL. */
enum msgin5g_err jws_key_generate(enum jws_algorithm algorithm, struct jws_key **out);
/** A pair from PEM text (SEC 1 or PKCS #8, not encrypted). @return MSGIN5G_OK, ERR_INVALID (no private key of P-256 or
 * Ed25519), ERR_NO_MEMORY or ERR_INTERNAL. The caller wipes @p pem. */
enum msgin5g_err jws_key_from_pem(struct msgin5g_str pem, struct jws_key **out);
/** From coordinates, big-endian; @p d NULL: public only. @return as jws_key_from_pem(); ERR_INVALID also for a point
 * that is not on the curve. */
enum msgin5g_err jws_key_from_coordinates(
    const uint8_t x[JWS_COORDINATE_LEN], const uint8_t y[JWS_COORDINATE_LEN], const uint8_t *d, struct jws_key **out);
/** From the octets of RFC 8032; @p d NULL: public only. @return as jws_key_from_coordinates(). */
enum msgin5g_err jws_key_from_ed25519(const uint8_t x[JWS_COORDINATE_LEN], const uint8_t *d, struct jws_key **out);
/** Wipe and release. NULL is allowed. */
void jws_key_free(struct jws_key *key);
/** Its `kid`: the thumbprint of RFC 7638, in base64url. */
const char *jws_key_id(const struct jws_key *key);
/** Append the public half as a JWK (RFC 7517). @return MSGIN5G_OK, ERR_LIMIT or ERR_NO_MEMORY. */
enum msgin5g_err jws_key_write_public(const struct jws_key *key, struct buffer *out);

/** Append the token whose payload is @p payload, with alg, kid and typ in its header. @return MSGIN5G_OK, ERR_INVALID
 * (public key, payload too long), ERR_LIMIT, ERR_NO_MEMORY or ERR_INTERNAL. */
enum msgin5g_err jws_sign(struct jws_key *key, struct msgin5g_str payload, struct buffer *out);
/**
 * Check header and signature of @p token, any octets. A `kid` in the header must be that of @p key; `crit` is refused.
 *
 * @param out receives the payload, which nothing vouches for unless MSGIN5G_OK is returned.
 * @return MSGIN5G_OK; ERR_MALFORMED (not a JWS, or a header that cannot be had) or ERR_AUTHENTICATION (algorithm, kid
 *         or signature); ERR_NO_MEMORY.
 */
enum msgin5g_err jws_verify(
    struct jws_key *key, struct msgin5g_str token, uint8_t out[JWS_PAYLOAD_MAX], size_t *length);

#define JWT_TEXT_MAX  128  /* octets of iss, sub and each of aud */
#define JWT_AUD_MAX   8    /* entries of aud */
#define JWT_SCOPE_MAX 1024 /* octets of scope */

/** AccessTokenClaims; other claims are ignored, as TS 29.510 6.3.5.2.4 has it. */
struct jwt_claims {
    char iss[JWT_TEXT_MAX + 1];
    char sub[JWT_TEXT_MAX + 1];
    size_t aud_count;
    bool aud_is_list; /* an array of NF instance ids; else one NF type as a string */
    char aud[JWT_AUD_MAX][JWT_TEXT_MAX + 1];
    char scope[JWT_SCOPE_MAX + 1];
    int64_t exp_s; /* seconds since 1970-01-01 UTC; at that second the token is no longer good (RFC 7519 4.1.4) */
};
/** Append as JSON. @return MSGIN5G_OK, ERR_LIMIT, ERR_NO_MEMORY or ERR_INVALID (no UTF-8). */
enum msgin5g_err jwt_claims_encode(const struct jwt_claims *claims, struct buffer *out);
/** All five claims must be there, within their bounds, each once. @return MSGIN5G_OK, ERR_MALFORMED or ERR_NO_MEMORY.
 */
enum msgin5g_err jwt_claims_decode(struct msgin5g_str json, struct jwt_claims *out);
/** True when @p scope, names with one space between, holds @p wanted. */
bool jwt_scope_has(const char *scope, const char *wanted);
/** True for `^([a-zA-Z0-9_:-]+)( [a-zA-Z0-9_:-]+)*$` (TS 29.510). */
bool jwt_scope_valid(const char *scope);

#endif
