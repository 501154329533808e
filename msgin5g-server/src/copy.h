/* One encoded message for one recipient, from the moment it is kept until it is delivered or given up. Private to
 * delivery. */
#ifndef COPY_H
#define COPY_H

#include "msgin5g/message.h"
#include "way.h"

struct delivery;
struct delivery_pending;

/** What a copy is made of; borrowed. */
struct parcel {
    enum msgin5g_type type;
    enum msgin5g_addr_type originator_type;
    struct msgin5g_str recipient, originator, message_id; /* without originator nobody is told about it */
    const uint8_t *body;
    size_t length;
    struct transport_observation *observation; /* NULL: none */
    bool confirmable;
};

struct copy {
    struct way_exchange exchange; /* first, so that one is found from the other */
    struct delivery *delivery;
    struct delivery_pending *pending; /* whose outcome depends on it; NULL: nobody waits */
    enum msgin5g_type type;
    enum msgin5g_addr_type originator_type;
    unsigned tries_left;
    const char *recipient;
    const char *originator; /* "": nobody is told */
    const char *message_id;
    uint8_t *body;
    size_t length;
    char text[]; /* the three texts, then the body */
};

/** Everything of @p parcel is copied. @return NULL when memory is short; free() it. */
struct copy *copy_create(const struct parcel *parcel);

#endif
