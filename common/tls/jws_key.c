#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
#include <wolfssl/wolfcrypt/ed25519.h>
#include <wolfssl/wolfcrypt/random.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include "base/base64url.h"
#include "base/secret.h"
#include "jws_key.h"

#include <stdio.h>
#include <stdlib.h>

#define PEM_MAX        4096
#define MEMBERS_MAX    256
#define COORDINATE_B64 BASE64URL_LEN(JWS_COORDINATE_LEN)

/* Its members in the one order that RFC 7638 3.2 hashes. */
static int write_members(const struct jws_key *key, char out[MEMBERS_MAX])
{
    char x[COORDINATE_B64 + 1], y[COORDINATE_B64 + 1];
    base64url_encode(key->x, sizeof key->x, x);
    if (key->algorithm == JWS_EDDSA) /* RFC 8037 2 */
        return snprintf(out, MEMBERS_MAX, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
    base64url_encode(key->y, sizeof key->y, y);
    return snprintf(out, MEMBERS_MAX, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
}

/* Public half checked (SP 800-56A 5.6.2.3.3). */
static bool p256_finish(struct jws_key *key)
{
    word32 x_length = sizeof key->x;
    word32 y_length = sizeof key->y;
    if (key->ecc.dp == NULL || key->ecc.dp->id != ECC_SECP256R1)
        return false;
    if (key->ecc.type == ECC_PRIVATEKEY_ONLY && wc_ecc_make_pub_ex(&key->ecc, NULL, &key->rng) != 0)
        return false;
    key->signs = key->ecc.type == ECC_PRIVATEKEY;
    return wc_ecc_check_key(&key->ecc) == 0 &&
           wc_ecc_export_public_raw(&key->ecc, key->x, &x_length, key->y, &y_length) == 0 &&
           x_length == sizeof key->x && y_length == sizeof key->y;
}

static bool ed25519_finish(struct jws_key *key)
{
    word32 x_length = sizeof key->x;
    key->signs = key->ed.privKeySet == 1;
    if (key->signs && key->ed.pubKeySet == 0 &&
        (wc_ed25519_make_public(&key->ed, key->x, sizeof key->x) != 0 ||
            wc_ed25519_import_public(key->x, sizeof key->x, &key->ed) != 0))
        return false;
    return wc_ed25519_check_key(&key->ed) == 0 && wc_ed25519_export_public(&key->ed, key->x, &x_length) == 0 &&
           x_length == sizeof key->x;
}

/* The thumbprint. */
static enum msgin5g_err key_finish(struct jws_key *key)
{
    char members[MEMBERS_MAX];
    uint8_t hash[WC_SHA256_DIGEST_SIZE];
    if (!(key->algorithm == JWS_EDDSA ? ed25519_finish(key) : p256_finish(key)))
        return MSGIN5G_ERR_INVALID;
    if (wc_Sha256Hash((const byte *)members, (word32)write_members(key, members), hash) != 0)
        return MSGIN5G_ERR_INTERNAL;
    base64url_encode(hash, sizeof hash, key->kid);
    return MSGIN5G_OK;
}

static bool half_init(struct jws_key *key)
{
    if (key->algorithm == JWS_EDDSA)
        return wc_ed25519_init(&key->ed) == 0;
    return wc_ecc_init(&key->ecc) == 0 && wc_ecc_set_rng(&key->ecc, &key->rng) == 0;
}

static enum msgin5g_err key_new(enum jws_algorithm algorithm, struct jws_key **out)
{
    struct jws_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    key->algorithm = algorithm;
    if (wc_InitRng(&key->rng) != 0) {
        free(key);
        return MSGIN5G_ERR_INTERNAL;
    }
    if (!half_init(key)) {
        jws_key_free(key);
        return MSGIN5G_ERR_INTERNAL;
    }
    *out = key;
    return MSGIN5G_OK;
}

static enum msgin5g_err key_done(struct jws_key *key, enum msgin5g_err err, struct jws_key **out)
{
    if (err == MSGIN5G_OK)
        err = key_finish(key);
    if (err == MSGIN5G_OK)
        *out = key;
    else
        jws_key_free(key);
    return err;
}

enum msgin5g_err jws_key_generate(enum jws_algorithm algorithm, struct jws_key **out)
{
    struct jws_key *key = NULL;
    enum msgin5g_err err = key_new(algorithm, &key);
    if (err != MSGIN5G_OK)
        return err;
    int made = algorithm == JWS_EDDSA ? wc_ed25519_make_key(&key->rng, ED25519_KEY_SIZE, &key->ed)
                                      : wc_ecc_make_key_ex(&key->rng, JWS_COORDINATE_LEN, &key->ecc, ECC_SECP256R1);
    return key_done(key, made == 0 ? MSGIN5G_OK : MSGIN5G_ERR_INTERNAL, out);
}

static enum msgin5g_err from_der(enum jws_algorithm algorithm, const uint8_t *der, word32 length, struct jws_key **out)
{
    struct jws_key *key = NULL;
    word32 at = 0;
    enum msgin5g_err err = key_new(algorithm, &key);
    if (err != MSGIN5G_OK)
        return err;
    int read = algorithm == JWS_EDDSA ? wc_Ed25519PrivateKeyDecode(der, &at, &key->ed, length)
                                      : wc_EccPrivateKeyDecode(der, &at, &key->ecc, length);
    return key_done(key, read == 0 ? MSGIN5G_OK : MSGIN5G_ERR_INVALID, out);
}

enum msgin5g_err jws_key_from_pem(struct msgin5g_str pem, struct jws_key **out)
{
    uint8_t der[PEM_MAX];
    if (pem.length == 0 || pem.length > PEM_MAX)
        return MSGIN5G_ERR_INVALID;
    int length = wc_KeyPemToDer((const byte *)pem.octets, (int)pem.length, der, sizeof der, NULL);
    enum msgin5g_err err = MSGIN5G_ERR_INVALID;
    for (int i = 0; length > 0 && err == MSGIN5G_ERR_INVALID && i < JWS_ALGORITHMS; i++)
        err = from_der((enum jws_algorithm)i, der, (word32)length, out);
    secret_wipe(der, sizeof der);
    return err;
}

enum msgin5g_err jws_key_from_ed25519(const uint8_t x[JWS_COORDINATE_LEN], const uint8_t *d, struct jws_key **out)
{
    struct jws_key *key = NULL;
    enum msgin5g_err err = key_new(JWS_EDDSA, &key);
    if (err != MSGIN5G_OK)
        return err;
    int read = d != NULL ? wc_ed25519_import_private_key(d, ED25519_KEY_SIZE, x, ED25519_PUB_KEY_SIZE, &key->ed)
                         : wc_ed25519_import_public(x, ED25519_PUB_KEY_SIZE, &key->ed);
    return key_done(key, read == 0 ? MSGIN5G_OK : MSGIN5G_ERR_INVALID, out);
}

enum msgin5g_err jws_key_from_coordinates(
    const uint8_t x[JWS_COORDINATE_LEN], const uint8_t y[JWS_COORDINATE_LEN], const uint8_t *d, struct jws_key **out)
{
    struct jws_key *key = NULL;
    enum msgin5g_err err = key_new(JWS_ES256, &key);
    if (err != MSGIN5G_OK)
        return err;
    if (wc_ecc_import_unsigned(&key->ecc, x, y, d, ECC_SECP256R1) != 0)
        err = MSGIN5G_ERR_INVALID;
    return key_done(key, err, out);
}

void jws_key_free(struct jws_key *key)
{
    if (key == NULL)
        return;
    if (key->algorithm == JWS_EDDSA)
        wc_ed25519_free(&key->ed);
    else
        wc_ecc_free(&key->ecc); /* both wipe the private half */
    wc_FreeRng(&key->rng);
    secret_wipe(key, sizeof *key);
    free(key);
}

const char *jws_key_id(const struct jws_key *key)
{
    return key->kid;
}

enum msgin5g_err jws_key_write_public(const struct jws_key *key, struct buffer *out)
{
    char members[MEMBERS_MAX];
    int length = write_members(key, members) - 1; /* its closing brace comes later */
    return buffer_appendf(out, "%.*s,\"use\":\"sig\",\"alg\":\"%s\",\"kid\":\"%s\"}", length, members,
        jws_algorithm_name(key->algorithm), key->kid);
}
