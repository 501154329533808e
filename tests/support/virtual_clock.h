/* A clock that stands still until a test moves it. */
#ifndef SUPPORT_VIRTUAL_CLOCK_H
#define SUPPORT_VIRTUAL_CLOCK_H

#include "base/clock.h"

#include <stdatomic.h>

/** Set up with virtual_clock_init(). Any thread may read it, one moves it. */
struct virtual_clock {
    atomic_llong monotonic_ms;
    atomic_llong utc_ms;
};

/** A clock at monotonic 1000 s and @p utc_s seconds since 1970-01-01 UTC. */
void virtual_clock_init(struct virtual_clock *clock, int64_t utc_s);
/** The source to hand in; @p clock must outlive it. */
struct clock_source virtual_clock_source(struct virtual_clock *clock);
/** Let @p ms pass, in both times. */
void virtual_clock_advance(struct virtual_clock *clock, int64_t ms);

#endif
