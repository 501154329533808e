/* AKMA contexts: the latest key of a subscriber counts, K_AF keeps its expiry until it is over, removal removes. */
#include "context_store.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW        1700000000
#define LIFETIME_S 3600
#define FQDN       "msgin5g.lab.example"
/* Worked example W1 of the AKMA digest. */
#define K_AKMA     "176cdc89b8bc8634d912bf84cb7ed7b85afe1b8802afa110d1100a881df659a3"
#define K_AF_TLS13 "1b3e4d7656ca49fb8ec0da4ef76a6e356d11301bfa7097f1958a879334567959"
#define A_KID      "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define A_KID_2    "0.ryqwa1hPPSqB6HtP_YHkYqPPSgzEg_VEa2koJgoszEg@5gc.mnc001.mcc001.3gppnetwork.org"

static struct k_akma k_akma_w1(void)
{
    struct k_akma key;
    assert_int_equal(secret_from_hex(msgin5g_str(K_AKMA), key.octets, sizeof key.octets), MSGIN5G_OK);
    return key;
}

static enum msgin5g_err put(struct context_store *store, const char *supi, const char *a_kid, uint8_t change)
{
    struct k_akma k_akma = k_akma_w1();
    k_akma.octets[0] ^= change;
    const struct anchor_key key = { .supi = supi, .gpsi = "", .a_kid = a_kid, .k_akma = &k_akma };
    return context_store_register(store, &key);
}

static enum msgin5g_err get(
    struct context_store *store, const char *a_kid, int64_t now_s, struct k_af *k_af, int64_t *expiry_s)
{
    return context_store_k_af(store, a_kid, FQDN, &ua_id_tls_1_3, LIFETIME_S, now_s, k_af, expiry_s);
}

static int setup(void **state)
{
    struct context_store *store;
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(context_store_create(3, 2, &store), MSGIN5G_OK);
    *state = store;
    return 0;
}

static int teardown(void **state)
{
    context_store_free(*state);
    return 0;
}

static void test_k_af_is_that_of_the_worked_example(void **state)
{
    struct k_af k_af;
    struct context_identity identity;
    int64_t expiry_s;
    char hex[2 * AKMA_KEY_LEN + 1];
    assert_int_equal(put(*state, "imsi-001010000000001", A_KID, 0), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW, &k_af, &expiry_s), MSGIN5G_OK);
    secret_to_hex(k_af.octets, sizeof k_af.octets, hex);
    assert_string_equal(hex, K_AF_TLS13);
    assert_int_equal(expiry_s, NOW + LIFETIME_S);
    assert_int_equal(context_store_identity(*state, A_KID, &identity), MSGIN5G_OK);
    assert_string_equal(identity.supi, "imsi-001010000000001");
    assert_string_equal(identity.gpsi, "");
}

/* Choice C15. */
static void test_expiry_stays_until_it_is_over(void **state)
{
    struct k_af first;
    struct k_af later;
    int64_t expiry_s;
    assert_int_equal(put(*state, "imsi-1", A_KID, 0), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW, &first, &expiry_s), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW + LIFETIME_S - 1, &later, &expiry_s), MSGIN5G_OK);
    assert_int_equal(expiry_s, NOW + LIFETIME_S);
    assert_int_equal(get(*state, A_KID, NOW + LIFETIME_S, &later, &expiry_s), MSGIN5G_OK);
    assert_int_equal(expiry_s, NOW + 2 * LIFETIME_S);
    assert_memory_equal(&first, &later, sizeof first);
}

static void test_af_ids_expire_each_for_itself_and_are_bounded(void **state)
{
    struct k_af k_af;
    int64_t expiry_s;
    assert_int_equal(put(*state, "imsi-1", A_KID, 0), MSGIN5G_OK);
    for (uint16_t suite = 0; suite < 3; suite++) { /* one more than are remembered */
        struct ua_id ua_id = ua_id_tls_1_2(suite);
        assert_int_equal(
            context_store_k_af(*state, A_KID, FQDN, &ua_id, 100, NOW + suite, &k_af, &expiry_s), MSGIN5G_OK);
        assert_int_equal(expiry_s, NOW + suite + 100);
    }
    struct ua_id last = ua_id_tls_1_2(2);
    assert_int_equal(context_store_k_af(*state, A_KID, FQDN, &last, 100, NOW + 50, &k_af, &expiry_s), MSGIN5G_OK);
    assert_int_equal(expiry_s, NOW + 102);
    struct ua_id forgotten = ua_id_tls_1_2(0);
    assert_int_equal(context_store_k_af(*state, A_KID, FQDN, &forgotten, 100, NOW + 50, &k_af, &expiry_s), MSGIN5G_OK);
    assert_int_equal(expiry_s, NOW + 150);
}

