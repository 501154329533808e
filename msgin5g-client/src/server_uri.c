#include "server_uri.h"

#include <arpa/inet.h>
#include <string.h>

static const struct {
    const char *prefix;
    enum transport_scheme scheme;
    uint16_t port;
} schemes[] = {
    { "coaps://", TRANSPORT_COAPS, 5684 }, { "coaps+tcp://", TRANSPORT_COAPS_TCP, 5684 }, /* RFC 8323 8.2 */
    { "coap://", TRANSPORT_OSCORE, 5683 },                                                /* TS 33.535 D.3.2 */
};

static bool copy_span(const char *from, size_t length, char *out, size_t capacity)
{
    if (length == 0 || length >= capacity)
        return false;
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

static bool numeric_address(const char *host, char *out, size_t capacity)
{
    struct in6_addr address;

    if (strcmp(host, "localhost") == 0)
        host = "127.0.0.1";
    if (inet_pton(AF_INET, host, &address) != 1 && inet_pton(AF_INET6, host, &address) != 1)
        return false;
    return copy_span(host, strlen(host), out, capacity);
}

/* Decimal digits alone: strtoul() would also take a sign and blanks. */
static const char *read_port(const char *text, uint16_t *port)
{
    unsigned long value = 0;
    const char *start = text;

    for (; *text >= '0' && *text <= '9' && value <= UINT16_MAX; text++)
        value = value * 10 + (unsigned long)(*text - '0');
    if (text == start || value == 0 || value > UINT16_MAX)
        return NULL;
    *port = (uint16_t)value;
    return text;
}

/* @p text is what follows the host: empty, ":port", "/path" or both. */
static bool read_port_and_path(const char *text, struct server_uri *out)
{
    if (*text == ':' && (text = read_port(text + 1, &out->port)) == NULL)
        return false;
    if (*text == '\0' || strcmp(text, "/") == 0)
        return copy_span(SERVER_PATH, strlen(SERVER_PATH), out->path, sizeof out->path);
    if (*text != '/' || strpbrk(text, "?#%") != NULL)
        return false;
    return copy_span(text + 1, strlen(text + 1), out->path, sizeof out->path);
}

enum msgin5g_err server_uri_parse(const char *text, struct server_uri *out)
{
    size_t length;
    const char *host = NULL;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0] && host == NULL; i++) {
        if (strncmp(text, schemes[i].prefix, strlen(schemes[i].prefix)) != 0)
            continue;
        host = text + strlen(schemes[i].prefix);
        out->scheme = schemes[i].scheme;
        out->port = schemes[i].port;
    }
    if (host == NULL)
        return MSGIN5G_ERR_INVALID;
    length = *host == '[' ? strcspn(++host, "]") : strcspn(host, ":/");
    if (!copy_span(host, length, out->host, sizeof out->host))
        return MSGIN5G_ERR_INVALID;
    if (host[-1] == '[' && host[length++] != ']')
        return MSGIN5G_ERR_INVALID;
    if (!numeric_address(out->host, out->address, sizeof out->address) || !read_port_and_path(host + length, out))
        return MSGIN5G_ERR_INVALID;
    return MSGIN5G_OK;
}
