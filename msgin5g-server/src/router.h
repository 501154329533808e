/* Recipient of a message -> list of targets (TS 24.538 6.4.1.2.1). Decides who; sends nothing. */
#ifndef ROUTER_H
#define ROUTER_H

#include "identity.h"
#include "msgin5g/message.h"
#include "registration.h"
#include "way.h"

/** One copy to make. Pointers are borrowed until the loop goes on. */
struct route_target {
    struct msgin5g_service_id recipient;
    struct way *way;                         /* NULL: it cannot be reached now */
    enum msgin5g_err err;                    /* why; MSGIN5G_OK with a way */
    int64_t opens_s;                         /* it is there, but takes nothing before this instant (UTC); 0: not so */
    const struct registration *registration; /* NULL: it has none */
};

struct route {
    struct route_target *targets; /* count of them */
    size_t count;
    struct route_target single; /* where one is all there is: a UE */
};

struct router;
/** All three are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err router_create(
    struct loop *loop, const struct registrations *registrations, const struct identity_map *map, struct router **out);
/** NULL is allowed. */
void router_free(struct router *router);
/** Use @p map from now on. */
void router_set_map(struct router *router, const struct identity_map *map);
/** How @p recipient is reached now; all of @p out is set. */
void router_target(const struct router *router, const struct msgin5g_service_id *recipient, struct route_target *out);
/** @return MSGIN5G_OK with at least one target, ERR_MALFORMED (no URI), ERR_NO_ROUTE (not UE: AS, GROUP, BC, TOPIC). */
enum msgin5g_err router_find(const struct router *router, const struct msgin5g_address *destination, struct route *out);

#endif
