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
struct transport_observer; /* a GET of ours with Observe, and what comes because of it (RFC 7641) */
struct transport_observation;

enum transport_scheme { TRANSPORT_COAPS, TRANSPORT_COAPS_TCP, TRANSPORT_COAP, TRANSPORT_OSCORE };
enum transport_method { TRANSPORT_GET = 1, TRANSPORT_POST = 2, TRANSPORT_PUT = 3, TRANSPORT_DELETE = 4 };

#define TRANSPORT_FORMAT_NONE   (-1)
#define TRANSPORT_FORMAT_JSON   50
#define TRANSPORT_FORMAT_CBOR   60
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

/** Why a peer observes no more. */
enum transport_observe_end {
    TRANSPORT_OBSERVE_END_REFUSED, /* it answered a notification with Reset (RFC 7641 3.6) */
    TRANSPORT_OBSERVE_END_SESSION  /* the session is gone, perhaps because a notification was never acknowledged */
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
    /** Handshake complete (TRANSPORT_COAP: first datagram; TRANSPORT_OSCORE: see transport_oscore.h). */
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
    /** Server: @p observation is over; it is unbound already. Never for transport_observation_cancel(). */
    void (*observation_ended)(void *ctx, struct transport_observation *observation, enum transport_observe_end end);
};

