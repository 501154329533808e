/* The PSK profile on wolfSSL sessions made as libcoap makes them: what is offered, chosen and refused. */
#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include "tls/psk.h"
#include "tls/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define DATAGRAMS 32
#define ROUNDS    60

/* One direction of the wire; keeps the borders of datagrams. */
struct queue {
    struct {
        size_t length;
        char octets[2048];
    } slots[DATAGRAMS];
    size_t begin, end;
    size_t taken; /* octets of the first slot that were read (streams) */
};

struct end {
    WOLFSSL_CTX *ctx;
    WOLFSSL *ssl;
    struct queue *in, *out;
    bool dtls;
    int result; /* of the last accept or connect: 0 not yet, 1 done, -1 failed */
};

struct wire {
    struct end client, server;
    struct queue up, down;
};

static int on_send(WOLFSSL *ssl, char *octets, int length, void *ctx)
{
    struct queue *out = ((struct end *)ctx)->out;
    (void)ssl;
    assert_true(length > 0 && (size_t)length <= sizeof out->slots[0].octets && out->end < DATAGRAMS);
    memcpy(out->slots[out->end].octets, octets, (size_t)length);
    out->slots[out->end++].length = (size_t)length;
    return length;
}

static int on_receive(WOLFSSL *ssl, char *out, int capacity, void *ctx)
{
    struct end *end = ctx;
    struct queue *in = end->in;
    (void)ssl;
    if (in->begin == in->end)
        return WOLFSSL_CBIO_ERR_WANT_READ;
    size_t length = in->slots[in->begin].length - in->taken;
    if (length > (size_t)capacity)
        length = (size_t)capacity;
    memcpy(out, in->slots[in->begin].octets + in->taken, length);
    in->taken += length;
    if (end->dtls || in->taken == in->slots[in->begin].length) {
        in->begin++;
        in->taken = 0;
    }
    return (int)length;
}

static unsigned int give_key(WOLFSSL *ssl, const char *identity, unsigned char *key, unsigned int capacity)
{
    (void)ssl;
    if (capacity < 32 || strcmp(identity, "3GPP-AKMA;a-kid") != 0)
        return 0;
    memset(key, 0x5a, 32);
    return 32;
}

static unsigned int give_identity(WOLFSSL *ssl, const char *hint, char *identity, unsigned int identity_capacity,
    unsigned char *key, unsigned int capacity)
{
    (void)hint;
    snprintf(identity, identity_capacity, "3GPP-AKMA;a-kid");
    return give_key(ssl, identity, key, capacity);
}

static int take_any_name(WOLFSSL *ssl, int *alert, void *arg)
{
    (void)ssl, (void)alert, (void)arg;
    return 0;
}

static void end_open(struct end *end, bool dtls, bool is_server, struct queue *in, struct queue *out)
{
    end->dtls = dtls;
    end->in = in;
    end->out = out;
    end->ctx = wolfSSL_CTX_new(dtls ? wolfDTLS_method() : wolfSSLv23_method());
    assert_non_null(end->ctx);
    wolfSSL_SetIORecv(end->ctx, on_receive);
    wolfSSL_SetIOSend(end->ctx, on_send);
    if (is_server) {
        wolfSSL_CTX_set_psk_server_callback(end->ctx, give_key);
        wolfSSL_CTX_use_psk_identity_hint(end->ctx, "3GPP-AKMA");
        wolfSSL_CTX_set_tlsext_servername_callback(end->ctx, take_any_name);
    }
    end->ssl = wolfSSL_new(end->ctx);
    assert_non_null(end->ssl);
    wolfSSL_SetIOReadCtx(end->ssl, end);
    wolfSSL_SetIOWriteCtx(end->ssl, end);
    if (is_server && dtls)
        assert_int_equal(wolfSSL_send_hrr_cookie(end->ssl, NULL, 0), WOLFSSL_SUCCESS);
    if (is_server && dtls)
        assert_int_equal(wolfSSL_dtls13_allow_ch_frag(end->ssl, 1), WOLFSSL_SUCCESS);
    if (!is_server) {
        wolfSSL_set_psk_client_callback(end->ssl, give_identity);
        assert_int_equal(wolfSSL_UseSNI(end->ssl, WOLFSSL_SNI_HOST_NAME, "localhost", 9), WOLFSSL_SUCCESS);
    }
}

