/* Subscribers of the emulated AUSF and UDM, by SUPI, with keys in locked memory and an SQN that only grows. */
#ifndef AANF_SUBSCRIBER_STORE_H
#define AANF_SUBSCRIBER_STORE_H

#include "akma/a_kid.h"
#include "akma/keys.h"
#include "subscriber_config.h"

#define SQN_MAX 0xffffffffffffULL /* 48 bits (TS 33.102 6.3) */

struct subscriber_store;

/** Keys of one SIM. */
struct subscriber_keys {
    struct usim_k k;
    struct usim_opc opc;
};

/** Values are constant but for sqn, last_rand and challenged; see subscriber_next_sqn() and subscriber_resynchronise().
 */
struct subscriber {
    const struct subscriber_keys *keys;
    uint64_t sqn; /* of the last challenge */
    uint8_t last_rand[16];
    bool challenged; /* last_rand is set */
    bool akma_allowed;
    bool provisioned; /* by subscriber_store_put(), not by the configuration */
    uint8_t amf[2];
    char rid[AKMA_RID_MAX + 1];
    const char *supi, *gpsi, *home_realm;
};

/** Room for @p subscribers. */
enum msgin5g_err subscriber_store_create(size_t subscribers, struct subscriber_store **out);
/** Wipe and release. NULL is allowed. */
void subscriber_store_free(struct subscriber_store *store);
/**
 * Add one that subscriber_config_check() found right.
 * @return MSGIN5G_OK, ERR_DUPLICATE (SUPI is there already), ERR_LIMIT, ERR_CONFIG (keys), ERR_NO_MEMORY.
 */
enum msgin5g_err subscriber_store_add(struct subscriber_store *store, const struct subscriber_config *config);
/**
 * Add or replace one that did not come from the configuration; subscriber_config_problem() found nothing. One that is
 * replaced keeps its last challenge if its keys stay.
 *
 * @return MSGIN5G_OK, ERR_LIMIT, ERR_CONFIG (keys), ERR_NO_MEMORY: then nothing has changed.
 */
enum msgin5g_err subscriber_store_put(struct subscriber_store *store, const struct subscriber_config *config);
/** Wipe and forget one. @return MSGIN5G_OK or ERR_NOT_FOUND. */
enum msgin5g_err subscriber_store_remove(struct subscriber_store *store, const char *supi);
/** What it is made of, in @p out, OPc instead of OP; strings are the caller's, config_free() with
 * subscriber_config_keys. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err subscriber_to_config(const struct subscriber *subscriber, struct subscriber_config *out);
/** NULL when there is none; the subscriber is the store's. */
struct subscriber *subscriber_store_find(struct subscriber_store *store, const char *supi);
/**
 * After a reload: take over SQN and the last challenge of subscribers that @p older knows too, and those of @p older
 * that were put there and are not in this one.
 *
 * @return MSGIN5G_OK, ERR_LIMIT or ERR_NO_MEMORY.
 */
enum msgin5g_err subscriber_store_inherit(struct subscriber_store *store, const struct subscriber_store *older);
/** Call @p run for each. */
void subscriber_store_each(
    struct subscriber_store *store, void (*run)(void *ctx, const struct subscriber *one), void *ctx);
size_t subscriber_store_count(const struct subscriber_store *store);

/** Move SQN on for a new challenge with @p rand. @return MSGIN5G_OK, or ERR_LIMIT when the 48 bits are used up. */
enum msgin5g_err subscriber_next_sqn(struct subscriber *subscriber, const uint8_t rand[16], uint8_t sqn[6]);
/**
 * Take over SQN_MS of a verified AUTS. Only once, and only for the last challenge: an old AUTS must not turn SQN back.
 * @return MSGIN5G_OK, or ERR_AUTHENTICATION when @p rand is not that of the last challenge.
 */
enum msgin5g_err subscriber_resynchronise(struct subscriber *subscriber, const uint8_t rand[16], uint64_t sqn_ms);

#endif
