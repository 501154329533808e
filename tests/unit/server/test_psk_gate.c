/* What the gate reads from DTLS handshakes: real ones, built ones, broken ones. */
#include "psk_gate.h"

#include "dtls_datagrams.h"
#include "gate_octets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDENTITY "3GPP-AKMA;0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define NAME     "msgin5g.lab.example"

static void assert_text(struct msgin5g_str actual, const char *expected)
{
    assert_int_equal(actual.length, strlen(expected));
    assert_memory_equal(actual.octets, expected, actual.length);
}

static enum psk_gate_event read_hex(struct psk_gate *gate, const char *hex, struct psk_gate_finding *out)
{
    static struct octets octets;
    octets_from_hex(hex, &octets);
    return psk_gate_read(gate, octets.data, octets.length, out);
}

static int create(void **state)
{
    *state = psk_gate_create();
    return *state == NULL;
}

static int destroy(void **state)
{
    psk_gate_free(*state);
    return 0;
}

static void test_real_handshakes(void **state)
{
    static const char *const handshakes[][3] = {
        { PSK_CCM8_HELLO, PSK_CCM8_HELLO_WITH_COOKIE, PSK_CCM8_KEY_EXCHANGE },
        { ECDHE_PSK_HELLO, ECDHE_PSK_HELLO_WITH_COOKIE, ECDHE_PSK_KEY_EXCHANGE },
    };
    for (size_t i = 0; i < 2; i++) {
        struct psk_gate_finding finding;
        assert_int_equal(read_hex(*state, handshakes[i][0], &finding), PSK_GATE_NOTHING);
        assert_int_equal(read_hex(*state, handshakes[i][1], &finding), PSK_GATE_HELLO);
        assert_false(finding.is_1_3);
        assert_false(finding.psk_offered);
        assert_true(finding.cookie.length > 0);
        assert_text(finding.server_name, NAME);
        assert_int_equal(read_hex(*state, handshakes[i][2], &finding), PSK_GATE_KEY_EXCHANGE);
        assert_text(finding.identity, IDENTITY);
    }
}

static void test_hello_without_server_name(void **state)
{
    struct psk_gate_finding finding;
    assert_int_equal(read_hex(*state, NO_NAME_HELLO_WITH_COOKIE, &finding), PSK_GATE_HELLO);
    assert_null(finding.server_name.octets);
}

static void test_dtls_1_3_hello(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    struct hello hello = { .cookie = "a cookie",
        .server_name = NAME,
        .identities = { "a ticket", IDENTITY, "3GPP-AKMA;another" },
        .psk_mode = 1,
        .version = 0xFEFC };
    hello_datagram(&hello, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_HELLO);
    assert_true(finding.is_1_3);
    assert_true(finding.psk_offered);
    assert_true(finding.psk_dhe_ke);
    assert_text(finding.cookie, "a cookie");
    assert_text(finding.server_name, NAME);
    assert_text(finding.identity, IDENTITY);
}

static void test_dtls_1_3_hello_without_cookie_says_nothing(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    struct hello hello = { .server_name = NAME, .identities = { IDENTITY }, .psk_mode = 1, .version = 0xFEFC };
    hello_datagram(&hello, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_NOTHING);
}

static void test_only_foreign_identities(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    struct hello hello = { .cookie = "c", .identities = { "ticket", "other" }, .psk_mode = 0, .version = 0xFEFC };
    hello_datagram(&hello, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_HELLO);
    assert_text(finding.identity, "ticket");
    assert_false(finding.psk_dhe_ke);
}

/* A client that offers 1.3 but got the cookie of 1.2 goes on with 1.2. */
static void test_legacy_cookie_means_1_2(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    struct hello hello = { .legacy_cookie = "old", .server_name = NAME, .psk_mode = -1, .version = 0xFEFC };
    hello_datagram(&hello, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_HELLO);
    assert_false(finding.is_1_3);
    assert_text(finding.cookie, "old");
}

static void test_fragments_in_any_order(void **state)
{
    static const size_t orders[][3] = { { 0, 1, 2 }, { 2, 1, 0 }, { 1, 2, 0 }, { 0, 2, 1 } };
    struct hello hello = { .cookie = "c",
        .server_name = NAME,
        .identities = { IDENTITY },
        .psk_mode = 1,
        .version = 0xFEFC,
        .padding = 1500 };
    struct octets body, octets;
    hello_body(&hello, &body);
    const size_t offsets[] = { 0, 600, 1100 }, ends[] = { 700, 1200, body.length }; /* they overlap */
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        for (size_t k = 0; k < 3; k++) {
            struct psk_gate_finding finding;
            size_t part = orders[i][k];
            handshake_record(1, (uint16_t)i, &body, offsets[part], ends[part] - offsets[part], &octets);
            enum psk_gate_event event = psk_gate_read(*state, octets.data, octets.length, &finding);
            assert_int_equal(event, k < 2 ? PSK_GATE_NOTHING : PSK_GATE_HELLO);
            if (k == 2)
                assert_text(finding.identity, IDENTITY);
        }
    }
}

