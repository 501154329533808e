/* The client library over a libcoap without our patches (decision D2): no server side, the peer picks the version. */
#include "internal.h"

#include "coap/transport_oscore.h"

#include <stdlib.h>

void hooks_setup(struct transport *transport)
{
    (void)transport;
}

/* Not inside of the first connect: libcoap has no pointer to show yet. */
void *hooks_ssl(const struct transport_session *session)
{
    if (session->coap == NULL || session->scheme > TRANSPORT_COAPS_TCP || session->transport->connecting == session)
        return NULL;
    void **ssl = coap_session_get_tls(session->coap, NULL);
    return ssl != NULL ? *ssl : NULL;
}

enum msgin5g_err transport_listen(
    struct transport *transport, enum transport_scheme scheme, const char *host, uint16_t port, uint16_t *bound_port)
{
    (void)transport, (void)scheme, (void)host, (void)port, (void)bound_port;
    return MSGIN5G_ERR_INVALID;
}

void transport_session_replay(struct transport_session *session, const uint8_t *octets, size_t length)
{
    (void)session, (void)octets, (void)length;
}

void transport_session_refuse(struct transport_session *session, enum tls_alert alert)
{
    (void)session, (void)alert;
}

/*
 * No OSCORE: libcoap 4.3.5 takes answers without protection for those of protected requests, and its replay window lets
 * requests through twice (decision 2).
 */
void oscore_setup(struct transport *transport)
{
    (void)transport;
}

void oscore_free(struct transport *transport)
{
    free(transport->oscore.open_path);
}

bool oscore_owns(const struct transport *transport, const coap_session_t *coap)
{
    (void)transport, (void)coap;
    return false;
}

enum msgin5g_err oscore_begin(struct transport_session *session, bool is_path)
{
    (void)session, (void)is_path;
    return MSGIN5G_ERR_INVALID;
}

bool oscore_is_new(const struct transport_session *session)
{
    (void)session;
    return false;
}

bool oscore_is_path(const struct transport_session *session)
{
    (void)session;
    return false;
}

void oscore_settled(struct transport_session *session)
{
    (void)session;
}

struct transport_session *oscore_next_on(const struct transport_session *path, const struct transport_session *previous)
{
    return previous == NULL ? (struct transport_session *)path : NULL;
}

void oscore_end_users(struct transport_session *path, enum transport_end end)
{
    (void)path, (void)end;
}

bool oscore_let_go(struct transport_session *session)
{
    (void)session;
    return false;
}

struct transport_session *oscore_owner(const struct transport *transport)
{
    (void)transport;
    return NULL;
}

uint8_t oscore_filter(struct transport_session *path, const coap_pdu_t *pdu, bool *sealed)
{
    (void)path, (void)pdu, (void)sealed;
    return 0;
}

bool oscore_use(const struct transport_session *session)
{
    (void)session;
    return false;
}

void oscore_set_unprotected(coap_pdu_t *pdu)
{
    (void)pdu;
}

bool transport_oscore_id_taken(const struct transport *transport, struct msgin5g_str recipient_id)
{
    (void)transport, (void)recipient_id;
    return false;
}

enum msgin5g_err transport_oscore_protect(struct transport_session *session, const struct transport_oscore *oscore)
{
    (void)session, (void)oscore;
    return MSGIN5G_ERR_INVALID;
}
