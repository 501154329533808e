/*
 * From the first ClientHello to the key: asks the gate what the UE says, the key source what it has, and holds the
 * handshake while the AAnF is asked (decision D3; TS 33.535 6.2.1; alerts as section 4.5 of the AKMA digest).
 */
#ifndef HANDSHAKE_H
#define HANDSHAKE_H

#include "coap/transport.h"
#include "config.h"
#include "psk_source.h"
#include "server_metrics.h"

/** The transport's functions; tests put theirs here. */
struct handshake_transport {
    enum transport_scheme (*scheme)(const struct transport_session *session);
    uint16_t (*suite)(const struct transport_session *session);
    bool (*is_1_3)(const struct transport_session *session);
    const char *(*remote)(const struct transport_session *session);
    bool (*cookie_valid)(const struct transport_session *session, const uint8_t *cookie, size_t length);
    void (*refuse)(struct transport_session *session, enum tls_alert alert);
    void (*replay)(struct transport_session *session, const uint8_t *octets, size_t length);
};

struct handshakes; /* of one shard */
struct handshake;  /* of one session */

/** What is known about the UE once its key was handed out. */
struct handshake_outcome {
    bool known;           /* false: the key was a random one (auth.hide_identities), or none was asked for */
    int64_t expiry_s;     /* of K_AF, seconds since 1970-01-01 UTC */
    const char *identity; /* SUPI or GPSI, "" for none; borrowed from the handshake */
};

/** Everything is borrowed but @p config, which is copied as far as it is needed. @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err handshakes_create(struct loop *loop, const struct server_config *config,
    const struct handshake_transport *transport, struct psk_source *source, struct server_metrics *metrics,
    struct handshakes **out);
/** Free after the transport and the key source: both may still call back. NULL is allowed. */
void handshakes_free(struct handshakes *handshakes);

/** @return NULL when memory is short. Ends with handshake_end(). */
struct handshake *handshake_begin(struct handshakes *handshakes, struct transport_session *session);
/** The session is open, or gone. NULL is allowed. */
void handshake_end(struct handshake *handshake);
/** As transport_handler.gate; the handshake may have ended when it returns. */
enum transport_gate_verdict handshake_gate(struct handshake *handshake, const uint8_t *octets, size_t length);
/** As transport_handler.server_psk. */
bool handshake_psk(struct handshake *handshake, const char *identity, struct transport_psk *out);
struct handshake_outcome handshake_outcome(const struct handshake *handshake);

#endif
