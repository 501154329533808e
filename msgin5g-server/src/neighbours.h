/* Everybody the server meets over HTTP besides the AAnF: application servers, message gateways, other servers
 * (MSGin5G-2, -3, -4, -7, -8 of TS 23.554; TS 29.538). */
#ifndef NEIGHBOURS_H
#define NEIGHBOURS_H

#include "application_servers.h"
#include "gateways.h"
#include "peer_servers.h"

struct neighbours {
    struct origins *origins;
    struct way_http_config way_config;
    char server_id[MSGIN5G_SERVICE_ID_MAX + 1];
    struct application_servers *application_servers;
    struct gateways *gateways;
    struct peer_servers *peers;
};

/** @p neighbours stays where it is; release it with neighbours_free() whatever this returns. Everything is borrowed.
 * @return as application_servers_create(). */
enum msgin5g_err neighbours_init(struct neighbours *neighbours, struct loop *loop, const struct server_config *config,
    struct server_metrics *metrics);
/** End what is being pushed: delivery must still be there. May be called on a zeroed struct. */
void neighbours_close(struct neighbours *neighbours);
/** Release. May be called on a zeroed struct. */
void neighbours_free(struct neighbours *neighbours);

#endif
