#include "af_ref.h"

#include <string.h>

enum msgin5g_err af_ref_key_make(const uint8_t salt[AF_SALT_LEN], const struct akma_af_ref *ref, struct af_ref_key *out)
{
    size_t fqdn_length = ref->fqdn == NULL ? 0 : strnlen(ref->fqdn, AKMA_FQDN_MAX + 1);
    if (fqdn_length == 0 || fqdn_length > AKMA_FQDN_MAX || ref->a_kid.length == 0 || ref->a_kid.length > AKMA_A_KID_MAX)
        return MSGIN5G_ERR_INVALID;
    uint8_t *next = out->octets;
    memcpy(next, salt, AF_SALT_LEN);
    next += AF_SALT_LEN;
    memcpy(next, ref->ua_id.octets, UA_ID_LEN);
    next += UA_ID_LEN;
    memcpy(next, ref->fqdn, fqdn_length + 1); /* the NUL separates it from the A-KID */
    next += fqdn_length + 1;
    memcpy(next, ref->a_kid.octets, ref->a_kid.length);
    next += ref->a_kid.length;
    out->length = (size_t)(next - out->octets);
    return MSGIN5G_OK;
}
