#include "peer_servers.h"

#include "http_services.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <utlist.h>

struct peer_server {
    struct party party;
    const struct peer_config *config;
    struct target_uri target;
    struct peer_server *next;
};

struct peer_servers {
    struct peer_server *list;
};

static enum msgin5g_err add(struct peer_servers *all, struct origins *origins, const struct way_http_config *way_config,
    const struct peer_config *config)
{
    enum msgin5g_err err = origins_add(origins, config->url);
    if (err != MSGIN5G_OK)
        return err;
    struct peer_server *peer = calloc(1, sizeof *peer);
    if (peer == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    peer->config = config;
    party_init(&peer->party, config->id, &config->certificates, way_config, &http_service_peer);
    if (target_uri_parse(msgin5g_str(config->url), &peer->target) == MSGIN5G_OK)
        party_aim(&peer->party, origins, &peer->target);
    LL_APPEND(all->list, peer);
    return MSGIN5G_OK;
}

enum msgin5g_err peer_servers_create(struct origins *origins, const struct way_http_config *way_config,
    const struct server_config *config, struct peer_servers **out)
{
    const struct peer_config *rows = config->peers.values;
    struct peer_servers *all = calloc(1, sizeof *all);
    enum msgin5g_err err = MSGIN5G_OK;
    if (all == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    for (size_t i = 0; i < config->peers.count && err == MSGIN5G_OK; i++)
        err = add(all, origins, way_config, &rows[i]);
    if (err != MSGIN5G_OK) {
        peer_servers_free(all);
        return err;
    }
    *out = all;
    return MSGIN5G_OK;
}

void peer_servers_close(struct peer_servers *all)
{
    struct peer_server *peer;
    LL_FOREACH (all->list, peer)
        way_http_close(&peer->party.way);
}

void peer_servers_free(struct peer_servers *all)
{
    struct peer_server *peer, *next;
    if (all == NULL)
        return;
    LL_FOREACH_SAFE (all->list, peer, next)
        free(peer);
    free(all);
}

static bool is_home(const struct peer_config *config, struct msgin5g_str domain)
{
    for (size_t i = 0; i < config->domains.count; i++) {
        if (strlen(config->domains.values[i]) == domain.length &&
            strncasecmp(config->domains.values[i], domain.octets, domain.length) == 0)
            return true;
    }
    return false;
}

struct peer_server *peer_servers_of(const struct peer_servers *all, const struct msgin5g_service_id *id)
{
    struct msgin5g_str domain = msgin5g_service_id_domain(id);
    struct peer_server *peer;
    if (domain.length == 0)
        return NULL;
    LL_FOREACH (all->list, peer) {
        if (is_home(peer->config, domain))
            return peer;
    }
    return NULL;
}

struct party *peer_server_party(struct peer_server *peer)
{
    return &peer->party;
}
