#include "http_services.h"

#define L3G  "/msgg-l3gdelivery/v1"
#define N3G  "/msgg-n3gdelivery/v1"
#define BMG  "/msgg-bgdelivery/v1"
#define PEER "/msgs-msgdelivery/v1"

static enum msgin5g_err write_message(
    enum api_message_kind kind, const struct msgin5g_message *message, struct push_request *out)
{
    const struct api_message body = { .message = *message, .latency_ms = API_LATENCY_NONE };
    return api_message_encode(kind, &body, out->body, out->capacity, &out->length);
}

static enum msgin5g_err write_report(const struct msgin5g_message *report, struct push_request *out)
{
    return api_report_encode(report, out->body, out->capacity, &out->length);
}

/* That a message failed later than its answer could say: as a report of this server's (EC-42, EC-44). That it was
 * stored is in the answer. */
static enum msgin5g_err write_failure(
    const struct way_http *way, const struct msgin5g_message *response, struct push_request *out)
{
    struct msgin5g_message report = msgin5g_message_init(MSGIN5G_TYPE_IMDN);
    if (response->delivery_status != MSGIN5G_DELIVERY_FAILURE)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    report.ori = (struct msgin5g_address){ MSGIN5G_ADDR_AS, msgin5g_str(way->config->server_id) };
    report.dest = response->ori;
    report.msg_id = response->msg_id;
    report.delivery_status = MSGIN5G_DELIVERY_FAILURE;
    report.cause = response->cause;
    return write_report(&report, out);
}

/* A message, a report, or what has become of a message that was sent from there. */
static enum msgin5g_err write_any(const struct way_http *way, const struct msgin5g_message *message,
    const char *message_operation, const char *report_operation, struct push_request *out)
{
    out->operation = message->type == MSGIN5G_TYPE_MSG ? message_operation : report_operation;
    if (message->type == MSGIN5G_TYPE_MSG)
        return write_message(API_MESSAGE_GATEWAY, message, out);
    return message->type == MSGIN5G_TYPE_IMDN ? write_report(message, out) : write_failure(way, message, out);
}

static enum msgin5g_err write_to_as(
    const struct way_http *way, const struct msgin5g_message *message, struct push_request *out)
{
    return write_any(way, message, "/deliver-message", "/deliver-report", out);
}

static enum msgin5g_err write_to_l3g(
    const struct way_http *way, const struct msgin5g_message *message, struct push_request *out)
{
    return write_any(way, message, L3G "/deliver-message", L3G "/deliver-report", out);
}

static enum msgin5g_err write_to_n3g(
    const struct way_http *way, const struct msgin5g_message *message, struct push_request *out)
{
    return write_any(way, message, N3G "/deliver-message", N3G "/deliver-report", out);
}

/* A broadcast gateway sends no messages, so there is nothing to report to it (TS 29.538 6.4). */
static enum msgin5g_err write_to_bmg(
    const struct way_http *way, const struct msgin5g_message *message, struct push_request *out)
{
    (void)way;
    if (message->type != MSGIN5G_TYPE_MSG)
        return MSGIN5G_ERR_RECIPIENT_UNAVAILABLE;
    out->operation = BMG "/deliver-message";
    return write_message(API_MESSAGE_BROADCAST, message, out);
}

/* As if the originator had asked there itself; what is to be stored waits here until the peer answers. */
static enum msgin5g_err write_to_peer(
    const struct way_http *way, const struct msgin5g_message *message, struct push_request *out)
{
    bool from_as = message->ori.type == MSGIN5G_ADDR_AS;
    out->via = way->config->server_id;
    out->operation = PEER "/deliver-report";
    if (message->type == MSGIN5G_TYPE_IMDN)
        return write_report(message, out);
    if (message->type != MSGIN5G_TYPE_MSG)
        return write_failure(way, message, out);
    out->operation = from_as ? PEER "/deliver-as-message" : PEER "/deliver-ue-message";
    return write_message(from_as ? API_MESSAGE_AS : API_MESSAGE_UE, message, out);
}

/* The peer took the request; what became of the message is in its acknowledgement. */
static enum way_result judge_peer(const struct http_response *response)
{
    struct api_ack ack;
    struct api_problem problem;
    const struct msgin5g_str body = { (const char *)response->body, response->length };
    if (api_ack_decode(body, &ack, &problem) != MSGIN5G_OK)
        return WAY_REFUSED;
    bool failed = ack.status == MSGIN5G_DELIVERY_FAILURE;
    api_ack_free(&ack);
    return failed ? WAY_REFUSED : WAY_DELIVERED;
}

const struct way_http_service http_service_as = { .write = write_to_as };
const struct way_http_service http_service_l3g = { .write = write_to_l3g };
const struct way_http_service http_service_n3g = { .write = write_to_n3g };
const struct way_http_service http_service_bmg = { .write = write_to_bmg };
const struct way_http_service http_service_peer = { .write = write_to_peer, .judge = judge_peer };
