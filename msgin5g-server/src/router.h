/* Recipient of a message -> list of targets (TS 24.538 6.4.1.2.1). Decides who; sends nothing. */
#ifndef ROUTER_H
#define ROUTER_H

#include "identity.h"
#include "msgin5g/message.h"
#include "registration.h"

/** One copy to make. */
struct route_target {
    struct msgin5g_service_id recipient;
    struct registration *registration; /* with a session; borrowed until the loop goes on */
    enum msgin5g_err err;              /* why there is no way to it now; registration is NULL then */
};

struct route {
    struct route_target *targets; /* count of them */
    size_t count;
    struct route_target single; /* where one is all there is: a UE */
};

struct router;
/** Both are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err router_create(
    const struct registrations *registrations, const struct identity_map *map, struct router **out);
/** NULL is allowed. */
void router_free(struct router *router);
/** Use @p map from now on. */
void router_set_map(struct router *router, const struct identity_map *map);
/** @return MSGIN5G_OK with at least one target, ERR_MALFORMED (no URI), ERR_NO_ROUTE (not UE: AS, GROUP, BC, TOPIC). */
enum msgin5g_err router_find(const struct router *router, const struct msgin5g_address *destination, struct route *out);

#endif
