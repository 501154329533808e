/* Where the AAnF tells that a UE's AKMA service ended: ServiceDisableNotif to the notifUri of our key requests
 * (TS 29.535 v19.5.0), over HTTP/2 with certificates on both sides. */
#ifndef AF_CALLBACKS_H
#define AF_CALLBACKS_H

#include "base/loop.h"
#include "base/metrics.h"
#include "config.h"
#include "msgin5g/ids.h"

#define AF_CALLBACKS_PATH "/akma/service-disable" /* behind aanf.notif_uri */

struct af_callbacks;

/** Forget @p a_kid and end its sessions. @return false when nothing was known of it. */
typedef bool af_disable_fn(void *ctx, struct msgin5g_str a_kid);

/** Listen as aanf.callbacks says. @return MSGIN5G_OK, with *@p out NULL when aanf.notif_uri is empty. */
enum msgin5g_err af_callbacks_create(struct loop *loop, const struct server_config *config, struct metrics *metrics,
    af_disable_fn *disable, void *ctx, struct af_callbacks **out);
/** Take no more notices; those in hand are answered. NULL is allowed, here and below. */
void af_callbacks_drain(struct af_callbacks *callbacks);
/** Connections still open. */
size_t af_callbacks_connections(const struct af_callbacks *callbacks);
/** As tls_context_reload(). */
enum msgin5g_err af_callbacks_reload_certificate(struct af_callbacks *callbacks, char *problem, size_t problem_size);
void af_callbacks_free(struct af_callbacks *callbacks);

#endif
