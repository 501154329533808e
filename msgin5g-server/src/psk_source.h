/* PSK identity -> key: the identity's prefix selects who knows it, policy whether we ask (decisions D3, D13). */
#ifndef PSK_SOURCE_H
#define PSK_SOURCE_H

#include "akma/af.h"
#include "coap/transport.h"

struct psk_source;

/** Which key; borrowed for the call. */
struct psk_ref {
    struct msgin5g_str identity; /* as the UE sent it */
    const char *fqdn;            /* ours that the UE named, lower case */
    struct ua_id ua_id;
};

struct psk_key {
    uint8_t octets[TRANSPORT_PSK_MAX];
    size_t length;
    int64_t expiry_s;                 /* seconds since 1970-01-01 UTC */
    char identity[AKMA_SUPI_MAX + 1]; /* SUPI or GPSI; "" when there is none */
};

/** @p af is borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err psk_source_create(struct akma_af *af, struct psk_source **out);
/** NULL is allowed. */
void psk_source_free(struct psk_source *source);
/**
 * Find the key; never waits.
 *
 * @param out the caller wipes it.
 * @return MSGIN5G_OK, ERR_NOT_CACHED (fetch it), ERR_MALFORMED_A_KID (no identity of a kind we know),
 * ERR_UNKNOWN_A_KID, ERR_AF_NOT_ALLOWED.
 */
enum msgin5g_err psk_source_lookup(struct psk_source *source, const struct psk_ref *ref, struct psk_key *out);
/** After ERR_NOT_CACHED; as akma_af_fetch(). */
enum msgin5g_err psk_source_fetch(
    struct psk_source *source, const struct psk_ref *ref, akma_af_done_fn *done, void *ctx);

#endif
