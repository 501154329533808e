/*
 * The Gateway Client (TS 23.554 5.3.3.2): a UE that registers constrained UEs behind it in bulk and passes their
 * messages on, both ways. They reach it over MSGin5G-6: CoAP over DTLS with a key of their own each.
 */
#ifndef MSGIN5G_GATEWAY_H
#define MSGIN5G_GATEWAY_H

#include "msgin5g/client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct msgin5g_gateway;

struct msgin5g_gateway_config {
    const char *address;  /* numeric, where constrained UEs reach it over UDP */
    unsigned short port;  /* 0: any free one, see msgin5g_gateway_port() */
    unsigned hold_s;      /* how long a request that is not urgent and names no time may wait for others; 0: 30 */
    unsigned batch;       /* so many that wait go out at once; 0: 100, at most 1000 */
    unsigned admission_s; /* longest time a gateway registration is accepted for; 0: 86400 */
    size_t max_ues;       /* constrained UEs at most; 0: 1000 */
};

enum msgin5g_gateway_event {
    MSGIN5G_GATEWAY_ADMITTED,     /* its gateway registration was accepted (TS 24.538 6.3.5) */
    MSGIN5G_GATEWAY_HELD,         /* its registration or de-registration waits for others */
    MSGIN5G_GATEWAY_REGISTERED,   /* the server registered it, or did so again */
    MSGIN5G_GATEWAY_REFUSED,      /* the server did not, see the cause */
    MSGIN5G_GATEWAY_DEREGISTERED, /* it is not registered any more */
    MSGIN5G_GATEWAY_LEFT          /* its session or its gateway registration has ended; it will be de-registered */
};

/** What a gateway tells its owner; unused rows may be NULL. None of them may free the gateway or its client. */
struct msgin5g_gateway_events {
    void (*ue)(void *ctx, struct msgin5g_gateway *gateway, const char *ue_service_id, enum msgin5g_gateway_event event,
        struct msgin5g_str cause);
    /** A bulk request was answered: of @p count entries the server granted @p granted. */
    void (*bulk)(void *ctx, struct msgin5g_gateway *gateway, bool deregistration, size_t count, size_t granted);
};

/**
 * Listen for constrained UEs on behalf of @p client, which registers with the server as any other UE; the server's
 * configuration says for whom it may speak. A client has one gateway at most.
 * @return MSGIN5G_OK, ERR_INVALID (also: it has one), ERR_IO (cannot listen), ERR_NO_MEMORY.
 */
MSGIN5G_API enum msgin5g_err msgin5g_gateway_create(struct msgin5g_client *client,
    const struct msgin5g_gateway_config *config, const struct msgin5g_gateway_events *events, void *ctx,
    struct msgin5g_gateway **out);
/** Close all sessions, wipe all keys, release; nobody is de-registered. Freeing the client does it, too. NULL is
 * allowed. */
MSGIN5G_API void msgin5g_gateway_free(struct msgin5g_gateway *gateway);
/** Admit @p ue_service_id, who proves with @p key that it is the one. @return MSGIN5G_OK, ERR_INVALID (no UE Service
 * ID, there already), ERR_LIMIT, ERR_NO_MEMORY. */
MSGIN5G_API enum msgin5g_err msgin5g_gateway_add_ue(
    struct msgin5g_gateway *gateway, const char *ue_service_id, const unsigned char key[MSGIN5G_GATEWAY_KEY_LEN]);
/** Port it listens on. */
MSGIN5G_API unsigned short msgin5g_gateway_port(const struct msgin5g_gateway *gateway);

#ifdef __cplusplus
}
#endif

#endif
