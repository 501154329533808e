/* "https://host:port" or "http://host:port". */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include "msgin5g/error.h"

#include <stdbool.h>
#include <stdint.h>

#define URL_HOST_MAX 255

struct url {
    bool secure;
    uint16_t port;
    char host[URL_HOST_MAX + 1];       /* without the brackets of an IPv6 address */
    char authority[URL_HOST_MAX + 10]; /* as it stands in the URL */
};

/** A path of "/" behind it is allowed. @return MSGIN5G_OK or ERR_INVALID. */
enum msgin5g_err url_parse(const char *text, struct url *out);

#endif
