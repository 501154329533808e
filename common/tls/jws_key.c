#include <wolfssl/options.h>

#include <wolfssl/wolfcrypt/asn_public.h>
#include <wolfssl/wolfcrypt/ecc.h>
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
    base64url_encode(key->y, sizeof key->y, y);
    return snprintf(out, MEMBERS_MAX, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"%s\",\"y\":\"%s\"}", x, y);
}

/* Public half checked (SP 800-56A 5.6.2.3.3), and its thumbprint taken. */
static enum msgin5g_err key_finish(struct jws_key *key)
{
    char members[MEMBERS_MAX];
    uint8_t hash[WC_SHA256_DIGEST_SIZE];
    word32 x_length = sizeof key->x;
    word32 y_length = sizeof key->y;
    if (key->ecc.dp == NULL || key->ecc.dp->id != ECC_SECP256R1)
        return MSGIN5G_ERR_INVALID;
    if (key->ecc.type == ECC_PRIVATEKEY_ONLY && wc_ecc_make_pub_ex(&key->ecc, NULL, &key->rng) != 0)
        return MSGIN5G_ERR_INVALID;
    if (wc_ecc_check_key(&key->ecc) != 0 ||
        wc_ecc_export_public_raw(&key->ecc, key->x, &x_length, key->y, &y_length) != 0 || x_length != sizeof key->x ||
        y_length != sizeof key->y)
        return MSGIN5G_ERR_INVALID;
    if (wc_Sha256Hash((const byte *)members, (word32)write_members(key, members), hash) != 0)
        return MSGIN5G_ERR_INTERNAL;
    base64url_encode(hash, sizeof hash, key->kid);
    return MSGIN5G_OK;
}

static enum msgin5g_err key_new(struct jws_key **out)
{
    struct jws_key *key = calloc(1, sizeof *key);
    if (key == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (wc_InitRng(&key->rng) != 0) {
        free(key);
        return MSGIN5G_ERR_INTERNAL;
    }
    if (wc_ecc_init(&key->ecc) != 0 || wc_ecc_set_rng(&key->ecc, &key->rng) != 0) {
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

enum msgin5g_err jws_key_generate(struct jws_key **out)
{
    struct jws_key *key = NULL;
    enum msgin5g_err err = key_new(&key);
    if (err != MSGIN5G_OK)
        return err;
    if (wc_ecc_make_key_ex(&key->rng, JWS_COORDINATE_LEN, &key->ecc, ECC_SECP256R1) != 0)
        err = MSGIN5G_ERR_INTERNAL;
    return key_done(key, err, out);
}

enum msgin5g_err jws_key_from_pem(struct msgin5g_str pem, struct jws_key **out)
{
    struct jws_key *key = NULL;
    uint8_t der[PEM_MAX];
    word32 at = 0;
    if (pem.length == 0 || pem.length > PEM_MAX)
        return MSGIN5G_ERR_INVALID;
    enum msgin5g_err err = key_new(&key);
    if (err != MSGIN5G_OK)
        return err;
    int length = wc_KeyPemToDer((const byte *)pem.octets, (int)pem.length, der, sizeof der, NULL);
    if (length <= 0 || wc_EccPrivateKeyDecode(der, &at, &key->ecc, (word32)length) != 0)
        err = MSGIN5G_ERR_INVALID;
    secret_wipe(der, sizeof der);
    return key_done(key, err, out);
}

enum msgin5g_err jws_key_from_coordinates(
    const uint8_t x[JWS_COORDINATE_LEN], const uint8_t y[JWS_COORDINATE_LEN], const uint8_t *d, struct jws_key **out)
{
    struct jws_key *key = NULL;
    enum msgin5g_err err = key_new(&key);
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
    wc_ecc_free(&key->ecc); /* wipes the private half */
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
    return buffer_appendf(out, "%.*s,\"use\":\"sig\",\"alg\":\"ES256\",\"kid\":\"%s\"}", length, members, key->kid);
}
