/* One type per key, so the compiler refuses K_AKMA where K_AF belongs (decision D8). */
#ifndef AKMA_KEYS_H
#define AKMA_KEYS_H

#include "base/secret.h"

#include <stdint.h>

#define AKMA_KEY_LEN 32

#define AKMA_KEY_TYPE(name, octet_count)                                                                               \
    struct name {                                                                                                      \
        uint8_t octets[octet_count];                                                                                   \
    };                                                                                                                 \
    static inline void name##_wipe(struct name *key)                                                                   \
    {                                                                                                                  \
        secret_wipe(key, sizeof *key);                                                                                 \
    }

AKMA_KEY_TYPE(usim_k, 16)               /* K of TS 35.206 */
AKMA_KEY_TYPE(usim_opc, 16)             /* OPc */
AKMA_KEY_TYPE(k_ausf, 32)               /* TS 33.501 A.2 */
AKMA_KEY_TYPE(k_seaf, 32)               /* TS 33.501 A.6 */
AKMA_KEY_TYPE(k_akma, 32)               /* TS 33.535 A.2 */
AKMA_KEY_TYPE(k_af, 32)                 /* TS 33.535 A.4 */
AKMA_KEY_TYPE(res_star, 16)             /* TS 33.501 A.4; a secret until it is sent */
AKMA_KEY_TYPE(oscore_master_secret, 32) /* OMS, TS 33.535 D.3.3 */

/* Local variables that are wiped on every way out of their block. */
#define K_AUSF_LOCAL __attribute__((cleanup(k_ausf_wipe))) struct k_ausf
#define K_AKMA_LOCAL __attribute__((cleanup(k_akma_wipe))) struct k_akma
#define K_AF_LOCAL   __attribute__((cleanup(k_af_wipe))) struct k_af
#define OMS_LOCAL    __attribute__((cleanup(oscore_master_secret_wipe))) struct oscore_master_secret

#endif
