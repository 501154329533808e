#include "address.h"

#include <arpa/inet.h>
#include <string.h>

bool address_parse(const char *host, uint16_t port, coap_address_t *out)
{
    char bare[INET6_ADDRSTRLEN];
    size_t length = strlen(host);
    coap_address_init(out);
    if (length > 2 && host[0] == '[' && host[length - 1] == ']') {
        host++;
        length -= 2;
    }
    if (length >= sizeof bare)
        return false;
    memcpy(bare, host, length);
    bare[length] = '\0';
    if (inet_pton(AF_INET, bare, &out->addr.sin.sin_addr) == 1) {
        out->addr.sin.sin_family = AF_INET;
        out->addr.sin.sin_port = htons(port);
        out->size = sizeof out->addr.sin;
        return true;
    }
    if (inet_pton(AF_INET6, bare, &out->addr.sin6.sin6_addr) == 1) {
        out->addr.sin6.sin6_family = AF_INET6;
        out->addr.sin6.sin6_port = htons(port);
        out->size = sizeof out->addr.sin6;
        return true;
    }
    return false;
}
