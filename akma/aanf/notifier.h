/* Tells AFs that a UE's AKMA service ended: ServiceDisableNotif to the notifUri of the key request (TS 29.535 v19.5.0
 * 4.2.2.5). Where it may post is fixed by the policy table, so that no AF makes the AAnF speak to strangers. */
#ifndef AANF_NOTIFIER_H
#define AANF_NOTIFIER_H

#include "base/loop.h"
#include "base/metrics.h"
#include "config.h"
#include "tls/stream.h"

#define NOTIFIER_WAITING_MAX 10000 /* notices under way at most; more are counted and lost */
#define NOTIFIER_ATTEMPTS    3     /* at once, after one second and after five more */

struct notifier;

/** @p tls (a client's) is borrowed for life; NULL: only http, for labs. */
enum msgin5g_err notifier_create(
    struct loop *loop, struct tls_context *tls, struct metrics *metrics, struct notifier **out);
/** Notices under way are lost. NULL is allowed. */
void notifier_free(struct notifier *notifier);
/** Prepare for every afs[].notif_uris of @p config; names are looked up here, by blocking, so at start and reload only.
 * @return MSGIN5G_OK or ERR_NO_MEMORY; a place that cannot be used is a warning. */
enum msgin5g_err notifier_prepare(struct notifier *notifier, const struct aanf_config *config);
/** Post to @p uri that @p a_kid is not served any more; never waits. */
void notifier_send(struct notifier *notifier, const char *uri, const char *a_kid);

#endif