static void wire_open(struct wire *wire, bool dtls)
{
    memset(wire, 0, sizeof *wire);
    end_open(&wire->client, dtls, false, &wire->down, &wire->up);
    end_open(&wire->server, dtls, true, &wire->up, &wire->down);
}

static void apply(struct end *end, const struct tls_psk_profile *profile)
{
    assert_int_equal(tls_psk_apply(end->ssl, profile), MSGIN5G_OK);
}

static void step(struct end *end, int (*run)(WOLFSSL *))
{
    if (end->result != 0)
        return;
    int result = run(end->ssl);
    int error = result == WOLFSSL_SUCCESS ? 0 : wolfSSL_get_error(end->ssl, result);
    if (result == WOLFSSL_SUCCESS)
        end->result = 1;
    else if (error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE)
        end->result = -1;
}

static void shake(struct wire *wire)
{
    for (int i = 0; i < ROUNDS; i++) {
        step(&wire->client, wolfSSL_connect);
        step(&wire->server, wolfSSL_accept);
    }
}

static void wire_close(struct wire *wire)
{
    wolfSSL_free(wire->client.ssl);
    wolfSSL_free(wire->server.ssl);
    wolfSSL_CTX_free(wire->client.ctx);
    wolfSSL_CTX_free(wire->server.ctx);
}

static void agree(bool dtls, struct tls_psk_profile client, struct tls_psk_profile server, uint16_t suite)
{
    struct wire wire;
    server.is_server = true;
    wire_open(&wire, dtls);
    apply(&wire.client, &client);
    apply(&wire.server, &server);
    shake(&wire);
    assert_int_equal(wire.client.result, 1);
    assert_int_equal(wire.server.result, 1);
    assert_int_equal(tls_psk_suite(wire.client.ssl), suite);
    assert_int_equal(tls_psk_suite(wire.server.ssl), suite);
    assert_int_equal(tls_psk_is_1_3(wire.server.ssl), suite == TLS_SUITE_TLS13_AES_128_GCM);
    assert_int_equal(tls_psk_is_1_3(wire.client.ssl), suite == TLS_SUITE_TLS13_AES_128_GCM);
    assert_string_equal(tls_psk_server_name(wire.server.ssl), "localhost");
    assert_int_equal(wolfSSL_session_reused(wire.server.ssl), 0);
    wire_close(&wire);
}

static void test_both_ends_of_ours(void **state)
{
    const struct tls_psk_profile any = { .versions = TLS_PSK_1_2_AND_1_3 };
    const struct tls_psk_profile old = { .versions = TLS_PSK_1_2_ONLY };
    const struct tls_psk_profile new = { .versions = TLS_PSK_1_3_ONLY };
    const struct tls_psk_profile old_ccm8 = { .versions = TLS_PSK_1_2_ONLY, .ccm8 = true };
    (void)state;
    for (int dtls = 0; dtls <= 1; dtls++) {
        agree(dtls, any, any, TLS_SUITE_TLS13_AES_128_GCM);
        agree(dtls, new, any, TLS_SUITE_TLS13_AES_128_GCM);
        agree(dtls, any, new, TLS_SUITE_TLS13_AES_128_GCM);
        agree(dtls, old, any, TLS_SUITE_ECDHE_PSK_AES128_GCM);
        agree(dtls, old_ccm8, any, TLS_SUITE_ECDHE_PSK_AES128_GCM);
    }
    agree(false, any, old, TLS_SUITE_ECDHE_PSK_AES128_GCM);
}

static void test_1_2_only_is_refused_on_a_dtls_server(void **state)
{
    struct wire wire;
    const struct tls_psk_profile old = { .is_server = true, .versions = TLS_PSK_1_2_ONLY };
    (void)state;
    wire_open(&wire, true);
    assert_int_equal(tls_psk_apply(wire.server.ssl, &old), MSGIN5G_ERR_INVALID);
    wire_close(&wire);
}

