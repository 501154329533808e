/* A key as wolfCrypt has it; for jws.c and jws_key.c alone. */
#ifndef JWS_KEY_H
#define JWS_KEY_H

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/random.h>

#include "base/base64url.h"
#include "tls/jws.h"

struct jws_key {
    enum jws_algorithm algorithm;
    ecc_key ecc;    /* JWS_ES256 */
    ed25519_key ed; /* JWS_EDDSA */
    bool signs;
    WC_RNG rng;
    uint8_t x[JWS_COORDINATE_LEN], y[JWS_COORDINATE_LEN]; /* Ed25519 has x alone */
    char kid[BASE64URL_LEN(32) + 1];
};

/** Its name in `alg`. */
const char *jws_algorithm_name(enum jws_algorithm algorithm);

#endif
