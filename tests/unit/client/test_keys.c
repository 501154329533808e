/* Which K_AF belongs to which handshake (TS 33.220 H.3), and when there is none. */
#include "akma/kdf.h"
#include "client_internal.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define A_KID "0.AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8@5gc.mnc001.mcc001.3gppnetwork.org"

static struct k_akma k_akma = { { 1, 2, 3, 4, 5, 6, 7, 8 } };

static void prepare(struct msgin5g_client *client)
{
    memset(client, 0, sizeof *client);
    strcpy(client->server_name, "msgin5g.lab.example");
    strcpy(client->a_kid, A_KID);
    client->k_akma = &k_akma;
}

static void ua_id_follows_version_and_suite(void **state)
{
    static const struct {
        enum transport_scheme scheme;
        const char *hint;
        uint16_t suite;
        struct ua_id ua_id;
    } rows[] = {
        { TRANSPORT_COAPS, NULL, TLS_SUITE_TLS13_AES_128_GCM, { { 1, 0, 0, 0, 9 } } },
        { TRANSPORT_COAPS_TCP, NULL, TLS_SUITE_TLS13_AES_128_GCM, { { 1, 0, 0, 0, 7 } } },
        { TRANSPORT_COAPS, "3GPP-AKMA", TLS_SUITE_ECDHE_PSK_AES128_GCM, { { 1, 0, 1, 0xd0, 0x01 } } },
        { TRANSPORT_COAPS, "3GPP-AKMA", TLS_SUITE_ECDHE_PSK_CHACHA20, { { 1, 0, 1, 0xcc, 0xac } } },
        { TRANSPORT_COAPS, "3GPP-AKMA", TLS_SUITE_PSK_AES128_CCM_8, { { 1, 0, 1, 0xc0, 0xa8 } } },
        { TRANSPORT_COAPS_TCP, "3GPP-AKMA", TLS_SUITE_PSK_AES128_CCM_8, { { 1, 0, 1, 0xc0, 0xa8 } } },
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct msgin5g_client client;
        struct transport_psk psk;
        struct k_af expected;

        prepare(&client);
        client.server.scheme = rows[i].scheme;
        assert_true(keys_psk(&client, rows[i].hint, rows[i].suite, &psk));
        assert_int_equal(kdf_k_af(&k_akma, "msgin5g.lab.example", &rows[i].ua_id, &expected), MSGIN5G_OK);
        assert_int_equal(psk.key_length, sizeof expected.octets);
        assert_memory_equal(psk.key, expected.octets, sizeof expected.octets);
        assert_string_equal(psk.identity, "3GPP-AKMA;" A_KID);
    }
}

static void hint_is_a_list(void **state)
{
    static const struct {
        const char *hint;
        bool accepted;
    } rows[] = {
        { "3GPP-AKMA", true },
        { "3GPP-bootstrapping;3GPP-AKMA", true },
        { "3GPP-AKMA;3GPP-bootstrapping", true },
        { ";3GPP-AKMA;", true },
        { "", false },
        { ";", false },
        { "3GPP-bootstrapping", false },
        { "3GPP-AKMA2", false },
        { "X3GPP-AKMA", false },
        { "3GPP-AKM", false },
        { "3gpp-akma", false },
        { "3GPP-AKMA,3GPP-bootstrapping", false },
    };
    struct msgin5g_client client;
    struct transport_psk psk;

    (void)state;
    prepare(&client);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (keys_psk(&client, rows[i].hint, TLS_SUITE_ECDHE_PSK_AES128_GCM, &psk) != rows[i].accepted)
            fail_msg("hint '%s' was %s", rows[i].hint, rows[i].accepted ? "refused" : "taken");
}

static void no_key_no_psk(void **state)
{
    struct msgin5g_client client;
    struct transport_psk psk;

    (void)state;
    prepare(&client);
    client.k_akma = NULL;
    assert_false(keys_psk(&client, NULL, TLS_SUITE_TLS13_AES_128_GCM, &psk));
}

static void longest_a_kid_fits(void **state)
{
    struct msgin5g_client client;
    struct transport_psk psk;

    (void)state;
    prepare(&client);
    memset(client.a_kid, 'a', AKMA_A_KID_MAX);
    assert_true(keys_psk(&client, NULL, TLS_SUITE_TLS13_AES_128_GCM, &psk));
    assert_int_equal(strlen(psk.identity), AKMA_PSK_IDENTITY_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ua_id_follows_version_and_suite),
        cmocka_unit_test(hint_is_a_list),
        cmocka_unit_test(no_key_no_psk),
        cmocka_unit_test(longest_a_kid_fits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
