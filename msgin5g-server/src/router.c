#include "router.h"

#include <stdlib.h>

struct router {
    const struct registrations *registrations;
    const struct identity_map *map;
};

enum msgin5g_err router_create(
    const struct registrations *registrations, const struct identity_map *map, struct router **out)
{
    struct router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
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

struct way *router_way(const struct router *router, const struct msgin5g_service_id *recipient)
{
    const struct registration *registration = registrations_find(router->registrations, recipient);
    return registration != NULL && registration->peer != NULL ? &registration->peer->way : NULL;
}

/* TS 24.538 C.1: registered and reachable, or not; who was never configured is not even unavailable (10.3). */
static enum msgin5g_err find_ue(const struct router *router, struct msgin5g_str addr, struct route_target *out)
{
    enum msgin5g_err err = msgin5g_service_id_parse(addr, &out->recipient);
    if (err != MSGIN5G_OK)
        return err;
    out->registration = registrations_find(router->registrations, &out->recipient);
    out->way = out->registration != NULL && out->registration->peer != NULL ? &out->registration->peer->way : NULL;
    if (out->way != NULL)
        out->err = MSGIN5G_OK;
    else
        out->err = out->registration != NULL || identity_known(router->map, &out->recipient)
                       ? MSGIN5G_ERR_RECIPIENT_UNAVAILABLE
                       : MSGIN5G_ERR_UNKNOWN_RECIPIENT;
    return MSGIN5G_OK;
}

enum msgin5g_err router_find(const struct router *router, const struct msgin5g_address *destination, struct route *out)
{
    out->targets = &out->single;
    out->count = 0;
    if (destination->type != MSGIN5G_ADDR_UE)
        return MSGIN5G_ERR_NO_ROUTE;
    enum msgin5g_err err = find_ue(router, destination->addr, &out->single);
    if (err == MSGIN5G_OK)
        out->count = 1;
    return err;
}
