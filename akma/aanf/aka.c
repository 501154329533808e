#include "aka.h"

#include "akma/kdf.h"
#include "akma/milenage.h"

#include <string.h>

#define MILENAGE_LOCAL __attribute__((cleanup(milenage_wipe))) struct milenage_output

static void exclusive_or(const uint8_t *a, const uint8_t *b, size_t length, uint8_t *out)
{
    for (size_t i = 0; i < length; i++)
        out[i] = a[i] ^ b[i];
}

enum msgin5g_err aka_vector_make(const struct subscriber_keys *keys, const uint8_t rand[16], const uint8_t sqn[6],
    const uint8_t amf[2], const char *sn_name, struct aka_vector *out)
{
    MILENAGE_LOCAL f = { 0 };
    uint8_t sqn_xor_ak[6];
    enum msgin5g_err err = milenage(&keys->k, &keys->opc, rand, sqn, amf, &f);
    if (err != MSGIN5G_OK)
        return err;
    exclusive_or(sqn, f.ak, sizeof sqn_xor_ak, sqn_xor_ak);
    memcpy(out->rand, rand, sizeof out->rand);
    memcpy(out->autn, sqn_xor_ak, 6); /* AUTN = SQN xor AK || AMF || MAC-A */
    memcpy(out->autn + 6, amf, 2);
    memcpy(out->autn + 8, f.mac_a, 8);
    err = kdf_k_ausf(f.ck, f.ik, sn_name, sqn_xor_ak, &out->k_ausf);
    if (err == MSGIN5G_OK)
        err = kdf_res_star(f.ck, f.ik, sn_name, rand, f.res, sizeof f.res, &out->xres_star);
    if (err == MSGIN5G_OK)
        err = kdf_hres_star(rand, &out->xres_star, out->hxres_star);
    if (err != MSGIN5G_OK)
        aka_vector_wipe(out);
    return err;
}

enum msgin5g_err aka_auts_open(
    const struct subscriber_keys *keys, const uint8_t rand[16], const uint8_t auts[14], uint64_t *sqn_ms)
{
    static const uint8_t amf[2] = { 0, 0 }; /* TS 33.102 6.3.3: dummy AMF of zeros in f1* */
    MILENAGE_LOCAL f = { 0 };
    uint8_t sqn[6] = { 0 };
    enum msgin5g_err err = milenage(&keys->k, &keys->opc, rand, sqn, amf, &f); /* AK* does not depend on SQN */
    if (err != MSGIN5G_OK)
        return err;
    exclusive_or(auts, f.ak_star, sizeof sqn, sqn);
    err = milenage(&keys->k, &keys->opc, rand, sqn, amf, &f);
    if (err != MSGIN5G_OK)
        return err;
    if (!secret_equal(auts + 6, f.mac_s, sizeof f.mac_s))
        return MSGIN5G_ERR_MAC_FAILURE;
    *sqn_ms = 0;
    for (size_t i = 0; i < sizeof sqn; i++)
        *sqn_ms = *sqn_ms << 8 | sqn[i];
    return MSGIN5G_OK;
}
