#include "gate_octets.h"

#include <stdlib.h>
#include <string.h>

enum { CLIENT_HELLO = 1, CLIENT_KEY_EXCHANGE = 16 };

static void put_number(struct octets *out, size_t value, size_t count)
{
    while (count-- > 0)
        out->data[out->length++] = (uint8_t)(value >> 8 * count);
}

static void put_octets(struct octets *out, const void *octets, size_t length)
{
    memcpy(out->data + out->length, octets, length);
    out->length += length;
}

static void put_vector(struct octets *out, size_t length_octets, const void *octets, size_t length)
{
    put_number(out, length, length_octets);
    put_octets(out, octets, length);
}

static void put_extension(struct octets *out, uint16_t type, const struct octets *body)
{
    put_number(out, type, 2);
    put_vector(out, 2, body->data, body->length);
}

void octets_from_hex(const char *hex, struct octets *out)
{
    out->length = strlen(hex) / 2;
    for (size_t i = 0; i < out->length; i++) {
        char digits[3] = { hex[2 * i], hex[2 * i + 1], '\0' };
        out->data[i] = (uint8_t)strtoul(digits, NULL, 16);
    }
}

static void put_server_name(struct octets *extensions, const char *name)
{
    struct octets body = { .length = 0 };
    put_number(&body, strlen(name) + 3, 2);
    put_number(&body, 0, 1);
    put_vector(&body, 2, name, strlen(name));
    put_extension(extensions, 0, &body);
}

static void put_identities(struct octets *extensions, const char *const identities[3])
{
    struct octets list = { .length = 0 }, body = { .length = 0 };
    for (size_t i = 0; i < 3 && identities[i] != NULL; i++) {
        put_vector(&list, 2, identities[i], strlen(identities[i]));
        put_number(&list, 0, 4);
    }
    put_vector(&body, 2, list.data, list.length);
    put_number(&body, 33, 2); /* one binder, never looked at */
    put_vector(&body, 1, "00000000000000000000000000000000", 32);
    put_extension(extensions, 41, &body);
}

static void put_extensions(const struct hello *hello, struct octets *out)
{
    struct octets body = { .length = 0 };
    if (hello->padding > 0) {
        memset(body.data, 0, hello->padding);
        body.length = hello->padding;
        put_extension(out, 21, &body);
    }
    if (hello->server_name != NULL)
        put_server_name(out, hello->server_name);
    if (hello->version != 0) {
        body.length = 0;
        put_number(&body, 4, 1);
        put_number(&body, 0xFEFD, 2);
        put_number(&body, (size_t)hello->version, 2);
        put_extension(out, 43, &body);
    }
    if (hello->cookie != NULL) {
        body.length = 0;
        put_vector(&body, 2, hello->cookie, strlen(hello->cookie));
        put_extension(out, 44, &body);
    }
    if (hello->psk_mode >= 0) {
        uint8_t mode = (uint8_t)hello->psk_mode;
        body.length = 0;
        put_vector(&body, 1, &mode, 1);
        put_extension(out, 45, &body);
    }
    if (hello->identities[0] != NULL)
        put_identities(out, hello->identities);
}

void hello_body(const struct hello *hello, struct octets *out)
{
    struct octets extensions = { .length = 0 };
    const char *cookie = hello->legacy_cookie != NULL ? hello->legacy_cookie : "";
    out->length = 0;
    put_number(out, 0xFEFD, 2);
    put_octets(out, "0123456789abcdef0123456789abcdef", 32);
    put_vector(out, 1, "", 0);
    if (!hello->tls)
        put_vector(out, 1, cookie, strlen(cookie));
    put_vector(out, 2, "\x13\x01\xC0\xA8", 4);
    put_vector(out, 1, "\0", 1);
    put_extensions(hello, &extensions);
    put_vector(out, 2, extensions.data, extensions.length);
}

void handshake_record(
    uint8_t type, uint16_t sequence, const struct octets *body, size_t offset, size_t length, struct octets *out)
{
    out->length = 0;
    put_number(out, 22, 1);
    put_number(out, 0xFEFD, 2);
    put_number(out, 0, 8);
    put_number(out, 12 + length, 2);
    put_number(out, type, 1);
    put_number(out, body->length, 3);
    put_number(out, sequence, 2);
    put_number(out, offset, 3);
    put_vector(out, 3, body->data + offset, length);
}

void hello_datagram(const struct hello *hello, struct octets *out)
{
    struct octets body;
    hello_body(hello, &body);
    handshake_record(CLIENT_HELLO, 1, &body, 0, body.length, out);
}

void key_exchange_datagram(const char *identity, size_t length, struct octets *out)
{
    struct octets body = { .length = 0 };
    put_vector(&body, 2, identity, length);
    handshake_record(CLIENT_KEY_EXCHANGE, 2, &body, 0, body.length, out);
}

void tls_record(const void *octets, size_t length, struct octets *out)
{
    put_number(out, 22, 1);
    put_number(out, 0x0303, 2);
    put_vector(out, 2, octets, length);
}

static void tls_message(uint8_t type, const struct octets *body, struct octets *out)
{
    struct octets message = { .length = 0 };
    put_number(&message, type, 1);
    put_vector(&message, 3, body->data, body->length);
    out->length = 0;
    tls_record(message.data, message.length, out);
}

void tls_hello(const struct hello *hello, struct octets *out)
{
    struct octets body;
    struct hello tls = *hello;
    tls.tls = true;
    hello_body(&tls, &body);
    tls_message(CLIENT_HELLO, &body, out);
}

void tls_key_exchange(const char *identity, size_t length, struct octets *out)
{
    struct octets body = { .length = 0 };
    put_vector(&body, 2, identity, length);
    tls_message(CLIENT_KEY_EXCHANGE, &body, out);
}
