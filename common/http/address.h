/* Addresses of listeners and peers. */
#ifndef HTTP_ADDRESS_H
#define HTTP_ADDRESS_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

/**
 * Find the addresses of @p host: an IPv4 or IPv6 address, or a name, which is looked up by blocking (so only while a
 * program starts). @return length of each, 0 when there is none; at most @p capacity are written, unused ones have
 * ss_family 0.
 */
socklen_t address_resolve(const char *host, uint16_t port, struct sockaddr_storage *out, size_t capacity);
socklen_t address_length(const struct sockaddr_storage *address);
uint16_t address_port(const struct sockaddr_storage *address);

#endif
