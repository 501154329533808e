/* What the files of the transport share; nobody else includes this. */
#ifndef COAP_INTERNAL_H
#define COAP_INTERNAL_H

#include "coap/transport.h"

#include <coap3/coap.h>
#include <netinet/in.h>

#define EXCHANGE_TOKEN_LEN 6
#define SMALL_BODY         768 /* octets that fit into one datagram whatever the options */
#define ANSWERS_KEPT       8   /* a session: enough for a peer that keeps up to eight CONs in flight */

/* ---- exchange.c: requests going out ---- */

enum exchange_kind {
    EXCHANGE_REQUEST,
    EXCHANGE_NOTIFICATION, /* of ours, until it is acknowledged */
    EXCHANGE_OBSERVER      /* a request and all that comes because of it */
};

struct exchange {
    struct transport_session *session; /* NULL: free */
    transport_done_fn *done;           /* of an observer its transport_observed_fn, which is the same type */
    void *ctx;
    struct transport_observation *observation; /* of a notification; NULL: cancelled in the meantime */
    struct held *held;                         /* of a request whose turn has not come; see held.c */
    struct exchange *prev, *next;              /* of the session, in order of sending */
    struct exchange *older, *younger;          /* of the transport, for the time limit */
    int64_t due_ms;
    uint32_t index;      /* place in the table, part of the token */
    uint16_t generation; /* of this place, part of the token: late answers to an earlier exchange do not match */
    uint16_t mid;        /* of a notification */
    uint8_t kind;
    bool timed; /* it is in the list by due time */
};

/* Exchanges in chunks that never move; the token of an exchange names its place. */
struct exchange_table {
    struct exchange **chunks;
    size_t chunk_count;
    struct exchange *free; /* linked by `next` */
    struct exchange *oldest,
        *newest; /* in flight; all have the same life span, so this is the order of due times too */
    struct loop_timer timer;
    int64_t lifetime_ms;
};

/* ---- request.c: requests that came in ---- */

enum answer_state {
    ANSWER_NONE,    /* nothing to say again: a NON, or an answer too large to keep */
    ANSWER_RUNNING, /* the handler owes the answer (deferred), or gave it in a message of its own */
    ANSWER_COMPLETE
};

/* The answer to one message ID, for a duplicate of the request (RFC 7252 4.2). */
struct answer_kept {
    int64_t at_ms; /* when the request came; 0: place unused */
    uint16_t mid;
    uint8_t state;
    uint8_t code;
    int32_t format;
    int32_t observe; /* value of the Observe option; -1: none */
    int64_t max_age_s;
    uint8_t *body;
    size_t length;
};

struct answer_cache {
    struct answer_kept kept[ANSWERS_KEPT];
    unsigned next; /* place to be taken next */
};

struct transport_request {
    struct transport_session *session;
    struct transport_session *path; /* whose libcoap session carries it: with OSCORE not the same */
    const coap_pdu_t *pdu;
    coap_pdu_t *response;
    coap_resource_t *resource;
    const coap_string_t *query;
    struct answer_kept *kept; /* NULL: not kept */
    struct msgin5g_str echo;  /* the answer demands it; octets NULL: none */
    int32_t observe;          /* of the answer to come; -1: none */
    bool answered;            /* or deferred */
};

struct transport_deferred {
    struct transport_session *path; /* NULL: it has ended */
    coap_pdu_t *request;            /* header, token and options */
    bool unprotected;               /* as the request came without OSCORE, goes the answer */
    struct transport_deferred *prev, *next;
};

/* ---- session.c ---- */

enum session_state { SESSION_HALF_OPEN, SESSION_OPEN, SESSION_ENDED };

/* What only sessions we opened have. */
struct session_client {
    enum tls_psk_versions versions;
    char *server_name; /* libcoap refers to it while the session lives; NULL: none */
    char *identity;    /* likewise */
    int64_t due_ms;    /* end of its patience with the handshake */
    struct transport_session *session;
    struct session_client **list; /* the transport's list this is in; NULL: none */
    struct session_client *prev, *next;
};

/*
 * What sessions with OSCORE have. At a server there are two kinds: the path, which an address has, with the session of
 * libcoap; and the peer, which has a context, and the path it was heard from last.
 */
struct session_oscore {
    struct transport_session *session;
    bool is_path;
    void *context;                /* of libcoap; NULL: a path, or ours before transport_oscore_protect() */
    struct session_oscore *path;  /* of a peer; NULL: not heard yet */
    struct session_oscore *users; /* of a path: the peers heard from there */
    struct session_oscore *user_prev, *user_next;
    struct oscore_queue *queue; /* it waits there; NULL: it does not */
    struct session_oscore *prev, *next;
    int64_t due_ms;
};

/* Sessions that do not stay if nothing happens, in order of due times. */
struct oscore_queue {
    struct session_oscore *first;
    size_t count;
    int64_t life_ms;
};

#define OSCORE_PORTS_MAX 4