/* TS 33.535 6.1 step 4. */
static void test_new_registration_replaces_the_old_one(void **state)
{
    struct k_af first;
    struct k_af second;
    int64_t expiry_s;
    assert_int_equal(put(*state, "imsi-1", A_KID, 0), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW, &first, &expiry_s), MSGIN5G_OK);
    assert_int_equal(put(*state, "imsi-1", A_KID_2, 1), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW, &second, &expiry_s), MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(get(*state, A_KID_2, NOW, &second, &expiry_s), MSGIN5G_OK);
    assert_memory_not_equal(&first, &second, sizeof first);
    assert_int_equal(context_store_count(*state), 1);
}

static void test_same_registration_again_changes_nothing(void **state)
{
    struct k_af k_af;
    int64_t expiry_s;
    assert_int_equal(put(*state, "imsi-1", A_KID, 0), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW, &k_af, &expiry_s), MSGIN5G_OK);
    assert_int_equal(put(*state, "imsi-1", A_KID, 0), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW + 10, &k_af, &expiry_s), MSGIN5G_OK);
    assert_int_equal(expiry_s, NOW + LIFETIME_S);
}

static void test_a_kid_of_another_subscriber_is_refused(void **state)
{
    struct context_identity identity;
    assert_int_equal(put(*state, "imsi-1", A_KID, 0), MSGIN5G_OK);
    assert_int_equal(put(*state, "imsi-2", A_KID, 1), MSGIN5G_ERR_DUPLICATE);
    assert_int_equal(context_store_identity(*state, A_KID, &identity), MSGIN5G_OK);
    assert_string_equal(identity.supi, "imsi-1");
    assert_int_equal(context_store_count(*state), 1);
}

