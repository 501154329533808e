/* Tokens: the vectors of RFC 7515 and RFC 7519, and everything that must not pass. */
#include "base/base64url.h"
#include "base/secret.h"
#include "tls/jws.h"
#include "tls/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* RFC 7515 A.3.1 */
#define X         "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"
#define Y         "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"
#define D         "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
#define HEADER    "eyJhbGciOiJFUzI1NiJ9"
#define PAYLOAD   "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
#define SIGNATURE "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"
#define NINE_AUDIENCES                                                                                                 \
    "{\"aud\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\"],"                                                \
    "\"iss\":\"i\",\"sub\":\"s\",\"scope\":\"x\",\"exp\":1}"
#define CLAIMS                                                                                                         \
    "\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"naanf-akma naanf-akma:anchorkey\",\"exp\":1300819380"

static struct jws_key *rfc_key(bool with_d)
{
    struct jws_key *key = NULL;
    uint8_t x[JWS_COORDINATE_LEN], y[JWS_COORDINATE_LEN], d[JWS_COORDINATE_LEN];
    size_t length;
    assert_int_equal(base64url_decode(msgin5g_str(X), x, sizeof x, &length), MSGIN5G_OK);
    assert_int_equal(base64url_decode(msgin5g_str(Y), y, sizeof y, &length), MSGIN5G_OK);
    assert_int_equal(base64url_decode(msgin5g_str(D), d, sizeof d, &length), MSGIN5G_OK);
    assert_int_equal(jws_key_from_coordinates(x, y, with_d ? d : NULL, &key), MSGIN5G_OK);
    return key;
}

static enum msgin5g_err verify(struct jws_key *key, const char *token, size_t length)
{
    uint8_t payload[JWS_PAYLOAD_MAX];
    return jws_verify(key, (struct msgin5g_str){ token, length }, payload, &length);
}

static enum msgin5g_err verify_text(struct jws_key *key, const char *token)
{
    return verify(key, token, strlen(token));
}

static void test_rfc_7515_a_3(void **state)
{
    struct jws_key *key = rfc_key(false);
    uint8_t payload[JWS_PAYLOAD_MAX];
    size_t length = 0;
    (void)state;
    assert_int_equal(jws_verify(key, msgin5g_str(HEADER "." PAYLOAD "." SIGNATURE), payload, &length), MSGIN5G_OK);
    assert_int_equal(length, 70);
    assert_memory_equal(payload, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,", 33);
    jws_key_free(key);
}

/* Every bit of the three parts counts. */
static void test_one_character_changed(void **state)
{
    static const char token[] = HEADER "." PAYLOAD "." SIGNATURE;
    struct jws_key *key = rfc_key(false);
    char changed[sizeof token];
    (void)state;
    for (size_t i = 0; i < sizeof token - 1; i += 3) {
        memcpy(changed, token, sizeof token);
        changed[i] = changed[i] == 'Q' ? 'R' : 'Q';
        assert_int_not_equal(verify_text(key, changed), MSGIN5G_OK);
    }
    jws_key_free(key);
}

/* RFC 8037 A.1, A.3, A.4 */
#define ED_X          "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define ED_D          "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"
#define ED_THUMBPRINT "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
#define ED_HEADER     "eyJhbGciOiJFZERTQSJ9"
#define ED_PAYLOAD    "RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
#define ED_SIGNATURE  "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"

static struct jws_key *ed_key(bool with_d)
{
    struct jws_key *key = NULL;
    uint8_t x[JWS_COORDINATE_LEN], d[JWS_COORDINATE_LEN];
    size_t length;
    assert_int_equal(base64url_decode(msgin5g_str(ED_X), x, sizeof x, &length), MSGIN5G_OK);
    assert_int_equal(base64url_decode(msgin5g_str(ED_D), d, sizeof d, &length), MSGIN5G_OK);
    assert_int_equal(jws_key_from_ed25519(x, with_d ? d : NULL, &key), MSGIN5G_OK);
    return key;
}

static void test_rfc_8037_appendix_a(void **state)
{
    static const char token[] = ED_HEADER "." ED_PAYLOAD "." ED_SIGNATURE;
    struct jws_key *key = ed_key(false);
    uint8_t payload[JWS_PAYLOAD_MAX];
    char changed[sizeof token];
    size_t length = 0;
    (void)state;
    assert_string_equal(jws_key_id(key), ED_THUMBPRINT);
    assert_int_equal(jws_verify(key, msgin5g_str(token), payload, &length), MSGIN5G_OK);
    assert_int_equal(length, strlen("Example of Ed25519 signing"));
    assert_memory_equal(payload, "Example of Ed25519 signing", length);
    for (size_t i = 0; i < sizeof token - 1; i++) {
        memcpy(changed, token, sizeof token);
        changed[i] = changed[i] == 'Q' ? 'R' : 'Q';
        assert_int_not_equal(verify_text(key, changed), MSGIN5G_OK);
    }
    jws_key_free(key);
}

/* The second half of an EdDSA signature has to be less than the group's order: adding it is no second signature
 * (RFC 8032 5.1.7). */
static void test_eddsa_is_not_malleable(void **state)
{
    static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde,
        0xf9, 0xde, 0x14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10 };
    struct jws_key *key = ed_key(false);
    uint8_t signature[64];
    char text[87], token[512];
    size_t length;
    unsigned int carry = 0;
    (void)state;
    assert_int_equal(base64url_decode(msgin5g_str(ED_SIGNATURE), signature, sizeof signature, &length), MSGIN5G_OK);
    for (size_t i = 0; i < 32; i++) {
        carry += signature[32 + i] + order[i];
        signature[32 + i] = (uint8_t)carry;
        carry >>= 8;
    }
    base64url_encode(signature, sizeof signature, text);
    (void)snprintf(token, sizeof token, ED_HEADER "." ED_PAYLOAD ".%s", text);
    assert_int_equal(verify_text(key, token), MSGIN5G_ERR_AUTHENTICATION);
    jws_key_free(key);
}

