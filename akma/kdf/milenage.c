/* Milenage (TS 35.206): one AES key schedule and six blocks give all of f1 to f5*. */
#include "akma/milenage.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/aes.h>

#include <string.h>

#define BLOCK 16

static int aes_open(Aes *aes, const struct usim_k *k)
{
    int rc = wc_AesInit(aes, NULL, INVALID_DEVID);

    return rc != 0 ? rc : wc_AesSetKeyDirect(aes, k->octets, BLOCK, NULL, AES_ENCRYPTION);
}

static void aes_close(Aes *aes)
{
    wc_AesFree(aes);
    secret_wipe(aes, sizeof *aes);
}

static void xor_block(uint8_t out[BLOCK], const uint8_t a[BLOCK], const uint8_t b[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        out[i] = a[i] ^ b[i];
}

/* E_K(rot(x, r) ^ c) ^ OPc, with r in octets and c, of which only the last octet is not zero (TS 35.206 4.1). */
static int out_block(
    Aes *aes, const uint8_t x[BLOCK], size_t r, uint8_t c, const struct usim_opc *opc, uint8_t out[BLOCK])
{
    uint8_t block[BLOCK];
    int rc;

    for (size_t i = 0; i < BLOCK; i++)
        block[i] = x[(i + r) % BLOCK];
    block[BLOCK - 1] ^= c;
    rc = wc_AesEncryptDirect(aes, out, block);
    xor_block(out, out, opc->octets);
    secret_wipe(block, sizeof block);
    return rc;
}

/* f1 and f1*: E_K(TEMP ^ rot(IN1 ^ OPc, 64) ^ c1) ^ OPc with c1 = 0; IN1 = SQN || AMF || SQN || AMF. */
static int f1_block(Aes *aes, const uint8_t temp[BLOCK], const struct usim_opc *opc, const uint8_t sqn[6],
    const uint8_t amf[2], struct milenage_output *out)
{
    uint8_t in1[BLOCK];
    uint8_t block[BLOCK];
    int rc;

    memcpy(in1, sqn, 6);
    memcpy(in1 + 6, amf, 2);
    memcpy(in1 + 8, in1, 8);
    xor_block(in1, in1, opc->octets);
    for (size_t i = 0; i < BLOCK; i++)
        block[i] = temp[i] ^ in1[(i + 8) % BLOCK];
    rc = out_block(aes, block, 0, 0x00, opc, block);
    memcpy(out->mac_a, block, 8);
    memcpy(out->mac_s, block + 8, 8);
    secret_wipe(in1, sizeof in1);
    secret_wipe(block, sizeof block);
    return rc;
}

/* f2 to f5*, from TEMP ^ OPc. */
static int f2345_blocks(Aes *aes, const uint8_t x[BLOCK], const struct usim_opc *opc, struct milenage_output *out)
{
    uint8_t block[BLOCK];
    int rc = out_block(aes, x, 0, 0x01, opc, block);

    memcpy(out->ak, block, 6);
    memcpy(out->res, block + 8, 8);
    if (rc == 0)
        rc = out_block(aes, x, 4, 0x02, opc, out->ck);
    if (rc == 0)
        rc = out_block(aes, x, 8, 0x04, opc, out->ik);
    if (rc == 0)
        rc = out_block(aes, x, 12, 0x08, opc, block);
    memcpy(out->ak_star, block, 6);
    secret_wipe(block, sizeof block);
    return rc;
}

enum msgin5g_err milenage_opc(const struct usim_k *k, const uint8_t op[16], struct usim_opc *out)
{
    Aes aes;
    int rc = aes_open(&aes, k);

    if (rc == 0)
        rc = wc_AesEncryptDirect(&aes, out->octets, op);
    aes_close(&aes);
    if (rc != 0) {
        usim_opc_wipe(out);
        return MSGIN5G_ERR_INTERNAL;
    }
    xor_block(out->octets, out->octets, op);
    return MSGIN5G_OK;
}

enum msgin5g_err milenage(const struct usim_k *k, const struct usim_opc *opc, const uint8_t rand[16],
    const uint8_t sqn[6], const uint8_t amf[2], struct milenage_output *out)
{
    Aes aes;
    uint8_t temp[BLOCK];
    int rc = aes_open(&aes, k);

    xor_block(temp, rand, opc->octets);
    if (rc == 0)
        rc = wc_AesEncryptDirect(&aes, temp, temp);
    if (rc == 0)
        rc = f1_block(&aes, temp, opc, sqn, amf, out);
    xor_block(temp, temp, opc->octets);
    if (rc == 0)
        rc = f2345_blocks(&aes, temp, opc, out);
    aes_close(&aes);
    secret_wipe(temp, sizeof temp);
    if (rc != 0) {
        milenage_wipe(out);
        return MSGIN5G_ERR_INTERNAL;
    }
    return MSGIN5G_OK;
}
