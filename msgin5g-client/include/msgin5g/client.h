/*
 * libmsgin5g: the UE side of MSGin5G (TS 23.554, TS 24.538) for applications.
 *
 * A context holds the event loop; any number of clients (one a UE Service ID) live in it. The caller's own loop drives
 * a context: watch msgin5g_context_fd() for reading, wait at most msgin5g_context_next_timeout_ms(), then call
 * msgin5g_context_process(). Callbacks run inside of that call, on the caller's thread; only state() may also run
 * inside of register, deregister and set_akma. A context and its clients belong to one thread at a time. Callbacks may
 * call any function here, msgin5g_client_free() for their own client included, but not msgin5g_context_process() and
 * msgin5g_context_free().
 */
#ifndef MSGIN5G_CLIENT_H
#define MSGIN5G_CLIENT_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"
#include "msgin5g/message.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MSGIN5G_A_KID_MAX         253 /* octets of an A-KID (TS 33.535 6.1) */
#define MSGIN5G_K_AKMA_LEN        32
#define MSGIN5G_GATEWAY_KEY_LEN   32 /* between a constrained UE and its gateway */
#define MSGIN5G_SUBSCRIPTIONS_MAX 32 /* topics of one client */

struct msgin5g_context;
struct msgin5g_client;

struct msgin5g_context_config {
    const char *key_log_file;     /* labs only: NSS key log of every handshake, every OSCORE context; NULL: none */
    unsigned ack_timeout_ms;      /* CoAP ACK_TIMEOUT; 0: 2000 (RFC 7252 4.8) */
    unsigned max_retransmit;      /* CoAP MAX_RETRANSMIT; 0: 4 */
    unsigned handshake_timeout_s; /* patience with one handshake; 0: 5 */
    bool ccm8;                    /* also offer TLS_PSK_WITH_AES_128_CCM_8 (RFC 7925) */
    unsigned short only_suite;    /* labs and benchmarks: of the suites of (D)TLS 1.2 this one alone; 0: all */
    size_t max_clients;           /* clients at most; 0: 64 */
};

/** Create a context; @p config is copied, NULL takes the defaults. @return MSGIN5G_OK, ERR_NO_MEMORY, ERR_IO,
 * ERR_INTERNAL. */
MSGIN5G_API enum msgin5g_err msgin5g_context_create(
    const struct msgin5g_context_config *config, struct msgin5g_context **out);
/** Close every client of it without de-registering, wipe all keys, release. NULL is allowed; does nothing inside of a
 * callback. */
MSGIN5G_API void msgin5g_context_free(struct msgin5g_context *context);
/** Descriptor to watch for reading; the context's, constant for its life. */
MSGIN5G_API int msgin5g_context_fd(const struct msgin5g_context *context);
/** Milliseconds until msgin5g_context_process() has to run even if the descriptor stays silent; -1: no limit. */
MSGIN5G_API int msgin5g_context_next_timeout_ms(struct msgin5g_context *context);
/** Do what is due; waits at most @p timeout_ms for something (0: not at all, -1: as long as it takes). @return
 * MSGIN5G_OK, ERR_IO, or ERR_INVALID inside of a callback. */
MSGIN5G_API enum msgin5g_err msgin5g_context_process(struct msgin5g_context *context, int timeout_ms);

enum msgin5g_client_state {
    MSGIN5G_CLIENT_IDLE,        /* created, or stopped by deregister */
    MSGIN5G_CLIENT_CONNECTING,  /* (D)TLS handshake, or establishment of an OSCORE context */
    MSGIN5G_CLIENT_REGISTERING, /* REG sent */
    MSGIN5G_CLIENT_REGISTERED,
    MSGIN5G_CLIENT_WAITING,     /* connection or registration failed; tries again after a back-off */
    MSGIN5G_CLIENT_WAITING_KEY, /* asked for a fresh key, see need_key */
    MSGIN5G_CLIENT_DEREGISTERING
};

/** (D)TLS versions to offer. Automatic: 1.3 first, then 1.2 with the key for the suite the server chose (TS 33.220
 * H.3). */
enum msgin5g_version { MSGIN5G_VERSION_AUTO, MSGIN5G_VERSION_1_2, MSGIN5G_VERSION_1_3 };

