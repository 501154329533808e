/*
 * Reads what a UE says in the clear of its DTLS handshake, before the TLS library sees it (decision D3): cookie, server
 * name and PSK identity (RFC 6347, RFC 9147). A function over octets: no socket, no clock, no key.
 */
#ifndef PSK_GATE_H
#define PSK_GATE_H

#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PSK_GATE_MESSAGE_MAX 4096 /* octets of one reassembled handshake message; longer ones are not looked at */

struct psk_gate; /* what one peer's fragments have said so far */

enum psk_gate_event {
    PSK_GATE_NOTHING,     /* nothing to decide here */
    PSK_GATE_MALFORMED,   /* not DTLS: the TLS library will drop it; for the counter. A TLS stream ends here */
    PSK_GATE_HELLO,       /* a ClientHello; in DTLS one that carries a cookie */
    PSK_GATE_KEY_EXCHANGE /* a ClientKeyExchange ((D)TLS 1.2) */
};

/** What was found; the strings are borrowed from the octets or from the gate until it reads again. */
struct psk_gate_finding {
    bool is_1_3;               /* HELLO: (D)TLS 1.3 is offered (DTLS: with its cookie extension), so 1.3 it will be */
    bool psk_offered;          /* HELLO: pre_shared_key is there; always true with KEY_EXCHANGE */
    bool psk_dhe_ke;           /* HELLO: psk_dhe_ke is among the modes */
    struct msgin5g_str cookie; /* HELLO, DTLS: of the extension (1.3) or the legacy field (1.2) */
    struct msgin5g_str server_name; /* HELLO: as sent; absent without server_name */
    struct msgin5g_str identity; /* first PSK identity that begins with "3GPP-", else the first one (a ticket, say) */
};

/** @return NULL when memory is short. Release with psk_gate_free(). */
struct psk_gate *psk_gate_create(void);
/** NULL is allowed. */
void psk_gate_free(struct psk_gate *gate);
/**
 * Read one datagram. Fragments are put together across datagrams, one message at a time.
 *
 * @param out set for HELLO and KEY_EXCHANGE, the first of them in this datagram.
 */
enum psk_gate_event psk_gate_read(
    struct psk_gate *gate, const uint8_t *octets, size_t length, struct psk_gate_finding *out);

#endif
