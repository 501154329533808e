#include "subscriptions.h"

#include "base/clock.h"
#include "base/log.h"
#include "registration.h"
#include "topics.h"

#include <stdio.h>

/* EC-27: a GET without a body is for the one UE Service ID that is registered over its session. */
static enum msgin5g_err read_without_body(struct subscription_request *request, int64_t *expires_s)
{
    const struct peer *peer = request->peer;
    if (request->expire_time.length > 0 && clock_parse_rfc3339(request->expire_time, expires_s) != MSGIN5G_OK)
        return MSGIN5G_ERR_MALFORMED;
    if (request->expire_time.length > 0 && *expires_s < 1)
        *expires_s = 1;
    if (peer->registration_count == 0)
        return MSGIN5G_ERR_NOT_REGISTERED;
    return peer->registration_count > 1
               ? MSGIN5G_ERR_MALFORMED
               : msgin5g_service_id_parse(msgin5g_str(peer->registrations->place.id), &request->subscriber);
}

static enum msgin5g_err read_request(struct subscription_request *request, int64_t *expires_s)
{
    struct msgin5g_subscribe body;
    *expires_s = 0;
    if (request->body.length == 0)
        return read_without_body(request, expires_s);
    if (request->format != TRANSPORT_FORMAT_NONE && request->format != TRANSPORT_FORMAT_JSON)
        return MSGIN5G_ERR_UNSUPPORTED_FORMAT;
    enum msgin5g_err err = msgin5g_subscribe_decode((const uint8_t *)request->body.octets, request->body.length, &body);
    if (err != MSGIN5G_OK)
        return err;
    err = msgin5g_service_id_parse(body.ue_service_id, &request->subscriber);
    *expires_s = body.expire_time_s;
    msgin5g_subscribe_free(&body);
    return err;
}

static enum msgin5g_err answer(const struct msgin5g_sub_response *response, struct reply *reply)
{
    reply->code = MSGIN5G_COAP_CODE(2, 5);
    return msgin5g_sub_response_encode(response, reply->body, sizeof reply->body, &reply->length);
}

static enum msgin5g_err fail(enum msgin5g_err err, struct reply *reply)
{
    struct msgin5g_sub_response response = { .status = MSGIN5G_SUB_FAILED,
        .cause = msgin5g_str(msgin5g_err_cause(err)) };
    return answer(&response, reply);
}

static enum msgin5g_err subscribe(const struct services *services, const struct subscription_request *request,
    int64_t expires_s, subscription_observe_fn *observe, struct reply *reply)
{
    struct subscription *subscription;
    bool is_new;
    enum msgin5g_err err =
        topics_subscribe(services->topics, request->topic, &request->subscriber, expires_s, &subscription, &is_new);
    if (err == MSGIN5G_ERR_EXPIRED || err == MSGIN5G_ERR_LIMIT)
        return fail(err, reply);
    if (err != MSGIN5G_OK)
        return err;
    if ((err = observe(request->transport, subscription_observation(subscription))) != MSGIN5G_OK)
        return err;
    subscription_observed(subscription);
    log_debug("subscribed subscriber=%s new=%d", log_identity(request->subscriber.text, (char[LOG_IDENTITY_LEN]){ 0 }),
        is_new);
    struct msgin5g_sub_response response = { .status = is_new ? MSGIN5G_SUB_ADDED : MSGIN5G_SUB_UPDATED,
        .expire_time_s = subscription_expires_s(subscription) };
    return answer(&response, reply);
}

/* Who had not subscribed is told the same: it is not subscribed now (EC-8). */
static enum msgin5g_err unsubscribe(
    const struct services *services, const struct subscription_request *request, struct reply *reply)
{
    struct msgin5g_sub_response response = { .status = MSGIN5G_SUB_DELETED };
    if (topics_unsubscribe(services->topics, request->topic, &request->subscriber))
        log_debug("unsubscribed subscriber=%s", log_identity(request->subscriber.text, (char[LOG_IDENTITY_LEN]){ 0 }));
    return answer(&response, reply);
}

enum msgin5g_err subscriptions_on_get(const struct services *services, struct subscription_request *request,
    subscription_observe_fn *observe, struct reply *reply)
{
    int64_t expires_s;
    request->subscriber = (struct msgin5g_service_id){ .length = 0 };
    if (!msgin5g_topic_valid(request->topic))
        return MSGIN5G_ERR_NOT_FOUND;
    enum msgin5g_err err = read_request(request, &expires_s);
    if (err == MSGIN5G_OK)
        err = registrations_authorise(services->registrations, request->peer, &request->subscriber);
    if (err != MSGIN5G_OK)
        return err;
    return request->observe == TRANSPORT_OBSERVE_BEGIN ? subscribe(services, request, expires_s, observe, reply)
                                                       : unsubscribe(services, request, reply);
}