static void test_eddsa_own_tokens(void **state)
{
    struct jws_key *key = ed_key(true), *public_half = ed_key(false), *made = NULL;
    struct buffer token, jwk;
    (void)state;
    buffer_init(&token, JWS_TOKEN_MAX);
    buffer_init(&jwk, 1024);
    assert_int_equal(jws_sign(key, msgin5g_str("{" CLAIMS "}"), &token), MSGIN5G_OK);
    assert_int_equal(verify(public_half, (const char *)token.data, token.length), MSGIN5G_OK);
    token.length = 0;
    assert_int_equal(jws_sign(public_half, msgin5g_str("{}"), &token), MSGIN5G_ERR_INVALID);
    assert_int_equal(jws_key_generate(JWS_EDDSA, &made), MSGIN5G_OK);
    assert_int_equal(jws_sign(made, msgin5g_str("{" CLAIMS "}"), &token), MSGIN5G_OK);
    assert_int_equal(verify(made, (const char *)token.data, token.length), MSGIN5G_OK);
    assert_int_equal(verify(public_half, (const char *)token.data, token.length), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(jws_key_write_public(key, &jwk), MSGIN5G_OK);
    assert_int_equal(buffer_append(&jwk, "", 1), MSGIN5G_OK);
    assert_string_equal((const char *)jwk.data, "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"" ED_X
                                                "\",\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"" ED_THUMBPRINT "\"}");
    buffer_free(&token);
    buffer_free(&jwk);
    jws_key_free(made);
    jws_key_free(public_half);
    jws_key_free(key);
}

/* The key decides: a token of the other algorithm, or one that says so, is refused however it is signed. */
static void test_no_key_confusion(void **state)
{
    struct jws_key *ed = ed_key(true), *p256 = rfc_key(true);
    uint8_t octets[JWS_COORDINATE_LEN];
    size_t length;
    struct jws_key *same = NULL;
    (void)state;
    assert_int_equal(verify_text(p256, ED_HEADER "." ED_PAYLOAD "." ED_SIGNATURE), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(verify_text(ed, HEADER "." PAYLOAD "." SIGNATURE), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(verify_text(ed, HEADER "." ED_PAYLOAD "." ED_SIGNATURE), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(verify_text(p256, ED_HEADER "." PAYLOAD "." SIGNATURE), MSGIN5G_ERR_AUTHENTICATION);
    /* The octets of one public key as another kind of key. */
    assert_int_equal(base64url_decode(msgin5g_str(ED_X), octets, sizeof octets, &length), MSGIN5G_OK);
    assert_int_equal(jws_key_from_coordinates(octets, octets, NULL, &same), MSGIN5G_ERR_INVALID);
    jws_key_free(ed);
    jws_key_free(p256);
}

static void test_ed25519_pem(void **state)
{
    /* RFC 8410 10.3 */
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"
                              "-----END PRIVATE KEY-----\n";
    struct jws_key *key = NULL;
    struct buffer jwk, token;
    (void)state;
    buffer_init(&jwk, 1024);
    buffer_init(&token, JWS_TOKEN_MAX);
    assert_int_equal(jws_key_from_pem(msgin5g_str(pem), &key), MSGIN5G_OK);
    assert_int_equal(jws_key_write_public(key, &jwk), MSGIN5G_OK);
    assert_int_equal(buffer_append(&jwk, "", 1), MSGIN5G_OK);
    assert_non_null(strstr((const char *)jwk.data, "\"x\":\"Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE\""));
    assert_int_equal(jws_sign(key, msgin5g_str("{" CLAIMS "}"), &token), MSGIN5G_OK);
    assert_int_equal(verify(key, (const char *)token.data, token.length), MSGIN5G_OK);
    buffer_free(&jwk);
    buffer_free(&token);
    jws_key_free(key);
}

static void test_other_algorithms(void **state)
{
    struct jws_key *key = rfc_key(false);
    (void)state;
    /* RFC 7519 6.1: unsecured; RFC 7519 3.1: HS256 */
    assert_int_equal(verify_text(key, "eyJhbGciOiJub25lIn0." PAYLOAD "."), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(verify_text(key, "eyJhbGciOiJub25lIn0." PAYLOAD "." SIGNATURE), MSGIN5G_ERR_AUTHENTICATION);
    assert_int_equal(verify_text(key, "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." PAYLOAD
                                      ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
        MSGIN5G_ERR_AUTHENTICATION);
    jws_key_free(key);
}

static void test_headers(void **state)
{
    static const struct {
        const char *json;
        enum msgin5g_err err;
    } rows[] = {
        { "{\"alg\":\"es256\"}", MSGIN5G_ERR_AUTHENTICATION },
        { "{\"alg\":\"EdDSA\"}", MSGIN5G_ERR_AUTHENTICATION },
        { "{\"alg\":\"ES256\",\"kid\":\"another\"}", MSGIN5G_ERR_AUTHENTICATION },
        { "{\"alg\":\"ES256\",\"kid\":7}", MSGIN5G_ERR_MALFORMED },
        { "{\"alg\":\"ES256\",\"alg\":\"none\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"alg\":\"ES256\",\"crit\":[\"exp\"]}", MSGIN5G_ERR_MALFORMED },
        { "{\"alg\":[\"ES256\"]}", MSGIN5G_ERR_MALFORMED },
        { "{\"typ\":\"JWT\"}", MSGIN5G_ERR_MALFORMED },
        { "[]", MSGIN5G_ERR_MALFORMED },
        { "{\"alg\":\"ES256\"", MSGIN5G_ERR_MALFORMED },
        { "", MSGIN5G_ERR_MALFORMED },
    };
    struct jws_key *key = rfc_key(false);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char token[1024];
        base64url_encode(rows[i].json, strlen(rows[i].json), token);
        (void)snprintf(token + strlen(token), sizeof token - strlen(token), ".%s", PAYLOAD "." SIGNATURE);
        assert_int_equal(verify_text(key, token), rows[i].err);
    }
    jws_key_free(key);
}

static void test_shapes(void **state)
{
    static char large[JWS_TOKEN_MAX + 2];
    static const char *const rows[] = { "", ".", "..", "...", HEADER, HEADER "." PAYLOAD, HEADER "." PAYLOAD ".",
        HEADER "." PAYLOAD "." SIGNATURE "=", HEADER "." PAYLOAD "." SIGNATURE "." SIGNATURE, HEADER ".!." SIGNATURE,
        " " HEADER "." PAYLOAD "." SIGNATURE };
    struct jws_key *key = rfc_key(false);
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_not_equal(verify_text(key, rows[i]), MSGIN5G_OK);
    memset(large, 'A', sizeof large - 1);
    assert_int_equal(verify_text(key, large), MSGIN5G_ERR_MALFORMED);
    /* R and S of zeros verify under every key in careless code. */
    memset(large, 'A', 86);
    large[86] = '\0';
    char token[512];
    (void)snprintf(token, sizeof token, HEADER "." PAYLOAD ".%.86s", large);
    assert_int_equal(verify_text(key, token), MSGIN5G_ERR_AUTHENTICATION);
    jws_key_free(key);
}

/* Often enough to meet an R or S with a leading zero octet. */
static void test_own_tokens(void **state)
{
    struct jws_key *other = NULL;
    struct jws_key *key = rfc_key(true);
    struct jws_key *public_half = rfc_key(false);
    (void)state;
    assert_int_equal(jws_key_generate(JWS_ES256, &other), MSGIN5G_OK);
    assert_string_equal(jws_key_id(key), jws_key_id(public_half));
    assert_string_not_equal(jws_key_id(key), jws_key_id(other));
    for (int i = 0; i < 600; i++) {
        struct buffer token;
        buffer_init(&token, JWS_TOKEN_MAX);
        assert_int_equal(jws_sign(key, msgin5g_str("{" CLAIMS "}"), &token), MSGIN5G_OK);
        assert_int_equal(verify(public_half, (const char *)token.data, token.length), MSGIN5G_OK);
        if (i == 0)
            assert_int_equal(verify(other, (const char *)token.data, token.length), MSGIN5G_ERR_AUTHENTICATION);
        buffer_free(&token);
    }
    struct buffer none;
    buffer_init(&none, JWS_TOKEN_MAX);
    assert_int_equal(jws_sign(public_half, msgin5g_str("{}"), &none), MSGIN5G_ERR_INVALID);
    assert_int_equal(none.length, 0);
    buffer_init(&none, 64);
    assert_int_equal(jws_sign(key, msgin5g_str("{" CLAIMS "}"), &none), MSGIN5G_ERR_LIMIT);
    assert_int_equal(none.length, 0);
    buffer_free(&none);
    jws_key_free(other);
    jws_key_free(public_half);
    jws_key_free(key);
}

static void test_keys_that_are_none(void **state)
{
    static const uint8_t one[JWS_COORDINATE_LEN] = { 1 };
    struct jws_key *key = NULL;
    (void)state;
    assert_int_equal(jws_key_from_coordinates(one, one, NULL, &key), MSGIN5G_ERR_INVALID);
    assert_int_equal(jws_key_from_pem(msgin5g_str(""), &key), MSGIN5G_ERR_INVALID);
    assert_int_equal(
        jws_key_from_pem(msgin5g_str("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n"), &key),
        MSGIN5G_ERR_INVALID);
    jws_key_free(NULL);
}

static void test_public_key_as_jwk(void **state)
{
    struct jws_key *key = rfc_key(true);
    struct buffer text;
    (void)state;
    buffer_init(&text, 1024);
    assert_int_equal(jws_key_write_public(key, &text), MSGIN5G_OK);
    assert_int_equal(buffer_append(&text, "", 1), MSGIN5G_OK);
    assert_non_null(strstr((const char *)text.data, "\"x\":\"" X "\",\"y\":\"" Y "\""));
    assert_null(strstr((const char *)text.data, D));
    assert_non_null(strstr((const char *)text.data, jws_key_id(key)));
    buffer_free(&text);
    jws_key_free(key);
}

static void test_claims(void **state)
{
    struct jwt_claims claims;
    struct buffer text;
    (void)state;
    assert_int_equal(jwt_claims_decode(msgin5g_str("{" CLAIMS ",\"producerNsiList\":[\"x\"]}"), &claims), MSGIN5G_OK);
    assert_string_equal(claims.iss, "i");
    assert_string_equal(claims.sub, "s");
    assert_string_equal(claims.aud[0], "AANF");
    assert_int_equal(claims.aud_count, 1);
    assert_false(claims.aud_is_list);
    assert_int_equal(claims.exp_s, 1300819380);
    assert_true(jwt_scope_has(claims.scope, "naanf-akma"));
    assert_true(jwt_scope_has(claims.scope, "naanf-akma:anchorkey"));
    assert_false(jwt_scope_has(claims.scope, "naanf-akma:anchor"));
    assert_false(jwt_scope_has(claims.scope, "anchorkey"));
    buffer_init(&text, JWS_PAYLOAD_MAX);
    assert_int_equal(jwt_claims_encode(&claims, &text), MSGIN5G_OK);
    assert_int_equal(text.length, strlen("{" CLAIMS "}"));
    assert_memory_equal(text.data, "{" CLAIMS "}", text.length);
    buffer_free(&text);
}

static void test_audience_as_a_list(void **state)
{
    static const char json[] = "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[\"a\",\"b\"],\"scope\":\"x\",\"exp\":1}";
    struct jwt_claims claims;
    struct buffer text;
    (void)state;
    assert_int_equal(jwt_claims_decode(msgin5g_str(json), &claims), MSGIN5G_OK);
    assert_int_equal(claims.aud_count, 2);
    assert_string_equal(claims.aud[1], "b");
    buffer_init(&text, JWS_PAYLOAD_MAX);
    assert_int_equal(jwt_claims_encode(&claims, &text), MSGIN5G_OK);
    assert_memory_equal(text.data, json, text.length);
    buffer_free(&text);
}

static void test_claims_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "{}",
        "[]",
        "{\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x\",\"exp\":1}",
        "{\"iss\":\"i\",\"aud\":\"AANF\",\"scope\":\"x\",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"scope\":\"x\",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x\"}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[],\"scope\":\"x\",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":[1],\"scope\":\"x\",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x  y\",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x \",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x\\ty\",\"exp\":1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x\",\"exp\":\"1\"}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x\",\"exp\":-1}",
        "{\"iss\":\"i\",\"sub\":\"s\",\"aud\":\"AANF\",\"scope\":\"x\",\"exp\":1e300}",
        "{\"iss\":\"i\",\"sub\":\"s\\u0000t\",\"aud\":\"AANF\",\"scope\":\"x\",\"exp\":1}",
    };
    struct jwt_claims claims;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(jwt_claims_decode(msgin5g_str(rows[i]), &claims), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(jwt_claims_decode(msgin5g_str("{" CLAIMS ",\"exp\":1}"), &claims), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(jwt_claims_decode(msgin5g_str("{" CLAIMS), &claims), MSGIN5G_ERR_MALFORMED);
    assert_int_equal(jwt_claims_decode(msgin5g_str(NINE_AUDIENCES), &claims), MSGIN5G_ERR_MALFORMED);
}

static int setup(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK && tls_setup() == MSGIN5G_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_7515_a_3),
        cmocka_unit_test(test_one_character_changed),
        cmocka_unit_test(test_rfc_8037_appendix_a),
        cmocka_unit_test(test_eddsa_is_not_malleable),
        cmocka_unit_test(test_eddsa_own_tokens),
        cmocka_unit_test(test_no_key_confusion),
        cmocka_unit_test(test_ed25519_pem),
        cmocka_unit_test(test_other_algorithms),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_own_tokens),
        cmocka_unit_test(test_keys_that_are_none),
        cmocka_unit_test(test_public_key_as_jwk),
        cmocka_unit_test(test_claims),
        cmocka_unit_test(test_audience_as_a_list),
        cmocka_unit_test(test_claims_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
