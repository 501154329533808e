/* One recipient -> how it is reached (TS 24.538 6.4.1.2.1). Who the recipients of a message are: targets.h. */
#ifndef ROUTER_H
#define ROUTER_H

#include "identity.h"
#include "msgin5g/message.h"
#include "neighbours.h"
#include "registration.h"
#include "way.h"

/** One copy to make. Pointers are borrowed until the loop goes on. */
struct route_target {
    struct msgin5g_service_id recipient;
    enum msgin5g_addr_type type;             /* UE or AS; BC: recipient holds the area */
    bool remote;                             /* another server is its home, which alone knows which of the two it is */
    struct way *way;                         /* NULL: it cannot be reached now */
    enum msgin5g_err err;                    /* why; MSGIN5G_OK with a way */
    int64_t opens_s;                         /* it is there, but takes nothing before this (UTC); 0: not so */
    const struct registration *registration; /* NULL: it has none */
    struct msgin5g_str group, topic;         /* through which it gets the message (EC-7); absent: neither */
    struct transport_observation *observation; /* on which it hears of the topic; NULL: with POST */
    size_t segment_limit; /* payload octets of one message there; 0: it takes no segments, but the whole of any */
};

struct router;
/** All are borrowed. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err router_create(struct loop *loop, const struct registrations *registrations,
    const struct identity_map *map, const struct neighbours *neighbours, struct router **out);
/** NULL is allowed. */
void router_free(struct router *router);
/** Use @p map from now on. */
void router_set_map(struct router *router, const struct identity_map *map);
/** How @p recipient is reached now: type, remote, way, err, opens_s, registration and segment_limit of @p out
 * are set. @p recipient may be that of @p out. */
void router_target(const struct router *router, const struct msgin5g_service_id *recipient, struct route_target *out);

/** How @p originator reaches broadcast area @p area: as router_target(); err is ERR_NO_ROUTE when no gateway serves it
 * (EC-17b), ERR_NOT_AUTHORIZED when the originator may not broadcast there. */
void router_area(const struct router *router, struct msgin5g_str area, enum msgin5g_addr_type originator_type,
    const struct msgin5g_service_id *originator, struct route_target *out);

/** True when the configuration binds @p id to a SUPI or GPSI: it is a UE with a client of its own. */
bool router_binds(const struct router *router, const struct msgin5g_service_id *id);

#endif
