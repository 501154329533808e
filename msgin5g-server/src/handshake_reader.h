/* What a ClientHello and a ClientKeyExchange say in the clear (RFC 8446 4.1.2, RFC 9147 5.3, RFC 4279 2): the part of
 * the gate that DTLS and TLS share. Functions over octets. */
#ifndef HANDSHAKE_READER_H
#define HANDSHAKE_READER_H

#include "psk_gate.h"

enum { RECORD_HANDSHAKE = 22, HANDSHAKE_CLIENT_HELLO = 1, HANDSHAKE_CLIENT_KEY_EXCHANGE = 16 };

/** Octets still to be read. */
struct reader {
    const uint8_t *at;
    size_t left;
};

/** Take a number of @p octet_count octets, at most 4. @return false when there are too few. */
bool read_number(struct reader *from, size_t octet_count, uint32_t *out);
/** Take @p length octets. */
bool read_octets(struct reader *from, size_t length, struct reader *out);
/** Take a vector with its length in front (RFC 8446 3.4). */
bool read_vector(struct reader *from, size_t length_octets, struct reader *out);

/**
 * Read the whole @p body of a ClientHello or ClientKeyExchange.
 *
 * @param dtls in DTLS a hello without a cookie says nothing.
 * @return PSK_GATE_HELLO or PSK_GATE_KEY_EXCHANGE with @p out set, PSK_GATE_NOTHING or PSK_GATE_MALFORMED.
 */
enum psk_gate_event read_handshake_message(bool dtls, uint8_t type, struct reader body, struct psk_gate_finding *out);

#endif
