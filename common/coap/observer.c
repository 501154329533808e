/* Observation from the client's side (RFC 7641): a GET whose exchange stays, since more answers follow. */
#include "internal.h"

static struct exchange *exchange_of(struct transport_observer *observer)
{
    return (struct exchange *)observer;
}

static enum msgin5g_err send_get(struct exchange *exchange, const struct transport_call *call, uint32_t observe)
{
    struct transport_call get = *call;
    if (!exchange_may_send(exchange->session, call))
        return MSGIN5G_ERR_CLOSED;
    get.method = TRANSPORT_GET;
    get.confirmable = true;
    exchange_watch(exchange);
    return exchange_send(exchange, &get, (int)observe);
}

static enum msgin5g_err begin(struct transport_session *session, const struct transport_call *call, uint32_t observe,
    transport_observed_fn *observed, void *ctx, struct transport_observer **out)
{
    if (!exchange_may_send(session, call))
        return MSGIN5G_ERR_CLOSED;
    if (session->exchange_count >= TRANSPORT_EXCHANGES_MAX)
        return MSGIN5G_ERR_LIMIT;
    struct exchange *exchange = exchange_take(session, EXCHANGE_OBSERVER);
    if (exchange == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    exchange->done = NULL; /* as in transport_send(): silent until this call has said yes */
    enum msgin5g_err err = send_get(exchange, call, observe);
    if (err != MSGIN5G_OK) {
        if (exchange->session == session)
            exchange_give(exchange);
        return err;
    }
    exchange->done = observed;
    exchange->ctx = ctx;
    *out = (struct transport_observer *)exchange;
    return MSGIN5G_OK;
}

enum msgin5g_err transport_observe(struct transport_session *session, const struct transport_call *call,
    transport_observed_fn *observed, void *ctx, struct transport_observer **out)
{
    return begin(session, call, COAP_OBSERVE_ESTABLISH, observed, ctx, out);
}

enum msgin5g_err transport_observe_stop(struct transport_session *session, const struct transport_call *call,
    transport_observed_fn *observed, void *ctx, struct transport_observer **out)
{
    return begin(session, call, COAP_OBSERVE_CANCEL, observed, ctx, out);
}

enum msgin5g_err transport_observe_again(struct transport_observer *observer, const struct transport_call *call)
{
    return send_get(exchange_of(observer), call, COAP_OBSERVE_ESTABLISH);
}

enum msgin5g_err transport_observe_end(struct transport_observer *observer, const struct transport_call *call)
{
    return send_get(exchange_of(observer), call, COAP_OBSERVE_CANCEL);
}

void transport_observer_drop(struct transport_observer *observer)
{
    exchange_give(exchange_of(observer));
}
