/*
 * OSCORE (RFC 8613) as one more protection of a transport session.
 *
 * Server: transport_listen() with TRANSPORT_OSCORE. A request without protection is answered 4.01 before libcoap
 * assembles its blocks, unless it goes to transport_config.oscore_open_path; such a one reaches request() with
 * transport_request_protected() false, on a session that stands for the address it came from: good for
 * transport_session_remote() and to answer, now or later, and never reported as opened or closed. What the request
 * establishes is a session of its own, made by transport_oscore_expect(): opened() once a request protected with its
 * context has verified and shown to be fresh (Echo, RFC 9175), then like any other session, whatever address its peer
 * has at the moment. transport_session_close() removes the context.
 *
 * Client: transport_connect() with TRANSPORT_OSCORE opens at once; requests go out with transport_call.unprotected
 * until transport_oscore_protect() has given the session its context.
 */
#ifndef COAP_TRANSPORT_OSCORE_H
#define COAP_TRANSPORT_OSCORE_H

#include "coap/transport.h"

#define TRANSPORT_OSCORE_ID_MAX 7 /* octets of a Sender or Recipient ID: 13 of the nonce less 6 (RFC 8613 3.3) */

/** What an OSCORE context is made of: AES-CCM-16-64-128, HKDF SHA-256, replay window 32. Borrowed; wiped by its owner.
 */
struct transport_oscore {
    struct msgin5g_str master_secret;
    struct msgin5g_str master_salt;
    struct msgin5g_str sender_id;    /* names us in what we send; no more than TRANSPORT_OSCORE_ID_MAX octets */
    struct msgin5g_str recipient_id; /* names the peer in what it sends; another one than sender_id */
    struct msgin5g_str id_context;   /* octets NULL: none; at most 32 octets */
};

/**
 * Server: be ready for the peer that has this context. It may send its first protected request from any address, within
 * transport_config.oscore_half_open_s; else closed() follows with TRANSPORT_END_TIMEOUT. @p user: see
 * transport_session_user(). Session and context end with closed().
 *
 * @return MSGIN5G_OK; ERR_INVALID (an identifier is too long, both are equal, or transport_oscore_id_taken());
 * ERR_LIMIT (max_sessions); ERR_NO_MEMORY.
 */
enum msgin5g_err transport_oscore_expect(
    struct transport *transport, const struct transport_oscore *oscore, void *user, struct transport_session **out);
/** Whether any context of ours has this Recipient ID. */
bool transport_oscore_id_taken(const struct transport *transport, struct msgin5g_str recipient_id);

/**
 * Client: protect what goes out on this session from now on, and take only what is protected. A context the session had
 * before is removed first. @return MSGIN5G_OK, ERR_INVALID (an identifier, or not a TRANSPORT_OSCORE session of ours),
 * ERR_CLOSED, ERR_NO_MEMORY.
 */
enum msgin5g_err transport_oscore_protect(struct transport_session *session, const struct transport_oscore *oscore);

/** Whether OSCORE protected the request. */
bool transport_request_protected(const struct transport_request *request);

#endif
