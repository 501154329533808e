/* Key derivations of TS 33.501 Annex A and TS 33.535 Annex A; with milenage.c the door to wolfCrypt. */
#include "akma/kdf.h"

#include "base/utf8.h"

#include <wolfssl/options.h>
#include <wolfssl/wolfcrypt/hmac.h>
#include <wolfssl/wolfcrypt/sha256.h>

#include <string.h>

enum kdf_fc {
    FC_K_AUSF = 0x6a,   /* TS 33.501 A.2 */
    FC_RES_STAR = 0x6b, /* TS 33.501 A.4 */
    FC_K_SEAF = 0x6c,   /* TS 33.501 A.6 */
    FC_K_AKMA = 0x80,   /* TS 33.535 A.2 */
    FC_A_TID = 0x81,    /* TS 33.535 A.3 */
    FC_K_AF = 0x82      /* TS 33.535 A.4 */
};

static int hmac_parameter(Hmac *hmac, const struct kdf_parameter *parameter)
{
    const byte length[2] = { (byte)(parameter->length >> 8), (byte)parameter->length };
    int rc = wc_HmacUpdate(hmac, parameter->octets, (word32)parameter->length);

    return rc != 0 ? rc : wc_HmacUpdate(hmac, length, sizeof length);
}

enum msgin5g_err kdf(const void *key, size_t key_length, uint8_t fc, const struct kdf_parameter *parameters,
    size_t count, uint8_t out[32])
{
    Hmac hmac;
    int rc;

    for (size_t i = 0; i < count; i++)
        if (parameters[i].length > UINT16_MAX) {
            secret_wipe(out, 32);
            return MSGIN5G_ERR_INVALID;
        }
    rc = wc_HmacInit(&hmac, NULL, INVALID_DEVID);
    if (rc == 0)
        rc = wc_HmacSetKey(&hmac, WC_SHA256, key, (word32)key_length);
    if (rc == 0)
        rc = wc_HmacUpdate(&hmac, &fc, 1);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = hmac_parameter(&hmac, &parameters[i]);
    if (rc == 0)
        rc = wc_HmacFinal(&hmac, out);
    wc_HmacFree(&hmac);
    secret_wipe(&hmac, sizeof hmac);
    if (rc != 0)
        secret_wipe(out, 32);
    return rc == 0 ? MSGIN5G_OK : MSGIN5G_ERR_INTERNAL;
}

/* Key CK || IK, first parameter the serving network name: TS 33.501 A.2 and A.4. */
static enum msgin5g_err kdf_ck_ik(const uint8_t ck[16], const uint8_t ik[16], uint8_t fc, const char *sn_name,
    struct kdf_parameter *parameters, size_t count, uint8_t out[32])
{
    uint8_t key[32];
    enum msgin5g_err err;

    if (!kdf_sn_name_valid(sn_name)) {
        secret_wipe(out, 32);
        return MSGIN5G_ERR_INVALID;
    }
    parameters[0] = (struct kdf_parameter){ sn_name, strlen(sn_name) };
    memcpy(key, ck, 16);
    memcpy(key + 16, ik, 16);
    err = kdf(key, sizeof key, fc, parameters, count, out);
    secret_wipe(key, sizeof key);
    return err;
}

enum msgin5g_err kdf_k_ausf(
    const uint8_t ck[16], const uint8_t ik[16], const char *sn_name, const uint8_t sqn_xor_ak[6], struct k_ausf *out)
{
    struct kdf_parameter parameters[] = { { NULL, 0 }, { sqn_xor_ak, 6 } };

    return kdf_ck_ik(ck, ik, FC_K_AUSF, sn_name, parameters, 2, out->octets);
}

enum msgin5g_err kdf_res_star(const uint8_t ck[16], const uint8_t ik[16], const char *sn_name, const uint8_t rand[16],
    const uint8_t *res, size_t res_length, struct res_star *out)
{
    struct kdf_parameter parameters[] = { { NULL, 0 }, { rand, 16 }, { res, res_length } };
    enum msgin5g_err err = MSGIN5G_ERR_INVALID;
    uint8_t octets[32] = { 0 };

    if (res_length >= 4 && res_length <= 16)
        err = kdf_ck_ik(ck, ik, FC_RES_STAR, sn_name, parameters, 3, octets);
    memcpy(out->octets, octets + 16, 16); /* the 128 least significant bits */
    secret_wipe(octets, sizeof octets);
    return err;
}

