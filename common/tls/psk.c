#include "tls/psk.h"

#include "tls_internal.h"

#include <string.h>

/* wolfSSL's own check of a HelloRetryRequest cookie: in its library, in none of its public headers. */
int TlsCheckCookie(const WOLFSSL *ssl, const byte *cookie, word16 length);

static bool set_versions(WOLFSSL *ssl, const struct tls_psk_profile *profile)
{
    bool dtls = wolfSSL_dtls(ssl) != 0;
    bool only_1_3 = profile->versions == TLS_PSK_1_3_ONLY;
    int lowest = dtls ? WOLFSSL_DTLSV1_2 : WOLFSSL_TLSV1_2;
    if (only_1_3)
        lowest = dtls ? WOLFSSL_DTLSV1_3 : WOLFSSL_TLSV1_3;
    if (wolfSSL_SetMinVersion(ssl, lowest) != WOLFSSL_SUCCESS)
        return false;
    if (profile->versions != TLS_PSK_1_2_ONLY) {
        /* psk_ke has no forward secrecy (akma.md 4.3). */
        return wolfSSL_only_dhe_psk(ssl) == 0;
    }
    (void)wolfSSL_set_options(ssl, WOLFSSL_OP_NO_TLSv1_3); /* also leaves DTLS 1.3 out of supported_versions */
    return true;
}

/* The one suite list of MSGin5G-1 (decision D1), preferred first. */
static bool set_suites(WOLFSSL *ssl, const struct tls_psk_profile *profile)
{
    const struct {
        uint16_t suite;
        bool offered;
    } suites[] = {
        { TLS_SUITE_TLS13_AES_128_GCM, profile->versions != TLS_PSK_1_2_ONLY },
        { TLS_SUITE_ECDHE_PSK_AES128_GCM, profile->versions != TLS_PSK_1_3_ONLY },
        { TLS_SUITE_ECDHE_PSK_CHACHA20, profile->versions != TLS_PSK_1_3_ONLY },
        { TLS_SUITE_PSK_AES128_CCM_8, profile->versions != TLS_PSK_1_3_ONLY && profile->ccm8 },
    };
    uint8_t octets[2 * sizeof suites / sizeof suites[0]];
    int length = 0;
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (!suites[i].offered || (profile->only_suite != 0 && suites[i].suite != profile->only_suite))
            continue;
        octets[length++] = (uint8_t)(suites[i].suite >> 8);
        octets[length++] = (uint8_t)suites[i].suite;
    }
    return length > 0 && wolfSSL_set_cipher_list_bytes(ssl, octets, length) == WOLFSSL_SUCCESS;
}

/* TS 33.210 6.2: secp256r1 must be there, X25519 and secp384r1 should; wolfSSL left alone would take secp521r1 first.
 */
static bool set_groups(WOLFSSL *ssl)
{
    return wolfSSL_set1_groups_list(ssl, "X25519:P-256:P-384") == WOLFSSL_SUCCESS;
}

/* A resumed session would skip A-KID, K_AF's expiry and context removal (akma.md 4.3). */
static bool forbid_resumption(WOLFSSL *ssl, const struct tls_psk_profile *profile)
{
    WOLFSSL_CTX *ctx = wolfSSL_get_SSL_CTX(ssl);
    /* For all sessions made from now on; this one finds the cache empty, because nobody else of this kind fills it. */
    if (wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF) != WOLFSSL_SUCCESS)
        return false;
    if (profile->is_server && profile->versions != TLS_PSK_1_2_ONLY && wolfSSL_no_ticket_TLSv13(ssl) != 0)
        return false;
    return wolfSSL_NoTicketTLSv12(ssl) == WOLFSSL_SUCCESS;
}

enum msgin5g_err tls_psk_apply(void *ssl, const struct tls_psk_profile *profile)
{
    /* wolfSSL's DTLS server would go on to choose 1.3 and then find no suite for it. */
    if (profile->is_server && profile->versions == TLS_PSK_1_2_ONLY && wolfSSL_dtls(ssl) != 0)
        return MSGIN5G_ERR_INVALID;
    if (!set_versions(ssl, profile) || !set_suites(ssl, profile) || !set_groups(ssl) ||
        !forbid_resumption(ssl, profile))
        return MSGIN5G_ERR_INTERNAL;
    if (profile->key_log_file != NULL)
        key_log_attach(ssl, profile->key_log_file);
    return MSGIN5G_OK;
}

uint16_t tls_psk_suite(void *ssl)
{
    return (uint16_t)wolfSSL_get_current_cipher_suite(ssl);
}

bool tls_psk_is_1_3(void *ssl)
{
    int version = wolfSSL_GetVersion(ssl);
    return version == WOLFSSL_TLSV1_3 || version == WOLFSSL_DTLSV1_3;
}

const char *tls_psk_server_name(void *ssl)
{
    void *name = NULL;
    return wolfSSL_SNI_GetRequest(ssl, WOLFSSL_SNI_HOST_NAME, &name) > 0 ? name : NULL;
}

int tls_psk_alert_received(void *ssl)
{
    WOLFSSL_ALERT_HISTORY history;
    if (wolfSSL_get_alert_history(ssl, &history) != WOLFSSL_SUCCESS)
        return -1;
    return history.last_rx.code;
}

bool tls_psk_cookie_valid(void *ssl, const uint8_t *cookie, size_t length)
{
    return length <= UINT16_MAX && TlsCheckCookie(ssl, cookie, (word16)length) >= 0;
}
