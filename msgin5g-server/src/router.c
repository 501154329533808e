#include "router.h"

#include "availability.h"

#include <stdlib.h>
#include <string.h>

struct router {
    struct loop *loop;
    const struct registrations *registrations;
    const struct identity_map *map;
    const struct neighbours *neighbours;
};

enum msgin5g_err router_create(struct loop *loop, const struct registrations *registrations,
    const struct identity_map *map, const struct neighbours *neighbours, struct router **out)
{
    struct router *router = calloc(1, sizeof *router);
    if (router == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    router->loop = loop;
    router->registrations = registrations;
    router->map = map;
    router->neighbours = neighbours;
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
    if (registration == NULL || registration->peer == NULL || registration->profile == NULL)
        return 0;
    return availability_opens_s(&registration->profile->availability, loop_utc_s(router->loop));
}

/* Who is reached over HTTP: behind a gateway, an application server, at home elsewhere. */
static struct party *find_party(
    const struct router *router, const struct msgin5g_service_id *id, enum msgin5g_addr_type *type, bool *remote)
{
    const struct neighbours *neighbours = router->neighbours;
    struct gateway *gateway = gateways_of_ue(neighbours->gateways, id);
    struct application_server *as = application_servers_find(neighbours->application_servers, id);
    struct peer_server *peer = NULL;
    *type = MSGIN5G_ADDR_UE;
    *remote = false;
    if (gateway != NULL)
        return gateway_party(gateway);
    if (as != NULL) {
        *type = MSGIN5G_ADDR_AS;
        return application_server_party(as);
    }
    if (!identity_known(router->map, id))
        peer = peer_servers_of(neighbours->peers, id);
    *remote = peer != NULL;
    return peer != NULL ? peer_server_party(peer) : NULL;
}

static bool find_neighbour(const struct router *router, struct route_target *out)
{
    struct party *party = find_party(router, &out->recipient, &out->type, &out->remote);
    if (party == NULL)
        return false;
    if (out->type == MSGIN5G_ADDR_AS)
        out->segment_limit = 0; /* TS 24.538 6.5.3.3 */
    out->way = way_http_way(&party->way);
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
    out->remote = false;
    out->opens_s = opens_s(router, registration);
    out->registration = registration;
    const struct client_profile *profile = registration != NULL ? registration->profile : NULL;
    out->segment_limit =
        profile != NULL && profile->max_segment_size > 0 ? profile->max_segment_size : MSGIN5G_PAYLOAD_MAX;
    if (registration == NULL && find_neighbour(router, out))
        return;
    out->way =
        registration != NULL && registration->peer != NULL && out->opens_s == 0 ? &registration->peer->way : NULL;
    if (out->way != NULL)
        out->err = MSGIN5G_OK;
    else
        out->err = registration != NULL || identity_known(router->map, recipient) ? MSGIN5G_ERR_RECIPIENT_UNAVAILABLE
                                                                                  : MSGIN5G_ERR_UNKNOWN_RECIPIENT;
}

void router_area(const struct router *router, struct msgin5g_str area, enum msgin5g_addr_type originator_type,
    const struct msgin5g_service_id *originator, struct route_target *out)
{
    struct gateway *gateway = gateways_of_area(router->neighbours->gateways, area);
    out->type = MSGIN5G_ADDR_BC;
    out->segment_limit = MSGIN5G_PAYLOAD_MAX;
    out->remote = false;
    out->opens_s = 0;
    out->registration = NULL;
    out->way = NULL;
    out->err = MSGIN5G_ERR_NO_ROUTE;
    if (gateway == NULL)
        return;
    out->recipient.length = area.length; /* it serves this one, so it fits */
    memcpy(out->recipient.text, area.octets, area.length);
    out->recipient.text[area.length] = '\0';
    out->err = MSGIN5G_ERR_NOT_AUTHORIZED;
    if (!gateway_may_broadcast(gateway, originator_type, originator))
        return;
    out->way = way_http_way(&gateway_party(gateway)->way);
    out->err = out->way != NULL ? MSGIN5G_OK : MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
}

bool router_binds(const struct router *router, const struct msgin5g_service_id *id)
{
    return identity_known(router->map, id);
}
