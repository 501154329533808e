/* What the gate reads from TLS streams: real ones cut anywhere, built ones, broken ones. */
#include "psk_gate_stream.h"

#include "gate_octets.h"
#include "tls_streams.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define IDENTITY "3GPP-AKMA;0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define NAME     "msgin5g.lab.example"
#define TLS_1_3  0x0304

static void assert_text(struct msgin5g_str actual, const char *expected)
{
    assert_int_equal(actual.length, strlen(expected));
    assert_memory_equal(actual.octets, expected, actual.length);
}

static int create(void **state)
{
    *state = psk_gate_stream_create();
    return *state == NULL;
}

static int destroy(void **state)
{
    psk_gate_stream_free(*state);
    return 0;
}

static void begin_anew(void **state)
{
    psk_gate_stream_free(*state);
    assert_int_equal(create(state), 0);
}

static enum psk_gate_event read_all(void **state, const struct octets *octets, struct psk_gate_finding *out)
{
    return psk_gate_stream_read(*state, octets->data, octets->length, out);
}

/* A handshake in runs of @p run octets: what was found in it. */
struct seen {
    int hellos, exchanges;
    bool is_1_3;
    char server_name[64];
    char identity[128];
};

static void note(enum psk_gate_event event, const struct psk_gate_finding *finding, struct seen *seen)
{
    assert_int_not_equal(event, PSK_GATE_MALFORMED);
    if (event == PSK_GATE_NOTHING)
        return;
    if (event == PSK_GATE_HELLO) {
        seen->hellos++;
        seen->is_1_3 = finding->is_1_3;
        memcpy(seen->server_name, finding->server_name.octets, finding->server_name.length);
    } else {
        seen->exchanges++;
    }
    if (finding->identity.octets != NULL)
        memcpy(seen->identity, finding->identity.octets, finding->identity.length);
}

static void read_in_runs(void **state, const char *hex, size_t run, struct seen *seen)
{
    static struct octets octets;
    octets_from_hex(hex, &octets);
    begin_anew(state);
    *seen = (struct seen){ 0 };
    size_t flight = 5 + (size_t)(octets.data[3] << 8 | octets.data[4]); /* the hello: the server speaks after it */
    for (size_t at = 0; at < octets.length;) {
        struct psk_gate_finding finding;
        size_t end = at < flight ? flight : octets.length;
        size_t length = run < end - at ? run : end - at;
        note(psk_gate_stream_read(*state, octets.data + at, length, &finding), &finding, seen);
        at += length;
    }
}

static const size_t runs[] = { 1, 2, 3, 5, 7, 64, 200 };

static void test_openssl_1_2_cut_anywhere(void **state)
{
    for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
        struct seen seen;
        read_in_runs(state, OPENSSL_1_2, runs[i], &seen);
        assert_int_equal(seen.hellos, 1);
        assert_int_equal(seen.exchanges, 1);
        assert_false(seen.is_1_3);
        assert_string_equal(seen.server_name, "localhost");
        assert_string_equal(seen.identity, OPENSSL_1_2_IDENTITY);
    }
}

static void test_1_3_cut_anywhere(void **state)
{
    static const struct {
        const char *hex, *identity;
    } rows[] = { { OPENSSL_1_3, OPENSSL_1_3_IDENTITY }, { GNUTLS_1_3, GNUTLS_1_3_IDENTITY } };
    for (size_t row = 0; row < sizeof rows / sizeof rows[0]; row++) {
        for (size_t i = 0; i < sizeof runs / sizeof runs[0]; i++) {
            struct seen seen;
            read_in_runs(state, rows[row].hex, runs[i], &seen);
            assert_int_equal(seen.hellos, 1);
            assert_int_equal(seen.exchanges, 0);
            assert_true(seen.is_1_3);
            assert_string_equal(seen.server_name, "localhost");
            assert_string_equal(seen.identity, rows[row].identity);
        }
    }
}