/* A foreign client that offers @p ciphers alone, in @p version ("1.2" or "1.3"), against our server. */
static int foreign_client(bool dtls, const char *ciphers, bool old, bool ccm8)
{
    struct wire wire;
    const struct tls_psk_profile server = { .is_server = true, .ccm8 = ccm8 };
    wire_open(&wire, dtls);
    apply(&wire.server, &server);
    if (old)
        wolfSSL_set_options(wire.client.ssl, WOLFSSL_OP_NO_TLSv1_3);
    assert_int_equal(wolfSSL_set_cipher_list(wire.client.ssl, ciphers), WOLFSSL_SUCCESS);
    shake(&wire);
    int suite = wire.server.result == 1 ? tls_psk_suite(wire.server.ssl) : -1;
    if (suite < 0)
        assert_int_not_equal(wire.client.result, 1);
    wire_close(&wire);
    return suite;
}

static void test_server_takes_the_listed_suites_only(void **state)
{
    (void)state;
    for (int dtls = 0; dtls <= 1; dtls++) {
        assert_int_equal(
            foreign_client(dtls, "ECDHE-PSK-AES128-GCM-SHA256", true, false), TLS_SUITE_ECDHE_PSK_AES128_GCM);
        assert_int_equal(
            foreign_client(dtls, "ECDHE-PSK-CHACHA20-POLY1305", true, false), TLS_SUITE_ECDHE_PSK_CHACHA20);
        assert_int_equal(foreign_client(dtls, "PSK-AES128-CCM-8", true, true), TLS_SUITE_PSK_AES128_CCM_8);
        assert_int_equal(foreign_client(dtls, "PSK-AES128-CCM-8", true, false), -1);
        assert_int_equal(foreign_client(dtls, "PSK-AES128-GCM-SHA256", true, true), -1);
        assert_int_equal(foreign_client(dtls, "PSK-AES128-CBC-SHA256", true, true), -1);
        assert_int_equal(foreign_client(dtls, "ECDHE-PSK-AES128-CBC-SHA256", true, true), -1);
        assert_int_equal(foreign_client(dtls, "TLS13-CHACHA20-POLY1305-SHA256", false, true), -1);
        assert_int_equal(foreign_client(dtls, "TLS13-AES128-CCM-8-SHA256", false, true), -1);
    }
}

static void test_psk_without_forward_secrecy_is_refused(void **state)
{
    const struct tls_psk_profile server = { .is_server = true };
    (void)state;
    for (int dtls = 0; dtls <= 1; dtls++) {
        struct wire wire;
        wire_open(&wire, dtls);
        apply(&wire.server, &server);
        assert_int_equal(wolfSSL_no_dhe_psk(wire.client.ssl), 0); /* offers psk_ke alone */
        shake(&wire);
        assert_int_not_equal(wire.server.result, 1);
        assert_int_not_equal(wire.client.result, 1);
        wire_close(&wire);
    }
}

/* Octets of the cipher suites in the first ClientHello on the wire (RFC 8446 4.1.2, RFC 9147 5.3). */
static size_t offered_suites(const struct wire *wire, const uint8_t **out)
{
    const uint8_t *hello = (const uint8_t *)wire->up.slots[0].octets;
    size_t at = wire->client.dtls ? 13 + 12 : 5 + 4;
    at += 2 + 32;
    at += 1U + hello[at];
    if (wire->client.dtls)
        at += 1U + hello[at];
    *out = hello + at + 2;
    return (size_t)(hello[at] << 8 | hello[at + 1]);
}

static void offers(bool dtls, struct tls_psk_profile profile, const char *expected, size_t length)
{
    struct wire wire;
    const uint8_t *suites;
    static const uint8_t signalling[] = { 0x00, 0xff }; /* TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746) */
    wire_open(&wire, dtls);
    apply(&wire.client, &profile);
    step(&wire.client, wolfSSL_connect);
    size_t offered = offered_suites(&wire, &suites);
    if (offered >= 2 && memcmp(suites + offered - 2, signalling, 2) == 0)
        offered -= 2;
    assert_int_equal(offered, length);
    assert_memory_equal(suites, expected, length);
    wire_close(&wire);
}

static void test_client_offers_the_listed_suites_only(void **state)
{
    (void)state;
    for (int dtls = 0; dtls <= 1; dtls++) {
        offers(dtls, (struct tls_psk_profile){ .versions = TLS_PSK_1_3_ONLY }, "\x13\x01", 2);
        offers(dtls, (struct tls_psk_profile){ .versions = TLS_PSK_1_2_ONLY }, "\xd0\x01\xcc\xac", 4);
        offers(dtls, (struct tls_psk_profile){ .versions = TLS_PSK_1_2_ONLY, .ccm8 = true }, "\xd0\x01\xcc\xac\xc0\xa8",
            6);
        offers(dtls, (struct tls_psk_profile){ .versions = TLS_PSK_1_2_AND_1_3 }, "\x13\x01\xd0\x01\xcc\xac", 6);
    }
}

