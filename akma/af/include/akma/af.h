/* AKMA AF role: turns the A-KID a UE presents in DTLS into K_AF (TS 33.535 clause 6.2). */
#ifndef AKMA_AF_H
#define AKMA_AF_H

#include "akma/a_kid.h"
#include "akma/keys.h"
#include "base/loop.h"
#include "base/metrics.h"
#include "tls/stream.h"

struct akma_af; /* fields live in af.c */

struct akma_af_config {
    const char *aanf_url;    /* "https://host:port"; the API is under /naanf-akma/v1 */
    struct tls_context *tls; /* borrowed for the AF's life */
    /* Where the AAnF may redirect to besides itself, "https://host:port" each; borrowed for the call. */
    const char *const *redirect_urls;
    size_t redirect_url_count;
    /* Token endpoint of the NRF, "https://host:port/oauth2/token" (the path may be left out); NULL: no tokens. */
    const char *token_url;
    const char *nf_instance_id; /* UUID of this AF; needed with token_url; NULL or "": none */
    const char *token_scope;    /* NULL: all that ApplicationKey_Get can need */
    const char *notif_uri;   /* where the AAnF posts ServiceDisableNotif; "" or NULL: nowhere; borrowed for the call */
    int64_t deadline_ms;     /* of one request; default 2000 (section 4.5 of the AKMA digest) */
    size_t cache_entries;    /* keys kept at most; default 100000; the least recently used goes first */
    size_t pending;          /* requests in flight at most; default 10000 */
    int64_t negative_ms;     /* how long a refusal is remembered: 0 (not at all) to 5000 */
    struct metrics *metrics; /* msgin5g_aanf_requests_total{result=...}, ..._seconds; NULL: none */
};

/** Which key: each combination is another one. Borrowed for the call. */
struct akma_af_ref {
    struct msgin5g_str a_kid; /* 1 to AKMA_A_KID_MAX octets */
    const char *fqdn;         /* lower case */
    struct ua_id ua_id;
};

struct akma_af_key {
    struct k_af k_af;
    int64_t expiry_s;                 /* seconds since 1970-01-01 UTC */
    char identity[AKMA_SUPI_MAX + 1]; /* SUPI ("imsi-...") or GPSI ("msisdn-...") from the AAnF; "" when it gave none */
};
static inline void akma_af_key_wipe(struct akma_af_key *key)
{
    secret_wipe(key, sizeof *key);
}

/** Runs on the loop exactly once; on MSGIN5G_OK the key is in the cache. Else ERR_UNKNOWN_A_KID, ERR_AF_NOT_ALLOWED,
 * ERR_TIMEOUT or ERR_AANF. */
typedef void akma_af_done_fn(void *ctx, enum msgin5g_err err);

/** Create the AF role; @p config is copied. @p out is set only on MSGIN5G_OK; release it with akma_af_free(). */
enum msgin5g_err akma_af_create(struct loop *loop, const struct akma_af_config *config, struct akma_af **out);
/** Wipe every cached key and release @p af; fetches still open are answered with ERR_CLOSED. NULL is allowed. */
void akma_af_free(struct akma_af *af);

/**
 * Find K_AF for one UE in the cache; never waits.
 *
 * @param out K_AF, its expiry and the SUPI or GPSI; the caller wipes it.
 * @return MSGIN5G_OK; ERR_UNKNOWN_A_KID or ERR_AF_NOT_ALLOWED (cached refusal), or ERR_NOT_CACHED, with @p out
 * untouched.
 */
enum msgin5g_err akma_af_lookup(struct akma_af *af, const struct akma_af_ref *ref, struct akma_af_key *out);

/**
 * Ask the AAnF (Naanf_AKMA_ApplicationKey_Get, TS 29.535 clause 4.2.2.3); one request in flight per reference.
 *
 * @return MSGIN5G_OK (then @p done runs exactly once, never inside this call), ERR_LIMIT (too many wait, or the AAnF
 * asked for a pause with 429 or 503), ERR_INVALID (empty or over-long A-KID or FQDN) or ERR_NO_MEMORY.
 */
enum msgin5g_err akma_af_fetch(struct akma_af *af, const struct akma_af_ref *ref, akma_af_done_fn *done, void *ctx);
/** Forget everything about @p a_kid (context removal, service disablement), in any case of its realm; a key the AAnF is
 * being asked for is not taken any more. @return false when nothing was known or asked. */
bool akma_af_forget(struct akma_af *af, struct msgin5g_str a_kid);
/** Make new connections for requests from now on, after tls_context_reload(); what is in flight ends on the old ones.
 */
void akma_af_renew(struct akma_af *af);
/** True when the last request reached the AAnF, none was made yet, or it has answered a probe since (for /readyz). */
bool akma_af_healthy(const struct akma_af *af);

#endif
