/* Numeric addresses as libcoap wants them. */
#ifndef COAP_ADDRESS_H
#define COAP_ADDRESS_H

#include <coap3/coap.h>
#include <stdbool.h>
#include <stdint.h>

/** "127.0.0.1" or "::1" (also in brackets) and @p port. @return false when @p host is no numeric address. */
bool address_parse(const char *host, uint16_t port, coap_address_t *out);

#endif