static void test_what_a_hello_offers(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    struct hello hello = {
        .server_name = NAME, .identities = { "a ticket", IDENTITY }, .psk_mode = 1, .version = TLS_1_3
    };
    tls_hello(&hello, &octets);
    assert_int_equal(read_all(state, &octets, &finding), PSK_GATE_HELLO);
    assert_true(finding.is_1_3 && finding.psk_offered && finding.psk_dhe_ke);
    assert_text(finding.server_name, NAME);
    assert_text(finding.identity, IDENTITY);
    hello = (struct hello){ .identities = { IDENTITY }, .psk_mode = 0, .version = TLS_1_3 };
    tls_hello(&hello, &octets);
    begin_anew(state);
    assert_int_equal(read_all(state, &octets, &finding), PSK_GATE_HELLO);
    assert_false(finding.psk_dhe_ke);
    assert_null(finding.server_name.octets);
}

/* The version of DTLS 1.3 means nothing here. */
static void test_version_of_dtls_is_not_1_3(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    struct hello hello = { .server_name = NAME, .psk_mode = -1, .version = 0xFEFC };
    tls_hello(&hello, &octets);
    assert_int_equal(read_all(state, &octets, &finding), PSK_GATE_HELLO);
    assert_false(finding.is_1_3);
}

/* After a HelloRetryRequest the client sends ChangeCipherSpec and its hello again (RFC 8446 4.1.4, D.4). */
static void test_hello_comes_again(void **state)
{
    static const uint8_t change_cipher_spec[] = { 20, 3, 3, 0, 1, 1 };
    struct octets octets;
    struct psk_gate_finding finding;
    struct hello hello = { .server_name = NAME, .identities = { IDENTITY }, .psk_mode = 1, .version = TLS_1_3 };
    tls_hello(&hello, &octets);
    assert_int_equal(read_all(state, &octets, &finding), PSK_GATE_HELLO);
    assert_int_equal(
        psk_gate_stream_read(*state, change_cipher_spec, sizeof change_cipher_spec, &finding), PSK_GATE_NOTHING);
    assert_int_equal(read_all(state, &octets, &finding), PSK_GATE_HELLO);
    assert_text(finding.identity, IDENTITY);
}

static void test_hello_in_many_records(void **state)
{
    struct octets whole, pieces = { .length = 0 };
    struct psk_gate_finding finding;
    struct hello hello = {
        .server_name = NAME, .identities = { IDENTITY }, .psk_mode = 1, .version = TLS_1_3, .padding = 300
    };
    tls_hello(&hello, &whole);
    for (size_t at = 5; at < whole.length; at += 3)
        tls_record(whole.data + at, whole.length - at < 3 ? whole.length - at : 3, &pieces);
    assert_int_equal(read_all(state, &pieces, &finding), PSK_GATE_HELLO);
    assert_text(finding.server_name, NAME);
    assert_text(finding.identity, IDENTITY);
}

static void test_nothing_in_the_clear_follows_a_key_exchange(void **state)
{
    struct octets octets;
    struct psk_gate_finding finding;
    char identity[300];
    memset(identity, 'a', sizeof identity);
    identity[5] = '\0';
    tls_key_exchange(identity, sizeof identity, &octets);
    assert_int_equal(read_all(state, &octets, &finding), PSK_GATE_KEY_EXCHANGE);
    assert_int_equal(finding.identity.length, sizeof identity);
    assert_memory_equal(finding.identity.octets, identity, sizeof identity);
    assert_int_equal(psk_gate_stream_read(*state, (const uint8_t *)"anything", 8, &finding), PSK_GATE_NOTHING);
}

/* Another message type is passed over, whatever its length says within bounds. */
static void test_other_messages_are_passed_over(void **state)
{
    static const uint8_t other[] = { 11, 0, 0, 3, 0, 0, 0, 15, 0, 0, 1, 0 };
    struct octets octets = { .length = 0 }, hello_octets;
    struct psk_gate_finding finding;
    struct hello hello = { .server_name = NAME, .psk_mode = -1 };
    tls_record(other, sizeof other, &octets);
    assert_int_equal(read_all(state, &octets, &finding), PSK_GATE_NOTHING);
    tls_hello(&hello, &hello_octets);
    assert_int_equal(read_all(state, &hello_octets, &finding), PSK_GATE_HELLO);
}