/** What a client tells its owner; unused rows may be NULL. Everything handed over is borrowed for the call. */
struct msgin5g_client_events {
    /** @p err says why, for WAITING, WAITING_KEY and IDLE; MSGIN5G_OK else. */
    void (*state)(void *ctx, struct msgin5g_client *client, enum msgin5g_client_state state, enum msgin5g_err err);
    /** Registration or re-registration accepted for @p lifetime_s seconds. */
    void (*registered)(void *ctx, struct msgin5g_client *client, int64_t lifetime_s);
    /**
     * A message for this UE. When a report was asked for, it goes out as soon as this returns: NULL: success, else
     * failure with the returned constant text as Cause (TS 24.538 6.4.1.1.4).
     */
    const char *(*message)(void *ctx, struct msgin5g_client *client, const struct msgin5g_message *message);
    /** Delivery status report for a message sent from here (IMDN, TS 24.538 7.3.4.2). @p from: who reports. */
    void (*report)(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from,
        enum msgin5g_delivery_status status, struct msgin5g_str cause);
    /** The server's word on a message sent from here: refused, failed or stored (MSGRESP, TS 24.538 7.3.4.3). */
    void (*response)(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id,
        enum msgin5g_delivery_status status, struct msgin5g_str cause);
    /**
     * The CoAP exchange that carried a message (all of them, when it went in segments) has ended: MSGIN5G_OK: the
     * server took it (2.04); ERR_PEER: it answered
     * @p coap_code; ERR_TIMEOUT or ERR_CLOSED: unknown whether it arrived.
     */
    void (*sent)(
        void *ctx, struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, unsigned char coap_code);
    /**
     * The server does not know the A-KID any more, or K_AF failed: run primary authentication again and call
     * msgin5g_client_set_akma(), now or later. Without this row, or after one refresh that did not help, the client
     * backs off; it asks again after a success or once the wait has grown to backoff_max_ms.
     */
    void (*need_key)(void *ctx, struct msgin5g_client *client);
    /**
     * A message for this UE came in segments, and not whole: ERR_SEGMENT_MISSING: some stayed away although they were
     * asked for; ERR_BAD_SEGMENT: they contradict each other. Its sender has been told.
     */
    void (*incomplete)(void *ctx, struct msgin5g_client *client, struct msgin5g_str msg_id, struct msgin5g_str from,
        enum msgin5g_err err);
    /**
     * About msgin5g_client_subscribe() or _unsubscribe(). ADDED, UPDATED: messages of @p topic come until
     * @p expire_time_s (0: the server did not say); again after every new connection and every refresh. DELETED: not
     * subscribed any more, by the application's wish or because the time it gave is over (cause "EXPIRED"). FAILED: the
     * server refused; the client does not try again.
     */
    void (*subscription)(void *ctx, struct msgin5g_client *client, const char *topic, enum msgin5g_sub_status status,
        struct msgin5g_str cause, int64_t expire_time_s);
    /** Behind a gateway: the request is there, and what comes of it is expected within @p expected_s seconds. */
    void (*held)(void *ctx, struct msgin5g_client *client, int64_t expected_s);
};