/* Two connections with one pair of contexts; the second asks to resume the first. */
static void resume(bool dtls, bool old)
{
    struct wire wire;
    const struct tls_psk_profile server = { .is_server = true };
    WOLFSSL_SESSION *session = NULL;
    wire_open(&wire, dtls);
    for (int i = 0; i < 3; i++) {
        if (i > 0) {
            wolfSSL_free(wire.client.ssl);
            wolfSSL_free(wire.server.ssl);
            memset(&wire.up, 0, sizeof wire.up);
            memset(&wire.down, 0, sizeof wire.down);
            wire.client.ssl = wolfSSL_new(wire.client.ctx);
            wire.server.ssl = wolfSSL_new(wire.server.ctx);
            wolfSSL_SetIOReadCtx(wire.client.ssl, &wire.client);
            wolfSSL_SetIOWriteCtx(wire.client.ssl, &wire.client);
            wolfSSL_SetIOReadCtx(wire.server.ssl, &wire.server);
            wolfSSL_SetIOWriteCtx(wire.server.ssl, &wire.server);
            wolfSSL_set_psk_client_callback(wire.client.ssl, give_identity);
            wire.client.result = wire.server.result = 0;
        }
        apply(&wire.server, &server);
        wolfSSL_UseSessionTicket(wire.client.ssl);
        if (old)
            wolfSSL_set_options(wire.client.ssl, WOLFSSL_OP_NO_TLSv1_3);
        assert_int_equal(
            wolfSSL_set_cipher_list(wire.client.ssl, old ? "ECDHE-PSK-AES128-GCM-SHA256" : "TLS13-AES128-GCM-SHA256"),
            WOLFSSL_SUCCESS);
        if (session != NULL)
            wolfSSL_set_session(wire.client.ssl, session);
        shake(&wire);
        assert_int_equal(wire.client.result, 1);
        assert_int_equal(wire.server.result, 1);
        char octet;
        (void)wolfSSL_read(wire.client.ssl, &octet, 1); /* would take a ticket */
        assert_int_equal(wolfSSL_session_reused(wire.client.ssl), 0);
        assert_int_equal(wolfSSL_session_reused(wire.server.ssl), 0);
        wolfSSL_SESSION_free(session);
        session = wolfSSL_get1_session(wire.client.ssl);
        if (session != NULL)
            assert_int_equal(wolfSSL_SESSION_has_ticket(session), 0);
    }
    wolfSSL_SESSION_free(session);
    wire_close(&wire);
}

static void test_no_session_is_resumed(void **state)
{
    (void)state;
    resume(false, true);
    resume(true, true);
    resume(false, false);
    resume(true, false);
}

static void test_alert_of_the_peer_is_seen(void **state)
{
    struct wire wire;
    const struct tls_psk_profile client = { .versions = TLS_PSK_1_2_ONLY };
    const struct tls_psk_profile server = { .is_server = true, .versions = TLS_PSK_1_3_ONLY };
    (void)state;
    wire_open(&wire, false);
    apply(&wire.client, &client);
    apply(&wire.server, &server);
    assert_int_equal(tls_psk_alert_received(wire.client.ssl), -1);
    shake(&wire);
    assert_int_equal(wire.client.result, -1);
    assert_int_equal(tls_psk_alert_received(wire.client.ssl), 70); /* protocol_version */
    wire_close(&wire);
}

/* The cookie extension (44) in the HelloRetryRequest on the wire. */
static const uint8_t *find_cookie(const struct wire *wire, size_t *length)
{
    for (size_t slot = 0; slot < wire->down.end; slot++) {
        const uint8_t *octets = (const uint8_t *)wire->down.slots[slot].octets;
        size_t end = wire->down.slots[slot].length;
        for (size_t i = 60; i + 6 <= end; i++) {
            size_t cookie = (size_t)(octets[i + 4] << 8 | octets[i + 5]);
            size_t extension = (size_t)(octets[i + 2] << 8 | octets[i + 3]);
            if (octets[i] == 0 && octets[i + 1] == 44 && extension == cookie + 2 && i + 6 + cookie <= end) {
                *length = cookie;
                return octets + i + 6;
            }
        }
    }
    return NULL;
}

