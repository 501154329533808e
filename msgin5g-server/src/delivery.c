#include "delivery.h"

#include "base/log.h"
#include "duplicates.h"
#include "reports.h"

#include <stdlib.h>
#include <string.h>

#define DELIVERY_RETRIES 2 /* after the retransmissions of CoAP (EC-30) */

struct delivery {
    struct loop *loop;
    struct delivery_config config;
    const struct router *router;
    struct registrations *registrations;
    struct server_metrics *metrics;
    struct recent *duplicates;
    struct recent *reports;
    uint8_t scratch[MSGIN5G_MESSAGE_MAX]; /* one message at a time is encoded here, then handed to the transport */
};

/* A confirmable message until the recipient has acknowledged it. */
struct outgoing {
    struct delivery *delivery;
    struct peer *peer; /* to whose session it went last */
    enum msgin5g_type type;
    unsigned tries_left;
    const char *recipient;  /* "": a MSGRESP, about which nobody is told */
    const char *originator; /* who is told when it fails */
    const char *message_id;
    uint8_t *body; /* kept for another try */
    size_t length;
    char text[]; /* the three texts, then the body */
};

enum msgin5g_err delivery_create(struct loop *loop, const struct delivery_config *config, const struct router *router,
    struct registrations *registrations, struct server_metrics *metrics, struct delivery **out)
{
    struct delivery *delivery = calloc(1, sizeof *delivery);
    if (delivery == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    delivery->loop = loop;
    delivery->config = *config;
    delivery->router = router;
    delivery->registrations = registrations;
    delivery->metrics = metrics;
    enum msgin5g_err err = recent_create(config->duplicates, DUPLICATES_WINDOW_S, &delivery->duplicates);
    if (err == MSGIN5G_OK)
        err = recent_create(config->reports, REPORTS_WINDOW_S, &delivery->reports);
    if (err != MSGIN5G_OK) {
        delivery_free(delivery);
        return err;
    }
    *out = delivery;
    return MSGIN5G_OK;
}

void delivery_free(struct delivery *delivery)
{
    if (delivery == NULL)
        return;
    recent_free(delivery->duplicates);
    recent_free(delivery->reports);
    free(delivery);
}

/* Seconds that do not go back, for what is remembered. */
static int64_t now_s(const struct delivery *delivery)
{
    return loop_now_ms(delivery->loop) / 1000;
}

static char *put_text(char **at, struct msgin5g_str text)
{
    char *place = *at;
    if (text.length > 0)
        memcpy(place, text.octets, text.length);
    place[text.length] = '\0';
    *at += text.length + 1;
    return place;
}

/* One encoded message about to go out; borrowed. */
struct parcel {
    enum msgin5g_type type;
    struct msgin5g_str recipient, originator, message_id;
    const uint8_t *body;
    size_t length;
    bool confirmable;
};

static struct outgoing *outgoing_new(struct delivery *delivery, const struct parcel *parcel)
{
    size_t texts = parcel->recipient.length + parcel->originator.length + parcel->message_id.length + 3;
    struct outgoing *outgoing = malloc(sizeof *outgoing + texts + parcel->length);
    if (outgoing == NULL)
        return NULL;
    char *at = outgoing->text;
    outgoing->delivery = delivery;
    outgoing->type = parcel->type;
    outgoing->tries_left = DELIVERY_RETRIES;
    outgoing->recipient = put_text(&at, parcel->recipient);
    outgoing->originator = put_text(&at, parcel->originator);
    outgoing->message_id = put_text(&at, parcel->message_id);
    outgoing->body = memcpy(at, parcel->body, parcel->length);
    outgoing->length = parcel->length;
    return outgoing;
}

static transport_done_fn outgoing_done;

/* What the transport says, as the sender of the message is told it. */
static enum msgin5g_err as_cause(enum msgin5g_err err)
{
    if (err == MSGIN5G_ERR_LIMIT)
        return MSGIN5G_ERR_QUEUE_FULL;
    return err == MSGIN5G_ERR_CLOSED ? MSGIN5G_ERR_RECIPIENT_UNAVAILABLE : err;
}

static enum msgin5g_err outgoing_send(struct outgoing *outgoing, struct peer *peer)
{
    struct delivery *delivery = outgoing->delivery;
    struct transport_call call = { TRANSPORT_POST, delivery->config.path, TRANSPORT_FORMAT_JSON, outgoing->body,
        outgoing->length, true };
    if (peer->in_flight >= delivery->config.in_flight)
        return MSGIN5G_ERR_QUEUE_FULL;
    enum msgin5g_err err = delivery->config.send(peer->session, &call, outgoing_done, outgoing);
    if (err != MSGIN5G_OK)
        return as_cause(err);
    outgoing->peer = peer;
    peer->in_flight++;
    return MSGIN5G_OK;
}

/* Once encoded, once copied (by the transport); confirmable ones keep the octets for another try. */
static enum msgin5g_err send_parcel(struct delivery *delivery, struct peer *peer, const struct parcel *parcel)
{
    if (!parcel->confirmable) {
        struct transport_call call = { TRANSPORT_POST, delivery->config.path, TRANSPORT_FORMAT_JSON, parcel->body,
            parcel->length, false };
        enum msgin5g_err err = delivery->config.send(peer->session, &call, NULL, NULL);
        if (err == MSGIN5G_OK)
            server_metrics_delivery(delivery->metrics, parcel->type, SERVER_OUTCOME_SENT);
        return as_cause(err);
    }
    struct outgoing *outgoing = outgoing_new(delivery, parcel);
    if (outgoing == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = outgoing_send(outgoing, peer);
    if (err != MSGIN5G_OK)
        free(outgoing);
    return err;
}

/* MSGRESP "failure" (TS 24.538 6.4.1.2.2 e, 7.3.4.3) as a new request, confirmable (EC-30b). */
static void send_failure(struct delivery *delivery, struct peer *peer, struct msgin5g_str originator,
    struct msgin5g_str message_id, enum msgin5g_err err)
{
    uint8_t body[2 * MSGIN5G_SERVICE_ID_MAX + 512];
    size_t length;
    struct msgin5g_message response = msgin5g_message_init(MSGIN5G_TYPE_MSGRESP);
    response.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, originator };
    response.msg_id = message_id;
    response.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    response.cause = msgin5g_str(msgin5g_err_cause(err));
    if (msgin5g_message_encode(&response, body, sizeof body, &length) != MSGIN5G_OK)
        return;
    struct parcel parcel = { .type = MSGIN5G_TYPE_MSGRESP, .body = body, .length = length, .confirmable = true };
    if (send_parcel(delivery, peer, &parcel) != MSGIN5G_OK)
        server_metrics_delivery(delivery->metrics, MSGIN5G_TYPE_MSGRESP, SERVER_OUTCOME_FAILED);
}

void delivery_reject(
    struct delivery *delivery, struct peer *peer, const struct msgin5g_message *message, enum msgin5g_err err)
{
    if (message->ori.addr.length > 0 && message->msg_id.length > 0)
        send_failure(delivery, peer, message->ori.addr, message->msg_id, err);
}

static struct peer *peer_of(const struct delivery *delivery, const char *service_id)
{
    struct msgin5g_service_id id;
    if (msgin5g_service_id_parse(msgin5g_str(service_id), &id) != MSGIN5G_OK)
        return NULL;
    struct registration *registration = registrations_find(delivery->registrations, &id);
    return registration != NULL ? registration->peer : NULL;
}

/* The recipient's session may be another one by now (EC-2). */
static bool try_again(struct outgoing *outgoing)
{
    if (*outgoing->recipient == '\0' || outgoing->tries_left == 0)
        return false;
    outgoing->tries_left--;
    struct peer *peer = peer_of(outgoing->delivery, outgoing->recipient);
    if (peer == NULL || outgoing_send(outgoing, peer) != MSGIN5G_OK)
        return false;
    server_metrics_delivery(outgoing->delivery->metrics, outgoing->type, SERVER_OUTCOME_RETRIED);
    return true;
}

static void give_up(struct outgoing *outgoing)
{
    struct delivery *delivery = outgoing->delivery;
    log_debug("not delivered type=%s message_id=%s recipient=%s", msgin5g_type_text(outgoing->type),
        outgoing->message_id, log_identity(outgoing->recipient, (char[LOG_IDENTITY_LEN]){ 0 }));
    server_metrics_delivery(delivery->metrics, outgoing->type, SERVER_OUTCOME_FAILED);
    if (*outgoing->originator == '\0')
        return;
    struct peer *peer = peer_of(delivery, outgoing->originator);
    if (peer != NULL)
        send_failure(delivery, peer, msgin5g_str(outgoing->originator), msgin5g_str(outgoing->message_id),
            MSGIN5G_ERR_RECIPIENT_UNAVAILABLE);
}

/* Acknowledged is delivered (EC-30), unless the UE said with an error code that it did not take the message. */
static void outgoing_done(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct outgoing *outgoing = ctx;
    if (outgoing->peer->in_flight > 0)
        outgoing->peer->in_flight--;
    if (err == MSGIN5G_OK && result->code >> 5 == 2)
        server_metrics_delivery(outgoing->delivery->metrics, outgoing->type, SERVER_OUTCOME_DELIVERED);
    else if (err != MSGIN5G_OK && try_again(outgoing))
        return;
    else
        give_up(outgoing);
    free(outgoing);
}

/* The copy a recipient gets: as received, without priority and store-and-forward (TS 24.538 6.4.1.2.6 c). */
static enum msgin5g_err send_copy(
    struct delivery *delivery, const struct request *request, const struct route_target *target)
{
    struct msgin5g_message copy = *request->message;
    struct parcel parcel = { .type = copy.type, .message_id = copy.msg_id, .body = delivery->scratch };
    copy.delivery_copy = true;
    copy.ori.addr = (struct msgin5g_str){ request->originator.text, request->originator.length };
    copy.dest.addr = (struct msgin5g_str){ target->recipient.text, target->recipient.length };
    enum msgin5g_err err = msgin5g_message_encode(&copy, delivery->scratch, sizeof delivery->scratch, &parcel.length);
    if (err != MSGIN5G_OK)
        return err;
    parcel.recipient = copy.dest.addr;
    parcel.originator = copy.ori.addr;
    /* IMDN always (6.4.1.2.8), MSG with a report (6.4.1.2.6), segments (EC-30); else as the sender chose to send it. */
    parcel.confirmable =
        copy.type == MSGIN5G_TYPE_IMDN || copy.report_requested || copy.segmented || request->confirmable;
    return send_parcel(delivery, target->registration->peer, &parcel);
}

static void deliver(struct delivery *delivery, const struct request *request, struct route_target *target)
{
    if (target->err == MSGIN5G_OK)
        target->err = send_copy(delivery, request, target);
    if (target->err == MSGIN5G_OK && request->message->type == MSGIN5G_TYPE_MSG && request->message->report_requested)
        reports_expect(
            delivery->reports, request->message->msg_id, &request->originator, &target->recipient, now_s(delivery));
}

/*
 * Ask the router, send to every target. The sender is told by MSGRESP only when every target failed (EC-31); the
 * request itself was fine then and is answered 2.04 (EC-4).
 */
static enum msgin5g_err deliver_all(struct delivery *delivery, const struct request *request, struct reply *reply)
{
    struct route route;
    enum msgin5g_err err = router_find(delivery->router, &request->message->dest, &route);
    if (err == MSGIN5G_ERR_MALFORMED)
        return err;
    for (size_t i = 0; i < route.count; i++) {
        deliver(delivery, request, &route.targets[i]);
        if (i == 0 || route.targets[i].err == MSGIN5G_OK)
            err = route.targets[i].err;
    }
    if (err != MSGIN5G_OK) {
        log_debug("rejected type=%s cause=%s", msgin5g_type_text(request->message->type), msgin5g_err_cause(err));
        delivery_reject(delivery, request->peer, request->message, err);
        reply->code = MSGIN5G_COAP_CODE(2, 4);
    }
    return err;
}

enum msgin5g_err delivery_on_msg(const struct services *services, const struct request *request, struct reply *reply)
{
    struct delivery *delivery = services->delivery;
    struct recent_key key = duplicates_key(delivery->duplicates, &request->originator, request->message);
    enum duplicates_verdict verdict = duplicates_check(delivery->duplicates, key, request->body, now_s(delivery));
    if (verdict != DUPLICATES_NEW) {
        metric_add(delivery->metrics->duplicates, 1);
        return verdict == DUPLICATES_SAME ? MSGIN5G_OK : MSGIN5G_ERR_DUPLICATE;
    }
    enum msgin5g_err err = deliver_all(delivery, request, reply);
    if (err == MSGIN5G_OK)
        duplicates_add(delivery->duplicates, key, request->body, now_s(delivery));
    return err;
}

enum msgin5g_err delivery_on_imdn(const struct services *services, const struct request *request, struct reply *reply)
{
    struct delivery *delivery = services->delivery;
    struct msgin5g_str message_id = request->message->msg_id;
    struct msgin5g_service_id originator;
    if (request->message->dest.type != MSGIN5G_ADDR_UE)
        return deliver_all(delivery, request, reply);
    enum msgin5g_err err = msgin5g_service_id_parse(request->message->dest.addr, &originator);
    if (err != MSGIN5G_OK)
        return err;
    switch (reports_take(delivery->reports, message_id, &originator, &request->originator, now_s(delivery))) {
    case REPORTS_UNKNOWN:
        delivery_reject(delivery, request->peer, request->message, MSGIN5G_ERR_NOT_AUTHORIZED);
        return MSGIN5G_ERR_NOT_AUTHORIZED;
    case REPORTS_REPEATED:
        metric_add(delivery->metrics->duplicates, 1);
        return MSGIN5G_OK;
    case REPORTS_EXPECTED:
        break;
    }
    err = deliver_all(delivery, request, reply);
    if (err != MSGIN5G_OK)
        reports_give_back(delivery->reports, message_id, &originator, &request->originator, now_s(delivery));
    return err;
}
