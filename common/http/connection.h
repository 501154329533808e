/* One connection of the server: socket, TLS, choice of the wire format, deadlines (decision D6). */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "h1_parser.h"
#include "h2_session.h"
#include "quota.h"
#include "request.h"
#include "wire.h"

#include "base/loop.h"
#include "base/metrics.h"
#include "http/server.h"

#define SCRATCH_OCTETS 16384 /* one TLS record */

enum connection_phase { CONNECTION_HANDSHAKE, CONNECTION_DETECT, CONNECTION_H1, CONNECTION_H2, CONNECTION_DEAD };

struct http_connection {
    struct http_server *server;
    struct wire wire;
    struct loop_io *io;
    struct loop_timer timer;
    enum connection_phase phase;
    struct peer *peer;
    struct quota_client *quota; /* from the first request on, if the server has limits */
    struct h2_session *h2;
    struct h1_parser h1;
    struct buffer in;  /* start of a preface; HTTP/1.1: what came behind a request that is not answered yet */
    struct buffer out; /* not yet written */
    struct http_request *receiving; /* in the order they began; some may be answered already, since they were refused */
    struct http_request *answering; /* complete: with a handler, or their answer is being sent */
    size_t requests;                /* in both */
    size_t total, given_up;         /* requests ever; those whose stream the peer reset */
    bool blocked;                   /* the socket takes no more */
    bool closing;                   /* close once out is written */
    bool draining;
    bool resetting;      /* close at once, with a TCP reset */
    bool paused;         /* HTTP/1.1: reading stopped while a request was in hand */
    bool unread;         /* octets may wait inside TLS */
    bool dirty;          /* in the server's list of those with something to write */
    int64_t active_ms;   /* accepted, or last request received or answered */
    int64_t progress_ms; /* last time that out was empty or became shorter */
    struct http_connection *prev, *next;
    struct http_connection *next_dirty;
};

/** Serve @p fd, which is owned from now on, also on failure. */
void connection_open(struct http_server *server, int fd, const struct sockaddr_storage *address);
/** Write what is to be written, and go on reading where that had to wait. */
void connection_flush(struct http_connection *connection);
void connection_respond(
    struct http_connection *connection, struct http_request *request, const struct http_answer *answer);
/** As http_request_abort(). */
void connection_abort(struct http_connection *connection, struct http_request *request, enum http_abort how);
/** Take no more requests; finish those in hand. */
void connection_drain(struct http_connection *connection);
/** Close now; requests with handlers live on without a connection. The object goes in connection_free(). */
void connection_close(struct http_connection *connection);
void connection_free(struct http_connection *connection);

/* Parts: the two wire formats (connection_h1.c, connection_h2.c) ask this of the connection (connection.c) ... */

/** A request that begins. @return NULL when memory is short or the connection has too many. */
struct http_request *connection_begin_request(struct http_connection *connection);
/** All of a request is here; it goes to its handler if it has not before. */
void connection_complete(struct http_connection *connection, struct http_request *request);
/** A request goes to its handler, or is refused, perhaps before all of it is here. */
void connection_dispatch(struct http_connection *connection, struct http_request *request);
/** The connection is done with @p request: a handler that still has it keeps it, else it is used again. */
void connection_end_request(struct http_connection *connection, struct http_request *request);
/** See to it that connection_flush() runs soon. */
void connection_mark_dirty(struct http_connection *connection);

/* ... and the connection of them. */

void connection_h1_input(struct http_connection *connection, const char *octets, size_t length);
void connection_h1_respond(
    struct http_connection *connection, struct http_request *request, const struct http_answer *answer);
/** True while a request is in hand, so that nothing is read. */
bool connection_h1_is_waiting(const struct http_connection *connection);
enum msgin5g_err connection_h2_open(struct http_connection *connection);
void connection_h2_input(struct http_connection *connection, const uint8_t *octets, size_t length);
void connection_h2_respond(
    struct http_connection *connection, struct http_request *request, const struct http_answer *answer);
/** Move octets of the session to out, up to one TLS record. @return false when the session is broken. */
bool connection_h2_output(struct http_connection *connection);

#endif
