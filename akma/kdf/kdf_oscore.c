/* OSCORE's Master Secret from K_AF (TS 33.535 Annex D). */
#include "akma/kdf.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hmac.h>

enum msgin5g_err kdf_oscore_master_secret(const struct k_af *k_af, struct oscore_master_secret *out)
{
    static const char info[] = "AKMA-OSCORE";
    int rc = wc_HKDF(WC_SHA256, k_af->octets, sizeof k_af->octets, NULL, 0, (const byte *)info, sizeof info - 1,
        out->octets, sizeof out->octets);
    if (rc != 0)
        oscore_master_secret_wipe(out);
    return rc == 0 ? MSGIN5G_OK : MSGIN5G_ERR_INTERNAL;
}
