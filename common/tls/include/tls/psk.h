/* The PSK profile of MSGin5G-1, applied to a wolfSSL session that libcoap made (decisions D1, D2). `ssl` is a WOLFSSL
 * *. */
#ifndef TLS_PSK_H
#define TLS_PSK_H

#include "msgin5g/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TLS_SUITE_TLS13_AES_128_GCM    0x1301
#define TLS_SUITE_ECDHE_PSK_AES128_GCM 0xD001
#define TLS_SUITE_ECDHE_PSK_CHACHA20   0xCCAC
#define TLS_SUITE_PSK_AES128_CCM_8     0xC0A8

/** Alert descriptions the gate writes by itself (RFC 8446 6, RFC 4279). */
enum tls_alert {
    TLS_ALERT_HANDSHAKE_FAILURE = 40,
    TLS_ALERT_ILLEGAL_PARAMETER = 47,
    TLS_ALERT_ACCESS_DENIED = 49,
    TLS_ALERT_DECODE_ERROR = 50,
    TLS_ALERT_DECRYPT_ERROR = 51,
    TLS_ALERT_INTERNAL_ERROR = 80,
    TLS_ALERT_MISSING_EXTENSION = 109,
    TLS_ALERT_UNRECOGNIZED_NAME = 112,
    TLS_ALERT_UNKNOWN_PSK_IDENTITY = 115
};

enum tls_psk_versions { TLS_PSK_1_2_AND_1_3, TLS_PSK_1_2_ONLY, TLS_PSK_1_3_ONLY };

struct tls_psk_profile {
    bool is_server;
    enum tls_psk_versions versions;
    bool ccm8;                /* offer TLS_PSK_WITH_AES_128_CCM_8 (tls.coap_ccm8) */
    uint16_t only_suite;      /* tests and benchmarks: of the suites this one alone; 0: all */
    const char *key_log_file; /* NULL: none; labs only; borrowed for the session's life */
};

/**
 * Restrict @p ssl to the one suite list of MSGin5G-1: versions, suites in server's order, psk_dhe_ke only, no tickets,
 * no session cache, no renegotiation. Call from libcoap's set-up hook, before accept or connect.
 *
 * @return MSGIN5G_OK; ERR_INVALID for TLS_PSK_1_2_ONLY on a DTLS server (wolfSSL cannot); ERR_INTERNAL. Refuse the
 * session unless it is MSGIN5G_OK.
 */
enum msgin5g_err tls_psk_apply(void *ssl, const struct tls_psk_profile *profile);
/** Cipher suite in force or chosen so far, 0 when none. */
uint16_t tls_psk_suite(void *ssl);
/** True when (D)TLS 1.3 was chosen. */
bool tls_psk_is_1_3(void *ssl);
/** Server name the client sent, NULL when none. */
const char *tls_psk_server_name(void *ssl);
/** Last alert received from the peer, -1 when none. */
int tls_psk_alert_received(void *ssl);
/**
 * True when @p cookie (content of a ClientHello's cookie extension) is one this session sent in a HelloRetryRequest:
 * the peer receives at its address (RFC 9147 5.1). To be asked before the ClientHello is handed to wolfSSL; DTLS 1.3
 * only.
 */
bool tls_psk_cookie_valid(void *ssl, const uint8_t *cookie, size_t length);
/** Write one plaintext DTLS or TLS alert record (fatal) into @p out. @return octets written (15 or 7). */
size_t tls_alert_record(bool dtls, uint16_t record_version, uint64_t sequence, enum tls_alert alert, uint8_t out[15]);

#endif
