/* The client library over a libcoap without our patches (decision D2): no server side, the peer picks the version. */
#include "internal.h"

void hooks_setup(struct transport *transport)
{
    (void)transport;
}

/* Not inside of the first connect: libcoap has no pointer to show yet. */
void *hooks_ssl(const struct transport_session *session)
{
    if (session->coap == NULL || session->scheme == TRANSPORT_COAP || session->transport->connecting == session)
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
