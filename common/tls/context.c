#include "tls_internal.h"

#include <wolfssl/wolfcrypt/dh.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* EC-13, TS 33.210 6.2: preferred first. TLS 1.3 and TLS 1.2 with certificates. */
static const uint8_t suites[] = {
    0x13, 0x01, /* TLS_AES_128_GCM_SHA256 */
    0x13, 0x02, /* TLS_AES_256_GCM_SHA384 */
    0x13, 0x03, /* TLS_CHACHA20_POLY1305_SHA256 */
    0xC0, 0x2B, /* ECDHE_ECDSA_AES_128_GCM_SHA256 */
    0xC0, 0x2F, /* ECDHE_RSA_AES_128_GCM_SHA256 */
    0xC0, 0x2C, /* ECDHE_ECDSA_AES_256_GCM_SHA384 */
    0xC0, 0x30, /* ECDHE_RSA_AES_256_GCM_SHA384 */
    0x00, 0x9E, /* DHE_RSA_AES_128_GCM_SHA256 */
};
static const char groups[] = "P-256:X25519:P-384";
static const char signature_algorithms[] =
    "ECDSA+SHA256:RSA-PSS+SHA256:ECDSA+SHA384:RSA-PSS+SHA384:ED25519:RSA+SHA256"; /* the last one inside certificates */

#define MIN_RSA_BITS 2048
#define MIN_ECC_BITS 256
#define MIN_DH_BITS  2048
#define CHAIN_DEPTH  4 /* EC-14 */

