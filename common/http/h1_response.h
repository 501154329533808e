/*
 * The client's side of HTTP/1.1 without sockets (RFC 9112): one request out, one response in. Reports a response with
 * the events of h2_session.h, so that what is done with it does not depend on the version.
 */
#ifndef HTTP_H1_RESPONSE_H
#define HTTP_H1_RESPONSE_H

#include "base/buffer.h"
#include "h2_session.h"

struct h1_response;

/** @p events: field, fields_end, body, end and closed are used, all with @p ctx. @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err h1_response_create(const struct h2_events *events, void *ctx, struct h1_response **out);
/** NULL is allowed. */
void h1_response_free(struct h1_response *response);
/** A request was sent; what comes now is about @p stream. */
void h1_response_expect(struct h1_response *response, void *stream, bool is_head);
/**
 * Octets from the server. end() and closed() run when the response is complete.
 * @return MSGIN5G_OK; ERR_PEER: not HTTP/1.1, or octets nobody asked for (close without another word).
 */
enum msgin5g_err h1_response_receive(struct h1_response *response, const uint8_t *octets, size_t length);
/** The server has closed: completes a response whose end that is (RFC 9112 6.3). */
void h1_response_eof(struct h1_response *response);
/** May the connection carry another request? */
bool h1_response_keeps_alive(const struct h1_response *response);

/**
 * Append a request: @p fields begin with ":method", ":scheme", ":authority", ":path", as of HTTP/2.
 * @return MSGIN5G_OK; ERR_INVALID: a text that would not stay in its line; ERR_NO_MEMORY.
 */
enum msgin5g_err h1_write_request(
    struct buffer *out, const struct http_header *fields, size_t count, const uint8_t *body, size_t length);

#endif
