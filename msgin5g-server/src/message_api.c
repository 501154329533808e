/* MSGS_MSGDelivery (TS 29.538 5.3): messages and reports of application servers, gateways and other servers. */
#include "api_internal.h"

#include <stdlib.h>
#include <string.h>

#define HOPS_MAX 8 /* EC-18 */

/* What went into delivery, until its outcome is known. */
struct submitted {
    struct http_request *request;
    struct api_message message; /* of a message; of a report only message.message is used, */
    struct api_report report;   /* and this is what it points into */
    struct msgin5g_service_id originator;
};

static void submitted_free(struct submitted *submitted)
{
    api_message_free(&submitted->message);
    api_report_free(&submitted->report);
    free(submitted);
}

/* Accepted, stored and failed are all 200 with a status (EC-40); what was wrong with the request is its error. */
static void respond_outcome(struct submitted *submitted, const struct delivery_outcome *outcome)
{
    const struct msgin5g_message *message = &submitted->message.message;
    struct api_ack ack = { .ori = message->ori, .msg_id = message->msg_id };
    uint8_t body[API_ANSWER_SIZE];
    size_t length = 0;
    int status = msgin5g_err_http_status(outcome->err);
    if (outcome->err != MSGIN5G_OK) {
        ack.status = MSGIN5G_DELIVERY_FAILURE;
        ack.cause = msgin5g_str(msgin5g_err_cause(outcome->err));
    } else if (outcome->stored) {
        ack.status = MSGIN5G_DELIVERY_STORED;
    }
    if (status != 200)
        http_respond_problem(
            submitted->request, status, msgin5g_err_cause(outcome->err), msgin5g_err_text(outcome->err));
    else if (api_ack_encode(&ack, body, sizeof body, &length) == MSGIN5G_OK)
        api_respond(submitted->request, 200, body, length);
    else
        http_respond_problem(submitted->request, 500, NULL, NULL);
    submitted_free(submitted);
}

static void on_outcome(void *ctx, const struct delivery_outcome *outcome)
{
    respond_outcome(ctx, outcome);
}

/* ---- who speaks ---- */

enum speaker { SPEAKER_STRANGER, SPEAKER_OWN, SPEAKER_PEER };

/* An application server speaks for itself, a gateway for the UEs behind it, another server for its domains. */
static enum speaker judge(const struct api *api, const struct http_request *request,
    const struct msgin5g_address *originator, const struct msgin5g_service_id *id)
{
    const struct neighbours *neighbours = api->neighbours;
    const struct tls_peer_names *names = http_request_peer(request);
    struct application_server *as = application_servers_find(neighbours->application_servers, id);
    struct gateway *gateway = gateways_of_ue(neighbours->gateways, id);
    struct peer_server *peer = peer_servers_of(neighbours->peers, id);
    if (originator->type == MSGIN5G_ADDR_AS && as != NULL && party_is(application_server_party(as), names))
        return SPEAKER_OWN;
    if (originator->type == MSGIN5G_ADDR_UE && gateway != NULL && party_is(gateway_party(gateway), names))
        return SPEAKER_OWN;
    return peer != NULL && party_is(peer_server_party(peer), names) ? SPEAKER_PEER : SPEAKER_STRANGER;
}

/* Server ids in x-msgin5g-via, separated by commas: ours must not be among them. */
static bool is_loop(const struct api *api, const struct http_request *request)
{
    struct msgin5g_str via = http_request_header(request, "x-msgin5g-via");
    const char *own = api->neighbours->server_id;
    size_t hops = 0, at = 0;
    while (at < via.length) {
        while (at < via.length && (via.octets[at] == ' ' || via.octets[at] == ','))
            at++;
        size_t begin = at;
        while (at < via.length && via.octets[at] != ',')
            at++;
        size_t length = at - begin;
        if (length == 0)
            continue;
        if (++hops > HOPS_MAX || (length == strlen(own) && memcmp(via.octets + begin, own, length) == 0))
            return true;
    }
    return false;
}

