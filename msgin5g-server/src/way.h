/*
 * How one copy of a message reaches one recipient: over the session of a UE, and whatever else the server speaks. A way
 * is embedded in what leads there; kinds differ in a table of functions.
 */
#ifndef WAY_H
#define WAY_H

#include "msgin5g/message.h"

struct transport_observation;

/** What became of a copy. */
enum way_result {
    WAY_DELIVERED, /* the recipient acknowledged it (EC-30) */
    WAY_REFUSED,   /* the recipient answered that it does not take it: final */
    WAY_FAILED,    /* nobody knows; it may be tried again */
    WAY_GIVEN_UP   /* likewise, and the way has tried it often enough: the recipient counts as away */
};

/** One copy to hand over; borrowed for the call. */
struct way_copy {
    enum msgin5g_type type;
    const uint8_t *body; /* as on MSGin5G-1: JSON without priority and store-and-forward (TS 24.538 6.4.1.2.6 c) */
    size_t length;
    bool confirmable;
    /** On which the recipient observes the topic it is for; NULL: none. */
    struct transport_observation *observation;
};

struct way;

/** A copy under way: embedded in what its sender keeps of it, which stays where it is until done() runs. */
struct way_exchange {
    /** Runs exactly once, on the loop, never inside way_send(); before the way is gone at the latest. */
    void (*done)(struct way_exchange *exchange, enum way_result result);
    struct way *way; /* it went over this one; set by way_send() */
};

struct way_kind {
    /** @p exchange is NULL when nobody wants to know, which is only so when it is not confirmable. */
    enum msgin5g_err (*send)(struct way *way, const struct way_copy *copy, struct way_exchange *exchange);
};

struct way {
    const struct way_kind *kind;
    size_t in_flight; /* copies handed over and not yet done */
};

/**
 * Hand over one copy; what is handed over first goes first.
 *
 * @return MSGIN5G_OK (then @p exchange is the way's until it is done), ERR_QUEUE_FULL (it takes no more now),
 *         ERR_RECIPIENT_UNAVAILABLE, ERR_PAYLOAD_TOO_LARGE or ERR_NO_MEMORY.
 */
enum msgin5g_err way_send(struct way *way, const struct way_copy *copy, struct way_exchange *exchange);
/** For kinds: @p exchange of a copy that way_send() took is over. */
void way_done(struct way_exchange *exchange, enum way_result result);

#endif