struct msgin5g_client_config {
    const char *server;        /* "coaps://host:port" (DTLS), "coaps+tcp://host:port" (TLS, RFC 8323) or, with oscore,
                                  "coap://host:port"; host is a numeric address or "localhost"; port 5684, of coap 5683 when
                                  absent */
    const char *server_name;   /* FQDN of the MSGin5G Server as AKMA AF (SNI, AF_ID); NULL: the host of server */
    const char *ue_service_id; /* URI, TS 23.554 6.1.1; NULL: the server is asked for it first (TS 24.538 6.2) */
    int64_t reg_lifetime_s;    /* asked for; 0: the server's default */
    unsigned keep_alive_s;     /* the registration is refreshed at least this often, so that a server that is gone or
                                  has started anew is noticed (EC-23); 0: 300 */
    enum msgin5g_version version;
    unsigned backoff_min_ms; /* wait before the first new attempt; 0: 1000 */
    unsigned backoff_max_ms; /* 0: 60000; each wait is double the one before, and half to all of that is waited */
    unsigned outstanding;    /* messages not yet answered by the server; 0: 16 */
    /** Payload octets of one segment, 64 to 2048: larger messages go out in several, and the server is told not to send
     * larger ones (EC-10). 0: 2048, and the server's own limit. */
    unsigned max_segment_size;
    /** Small messages for one target, not of high priority, wait this long for others and go out as one (TS 23.554
     * 8.4), and so do reports; 0: each goes at once. An aggregate goes earlier when it holds max_segment_size octets of
     * payload or 32 messages. */
    unsigned aggregate_wait_ms;
    unsigned segment_wait_ms; /* silence before missing segments are asked for; 0: 5000 (EC-34) */
    bool oscore;              /* OSCORE (RFC 8613) with a key made of K_AF (TS 33.535 Annex D); for coap:// alone, which
                                 is never used without; version does not count */
    /** When this UE can be reached (comAvail of the Client Profile in REG): messages wait for its windows. Unknown:
     * always. With opted_out nothing is stored for it, and nothing needs to be known about windows. */
    struct msgin5g_availability availability;
    /**
     * A file of this client's own, made for its owner alone (0600): the outbox. A message handed over with
     * msgin5g_client_send(), registered or not, is on the disk when that returns MSGIN5G_OK, and goes out, one after
     * the other in this order, also after a restart, until the server has answered it: with 2.04, or with a refusal
     * that will not pass. After 4.29 and 5.03 the client waits for Max-Age (at most 60 s) and goes on. sent() is the
     * last word, also ERR_EXPIRED. What came in is remembered in it, too: the last 1,024 messages are not handed over
     * again after a restart. Payloads stand in it in clear, keys never. Calls wait for the disk. NULL: none.
     */
    const char *outbox_file;
    size_t outbox_messages; /* that it holds at most, up to 10,000; 0: 1000 */
    size_t outbox_octets;   /* of payloads, up to 64 MiB; 0: 16 MiB */
    /** The server is a gateway (TS 23.554 8.2.7, MSGin5G-6): the client registers with it first (GWREG), and what the
     * MSGin5G Server says to its REG may come later. The key is that of msgin5g_client_set_gateway_key(). */
    bool behind_gateway;
    bool urgent;    /* behind a gateway: it must not hold REG and DEREG back */
    int64_t hold_s; /* behind a gateway: how long it may at most; 0: as it likes */
};

/** Create a client; it does nothing before msgin5g_client_register(). @p config and @p events are copied. @return
 * MSGIN5G_OK, ERR_INVALID (URI, FQDN, Service ID, version, OSCORE where libcoap is not patched), ERR_LIMIT
 * (max_clients; the outbox is in use by another client or process), ERR_NO_MEMORY; of the outbox also ERR_CONFIG (it is
 * none, or others may use it), ERR_IO (errno set) and ERR_STORE (it cannot be written). */
MSGIN5G_API enum msgin5g_err msgin5g_client_create(struct msgin5g_context *context,
    const struct msgin5g_client_config *config, const struct msgin5g_client_events *events, void *ctx,
    struct msgin5g_client **out);
/** Close without de-registering, wipe keys, release; no callback follows. NULL is allowed, also inside of any callback.
 */
MSGIN5G_API void msgin5g_client_free(struct msgin5g_client *client);

/**
 * Hand over the result of a primary authentication: A-KID and K_AKMA (TS 33.535 6.1). Both are copied; K_AKMA is wiped
 * when replaced. The client derives K_AF for its own AF_ID alone. A client in WAITING_KEY connects at once; an open
 * session goes on with the key it was opened with.
 * @return MSGIN5G_OK, ERR_MALFORMED_A_KID, ERR_INVALID (behind a gateway), ERR_NO_MEMORY.
 */
MSGIN5G_API enum msgin5g_err msgin5g_client_set_akma(
    struct msgin5g_client *client, const char *a_kid, const unsigned char k_akma[MSGIN5G_K_AKMA_LEN]);

/**
 * The key shared with the gateway, of a client with behind_gateway alone; the identity is the UE Service ID. Copied.
 * @return MSGIN5G_OK, ERR_INVALID, ERR_NO_MEMORY.
 */
MSGIN5G_API enum msgin5g_err msgin5g_client_set_gateway_key(
    struct msgin5g_client *client, const unsigned char key[MSGIN5G_GATEWAY_KEY_LEN]);

/** Connect and register, and stay registered until deregister or free. In WAITING: try now. In WAITING_KEY: the key
 * comes first. @return MSGIN5G_OK or ERR_AUTHENTICATION (no key yet). */
MSGIN5G_API enum msgin5g_err msgin5g_client_register(struct msgin5g_client *client);
/** De-register and close; state IDLE follows, after 5 s even if the server stays silent. @return MSGIN5G_OK;
 * ERR_NOT_REGISTERED: there was nothing to tell the server, the client is IDLE already; ERR_NO_MEMORY: likewise. */
