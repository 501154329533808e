/* A-KID: <RID>.<base64url of the A-TID>@<home realm> (TS 33.535 6.1; choices C2 to C4). */
#ifndef AKMA_A_KID_H
#define AKMA_A_KID_H

#include "akma/kdf.h"

#define AKMA_A_KID_MAX        253 /* octets of the text form */
#define AKMA_A_TID_LEN        32
#define AKMA_RID_MAX          4
#define AKMA_PSK_IDENTITY_MAX (AKMA_A_KID_MAX + 10)
#define AKMA_PSK_PREFIX       "3GPP-AKMA" /* TS 24.109 K.3; choice C7 */

struct a_kid {
    char rid[AKMA_RID_MAX + 1];
    uint8_t a_tid[AKMA_A_TID_LEN];
    char realm[AKMA_FQDN_MAX + 1]; /* lower case */
};

/**
 * Parse strictly (section 1.3 of the AKMA digest): one form only, so control characters, NUL, a padded or a longer
 * A-TID and non-zero trailing bits are refused. The realm is compared without regard to case: @p out holds it in lower
 * case.
 *
 * @return MSGIN5G_OK or ERR_MALFORMED_A_KID.
 */
enum msgin5g_err a_kid_parse(struct msgin5g_str text, struct a_kid *out);
/** The text form, NUL-terminated. @return MSGIN5G_OK or ERR_INVALID (RID not 1 to 4 digits, no realm, too long in all).
 */
enum msgin5g_err a_kid_format(const struct a_kid *a_kid, char out[AKMA_A_KID_MAX + 1]);
/** True for 1 to 4 decimal digits, each of which counts: "012" is not "12" (TS 23.003 2.2B). */
bool rid_valid(const char *rid);
/**
 * Home realm of @p supi (choice C4): 5gc.mnc<3>.mcc<3>.3gppnetwork.org for an IMSI, what follows the last '@' for a
 * NAI.
 *
 * @param supi       with or without the prefix of its type.
 * @param mnc_digits 2 or 3; of no meaning for a NAI.
 * @return MSGIN5G_OK or ERR_INVALID (neither IMSI nor NAI with a realm).
 */
enum msgin5g_err a_kid_home_realm(const char *supi, int mnc_digits, char out[AKMA_A_KID_MAX + 1]);
/** A-KID of K_AUSF, SUPI and RID. @p realm NULL: a_kid_home_realm() with a two-digit MNC. @return as a_kid_format(),
 * ERR_INTERNAL. */
enum msgin5g_err a_kid_derive(
    const struct k_ausf *k_ausf, const char *supi, const char *rid, const char *realm, char out[AKMA_A_KID_MAX + 1]);
/**
 * The A-KID inside of a PSK identity: prefix "3GPP-AKMA", ';' optional on reading (choice C7).
 *
 * @param a_kid borrows from @p identity; a_kid_parse() takes it.
 * @return MSGIN5G_OK or ERR_MALFORMED_A_KID, with @p a_kid untouched.
 */
enum msgin5g_err a_kid_from_psk_identity(struct msgin5g_str identity, struct msgin5g_str *a_kid);
/** "3GPP-AKMA;<A-KID>", NUL-terminated. @return MSGIN5G_OK or ERR_INVALID (longer than AKMA_A_KID_MAX). */
enum msgin5g_err a_kid_to_psk_identity(const char *a_kid, char out[AKMA_PSK_IDENTITY_MAX + 1]);

#endif
