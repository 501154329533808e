/* A connected socket, with TLS or in clear; results as tls_stream_read() gives them. */
#ifndef HTTP_WIRE_H
#define HTTP_WIRE_H

#include "tls/stream.h"

struct wire {
    int fd;                 /* -1: closed */
    struct tls_stream *tls; /* NULL: in clear */
};

int wire_read(struct wire *wire, void *out, size_t capacity);
int wire_write(struct wire *wire, const void *octets, size_t length);
/** Close TLS and the socket. */
void wire_close(struct wire *wire);
/** Send small writes at once: answers are already collected into one. */
void wire_no_delay(int fd);

#endif