static void test_fragment_of_another_message_starts_anew(void **state)
{
    struct hello hello = { .cookie = "c", .server_name = NAME, .psk_mode = -1, .version = 0xFEFC };
    struct psk_gate_finding finding;
    struct octets body, octets;
    hello_body(&hello, &body);
    handshake_record(1, 1, &body, 0, 50, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_NOTHING);
    handshake_record(1, 2, &body, 50, body.length - 50, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_NOTHING);
    handshake_record(1, 2, &body, 0, 50, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_HELLO);
}

static void test_fragment_outside_of_its_message(void **state)
{
    struct psk_gate_finding finding;
    struct octets body = { .length = 100 }, octets;
    memset(body.data, 0, sizeof body.data);
    handshake_record(1, 1, &body, 90, 20, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_MALFORMED);
    body.length = PSK_GATE_MESSAGE_MAX + 1;
    handshake_record(1, 1, &body, 0, 20, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_MALFORMED);
}

/* Cut anywhere, a hello gives nothing that was not in it, and the sanitizers see no read past its end. */
static void test_truncation(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    octets_from_hex(PSK_CCM8_HELLO_WITH_COOKIE, &octets);
    for (size_t length = 0; length < octets.length; length++) {
        uint8_t *exact = malloc(length + 1);
        assert_non_null(exact);
        memcpy(exact, octets.data, length);
        enum psk_gate_event event = psk_gate_read(*state, exact, length, &finding);
        assert_int_equal(event, length == 0 ? PSK_GATE_NOTHING : PSK_GATE_MALFORMED);
        free(exact);
    }
}

static void test_what_is_not_in_the_clear(void **state)
{
    struct psk_gate_finding finding;
    const uint8_t ciphertext[] = { 0x2E, 0x01, 0x02, 0x03 };
    assert_int_equal(psk_gate_read(*state, ciphertext, sizeof ciphertext, &finding), PSK_GATE_NOTHING);
    struct octets octets;
    octets_from_hex(PSK_CCM8_HELLO_WITH_COOKIE, &octets);
    octets.data[4] = 1; /* epoch 1: encrypted, whatever it looks like */
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_NOTHING);
}

static void test_what_is_not_dtls(void **state)
{
    struct psk_gate_finding finding;
    const uint8_t coap[] = { 0x40, 0x01, 0x12, 0x34, 0xB7, 'm', 's', 'g', 'i', 'n', '5', 'g', 0x00, 0x00 };
    const uint8_t tls[] = { 22, 3, 3, 0, 4, 1, 0, 0, 0, 0, 0, 0, 0, 0 };
    assert_int_equal(psk_gate_read(*state, coap, sizeof coap, &finding), PSK_GATE_MALFORMED);
    assert_int_equal(psk_gate_read(*state, tls, sizeof tls, &finding), PSK_GATE_MALFORMED);
}

static void test_identity_may_be_anything(void **state)
{
    struct psk_gate_finding finding;
    struct octets octets;
    char identity[300];
    memset(identity, 'a', sizeof identity);
    identity[5] = '\0';
    key_exchange_datagram(identity, sizeof identity, &octets);
    assert_int_equal(psk_gate_read(*state, octets.data, octets.length, &finding), PSK_GATE_KEY_EXCHANGE);
    assert_int_equal(finding.identity.length, sizeof identity);
    assert_memory_equal(finding.identity.octets, identity, sizeof identity);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_real_handshakes),
        TEST(test_hello_without_server_name),
        TEST(test_dtls_1_3_hello),
        TEST(test_dtls_1_3_hello_without_cookie_says_nothing),
        TEST(test_only_foreign_identities),
        TEST(test_legacy_cookie_means_1_2),
        TEST(test_fragments_in_any_order),
        TEST(test_fragment_of_another_message_starts_anew),
        TEST(test_fragment_outside_of_its_message),
        TEST(test_truncation),
        TEST(test_what_is_not_in_the_clear),
        TEST(test_what_is_not_dtls),
        TEST(test_identity_may_be_anything),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
