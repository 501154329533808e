/* Key derivations, octet-exact: TS 33.501 Annex A and TS 33.535 Annex A over the KDF of TS 33.220 B.2. Pure functions.
 */
#ifndef AKMA_KDF_H
#define AKMA_KDF_H

#include "akma/keys.h"
#include "akma/ua_id.h"
#include "msgin5g/ids.h"

#define AKMA_SUPI_MAX    253 /* octets of a SUPI with its type prefix */
#define AKMA_SN_NAME_MAX 64

struct kdf_parameter {
    const void *octets;
    size_t length; /* at most 65535 */
};
/**
 * HMAC-SHA-256(key, FC || P0 || L0 || ...) (TS 33.220 B.2.2).
 *
 * @return MSGIN5G_OK, ERR_INVALID (a parameter is too long), ERR_INTERNAL (HMAC failed). @p out is wiped on failure,
 *         here and below; the functions below give ERR_INVALID also for a name that is not one.
 */
enum msgin5g_err kdf(const void *key, size_t key_length, uint8_t fc, const struct kdf_parameter *parameters,
    size_t count, uint8_t out[32]);

/** TS 33.501 A.2: K_AUSF from CK || IK, serving network name, SQN xor AK. */
enum msgin5g_err kdf_k_ausf(
    const uint8_t ck[16], const uint8_t ik[16], const char *sn_name, const uint8_t sqn_xor_ak[6], struct k_ausf *out);
/** TS 33.501 A.4: RES* or XRES*. @p res_length 4 to 16. */
enum msgin5g_err kdf_res_star(const uint8_t ck[16], const uint8_t ik[16], const char *sn_name, const uint8_t rand[16],
    const uint8_t *res, size_t res_length, struct res_star *out);
/** TS 33.501 A.5, SHA-256(RAND || RES*): HRES* or HXRES*. */
enum msgin5g_err kdf_hres_star(const uint8_t rand[16], const struct res_star *res_star, uint8_t out[16]);
/** TS 33.501 A.6. */
enum msgin5g_err kdf_k_seaf(const struct k_ausf *k_ausf, const char *sn_name, struct k_seaf *out);

/** @p supi with or without its "imsi-", "nai-", "gci-", "gli-" prefix; without it is what is hashed (TS 33.501 A.7.0,
 * choice C1). */
struct msgin5g_str kdf_supi_value(const char *supi);
/** TS 33.535 A.2. */
enum msgin5g_err kdf_k_akma(const struct k_ausf *k_ausf, const char *supi, struct k_akma *out);
/** TS 33.535 A.3. */
enum msgin5g_err kdf_a_tid(const struct k_ausf *k_ausf, const char *supi, uint8_t out[32]);
/** TS 33.535 A.4: AF_ID = FQDN in lower case (choice C5) || Ua* id. @return also ERR_INVALID for an empty or over-long
 * FQDN. */
enum msgin5g_err kdf_k_af(const struct k_akma *k_akma, const char *fqdn, const struct ua_id *ua_id, struct k_af *out);

/**
 * TS 33.535 D.3.3, choice C14: the Master Secret of OSCORE, HKDF-SHA-256 (RFC 5869) of K_AF without salt, info
 * "AKMA-OSCORE". @p k_af is that of ua_id_oscore. @return MSGIN5G_OK or ERR_INTERNAL (@p out wiped).
 */
enum msgin5g_err kdf_oscore_master_secret(const struct k_af *k_af, struct oscore_master_secret *out);

/** True when @p name is a serving network name (TS 33.501 6.1.1.4): "5G:mnc001.mcc001.3gppnetwork.org", SNPN with NID.
 */
bool kdf_sn_name_valid(const char *name);

#endif
