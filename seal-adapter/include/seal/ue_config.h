/*
 * UE configuration of MSGin5G as it travels: UeConfigDoc in CBOR (TS 24.546 C.3, with the elements of TS 24.538 7.2
 * inside), and the JSON object for simple clients (EC-28).
 */
#ifndef SEAL_UE_CONFIG_H
#define SEAL_UE_CONFIG_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stddef.h>
#include <stdint.h>

/* Content formats: experimental numbers, for TS 24.546 registers names only (EC-23). */
#define SEAL_FORMAT_JSON      50
#define SEAL_FORMAT_CBOR      60
#define SEAL_FORMAT_PROBLEM   257 /* application/concise-problem-details+cbor (RFC 9290) */
#define SEAL_FORMAT_UE_CONFIG 65002

#define SEAL_UE_CONFIG_MAX 2048 /* octets of one configuration in either form */

/** Strings are borrowed. */
struct seal_ue_config {
    struct msgin5g_str service_domain; /* valServiceDomain; absent in JSON */
    struct msgin5g_str val_service_id; /* the MSGin5G service identifier; absent in JSON */
    struct msgin5g_str ue_id;          /* MSGin5G UE ID, the VAL UE ID; absent in JSON */
    struct msgin5g_str server_address; /* MSGin5G-Server-address */
    struct msgin5g_str ue_service_id;  /* MSGin5G-UE-Service-id */
    uint32_t segment_size;             /* Segment-size, payload octets of a segment; 0: absent */
    void *storage;                     /* the decoder's */
};

/**
 * Encode an array with this one document; configData holds the XML children of on-network (EC-29).
 *
 * @return MSGIN5G_OK, ERR_PAYLOAD_TOO_LARGE (capacity) or ERR_NO_MEMORY.
 */
enum msgin5g_err seal_ue_config_encode_cbor(
    const struct seal_ue_config *config, uint8_t *out, size_t capacity, size_t *length);
/** As the JSON object of EC-28. @return MSGIN5G_OK, ERR_PAYLOAD_TOO_LARGE or ERR_INVALID (no UTF-8). */
enum msgin5g_err seal_ue_config_encode_json(
    const struct seal_ue_config *config, uint8_t *out, size_t capacity, size_t *length);
/** Decode that; @p out is set only on MSGIN5G_OK, release it with seal_ue_config_free(). @return MSGIN5G_OK,
 * ERR_MALFORMED or ERR_NO_MEMORY. */
enum msgin5g_err seal_ue_config_decode_json(const uint8_t *body, size_t length, struct seal_ue_config *out);
void seal_ue_config_free(struct seal_ue_config *config);

/** A problem of RFC 9290 with a title alone. @return as seal_ue_config_encode_cbor(). */
enum msgin5g_err seal_problem_encode(const char *title, uint8_t *out, size_t capacity, size_t *length);

#endif
