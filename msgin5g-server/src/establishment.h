/*
 * POST /akma: a UE names its A-KID without any protection, and an OSCORE context comes of it (TS 33.535 D.3.2, D.3.5;
 * choice C14). Whether the UE has the key shows only when its first protected request verifies: see contexts.h.
 */
#ifndef ESTABLISHMENT_H
#define ESTABLISHMENT_H

#include "akma/af.h"
#include "akma/oscore.h"
#include "coap/transport.h"
#include "config.h"
#include "reachability.h"
#include "server_metrics.h"

#define ESTABLISHMENT_PATH "akma" /* Uri-Path (D.3.2) */

/** The request as the transport gives it; borrowed for the call. */
struct establishment_request {
    struct transport_request *handle; /* for ops.defer */
    enum transport_method method;
    int format;
    struct msgin5g_str body;
    const char *host;        /* Uri-Host; NULL: none */
    const char *remote;      /* where it came from; nothing vouches for it but */
    struct msgin5g_str echo; /* octets NULL: none */
};

/** What UE and server have agreed on; borrowed for the call. */
struct establishment_grant {
    const char *a_kid;
    int64_t expiry_s;     /* of K_AF, seconds since 1970-01-01 UTC */
    const char *identity; /* SUPI or GPSI, "" for none */
    struct oscore_master_secret secret;
    uint8_t salt[OSCORE_MASTER_SALT_MAX];
    size_t salt_length;
    struct oscore_sid af_sid, ue_sid;
    struct msgin5g_str id_context; /* octets NULL: none */
};

/** What the rest of the server does for it; tests put theirs here. */
struct establishment_ops {
    bool (*id_taken)(void *ctx, const struct oscore_sid *ue_sid);
    /** Be ready for the UE. @return MSGIN5G_OK, ERR_OVERLOADED (too many), ERR_NO_MEMORY or ERR_INTERNAL. */
    enum msgin5g_err (*accept)(void *ctx, const struct establishment_grant *grant);
    /** As transport_request_demand_echo(). */
    void (*demand_echo)(struct transport_request *request, struct msgin5g_str echo);
    struct transport_deferred *(*defer)(struct transport_request *request);
    void (*respond)(struct transport_deferred *deferred, const struct transport_answer *answer);
    void *ctx;
};

struct establishments;

/** Everything is borrowed but @p config and @p ops. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err establishments_create(struct loop *loop, const struct server_config *config,
    const struct establishment_ops *ops, struct akma_af *af, struct server_metrics *metrics,
    struct establishments **out);
/** Free after the AF role, which still calls back. NULL is allowed. */
void establishments_free(struct establishments *establishments);
/**
 * Do what a UE asks for.
 *
 * @param answer its texts are valid until the next call.
 * @return false: answered later, through ops.respond.
 */
bool establishments_handle(struct establishments *establishments, const struct establishment_request *request,
    struct transport_answer *answer);

#endif
