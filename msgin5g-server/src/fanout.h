/*
 * A message on its way to a group or a topic (TS 23.554 8.7.4, 8.8). The first slice goes out inside of
 * delivery_submit(); what is left goes on from here, slice by slice, so that the loop is never held for long. Private
 * to delivery.
 */
#ifndef FANOUT_H
#define FANOUT_H

#include "delivery.h"
#include "targets.h"

/* Recipients: below 1 ms, and fewer than the datagrams the transport reads a round, so that acknowledgements do not
 * pile up in the socket. */
#define FANOUT_SLICE 32

struct fanout;

/** Those under way. */
struct fanouts {
    struct loop *loop;
    struct fanout *list;
    /** Deliver to @p target. */
    void (*deliver)(void *ctx, const struct submission *submission, struct route_target *target);
    /** That was the last, or nothing more is to be sent; runs once. */
    void (*ended)(void *ctx, const struct submission *submission);
};

/**
 * Go on with the rest of @p targets in the next rounds of the loop.
 *
 * @param targets    the fan-out's from here on, if this returns MSGIN5G_OK.
 * @param submission is copied.
 * @return MSGIN5G_OK or ERR_NO_MEMORY.
 */
enum msgin5g_err fanout_continue(
    struct fanouts *fanouts, const struct targets *targets, const struct submission *submission, void *ctx);
/** End all. */
void fanouts_end(struct fanouts *fanouts);

#endif
