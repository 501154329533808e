/* Servers of other domains (MSGin5G-8, TS 23.554 5.3.2.1, EC-18): each is the home of the Service IDs of its domains.
 */
#ifndef PEER_SERVERS_H
#define PEER_SERVERS_H

#include "party.h"

struct peer_servers;
struct peer_server;

/** Everything is borrowed. @return MSGIN5G_OK, ERR_CONFIG (what is wrong is in the log) or ERR_NO_MEMORY. */
enum msgin5g_err peer_servers_create(struct origins *origins, const struct way_http_config *way_config,
    const struct server_config *config, struct peer_servers **out);
/** As application_servers_close(). */
void peer_servers_close(struct peer_servers *all);
/** After peer_servers_close(), unless nothing was ever pushed. NULL is allowed. */
void peer_servers_free(struct peer_servers *all);

/** The server that is home of @p id by its domain, or NULL. */
struct peer_server *peer_servers_of(const struct peer_servers *all, const struct msgin5g_service_id *id);
struct party *peer_server_party(struct peer_server *peer);

#endif