struct transport_oscore_state {
    char *open_path; /* NULL: none */
    uint16_t ports[OSCORE_PORTS_MAX];
    size_t port_count;
    struct oscore_queue half_open; /* peers not heard yet */
    struct oscore_queue unused;    /* paths of no peer */
    struct oscore_queue vacated;   /* paths whose last peer has ended: libcoap's session still has its keys */
    struct loop_timer timer;
};

struct transport_session {
    struct transport *transport;
    coap_session_t *coap; /* NULL: not yet, or no longer */
    void *user;
    void *ssl; /* WOLFSSL *; NULL: not yet, or no longer */
    struct session_client *client;
    struct session_oscore *oscore; /* NULL: another scheme */
    struct answer_cache *answers;
    struct exchange *exchanges;
    struct exchange *large; /* its body goes out in blocks now; NULL: none */
    struct held *held;      /* requests that wait for that, in order of sending */
    struct transport_observation *observations;
    struct transport_deferred *deferred;
    char *remote_text;
    struct transport_session *prev, *next; /* of the transport */
    struct transport_session *ended_next;  /* of the transport's list of ended sessions */
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    } remote;
    uint32_t exchange_count;
    uint16_t suite;
    int16_t alert; /* -1: none */
    uint8_t scheme;
    uint8_t state;
    uint8_t end;
    bool is_1_3;
    bool in_gate;
    bool refused; /* the gate's owner refused it while it was asked */
    bool tls_failed;
    bool coap_freed; /* libcoap's session is gone */
};

/* ---- transport.c ---- */

struct transport_metrics {
    struct metric *retransmissions, *malformed, *duplicates, *timeouts, *refused_by_limit;
    struct metric *oscore_unprotected, *oscore_unknown;
};

struct transport {
    struct loop *loop;
    struct transport_config config;
    struct transport_handler handler;
    void *ctx;
    char *psk_hint;
    char *key_log_file;
    coap_context_t *coap;
    coap_resource_t *resource; /* every path */
    struct loop_io *io;
    struct loop_timer settle_timer;
    struct loop_timer half_open_timer;
    struct transport_session *sessions;
    struct transport_session *ended, *ended_last; /* wait for a quiet moment to be released */
    struct session_client *half_open;             /* our own connects in their handshake, oldest first */
    struct session_client *opening;               /* ours without a handshake: opened() is owed */
    struct transport_session *connecting;         /* libcoap is making this one's session */
    struct transport_counts counts;
    struct transport_oscore_state oscore;
    struct exchange_table exchanges;
    struct transport_metrics metrics;
    struct transport_psk psk; /* handed to libcoap by pointer; wiped in the next quiet moment */
    coap_bin_const_t psk_key;
    coap_dtls_cpsk_info_t psk_info;
    coap_dtls_spsk_info_t spsk_info; /* our hint */
    bool psk_in_use;
    unsigned depth; /* above 0: libcoap is at work below us */
    bool spsk_set;
    bool filtered; /* request_filter() is in use; without our patches the handler looks for duplicates */
    bool freeing;
};

/** Enter and leave libcoap; leaving the outermost call releases ended sessions. */
void transport_enter(struct transport *transport);
void transport_leave(struct transport *transport);
/** See to ended sessions and libcoap's timers soon, from the loop. */
void transport_settle_soon(struct transport *transport);
/** The loop's time, never 0. */
int64_t transport_now_ms(const struct transport *transport);

/** libcoap's session to ours; NULL when it has none (any more). */
struct transport_session *session_of(coap_session_t *coap);
struct transport_session *session_incoming(struct transport *transport, coap_session_t *coap);
int session_on_event(coap_session_t *coap, coap_event_t event);
/** Take the end of @p session down; its release follows in the next quiet moment. */
void session_end(struct transport_session *session, enum transport_end end);
/** End the exchanges of, tell the owner about, and free every ended session. */
void session_release_ended(struct transport *transport);
void session_open(struct transport_session *session);
/** Give libcoap's session the parameters of RFC 7252 4.8. */
void session_apply_parameters(const struct transport *transport, coap_session_t *coap);
/** Remember what wolfSSL knows, before libcoap frees its object. */
void session_note_tls(struct transport_session *session);

void exchange_table_init(struct transport *transport);
void exchange_table_free(struct transport *transport);
void exchange_end_all(struct transport_session *session, enum msgin5g_err err);
coap_response_t exchange_on_response(
    coap_session_t *coap, const coap_pdu_t *sent, const coap_pdu_t *received, coap_mid_t mid);
