/* Base64 for URLs and file names, without padding (RFC 4648 clause 5, as RFC 7515 clause 2 uses it). */
#ifndef BASE_BASE64URL_H
#define BASE_BASE64URL_H

#include "msgin5g/error.h"
#include "msgin5g/ids.h"

#include <stddef.h>
#include <stdint.h>

/** Characters that @p octets octets make, without the NUL. */
#define BASE64URL_LEN(octets) (((octets)*4 + 2) / 3)

/** Write BASE64URL_LEN(length) characters and a NUL into @p out. */
void base64url_encode(const void *octets, size_t length, char *out);
/**
 * Strict: no padding, no white space, bits that mean nothing are zero; so every text has one decoding and back.
 * @return MSGIN5G_OK with the octets written in @p length; ERR_MALFORMED, or ERR_LIMIT when @p capacity does not do.
 */
enum msgin5g_err base64url_decode(struct msgin5g_str text, uint8_t *out, size_t capacity, size_t *length);

#endif