/* What came from another server is for somebody here: this server passes nothing on (so no loop can come about). */
static bool stays_here(const struct api *api, const struct msgin5g_message *message)
{
    struct route_target target;
    struct msgin5g_service_id id;
    if (message->dest.type != MSGIN5G_ADDR_UE && message->dest.type != MSGIN5G_ADDR_AS)
        return true;
    if (msgin5g_service_id_parse(message->dest.addr, &id) != MSGIN5G_OK)
        return true;
    router_target(api->router, &id, &target);
    return !target.remote;
}

/* False: the request is answered, @p submitted is gone. */
static bool admit(struct api *api, struct submitted *submitted)
{
    const struct msgin5g_message *message = &submitted->message.message;
    struct http_request *request = submitted->request;
    enum speaker speaker = SPEAKER_STRANGER;
    if (msgin5g_service_id_parse(message->ori.addr, &submitted->originator) == MSGIN5G_OK)
        speaker = judge(api, request, &message->ori, &submitted->originator);
    if (speaker == SPEAKER_OWN)
        return true;
    if (speaker == SPEAKER_STRANGER)
        api_refuse_stranger(api, request, message->ori.addr);
    else if (is_loop(api, request))
        http_respond_problem(request, 508, "LOOP_DETECTED", "x-msgin5g-via");
    else if (stays_here(api, message))
        return true;
    else {
        respond_outcome(submitted, &(struct delivery_outcome){ .err = MSGIN5G_ERR_NO_ROUTE });
        return false;
    }
    submitted_free(submitted);
    return false;
}

/* ---- requests ---- */

typedef enum msgin5g_err decode_fn(struct msgin5g_str body, struct submitted *out, struct api_problem *problem);

static enum msgin5g_err decode_as_message(struct msgin5g_str body, struct submitted *out, struct api_problem *problem)
{
    return api_message_decode(API_MESSAGE_AS, body, &out->message, problem);
}

static enum msgin5g_err decode_ue_message(struct msgin5g_str body, struct submitted *out, struct api_problem *problem)
{
    return api_message_decode(API_MESSAGE_UE, body, &out->message, problem);
}

static enum msgin5g_err decode_report(struct msgin5g_str body, struct submitted *out, struct api_problem *problem)
{
    enum msgin5g_err err = api_report_decode(body, &out->report, problem);
    if (err == MSGIN5G_OK)
        out->message.message = out->report.message;
    return err;
}

static void submit(struct api *api, struct submitted *submitted)
{
    int64_t latency_ms = submitted->message.latency_ms; /* EC-39 */
    const struct submission submission = { .message = &submitted->message.message,
        .originator = &submitted->originator,
        .body = http_request_body(submitted->request),
        .confirmable = true,
        .latency_ms = latency_ms > 0 ? latency_ms : 0 };
    struct delivery_outcome outcome;
    struct delivery_pending *pending = delivery_submit(api->delivery, &submission, &outcome);
    if (pending != NULL)
        delivery_await(pending, on_outcome, submitted);
    else
        respond_outcome(submitted, &outcome);
}

static void take(struct api *api, struct http_request *request, decode_fn *decode)
{
    struct api_problem problem = { "", NULL };
    if (!api_check_format(request))
        return;
    struct submitted *submitted = calloc(1, sizeof *submitted);
    if (submitted == NULL) {
        http_respond_problem(request, 500, NULL, msgin5g_err_text(MSGIN5G_ERR_NO_MEMORY));
        return;
    }
    submitted->request = request;
    enum msgin5g_err err = decode(http_request_body(request), submitted, &problem);
    if (err != MSGIN5G_OK) {
        api_refuse_body(request, err, &problem);
        submitted_free(submitted);
    } else if (admit(api, submitted)) {
        submit(api, submitted);
    }
}

void message_api_on_as_message(void *ctx, struct http_request *request)
{
    take(ctx, request, decode_as_message);
}

void message_api_on_ue_message(void *ctx, struct http_request *request)
{
    take(ctx, request, decode_ue_message);
}

void message_api_on_report(void *ctx, struct http_request *request)
{
    take(ctx, request, decode_report);
}