void exchange_on_nack(coap_session_t *coap, const coap_pdu_t *sent, coap_nack_reason_t reason, coap_mid_t mid);
/** A place in the table, with its time limit running; NULL without memory. */
struct exchange *exchange_take(struct transport_session *session, enum exchange_kind kind);
void exchange_give(struct exchange *exchange);
/** Start its time limit anew, or wait for as long as it takes. */
void exchange_watch(struct exchange *exchange);
void exchange_unwatch(struct exchange *exchange);
/** Give it back and call done(). */
void exchange_finish(struct exchange *exchange, enum msgin5g_err err, const struct transport_result *result);
/** The session is open, and what has to be protected with OSCORE can be; the context is chosen then. */
bool exchange_may_send(const struct transport_session *session, const struct transport_call *call);
/** Send the request of @p exchange; @p observe: value of the option, -1: none. */
enum msgin5g_err exchange_send(const struct exchange *exchange, const struct transport_call *call, int observe);

/* ---- held.c ---- */

/** Does this body go out in blocks? */
bool held_is_large(const struct transport_session *session, const struct transport_call *call);
/** Send @p call, of which a copy is kept, when the large body before it has gone. @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err held_add(struct exchange *exchange, const struct transport_call *call);
/** @p exchange, no longer one of @p session, was the large one or waited for it: the next one may go. */
void held_on_end(struct transport_session *session, struct exchange *exchange);

/** The peer acknowledged the notification with message id @p mid. */
void observation_on_acked(struct transport_session *session, uint16_t mid);
/** The peer refused a notification, or never acknowledged it. @p sent NULL: it was not confirmable. */
void observation_on_nack(
    struct transport_session *session, const coap_pdu_t *sent, coap_nack_reason_t reason, uint16_t mid);

enum msgin5g_err request_setup(struct transport *transport);
/** Before libcoap looks at a request: answer a duplicate. @return 1 when it was one. */
int request_filter(coap_session_t *coap, const coap_pdu_t *pdu, void *arg);
void request_forget_session(struct transport_session *session);
bool request_add_uint(coap_pdu_t *pdu, coap_option_num_t number, uint32_t value);

/** The session is open or ended: nothing to wait for any more. */
void connect_settled(struct transport_session *session);
/** opened() follows once libcoap is out of the way. */
void connect_owe_open(struct transport_session *session);
/** Run opened() where it is owed. */
void connect_open_owed(struct transport *transport);
void connect_free_client(struct session_client *client);
void connect_on_timer(void *ctx);

const coap_dtls_cpsk_info_t *psk_on_client_hint(coap_str_const_t *hint, coap_session_t *coap, void *arg);
const coap_dtls_spsk_info_t *psk_on_server_name(const char *name, coap_session_t *coap, void *arg);
const coap_bin_const_t *psk_on_server_identity(coap_bin_const_t *identity, coap_session_t *coap, void *arg);
void psk_wipe(struct transport *transport);

struct transport_oscore;
/** Append @p oscore to the key log at @p path (labs only); NULL: none. */
void oscore_log(const char *path, const struct transport_oscore *oscore);

/* ---- oscore.c; without our patches hooks_none.c says that there is no such thing ---- */

void oscore_setup(struct transport *transport);
void oscore_free(struct transport *transport);
/** @return MSGIN5G_OK, or ERR_LIMIT: as many ports as there may be. */
enum msgin5g_err oscore_listen(struct transport *transport, uint16_t port);
/** libcoap's session is one of a port for OSCORE. */
bool oscore_owns(const struct transport *transport, const coap_session_t *coap);
/** Make @p session, new, one with OSCORE. @return MSGIN5G_OK, ERR_NO_MEMORY, ERR_INVALID without our patches. */
enum msgin5g_err oscore_begin(struct transport_session *session, bool is_path);
/** Ours, and without a context yet. */
bool oscore_is_new(const struct transport_session *session);
bool oscore_is_path(const struct transport_session *session);
/** It is open, or has ended: nothing to wait for any more; of an ended path its peers end as well. */
void oscore_settled(struct transport_session *session);
/** Sessions whose messages go over libcoap's session of @p path, one after the other, the first after NULL: itself, or
 * the peers heard from there last. */
struct transport_session *oscore_next_on(
    const struct transport_session *path, const struct transport_session *previous);
/** End every peer heard from @p path last. */
void oscore_end_users(struct transport_session *path, enum transport_end end);
/** Part @p session from its context, libcoap and the rest; @return true when that was all there is to part from. */
bool oscore_let_go(struct transport_session *session);
/** Whose context protected the message at hand; NULL: nobody's. */
struct transport_session *oscore_owner(const struct transport *transport);
/** For the request filter: the code to refuse a message with; 0: go on. @p sealed: it is not decrypted yet. */
uint8_t oscore_filter(struct transport_session *path, const coap_pdu_t *pdu, bool *sealed);
/** What goes out next on the session of libcoap is for @p session. @return false when it has no context. */
bool oscore_use(const struct transport_session *session);
void oscore_set_unprotected(coap_pdu_t *pdu);

/* ---- hooks_patched.c or hooks_none.c: what needs our patches of libcoap, and what the client library does without
 * them ---- */

void hooks_setup(struct transport *transport);
/** WOLFSSL * of @p session or NULL. */
void *hooks_ssl(const struct transport_session *session);

#endif
