/* Primary authentication of the emulated UE: 5G AKA against the AUSF emulation (TS 33.501 6.1.3.2; TS 29.509), then
 * K_AKMA and A-KID. */
#ifndef AKMA_PRIMARY_AUTH_H
#define AKMA_PRIMARY_AUTH_H

#include "akma/usim.h"
#include "base/loop.h"
#include "tls/stream.h"

/** What the UE holds after a successful primary authentication (TS 33.535 6.1). */
struct akma_ue_context {
    char a_kid[AKMA_A_KID_MAX + 1];
    struct k_akma k_akma;
};
static inline void akma_ue_context_wipe(struct akma_ue_context *context)
{
    secret_wipe(context, sizeof *context);
}

struct primary_auth_config {
    const char *ausf_url;    /* "https://host:port"; the API is under /nausf-auth/v1 */
    struct tls_context *tls; /* borrowed for the object's life */
    const char *sn_name;
    int64_t deadline_ms; /* of one request; default 2000 */
};
struct primary_auth;
/** @p context only on MSGIN5G_OK, borrowed for the call. Errors: ERR_MAC_FAILURE, ERR_SEPARATION_BIT, ERR_SYNC_FAILURE
 * (after one resynchronisation), ERR_AUTHENTICATION (the AUSF refused RES*), ERR_NOT_FOUND (unknown SUPI),
 * ERR_NOT_AUTHORIZED (no AKMA or network), transport errors. */
typedef void primary_auth_fn(void *ctx, enum msgin5g_err err, const struct akma_ue_context *context);

/** @p usim is borrowed for the object's life. */
enum msgin5g_err primary_auth_create(
    struct loop *loop, const struct primary_auth_config *config, struct usim *usim, struct primary_auth **out);
/** Start one run; @p done runs exactly once on the loop. @return MSGIN5G_OK, ERR_LIMIT when a run is under way,
 * ERR_NO_MEMORY. */
enum msgin5g_err primary_auth_start(struct primary_auth *auth, primary_auth_fn *done, void *ctx);
void primary_auth_free(struct primary_auth *auth);

#endif
