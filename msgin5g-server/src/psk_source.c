#include "psk_source.h"

#include <stdlib.h>
#include <string.h>

/* K_AF of AKMA is the only kind of key this version knows; `3GPP-SEAL;` becomes the second row of this choice. */
struct psk_source {
    struct akma_af *af;
};

enum msgin5g_err psk_source_create(struct akma_af *af, struct psk_source **out)
{
    struct psk_source *source = calloc(1, sizeof *source);
    if (source == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    source->af = af;
    *out = source;
    return MSGIN5G_OK;
}

void psk_source_free(struct psk_source *source)
{
    free(source);
}

/* Everything is checked here, so that a malformed A-KID never costs the AAnF a request (N2). */
static enum msgin5g_err af_ref_of(const struct psk_ref *ref, struct akma_af_ref *out)
{
    out->fqdn = ref->fqdn;
    out->ua_id = ref->ua_id;
    return a_kid_from_psk_identity(ref->identity, &out->a_kid);
}

enum msgin5g_err psk_source_lookup(struct psk_source *source, const struct psk_ref *ref, struct psk_key *out)
{
    struct akma_af_ref af_ref;
    struct akma_af_key key;
    enum msgin5g_err err = af_ref_of(ref, &af_ref);
    if (err == MSGIN5G_OK)
        err = akma_af_lookup(source->af, &af_ref, &key);
    if (err != MSGIN5G_OK)
        return err;
    memcpy(out->octets, key.k_af.octets, sizeof key.k_af.octets);
    out->length = sizeof key.k_af.octets;
    out->expiry_s = key.expiry_s;
    memcpy(out->identity, key.identity, sizeof out->identity);
    akma_af_key_wipe(&key);
    return MSGIN5G_OK;
}

enum msgin5g_err psk_source_fetch(
    struct psk_source *source, const struct psk_ref *ref, akma_af_done_fn *done, void *ctx)
{
    struct akma_af_ref af_ref;
    enum msgin5g_err err = af_ref_of(ref, &af_ref);
    return err == MSGIN5G_OK ? akma_af_fetch(source->af, &af_ref, done, ctx) : err;
}
