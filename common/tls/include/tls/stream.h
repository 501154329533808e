/* TLS over a connected TCP socket, non-blocking; one context a profile (TS 33.210 6.2, TS 33.310 6.1.3a). The door to
 * wolfSSL. */
#ifndef TLS_STREAM_H
#define TLS_STREAM_H

#include "msgin5g/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Prepare wolfSSL; call once at start. @return MSGIN5G_OK or ERR_INTERNAL. */
enum msgin5g_err tls_setup(void);

/** What a context is made from; paths are PEM files and borrowed for the call. */
struct tls_context_config {
    bool is_server;
    const char *certificate_file; /* own chain; NULL only for a client without one */
    const char *key_file;
    const char *ca_file; /* trusted for peers; NULL: server asks for no certificate, client uses none and refuses all */
    bool peer_certificate_required; /* server: mutual authentication */
    const char *alpn;               /* comma-separated, preferred first: "h2,http/1.1"; NULL: none */
    bool key_log;                   /* honour SSLKEYLOGFILE / key_log_file: labs only (decision D8) */
    const char *key_log_file;       /* NULL: SSLKEYLOGFILE */
};

struct tls_context;
/** @param problem may be NULL; else receives what is wrong and with which file (at most @p problem_size octets,
 * NUL-terminated). */
enum msgin5g_err tls_context_create(
    const struct tls_context_config *config, struct tls_context **out, char *problem, size_t problem_size);
/** Read the same files again, for connections made from now on; those that are up stay as they are. @return MSGIN5G_OK;
 * ERR_CONFIG or ERR_NO_MEMORY: then nothing has changed, and @p problem says what is wrong, as above. */
enum msgin5g_err tls_context_reload(struct tls_context *context, char *problem, size_t problem_size);
/** NULL is allowed. */
void tls_context_free(struct tls_context *context);

/** One connection. */
struct tls_stream;

/** Results of read, write and handshake besides a count of octets. */
enum { TLS_WANT_READ = -1, TLS_WANT_WRITE = -2, TLS_CLOSED = -3, TLS_FAILED = -4 };

/**
 * @p fd is connected and non-blocking, not owned. @p server_name (clients): DNS name or textual IP address that the
 * server's certificate must carry as alternative name, exactly (no wildcard, the common name does not count); a DNS
 * name is also sent as SNI. @return MSGIN5G_OK, ERR_INVALID or ERR_NO_MEMORY.
 */
enum msgin5g_err tls_stream_create(
    struct tls_context *context, int fd, const char *server_name, struct tls_stream **out);
/** Send close_notify once if the connection is up, then wipe and release; the peer's close_notify is not awaited. NULL
 * is allowed. */
void tls_stream_free(struct tls_stream *stream);
/** Go on with the handshake. @return 0 when done, else TLS_WANT_READ, TLS_WANT_WRITE, TLS_CLOSED or TLS_FAILED. */
int tls_stream_handshake(struct tls_stream *stream);
/** True when the stream failed because a certificate (ours or the peer's) was refused or is missing. */
bool tls_stream_refused(const struct tls_stream *stream);
/**
 * @return octets (at least 1), or one of the results above. Octets may wait inside the stream although the descriptor
 * is not readable: read until TLS_WANT_READ.
 */
int tls_stream_read(struct tls_stream *stream, void *out, size_t capacity);
/** After TLS_WANT_WRITE: call again with the same octets, or with more behind them. */
int tls_stream_write(struct tls_stream *stream, const void *octets, size_t length);
/** Protocol chosen by ALPN, "" for none; valid while the stream lives. */
const char *tls_stream_alpn(const struct tls_stream *stream);
/** Why the handshake or the stream failed: a short text for logs. */
const char *tls_stream_problem(const struct tls_stream *stream);

#define TLS_PEER_NAMES_MAX 8
#define TLS_PEER_NAME_MAX  255
/**
 * Names of the peer's certificate: URI alternative names first, then DNS ones, then the subject's common name; so the
 * first is the identity that policy looks at (EC-15).
 */
struct tls_peer_names {
    size_t count;
    char names[TLS_PEER_NAMES_MAX][TLS_PEER_NAME_MAX + 1];
};
/** @return MSGIN5G_OK, or ERR_UNAUTHENTICATED when the peer showed no certificate. */
enum msgin5g_err tls_stream_peer_names(const struct tls_stream *stream, struct tls_peer_names *out);

#endif
