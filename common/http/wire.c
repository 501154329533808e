#include "wire.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

static int outcome(ssize_t result, int want)
{
    if (result > 0)
        return (int)result;
    if (result < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
        return want;
    return result == 0 || errno == ECONNRESET || errno == EPIPE ? TLS_CLOSED : TLS_FAILED;
}

int wire_read(struct wire *wire, void *out, size_t capacity)
{
    if (wire->tls != NULL)
        return tls_stream_read(wire->tls, out, capacity);
    return outcome(recv(wire->fd, out, capacity, 0), TLS_WANT_READ);
}

int wire_write(struct wire *wire, const void *octets, size_t length)
{
    if (wire->tls != NULL)
        return tls_stream_write(wire->tls, octets, length);
    return outcome(send(wire->fd, octets, length, MSG_NOSIGNAL), TLS_WANT_WRITE);
}

void wire_close(struct wire *wire)
{
    tls_stream_free(wire->tls);
    wire->tls = NULL;
    if (wire->fd >= 0)
        close(wire->fd);
    wire->fd = -1;
}

void wire_no_delay(int fd)
{
    int on = 1;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* only speed depends on it */
}
