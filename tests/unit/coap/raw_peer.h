/* A UDP socket that speaks plain CoAP octet by octet, to say what our own client never says. */
#ifndef TEST_COAP_RAW_PEER_H
#define TEST_COAP_RAW_PEER_H

#include "fixture.h"

struct raw_peer {
    int fd;
    uint8_t received[1500];
    size_t length; /* 0: nothing */
};

void raw_peer_open(struct raw_peer *peer, const struct fixture *fixture);
void raw_peer_close(struct raw_peer *peer);
void raw_peer_send(const struct raw_peer *peer, const void *octets, size_t length);
/** Wait for one datagram while the loop runs. @return false after @p limit_ms without one. */
bool raw_peer_receive(struct raw_peer *peer, struct fixture *fixture, int limit_ms);

#endif
