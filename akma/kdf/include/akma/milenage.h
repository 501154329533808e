/* Milenage (TS 35.206) over AES-128; pure functions. */
#ifndef AKMA_MILENAGE_H
#define AKMA_MILENAGE_H

#include "akma/keys.h"
#include "msgin5g/error.h"

/** Everything f1 to f5* give for one RAND, SQN and AMF. Holds keys: wipe with milenage_wipe(). */
struct milenage_output {
    uint8_t mac_a[8], mac_s[8];
    uint8_t res[8];
    uint8_t ck[16], ik[16];
    uint8_t ak[6], ak_star[6];
};
static inline void milenage_wipe(struct milenage_output *output)
{
    secret_wipe(output, sizeof *output);
}

/** OPc from OP: E_K(OP) xor OP. @return MSGIN5G_OK or ERR_INTERNAL (AES failed; @p out wiped). */
enum msgin5g_err milenage_opc(const struct usim_k *k, const uint8_t op[16], struct usim_opc *out);
/** f1, f1*, f2, f3, f4, f5, f5*. @return MSGIN5G_OK or ERR_INTERNAL (@p out wiped). */
enum msgin5g_err milenage(const struct usim_k *k, const struct usim_opc *opc, const uint8_t rand[16],
    const uint8_t sqn[6], const uint8_t amf[2], struct milenage_output *out);

#endif
