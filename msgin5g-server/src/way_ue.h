/* The way to a UE over its session: CoAP POST, or a notification where it observes a topic (TS 24.538 6.4.1.2.6). */
#ifndef WAY_UE_H
#define WAY_UE_H

#include "coap/transport.h"
#include "peer.h"
#include "way.h"

struct way_ue_config {
    /** transport_send(), or what a test puts in its place. */
    enum msgin5g_err (*send)(
        struct transport_session *session, const struct transport_call *call, transport_done_fn *done, void *ctx);
    /** transport_notify(), likewise. */
    enum msgin5g_err (*notify)(struct transport_observation *observation, const struct transport_answer *answer,
        bool confirmable, transport_done_fn *done, void *ctx);
    const char *path; /* Uri-Path of the service at the UE (EC-2) */
};

/** Make the way of @p peer, whose session is set. @p config is borrowed as long as the peer. */
void way_ue_init(struct peer *peer, const struct way_ue_config *config);

#endif