struct report {
    char *text;
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void report(const struct report *report, const char *format, ...)
{
    va_list arguments;
    if (report->text == NULL || report->size == 0)
        return;
    va_start(arguments, format);
    (void)vsnprintf(report->text, report->size, format, arguments);
    va_end(arguments);
}

enum msgin5g_err tls_setup(void)
{
    return wolfSSL_Init() == WOLFSSL_SUCCESS ? MSGIN5G_OK : MSGIN5G_ERR_INTERNAL;
}

/* wolfSSL says only "error" for a missing file. */
static bool readable(const char *file, const char *what, const struct report *problem)
{
    FILE *stream = fopen(file, "re");
    if (stream == NULL) {
        report(problem, "cannot read %s %s: %m", what, file);
        return false;
    }
    (void)fclose(stream);
    return true;
}

static bool set_profile(WOLFSSL_CTX *ctx, bool is_server)
{
    bool good = wolfSSL_CTX_SetMinVersion(ctx, WOLFSSL_TLSV1_2) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_set_cipher_list_bytes(ctx, suites, sizeof suites) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_set1_groups_list(ctx, groups) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_set1_sigalgs_list(ctx, signature_algorithms) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_SetMinRsaKey_Sz(ctx, MIN_RSA_BITS) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_SetMinEccKey_Sz(ctx, MIN_ECC_BITS) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_SetMinDhKey_Sz(ctx, MIN_DH_BITS) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_set_session_cache_mode(ctx, WOLFSSL_SESS_CACHE_OFF) == WOLFSSL_SUCCESS &&
                wolfSSL_CTX_NoTicketTLSv12(ctx) == WOLFSSL_SUCCESS;
    if (good && is_server) {
        const DhParams *dh = wc_Dh_ffdhe2048_Get();
        good = wolfSSL_CTX_no_ticket_TLSv13(ctx) == 0 &&
               wolfSSL_CTX_SetTmpDH(ctx, dh->p, (int)dh->p_len, dh->g, (int)dh->g_len) == WOLFSSL_SUCCESS;
    }
    return good;
}

static bool load_own(WOLFSSL_CTX *ctx, const struct tls_context *config, const struct report *problem)
{
    if (!readable(config->certificate_file, "certificate", problem) || !readable(config->key_file, "key", problem))
        return false;
    if (wolfSSL_CTX_use_certificate_chain_file(ctx, config->certificate_file) != WOLFSSL_SUCCESS) {
        report(problem, "%s holds no usable certificate chain in PEM", config->certificate_file);
        return false;
    }
    if (wolfSSL_CTX_use_PrivateKey_file(ctx, config->key_file, WOLFSSL_FILETYPE_PEM) != WOLFSSL_SUCCESS) {
        report(problem, "%s holds no usable private key in PEM", config->key_file);
        return false;
    }
    if (wolfSSL_CTX_check_private_key(ctx) != WOLFSSL_SUCCESS) {
        report(problem, "the key in %s does not belong to the certificate in %s", config->key_file,
            config->certificate_file);
        return false;
    }
    return true;
}

static bool load_trust(WOLFSSL_CTX *ctx, const struct tls_context *config, const struct report *problem)
{
    int mode = WOLFSSL_VERIFY_NONE;
    if (config->ca_file != NULL) {
        if (!readable(config->ca_file, "CA certificate", problem))
            return false;
        if (wolfSSL_CTX_load_verify_locations(ctx, config->ca_file, NULL) != WOLFSSL_SUCCESS) {
            report(problem, "%s holds no usable CA certificate in PEM", config->ca_file);
            return false;
        }
    }
    if (!config->is_server || config->ca_file != NULL)
        mode = WOLFSSL_VERIFY_PEER;
    if (config->peer_certificate_required)
        mode |= WOLFSSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    wolfSSL_CTX_set_verify(ctx, mode, NULL);
    wolfSSL_CTX_set_verify_depth(ctx, CHAIN_DEPTH);
    return true;
}

/* The server's preference decides, not the client's (RFC 7301 3.2 leaves that to the server). */
static int select_alpn(WOLFSSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *offered,
    unsigned int length, void *ctx)
{
    const char *ours = ctx;
    (void)ssl;
    while (*ours != '\0') {
        size_t own_length = strcspn(ours, ",");
        for (unsigned int at = 0; at < length; at += 1U + offered[at]) {
            if (offered[at] == own_length && at + own_length < length &&
                memcmp(offered + at + 1, ours, own_length) == 0) {
                *out = offered + at + 1;
                *out_length = (unsigned char)own_length;
                return SSL_TLSEXT_ERR_OK;
            }
        }
        ours += own_length;
        if (*ours == ',')
            ours++;
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool copy_text(const char *text, char **out)
{
    if (text == NULL)
        return true;
    *out = strdup(text);
    return *out != NULL;
}

static enum msgin5g_err copy_config(struct tls_context *context, const struct tls_context_config *config)
{
    const char *key_log_file = config->key_log_file != NULL ? config->key_log_file : getenv("SSLKEYLOGFILE");
    context->is_server = config->is_server;
    context->peer_certificate_required = config->peer_certificate_required;
    bool copied = copy_text(config->alpn, &context->alpn) &&
                  copy_text(config->key_log ? key_log_file : NULL, &context->key_log_file) &&
                  copy_text(config->certificate_file, &context->certificate_file) &&
                  copy_text(config->key_file, &context->key_file) && copy_text(config->ca_file, &context->ca_file);
    return copied ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

static enum msgin5g_err fill(struct tls_context *context, WOLFSSL_CTX *ctx, const struct report *problem)
{
    if (!set_profile(ctx, context->is_server)) {
        report(problem, "the TLS library does not offer the profile of TS 33.210");
        return MSGIN5G_ERR_INTERNAL;
    }
    if (context->is_server && context->alpn != NULL)
        wolfSSL_CTX_set_alpn_select_cb(ctx, select_alpn, context->alpn);
    if (context->certificate_file != NULL && !load_own(ctx, context, problem))
        return MSGIN5G_ERR_CONFIG;
    return load_trust(ctx, context, problem) ? MSGIN5G_OK : MSGIN5G_ERR_CONFIG;
}

/* wolfSSL counts who uses a context: sessions of the old one go on. */
enum msgin5g_err tls_context_reload(struct tls_context *context, char *problem, size_t problem_size)
{
    const struct report to = { problem, problem_size };
    report(&to, "out of memory");
    WOLFSSL_CTX *ctx = wolfSSL_CTX_new(context->is_server ? wolfTLS_server_method() : wolfTLS_client_method());
    if (ctx == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = fill(context, ctx, &to);
    if (err != MSGIN5G_OK) {
        wolfSSL_CTX_free(ctx);
        return err;
    }
    wolfSSL_CTX_free(context->ctx);
    context->ctx = ctx;
    report(&to, "%s", "");
    return MSGIN5G_OK;
}

enum msgin5g_err tls_context_create(
    const struct tls_context_config *config, struct tls_context **out, char *problem, size_t problem_size)
{
    const struct report to = { problem, problem_size };
    report(&to, "out of memory");
    if ((config->certificate_file == NULL) != (config->key_file == NULL) ||
        (config->is_server && config->certificate_file == NULL) ||
        (config->peer_certificate_required && config->ca_file == NULL)) {
        report(&to, "certificate, key and CA files do not go together");
        return MSGIN5G_ERR_CONFIG;
    }
    struct tls_context *context = calloc(1, sizeof *context);
    if (context == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = copy_config(context, config);
    if (err == MSGIN5G_OK)
        err = tls_context_reload(context, problem, problem_size);
    if (err != MSGIN5G_OK) {
        tls_context_free(context);
        return err;
    }
    *out = context;
    return MSGIN5G_OK;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL)
        return;
    wolfSSL_CTX_free(context->ctx);
    free(context->alpn);
    free(context->key_log_file);
    free(context->certificate_file);
    free(context->key_file);
    free(context->ca_file);
    free(context);
}
