#include "usim_internal.h"

#include "akma/milenage.h"

#include <stdlib.h>
#include <string.h>

#define AMF_SEPARATION_BIT 0x80 /* bit 0 of the AMF, the most significant one (TS 33.501 6.1.3.2.0 step 7) */
#define SQN_DELTA          ((uint64_t)1 << 28) /* furthest step taken, so that no one uses up all numbers (TS 33.102 C.2.1) */

static bool config_is_valid(const struct usim_config *config)
{
    char realm[AKMA_A_KID_MAX + 1];

    return config->supi != NULL && config->rid != NULL && strlen(config->supi) <= AKMA_SUPI_MAX &&
           rid_valid(config->rid) && config->sqn <= SQN_MAX &&
           a_kid_home_realm(config->supi, config->mnc_digits, realm) == MSGIN5G_OK;
}

enum msgin5g_err usim_create(const struct usim_config *config, struct usim **out)
{
    struct usim *usim;

    if (!config_is_valid(config))
        return MSGIN5G_ERR_INVALID;
    usim = calloc(1, sizeof *usim);
    if (usim == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    memcpy(usim->supi, config->supi, strlen(config->supi));
    memcpy(usim->rid, config->rid, strlen(config->rid));
    usim->mnc_digits = config->mnc_digits;
    usim->k = config->k;
    usim->opc = config->opc;
    usim->sqn = config->sqn;
    *out = usim;
    return MSGIN5G_OK;
}

void usim_free(struct usim *usim)
{
    if (usim == NULL)
        return;
    free(usim->path);
    secret_wipe(usim, sizeof *usim);
    free(usim);
}

const char *usim_supi(const struct usim *usim)
{
    return usim->supi;
}

const char *usim_rid(const struct usim *usim)
{
    return usim->rid;
}

int usim_mnc_digits(const struct usim *usim)
{
    return usim->mnc_digits;
}

uint64_t usim_sqn(const struct usim *usim)
{
    return usim->sqn;
}

static uint64_t sqn_read(const uint8_t octets[SQN_LEN])
{
    uint64_t sqn = 0;

    for (size_t i = 0; i < SQN_LEN; i++)
        sqn = sqn << 8 | octets[i];
    return sqn;
}

static void sqn_write(uint64_t sqn, uint8_t out[SQN_LEN])
{
    for (size_t i = SQN_LEN; i > 0; i--, sqn >>= 8)
        out[i - 1] = (uint8_t)sqn;
}

static void xor_sqn(uint8_t out[SQN_LEN], const uint8_t a[SQN_LEN], const uint8_t b[SQN_LEN])
{
    for (size_t i = 0; i < SQN_LEN; i++)
        out[i] = a[i] ^ b[i];
}

static bool sqn_is_fresh(const struct usim *usim, uint64_t sqn)
{
    return sqn > usim->sqn && sqn - usim->sqn <= SQN_DELTA;
}

/* AUTN = (SQN xor AK) || AMF || MAC-A; gives f1 to f5* for that SQN and AMF. */
static enum msgin5g_err autn_open(const struct usim *usim, const uint8_t rand[16], const uint8_t autn[16],
    uint8_t sqn[SQN_LEN], struct milenage_output *f)
{
    static const uint8_t none[SQN_LEN];
    enum msgin5g_err err = milenage(&usim->k, &usim->opc, rand, none, none, f); /* AK does not depend on SQN */

    if (err != MSGIN5G_OK)
        return err;
    xor_sqn(sqn, autn, f->ak);
    return milenage(&usim->k, &usim->opc, rand, sqn, autn + SQN_LEN, f);
}

/* AUTS = (SQN_MS xor AK*) || MAC-S, where f1* takes AMF 0000 (TS 33.102 6.3.3). */
static enum msgin5g_err auts_write(const struct usim *usim, const uint8_t rand[16], uint8_t auts[14])
{
    static const uint8_t amf[2];
    uint8_t sqn_ms[SQN_LEN];
    struct milenage_output f;
    enum msgin5g_err err;

    sqn_write(usim->sqn, sqn_ms);
    err = milenage(&usim->k, &usim->opc, rand, sqn_ms, amf, &f);
    if (err == MSGIN5G_OK) {
        xor_sqn(auts, sqn_ms, f.ak_star);
        memcpy(auts + SQN_LEN, f.mac_s, sizeof f.mac_s);
    }
    milenage_wipe(&f);
    return err;
}

/* In the order of TS 24.501 5.4.1.3.6: MAC, separation bit, freshness. Nothing but AUTS leaves before all three hold.
 */
static enum msgin5g_err autn_check(struct usim *usim, const uint8_t rand[16], const uint8_t autn[16], uint64_t sqn,
    const struct milenage_output *f, struct usim_answer *out)
{
    enum msgin5g_err err;

    if (!secret_equal(f->mac_a, autn + 8, sizeof f->mac_a))
        return MSGIN5G_ERR_MAC_FAILURE;
    if ((autn[SQN_LEN] & AMF_SEPARATION_BIT) == 0)
        return MSGIN5G_ERR_SEPARATION_BIT;
    if (sqn_is_fresh(usim, sqn))
        return MSGIN5G_OK;
    err = auts_write(usim, rand, out->auts);
    return err == MSGIN5G_OK ? MSGIN5G_ERR_SYNC_FAILURE : err;
}

enum msgin5g_err usim_challenge(
    struct usim *usim, const uint8_t rand[16], const uint8_t autn[16], const char *sn_name, struct usim_answer *out)
{
    uint8_t sqn[SQN_LEN];
    struct milenage_output f;
    enum msgin5g_err err;

    memset(out, 0, sizeof *out);
    if (!kdf_sn_name_valid(sn_name))
        return MSGIN5G_ERR_INVALID;
    err = autn_open(usim, rand, autn, sqn, &f);
    if (err == MSGIN5G_OK)
        err = autn_check(usim, rand, autn, sqn_read(sqn), &f, out);
    if (err == MSGIN5G_OK)
        err = kdf_res_star(f.ck, f.ik, sn_name, rand, f.res, sizeof f.res, &out->res_star);
    if (err == MSGIN5G_OK)
        err = kdf_k_ausf(f.ck, f.ik, sn_name, autn, &out->k_ausf);
    if (err == MSGIN5G_OK)
        usim->sqn = sqn_read(sqn);
    else if (err != MSGIN5G_ERR_SYNC_FAILURE)
        usim_answer_wipe(out);
    milenage_wipe(&f);
    return err;
}