struct transport_config {
    const char *psk_hint;          /* server: "3GPP-AKMA" (TS 24.109 K.3.2); NULL: none */
    bool ccm8;                     /* offer and accept TLS_PSK_WITH_AES_128_CCM_8 */
    uint16_t only_suite;           /* tests and benchmarks: this suite alone; 0: the whole list */
    const char *key_log_file;      /* labs only: secrets of handshakes, OSCORE contexts; NULL: none */
    unsigned half_open_s;          /* age limit of a handshake; default 5 */
    unsigned half_open_per_source; /* default 16 */
    unsigned half_open_total;      /* default 65535 */
    unsigned session_idle_s;       /* server sessions without traffic are closed; default 0: never */
    unsigned max_sessions;         /* default 0: no limit */
    size_t body_octets;            /* largest request or answer body after reassembly; default 262144 (EC-22) */
    unsigned ack_timeout_ms;       /* default 2000 (RFC 7252 4.8) */
    unsigned max_retransmit;       /* default 4 */
    unsigned nstart;               /* CONs in flight a session; default 1 */
    const char *oscore_open_path;  /* server: the one Uri-Path a request may name without OSCORE; NULL: none */
    unsigned oscore_half_open_s;   /* patience with a peer's first protected request; default 30 (choice C14) */
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
    const char *server_name; /* SNI: FQDN of the AF; NULL for TRANSPORT_COAP and TRANSPORT_OSCORE */
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
/** Peer address as text, "127.0.0.1:40000"; valid while the session lives, with OSCORE until its peer has another one.
 */
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
/** Uri-Host. @return false when absent, or longer than @p capacity - 1. */
bool transport_request_host(const struct transport_request *request, char *out, size_t capacity);
/** Echo (RFC 9175 2.2); octets NULL when absent. */
struct msgin5g_str transport_request_echo(const struct transport_request *request);
/** Content-Format, TRANSPORT_FORMAT_NONE when absent. */
int transport_request_format(const struct transport_request *request);
struct msgin5g_str transport_request_body(const struct transport_request *request);
bool transport_request_confirmable(const struct transport_request *request);
/** Accept (RFC 7252 5.10.4), TRANSPORT_FORMAT_NONE when absent. */
int transport_request_accept(const struct transport_request *request);
/** Value of the first Uri-Query option "@p name=value"; borrowed, absent when there is none. */
struct msgin5g_str transport_request_query(const struct transport_request *request, const char *name);

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
/**
 * Before transport_respond() with a small body: the answer carries Echo, for the peer to repeat (RFC 9175). It is not
 * kept for duplicates: being asked costs no memory.
 *
 * @param echo at most 40 octets; borrowed until the answer is given.
 */
void transport_request_demand_echo(struct transport_request *request, struct msgin5g_str echo);
/** Answer later, on the same loop; duplicates of the request are absorbed in the meantime. NULL when memory is short
 * (then 5.00 goes out). */
struct transport_deferred *transport_defer(struct transport_request *request);
/** Answer what is owed; @p deferred is gone afterwards. A session that has ended in the meantime is no error. */
void transport_deferred_respond(struct transport_deferred *deferred, const struct transport_answer *answer);

/* ---- observation, the server's side (RFC 7641) ---- */

enum transport_observe { TRANSPORT_OBSERVE_NONE, TRANSPORT_OBSERVE_BEGIN, TRANSPORT_OBSERVE_END };
/** What a GET says with its Observe option. */
enum transport_observe transport_request_observe(const struct transport_request *request);

#define TRANSPORT_TOKEN_MAX 8 /* octets of the token of an observation (RFC 7252 5.3.1) */

/** Who observes: embedded in what its owner keeps of the observer. Zeroed: nobody. The members are the transport's. */
struct transport_observation {
    struct transport_session *session;         /* NULL: nobody observes */
    struct transport_observation *prev, *next; /* of the session */
    uint32_t sequence;                         /* Observe value given last, 24 bits */
    uint32_t confirmed_s;                      /* loop time of the last confirmable notification */
    uint16_t mid;                              /* of the last notification */
    uint8_t token_length;
    uint8_t token[TRANSPORT_TOKEN_MAX];
};
/**
 * Take the GET in hand as the beginning of @p observation, which is bound to its session and token from now on (anew,
 * if it was bound). Before transport_respond() with 2.05, which then carries Observe.
 * @return MSGIN5G_OK or ERR_MALFORMED (a token longer than TRANSPORT_TOKEN_MAX).
 */
enum msgin5g_err transport_observation_begin(
    struct transport_request *request, struct transport_observation *observation);
/** Nobody observes any more; says nothing to the peer. Fine for one that is not bound. */
void transport_observation_cancel(struct transport_observation *observation);

/** All observations over @p session are over: observation_ended() runs for each, as at the end of the session. */
void transport_observations_end(struct transport_session *session);

/* ---- requests going out ---- */
struct transport_call {
    enum transport_method method;
    const char *path; /* segments joined with '/', no leading one */
    int format;
    const void *body; /* borrowed for the call; sent block-wise when large */
    size_t length;
    bool confirmable;
    bool unprotected; /* on a TRANSPORT_OSCORE session: send it without OSCORE */
    const char *host; /* Uri-Host; NULL: none */
    bool accept_json; /* Accept: TRANSPORT_FORMAT_JSON */
};
/** What the peer answered. */
struct transport_result {
    uint8_t code;
    int format;
    struct msgin5g_str body; /* borrowed for the call */
    bool observed;           /* it carried Observe: more may follow */
    int64_t max_age_s;       /* -1: no Max-Age option */
    bool is_protected;       /* on a TRANSPORT_OSCORE session: by OSCORE; false for errors of RFC 8613 8 */
};
/**
 * Runs exactly once for a CON, on the loop, never inside transport_send(): MSGIN5G_OK with @p result, or NULL with
 * ERR_TIMEOUT (retransmissions exhausted: the session ends too; or acknowledged, and no answer for twice as long),
 * ERR_PEER (Reset), ERR_PAYLOAD_TOO_LARGE (an answer longer than body_octets, or that did not come whole) or ERR_CLOSED
 * (session ended). Not called for requests sent with done NULL.
 */
typedef void transport_done_fn(void *ctx, enum msgin5g_err err, const struct transport_result *result);
/**
 * Send a request on an open session. The order of sending is kept among those that fit into one datagram, and among
 * those that do not: a peer is sent one block-wise body at a time, confirmable whatever @p call says, and what is
 * smaller does not wait for it.
 * @return MSGIN5G_OK, ERR_CLOSED (not open), ERR_LIMIT (TRANSPORT_EXCHANGES_MAX), ERR_PAYLOAD_TOO_LARGE, ERR_NO_MEMORY.
 */
enum msgin5g_err transport_send(
    struct transport_session *session, const struct transport_call *call, transport_done_fn *done, void *ctx);

/* ---- notifications, and observation from the client's side ---- */

/**
 * Send a notification, 2.05, on a bound observation. A non-confirmable one goes out confirmable when none was for 24
 * hours (RFC 7641 4.5). Nothing is sent block-wise: acknowledged would then mean that the first block arrived.
 *
 * @param done NULL, or (confirmable only) runs exactly once on the loop, never inside of this call: MSGIN5G_OK with a
 *             result of code 0.00 when the peer acknowledged, else as transport_done_fn.
 * @return MSGIN5G_OK, ERR_CLOSED (not bound, session ended), ERR_PAYLOAD_TOO_LARGE (no room in one message),
 * ERR_INVALID
 *         (@p done over TCP, where nothing is acknowledged), ERR_LIMIT (TRANSPORT_EXCHANGES_MAX), ERR_NO_MEMORY.
 */
enum msgin5g_err transport_notify(struct transport_observation *observation, const struct transport_answer *answer,
    bool confirmable, transport_done_fn *done, void *ctx);

/**
 * What the server says to an observer: the answer to each GET of ours, and notifications in the order of arrival, all
 * of them (they are messages, not states of which only the newest counts). With an error and NULL, or with a result
 * that is not observed, the observation is over and the observer is gone. Never runs inside of the calls below.
 */
typedef void transport_observed_fn(void *ctx, enum msgin5g_err err, const struct transport_result *result);
/** Begin to observe: GET with Observe 0, method and confirmable of @p call do not count. @p out: until observed() says
 * it is over. @return as transport_send(). */
enum msgin5g_err transport_observe(struct transport_session *session, const struct transport_call *call,
    transport_observed_fn *observed, void *ctx, struct transport_observer **out);
/** The same GET again, with the same token. @return as transport_send(). */
enum msgin5g_err transport_observe_again(struct transport_observer *observer, const struct transport_call *call);
/** GET with Observe 1 and the same token. @return as transport_send(). */
enum msgin5g_err transport_observe_end(struct transport_observer *observer, const struct transport_call *call);
/** GET with Observe 1 without an observer: for an observation of an earlier session, or of another process.
 * observed() runs once. @return as transport_send(). */
enum msgin5g_err transport_observe_stop(struct transport_session *session, const struct transport_call *call,
    transport_observed_fn *observed, void *ctx, struct transport_observer **out);
/** Forget @p observer: observed() runs no more. What the server still sends is refused. */
void transport_observer_drop(struct transport_observer *observer);

/** Sessions by state, for metrics and tests. */
struct transport_counts {
    size_t open, half_open;
    size_t unused_paths; /* addresses that speak to a port for OSCORE, and are no peer's */
};
struct transport_counts transport_count(const struct transport *transport);

#endif
