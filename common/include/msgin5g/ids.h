/* Identities of TS 23.554 clauses 6 and 10: checked once at the border, then plain bounded text. */
#ifndef MSGIN5G_IDS_H
#define MSGIN5G_IDS_H

#include "msgin5g/error.h"

#include <stdbool.h>
#include <stddef.h>

#define MSGIN5G_SERVICE_ID_MAX     255    /* octets of a UE, AS or Group Service ID (EC-20) */
#define MSGIN5G_TOPIC_MAX          255    /* octets of a Messaging Topic */
#define MSGIN5G_UUID_LEN           36     /* characters of a message id or segment set id (TS 24.538 7.3.4.1) */
#define MSGIN5G_PAYLOAD_MAX        2048   /* octets of one payload (TS 23.554 Table 8.3.2-1) */
#define MSGIN5G_WHOLE_MAX          262144 /* octets of one payload that travels in segments (EC-34) */
#define MSGIN5G_MESSAGE_MAX        8192   /* octets of one encoded MSG (EC-22) */
#define MSGIN5G_SERVICE_IDENTIFIER "urn:3gpp:msgin5g" /* msgIden (EC-3) */

/** Octets somebody else owns; not NUL-terminated. {NULL, 0} is "absent". */
struct msgin5g_str {
    const char *octets;
    size_t length;
};

/** A Service ID in canonical form (scheme and domain in lower case, EC-20), NUL-terminated; compare octet by octet. */
struct msgin5g_service_id {
    size_t length; /* without the NUL; 1 to MSGIN5G_SERVICE_ID_MAX */
    char text[MSGIN5G_SERVICE_ID_MAX + 1];
};

/** @p text as borrowed octets. */
MSGIN5G_API struct msgin5g_str msgin5g_str(const char *text);
/** Octet-wise equality. Two absent values are equal. */
MSGIN5G_API bool msgin5g_str_equal(struct msgin5g_str a, struct msgin5g_str b);

/**
 * Check @p text as an absolute URI without fragment (RFC 3986) of at most MSGIN5G_SERVICE_ID_MAX octets and bring it
 * into canonical form.
 *
 * @return MSGIN5G_OK or MSGIN5G_ERR_MALFORMED (empty, too long, no scheme, nothing behind it, other than URI
 *         characters), @p out then undefined.
 */
enum msgin5g_err msgin5g_service_id_parse(struct msgin5g_str text, struct msgin5g_service_id *out);
/**
 * Home service domain (TS 23.554 6.1.1, EC-20): the host of a URI with "//", else what follows the last '@' before a
 * query, without port, path and parameters; absent when there is none. Borrowed from @p id.
 */
struct msgin5g_str msgin5g_service_id_domain(const struct msgin5g_service_id *id);
/**
 * True for the name of a Messaging Topic (TS 23.554 10.3) that fits into Uri-Path options, one a part between '/'
 * (EC-1): 1 to MSGIN5G_TOPIC_MAX octets of UTF-8 without control characters, no part empty, "." or "..".
 */
MSGIN5G_API bool msgin5g_topic_valid(struct msgin5g_str text);
/** True for the 36-character form of RFC 4122. */
bool msgin5g_uuid_valid(struct msgin5g_str text);
/** Write the text form of @p random (16 octets) as a version 4 UUID, NUL-terminated, into @p out. */
void msgin5g_uuid_format(const unsigned char random[16], char out[MSGIN5G_UUID_LEN + 1]);

#endif
