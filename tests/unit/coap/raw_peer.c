#include "raw_peer.h"

#include "base/loop.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

void raw_peer_open(struct raw_peer *peer, const struct fixture *fixture)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(fixture->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
    peer->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(peer->fd >= 0);
    assert_int_equal(connect(peer->fd, (struct sockaddr *)&address, sizeof address), 0);
}

void raw_peer_close(struct raw_peer *peer)
{
    close(peer->fd);
}

void raw_peer_send(const struct raw_peer *peer, const void *octets, size_t length)
{
    assert_int_equal(send(peer->fd, octets, length, 0), length);
}

bool raw_peer_receive(struct raw_peer *peer, struct fixture *fixture, int limit_ms)
{
    struct clock_source clock = clock_system();
    int64_t end_ms = clock.monotonic_ms(clock.ctx) + limit_ms;
    ssize_t length;
    while ((length = recv(peer->fd, peer->received, sizeof peer->received, 0)) < 0) {
        if (clock.monotonic_ms(clock.ctx) >= end_ms)
            break;
        assert_int_equal(loop_process(fixture->loop, 10), MSGIN5G_OK);
    }
    peer->length = length > 0 ? (size_t)length : 0;
    return length > 0;
}
