/* What UE and AF tell each other to establish OSCORE from K_AF: request and response of POST /akma (TS 33.535 D.3.5,
 * choice C14). */
#ifndef AKMA_OSCORE_H
#define AKMA_OSCORE_H

#include "akma/a_kid.h"

#define OSCORE_NONCE_LEN       8 /* of our own N1 and N2 */
#define OSCORE_NONCE_MAX       32
#define OSCORE_SID_MAX         7 /* a 13-octet nonce has room for no more (RFC 8613 3.3) */
#define OSCORE_ID_CONTEXT_MAX  32
#define OSCORE_REQUEST_MAX     512 /* octets; a request without OSC-INP and with the longest of all else has 330 */
#define OSCORE_RESPONSE_MAX    48
#define OSCORE_MASTER_SALT_MAX (OSCORE_REQUEST_MAX + OSCORE_RESPONSE_MAX)
#define OSCORE_ALG_AES_CCM     10    /* AES-CCM-16-64-128 (RFC 9053), the mandatory one */
#define OSCORE_HKDF_HMAC_256   5     /* HMAC 256/256, as RFC 9203 names HKDF SHA-256 */
#define OSCORE_HKDF_SHA_256    (-10) /* as RFC 9053 does */
#define OSCORE_VERSION         1

/** N1 or N2: 8 to 32 octets, never used before. */
struct oscore_nonce {
    uint8_t octets[OSCORE_NONCE_MAX];
    size_t length;
};

/** AF-SID or UE-SID: 0 to 7 octets. */
struct oscore_sid {
    uint8_t octets[OSCORE_SID_MAX];
    size_t length;
};

/** [A-KID, N1, AF-SID, ? OSC-INP]. */
struct oscore_request {
    char a_kid[AKMA_A_KID_MAX + 1]; /* text form */
    struct oscore_nonce n1;
    struct oscore_sid af_sid; /* the AF's Sender ID, made by the UE */
    bool has_id_context;      /* contextId of OSC-INP, all of it that has a say */
    uint8_t id_context[OSCORE_ID_CONTEXT_MAX];
    size_t id_context_length;
};

/** [N2, UE-SID]. */
struct oscore_response {
    struct oscore_nonce n2;
    struct oscore_sid ue_sid; /* the UE's Sender ID, made by the AF */
};

/** Deterministic CBOR (RFC 8949 4.2.1). @return MSGIN5G_OK or ERR_INVALID (A-KID, a length). */
enum msgin5g_err oscore_request_encode(
    const struct oscore_request *request, uint8_t out[OSCORE_REQUEST_MAX], size_t *length);
/**
 * Read a request: definite lengths, shortest form, nothing behind it. Taken as well: A-KID and OSC-INP that are not
 * wrapped into byte strings, a security protocol identifier (1 or h'01') in front, unknown members of OSC-INP. Its salt
 * is ignored, for D.3.3 fixes the Master Salt.
 *
 * @return MSGIN5G_OK; ERR_MALFORMED, also for a version, HKDF or algorithm that is not ours (the response cannot
 * negotiate); ERR_MALFORMED_A_KID. @p out is untouched then.
 */
enum msgin5g_err oscore_request_decode(const uint8_t *octets, size_t length, struct oscore_request *out);
/** @return MSGIN5G_OK or ERR_INVALID (a length). */
enum msgin5g_err oscore_response_encode(
    const struct oscore_response *response, uint8_t out[OSCORE_RESPONSE_MAX], size_t *length);
/** As strict as oscore_request_decode(). @return MSGIN5G_OK or ERR_MALFORMED. */
enum msgin5g_err oscore_response_decode(const uint8_t *octets, size_t length, struct oscore_response *out);

/**
 * Master Salt: the two payloads as they went over the wire, one after the other (D.3.3).
 *
 * @return MSGIN5G_OK or ERR_INVALID (a payload longer than its maximum above).
 */
enum msgin5g_err oscore_master_salt(
    struct msgin5g_str request, struct msgin5g_str response, uint8_t out[OSCORE_MASTER_SALT_MAX], size_t *length);

#endif
