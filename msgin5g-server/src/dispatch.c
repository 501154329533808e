#include "dispatch.h"

#include "audit.h"
#include "base/log.h"
#include "bulk.h"
#include "segments.h"
#include "ue_messages.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define BURST_SECONDS      2 /* a UE may send what it may send in this time at once */
#define RATE_LIMIT_MAX_AGE 1
#define OVERLOAD_MAX_AGE   10

struct handler {
    bool before_registration; /* may the originator be one that is not registered? */
    bool no_originator;       /* it names none: whoever is at the other end */
    request_handler_fn *run;
};

/* TS 24.538 7.1. A UE never sends MSGRESP. */
static const struct handler handlers[MSGIN5G_TYPE_COUNT] = {
    [MSGIN5G_TYPE_REG] = { .before_registration = true, .run = registration_on_reg },
    [MSGIN5G_TYPE_DEREG] = { .before_registration = true, .run = registration_on_dereg },
    [MSGIN5G_TYPE_MSG] = { .run = ue_messages_on_message },
    [MSGIN5G_TYPE_IMDN] = { .run = ue_messages_on_message },
    [MSGIN5G_TYPE_SEGREC] = { .no_originator = true, .run = segments_on_recovery },
    [MSGIN5G_TYPE_SEGCONFIR] = { .no_originator = true, .run = segments_on_confirmation },
    [MSGIN5G_TYPE_BREG] = { .run = bulk_on_breg },
};
static const struct handler bulk_dereg = { .run = bulk_on_dereg }; /* told by its list (TS 24.538 6.3.4.3.5) */

struct dispatch {
    struct loop *loop;
    struct dispatch_config config;
    struct services services;
    struct server_metrics *metrics;
    struct log_limit spoofed_lines;
    size_t deferred; /* answers owed */
    struct rate_bucket requests;
    struct reply reply; /* of the request in hand, as is the next */
    struct msgin5g_service_id originator;
};

struct request_later {
    struct dispatch *dispatch;
    struct transport_deferred *deferred;
    enum msgin5g_type type;
    struct msgin5g_service_id originator;
};

