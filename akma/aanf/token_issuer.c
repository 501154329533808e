#include "token_issuer.h"

#include "token_cache.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEY_FILE_MAX 4096

struct token_issuer {
    struct jws_key *key;
    struct token_cache *cache; /* of tokens this key signed, for us */
    int64_t lifetime_s;
    char issuer_id[MSGIN5G_UUID_LEN + 1];
    char aanf_id[MSGIN5G_UUID_LEN + 1];
};

static enum msgin5g_err load_key(const struct token_issuer_config *config, struct jws_key **out)
{
    struct buffer pem;
    const char *path = config->key_file;
    if (path[0] == '\0')
        return jws_key_generate(config->algorithm, out);
    buffer_init(&pem, KEY_FILE_MAX);
    enum msgin5g_err err = buffer_read_file(&pem, path);
    if (err == MSGIN5G_OK)
        err = jws_key_from_pem((struct msgin5g_str){ (const char *)pem.data, pem.length }, out);
    buffer_wipe_free(&pem);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_INVALID : err;
}

enum msgin5g_err token_issuer_create(const struct token_issuer_config *config, struct token_issuer **out)
{
    size_t issuer_length = strlen(config->issuer_id);
    size_t aanf_length = strlen(config->aanf_id);
    if (issuer_length > MSGIN5G_UUID_LEN || aanf_length > MSGIN5G_UUID_LEN)
        return MSGIN5G_ERR_INVALID;
    struct token_issuer *issuer = calloc(1, sizeof *issuer);
    if (issuer == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    issuer->lifetime_s = config->token_lifetime_s;
    memcpy(issuer->issuer_id, config->issuer_id, issuer_length + 1);
    memcpy(issuer->aanf_id, config->aanf_id, aanf_length + 1);
    enum msgin5g_err err = load_key(config, &issuer->key);
    if (err == MSGIN5G_OK)
        err = token_cache_create(&issuer->cache);
    if (err != MSGIN5G_OK) {
        token_issuer_free(issuer);
        return err;
    }
    *out = issuer;
    return MSGIN5G_OK;
}

void token_issuer_free(struct token_issuer *issuer)
{
    if (issuer == NULL)
        return;
    jws_key_free(issuer->key);
    token_cache_free(issuer->cache);
    free(issuer);
}

int64_t token_issuer_lifetime_s(const struct token_issuer *issuer)
{
    return issuer->lifetime_s;
}

const char *token_issuer_aanf_id(const struct token_issuer *issuer)
{
    return issuer->aanf_id;
}

enum msgin5g_err token_issuer_issue(struct token_issuer *issuer, const char *subject, const char *scope,
    bool this_instance, int64_t now_s, struct buffer *out)
{
    struct jwt_claims claims = { .aud_count = 1, .aud_is_list = this_instance, .exp_s = now_s + issuer->lifetime_s };
    struct buffer payload;
    if (strlen(subject) > JWT_TEXT_MAX || strlen(scope) > JWT_SCOPE_MAX)
        return MSGIN5G_ERR_INVALID;
    memcpy(claims.iss, issuer->issuer_id, sizeof issuer->issuer_id);
    memcpy(claims.sub, subject, strlen(subject) + 1);
    memcpy(claims.scope, scope, strlen(scope) + 1);
    if (this_instance)
        memcpy(claims.aud[0], issuer->aanf_id, sizeof issuer->aanf_id);
    else
        memcpy(claims.aud[0], TOKEN_AUDIENCE, sizeof TOKEN_AUDIENCE);
    buffer_init(&payload, JWS_PAYLOAD_MAX);
    enum msgin5g_err err = jwt_claims_encode(&claims, &payload);
    if (err == MSGIN5G_OK)
        err = jws_sign(issuer->key, (struct msgin5g_str){ (const char *)payload.data, payload.length }, out);
    buffer_free(&payload);
    return err;
}

/* A string is an NF type, a list holds NF instance ids: neither stands for the other (TS 29.510 6.3.5.2.4). */
static bool for_us(const struct token_issuer *issuer, const struct jwt_claims *claims)
{
    if (!claims->aud_is_list)
        return strcmp(claims->aud[0], TOKEN_AUDIENCE) == 0;
    for (size_t i = 0; i < claims->aud_count; i++)
        if (strcasecmp(claims->aud[i], issuer->aanf_id) == 0)
            return true;
    return false;
}

enum msgin5g_err token_issuer_verify(
    struct token_issuer *issuer, struct msgin5g_str token, int64_t now_s, struct jwt_claims *out)
{
    uint8_t payload[JWS_PAYLOAD_MAX];
    size_t length = 0;
    const struct jwt_claims *known = token.length > 0 ? token_cache_find(issuer->cache, token, now_s) : NULL;
    if (known != NULL) {
        *out = *known;
        return MSGIN5G_OK;
    }
    enum msgin5g_err err = jws_verify(issuer->key, token, payload, &length);
    if (err == MSGIN5G_OK)
        err = jwt_claims_decode((struct msgin5g_str){ (const char *)payload, length }, out);
    if (err == MSGIN5G_ERR_NO_MEMORY)
        return err;
    bool good =
        err == MSGIN5G_OK && strcasecmp(out->iss, issuer->issuer_id) == 0 && for_us(issuer, out) && now_s < out->exp_s;
    if (good)
        token_cache_put(issuer->cache, token, out);
    return good ? MSGIN5G_OK : MSGIN5G_ERR_AUTHENTICATION;
}

enum msgin5g_err token_issuer_write_keys(const struct token_issuer *issuer, struct buffer *out)
{
    enum msgin5g_err err = buffer_append_text(out, "{\"keys\":[");
    if (err == MSGIN5G_OK)
        err = jws_key_write_public(issuer->key, out);
    return err == MSGIN5G_OK ? buffer_append_text(out, "]}\n") : err;
}