static void assert_broken(void **state, const void *octets, size_t length)
{
    struct psk_gate_finding finding;
    begin_anew(state);
    assert_int_equal(psk_gate_stream_read(*state, octets, length, &finding), PSK_GATE_MALFORMED);
    /* And stays so, for nobody knows where a record would begin. */
    assert_int_equal(
        psk_gate_stream_read(*state, (const uint8_t *)"\x16\x03\x03\x00\x04", 5, &finding), PSK_GATE_MALFORMED);
}

static void test_what_is_not_tls(void **state)
{
    static const struct {
        const char *octets;
        size_t length;
    } rows[] = {
        { "GET / HTTP/1.1\r\n", 16 }, { "\x80\x2e\x01\x03\x03", 5 },        /* hello of SSL 2 */
        { "\x16\xfe\xfd\x00\x04", 5 },                                      /* version of DTLS */
        { "\x16\x03\x03\x00\x00", 5 },                                      /* empty record */
        { "\x16\x03\x03\x40\x01", 5 },                                      /* longer than 2^14 */
        { "\x18\x03\x03\x00\x04", 5 },                                      /* heartbeat */
        { "\x16\x03\x03\x00\x04\x01\x00\x00\x00", 9 },                      /* empty hello */
        { "\x16\x03\x03\x00\x04\x01\x00\x10\x01", 9 },                      /* hello of 4097 octets */
        { "\x16\x03\x03\x00\x04\x0b\xff\xff\xff", 9 },                      /* certificate of 16 MB */
        { "\x16\x03\x03\x00\x04\x01\x00\x01\x00\x15\x03\x03\x00\x02", 14 }, /* alert in the middle of a hello */
        { "\x16\x03\x03\x00\x02\x01\x00\x17\x03\x03\x00\x02", 12 },         /* data in the middle of its header */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_broken(state, rows[i].octets, rows[i].length);
}

/* A hello ends the flight: the same record, or the same moment, brings nothing more. */
static void test_hello_with_company(void **state)
{
    struct octets hello_octets, octets = { .length = 0 };
    struct hello hello = { .server_name = NAME, .psk_mode = -1 };
    tls_hello(&hello, &hello_octets);
    memcpy(octets.data, hello_octets.data, hello_octets.length);
    memcpy(octets.data + hello_octets.length, hello_octets.data, hello_octets.length);
    assert_broken(state, octets.data, 2 * hello_octets.length);
    memcpy(octets.data + hello_octets.length, "\x01\x00\x00\x01\x00", 5);
    octets.data[4] = (uint8_t)(octets.data[4] + 5);
    assert_broken(state, octets.data, hello_octets.length + 5);
}

static void test_hello_that_contradicts_itself(void **state)
{
    struct octets octets;
    struct hello hello = { .server_name = NAME, .psk_mode = -1 };
    tls_hello(&hello, &octets);
    octets.data[9 + 34] = 0xFF; /* session id beyond the end */
    assert_broken(state, octets.data, octets.length);
    tls_key_exchange("x", 1, &octets);
    octets.data[9] = 0xFF; /* identity beyond the end */
    assert_broken(state, octets.data, octets.length);
}

/* Cut short, a hello says nothing, and the sanitizers see no read past its end. */
static void test_truncation(void **state)
{
    struct octets octets;
    struct hello hello = { .server_name = NAME, .identities = { IDENTITY }, .psk_mode = 1, .version = TLS_1_3 };
    tls_hello(&hello, &octets);
    for (size_t length = 1; length < octets.length; length++) {
        struct psk_gate_finding finding;
        uint8_t *exact = malloc(length);
        assert_non_null(exact);
        memcpy(exact, octets.data, length);
        begin_anew(state);
        assert_int_equal(psk_gate_stream_read(*state, exact, length, &finding), PSK_GATE_NOTHING);
        free(exact);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, create, destroy)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_openssl_1_2_cut_anywhere),
        TEST(test_1_3_cut_anywhere),
        TEST(test_what_a_hello_offers),
        TEST(test_version_of_dtls_is_not_1_3),
        TEST(test_hello_comes_again),
        TEST(test_hello_in_many_records),
        TEST(test_nothing_in_the_clear_follows_a_key_exchange),
        TEST(test_other_messages_are_passed_over),
        TEST(test_what_is_not_tls),
        TEST(test_hello_with_company),
        TEST(test_hello_that_contradicts_itself),
        TEST(test_truncation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
