#include "msgin5g/ids.h"

#include "base/utf8.h"

#include <string.h>

struct msgin5g_str msgin5g_str(const char *text)
{
    return (struct msgin5g_str){ text, text == NULL ? 0 : strlen(text) };
}

bool msgin5g_str_equal(struct msgin5g_str a, struct msgin5g_str b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.octets, b.octets, a.length) == 0);
}

static bool is_dots(struct msgin5g_str part)
{
    return (part.length == 1 || part.length == 2) && part.octets[0] == '.' && part.octets[part.length - 1] == '.';
}

/* RFC 7252 5.10.1: a Uri-Path option is neither "." nor ".."; an empty one we could not tell from none. */
static bool topic_part_valid(struct msgin5g_str part)
{
    for (size_t i = 0; i < part.length; i++) {
        if ((unsigned char)part.octets[i] < 0x20 || part.octets[i] == 0x7f)
            return false;
    }
    return part.length > 0 && !is_dots(part);
}

bool msgin5g_topic_valid(struct msgin5g_str text)
{
    if (text.length == 0 || text.length > MSGIN5G_TOPIC_MAX || !utf8_valid(text.octets, text.length))
        return false;
    for (;;) {
        const char *slash = memchr(text.octets, '/', text.length);
        size_t length = slash != NULL ? (size_t)(slash - text.octets) : text.length;
        if (!topic_part_valid((struct msgin5g_str){ text.octets, length }))
            return false;
        if (slash == NULL)
            return true;
        text.octets += length + 1;
        text.length -= length + 1;
    }
}

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static void to_lower(char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] >= 'A' && text[i] <= 'Z')
            text[i] = (char)(text[i] - 'A' + 'a');
    }
}

static bool is_scheme_character(char c, bool first)
{
    return is_alpha(c) || (!first && (is_digit(c) || c == '+' || c == '-' || c == '.'));
}

/* Octets of the scheme (RFC 3986 3.1); 0 when @p text does not begin with one and a colon. */
static size_t scheme_length(struct msgin5g_str text)
{
    size_t i = 0;
    while (i < text.length && is_scheme_character(text.octets[i], i == 0))
        i++;
    return i < text.length && text.octets[i] == ':' ? i : 0;
}

/* Characters of an absolute URI behind the scheme (RFC 3986 2): unreserved, reserved without '#', and whole %HH. */
static bool uri_characters(const char *at, const char *end)
{
    static const char others[] = "-._~:/?[]@!$&'()*+,;=";
    for (; at < end; at++) {
        if (*at == '%') {
            if (end - at < 3 || !is_hex(at[1]) || !is_hex(at[2]))
                return false;
            at += 2;
        } else if (!is_alpha(*at) && !is_digit(*at) && memchr(others, *at, sizeof others - 1) == NULL) {
            return false;
        }
    }
    return true;
}

static size_t span_until(const char *at, const char *end, const char *stops)
{
    size_t length = (size_t)(end - at);
    for (; *stops != '\0'; stops++) {
        const char *stop = memchr(at, *stops, length);
        if (stop != NULL)
            length = (size_t)(stop - at);
    }
    return length;
}

/* Host inside of an authority "user@host:port"; an IPv6 literal keeps its brackets (RFC 3986 3.2.2). */
static struct msgin5g_str host_of(const char *authority, size_t length)
{
    const char *end = authority + length;
    const char *sign = memrchr(authority, '@', length);
    const char *host = sign == NULL ? authority : sign + 1;
    const char *bracket = host < end && *host == '[' ? memchr(host, ']', (size_t)(end - host)) : NULL;
    size_t host_length = bracket != NULL ? (size_t)(bracket + 1 - host) : span_until(host, end, ":");
    return (struct msgin5g_str){ host, host_length };
}

/* Behind the "//" of a hierarchical URI; NULL when the URI has no authority. */
static const char *authority_of(const struct msgin5g_service_id *id)
{
    const char *colon = memchr(id->text, ':', id->length);
    return colon != NULL && colon[1] == '/' && colon[2] == '/' ? colon + 3 : NULL; /* the text ends with NUL */
}

struct msgin5g_str msgin5g_service_id_domain(const struct msgin5g_service_id *id)
{
    struct msgin5g_str domain = { NULL, 0 };
    const char *end = id->text + id->length;
    const char *authority = authority_of(id);
    if (authority != NULL) {
        domain = host_of(authority, span_until(authority, end, "/?"));
    } else {
        size_t length = span_until(id->text, end, "?"); /* an '@' in a query names no home domain */
        const char *sign = memrchr(id->text, '@', length);
        if (sign != NULL)
            domain = (struct msgin5g_str){ sign + 1, span_until(sign + 1, id->text + length, ":/;") };
    }
    return domain.length == 0 ? (struct msgin5g_str){ NULL, 0 } : domain;
}

/* Brackets stand around an IPv6 literal as host and nowhere else (RFC 3986 3.2.2). */
static bool brackets_valid(const struct msgin5g_service_id *id, struct msgin5g_str domain)
{
    size_t count = 0;
    for (size_t i = 0; i < id->length; i++)
        count += id->text[i] == '[' || id->text[i] == ']';
    if (count == 0)
        return true;
    return count == 2 && authority_of(id) != NULL && domain.length > 2 && domain.octets[0] == '[' &&
           domain.octets[domain.length - 1] == ']';
}

enum msgin5g_err msgin5g_service_id_parse(struct msgin5g_str text, struct msgin5g_service_id *out)
{
    if (text.length == 0 || text.length > MSGIN5G_SERVICE_ID_MAX)
        return MSGIN5G_ERR_MALFORMED;
    size_t scheme = scheme_length(text);
    const char *rest = text.octets + scheme + 1;
    const char *end = text.octets + text.length;
    if (scheme == 0 || rest == end || !uri_characters(rest, end))
        return MSGIN5G_ERR_MALFORMED;
    memcpy(out->text, text.octets, text.length);
    out->text[text.length] = '\0';
    out->length = text.length;
    to_lower(out->text, scheme);
    struct msgin5g_str domain = msgin5g_service_id_domain(out);
    if (!brackets_valid(out, domain))
        return MSGIN5G_ERR_MALFORMED;
    if (domain.length > 0)
        to_lower(out->text + (domain.octets - out->text), domain.length);
    return MSGIN5G_OK;
}

static bool is_uuid_hyphen(size_t i)
{
    return i == 8 || i == 13 || i == 18 || i == 23;
}

bool msgin5g_uuid_valid(struct msgin5g_str text)
{
    if (text.length != MSGIN5G_UUID_LEN)
        return false;
    for (size_t i = 0; i < MSGIN5G_UUID_LEN; i++) {
        if (is_uuid_hyphen(i) ? text.octets[i] != '-' : !is_hex(text.octets[i]))
            return false;
    }
    return true;
}

void msgin5g_uuid_format(const unsigned char random[16], char out[MSGIN5G_UUID_LEN + 1])
{
    static const char hex[] = "0123456789abcdef";
    char *at = out;
    for (size_t i = 0; i < 16; i++) {
        unsigned char octet = random[i];
        if (i == 6)
            octet = (unsigned char)((octet & 0x0F) | 0x40); /* version 4 (RFC 4122 4.4) */
        if (i == 8)
            octet = (unsigned char)((octet & 0x3F) | 0x80); /* variant (RFC 4122 4.1.1) */
        if (is_uuid_hyphen((size_t)(at - out)))
            *at++ = '-';
        *at++ = hex[octet >> 4];
        *at++ = hex[octet & 15];
    }
    *at = '\0';
}
