/* One reference (A-KID, FQDN, Ua* id) as octets for a hash table. */
#ifndef AKMA_AF_REF_H
#define AKMA_AF_REF_H

#include "akma/af.h"

#define AF_SALT_LEN    8
#define AF_REF_KEY_MAX (AF_SALT_LEN + UA_ID_LEN + AKMA_FQDN_MAX + 1 + AKMA_A_KID_MAX)

/** The salt is random for each AF object: whoever picks A-KIDs must not be able to pick hash values. */
struct af_ref_key {
    size_t length;
    uint8_t octets[AF_REF_KEY_MAX];
};

/** @return MSGIN5G_OK, or ERR_INVALID when the A-KID or the FQDN is empty or too long. */
enum msgin5g_err af_ref_key_make(
    const uint8_t salt[AF_SALT_LEN], const struct akma_af_ref *ref, struct af_ref_key *out);

#endif
