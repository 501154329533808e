/*
 * Message gateways and the UEs behind them (TS 23.554 5.3.4, 8.2.3, 8.2.4): L3G for legacy 3GPP UEs, N3G for non-3GPP
 * UEs, BMG for broadcast areas. UEs are registered by their gateway (EC-19) or stand in the configuration.
 */
#ifndef GATEWAYS_H
#define GATEWAYS_H

#include "party.h"

struct gateways;
struct gateway;

/** Everything is borrowed. @return MSGIN5G_OK, ERR_CONFIG (what is wrong is in the log) or ERR_NO_MEMORY. */
enum msgin5g_err gateways_create(struct origins *origins, const struct way_http_config *way_config,
    const struct server_config *config, struct gateways **out);
/** As application_servers_close(). */
void gateways_close(struct gateways *all);
/** After gateways_close(), unless nothing was ever pushed. NULL is allowed. */
void gateways_free(struct gateways *all);

/** The gateway with this MGW Service ID, or NULL. */
struct gateway *gateways_find(const struct gateways *all, const struct msgin5g_service_id *id);
/** The gateway that UE @p id is registered with, or NULL. */
struct gateway *gateways_of_ue(const struct gateways *all, const struct msgin5g_service_id *id);
/** The broadcast gateway that serves @p area, or NULL. */
struct gateway *gateways_of_area(const struct gateways *all, struct msgin5g_str area);
/** May @p originator broadcast there? Application servers may; UEs only as the configuration says (TS 23.554 8.7.6). */
bool gateway_may_broadcast(
    const struct gateway *gateway, enum msgin5g_addr_type type, const struct msgin5g_service_id *originator);
struct party *gateway_party(struct gateway *gateway);

/**
 * Register UE @p id behind @p gateway for @p lifetime_s seconds; a registration with another gateway moves.
 *
 * @return MSGIN5G_OK; ERR_NOT_AUTHORIZED: the gateway's entry does not allow this UE, or it is one for broadcasts;
 *         ERR_LIMIT; ERR_NO_MEMORY.
 */
enum msgin5g_err gateway_register_ue(struct gateway *gateway, const struct msgin5g_service_id *id, int64_t lifetime_s);
/** @return MSGIN5G_OK or ERR_NOT_REGISTERED (not behind this gateway, or by configuration). */
enum msgin5g_err gateway_deregister_ue(struct gateway *gateway, const struct msgin5g_service_id *id);

#endif
