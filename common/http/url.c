#include "url.h"

#include <stdlib.h>
#include <string.h>

static bool parse_port(const char *text, size_t length, uint16_t *out)
{
    unsigned long port = 0;
    if (length == 0 || length > 5)
        return false;
    for (size_t i = 0; i < length; i++) {
        if (text[i] < '0' || text[i] > '9')
            return false;
        port = port * 10 + (unsigned long)(text[i] - '0');
    }
    *out = (uint16_t)port;
    return port > 0 && port <= UINT16_MAX;
}

static bool copy_host(const char *text, size_t length, struct url *out)
{
    if (length == 0 || length > URL_HOST_MAX || memchr(text, '@', length) != NULL)
        return false;
    memcpy(out->host, text, length);
    out->host[length] = '\0';
    return true;
}

static bool parse_authority(const char *text, size_t length, struct url *out)
{
    const char *end = text + length;
    const char *host_end;
    if (length == 0 || length >= sizeof out->authority)
        return false;
    memcpy(out->authority, text, length);
    out->authority[length] = '\0';
    if (text[0] == '[') {
        host_end = memchr(text, ']', length);
        if (host_end == NULL || !copy_host(text + 1, (size_t)(host_end - text - 1), out))
            return false;
        host_end++;
    } else {
        host_end = memchr(text, ':', length);
        if (host_end == NULL)
            host_end = end;
        if (!copy_host(text, (size_t)(host_end - text), out))
            return false;
    }
    if (host_end == end)
        return true;
    return *host_end == ':' && parse_port(host_end + 1, (size_t)(end - host_end - 1), &out->port);
}

enum msgin5g_err url_parse(const char *text, struct url *out)
{
    memset(out, 0, sizeof *out);
    if (strncmp(text, "https://", 8) == 0) {
        out->secure = true;
        out->port = 443;
        text += 8;
    } else if (strncmp(text, "http://", 7) == 0) {
        out->port = 80;
        text += 7;
    } else {
        return MSGIN5G_ERR_INVALID;
    }
    size_t length = strcspn(text, "/?#");
    if (text[length] != '\0' && strcmp(text + length, "/") != 0)
        return MSGIN5G_ERR_INVALID;
    return parse_authority(text, length, out) ? MSGIN5G_OK : MSGIN5G_ERR_INVALID;
}
