/* A UDP relay between one client and the server of a fixture: doubles or drops datagrams. */
#ifndef TEST_COAP_RELAY_H
#define TEST_COAP_RELAY_H

#include "fixture.h"

#include "base/loop.h"

struct relay {
    struct fixture *fixture;
    uint16_t server_port;
    int front, back; /* towards the client, towards the server */
    struct loop_io *front_io, *back_io;
    bool double_all;
    int drop; /* number of the datagram to drop, counted over both directions from 1; 0: none */
    int seen;
};

/** Stand between the client's next connection and the server: changes fixture->port. */
void relay_open(struct relay *relay, struct fixture *fixture);
void relay_close(struct relay *relay);
/** From now on the server sees the client at another address. */
void relay_move(struct relay *relay);

#endif
