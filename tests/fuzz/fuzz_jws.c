/* Tokens: any octets as a token, as its header and as its claims. Nothing passes for signed, and claims that are
 * accepted are the same after writing and reading them. */
#include "base/base64url.h"
#include "tls/jws.h"
#include "tls/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#define TAIL      ".e30." /* "{}" */
#define SIGNATURE 86

/* Made anew for every input: nothing may pass from one to the next. */
static struct jws_key *make_key(enum jws_algorithm algorithm)
{
    struct jws_key *key = NULL;
    CHECK(tls_setup() == MSGIN5G_OK);
    CHECK(jws_key_generate(algorithm, &key) == MSGIN5G_OK);
    return key;
}

static void fuzz_header(struct jws_key *key, const uint8_t *data, size_t length)
{
    static char token[JWS_TOKEN_MAX + 1];
    uint8_t payload[JWS_PAYLOAD_MAX];
    size_t payload_length = 0;
    if (length > 1000)
        return;
    base64url_encode(data, length, token);
    size_t at = BASE64URL_LEN(length);
    memcpy(token + at, TAIL, sizeof TAIL - 1);
    at += sizeof TAIL - 1;
    memset(token + at, 'A', SIGNATURE);
    CHECK(jws_verify(key, (struct msgin5g_str){ token, at + SIGNATURE }, payload, &payload_length) != MSGIN5G_OK);
}

static void fuzz_claims(struct msgin5g_str json)
{
    struct jwt_claims first, second;
    struct buffer text;
    enum msgin5g_err err = jwt_claims_decode(json, &first);
    if (err != MSGIN5G_OK) {
        CHECK(err == MSGIN5G_ERR_MALFORMED && first.iss[0] == '\0' && first.aud_count == 0);
        return;
    }
    buffer_init(&text, JWS_PAYLOAD_MAX);
    CHECK(jwt_scope_valid(first.scope) && first.aud_count > 0);
    err = jwt_claims_encode(&first, &text);
    if (err == MSGIN5G_OK) {
        struct msgin5g_str again = { (const char *)text.data, text.length };
        CHECK(jwt_claims_decode(again, &second) == MSGIN5G_OK);
        CHECK(strcmp(first.iss, second.iss) == 0 && strcmp(first.sub, second.sub) == 0);
        CHECK(strcmp(first.scope, second.scope) == 0 && first.exp_s == second.exp_s);
        CHECK(first.aud_is_list == second.aud_is_list && first.aud_count == second.aud_count);
        CHECK(memcmp(first.aud, second.aud, sizeof first.aud) == 0);
    } else {
        CHECK(err == MSGIN5G_ERR_LIMIT); /* escapes made it longer */
    }
    buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    uint8_t payload[JWS_PAYLOAD_MAX];
    size_t payload_length = 0;
    struct msgin5g_str text = { (const char *)data, length };
    for (int i = 0; i < JWS_ALGORITHMS; i++) {
        struct jws_key *key = make_key((enum jws_algorithm)i);
        CHECK(jws_verify(key, text, payload, &payload_length) != MSGIN5G_OK);
        fuzz_header(key, data, length);
        jws_key_free(key);
    }
    fuzz_claims(text);
    return 0;
}
