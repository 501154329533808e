/* Keys between the transport's owner and libcoap, which takes them by pointer and copies them. */
#include "internal.h"

#include "base/secret.h"

#include <string.h>

void psk_wipe(struct transport *transport)
{
    if (!transport->psk_in_use)
        return;
    secret_wipe(&transport->psk, sizeof transport->psk);
    transport->psk_in_use = false;
}

const coap_dtls_cpsk_info_t *psk_on_client_hint(coap_str_const_t *hint, coap_session_t *coap, void *arg)
{
    struct transport *transport = arg;
    struct transport_session *session = session_of(coap);
    char text[128] = "";
    if (session == NULL || transport->handler.client_psk == NULL || hint->length >= sizeof text)
        return NULL;
    memcpy(text, hint->s, hint->length);
    /* no suite yet: wolfSSL asks for the binder of a 1.3 ClientHello, or no ClientHello was built at all */
    void *ssl = hooks_ssl(session);
    uint16_t suite = ssl != NULL ? tls_psk_suite(ssl) : 0;
    bool is_1_3 = suite == 0 || suite == TLS_SUITE_TLS13_AES_128_GCM;
    if (is_1_3 && session->client->versions == TLS_PSK_1_2_ONLY)
        return NULL; /* no key in this ClientHello; the question comes again with the server's hint and suite */
    transport->psk_in_use = true;
    if (!transport->handler.client_psk(transport->ctx, session, is_1_3 ? NULL : text,
            is_1_3 ? TLS_SUITE_TLS13_AES_128_GCM : suite, &transport->psk))
        return NULL;
    transport->psk_info.identity =
        (coap_bin_const_t){ strlen(transport->psk.identity), (const uint8_t *)transport->psk.identity };
    transport->psk_info.key = (coap_bin_const_t){ transport->psk.key_length, transport->psk.key };
    return &transport->psk_info;
}

/* The gate has judged the name already; wolfSSL keeps it only when there is somebody to ask about it. */
const coap_dtls_spsk_info_t *psk_on_server_name(const char *name, coap_session_t *coap, void *arg)
{
    struct transport *transport = arg;
    (void)name, (void)coap;
    return &transport->spsk_info;
}

const coap_bin_const_t *psk_on_server_identity(coap_bin_const_t *identity, coap_session_t *coap, void *arg)
{
    struct transport *transport = arg;
    struct transport_session *session = session_of(coap);
    if (session == NULL || transport->handler.server_psk == NULL)
        return NULL;
    transport->psk_in_use = true;
    /* libcoap's identity comes from wolfSSL's C string: NUL-terminated */
    if (!transport->handler.server_psk(transport->ctx, session, (const char *)identity->s, &transport->psk))
        return NULL;
    transport->psk_key = (coap_bin_const_t){ transport->psk.key_length, transport->psk.key };
    return &transport->psk_key;
}
