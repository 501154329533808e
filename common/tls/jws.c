#include "jws_internal.h"
#include "jws_key.h"

#include <wolfssl/wolfcrypt/sha256.h>

#include <stdio.h>
#include <string.h>

#define SIGNATURE_LEN   ((size_t)2 * JWS_COORDINATE_LEN) /* R and S, 32 octets each (RFC 7518 3.4) */
#define SIGNATURE_CHARS BASE64URL_LEN(SIGNATURE_LEN)
#define HEADER_MAX      1024

/* header.payload.signature; the parts borrowed from the token. */
struct parts {
    struct msgin5g_str signed_part, header, payload, signature;
};

static bool hash_of(struct msgin5g_str text, uint8_t out[WC_SHA256_DIGEST_SIZE])
{
    return wc_Sha256Hash((const byte *)text.octets, (word32)text.length, out) == 0;
}

static enum msgin5g_err es256_sign(struct jws_key *key, struct msgin5g_str text, uint8_t out[SIGNATURE_LEN])
{
    uint8_t hash[WC_SHA256_DIGEST_SIZE], der[ECC_MAX_SIG_SIZE], r[JWS_COORDINATE_LEN], s[JWS_COORDINATE_LEN];
    word32 der_length = sizeof der;
    word32 r_length = sizeof r;
    word32 s_length = sizeof s;
    if (!hash_of(text, hash) || wc_ecc_sign_hash(hash, sizeof hash, der, &der_length, &key->rng, &key->ecc) != 0 ||
        wc_ecc_sig_to_rs(der, der_length, r, &r_length, s, &s_length) != 0)
        return MSGIN5G_ERR_INTERNAL;
    memset(out, 0, SIGNATURE_LEN); /* DER leaves leading zeros out, JWS does not */
    memcpy(out + JWS_COORDINATE_LEN - r_length, r, r_length);
    memcpy(out + SIGNATURE_LEN - s_length, s, s_length);
    return MSGIN5G_OK;
}

static bool es256_good(struct jws_key *key, struct msgin5g_str text, const uint8_t signature[SIGNATURE_LEN])
{
    uint8_t hash[WC_SHA256_DIGEST_SIZE], der[ECC_MAX_SIG_SIZE];
    word32 der_length = sizeof der;
    int good = 0;
    return hash_of(text, hash) &&
           wc_ecc_rs_raw_to_sig(signature, JWS_COORDINATE_LEN, signature + JWS_COORDINATE_LEN, JWS_COORDINATE_LEN, der,
               &der_length) == 0 &&
           wc_ecc_verify_hash(der, der_length, hash, sizeof hash, &good, &key->ecc) == 0 && good == 1;
}

/* RFC 8037 3.1: Ed25519 signs the text itself, 64 octets as ES256. */
static enum msgin5g_err eddsa_sign(struct jws_key *key, struct msgin5g_str text, uint8_t out[SIGNATURE_LEN])
{
    word32 length = SIGNATURE_LEN;
    if (wc_ed25519_sign_msg((const byte *)text.octets, (word32)text.length, out, &length, &key->ed) != 0 ||
        length != SIGNATURE_LEN)
        return MSGIN5G_ERR_INTERNAL;
    return MSGIN5G_OK;
}

static bool eddsa_good(struct jws_key *key, struct msgin5g_str text, const uint8_t signature[SIGNATURE_LEN])
{
    int good = 0;
    return wc_ed25519_verify_msg(
               signature, SIGNATURE_LEN, (const byte *)text.octets, (word32)text.length, &good, &key->ed) == 0 &&
           good == 1;
}

static const struct {
    const char *name;
    enum msgin5g_err (*sign)(struct jws_key *key, struct msgin5g_str text, uint8_t out[SIGNATURE_LEN]);
    bool (*good)(struct jws_key *key, struct msgin5g_str text, const uint8_t signature[SIGNATURE_LEN]);
} algorithms[JWS_ALGORITHMS] = {
    [JWS_ES256] = { "ES256", es256_sign, es256_good },
    [JWS_EDDSA] = { "EdDSA", eddsa_sign, eddsa_good },
};

const char *jws_algorithm_name(enum jws_algorithm algorithm)
{
    return algorithms[algorithm].name;
}

static enum msgin5g_err append_encoded(struct buffer *out, const void *octets, size_t length)
{
    uint8_t *place;
    enum msgin5g_err err = buffer_reserve(out, BASE64URL_LEN(length) + 1, &place);
    if (err != MSGIN5G_OK)
        return err;
    base64url_encode(octets, length, (char *)place);
    out->length += BASE64URL_LEN(length);
    return MSGIN5G_OK;
}

