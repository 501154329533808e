/* Ua* security protocol identifiers (TS 33.220 Annex H; choices C8 to C11) and the text form of AF_ID (choice C6). */
#ifndef AKMA_UA_ID_H
#define AKMA_UA_ID_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stdint.h>

#define UA_ID_LEN      5
#define AKMA_FQDN_MAX  253
#define AKMA_AF_ID_MAX (AKMA_FQDN_MAX + 1 + 2 * UA_ID_LEN)

struct ua_id {
    uint8_t octets[UA_ID_LEN];
};

extern const struct ua_id ua_id_tls_1_3;  /* 01 00 00 00 07 */
extern const struct ua_id ua_id_oscore;   /* 01 00 00 00 08 */
extern const struct ua_id ua_id_dtls_1_3; /* 01 00 00 00 09 */
/** TLS 1.2 and DTLS 1.2: 01 00 01 yy zz with the negotiated suite. */
struct ua_id ua_id_tls_1_2(uint16_t suite);

/** Ten hexadecimal digits. @return MSGIN5G_OK or ERR_MALFORMED. */
enum msgin5g_err ua_id_parse(struct msgin5g_str hex, struct ua_id *out);
/**
 * A domain name of letters, digits, '-' and '_' in labels of 1 to 63, 1 to AKMA_FQDN_MAX octets in all, into lower case
 * (choice C5), NUL-terminated; a trailing dot is not taken. @return MSGIN5G_OK or ERR_MALFORMED.
 */
enum msgin5g_err fqdn_parse(struct msgin5g_str text, char out[AKMA_FQDN_MAX + 1]);
/** "<fqdn>:<10 lower-case hex digits>", NUL-terminated. @return MSGIN5G_OK or ERR_INVALID (not an FQDN). */
enum msgin5g_err af_id_format(const char *fqdn, const struct ua_id *ua_id, char out[AKMA_AF_ID_MAX + 1]);
/** Split an afId; @p fqdn gets lower case, NUL-terminated. @return MSGIN5G_OK or ERR_MALFORMED. */
enum msgin5g_err af_id_parse(struct msgin5g_str af_id, char fqdn[AKMA_FQDN_MAX + 1], struct ua_id *ua_id);

#endif
