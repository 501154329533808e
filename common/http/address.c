#include "address.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

socklen_t address_length(const struct sockaddr_storage *address)
{
    return address->ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
}

uint16_t address_port(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return ntohs(((const struct sockaddr_in *)address)->sin_port);
}

socklen_t address_resolve(const char *host, uint16_t port, struct sockaddr_storage *out, size_t capacity)
{
    struct addrinfo hints = { .ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    char service[8];
    size_t count = 0;
    memset(out, 0, capacity * sizeof *out);
    (void)snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(host, service, &hints, &found) != 0)
        return 0;
    for (const struct addrinfo *one = found; one != NULL && count < capacity; one = one->ai_next) {
        if (one->ai_family == AF_INET || one->ai_family == AF_INET6)
            memcpy(&out[count++], one->ai_addr, one->ai_addrlen);
    }
    freeaddrinfo(found);
    return count > 0 ? address_length(&out[0]) : 0;
}
