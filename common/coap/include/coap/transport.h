/* CoAP transports of MSGin5G-1 and -6: sessions, requests, answers. The one door to libcoap (RFC 7252, RFC 7959, RFC
 * 8323). */
#ifndef COAP_TRANSPORT_H
#define COAP_TRANSPORT_H

#include "base/loop.h"
#include "base/metrics.h"
#include "msgin5g/error.h"
#include "msgin5g/ids.h"
#include "tls/psk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct transport;          /* one libcoap context in one loop: endpoints and sessions */
struct transport_session;  /* one peer: a UE at the server, the server at a UE */
struct transport_request;  /* a request that came in; valid inside of the request handler */
struct transport_deferred; /* an answer that is owed */

enum transport_scheme { TRANSPORT_COAPS, TRANSPORT_COAPS_TCP, TRANSPORT_COAP };
enum transport_method { TRANSPORT_GET = 1, TRANSPORT_POST = 2, TRANSPORT_PUT = 3, TRANSPORT_DELETE = 4 };

#define TRANSPORT_FORMAT_NONE   (-1)
#define TRANSPORT_FORMAT_JSON   50
#define TRANSPORT_PSK_MAX       64
#define TRANSPORT_IDENTITY_MAX  319 /* octets; "3GPP-AKMA;" and the longest A-KID are 263 */
#define TRANSPORT_EXCHANGES_MAX 64  /* requests to one peer that wait for their answer or for their turn (NSTART) */

/** Why a session ended. */
enum transport_end {
    TRANSPORT_END_CLOSED,    /* by the peer: close_notify or FIN */
    TRANSPORT_END_LOCAL,     /* by transport_session_close() or transport_free() */
    TRANSPORT_END_HANDSHAKE, /* the handshake failed; see transport_session_alert() */
    TRANSPORT_END_TIMEOUT,   /* half-open too long, or the peer stopped answering */
    TRANSPORT_END_IDLE,      /* idle longer than session_idle_s */
    TRANSPORT_END_ERROR
};

/** A PSK for one handshake; wiped by the transport after use. */
struct transport_psk {
    uint8_t key[TRANSPORT_PSK_MAX];
    size_t key_length;
    char identity[TRANSPORT_IDENTITY_MAX + 1]; /* client: what to send, NUL-terminated */
};

/** What a gate decides about octets of a handshake (decision D3). */
enum transport_gate_verdict { TRANSPORT_GATE_PASS, TRANSPORT_GATE_HOLD, TRANSPORT_GATE_REFUSE };

/** What the owner of a transport wants to be told. Unused rows may be NULL. All run on the loop. */
struct transport_handler {
    /** Handshake complete (for TRANSPORT_COAP: first datagram). */
    void (*opened)(void *ctx, struct transport_session *session);
    /** The session is gone after this call; exchanges of it have ended before. Also for sessions that never opened. */
    void (*closed)(void *ctx, struct transport_session *session, enum transport_end end);
    /** Answer with transport_respond() or transport_defer() before returning; without either: 5.00. */
    void (*request)(void *ctx, struct transport_session *session, struct transport_request *request);
    /** Server: octets of a handshake before wolfSSL sees them. */
    enum transport_gate_verdict (*gate)(
        void *ctx, struct transport_session *session, const uint8_t *octets, size_t length);
    /** Server: the key for @p identity (NUL-terminated), from a cache; false refuses. */
    bool (*server_psk)(void *ctx, struct transport_session *session, const char *identity, struct transport_psk *out);
    /** Client: identity and key. @p hint is NULL in (D)TLS 1.3; @p suite is the negotiated one in 1.2, else 0x1301. */
    bool (*client_psk)(
        void *ctx, struct transport_session *session, const char *hint, uint16_t suite, struct transport_psk *out);
};

struct transport_config {
    const char *psk_hint;          /* server: "3GPP-AKMA" (TS 24.109 K.3.2); NULL: none */
    bool ccm8;                     /* offer and accept TLS_PSK_WITH_AES_128_CCM_8 */
    uint16_t only_suite;           /* tests and benchmarks: this suite alone; 0: the whole list */
    const char *key_log_file;      /* labs only; NULL: none */
    unsigned half_open_s;          /* age limit of a handshake; default 5 */
    unsigned half_open_per_source; /* default 16 */
    unsigned half_open_total;      /* default 65535 */
    unsigned session_idle_s;       /* server sessions without traffic are closed; default 0: never */
    unsigned max_sessions;         /* default 0: no limit */
    size_t body_octets;            /* largest request or answer body after reassembly; default 262144 (EC-22) */
    unsigned ack_timeout_ms;       /* default 2000 (RFC 7252 4.8) */
    unsigned max_retransmit;       /* default 4 */
    unsigned nstart;               /* CONs in flight a session; default 1 */
    struct metrics *metrics;       /* NULL: none */
};

/** @p config and @p handler are copied; @p ctx is handed to every handler. */
enum msgin5g_err transport_create(struct loop *loop, const struct transport_config *config,
    const struct transport_handler *handler, void *ctx, struct transport **out);
/** Close every session (closed() runs for each), then release. NULL is allowed. */
void transport_free(struct transport *transport);

