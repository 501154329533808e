#include "naanf_value.h"

#include "akma/naanf.h"
#include "base/clock.h"

#include <string.h>

static bool copy(const char *text, char *out, size_t max)
{
    size_t length = strlen(text);

    if (length > max)
        return false;
    memcpy(out, text, length + 1);
    return true;
}

static bool has_control_or_space(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text <= ' ' || *text == 0x7f)
            return true;
    return false;
}

const char *naanf_read_a_kid(const char *text, void *out)
{
    struct a_kid a_kid;

    if (a_kid_parse(msgin5g_str(text), &a_kid) != MSGIN5G_OK || a_kid_format(&a_kid, out) != MSGIN5G_OK)
        return "not an A-KID: <RID>.<A-TID in base64url>@<realm>";
    return NULL;
}

const char *naanf_read_af_id(const char *text, void *out)
{
    char fqdn[AKMA_FQDN_MAX + 1];
    struct ua_id ua_id;

    if (af_id_parse(msgin5g_str(text), fqdn, &ua_id) != MSGIN5G_OK || af_id_format(fqdn, &ua_id, out) != MSGIN5G_OK)
        return "not an AF id: <FQDN>:<10 hexadecimal digits of the Ua* id>";
    return NULL;
}

/* "<prefix>" and 5 to 15 digits (Supi and Gpsi of TS 29.571). */
static bool is_number_of(const char *text, const char *prefix)
{
    const char *digits = text + strlen(prefix);
    size_t count = strspn(digits, "0123456789");

    return count >= 5 && count <= 15 && digits[count] == '\0';
}

/* The patterns of TS 29.571 end in "|.+": a type nobody knows yet passes, a known one has to be right. */
static const char *read_identity(const char *text, const char *number_prefix, char *out)
{
    if (*text == '\0' || has_control_or_space(text))
        return "empty, or with blanks or control characters";
    if (strncmp(text, number_prefix, strlen(number_prefix)) == 0 && !is_number_of(text, number_prefix))
        return "not 5 to 15 digits after the prefix";
    return copy(text, out, AKMA_SUPI_MAX) ? NULL : "longer than 253 octets";
}

const char *naanf_read_supi(const char *text, void *out)
{
    if (kdf_supi_value(text).length == 0)
        return "nothing but a prefix";
    return read_identity(text, "imsi-", out);
}

const char *naanf_read_gpsi(const char *text, void *out)
{
    return read_identity(text, "msisdn-", out);
}

const char *naanf_read_key(const char *text, void *out)
{
    static const uint8_t zero[AKMA_KEY_LEN];

    if (secret_from_hex(msgin5g_str(text), out, AKMA_KEY_LEN) != MSGIN5G_OK)
        return "not 64 hexadecimal digits";
    return secret_equal(out, zero, AKMA_KEY_LEN) ? "a key of zeros" : NULL;
}

const char *naanf_read_time(const char *text, void *out)
{
    return clock_parse_rfc3339(msgin5g_str(text), out) == MSGIN5G_OK ? NULL : "not an RFC 3339 date-time";
}

const char *naanf_read_uri(const char *text, void *out)
{
    if ((strncmp(text, "https://", 8) != 0 && strncmp(text, "http://", 7) != 0) || has_control_or_space(text))
        return "not an HTTP URI";
    return copy(text, out, NAANF_NOTIF_URI_MAX) ? NULL : "longer than 1024 octets";
}

const char *naanf_read_supp_feat(const char *text, void *out)
{
    size_t length = strlen(text);

    if (strspn(text, "0123456789abcdefABCDEF") != length)
        return "not hexadecimal digits";
    if (length > NAANF_SUPP_FEAT_MAX)
        text += length - NAANF_SUPP_FEAT_MAX; /* the first digits are the highest features, which we do not have */
    memcpy(out, text, strlen(text) + 1);
    return NULL;
}

bool naanf_feature(const char *supp_feat, unsigned number)
{
    const unsigned index = number - 1;
    const size_t length = strlen(supp_feat);
    char digit;
    int value;

    if (number == 0 || index / 4 >= length)
        return false;
    digit = supp_feat[length - 1 - index / 4];
    value = digit <= '9' ? digit - '0' : (digit | 0x20) - 'a' + 10;
    return (value >> (index % 4) & 1) != 0;
}