enum msgin5g_err dispatch_create(struct loop *loop, const struct dispatch_config *config,
    const struct services *services, struct server_metrics *metrics, struct dispatch **out)
{
    struct dispatch *dispatch = calloc(1, sizeof *dispatch);
    if (dispatch == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    dispatch->loop = loop;
    dispatch->config = *config;
    dispatch->services = *services;
    dispatch->metrics = metrics;
    *out = dispatch;
    return MSGIN5G_OK;
}

static void forget_reply(struct reply *reply)
{
    free(reply->large);
    reply->large = NULL;
    reply->code = 0;
    reply->length = 0;
    reply->later = false;
}

void dispatch_free(struct dispatch *dispatch)
{
    if (dispatch != NULL)
        forget_reply(&dispatch->reply);
    free(dispatch);
}

/* The server's URI as one Uri-Path option: scheme, one of our names, perhaps a port and our path (EC-1). */
static bool is_own_uri(const struct dispatch_config *config, const char *path)
{
    const char *authority = strstr(path, "://");
    if (authority == NULL || strncmp(path, "coap", 4) != 0)
        return false;
    authority += 3;
    size_t host_length = strcspn(authority, ":/");
    const char *rest = authority + host_length;
    if (*rest == ':')
        rest += 1 + strspn(rest + 1, "0123456789");
    if (*rest == '/')
        rest++;
    if (*rest != '\0' && strcmp(rest, config->path) != 0)
        return false;
    for (size_t i = 0; i < config->fqdn_count; i++) {
        if (strlen(config->fqdns[i]) == host_length && strncasecmp(config->fqdns[i], authority, host_length) == 0)
            return true;
    }
    return false;
}

/* Topics lie below the path of the service (EC-1). @return NULL when this is no GET that observes one. */
static const char *topic_of(const struct dispatch *dispatch, const struct incoming *incoming)
{
    size_t length = strlen(dispatch->config.path);
    if (incoming->method != TRANSPORT_GET || incoming->observe == TRANSPORT_OBSERVE_NONE || incoming->path == NULL ||
        strncmp(incoming->path, dispatch->config.path, length) != 0 || incoming->path[length] != '/')
        return NULL;
    return incoming->path + length + 1;
}

static enum msgin5g_err check_target(const struct dispatch *dispatch, const struct incoming *incoming)
{
    const char *path = incoming->path;
    if (topic_of(dispatch, incoming) != NULL)
        return MSGIN5G_OK;
    bool ours = path != NULL &&
                (*path == '\0' || strcmp(path, dispatch->config.path) == 0 || is_own_uri(&dispatch->config, path));
    if (!ours)
        return MSGIN5G_ERR_NOT_FOUND;
    /* Nothing of ours but topics can be read with GET, and those only observed (digest, section 2.4). */
    if (incoming->method == TRANSPORT_GET)
        return MSGIN5G_ERR_NOT_FOUND;
    if (incoming->method != TRANSPORT_POST)
        return MSGIN5G_ERR_METHOD;
    if (incoming->format != TRANSPORT_FORMAT_NONE && incoming->format != TRANSPORT_FORMAT_JSON)
        return MSGIN5G_ERR_UNSUPPORTED_FORMAT;
    return MSGIN5G_OK;
}

static void warn_of_spoofing(
    struct dispatch *dispatch, const struct peer *peer, const char *type, const struct msgin5g_service_id *id)
{
    char originator[LOG_IDENTITY_LEN], identity[LOG_IDENTITY_LEN];
    unsigned left_out;
    metric_add(dispatch->metrics->spoofed, 1);
    if (log_limit_take(&dispatch->spoofed_lines, loop_now_ms(dispatch->loop), &left_out))
        log_warning("refused: originator is somebody else type=%s originator=%s identity=%s left_out=%u", type,
            log_identity(id->text, originator),
            log_identity(peer->identity != NULL ? peer->identity : "none", identity), left_out);
}

static enum msgin5g_err authorise(struct dispatch *dispatch, const struct request *request)
{
    /* An AS does not speak over MSGin5G-1. */
    enum msgin5g_err err =
        request->message->ori.type != MSGIN5G_ADDR_UE
            ? MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR
            : registrations_authorise(dispatch->services.registrations, request->peer, &request->originator);
    if (err == MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR)
        warn_of_spoofing(dispatch, request->peer, msgin5g_type_text(request->message->type), &request->originator);
    if (err != MSGIN5G_OK)
        delivery_reject(dispatch->services.delivery, request->peer, request->message, err);
    return err;
}

static enum msgin5g_err handle(struct dispatch *dispatch, struct request *request)
{
    bool is_bulk_dereg = request->message->type == MSGIN5G_TYPE_DEREG && request->message->entry_count > 0;
    const struct handler *handler = is_bulk_dereg ? &bulk_dereg : &handlers[request->message->type];
    if (handler->run == NULL)
        return MSGIN5G_ERR_MALFORMED;
    if (handler->no_originator)
        return handler->run(&dispatch->services, request, &dispatch->reply);
    enum msgin5g_err err = msgin5g_service_id_parse(request->message->ori.addr, &request->originator);
    if (err == MSGIN5G_OK && !handler->before_registration)
        err = authorise(dispatch, request);
    return err == MSGIN5G_OK ? handler->run(&dispatch->services, request, &dispatch->reply) : err;
}

/* A message that cannot be read is also answered with MSGRESP when it is clear whose it was (section 2.4). */
static void reject_unreadable(
    struct dispatch *dispatch, struct peer *peer, const struct msgin5g_message *partial, enum msgin5g_err err)
{
    struct msgin5g_service_id originator;
    bool is_message = partial->type == MSGIN5G_TYPE_MSG || partial->type == MSGIN5G_TYPE_IMDN;
    if (is_message && partial->msg_id.length > 0 && partial->ori.type == MSGIN5G_ADDR_UE &&
        msgin5g_service_id_parse(partial->ori.addr, &originator) == MSGIN5G_OK &&
        registrations_authorise(dispatch->services.registrations, peer, &originator) == MSGIN5G_OK)
        delivery_reject(dispatch->services.delivery, peer, partial, err);
}

static enum msgin5g_err decode_and_handle(struct dispatch *dispatch, struct peer *peer, const struct incoming *incoming,
    enum msgin5g_type *type, const char **detail)
{
    struct msgin5g_message message, partial;
    bool may_be_bulk = registrations_is_gateway(dispatch->services.registrations, peer);
    enum msgin5g_err err = (may_be_bulk ? msgin5g_bulk_decode : msgin5g_message_decode)(
        (const uint8_t *)incoming->body.octets, incoming->body.length, &message, &partial, detail);
    if (err != MSGIN5G_OK) {
        *type = partial.type;
        reject_unreadable(dispatch, peer, &partial, err);
        msgin5g_message_free(&partial);
        return err;
    }
    struct request request = { .peer = peer,
        .message = &message,
        .body = incoming->body,
        .confirmable = incoming->confirmable,
        .dispatch = dispatch,
        .transport = incoming->transport };
    *type = message.type;
    err = handle(dispatch, &request);
    if (err != MSGIN5G_OK)
        dispatch->originator = request.originator;
    msgin5g_message_free(&partial);
    msgin5g_message_free(&message);
    return err;
}

static enum msgin5g_err handle_topic(
    struct dispatch *dispatch, struct peer *peer, const struct incoming *incoming, const char *topic)
{
    struct subscription_request request = { .peer = peer,
        .topic = msgin5g_str(topic),
        .observe = incoming->observe,
        .format = incoming->format,
        .body = incoming->body,
        .expire_time = incoming->expire_time,
        .transport = incoming->transport };
    enum msgin5g_err err =
        subscriptions_on_get(&dispatch->services, &request, dispatch->config.observe, &dispatch->reply);
    if (err == MSGIN5G_ERR_UNAUTHORIZED_ORIGINATOR)
        warn_of_spoofing(dispatch, peer, incoming->observe == TRANSPORT_OBSERVE_BEGIN ? "SUBSCRIBE" : "UNSUBSCRIBE",
            &request.subscriber);
    return err;
}

/* A request that was answered at once, or at last. */
static void fill_answer(
    const struct reply *reply, enum msgin5g_err err, const char *detail, struct transport_answer *answer)
{
    *answer = (struct transport_answer){ .format = TRANSPORT_FORMAT_NONE, .max_age_s = -1 };
    answer->code = reply->code != 0 ? reply->code : msgin5g_err_coap_code(err);
    if (reply->length > 0) {
        answer->format = TRANSPORT_FORMAT_JSON;
        answer->body = reply->large != NULL ? reply->large : reply->body;
        answer->length = reply->length;
    } else if (answer->code >> 5 == 4) {
        /* A diagnostic payload has no Content-Format (RFC 7252 5.5.2). */
        answer->body = *detail != '\0' ? detail : msgin5g_err_text(err);
        answer->length = strlen(answer->body);
    }
    if (err == MSGIN5G_ERR_RATE_LIMITED)
        answer->max_age_s = RATE_LIMIT_MAX_AGE;
    else if (answer->code == MSGIN5G_COAP_CODE(5, 3))
        answer->max_age_s = OVERLOAD_MAX_AGE;
}

bool request_may_defer(const struct request *request)
{
    return request->dispatch->deferred < request->dispatch->config.deferred;
}

struct request_later *request_defer(const struct request *request, struct reply *reply)
{
    struct dispatch *dispatch = request->dispatch;
    struct request_later *later = malloc(sizeof *later);
    if (later == NULL)
        return NULL;
    *later = (struct request_later){ dispatch, dispatch->config.defer(request->transport), request->message->type,
        request->originator };
    if (later->deferred == NULL) {
        free(later);
        return NULL;
    }
    dispatch->deferred++;
    reply->later = true;
    return later;
}

/* Of a request that was answered later the session may be gone, and who it was with it. */
static void audit_request(struct dispatch *dispatch, enum msgin5g_type type, enum msgin5g_err err, const char *identity,
    const char *originator)
{
    const struct audit_refusal refusal = { .what = type == MSGIN5G_TYPE_COUNT ? "request" : msgin5g_type_text(type),
        .err = err,
        .identity = identity,
        .originator = originator };
    if (err != MSGIN5G_OK)
        audit_refused(dispatch->services.audit, &refusal);
}

void request_answer(struct request_later *later, enum msgin5g_err err, uint8_t code)
{
    struct dispatch *dispatch = later->dispatch;
    struct reply reply = { .code = code };
    struct transport_answer answer;
    fill_answer(&reply, err, "", &answer);
    server_metrics_request(dispatch->metrics, later->type, err);
    audit_request(dispatch, later->type, err, NULL, later->originator.text);
    dispatch->deferred--;
    dispatch->config.respond(later->deferred, &answer);
    free(later);
}

/* Load is shed here, before anything is read: first of who sends too much, then of all (4.29, 5.03 and Max-Age). */
static enum msgin5g_err check_rate(struct dispatch *dispatch, struct peer *peer)
{
    int64_t own = dispatch->config.requests_per_second, all = dispatch->config.requests_in_all;
    int64_t now_ms = loop_now_ms(dispatch->loop);
    if (!rate_bucket_take(&peer->requests, own, own * BURST_SECONDS, now_ms))
        return MSGIN5G_ERR_RATE_LIMITED;
    return rate_bucket_take(&dispatch->requests, all, all, now_ms) ? MSGIN5G_OK : MSGIN5G_ERR_OVERLOADED;
}

bool dispatch_request(
    struct dispatch *dispatch, struct peer *peer, const struct incoming *incoming, struct transport_answer *answer)
{
    enum msgin5g_type type = MSGIN5G_TYPE_COUNT;
    const char *detail = "";
    forget_reply(&dispatch->reply);
    dispatch->originator.text[0] = '\0';
    enum msgin5g_err err = check_rate(dispatch, peer);
    if (err == MSGIN5G_OK)
        err = check_target(dispatch, incoming);
    const char *topic = topic_of(dispatch, incoming);
    if (err == MSGIN5G_OK && topic != NULL)
        err = handle_topic(dispatch, peer, incoming, topic);
    else if (err == MSGIN5G_OK)
        err = decode_and_handle(dispatch, peer, incoming, &type, &detail);
    if (dispatch->reply.later)
        return false;
    server_metrics_request(dispatch->metrics, type, err);
    audit_request(
        dispatch, type, err, peer->identity, *dispatch->originator.text != '\0' ? dispatch->originator.text : NULL);
    fill_answer(&dispatch->reply, err, detail, answer);
    return true;
}
