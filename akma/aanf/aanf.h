/* The emulated AAnF with its AUSF and UDM: what the service operations share. */
#ifndef AANF_AANF_H
#define AANF_AANF_H

#include "auth_store.h"
#include "base/log.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "config.h"
#include "context_store.h"
#include "faults.h"
#include "notifier.h"
#include "state.h"
#include "subscriber_store.h"

#define AANF_API_ROOT_MAX 300
#define AANF_NAME_MAX     64

/** Labels of msgin5g_aanf_operations_total. */
enum aanf_operation {
    AANF_REGISTER,
    AANF_RETRIEVE,
    AANF_REMOVE,
    AANF_AUTHENTICATE,
    AANF_CONFIRM,
    AANF_DEREGISTER,
    AANF_TOKEN,
    AANF_OPERATIONS
};
enum aanf_result {
    AANF_SUCCESS,
    AANF_NO_CONTEXT, /* K_AKMA_NOT_PRESENT, AKMA_CONTEXT_NOT_FOUND, USER_NOT_FOUND, CONTEXT_NOT_FOUND */
    AANF_NOT_ALLOWED,
    AANF_BAD_REQUEST,
    AANF_UNVERIFIED, /* RES* or AUTS wrong */
    AANF_FAILED,
    AANF_RESULTS
};

struct token_issuer;

/** One AAnF; main.c builds it. All but config and subscribers live as long as the process. */
struct aanf {
    struct loop *loop;
    const struct aanf_config *config;     /* replaced at SIGHUP */
    struct subscriber_store *subscribers; /* replaced at SIGHUP */
    struct context_store *contexts;
    struct auth_store *authentications;
    struct faults *faults;
    struct token_issuer *issuer; /* NULL: no tokens */
    struct notifier *notifier;
    struct state *state; /* NULL: nothing survives a restart */
    char api_root[AANF_API_ROOT_MAX];
    struct log_limit refusal_lines[AANF_OPERATIONS];
    struct metric *results[AANF_OPERATIONS][AANF_RESULTS];
    struct metric *retrieve_seconds;
    struct metric *context_count;
    struct metric *held_requests;
};

/** Register the metrics of all operations. */
void aanf_register_metrics(struct aanf *aanf, struct metrics *metrics);
/** Count how an operation ended. */
void aanf_count(struct aanf *aanf, enum aanf_operation operation, enum aanf_result result);

/** True when a line may say that an operation was refused: peers can cause any number. As log_limit_take(). */
bool aanf_may_log(struct aanf *aanf, enum aanf_operation operation, unsigned *left_out);

/** Keep a subscriber's latest AKMA key: the one way in, for the API and for the AUSF emulation (TS 33.535 6.1 step 4).
 */
enum msgin5g_err aanf_register_anchor_key(struct aanf *aanf, const struct anchor_key *key);
/** For context_store_watch(), with the struct aanf: tell the AF (TS 29.535 v19.5.0, ServiceDisableNotif). */
context_ended_fn aanf_context_ended;
/** As aanf_remove_context(), for a SUPI, or a GPSI that is all there is. */
enum msgin5g_err aanf_end_context(struct aanf *aanf, const char *subscriber);
/** Drop the AKMA context of @p supi (TS 33.535 6.6). @return MSGIN5G_OK or ERR_NOT_FOUND. */
enum msgin5g_err aanf_remove_context(struct aanf *aanf, const char *supi);

#endif
