/* The client's parts: calls (client_call.c), connections (client_link.c) and the queue between them (client.c). */
#ifndef HTTP_CLIENT_INTERNAL_H
#define HTTP_CLIENT_INTERNAL_H

#include "address.h"
#include "fields.h"
#include "h1_response.h"
#include "h2_session.h"
#include "http/client.h"
#include "url.h"
#include "wire.h"

#define ADDRESSES_MAX       4
#define SCRATCH_OCTETS      16384
#define RESPONSE_FIELDS_MAX 16384 /* octets */
#define REQUEST_FIELDS_MAX  65536 /* octets */
#define CALL_FIELDS_MAX     20    /* of the caller, in one request */
#define PROBLEM_OCTETS      200

struct link;

enum call_place {
    CALL_WAITING, /* in the client's queue */
    CALL_OPEN,    /* has a stream on its link */
    CALL_OFF      /* neither */
};

/** One request and its response. Waits in the client's queue, then belongs to a link until its stream is closed. */
struct call {
    struct http_client *client;
    enum call_place place;
    struct link *link; /* of CALL_OPEN */
    int32_t stream_id;
    http_response_fn *done;
    void *ctx;
    struct loop_timer deadline;
    struct fields request;
    struct text_ref method, path, content_type;
    bool has_body;
    struct buffer body;
    struct h2_body sending;
    int status; /* of the response; 0: none yet */
    bool fields_done;
    struct fields response;
    struct buffer response_body;
    bool retried;
    bool finished; /* the result is known: in the client's list of finished ones, or reported */
    bool reported;
    enum msgin5g_err result;
    struct call *prev, *next; /* waiting, or open on a link, or spare */
    struct call *next_finished;
};

enum link_phase { LINK_CONNECTING, LINK_HANDSHAKE, LINK_READY, LINK_DEAD };

/** One connection. Over HTTP/2 the client has one that takes new calls; over HTTP/1.1 each takes one call at a time. */
struct link {
    struct http_client *client;
    enum link_phase phase;
    struct wire wire;
    struct loop_io *io;
    struct h2_session *h2;
    struct h1_response *h1; /* HTTP/1.1 instead; exactly one of the two once it is ready */
    struct buffer out;
    struct call *open;
    size_t open_count;
    bool blocked;  /* the socket takes no more */
    bool answered; /* a response came */
    bool heard;    /* the server has said something in HTTP, so it accepted us */
    bool draining; /* GOAWAY came, or HTTP/1.1 cannot go on: no new calls */
    bool given_up; /* HTTP/1.1: nobody waits for its response any more */
    bool unread;   /* octets may wait inside TLS */
    struct link *prev, *next;
};

enum { RESULT_OK, RESULT_TIMEOUT, RESULT_CONNECT, RESULT_CLOSED, RESULT_AUTHENTICATION, RESULT_OTHER, RESULT_COUNT };

struct http_client {
    struct loop *loop;
    struct http_client_config config;
    struct url url;
    struct sockaddr_storage addresses[ADDRESSES_MAX];
    size_t address_count, address_at; /* the one to try next */
    struct link *current;             /* takes the next call, once it is ready */
    struct link *links;               /* all, the current one too */
    size_t link_count;
    bool over_h1; /* the last connection that became ready speaks HTTP/1.1 */
    struct link *dead;
    struct call *waiting;
    struct call *spare;
    size_t spare_count;
    size_t calls; /* not reported yet */
    struct call *finished, *finished_tail;
    struct loop_timer connecting;  /* the current link must be ready by then */
    struct loop_timer retry;       /* set: no attempt before */
    struct loop_timer flush;       /* makes a round happen for what comes up outside of one */
    bool woken;                    /* the end of this round has work */
    unsigned failures;             /* attempts in a row */
    enum msgin5g_err last_failure; /* of the last attempt; MSGIN5G_OK after one that succeeded */
    bool awake;                    /* there is something to do at the end of the round */
    bool inside;                   /* callbacks of calls are running */
    bool doomed;                   /* freed by one of them */
    char problem[PROBLEM_OCTETS];
    struct metric *results[RESULT_COUNT];
    char labels[RESULT_COUNT][80];
    uint8_t scratch[SCRATCH_OCTETS];
};

/** @return NULL when memory is short or the call is too large. */
struct call *call_new(struct http_client *client, const struct http_call *from);
/** Used again later. */
void call_recycle(struct call *call);
void call_free(struct call *call);
/** The result is known; it is reported at the end of the round. What is left of its stream is given up. */
void call_finish(struct call *call, enum msgin5g_err result);
/** Hand the result to whoever made the call. */
void call_report(struct call *call);
/** Submit on @p link. @return MSGIN5G_OK, ERR_NO_MEMORY or ERR_INVALID (a text that does not fit HTTP/1.1). */
enum msgin5g_err call_submit(struct call *call, struct link *link);
/** The stream is closed, or its link. */
void call_leave(struct call *call);
/** Events of the HTTP/2 sessions of links. */
extern const struct h2_events link_events;

/** Begin to connect to the client's next address; the result shows in client_link_ready() or client_link_lost(). */
void link_open(struct http_client *client);
void link_flush(struct link *link);
/** Send the request of @p call; @p fields begin with ":method". @return as call_submit(). */
enum msgin5g_err link_request(struct link *link, struct call *call, const struct http_header *fields, size_t count);
/** Nobody waits for @p call, which is open here, any more. */
void link_give_up(struct link *link, struct call *call);
/** Close without a word; open calls get @p result. */
void link_close(struct link *link, enum msgin5g_err result);
void link_free(struct link *link);

/** See to it that the client looks at its queue soon. */
void client_wake(struct http_client *client);
void client_link_ready(struct http_client *client);
/** @p link is gone, or was never ready. */
void client_link_lost(struct http_client *client, const struct link *link, enum msgin5g_err why);
/** Room for another call now; 0 unless it is ready. */
size_t link_room(const struct link *link);
/** Put a call whose stream the server has not processed back to the front of the queue. */
void client_requeue(struct call *call);
void client_problem(struct http_client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
