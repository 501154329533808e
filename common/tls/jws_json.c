/* The JSON inside of tokens: JOSE header (RFC 7515 4) and claims (RFC 7519 4); the door to cJSON here. */
#include "jws_internal.h"

#include "base/json_check.h"
#include "base/json_writer.h"

#include <cjson/cJSON.h>
#include <string.h>

#define MEMBERS_MAX 64             /* of a header or a claims set */
#define EXP_MAX     253402300799.0 /* the last second of the year 9999 */

/* A name that appears twice is an error (RFC 7515 4, RFC 7519 4). The cap keeps this from being quadratic. */
static bool names_good(const cJSON *object)
{
    size_t count = 0;
    for (const cJSON *member = object->child; member != NULL; member = member->next) {
        if (++count > MEMBERS_MAX)
            return false;
        for (const cJSON *earlier = object->child; earlier != member; earlier = earlier->next)
            if (strcmp(earlier->string, member->string) == 0)
                return false;
    }
    return true;
}

static enum msgin5g_err parse(struct msgin5g_str json, cJSON **out)
{
    const char *problem;
    if (json_check((const uint8_t *)json.octets, json.length, NULL, &problem) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    cJSON *root = cJSON_ParseWithLength(json.octets, json.length);
    if (root == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (!cJSON_IsObject(root) || !names_good(root)) {
        cJSON_Delete(root);
        return MSGIN5G_ERR_MALFORMED;
    }
    *out = root;
    return MSGIN5G_OK;
}

/* A string of 1 to @p max octets. */
static bool read_text(const cJSON *value, char *out, size_t max)
{
    if (!cJSON_IsString(value))
        return false;
    size_t length = strlen(value->valuestring);
    if (length == 0 || length > max)
        return false;
    memcpy(out, value->valuestring, length + 1);
    return true;
}

/* The whitelist. */
static enum jws_algorithm algorithm_of(const char *name)
{
    if (strcmp(name, "ES256") == 0)
        return JWS_ES256;
    return strcmp(name, "EdDSA") == 0 ? JWS_EDDSA : JWS_ALGORITHMS;
}

enum msgin5g_err jws_header_decode(struct msgin5g_str json, struct jws_header *out)
{
    cJSON *root = NULL;
    memset(out, 0, sizeof *out);
    enum msgin5g_err err = parse(json, &root);
    if (err != MSGIN5G_OK)
        return err;
    const cJSON *alg = cJSON_GetObjectItemCaseSensitive(root, "alg");
    const cJSON *kid = cJSON_GetObjectItemCaseSensitive(root, "kid");
    out->has_kid = kid != NULL;
    /* Extensions that must be understood: there is none here (RFC 7515 4.1.11). */
    if (!cJSON_IsString(alg) || (out->has_kid && !read_text(kid, out->kid, JWS_KID_MAX)) ||
        cJSON_GetObjectItemCaseSensitive(root, "crit") != NULL)
        err = MSGIN5G_ERR_MALFORMED;
    else
        out->algorithm = algorithm_of(alg->valuestring);
    cJSON_Delete(root);
    return err;
}

/* An NF type as a string, or an array of NF instance ids (TS 29.510 6.3.5.2.4). */
static bool read_aud(const cJSON *value, struct jwt_claims *out)
{
    out->aud_is_list = cJSON_IsArray(value);
    if (!out->aud_is_list) {
        out->aud_count = 1;
        return read_text(value, out->aud[0], JWT_TEXT_MAX);
    }
    for (const cJSON *entry = value->child; entry != NULL; entry = entry->next)
        if (out->aud_count == JWT_AUD_MAX || !read_text(entry, out->aud[out->aud_count++], JWT_TEXT_MAX))
            return false;
    return out->aud_count > 0;
}

static bool read_claims(const cJSON *root, struct jwt_claims *out)
{
    const cJSON *exp = cJSON_GetObjectItemCaseSensitive(root, "exp");
    if (!cJSON_IsNumber(exp) || !(exp->valuedouble >= 0 && exp->valuedouble <= EXP_MAX))
        return false;
    out->exp_s = (int64_t)exp->valuedouble;
    return read_text(cJSON_GetObjectItemCaseSensitive(root, "iss"), out->iss, JWT_TEXT_MAX) &&
           read_text(cJSON_GetObjectItemCaseSensitive(root, "sub"), out->sub, JWT_TEXT_MAX) &&
           read_text(cJSON_GetObjectItemCaseSensitive(root, "scope"), out->scope, JWT_SCOPE_MAX) &&
           jwt_scope_valid(out->scope) && read_aud(cJSON_GetObjectItemCaseSensitive(root, "aud"), out);
}

enum msgin5g_err jwt_claims_decode(struct msgin5g_str json, struct jwt_claims *out)
{
    cJSON *root = NULL;
    memset(out, 0, sizeof *out);
    enum msgin5g_err err = parse(json, &root);
    if (err != MSGIN5G_OK)
        return err;
    if (!read_claims(root, out)) {
        memset(out, 0, sizeof *out);
        err = MSGIN5G_ERR_MALFORMED;
    }
    cJSON_Delete(root);
    return err;
}

enum msgin5g_err jwt_claims_encode(const struct jwt_claims *claims, struct buffer *out)
{
    uint8_t *place;
    size_t length = 0;
    struct json_writer writer;
    enum msgin5g_err err = buffer_reserve(out, JWS_PAYLOAD_MAX, &place);
    if (err != MSGIN5G_OK)
        return err;
    json_writer_init(&writer, place, JWS_PAYLOAD_MAX);
    json_object_begin(&writer, NULL);
    json_text(&writer, "iss", claims->iss);
    json_text(&writer, "sub", claims->sub);
    if (claims->aud_is_list)
        json_array_begin(&writer, "aud");
    for (size_t i = 0; i < claims->aud_count; i++)
        json_text(&writer, claims->aud_is_list ? NULL : "aud", claims->aud[i]);
    if (claims->aud_is_list)
        json_array_end(&writer);
    json_text(&writer, "scope", claims->scope);
    json_integer(&writer, "exp", claims->exp_s);
    json_object_end(&writer);
    err = json_writer_finish(&writer, &length);
    if (err == MSGIN5G_OK)
        out->length += length;
    return err;
}
