/*
 * The gate for TLS over TCP: what psk_gate.h is for datagrams, over a stream cut anywhere (RFC 8446 5.1, RFC
 * 5246 6.2.1). A function over octets: no socket, no clock, no key.
 */
#ifndef PSK_GATE_STREAM_H
#define PSK_GATE_STREAM_H

#include "psk_gate.h"

struct psk_gate_stream; /* how far one peer's stream has been read */

/** @return NULL when memory is short. Release with psk_gate_stream_free(). */
struct psk_gate_stream *psk_gate_stream_create(void);
/** NULL is allowed. */
void psk_gate_stream_free(struct psk_gate_stream *gate);
/**
 * Read the next octets of the stream; every octet of the handshake has to pass here once, in order.
 *
 * @param out set for HELLO and KEY_EXCHANGE; the strings are borrowed from the gate until it reads again.
 * @return PSK_GATE_MALFORMED when this is not TLS, or a message that ends a flight of the client is followed by another
 * one at once: such a peer is not to be talked to, and from then on the answer stays the same.
 */
enum psk_gate_event psk_gate_stream_read(
    struct psk_gate_stream *gate, const uint8_t *octets, size_t length, struct psk_gate_finding *out);

#endif
