/* What the files of this module share; the only place that includes wolfSSL's own headers. */
#ifndef TLS_INTERNAL_H
#define TLS_INTERNAL_H

#include <wolfssl/options.h>

#include <wolfssl/ssl.h>

#include "tls/stream.h"

struct tls_context {
    WOLFSSL_CTX *ctx; /* another one after tls_context_reload(); sessions keep theirs */
    bool is_server;
    bool peer_certificate_required;
    char *alpn;                                  /* comma-separated; NULL: none */
    char *key_log_file;                          /* NULL: none */
    char *certificate_file, *key_file, *ca_file; /* NULL: none */
};

/** Have the secrets of @p ssl appended to @p path (NSS key log) as they come up; @p path is borrowed for the session's
 * life. */
void key_log_attach(WOLFSSL *ssl, const char *path);

/** True when the peer's certificate carries @p name (DNS name or textual IP address) as alternative name. */
bool peer_certificate_has_name(const WOLFSSL *ssl, const char *name);

/** As tls_stream_peer_names(). */
enum msgin5g_err peer_certificate_names(const WOLFSSL *ssl, struct tls_peer_names *out);

/** True for a textual IPv4 or IPv6 address. */
bool is_ip_address(const char *name);

#endif
