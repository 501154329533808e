/* One encoded message for one recipient, from the moment it is kept until it is delivered or given up. Private to
 * delivery. */
#ifndef COPY_H
#define COPY_H

#include "msgin5g/message.h"
#include "store.h"
#include "way.h"

struct delivery;
struct delivery_pending;
struct queue;

/** What a copy is made of; borrowed. */
struct parcel {
    enum msgin5g_type type;
    enum msgin5g_addr_type originator_type;
    struct msgin5g_str recipient, originator, message_id; /* without originator nobody is told about it */
    const uint8_t *body;
    size_t length;
    enum msgin5g_priority priority;
    struct transport_observation *observation; /* NULL: none */
    bool confirmable;
    bool keep;            /* may be stored while the recipient is away */
    int64_t expires_s;    /* of what is stored (UTC) */
    int64_t not_before_s; /* likewise; 0: at once */
    int64_t latency_ms;   /* EC-39; 0: none */
    uint64_t replaces;    /* this one in the store, of which it tells: goes when this one is safe; 0: none */
};

struct copy {
    struct way_exchange exchange; /* first, so that one is found from the other */
    struct delivery *delivery;
    struct delivery_pending *pending; /* whose outcome depends on it; NULL: nobody waits */
    struct queue *queue;              /* NULL: it went out at once, past all queues */
    struct copy *prev, *next;         /* in queue->waiting or queue->flying */
    struct copy *unsafe_prev, *unsafe_next;
    uint64_t id; /* grows from copy to copy: its order and, when stored, its name */
    uint64_t replaces;
    int64_t due_ms;      /* order inside of a priority */
    int64_t deadline_ms; /* of its latency; 0: none */
    int64_t unsafe_since_ms;
    int64_t expires_s, not_before_s;
    enum msgin5g_type type;
    enum msgin5g_addr_type originator_type;
    enum msgin5g_priority priority;
    unsigned tries_left;
    bool confirmable, keep;
    bool unsafe;  /* in the list of those somebody waits for (copies_unsafe.c) */
    bool flying;  /* handed to a way, which has not said yet what became of it */
    bool storing; /* handed to the store, likewise */
    bool stored;
    bool last_try;   /* it has expired: this try is its last */
    bool settled;    /* its sender knows */
    bool told_later; /* outcome_tell_stored() takes it out of the store */
    bool over;       /* nothing is to be done but to hear from the store */
    struct msgin5g_str recipient, originator, message_id;
    const uint8_t *body;
    size_t length;
    size_t record_length; /* of what is stored: a head, originator, message id and body */
    uint8_t octets[];     /* that record, then the recipient */
};

/** Everything of @p parcel is copied. @return NULL when memory is short; free() it. */
struct copy *copy_create(const struct parcel *parcel);
/** A copy as it was stored, for a recipient with this name. @return NULL when memory is short or it is no record. */
struct copy *copy_from_record(const struct store_item *item);
/** True when @p a is to be delivered before @p b. */
bool copy_before(const struct copy *a, const struct copy *b);

#endif
