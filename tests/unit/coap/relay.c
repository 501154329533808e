#include "relay.h"

#include <arpa/inet.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

static int loopback_socket(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    return fd;
}

static void pass_on(struct relay *relay, int fd, const void *octets, size_t length)
{
    if (++relay->seen == relay->drop)
        return;
    for (int i = 0; i < (relay->double_all ? 2 : 1); i++)
        (void)send(fd, octets, length, 0);
}

static void on_front(void *ctx, uint32_t events)
{
    struct relay *relay = ctx;
    uint8_t octets[2048];
    struct sockaddr_in from;
    socklen_t from_length = sizeof from;
    (void)events;
    ssize_t length = recvfrom(relay->front, octets, sizeof octets, 0, (struct sockaddr *)&from, &from_length);
    if (length < 0)
        return;
    (void)connect(relay->front, (struct sockaddr *)&from, from_length); /* one client, the first */
    pass_on(relay, relay->back, octets, (size_t)length);
}

static void on_back(void *ctx, uint32_t events)
{
    struct relay *relay = ctx;
    uint8_t octets[2048];
    (void)events;
    ssize_t length = recv(relay->back, octets, sizeof octets, 0);
    if (length >= 0)
        pass_on(relay, relay->front, octets, (size_t)length);
}

static void open_back(struct relay *relay)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(relay->server_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
    };
    relay->back = loopback_socket();
    assert_int_equal(connect(relay->back, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(
        loop_io_add(relay->fixture->loop, relay->back, EPOLLIN, on_back, relay, &relay->back_io), MSGIN5G_OK);
}

void relay_move(struct relay *relay)
{
    int before = relay->back;
    loop_io_remove(relay->back_io);
    open_back(relay); /* before the other is closed, or it may get the same port */
    close(before);
}

void relay_open(struct relay *relay, struct fixture *fixture)
{
    struct sockaddr_in address;
    socklen_t length = sizeof address;
    relay->fixture = fixture;
    relay->server_port = fixture->port;
    relay->front = loopback_socket();
    open_back(relay);
    assert_int_equal(getsockname(relay->front, (struct sockaddr *)&address, &length), 0);
    fixture->port = ntohs(address.sin_port);
    assert_int_equal(loop_io_add(fixture->loop, relay->front, EPOLLIN, on_front, relay, &relay->front_io), MSGIN5G_OK);
}

void relay_close(struct relay *relay)
{
    loop_io_remove(relay->front_io);
    loop_io_remove(relay->back_io);
    close(relay->front);
    close(relay->back);
}
