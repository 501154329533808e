/* A-KID, text and parts (TS 33.535 6.1): the one place that knows how RID and A-TID are joined. */
#include "akma/a_kid.h"

#include <stdio.h>
#include <string.h>

#define A_TID_TEXT_LEN 43 /* base64url of 32 octets without padding (choice C2) */
#define IMSI_MIN       6  /* MCC, MNC and at least one digit of MSIN (TS 23.003 2.2) */
#define IMSI_MAX       15

static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"; /* RFC 4648 5 */

static void a_tid_to_text(const uint8_t a_tid[AKMA_A_TID_LEN], char out[A_TID_TEXT_LEN + 1])
{
    uint32_t bits = 0;
    int count = 0;
    size_t length = 0;

    for (size_t i = 0; i < AKMA_A_TID_LEN; i++) {
        bits = bits << 8 | a_tid[i];
        for (count += 8; count >= 6; count -= 6)
            out[length++] = base64url[bits >> (count - 6) & 0x3f];
    }
    out[length++] = base64url[bits << (6 - count) & 0x3f]; /* 256 is 42 * 6 + 4 */
    out[length] = '\0';
}

/* Exactly A_TID_TEXT_LEN characters. */
static enum msgin5g_err a_tid_from_text(const char *text, uint8_t out[AKMA_A_TID_LEN])
{
    uint32_t bits = 0;
    int count = 0;
    size_t length = 0;

    for (size_t i = 0; i < A_TID_TEXT_LEN; i++) {
        const char *place = memchr(base64url, text[i], sizeof base64url - 1);

        if (place == NULL)
            return MSGIN5G_ERR_MALFORMED_A_KID;
        bits = bits << 6 | (uint32_t)(place - base64url);
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[length++] = (uint8_t)(bits >> count);
        }
    }
    return (bits & 0x3) == 0 ? MSGIN5G_OK : MSGIN5G_ERR_MALFORMED_A_KID; /* else two texts for one A-TID */
}

static bool all_digits(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (text[i] < '0' || text[i] > '9')
            return false;
    return true;
}

static bool rid_octets_valid(const char *rid, size_t length)
{
    return length >= 1 && length <= AKMA_RID_MAX && all_digits(rid, length);
}

bool rid_valid(const char *rid)
{
    return rid_octets_valid(rid, strlen(rid));
}

enum msgin5g_err a_kid_parse(struct msgin5g_str text, struct a_kid *out)
{
    const char *at;
    const char *dot;
    size_t rid_length;

    if (text.length == 0 || text.length > AKMA_A_KID_MAX)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    at = memrchr(text.octets, '@', text.length);
    dot = memchr(text.octets, '.', text.length);
    if (at == NULL || dot == NULL || dot >= at || at - dot - 1 != A_TID_TEXT_LEN)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    rid_length = (size_t)(dot - text.octets);
    if (!rid_octets_valid(text.octets, rid_length))
        return MSGIN5G_ERR_MALFORMED_A_KID;
    memcpy(out->rid, text.octets, rid_length);
    out->rid[rid_length] = '\0';
    if (a_tid_from_text(dot + 1, out->a_tid) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    at++;
    if (fqdn_parse((struct msgin5g_str){ at, (size_t)(text.octets + text.length - at) }, out->realm) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    return MSGIN5G_OK;
}

enum msgin5g_err a_kid_format(const struct a_kid *a_kid, char out[AKMA_A_KID_MAX + 1])
{
    char a_tid[A_TID_TEXT_LEN + 1];
    char realm[AKMA_FQDN_MAX + 1];
    int length;

    if (!rid_valid(a_kid->rid) || fqdn_parse(msgin5g_str(a_kid->realm), realm) != MSGIN5G_OK)
        return MSGIN5G_ERR_INVALID;
    a_tid_to_text(a_kid->a_tid, a_tid);
    length = snprintf(out, AKMA_A_KID_MAX + 1, "%s.%s@%s", a_kid->rid, a_tid, realm);
    return length > 0 && length <= AKMA_A_KID_MAX ? MSGIN5G_OK : MSGIN5G_ERR_INVALID;
}

enum msgin5g_err a_kid_home_realm(const char *supi, int mnc_digits, char out[AKMA_A_KID_MAX + 1])
{
    struct msgin5g_str value = kdf_supi_value(supi);
    const char *at = memrchr(value.octets, '@', value.length);

    if (at != NULL) {
        struct msgin5g_str realm = { at + 1, strlen(at + 1) };

        return fqdn_parse(realm, out) == MSGIN5G_OK ? MSGIN5G_OK : MSGIN5G_ERR_INVALID;
    }
    if (value.length < IMSI_MIN || value.length > IMSI_MAX || !all_digits(value.octets, value.length) ||
        (mnc_digits != 2 && mnc_digits != 3))
        return MSGIN5G_ERR_INVALID;
    (void)snprintf(out, AKMA_A_KID_MAX + 1, "5gc.mnc%s%.*s.mcc%.3s.3gppnetwork.org", mnc_digits == 2 ? "0" : "",
        mnc_digits, value.octets + 3, value.octets);
    return MSGIN5G_OK;
}

enum msgin5g_err a_kid_derive(
    const struct k_ausf *k_ausf, const char *supi, const char *rid, const char *realm, char out[AKMA_A_KID_MAX + 1])
{
    struct a_kid a_kid;
    enum msgin5g_err err;

    if (!rid_valid(rid))
        return MSGIN5G_ERR_INVALID;
    memcpy(a_kid.rid, rid, strlen(rid) + 1);
    if (realm == NULL)
        err = a_kid_home_realm(supi, 2, a_kid.realm);
    else if (fqdn_parse(msgin5g_str(realm), a_kid.realm) == MSGIN5G_OK)
        err = MSGIN5G_OK;
    else
        err = MSGIN5G_ERR_INVALID;
    if (err == MSGIN5G_OK)
        err = kdf_a_tid(k_ausf, supi, a_kid.a_tid);
    return err == MSGIN5G_OK ? a_kid_format(&a_kid, out) : err;
}

enum msgin5g_err a_kid_from_psk_identity(struct msgin5g_str identity, struct msgin5g_str *a_kid)
{
    const size_t prefix = sizeof AKMA_PSK_PREFIX - 1;
    struct msgin5g_str rest;
    struct a_kid parts;

    if (identity.length <= prefix || memcmp(identity.octets, AKMA_PSK_PREFIX, prefix) != 0)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    rest = (struct msgin5g_str){ identity.octets + prefix, identity.length - prefix };
    if (rest.octets[0] == ';') {
        rest.octets++;
        rest.length--;
    }
    if (a_kid_parse(rest, &parts) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED_A_KID;
    *a_kid = rest;
    return MSGIN5G_OK;
}

enum msgin5g_err a_kid_to_psk_identity(const char *a_kid, char out[AKMA_PSK_IDENTITY_MAX + 1])
{
    int length = snprintf(out, AKMA_PSK_IDENTITY_MAX + 1, AKMA_PSK_PREFIX ";%s", a_kid);

    return length > 0 && length <= AKMA_PSK_IDENTITY_MAX ? MSGIN5G_OK : MSGIN5G_ERR_INVALID;
}
