/* From K_AKMA to the PSK of one handshake: the Ua* id follows the version and suite negotiated (TS 33.220 H.3). */
#include "client_internal.h"

#include "akma/kdf.h"

#include <stdio.h>
#include <string.h>

/* The hint is a list of methods separated by ';' (TS 24.109 5.3.3.1.2, K.3.2 d). */
static bool hint_names_akma(const char *hint)
{
    size_t length = strlen(AKMA_PSK_PREFIX);

    for (const char *item = hint;; item++) {
        size_t span = strcspn(item, ";");

        if (span == length && strncmp(item, AKMA_PSK_PREFIX, length) == 0)
            return true;
        item += span;
        if (*item == '\0')
            return false;
    }
}

static struct ua_id negotiated_ua_id(const struct msgin5g_client *client, uint16_t suite)
{
    if (suite != TLS_SUITE_TLS13_AES_128_GCM)
        return ua_id_tls_1_2(suite);
    return client->server.scheme == TRANSPORT_COAPS ? ua_id_dtls_1_3 : ua_id_tls_1_3;
}

static bool gateway_psk(const struct msgin5g_client *client, struct transport_psk *out)
{
    if (client->k_akma == NULL)
        return false;
    memcpy(out->key, client->k_akma->octets, sizeof client->k_akma->octets);
    out->key_length = sizeof client->k_akma->octets;
    memcpy(out->identity, client->id.text, client->id.length + 1);
    return true;
}

bool keys_psk(const struct msgin5g_client *client, const char *hint, uint16_t suite, struct transport_psk *out)
{
    K_AF_LOCAL k_af;
    struct ua_id ua_id = negotiated_ua_id(client, suite);

    if (client->behind_gateway)
        return gateway_psk(client, out);
    if (client->k_akma == NULL || (hint != NULL && !hint_names_akma(hint)))
        return false;
    if (kdf_k_af(client->k_akma, client->server_name, &ua_id, &k_af) != MSGIN5G_OK)
        return false;
    memcpy(out->key, k_af.octets, sizeof k_af.octets);
    out->key_length = sizeof k_af.octets;
    return snprintf(out->identity, sizeof out->identity, AKMA_PSK_PREFIX ";%s", client->a_kid) <
           (int)sizeof out->identity;
}
