#include "neighbours.h"

#include <stdio.h>

static void name_server(struct neighbours *neighbours, const struct server_config *config)
{
    if (*config->api.server_id != '\0')
        (void)snprintf(neighbours->server_id, sizeof neighbours->server_id, "%s", config->api.server_id);
    else if (config->fqdns.count > 0)
        (void)snprintf(
            neighbours->server_id, sizeof neighbours->server_id, "im:msgin5g-server@%.200s", config->fqdns.values[0]);
}

enum msgin5g_err neighbours_init(struct neighbours *neighbours, struct loop *loop, const struct server_config *config,
    struct server_metrics *metrics)
{
    const struct way_http_config *way_config = &neighbours->way_config;
    *neighbours = (struct neighbours){ .way_config = { .loop = loop,
                                           .server_id = neighbours->server_id,
                                           .deadline_ms = config->api.push_deadline_ms,
                                           .metrics = metrics } };
    name_server(neighbours, config);
    enum msgin5g_err err = origins_create(loop, config, metrics->registry, &neighbours->origins);
    if (err == MSGIN5G_OK)
        err = application_servers_create(neighbours->origins, way_config, config, &neighbours->application_servers);
    if (err == MSGIN5G_OK)
        err = gateways_create(neighbours->origins, way_config, config, &neighbours->gateways);
    if (err == MSGIN5G_OK)
        err = peer_servers_create(neighbours->origins, way_config, config, &neighbours->peers);
    return err;
}

void neighbours_close(struct neighbours *neighbours)
{
    if (neighbours->application_servers != NULL)
        application_servers_close(neighbours->application_servers);
    if (neighbours->gateways != NULL)
        gateways_close(neighbours->gateways);
    if (neighbours->peers != NULL)
        peer_servers_close(neighbours->peers);
}

void neighbours_free(struct neighbours *neighbours)
{
    peer_servers_free(neighbours->peers);
    gateways_free(neighbours->gateways);
    application_servers_free(neighbours->application_servers);
    origins_free(neighbours->origins);
}
