/* ClientHellos built octet by octet, for what no client at hand sends. */
#ifndef GATE_OCTETS_H
#define GATE_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct octets {
    uint8_t data[8192];
    size_t length;
};

/** What to put into a ClientHello; NULL leaves an extension out. */
struct hello {
    const char *legacy_cookie;
    const char *cookie; /* extension */
    const char *server_name;
    const char *identities[3]; /* up to the first NULL */
    int psk_mode;              /* -1: no psk_key_exchange_modes */
    int version;               /* the one in supported_versions; 0: no extension */
    size_t padding;            /* octets of an extension nobody knows */
    bool tls;                  /* no DTLS: no legacy cookie */
};

/** Octets of @p hex. */
void octets_from_hex(const char *hex, struct octets *out);
/** The handshake message alone, without record and handshake headers. */
void hello_body(const struct hello *hello, struct octets *out);
/** One record with one fragment: octets [offset, offset + length) of @p body. */
void handshake_record(
    uint8_t type, uint16_t sequence, const struct octets *body, size_t offset, size_t length, struct octets *out);
/** The whole message in one datagram. */
void hello_datagram(const struct hello *hello, struct octets *out);
/** A ClientKeyExchange with @p length octets of identity. */
void key_exchange_datagram(const char *identity, size_t length, struct octets *out);

/** Append one TLS record of handshake messages with @p length octets at @p octets. */
void tls_record(const void *octets, size_t length, struct octets *out);
/** A ClientHello for TLS, whole: record, message header, body. */
void tls_hello(const struct hello *hello, struct octets *out);
/** A ClientKeyExchange for TLS 1.2, likewise. */
void tls_key_exchange(const char *identity, size_t length, struct octets *out);

#endif