enum msgin5g_err kdf_hres_star(const uint8_t rand[16], const struct res_star *res_star, uint8_t out[16])
{
    uint8_t octets[32];
    uint8_t digest[32] = { 0 };
    int rc;

    memcpy(octets, rand, 16);
    memcpy(octets + 16, res_star->octets, 16);
    rc = wc_Sha256Hash(octets, sizeof octets, digest);
    secret_wipe(octets, sizeof octets);
    memcpy(out, digest + 16, 16); /* the 128 least significant bits */
    return rc == 0 ? MSGIN5G_OK : MSGIN5G_ERR_INTERNAL;
}

enum msgin5g_err kdf_k_seaf(const struct k_ausf *k_ausf, const char *sn_name, struct k_seaf *out)
{
    const struct kdf_parameter parameter = { sn_name, strlen(sn_name) };

    if (!kdf_sn_name_valid(sn_name)) {
        k_seaf_wipe(out);
        return MSGIN5G_ERR_INVALID;
    }
    return kdf(k_ausf->octets, sizeof k_ausf->octets, FC_K_SEAF, &parameter, 1, out->octets);
}

struct msgin5g_str kdf_supi_value(const char *supi)
{
    static const char *const prefixes[] = { "imsi-", "nai-", "gci-", "gli-" }; /* Supi of TS 29.571 */

    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++)
        if (strncmp(supi, prefixes[i], strlen(prefixes[i])) == 0) {
            supi += strlen(prefixes[i]);
            break;
        }
    return msgin5g_str(supi);
}

/* TS 33.535 A.2 and A.3: the same but for FC and the label. */
static enum msgin5g_err kdf_of_supi(
    const struct k_ausf *k_ausf, uint8_t fc, const char *label, const char *supi, uint8_t out[32])
{
    struct msgin5g_str value = kdf_supi_value(supi);
    const struct kdf_parameter parameters[] = { { label, strlen(label) }, { value.octets, value.length } };

    /* TS 33.220 B.2.1.2 asks for UTF-8; normalising is left to whoever provisions the SUPI. */
    if (value.length == 0 || strlen(supi) > AKMA_SUPI_MAX || !utf8_valid(value.octets, value.length)) {
        secret_wipe(out, 32);
        return MSGIN5G_ERR_INVALID;
    }
    return kdf(k_ausf->octets, sizeof k_ausf->octets, fc, parameters, 2, out);
}

enum msgin5g_err kdf_k_akma(const struct k_ausf *k_ausf, const char *supi, struct k_akma *out)
{
    return kdf_of_supi(k_ausf, FC_K_AKMA, "AKMA", supi, out->octets);
}

enum msgin5g_err kdf_a_tid(const struct k_ausf *k_ausf, const char *supi, uint8_t out[32])
{
    return kdf_of_supi(k_ausf, FC_A_TID, "A-TID", supi, out);
}

enum msgin5g_err kdf_k_af(const struct k_akma *k_akma, const char *fqdn, const struct ua_id *ua_id, struct k_af *out)
{
    char af_id[AKMA_FQDN_MAX + 1 + UA_ID_LEN];
    struct kdf_parameter parameter = { af_id, strlen(fqdn) + UA_ID_LEN };

    if (fqdn_parse(msgin5g_str(fqdn), af_id) != MSGIN5G_OK) {
        k_af_wipe(out);
        return MSGIN5G_ERR_INVALID;
    }
    memcpy(af_id + strlen(fqdn), ua_id->octets, UA_ID_LEN);
    return kdf(k_akma->octets, sizeof k_akma->octets, FC_K_AF, &parameter, 1, out->octets);
}

/* '0' stands for any decimal digit, 'F' for an upper-case hexadecimal one, everything else for itself. */
static bool matches(const char *text, const char *pattern)
{
    for (; *pattern != '\0'; text++, pattern++) {
        bool digit = *text >= '0' && *text <= '9';

        if (*pattern == '0' ? !digit : *pattern == 'F' ? !digit && (*text < 'A' || *text > 'F') : *text != *pattern)
            return false;
    }
    return *text == '\0';
}

bool kdf_sn_name_valid(const char *name)
{
    return matches(name, "5G:mnc000.mcc000.3gppnetwork.org") ||
           matches(name, "5G:mnc000.mcc000.3gppnetwork.org:FFFFFFFFFFF");
}
