/* AKMA contexts {SUPI, GPSI, K_AKMA, A-KID} (TS 33.535 3.1), by A-KID and by subscriber, and the K_AF given out of
 * them. */
#ifndef AANF_CONTEXT_STORE_H
#define AANF_CONTEXT_STORE_H

#include "akma/a_kid.h"

struct context_store;

/** What the AUSF hands over (TS 33.535 6.1 step 4); borrowed for the call. */
struct anchor_key {
    const char *supi; /* "" only when gpsi is the only identity known */
    const char *gpsi; /* "" when unknown */
    const char *a_kid;
    const struct k_akma *k_akma;
};

/** Identities of the subscriber an A-KID belongs to; borrowed until the store changes. */
struct context_identity {
    const char *supi;
    const char *gpsi;
};

/** @p contexts at most, each with @p af_ids remembered expiry times at most. */
enum msgin5g_err context_store_create(size_t contexts, size_t af_ids, struct context_store **out);
/** Wipe and release. NULL is allowed. */
void context_store_free(struct context_store *store);

/**
 * Keep the latest key of a subscriber; the old A-KID and K_AKMA are wiped at once (TS 33.535 6.1 step 4). The same
 * registration again changes nothing.
 *
 * @return MSGIN5G_OK, ERR_DUPLICATE (the A-KID belongs to another subscriber), ERR_LIMIT (store full), ERR_NO_MEMORY.
 */
enum msgin5g_err context_store_register(struct context_store *store, const struct anchor_key *key);
/** @return MSGIN5G_OK or ERR_UNKNOWN_A_KID. */
enum msgin5g_err context_store_identity(struct context_store *store, const char *a_kid, struct context_identity *out);
/**
 * K_AF for one AF_ID and when it expires. Before that time the answer is the same; later the octets are the same and
 * the time is new (TS 33.535 5.2; choice C15).
 *
 * @param fqdn       lower case
 * @param lifetime_s for a key that is given for the first time or anew
 * @return MSGIN5G_OK, ERR_UNKNOWN_A_KID, ERR_INVALID (FQDN), ERR_NO_MEMORY, ERR_INTERNAL.
 */
enum msgin5g_err context_store_k_af(struct context_store *store, const char *a_kid, const char *fqdn,
    const struct ua_id *ua_id, int64_t lifetime_s, int64_t now_s, struct k_af *out, int64_t *expiry_s);
/** Called for every place that asked to hear of the end of @p a_kid, just before it is wiped; borrowed. */
typedef void context_ended_fn(void *ctx, const char *a_kid, const char *notif_uri);
/** Call @p ended from now on when contexts are removed, and with @p replaced also when a newer one replaces them. */
void context_store_watch(struct context_store *store, context_ended_fn *ended, bool replaced, void *ctx);
/** The AF that was given K_AF for this AF_ID wants to hear of the end at @p notif_uri; the latest counts.
 * @return MSGIN5G_OK, ERR_UNKNOWN_A_KID, ERR_NOT_FOUND (no K_AF given), ERR_NO_MEMORY. */
enum msgin5g_err context_store_set_notif_uri(
    struct context_store *store, const char *a_kid, const char *fqdn, const struct ua_id *ua_id, const char *notif_uri);
/** K_AF that was given out for one AF_ID. */
struct context_grant {
    const char *fqdn;
    struct ua_id ua_id;
    int64_t expiry_s;
    const char *notif_uri; /* "" for none */
};
enum context_change_kind { CONTEXT_KEPT, CONTEXT_GONE, CONTEXT_GRANTED };
/** One change; borrowed for the call. CONTEXT_GONE: supi is the SUPI, or the GPSI when that was all there was. */
struct context_change {
    enum context_change_kind kind;
    struct anchor_key key;      /* CONTEXT_GRANTED: a_kid alone */
    struct context_grant grant; /* CONTEXT_GRANTED */
};
typedef void context_change_fn(void *ctx, const struct context_change *change);
/** Call @p changed after every change from now on; a replaced context is not reported as gone. NULL: nobody. */
void context_store_observe(struct context_store *store, context_change_fn *changed, void *ctx);
/** Call @p run as if everything had just been added. */
void context_store_each(const struct context_store *store, context_change_fn *run, void *ctx);
/** Put back what a CONTEXT_GRANTED said. @return MSGIN5G_OK, ERR_UNKNOWN_A_KID, ERR_NO_MEMORY. */
enum msgin5g_err context_store_restore_grant(
    struct context_store *store, const char *a_kid, const struct context_grant *grant);
/** As context_store_remove(), for a SUPI, or a GPSI that is all there is. */
enum msgin5g_err context_store_end(struct context_store *store, const char *subscriber);
/** Every K_AF given to AFs for @p subscriber (SUPI, or a GPSI that is all there is) is over at @p now_s: who asks then
 * gets a new expiry. @return MSGIN5G_OK or ERR_NOT_FOUND. */
enum msgin5g_err context_store_expire(struct context_store *store, const char *subscriber, int64_t now_s);
/** Wipe the context of @p supi (TS 33.535 6.6). @return MSGIN5G_OK or ERR_NOT_FOUND. */
enum msgin5g_err context_store_remove(struct context_store *store, const char *supi);
size_t context_store_count(const struct context_store *store);

#endif
