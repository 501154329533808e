/* HTTP/2 without sockets: octets in, octets out (RFC 9113, RFC 7541); both ends. The door to nghttp2. */
#ifndef HTTP_H2_SESSION_H
#define HTTP_H2_SESSION_H

#include "base/buffer.h"
#include "http/route.h"
#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define H2_NO_ERROR          0x0
#define H2_INTERNAL_ERROR    0x2
#define H2_REFUSED_STREAM    0x7
#define H2_CANCEL            0x8
#define H2_ENHANCE_YOUR_CALM 0xb

struct h2_session;

/** A body that is being sent; in memory until the stream is closed. */
struct h2_body {
    const uint8_t *octets;
    size_t left;
};

/**
 * What a session reports while h2_session_receive() or h2_session_send() runs; @p stream is what begin() returned or
 * h2_session_request() was given. None of them may free the session.
 */
struct h2_events {
    /** Server: a request begins. @return its object, NULL to refuse the stream. */
    void *(*begin)(void *ctx, int32_t stream_id);
    /** A field, pseudo fields (":path") among them; checked against RFC 9113 8.2 and 8.3. */
    void (*field)(void *ctx, void *stream, struct msgin5g_str name, struct msgin5g_str value);
    void (*fields_end)(void *ctx, void *stream);
    void (*body)(void *ctx, void *stream, const uint8_t *octets, size_t length);
    /** The peer's message is complete. */
    void (*end)(void *ctx, void *stream);
    /** The last call for this stream: both directions are done (H2_NO_ERROR) or one side has given it up. */
    void (*closed)(void *ctx, void *stream, uint32_t error_code);
    /** The peer takes no more requests on this connection. */
    void (*goaway)(void *ctx);
};

struct h2_config {
    bool is_server;
    uint32_t streams;       /* concurrent requests that the peer may send */
    uint32_t header_octets; /* SETTINGS_MAX_HEADER_LIST_SIZE */
    const struct h2_events *events;
    void *ctx;
};

/** The first SETTINGS are queued. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err h2_session_create(const struct h2_config *config, struct h2_session **out);
/** Streams still open are forgotten without closed(). NULL is allowed. */
void h2_session_free(struct h2_session *session);

/** Octets from the peer. @return MSGIN5G_OK, ERR_PEER (broken framing: a GOAWAY is queued; send, then close),
 * ERR_NO_MEMORY. */
enum msgin5g_err h2_session_receive(struct h2_session *session, const uint8_t *octets, size_t length);
/** Append octets for the peer to @p out until it holds @p enough or there are none left; bodies go there directly, for
 * a copy of nghttp2's own could hold a key for long. @return MSGIN5G_OK; another one when the session is broken. */
enum msgin5g_err h2_session_send(struct h2_session *session, struct buffer *out, size_t enough);
/** True when neither side has anything left to say: close the connection. */
bool h2_session_done(const struct h2_session *session);

/** Client: send a request; @p stream is handed to the events. @p body may be NULL. @return the stream's id, or -1. */
int32_t h2_session_request(
    struct h2_session *session, const struct http_header *fields, size_t count, struct h2_body *body, void *stream);
/** Client: streams that may be opened now without waiting. */
size_t h2_session_room(const struct h2_session *session, size_t open);
/** Server: answer a request. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err h2_session_respond(struct h2_session *session, int32_t stream_id, const struct http_header *fields,
    size_t count, struct h2_body *body);
/** Give a stream up. */
void h2_session_reset(struct h2_session *session, int32_t stream_id, uint32_t error_code);
/** Tell the peer that no more streams are accepted. */
void h2_session_goaway(struct h2_session *session, uint32_t error_code);

#endif