enum msgin5g_err jws_sign(struct jws_key *key, struct msgin5g_str payload, struct buffer *out)
{
    uint8_t signature[SIGNATURE_LEN];
    char header[HEADER_MAX];
    size_t begin = out->length;
    if (!key->signs || payload.length > JWS_PAYLOAD_MAX)
        return MSGIN5G_ERR_INVALID;
    int length = snprintf(header, sizeof header, "{\"typ\":\"JWT\",\"alg\":\"%s\",\"kid\":\"%s\"}",
        algorithms[key->algorithm].name, key->kid);
    enum msgin5g_err err = append_encoded(out, header, (size_t)length);
    if (err == MSGIN5G_OK)
        err = buffer_append(out, ".", 1);
    if (err == MSGIN5G_OK)
        err = append_encoded(out, payload.octets, payload.length);
    if (err == MSGIN5G_OK) {
        struct msgin5g_str text = { (const char *)out->data + begin, out->length - begin };
        err = algorithms[key->algorithm].sign(key, text, signature);
    }
    if (err == MSGIN5G_OK)
        err = buffer_append(out, ".", 1);
    if (err == MSGIN5G_OK)
        err = append_encoded(out, signature, sizeof signature);
    if (err != MSGIN5G_OK)
        out->length = begin;
    return err;
}

/* Exactly two dots. */
static bool split(struct msgin5g_str token, struct parts *out)
{
    if (token.length == 0 || token.length > JWS_TOKEN_MAX)
        return false;
    const char *end = token.octets + token.length;
    const char *first = memchr(token.octets, '.', token.length);
    const char *second = first != NULL ? memchr(first + 1, '.', (size_t)(end - first - 1)) : NULL;
    if (second == NULL || memchr(second + 1, '.', (size_t)(end - second - 1)) != NULL)
        return false;
    out->signed_part = (struct msgin5g_str){ token.octets, (size_t)(second - token.octets) };
    out->header = (struct msgin5g_str){ token.octets, (size_t)(first - token.octets) };
    out->payload = (struct msgin5g_str){ first + 1, (size_t)(second - first - 1) };
    out->signature = (struct msgin5g_str){ second + 1, (size_t)(end - second - 1) };
    return true;
}

static enum msgin5g_err check_header(const struct jws_key *key, struct msgin5g_str encoded)
{
    uint8_t json[HEADER_MAX];
    size_t length = 0;
    struct jws_header header;
    if (base64url_decode(encoded, json, sizeof json, &length) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = jws_header_decode((struct msgin5g_str){ (const char *)json, length }, &header);
    if (err != MSGIN5G_OK)
        return err;
    bool ours = !header.has_kid || strcmp(header.kid, key->kid) == 0;
    /* The key says which algorithm, the header only agrees: nobody turns a public key into another kind of key. */
    return header.algorithm == key->algorithm && ours ? MSGIN5G_OK : MSGIN5G_ERR_AUTHENTICATION;
}

enum msgin5g_err jws_verify(struct jws_key *key, struct msgin5g_str token, uint8_t out[JWS_PAYLOAD_MAX], size_t *length)
{
    struct parts parts;
    uint8_t signature[SIGNATURE_LEN];
    size_t signature_length = 0;
    if (!split(token, &parts))
        return MSGIN5G_ERR_MALFORMED;
    enum msgin5g_err err = check_header(key, parts.header);
    if (err != MSGIN5G_OK)
        return err;
    if (parts.signature.length != SIGNATURE_CHARS ||
        base64url_decode(parts.signature, signature, sizeof signature, &signature_length) != MSGIN5G_OK)
        return MSGIN5G_ERR_AUTHENTICATION;
    if (base64url_decode(parts.payload, out, JWS_PAYLOAD_MAX, length) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    return algorithms[key->algorithm].good(key, parts.signed_part, signature) ? MSGIN5G_OK : MSGIN5G_ERR_AUTHENTICATION;
}

/* The name at @p text, up to the space or the end. */
static size_t name_length(const char *text)
{
    return strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_:-");
}

bool jwt_scope_valid(const char *scope)
{
    for (;;) {
        size_t length = name_length(scope);
        if (length == 0 || (scope[length] != '\0' && scope[length] != ' '))
            return false;
        if (scope[length] == '\0')
            return true;
        scope += length + 1;
    }
}

bool jwt_scope_has(const char *scope, const char *wanted)
{
    size_t wanted_length = strlen(wanted);
    while (*scope != '\0') {
        size_t length = strcspn(scope, " ");
        if (length == wanted_length && memcmp(scope, wanted, length) == 0)
            return true;
        scope += length + (scope[length] == ' ' ? 1 : 0);
    }
    return false;
}
