#include "way_ue.h"

#include <stddef.h>

/* What the transport says, as the sender of the message is told it. */
static enum msgin5g_err as_cause(enum msgin5g_err err)
{
    if (err == MSGIN5G_ERR_LIMIT)
        return MSGIN5G_ERR_QUEUE_FULL;
    return err == MSGIN5G_ERR_CLOSED ? MSGIN5G_ERR_RECIPIENT_UNAVAILABLE : err;
}

/* A notification has no answer: acknowledged is delivered. */
static void on_notified(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    (void)result;
    way_done(ctx, err == MSGIN5G_OK ? WAY_DELIVERED : WAY_FAILED);
}

/*
 * 2.05 on the subscriber's observation (TS 24.538 6.4.1.2.6 d 4). What does not fit into one message goes as POST, and
 * so does what has to be acknowledged over TCP: there only an answer is an acknowledgement.
 */
static enum msgin5g_err notify(const struct peer *peer, const struct way_copy *copy, struct way_exchange *exchange)
{
    struct transport_answer answer = { MSGIN5G_COAP_CODE(2, 5), TRANSPORT_FORMAT_JSON, copy->body, copy->length, -1 };
    return peer->way_config->notify(
        copy->observation, &answer, copy->confirmable, exchange != NULL ? on_notified : NULL, exchange);
}

/* Acknowledged is delivered (EC-30), unless the UE said with an error code that it did not take the message. */
static void on_done(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    if (err != MSGIN5G_OK)
        way_done(ctx, WAY_FAILED);
    else
        way_done(ctx, result->code >> 5 == 2 ? WAY_DELIVERED : WAY_REFUSED);
}

static enum msgin5g_err send_to_ue(struct way *way, const struct way_copy *copy, struct way_exchange *exchange)
{
    const struct peer *peer = (struct peer *)((char *)way - offsetof(struct peer, way));
    if (copy->observation != NULL) {
        enum msgin5g_err err = notify(peer, copy, exchange);
        if (err != MSGIN5G_ERR_PAYLOAD_TOO_LARGE && err != MSGIN5G_ERR_INVALID)
            return as_cause(err);
    }
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = peer->way_config->path,
        .format = TRANSPORT_FORMAT_JSON,
        .body = copy->body,
        .length = copy->length,
        .confirmable = copy->confirmable };
    return as_cause(peer->way_config->send(peer->session, &call, exchange != NULL ? on_done : NULL, exchange));
}

void way_ue_init(struct peer *peer, const struct way_ue_config *config)
{
    static const struct way_kind kind = { .send = send_to_ue };
    peer->way = (struct way){ .kind = &kind };
    peer->way_config = config;
}
