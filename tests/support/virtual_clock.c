#include "virtual_clock.h"

#define START_MS 1000000

static int64_t monotonic_ms(void *ctx)
{
    return atomic_load(&((struct virtual_clock *)ctx)->monotonic_ms);
}

static int64_t utc_s(void *ctx)
{
    return atomic_load(&((struct virtual_clock *)ctx)->utc_ms) / 1000;
}

void virtual_clock_init(struct virtual_clock *clock, int64_t start_utc_s)
{
    atomic_init(&clock->monotonic_ms, START_MS);
    atomic_init(&clock->utc_ms, start_utc_s * 1000);
}

struct clock_source virtual_clock_source(struct virtual_clock *clock)
{
    return (struct clock_source){ .monotonic_ms = monotonic_ms, .utc_s = utc_s, .ctx = clock };
}

void virtual_clock_advance(struct virtual_clock *clock, int64_t ms)
{
    atomic_fetch_add(&clock->monotonic_ms, ms);
    atomic_fetch_add(&clock->utc_ms, ms);
}
