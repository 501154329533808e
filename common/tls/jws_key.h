/* A P-256 key as wolfCrypt has it; for jws.c and jws_key.c alone. */
#ifndef JWS_KEY_H
#define JWS_KEY_H

#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/random.h>

#include "base/base64url.h"
#include "tls/jws.h"

struct jws_key {
    ecc_key ecc;
    WC_RNG rng;
    uint8_t x[JWS_COORDINATE_LEN], y[JWS_COORDINATE_LEN];
    char kid[BASE64URL_LEN(32) + 1];
};

#endif