static void test_remove(void **state)
{
    struct k_af k_af;
    int64_t expiry_s;
    assert_int_equal(context_store_remove(*state, "imsi-1"), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(put(*state, "imsi-1", A_KID, 0), MSGIN5G_OK);
    assert_int_equal(context_store_remove(*state, "imsi-1"), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW, &k_af, &expiry_s), MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(context_store_remove(*state, "imsi-1"), MSGIN5G_ERR_NOT_FOUND);
}

static void test_subscriber_known_by_gpsi_alone(void **state)
{
    struct k_akma k_akma = k_akma_w1();
    const struct anchor_key key = { .supi = "", .gpsi = "msisdn-12345", .a_kid = A_KID, .k_akma = &k_akma };
    struct context_identity identity;
    assert_int_equal(context_store_register(*state, &key), MSGIN5G_OK);
    assert_int_equal(context_store_identity(*state, A_KID, &identity), MSGIN5G_OK);
    assert_string_equal(identity.supi, "");
    assert_string_equal(identity.gpsi, "msisdn-12345");
    assert_int_equal(context_store_remove(*state, "msisdn-12345"), MSGIN5G_ERR_NOT_FOUND); /* that is no SUPI */
}

static void test_full_store(void **state)
{
    char supi[32];
    char a_kid[64];
    for (int i = 0; i < 3; i++) {
        (void)snprintf(supi, sizeof supi, "imsi-%d", i);
        (void)snprintf(a_kid, sizeof a_kid, "0.%d@r", i);
        assert_int_equal(put(*state, supi, a_kid, 0), MSGIN5G_OK);
    }
    assert_int_equal(put(*state, "imsi-9", "0.9@r", 0), MSGIN5G_ERR_LIMIT);
    assert_int_equal(put(*state, "imsi-1", "0.8@r", 0), MSGIN5G_OK); /* replacing needs no room */
    assert_int_equal(context_store_count(*state), 3);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

struct heard {
    size_t count;
    char a_kid[AKMA_A_KID_MAX + 1];
    char uri[64];
};

static void hear(void *ctx, const char *a_kid, const char *notif_uri)
{
    struct heard *heard = ctx;
    heard->count++;
    (void)snprintf(heard->a_kid, sizeof heard->a_kid, "%s", a_kid);
    (void)snprintf(heard->uri, sizeof heard->uri, "%s", notif_uri);
}

static void test_the_end_is_announced_once_a_place(void **state)
{
    static const char supi[] = "imsi-001010000000001";
    static const char uri[] = "https://af.example/gone";
    struct heard heard = { 0 };
    struct k_af k_af;
    int64_t expiry_s;
    context_store_watch(*state, hear, false, &heard);
    assert_int_equal(put(*state, supi, A_KID, 0), MSGIN5G_OK);
    assert_int_equal(context_store_set_notif_uri(*state, A_KID, FQDN, &ua_id_tls_1_3, uri), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(
        context_store_set_notif_uri(*state, A_KID_2, FQDN, &ua_id_tls_1_3, uri), MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(get(*state, A_KID, NOW, &k_af, &expiry_s), MSGIN5G_OK);
    assert_int_equal(
        context_store_k_af(*state, A_KID, FQDN, &ua_id_dtls_1_3, LIFETIME_S, NOW, &k_af, &expiry_s), MSGIN5G_OK);
    assert_int_equal(context_store_set_notif_uri(*state, A_KID, FQDN, &ua_id_tls_1_3, "https://old/"), MSGIN5G_OK);
    assert_int_equal(context_store_set_notif_uri(*state, A_KID, FQDN, &ua_id_tls_1_3, uri), MSGIN5G_OK);
    assert_int_equal(context_store_set_notif_uri(*state, A_KID, FQDN, &ua_id_dtls_1_3, uri), MSGIN5G_OK);
    assert_int_equal(context_store_remove(*state, supi), MSGIN5G_OK);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.a_kid, A_KID);
    assert_string_equal(heard.uri, uri);
}

static void test_replacement_is_announced_when_wanted(void **state)
{
    static const char supi[] = "imsi-001010000000001";
    struct heard heard = { 0 };
    struct k_af k_af;
    int64_t expiry_s;
    for (int replaced = 0; replaced <= 1; replaced++) {
        context_store_watch(*state, hear, replaced, &heard);
        assert_int_equal(put(*state, supi, A_KID, 0), MSGIN5G_OK);
        assert_int_equal(get(*state, A_KID, NOW, &k_af, &expiry_s), MSGIN5G_OK);
        assert_int_equal(context_store_set_notif_uri(*state, A_KID, FQDN, &ua_id_tls_1_3, "https://af/"), MSGIN5G_OK);
        assert_int_equal(put(*state, supi, A_KID_2, 1), MSGIN5G_OK);
        assert_int_equal(heard.count, replaced);
    }
}

static void test_expire_now(void **state)
{
    static const char supi[] = "imsi-001010000000001";
    struct k_af before, after;
    int64_t first, second;
    assert_int_equal(context_store_expire(*state, supi, NOW), MSGIN5G_ERR_NOT_FOUND);
    assert_int_equal(put(*state, supi, A_KID, 0), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW, &before, &first), MSGIN5G_OK);
    assert_int_equal(context_store_expire(*state, supi, NOW + 10), MSGIN5G_OK);
    assert_int_equal(get(*state, A_KID, NOW + 10, &after, &second), MSGIN5G_OK);
    assert_memory_equal(&before, &after, sizeof before);
    assert_int_equal(first, NOW + LIFETIME_S);
    assert_int_equal(second, NOW + 10 + LIFETIME_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_k_af_is_that_of_the_worked_example),
        TEST(test_expiry_stays_until_it_is_over),
        TEST(test_af_ids_expire_each_for_itself_and_are_bounded),
        TEST(test_new_registration_replaces_the_old_one),
        TEST(test_same_registration_again_changes_nothing),
        TEST(test_a_kid_of_another_subscriber_is_refused),
        TEST(test_remove),
        TEST(test_subscriber_known_by_gpsi_alone),
        TEST(test_full_store),
        TEST(test_expire_now),
        TEST(test_the_end_is_announced_once_a_place),
        TEST(test_replacement_is_announced_when_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
