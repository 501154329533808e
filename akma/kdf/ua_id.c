/* Ua* security protocol identifiers and the text form of AF_ID. */
#include "akma/ua_id.h"

#include "base/secret.h"

#include <stdio.h>
#include <string.h>

#define LABEL_MAX 63 /* RFC 1035 2.3.4 */

/* TS 33.220 H.3 */
const struct ua_id ua_id_tls_1_3 = { { 0x01, 0x00, 0x00, 0x00, 0x07 } };
const struct ua_id ua_id_oscore = { { 0x01, 0x00, 0x00, 0x00, 0x08 } };
const struct ua_id ua_id_dtls_1_3 = { { 0x01, 0x00, 0x00, 0x00, 0x09 } };

struct ua_id ua_id_tls_1_2(uint16_t suite)
{
    return (struct ua_id){ { 0x01, 0x00, 0x01, (uint8_t)(suite >> 8), (uint8_t)suite } };
}

enum msgin5g_err ua_id_parse(struct msgin5g_str hex, struct ua_id *out)
{
    return secret_from_hex(hex, out->octets, UA_ID_LEN);
}

/* Not <ctype.h>: its answers depend on the locale. */
static char lower(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static bool is_label_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

enum msgin5g_err fqdn_parse(struct msgin5g_str text, char out[AKMA_FQDN_MAX + 1])
{
    size_t label = 0;

    if (text.length == 0 || text.length > AKMA_FQDN_MAX)
        return MSGIN5G_ERR_MALFORMED;
    for (size_t i = 0; i < text.length; i++) {
        char c = lower(text.octets[i]);

        if (c == '.' ? label == 0 : !is_label_character(c) || label == LABEL_MAX)
            return MSGIN5G_ERR_MALFORMED;
        label = c == '.' ? 0 : label + 1;
        out[i] = c;
    }
    out[text.length] = '\0';
    return label == 0 ? MSGIN5G_ERR_MALFORMED : MSGIN5G_OK;
}

enum msgin5g_err af_id_format(const char *fqdn, const struct ua_id *ua_id, char out[AKMA_AF_ID_MAX + 1])
{
    char name[AKMA_FQDN_MAX + 1];
    char hex[2 * UA_ID_LEN + 1];

    if (fqdn_parse(msgin5g_str(fqdn), name) != MSGIN5G_OK)
        return MSGIN5G_ERR_INVALID;
    secret_to_hex(ua_id->octets, UA_ID_LEN, hex);
    (void)snprintf(out, AKMA_AF_ID_MAX + 1, "%s:%s", name, hex);
    return MSGIN5G_OK;
}

enum msgin5g_err af_id_parse(struct msgin5g_str af_id, char fqdn[AKMA_FQDN_MAX + 1], struct ua_id *ua_id)
{
    const char *colon = af_id.length == 0 ? NULL : memchr(af_id.octets, ':', af_id.length);
    struct msgin5g_str name;
    struct msgin5g_str hex;

    if (colon == NULL)
        return MSGIN5G_ERR_MALFORMED;
    name = (struct msgin5g_str){ af_id.octets, (size_t)(colon - af_id.octets) };
    hex = (struct msgin5g_str){ colon + 1, af_id.length - name.length - 1 };
    if (fqdn_parse(name, fqdn) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    return ua_id_parse(hex, ua_id);
}
