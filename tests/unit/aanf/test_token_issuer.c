/* The issuer: what it signs it accepts until the second it expires, and nothing of anybody else's. */
#include "base/secret.h"
#include "failing_malloc.h"
#include "tls/stream.h"
#include "token_issuer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define NOW     1700000000
#define NRF_ID  "11111111-1111-4111-8111-111111111111"
#define AANF_ID "4f6d2a10-5b1f-4d2c-9b9f-0a1d2c3b4e5f"

static const struct token_issuer_config config = {
    .key_file = "", .issuer_id = NRF_ID, .aanf_id = AANF_ID, .token_lifetime_s = 60
};

static struct token_issuer *make(const struct token_issuer_config *from)
{
    struct token_issuer *issuer = NULL;
    assert_int_equal(token_issuer_create(from, &issuer), MSGIN5G_OK);
    return issuer;
}

static enum msgin5g_err verify(
    struct token_issuer *issuer, const struct buffer *token, int64_t now_s, struct jwt_claims *out)
{
    return token_issuer_verify(issuer, (struct msgin5g_str){ (const char *)token->data, token->length }, now_s, out);
}

static void test_expiry(void **state)
{
    struct token_issuer *issuer = make(&config);
    struct jwt_claims claims;
    struct buffer token;
    (void)state;
    for (int instance = 0; instance < 2; instance++) {
        buffer_init(&token, JWS_TOKEN_MAX);
        assert_int_equal(token_issuer_issue(issuer, "s", "naanf-akma", instance == 1, NOW, &token), MSGIN5G_OK);
        assert_int_equal(verify(issuer, &token, NOW + 59, &claims), MSGIN5G_OK);
        assert_string_equal(claims.aud[0], instance == 1 ? AANF_ID : "AANF");
        assert_int_equal(verify(issuer, &token, NOW + 60, &claims), MSGIN5G_ERR_AUTHENTICATION);
        buffer_free(&token);
    }
    token_issuer_free(issuer);
}

static void test_other_issuer(void **state)
{
    struct token_issuer *issuer = make(&config);
    struct token_issuer *other = make(&config);
    struct jwt_claims claims;
    struct buffer token;
    (void)state;
    buffer_init(&token, JWS_TOKEN_MAX);
    assert_int_equal(token_issuer_issue(issuer, "s", "naanf-akma", false, NOW, &token), MSGIN5G_OK);
    assert_int_equal(verify(other, &token, NOW, &claims), MSGIN5G_ERR_AUTHENTICATION);
    buffer_free(&token);
    token_issuer_free(other);
    token_issuer_free(issuer);
}

static void test_files(void **state)
{
    struct token_issuer_config from = config;
    struct token_issuer *issuer = NULL;
    (void)state;
    from.key_file = "/nonexistent/nrf.key";
    assert_int_equal(token_issuer_create(&from, &issuer), MSGIN5G_ERR_IO);
    from.key_file = "/dev/null";
    assert_int_equal(token_issuer_create(&from, &issuer), MSGIN5G_ERR_INVALID);
    from.key_file = "/dev/zero";
    assert_int_equal(token_issuer_create(&from, &issuer), MSGIN5G_ERR_INVALID);
}

/* Memory runs out at every allocation in turn: never a wrong verdict, nothing leaked. */
static void test_no_memory(void **state)
{
    bool failed = true;
    (void)state;
    for (unsigned int allocations = 0; failed; allocations++) {
        struct token_issuer *issuer = NULL;
        struct jwt_claims claims;
        struct buffer token;
        buffer_init(&token, JWS_TOKEN_MAX);
        failing_malloc_after(allocations);
        enum msgin5g_err err = token_issuer_create(&config, &issuer);
        if (err == MSGIN5G_OK)
            err = token_issuer_issue(issuer, "s", "naanf-akma", false, NOW, &token);
        if (err == MSGIN5G_OK)
            err = verify(issuer, &token, NOW, &claims);
        failed = failing_malloc_stop();
        assert_true(failed || err == MSGIN5G_OK);
        /* The cache of verified tokens does without. */
        assert_true(err == MSGIN5G_OK || err == MSGIN5G_ERR_NO_MEMORY || err == MSGIN5G_ERR_INTERNAL);
        buffer_free(&token);
        token_issuer_free(issuer);
    }
}

static int setup(void **state)
{
    (void)state;
    return secret_setup() == MSGIN5G_OK && tls_setup() == MSGIN5G_OK ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_expiry),
        cmocka_unit_test(test_other_issuer),
        cmocka_unit_test(test_files),
        cmocka_unit_test(test_no_memory),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
