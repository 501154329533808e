#include "tls_internal.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define RAW_OCTETS     16384
#define PROBLEM_OCTETS 160

struct tls_stream {
    WOLFSSL *ssl;
    bool is_server;
    bool up;      /* the handshake is done */
    bool broken;  /* no close_notify any more */
    bool refused; /* because of a certificate */
    int fd;
    char *server_name; /* clients: what the certificate must carry */
    char alpn[16];
    char problem[PROBLEM_OCTETS];
    size_t raw_begin, raw_end; /* octets received and not yet taken by wolfSSL */
    char raw[RAW_OCTETS];
};

/* One recv() for many records: wolfSSL asks for each record's header and body by itself. */
static int on_receive(WOLFSSL *ssl, char *out, int capacity, void *ctx)
{
    struct tls_stream *stream = ctx;
    (void)ssl;
    if (stream->raw_begin == stream->raw_end) {
        ssize_t octets = recv(stream->fd, stream->raw, sizeof stream->raw, 0);
        if (octets == 0)
            return WOLFSSL_CBIO_ERR_CONN_CLOSE;
        if (octets < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
            return WOLFSSL_CBIO_ERR_WANT_READ;
        if (octets < 0)
            return errno == ECONNRESET ? WOLFSSL_CBIO_ERR_CONN_RST : WOLFSSL_CBIO_ERR_GENERAL;
        stream->raw_begin = 0;
        stream->raw_end = (size_t)octets;
    }
    size_t taken = stream->raw_end - stream->raw_begin;
    if (taken > (size_t)capacity)
        taken = (size_t)capacity;
    memcpy(out, stream->raw + stream->raw_begin, taken);
    stream->raw_begin += taken;
    return (int)taken;
}

static int on_send(WOLFSSL *ssl, char *octets, int length, void *ctx)
{
    const struct tls_stream *stream = ctx;
    (void)ssl;
    ssize_t sent = send(stream->fd, octets, (size_t)length, MSG_NOSIGNAL);
    if (sent >= 0)
        return (int)sent;
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return WOLFSSL_CBIO_ERR_WANT_WRITE;
    return errno == ECONNRESET || errno == EPIPE ? WOLFSSL_CBIO_ERR_CONN_RST : WOLFSSL_CBIO_ERR_GENERAL;
}

static bool set_client_names(struct tls_stream *stream, const char *alpn)
{
    const char *name = stream->server_name;
    if (alpn != NULL && wolfSSL_UseALPN(stream->ssl, (char *)alpn, (word32)strlen(alpn),
                            WOLFSSL_ALPN_FAILED_ON_MISMATCH) != WOLFSSL_SUCCESS)
        return false;
    if (name == NULL || is_ip_address(name))
        return true;
    return wolfSSL_UseSNI(stream->ssl, WOLFSSL_SNI_HOST_NAME, name, (word16)strlen(name)) == WOLFSSL_SUCCESS;
}

static bool set_up(struct tls_stream *stream, const struct tls_context *context, const char *server_name)
{
    if (server_name != NULL && (stream->server_name = strdup(server_name)) == NULL)
        return false;
    if ((stream->ssl = wolfSSL_new(context->ctx)) == NULL)
        return false;
    wolfSSL_SSLSetIORecv(stream->ssl, on_receive);
    wolfSSL_SSLSetIOSend(stream->ssl, on_send);
    wolfSSL_SetIOReadCtx(stream->ssl, stream);
    wolfSSL_SetIOWriteCtx(stream->ssl, stream);
    if (context->key_log_file != NULL)
        key_log_attach(stream->ssl, context->key_log_file);
    return context->is_server || set_client_names(stream, context->alpn);
}

enum msgin5g_err tls_stream_create(
    struct tls_context *context, int fd, const char *server_name, struct tls_stream **out)
{
    if (server_name != NULL && (server_name[0] == '\0' || strlen(server_name) > TLS_PEER_NAME_MAX))
        return MSGIN5G_ERR_INVALID;
    struct tls_stream *stream = malloc(sizeof *stream);
    if (stream == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    memset(stream, 0, offsetof(struct tls_stream, raw));
    stream->is_server = context->is_server;
    stream->fd = fd;
    if (!set_up(stream, context, server_name)) {
        tls_stream_free(stream);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    *out = stream;
    return MSGIN5G_OK;
}

void tls_stream_free(struct tls_stream *stream)
{
    if (stream == NULL)
        return;
    /* Once: a second wolfSSL_shutdown() would read, and with octets left over that is CVE-2026-15442. */
    if (stream->up && !stream->broken)
        (void)wolfSSL_shutdown(stream->ssl);
    wolfSSL_free(stream->ssl);
    free(stream->server_name);
    free(stream);
}

static bool is_certificate_alert(int alert)
{
    switch (alert) {
    case bad_certificate:
    case unsupported_certificate:
    case certificate_revoked:
    case certificate_expired:
    case certificate_unknown:
    case unknown_ca:
    case access_denied:
    case certificate_required:
        return true;
    default:
        return false;
    }
}

static bool is_certificate_error(int error)
{
    switch (error) {
    case ASN_NO_SIGNER_E:
    case ASN_SELF_SIGNED_E:
    case ASN_AFTER_DATE_E:
    case ASN_BEFORE_DATE_E:
    case ASN_SIG_CONFIRM_E:
    case ASN_PATHLEN_SIZE_E:
    case EXTKEYUSAGE_E:
    case KEYUSAGE_E:
    case KEYUSE_SIGNATURE_E:
    case EXTKEYUSE_AUTH_E:
    case NO_PEER_CERT:
    case VERIFY_CERT_ERROR:
    case MAX_CHAIN_ERROR:
    case RSA_KEY_SIZE_E:
    case ECC_KEY_SIZE_E:
        return true;
    default:
        return false;
    }
}

static int fail(struct tls_stream *stream, int error)
{
    WOLFSSL_ALERT_HISTORY history;
    char text[WOLFSSL_MAX_ERROR_SZ];
    int alert = -1;
    stream->broken = true;
    if (error == FATAL_ERROR && wolfSSL_get_alert_history(stream->ssl, &history) == WOLFSSL_SUCCESS)
        alert = history.last_rx.code;
    if (alert > 0) {
        stream->refused = is_certificate_alert(alert);
        (void)snprintf(stream->problem, sizeof stream->problem, "the peer sent the alert \"%s\"",
            wolfSSL_alert_desc_string_long(alert));
        return TLS_FAILED;
    }
    stream->refused = is_certificate_error(error);
    wolfSSL_ERR_error_string_n((unsigned long)error, text, sizeof text);
    (void)snprintf(
        stream->problem, sizeof stream->problem, "%s%.120s", stream->refused ? "certificate refused: " : "", text);
    return TLS_FAILED;
}

/* What a call of wolfSSL that returned @p result (not a success) means. */
static int outcome(struct tls_stream *stream, int result)
{
    int error = wolfSSL_get_error(stream->ssl, result);
    switch (error) {
    case WOLFSSL_ERROR_WANT_READ:
        return TLS_WANT_READ;
    case WOLFSSL_ERROR_WANT_WRITE:
        return TLS_WANT_WRITE;
    case WOLFSSL_ERROR_ZERO_RETURN:
        return TLS_CLOSED;
    case SOCKET_PEER_CLOSED_E:
    case SOCKET_ERROR_E:
    case WOLFSSL_ERROR_SYSCALL:
        stream->broken = true;
        (void)snprintf(stream->problem, sizeof stream->problem, "the connection was closed%s",
            stream->up ? "" : " in the handshake");
        return TLS_CLOSED;
    default:
        return fail(stream, error);
    }
}

static void note_alpn(struct tls_stream *stream)
{
    char *name = NULL;
    word16 length = 0;
    if (wolfSSL_ALPN_GetProtocol(stream->ssl, &name, &length) == WOLFSSL_SUCCESS && length < sizeof stream->alpn) {
        memcpy(stream->alpn, name, length);
        stream->alpn[length] = '\0';
    }
}

int tls_stream_handshake(struct tls_stream *stream)
{
    int result = stream->is_server ? wolfSSL_accept(stream->ssl) : wolfSSL_connect(stream->ssl);
    if (result != WOLFSSL_SUCCESS)
        return outcome(stream, result);
    stream->up = true;
    note_alpn(stream);
    /* wolfSSL's own check would also take the common name, which RFC 9110 4.3.4 forbids. */
    if (!stream->is_server && stream->server_name != NULL &&
        !peer_certificate_has_name(stream->ssl, stream->server_name)) {
        stream->refused = true;
        (void)snprintf(
            stream->problem, sizeof stream->problem, "certificate refused: it is not for %.100s", stream->server_name);
        return TLS_FAILED;
    }
    return 0;
}

int tls_stream_read(struct tls_stream *stream, void *out, size_t capacity)
{
    int result = wolfSSL_read(stream->ssl, out, capacity > INT_MAX ? INT_MAX : (int)capacity);
    return result > 0 ? result : outcome(stream, result);
}

int tls_stream_write(struct tls_stream *stream, const void *octets, size_t length)
{
    int result = wolfSSL_write(stream->ssl, octets, length > INT_MAX ? INT_MAX : (int)length);
    return result > 0 ? result : outcome(stream, result);
}

bool tls_stream_refused(const struct tls_stream *stream)
{
    return stream->refused;
}

const char *tls_stream_alpn(const struct tls_stream *stream)
{
    return stream->alpn;
}

const char *tls_stream_problem(const struct tls_stream *stream)
{
    return stream->problem;
}

enum msgin5g_err tls_stream_peer_names(const struct tls_stream *stream, struct tls_peer_names *out)
{
    return peer_certificate_names(stream->ssl, out);
}
