/* Primary authentications under way: challenge sent, answer awaited. Bounded, each for a short time. */
#ifndef AANF_AUTH_STORE_H
#define AANF_AUTH_STORE_H

#include "akma/kdf.h"
#include "base/loop.h"

#define AUTH_ID_LEN 32 /* authCtxId: hexadecimal digits of 16 random octets */

struct auth_store;

/** What the answer is judged by; in locked memory, wiped with the authentication. */
struct auth_secret {
    struct res_star xres_star;
    struct k_ausf k_ausf;
};

/** One authentication, borrowed until it is removed or the loop goes on. */
struct authentication {
    const struct auth_secret *secret;
    const char *supi;
    const char *sn_name;
};

/** @p authentications at most, each for @p lifetime_ms. */
enum msgin5g_err auth_store_create(
    struct loop *loop, size_t authentications, int64_t lifetime_ms, struct auth_store **out);
/** NULL is allowed. */
void auth_store_free(struct auth_store *store);
/** Copies everything. @return MSGIN5G_OK, ERR_LIMIT or ERR_NO_MEMORY. */
enum msgin5g_err auth_store_add(
    struct auth_store *store, const struct authentication *authentication, char id[AUTH_ID_LEN + 1]);
/** @return MSGIN5G_OK or ERR_NOT_FOUND (unknown, expired, already confirmed). */
enum msgin5g_err auth_store_find(struct auth_store *store, struct msgin5g_str id, struct authentication *out);
/** Wipe; an unknown id is left alone. */
void auth_store_remove(struct auth_store *store, struct msgin5g_str id);
/** Wipe all of @p supi. */
void auth_store_remove_supi(struct auth_store *store, const char *supi);
size_t auth_store_count(const struct auth_store *store);

#endif