static void test_cookie_is_checked_ahead(void **state)
{
    struct wire wire;
    const struct tls_psk_profile client = { .versions = TLS_PSK_1_3_ONLY };
    const struct tls_psk_profile server = { .is_server = true };
    size_t length = 0;
    uint8_t invented[64] = { 32 };
    (void)state;
    wire_open(&wire, true);
    apply(&wire.client, &client);
    apply(&wire.server, &server);
    wolfSSL_NoKeyShares(wire.client.ssl); /* as libcoap's client does */
    assert_false(tls_psk_cookie_valid(wire.server.ssl, invented, sizeof invented));
    step(&wire.client, wolfSSL_connect);
    step(&wire.server, wolfSSL_accept);
    const uint8_t *cookie = find_cookie(&wire, &length);
    assert_non_null(cookie);
    assert_true(tls_psk_cookie_valid(wire.server.ssl, cookie, length));
    assert_false(tls_psk_cookie_valid(wire.server.ssl, cookie, length - 1));
    assert_false(tls_psk_cookie_valid(wire.server.ssl, invented, sizeof invented));
    assert_false(tls_psk_cookie_valid(wire.server.ssl, invented, 0));
    shake(&wire);
    assert_int_equal(wire.server.result, 1);
    wire_close(&wire);
}

static size_t count_lines(const char *path, const char *label)
{
    char line[512];
    size_t count = 0;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        count += strncmp(line, label, strlen(label)) == 0;
    fclose(file);
    return count;
}

static void log_keys(bool dtls, enum tls_psk_versions versions, bool at_server, const char *label)
{
    struct wire wire;
    char path[] = "/tmp/msgin5g-keys-XXXXXX";
    close(mkstemp(path));
    const struct tls_psk_profile client = { .versions = versions, .key_log_file = at_server ? NULL : path };
    const struct tls_psk_profile server = { .is_server = true, .key_log_file = at_server ? path : NULL };
    wire_open(&wire, dtls);
    apply(&wire.client, &client);
    apply(&wire.server, &server);
    shake(&wire);
    assert_int_equal(wire.server.result, 1);
    assert_int_equal(count_lines(path, label), 1);
    wire_close(&wire);
    unlink(path);
}

static void test_key_log_of_both_ends(void **state)
{
    (void)state;
    for (int dtls = 0; dtls <= 1; dtls++) {
        for (int at_server = 0; at_server <= 1; at_server++) {
            log_keys(dtls, TLS_PSK_1_2_ONLY, at_server, "CLIENT_RANDOM ");
            log_keys(dtls, TLS_PSK_1_3_ONLY, at_server, "CLIENT_TRAFFIC_SECRET_0 ");
        }
    }
}

static void test_alert_records(void **state)
{
    uint8_t out[15];
    static const uint8_t tls[] = { 21, 3, 3, 0, 2, 2, 115 };
    static const uint8_t dtls[] = { 21, 0xfe, 0xfd, 0, 0, 1, 2, 3, 4, 5, 6, 0, 2, 2, 80 };
    (void)state;
    assert_int_equal(tls_alert_record(false, 0x0303, 9, TLS_ALERT_UNKNOWN_PSK_IDENTITY, out), sizeof tls);
    assert_memory_equal(out, tls, sizeof tls);
    assert_int_equal(tls_alert_record(true, 0xfefd, 0x010203040506, TLS_ALERT_INTERNAL_ERROR, out), sizeof dtls);
    assert_memory_equal(out, dtls, sizeof dtls);
}

static int set_up(void **state)
{
    (void)state;
    return tls_setup() != MSGIN5G_OK;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_ends_of_ours),
        cmocka_unit_test(test_1_2_only_is_refused_on_a_dtls_server),
        cmocka_unit_test(test_server_takes_the_listed_suites_only),
        cmocka_unit_test(test_psk_without_forward_secrecy_is_refused),
        cmocka_unit_test(test_client_offers_the_listed_suites_only),
        cmocka_unit_test(test_no_session_is_resumed),
        cmocka_unit_test(test_alert_of_the_peer_is_seen),
        cmocka_unit_test(test_cookie_is_checked_ahead),
        cmocka_unit_test(test_key_log_of_both_ends),
        cmocka_unit_test(test_alert_records),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
