#include "router.h"

#include "availability.h"

#include <stdlib.h>

struct router {
    struct loop *loop;
    const struct registrations *registrations;
    const struct identity_map *map;
};

enum msgin5g_err router_create(
    struct loop *loop, const struct registrations *registrations, const struct identity_map *map, struct router **out)
{
    struct router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    router->loop = loop;
    router->registrations = registrations;
    router->map = map;
    *out = router;
    return MSGIN5G_OK;
}

void router_free(struct router *router)
{
    free(router);
}

void router_set_map(struct router *router, const struct identity_map *map)
{
    router->map = map;
}

/* Of one that is not in its window it is known when it can be reached again. */
static int64_t opens_s(const struct router *router, const struct registration *registration)
{
    if (registration->profile == NULL)
        return 0;
    return availability_opens_s(&registration->profile->availability, loop_utc_s(router->loop));
}

/* TS 24.538 C.1: registered and reachable, or not; who was never configured is not even unavailable (10.3). */
void router_target(const struct router *router, const struct msgin5g_service_id *recipient, struct route_target *out)
{
    const struct registration *registration = registrations_find(router->registrations, recipient);
    if (&out->recipient != recipient)
        out->recipient = *recipient;
    out->registration = registration;
    out->opens_s = registration != NULL && registration->peer != NULL ? opens_s(router, registration) : 0;
    out->way =
        registration != NULL && registration->peer != NULL && out->opens_s == 0 ? &registration->peer->way : NULL;
    if (out->way != NULL)
        out->err = MSGIN5G_OK;
    else
        out->err = registration != NULL || identity_known(router->map, recipient) ? MSGIN5G_ERR_RECIPIENT_UNAVAILABLE
                                                                                  : MSGIN5G_ERR_UNKNOWN_RECIPIENT;
}

enum msgin5g_err router_find(const struct router *router, const struct msgin5g_address *destination, struct route *out)
{
    out->targets = &out->single;
    out->count = 0;
    if (destination->type != MSGIN5G_ADDR_UE)
        return MSGIN5G_ERR_NO_ROUTE;
    enum msgin5g_err err = msgin5g_service_id_parse(destination->addr, &out->single.recipient);
    if (err != MSGIN5G_OK)
        return err;
    router_target(router, &out->single.recipient, &out->single);
    out->count = 1;
    return MSGIN5G_OK;
}