/** Listen on @p host (numeric) and @p port (0: any free). @p bound_port may be NULL. @return MSGIN5G_OK, ERR_IO,
 * ERR_INVALID, ERR_NO_MEMORY. */
enum msgin5g_err transport_listen(
    struct transport *transport, enum transport_scheme scheme, const char *host, uint16_t port, uint16_t *bound_port);

struct transport_peer {
    enum transport_scheme scheme;
    const char *host; /* numeric address */
    uint16_t port;
    const char *server_name; /* SNI: FQDN of the AF; NULL for TRANSPORT_COAP */
    enum tls_psk_versions versions;
};
/** Open a session as a client; opened() or closed() follows on the loop, never inside this call. @p user: see
 * transport_session_user(). */
enum msgin5g_err transport_connect(
    struct transport *transport, const struct transport_peer *peer, void *user, struct transport_session **out);
/** Close with close_notify; closed() runs during this call or soon after. Exchanges end with ERR_CLOSED. */
void transport_session_close(struct transport_session *session);

/** The owner's pointer for this session; NULL at first for incoming sessions. */
void *transport_session_user(const struct transport_session *session);
void transport_session_set_user(struct transport_session *session, void *user);
enum transport_scheme transport_session_scheme(const struct transport_session *session);
/** Peer address as text, "127.0.0.1:40000"; valid while the session lives. */
const char *transport_session_remote(const struct transport_session *session);
/** Cipher suite in force or chosen so far (0: none), (D)TLS 1.3 or not, SNI the client sent (NULL: none), alert
 * received last (-1: none). */
uint16_t transport_session_suite(const struct transport_session *session);
bool transport_session_is_1_3(const struct transport_session *session);
const char *transport_session_server_name(const struct transport_session *session);
int transport_session_alert(const struct transport_session *session);
/** For the gate, DTLS 1.3: see tls_psk_cookie_valid(); false as long as this session has sent no cookie. */
bool transport_session_cookie_valid(const struct transport_session *session, const uint8_t *cookie, size_t length);

/* For the gate, on sessions still in their handshake. The session may be gone when replay or abort returns (closed()
 * has run then). */
void transport_session_replay(struct transport_session *session, const uint8_t *octets, size_t length);
/** Write a plaintext fatal alert below TLS (no keys are active yet), then free the session without further words. */
void transport_session_refuse(struct transport_session *session, enum tls_alert alert);

/* ---- requests that came in ---- */
enum transport_method transport_request_method(const struct transport_request *request);
/** Uri-Path segments joined with '/', without a leading one. @return false when longer than @p capacity - 1. */
bool transport_request_path(const struct transport_request *request, char *out, size_t capacity);
/** Content-Format, TRANSPORT_FORMAT_NONE when absent. */
int transport_request_format(const struct transport_request *request);
struct msgin5g_str transport_request_body(const struct transport_request *request);
bool transport_request_confirmable(const struct transport_request *request);

/** An answer; borrowed for the call. */
struct transport_answer {
    uint8_t code; /* MSGIN5G_COAP_CODE() */
    int format;   /* TRANSPORT_FORMAT_NONE without a body */
    const void *body;
    size_t length;
    int64_t max_age_s; /* -1: no Max-Age option */
};
/** Answer now, piggybacked on the acknowledgement of a CON. */
void transport_respond(struct transport_request *request, const struct transport_answer *answer);
/** Answer later, on the same loop; duplicates of the request are absorbed in the meantime. NULL when memory is short
 * (then 5.00 goes out). */
struct transport_deferred *transport_defer(struct transport_request *request);
/** Answer what is owed; @p deferred is gone afterwards. A session that has ended in the meantime is no error. */
void transport_deferred_respond(struct transport_deferred *deferred, const struct transport_answer *answer);

/* ---- requests going out ---- */
struct transport_call {
    enum transport_method method;
    const char *path; /* segments joined with '/', no leading one */
    int format;
    const void *body; /* borrowed for the call; sent block-wise when large */
    size_t length;
    bool confirmable;
};
/** What the peer answered. */
struct transport_result {
    uint8_t code;
    int format;
    struct msgin5g_str body; /* borrowed for the call */
};
/**
 * Runs exactly once for a CON, on the loop, never inside transport_send(): MSGIN5G_OK with @p result, or NULL with
 * ERR_TIMEOUT (retransmissions exhausted: the session ends too; or acknowledged, and no answer for twice as long),
 * ERR_PEER (Reset), ERR_PAYLOAD_TOO_LARGE (an answer longer than body_octets, or that did not come whole) or ERR_CLOSED
 * (session ended). Not called for requests sent with done NULL.
 */
typedef void transport_done_fn(void *ctx, enum msgin5g_err err, const struct transport_result *result);
/**
 * Send a request on an open session (order of sending is kept).
 * @return MSGIN5G_OK, ERR_CLOSED (not open), ERR_LIMIT (TRANSPORT_EXCHANGES_MAX), ERR_PAYLOAD_TOO_LARGE, ERR_NO_MEMORY.
 */
enum msgin5g_err transport_send(
    struct transport_session *session, const struct transport_call *call, transport_done_fn *done, void *ctx);

/** Sessions by state, for metrics and tests. */
struct transport_counts {
    size_t open, half_open;
};
struct transport_counts transport_count(const struct transport *transport);

#endif
