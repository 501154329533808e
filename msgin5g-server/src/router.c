#include "router.h"

#include <stdlib.h>

struct router {
    const struct registrations *registrations;
    const struct identity_map *map;
    const struct application_servers *application_servers;
};

enum msgin5g_err router_create(const struct registrations *registrations, const struct identity_map *map,
    const struct application_servers *application_servers, struct router **out)
{
    struct router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    router->registrations = registrations;
    router->map = map;
    router->application_servers = application_servers;
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
    if (registration != NULL)
        return registration->peer != NULL ? &registration->peer->way : NULL;
    struct application_server *as = application_servers_find(router->application_servers, recipient);
    return as != NULL ? application_server_way(as) : NULL;
}

static bool find_application_server(const struct router *router, struct route_target *out)
{
    struct application_server *as = application_servers_find(router->application_servers, &out->recipient);
    if (as == NULL)
        return false;
    out->type = MSGIN5G_ADDR_AS;
    out->way = application_server_way(as);
    out->err = out->way != NULL ? MSGIN5G_OK : MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    return true;
}

/* TS 24.538 C.1: registered and reachable, or not; who was never configured is not even unavailable (10.3). */
void router_target(const struct router *router, const struct msgin5g_service_id *recipient, struct route_target *out)
{
    const struct registration *registration = registrations_find(router->registrations, recipient);
    if (&out->recipient != recipient)
        out->recipient = *recipient;
    out->type = MSGIN5G_ADDR_UE;
    out->registration = registration;
    if (registration == NULL && find_application_server(router, out))
        return;
    out->way = registration != NULL && registration->peer != NULL ? &registration->peer->way : NULL;
    if (out->way != NULL)
        out->err = MSGIN5G_OK;
    else
        out->err = registration != NULL || identity_known(router->map, recipient) ? MSGIN5G_ERR_RECIPIENT_UNAVAILABLE
                                                                                  : MSGIN5G_ERR_UNKNOWN_RECIPIENT;
}
