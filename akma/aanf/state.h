/* What of the AAnF survives a restart, when state_file is configured: AKMA contexts, expiry times of K_AF, the SQN of
 * subscribers, and those subscribers that the configuration does not hold; always sealed. */
#ifndef AANF_STATE_H
#define AANF_STATE_H

#include "context_store.h"
#include "subscriber_store.h"

struct state;

struct state_config {
    const char *path, *key_path;
    struct context_store *contexts;
    struct subscriber_store *const *subscribers; /* the one in use: it is replaced at SIGHUP */
};

/**
 * Read the file into the (empty) stores, begin a new one, and write every change of the contexts from then on.
 *
 * @return MSGIN5G_OK; ERR_CONFIG (key file), ERR_AUTHENTICATION (the key does not fit or the file was changed),
 * ERR_MALFORMED, ERR_IO, ERR_NO_MEMORY: the log says more, and the file is untouched.
 */
enum msgin5g_err state_create(const struct state_config *config, struct state **out);
/** NULL is allowed, here and below: there is no state file. */
void state_free(struct state *state);
/** The SQN of @p subscriber changed. */
void state_keep_sqn(struct state *state, const struct subscriber *subscriber);
/** A provisioned subscriber came or changed. */
void state_keep_subscriber(struct state *state, const struct subscriber *subscriber);
/** A provisioned subscriber is gone. */
void state_drop_subscriber(struct state *state, const char *supi);

/** True when the file holds 64 hexadecimal digits and nobody but the owner may read it; *@p problem says why not. */
bool state_key_usable(const char *path, const char **problem);

#endif