MSGIN5G_API enum msgin5g_err msgin5g_client_deregister(struct msgin5g_client *client);
MSGIN5G_API enum msgin5g_client_state msgin5g_client_current_state(const struct msgin5g_client *client);

/** A message to send; everything is borrowed for the call. */
struct msgin5g_outgoing {
    enum msgin5g_addr_type to_type;
    const char *to;        /* Service ID, topic or area */
    const void *payload;   /* UTF-8 text (EC-12) */
    size_t payload_length; /* at most MSGIN5G_WHOLE_MAX, and 255 segments; copied when it takes several */
    const char *app_id;    /* NULL: none */
    enum msgin5g_priority priority;
    bool report_requested;
    bool store_forward;
    int64_t expire_time_s; /* 0: none */
    const char *msg_id;    /* a UUID of the application's own; NULL: a fresh one */
};
/**
 * Send one message (with an outbox: see outbox_file; the rest of this is without one); it goes out as a CON, or as
 * several when its payload is larger than a segment. What went out in segments is kept for 120 s, for a receiver that
 * misses some (TS 24.538 6.5.1.1). @p msg_id receives its UUID.
 * @return MSGIN5G_OK (then sent() follows exactly once, unless the client is freed), ERR_NOT_REGISTERED,
 * ERR_PAYLOAD_TOO_LARGE, ERR_LIMIT (outstanding), ERR_INVALID (recipient, msg_id, or not UTF-8), ERR_CLOSED,
 * ERR_NO_MEMORY. With an outbox: MSGIN5G_OK, also for a message id that is in it already (nothing is added); ERR_LIMIT:
 * it is full; ERR_STORE: not on the disk, hand it over again; ERR_PAYLOAD_TOO_LARGE, ERR_INVALID, ERR_NO_MEMORY.
 */
MSGIN5G_API enum msgin5g_err msgin5g_client_send(
    struct msgin5g_client *client, const struct msgin5g_outgoing *message, char msg_id[MSGIN5G_UUID_LEN + 1]);

/** What an outbox holds. */
struct msgin5g_outbox_facts {
    size_t messages, octets; /* that the server has not taken yet */
    size_t damaged;          /* pieces of the file that could not be read when it was opened; a crash in the middle of
                                msgin5g_client_send() leaves one */
};
/** @return MSGIN5G_OK, or ERR_INVALID without an outbox. */
MSGIN5G_API enum msgin5g_err msgin5g_client_outbox(
    const struct msgin5g_client *client, struct msgin5g_outbox_facts *out);

/**
 * Subscribe to @p topic (TS 24.538 6.6.2.1), now or as soon as the client is registered, and stay subscribed over new
 * connections and registrations; calling it again replaces @p expire_time_s. Messages of the topic come to message() as
 * all others, with message->topic set. What is subscribed to at the server stays there when the client is freed: until
 * it expires, or msgin5g_client_unsubscribe().
 *
 * @param expire_time_s until when, UTC; 0: for as long as the client lives (refreshed as needed).
 * @return MSGIN5G_OK (then subscription() follows), ERR_INVALID (msgin5g_topic_valid()), ERR_LIMIT
 *         (MSGIN5G_SUBSCRIPTIONS_MAX), ERR_NO_MEMORY.
 */
MSGIN5G_API enum msgin5g_err msgin5g_client_subscribe(
    struct msgin5g_client *client, const char *topic, int64_t expire_time_s);
/** End a subscription, also one of an earlier process; subscription() with DELETED follows. @return as
 * msgin5g_client_subscribe(). */
MSGIN5G_API enum msgin5g_err msgin5g_client_unsubscribe(struct msgin5g_client *client, const char *topic);

/** UE Service ID of @p client, in canonical form; "" until the server has told it. Valid while @p client is. */
MSGIN5G_API const char *msgin5g_client_service_id(const struct msgin5g_client *client);
/** Protection in force, e.g. "DTLSv1.3 TLS_AES_128_GCM_SHA256" or "OSCORE AES-CCM-16-64-128"; "" when not connected.
 * Valid until the next call here.
 */
MSGIN5G_API const char *msgin5g_client_protection(const struct msgin5g_client *client);
/** Version of the library, "0.1.0". */
MSGIN5G_API const char *msgin5g_version(void);

#ifdef __cplusplus
}
#endif

#endif
