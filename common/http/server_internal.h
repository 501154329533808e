/* The server as its connections see it. */
#ifndef HTTP_SERVER_INTERNAL_H
#define HTTP_SERVER_INTERNAL_H

#include "connection.h"

#define STATUS_COUNTERS 32

struct status_counter {
    int status;
    struct metric *metric;
    char labels[64];
};

struct http_server {
    struct loop *loop;
    struct http_server_config config; /* limits filled in */
    int fd;                           /* -1: draining */
    uint16_t port;
    struct loop_io *io;
    struct loop_timer pause; /* no descriptors left: accept again later */
    struct loop_timer flush; /* for what is to be written outside a round */
    struct quota *quota;     /* NULL: no limit */
    struct http_connection *connections;
    size_t connection_count;
    struct http_connection *dirty;
    struct http_connection *dead;
    struct http_request *spare; /* singly linked by next */
    size_t spare_count;
    struct status_counter counters[STATUS_COUNTERS];
    struct metric *connections_open, *connections_refused, *tls_failures;
    char labels[48];
    uint8_t scratch[SCRATCH_OCTETS];
};

void server_mark_dirty(struct http_server *server, struct http_connection *connection);
/** @p connection is closed: free it when nobody is inside it any more. */
void server_bury(struct http_server *server, struct http_connection *connection);
struct http_request *server_take_request(struct http_server *server);
void server_give_request(struct http_server *server, struct http_request *request);
void server_count_answer(struct http_server *server, int status);

#endif
