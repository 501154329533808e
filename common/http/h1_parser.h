/*
 * HTTP/1.1 requests without sockets (RFC 9112), stricter than http-parser as Debian builds it, which takes a lone LF
 * for CRLF, anything for the LF after a CR, and any octets at the end of a chunk: what two readers may read differently
 * is refused. With h1_response.c the door to http-parser.
 */
#ifndef HTTP_H1_PARSER_H
#define HTTP_H1_PARSER_H

#include "request.h"

enum h1_phase { H1_HEAD, H1_BODY, H1_CHUNK_SIZE, H1_CHUNK_DATA, H1_CHUNK_END, H1_TRAILER, H1_DONE };

/** Set up with h1_parser_init(). */
struct h1_parser {
    enum h1_phase phase;
    struct buffer head; /* octets of the head, or of the line that is incomplete */
    size_t header_octets;
    uint64_t body_left; /* of the body or of the chunk */
    size_t trailer_octets;
    bool keep_alive;       /* the connection may carry another request */
    bool expects_continue; /* the client waits for 100 before it sends the body */
    bool is_head;          /* HEAD: the answer has no body */
};

enum h1_result {
    H1_MORE,     /* all octets are taken, the request is not complete */
    H1_COMPLETE, /* request->refused says when it must not reach a handler */
    H1_BROKEN    /* framing is lost: answer request->refused and close */
};

void h1_parser_init(struct h1_parser *parser, size_t header_octets);
void h1_parser_free(struct h1_parser *parser);
/** Begin with the next request of the connection. */
void h1_parser_reset(struct h1_parser *parser);
/** True when octets of a request have come in. */
bool h1_parser_begun(const struct h1_parser *parser);
/** Take octets up to the end of one request. */
enum h1_result h1_parser_feed(
    struct h1_parser *parser, struct http_request *request, const char *octets, size_t length, size_t *taken);

/** Append status line, fields and body of @p answer to @p out. @p server may be NULL. @return MSGIN5G_OK or what
 * buffer_append() gives. */
enum msgin5g_err h1_write_answer(
    struct buffer *out, const struct http_answer *answer, const char *server, bool keep_alive, bool is_head);

#endif
