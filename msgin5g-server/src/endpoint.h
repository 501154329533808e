/* MSGin5G-1 towards UEs: listens, lets handshakes in, turns CoAP requests into calls of the dispatcher (decision D12).
 */
#ifndef ENDPOINT_H
#define ENDPOINT_H

#include "config.h"
#include "dispatch.h"
#include "establishment.h"
#include "handshake.h"
#include "registration.h"

struct endpoint;

/** @p metrics is borrowed. @return MSGIN5G_OK, ERR_IO or ERR_NO_MEMORY. */
enum msgin5g_err endpoint_create(
    struct loop *loop, const struct server_config *config, struct server_metrics *metrics, struct endpoint **out);
/** Close every session, then release; what endpoint_serve() was given must still be there. NULL is allowed. */
void endpoint_free(struct endpoint *endpoint);
/** Who does what over it; borrowed. */
struct endpoint_services {
    struct handshakes *handshakes;
    struct establishments *establishments; /* may be NULL while listen.oscore is off */
    struct registrations *registrations;
    struct dispatch *dispatch;
    struct ue_configuration *configuration;
};
/** Begin to serve. @return MSGIN5G_OK, ERR_IO (cannot bind), ERR_INVALID or ERR_NO_MEMORY. */
enum msgin5g_err endpoint_serve(struct endpoint *endpoint, const struct endpoint_services *services);
/** What POST /akma needs of @p endpoint; valid as long as that. */
struct establishment_ops endpoint_establishment_ops(struct endpoint *endpoint);
/** Port really bound. */
uint16_t endpoint_port(const struct endpoint *endpoint);
/** Likewise of coaps+tcp, 0 when it is off. */
uint16_t endpoint_tcp_port(const struct endpoint *endpoint);
/** Likewise of OSCORE. */
uint16_t endpoint_oscore_port(const struct endpoint *endpoint);
/** Bring msgin5g_sessions up to date. */
void endpoint_count_sessions(struct endpoint *endpoint);
/** The AAnF serves @p a_kid no more: close its sessions, those still in their handshake too (N12).
 * @return how many there were. */
size_t endpoint_disable(struct endpoint *endpoint, struct msgin5g_str a_kid);
/** Close the session of a peer that speaks over another one now; @p endpoint is a struct endpoint. */
void endpoint_superseded(void *endpoint, struct peer *peer);

#endif
