/* Tokens that show that an address receives: good there and for a while, nowhere else and not for ever. */
#include "reachability.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define HERE "192.0.2.1:40000"
#define NOW  INT64_C(1000000)

static struct msgin5g_str token_at(const struct reachability *reachability, uint8_t token[REACHABILITY_TOKEN_LEN])
{
    reachability_token(reachability, HERE, NOW, token);
    return (struct msgin5g_str){ (const char *)token, REACHABILITY_TOKEN_LEN };
}

static void test_token_is_good_there_for_a_while(void **state)
{
    struct reachability mine, other;
    uint8_t octets[REACHABILITY_TOKEN_LEN];
    (void)state;
    reachability_init(&mine);
    reachability_init(&other);
    struct msgin5g_str token = token_at(&mine, octets);
    assert_true(reachability_shown(&mine, HERE, NOW, token));
    assert_true(reachability_shown(&mine, HERE, NOW + REACHABILITY_LIFE_MS, token));
    assert_false(reachability_shown(&mine, HERE, NOW + INT64_C(2) * REACHABILITY_LIFE_MS, token));
    assert_false(reachability_shown(&mine, "192.0.2.1:40001", NOW, token));
    assert_false(reachability_shown(&other, HERE, NOW, token));
}

static void test_what_is_no_token(void **state)
{
    struct reachability mine;
    uint8_t octets[REACHABILITY_TOKEN_LEN];
    (void)state;
    reachability_init(&mine);
    struct msgin5g_str token = token_at(&mine, octets);
    assert_false(reachability_shown(&mine, HERE, NOW, (struct msgin5g_str){ NULL, 0 }));
    assert_false(reachability_shown(&mine, HERE, NOW, (struct msgin5g_str){ token.octets, token.length - 1 }));
    octets[3] ^= 1;
    assert_false(reachability_shown(&mine, HERE, NOW, token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_is_good_there_for_a_while),
        cmocka_unit_test(test_what_is_no_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
