/* Requests that came in: one handler for every method and path, answers now or later, duplicates. */
#include "internal.h"

#include "coap/transport_oscore.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define EXCHANGE_LIFETIME_MS 247000 /* RFC 7252 4.8.2 */

/* ---- answers kept for duplicates (libcoap 4.3.5 runs the handler again) ---- */

static struct answer_kept *find_kept(const struct transport_session *session, uint16_t mid, int64_t now_ms)
{
    if (session->answers == NULL)
        return NULL;
    for (unsigned i = 0; i < ANSWERS_KEPT; i++) {
        struct answer_kept *kept = &session->answers->kept[i];
        if (kept->at_ms != 0 && kept->mid == mid && now_ms - kept->at_ms < EXCHANGE_LIFETIME_MS)
            return kept;
    }
    return NULL;
}

static struct answer_kept *keep(struct transport_session *session, uint16_t mid, int64_t now_ms)
{
    if (session->answers == NULL && (session->answers = calloc(1, sizeof *session->answers)) == NULL)
        return NULL;
    struct answer_kept *kept = &session->answers->kept[session->answers->next++ % ANSWERS_KEPT];
    free(kept->body);
    *kept = (struct answer_kept){ .at_ms = now_ms, .mid = mid };
    return kept;
}

/* An answer too large to keep is not said again: its request runs again, as RFC 7252 4.2 allows for. */
static void keep_answer(struct answer_kept *kept, const struct transport_answer *answer, int32_t observe)
{
    if (kept == NULL)
        return;
    if (answer->length > SMALL_BODY || (answer->length > 0 && (kept->body = malloc(answer->length)) == NULL)) {
        kept->at_ms = 0;
        return;
    }
    if (answer->length > 0)
        memcpy(kept->body, answer->body, answer->length);
    kept->length = answer->length;
    kept->state = ANSWER_COMPLETE;
    kept->code = answer->code;
    kept->format = answer->format;
    kept->max_age_s = answer->max_age_s;
    kept->observe = observe;
}

void request_forget_session(struct transport_session *session)
{
    struct transport_deferred *deferred, *next;
    DL_FOREACH_SAFE (session->deferred, deferred, next) {
        DL_DELETE(session->deferred, deferred);
        deferred->path = NULL;
    }
    if (session->answers == NULL)
        return;
    for (unsigned i = 0; i < ANSWERS_KEPT; i++)
        free(session->answers->kept[i].body);
    free(session->answers);
    session->answers = NULL;
}

/* ---- answers ---- */

static void free_body(coap_session_t *coap, void *body)
{
    (void)coap;
    free(body);
}

bool request_add_uint(coap_pdu_t *pdu, coap_option_num_t number, uint32_t value)
{
    uint8_t octets[4];
    unsigned length = coap_encode_var_safe(octets, sizeof octets, value);
    return coap_add_option(pdu, number, length, octets) > 0;
}

struct answer_target {
    coap_session_t *coap;
    coap_resource_t *resource;
    const coap_pdu_t *request;
    const coap_string_t *query;
    coap_pdu_t *response;
    int32_t observe;
    struct msgin5g_str echo;
};

/* libcoap adds Content-Format, Max-Age and the block options itself. */
static bool fill_large(const struct answer_target *target, const struct transport_answer *answer)
{
    uint8_t *copy = malloc(answer->length);
    if (copy == NULL)
        return false;
    memcpy(copy, answer->body, answer->length);
    uint16_t format =
        answer->format == TRANSPORT_FORMAT_NONE ? COAP_MEDIATYPE_APPLICATION_OCTET_STREAM : (uint16_t)answer->format;
    int max_age_s = answer->max_age_s > INT32_MAX ? INT32_MAX : (int)answer->max_age_s;
    return coap_add_data_large_response(target->resource, target->coap, target->request, target->response,
               target->query, format, max_age_s, 0, answer->length, copy, free_body, copy) != 0;
}

static bool fill_small(coap_pdu_t *response, const struct transport_answer *answer, struct msgin5g_str echo)
{
    uint32_t max_age_s = answer->max_age_s > UINT32_MAX ? UINT32_MAX : (uint32_t)answer->max_age_s;
    if (answer->format != TRANSPORT_FORMAT_NONE && answer->length > 0 &&
        !request_add_uint(response, COAP_OPTION_CONTENT_FORMAT, (uint32_t)answer->format))
        return false;
    if (answer->max_age_s >= 0 && !request_add_uint(response, COAP_OPTION_MAXAGE, max_age_s))
        return false;
    if (echo.octets != NULL && coap_add_option(response, COAP_OPTION_ECHO, echo.length, (uint8_t *)echo.octets) == 0)
        return false;
    return answer->length == 0 || coap_add_data(response, answer->length, answer->body) != 0;
}

static void fill(const struct answer_target *target, const struct transport_answer *answer)
{
    coap_pdu_set_code(target->response, (coap_pdu_code_t)answer->code);
    if (target->observe >= 0)
        (void)request_add_uint(target->response, COAP_OPTION_OBSERVE, (uint32_t)target->observe);
    bool filled =
        answer->length > SMALL_BODY ? fill_large(target, answer) : fill_small(target->response, answer, target->echo);
    if (!filled)
        coap_pdu_set_code(target->response, COAP_RESPONSE_CODE_INTERNAL_ERROR);
}

static void fill_request(struct transport_request *request, const struct transport_answer *answer)
{
    struct answer_target target = { request->path->coap, request->resource, request->pdu, request->query,
        request->response, request->observe, request->echo };
    fill(&target, answer);
}

void transport_respond(struct transport_request *request, const struct transport_answer *answer)
{
    assert(!request->answered);
    request->answered = true;
    fill_request(request, answer);
    if (request->echo.octets == NULL)
        keep_answer(request->kept, answer, request->observe);
    else if (request->kept != NULL)
        request->kept->at_ms = 0;
}

void transport_request_demand_echo(struct transport_request *request, struct msgin5g_str echo)
{
    request->echo = echo;
}

struct transport_deferred *transport_defer(struct transport_request *request)
{
    assert(!request->answered);
    struct transport_session *path = request->path;
    coap_bin_const_t token = coap_pdu_get_token(request->pdu);
    struct transport_deferred *deferred = calloc(1, sizeof *deferred);
    if (deferred == NULL)
        return NULL;
    deferred->request = coap_pdu_duplicate(request->pdu, path->coap, token.length, token.s, NULL);
    if (deferred->request == NULL) {
        free(deferred);
        return NULL;
    }
    deferred->path = path;
    deferred->unprotected = path->scheme == TRANSPORT_OSCORE && !transport_request_protected(request);
    DL_APPEND(path->deferred, deferred);
    request->answered = true; /* by an empty acknowledgement, which is what libcoap makes of a response without code */
    if (request->kept != NULL)
        request->kept->state = ANSWER_RUNNING;
    return deferred;
}

static void send_separately(const struct transport_deferred *deferred, const struct transport_answer *answer)
{
    coap_session_t *coap = deferred->path->coap;
    coap_bin_const_t token = coap_pdu_get_token(deferred->request);
    coap_pdu_type_t type = coap_pdu_get_type(deferred->request); /* as the request: RFC 7252 5.2.2, 5.2.3 */
    coap_pdu_t *response = coap_new_pdu(type, (coap_pdu_code_t)answer->code, coap);
    if (response == NULL)
        return;
    if (coap_add_token(response, token.length, token.s) == 0) {
        coap_delete_pdu(response);
        return;
    }
    if (deferred->unprotected)
        oscore_set_unprotected(response);
    struct answer_target target = { coap, deferred->path->transport->resource, deferred->request, NULL, response, -1,
        { NULL, 0 } };
    fill(&target, answer);
    (void)coap_send(coap, response);
}

void transport_deferred_respond(struct transport_deferred *deferred, const struct transport_answer *answer)
{
    struct transport_session *path = deferred->path;
    if (path != NULL) {
        DL_DELETE(path->deferred, deferred);
        if (path->state == SESSION_OPEN) {
            transport_enter(path->transport);
            send_separately(deferred, answer);
            transport_leave(path->transport);
        }
    }
    coap_delete_pdu(deferred->request);
    free(deferred);
}

/* ---- the handler of every path ---- */

static const struct transport_answer *refusal(uint8_t code, struct transport_answer *out)
{
    *out = (struct transport_answer){ .code = code, .format = TRANSPORT_FORMAT_NONE, .max_age_s = -1 };
    return out;
}

static void run(struct transport_request *request)
{
    struct transport *transport = request->session->transport;
    struct transport_answer answer;
    struct msgin5g_str body = transport_request_body(request);
    unsigned method = coap_pdu_get_code(request->pdu);
    if (method > TRANSPORT_DELETE) {
        transport_respond(request, refusal(COAP_RESPONSE_CODE(405), &answer));
        return;
    }
    if (body.length > transport->config.body_octets) {
        transport_respond(request, refusal(COAP_RESPONSE_CODE(413), &answer));
        (void)request_add_uint(request->response, COAP_OPTION_SIZE1, (uint32_t)transport->config.body_octets);
        return;
    }
    if (transport->handler.request != NULL)
        transport->handler.request(transport->ctx, request->session, request);
    if (!request->answered)
        transport_respond(request, refusal(COAP_RESPONSE_CODE(500), &answer));
}

/* The same request again: the same answer again, if there is one. */
static void repeat(struct transport_request *request, const struct answer_kept *kept)
{
    metric_add(request->session->transport->metrics.duplicates, 1);
    if (kept->state != ANSWER_COMPLETE)
        return;
    struct transport_answer answer = { kept->code, kept->format, kept->body, kept->length, kept->max_age_s };
    request->observe = kept->observe;
    fill_request(request, &answer);
}

/* An answer, never with OSCORE, to a request that libcoap is not to look at. */
static coap_pdu_t *new_answer(const struct transport_session *path, const coap_pdu_t *pdu)
{
    coap_bin_const_t token = coap_pdu_get_token(pdu);
    bool confirmable = coap_pdu_get_type(pdu) == COAP_MESSAGE_CON;
    coap_pdu_t *response = coap_pdu_init(confirmable ? COAP_MESSAGE_ACK : COAP_MESSAGE_NON, COAP_EMPTY_CODE,
        coap_pdu_get_mid(pdu), coap_session_max_pdu_size(path->coap));
    if (response != NULL && coap_add_token(response, token.length, token.s) == 0) {
        coap_delete_pdu(response);
        return NULL;
    }
    if (response != NULL && path->scheme == TRANSPORT_OSCORE)
        oscore_set_unprotected(response);
    return response;
}

static void send_again(struct transport_session *path, const coap_pdu_t *pdu, const struct answer_kept *kept)
{
    coap_pdu_t *response = new_answer(path, pdu);
    if (response == NULL)
        return;
    struct transport_request request = {
        .session = path, .path = path, .pdu = pdu, .response = response, .observe = -1
    };
    repeat(&request, kept);
    if (coap_pdu_get_code(response) != COAP_EMPTY_CODE) {
        (void)coap_send(path->coap, response);
        return;
    }
    coap_delete_pdu(response);
    (void)coap_send_ack(path->coap, pdu); /* of a CON: the answer is still owed or was sent separately */
}

static void refuse(const struct transport_session *path, const coap_pdu_t *pdu, uint8_t code)
{
    struct transport_answer answer;
    coap_pdu_t *response = new_answer(path, pdu);
    if (response == NULL)
        return;
    (void)refusal(code, &answer);
    answer.max_age_s = 0; /* RFC 8613 8.2 */
    coap_pdu_set_code(response, (coap_pdu_code_t)code);
    (void)fill_small(response, &answer, (struct msgin5g_str){ NULL, 0 });
    (void)coap_send(path->coap, response);
}

/*
 * With OSCORE this runs twice: for the message as it came, then for what was inside. That it came is noted in between:
 * it could not be decrypted again, so a duplicate is acknowledged, and the answer, which is a CON, takes care of
 * itself.
 */
int request_filter(coap_session_t *coap, const coap_pdu_t *pdu, void *arg)
{
    const struct transport *transport = arg;
    struct transport_session *session = session_of(coap);
    bool sealed = false;
    if (session == NULL || session->state != SESSION_OPEN)
        return 0;
    uint16_t mid = (uint16_t)coap_pdu_get_mid(pdu);
    const struct answer_kept *kept = find_kept(session, mid, transport_now_ms(transport));
    if (kept != NULL) {
        send_again(session, pdu, kept);
        return 1;
    }
    uint8_t code = oscore_filter(session, pdu, &sealed);
    if (code != 0) {
        refuse(session, pdu, code);
        return 1;
    }
    if (session->scheme == TRANSPORT_OSCORE && !sealed && oscore_owner(transport) != NULL) {
        struct answer_kept *noted = keep(session, mid, transport_now_ms(transport));
        if (noted != NULL)
            noted->state = ANSWER_RUNNING;
    }
    return 0;
}

/* A peer of plain CoAP whose session we closed still has libcoap's; it begins anew with its next request. */
static struct transport_session *session_for(coap_session_t *coap)
{
    struct transport_session *session = session_of(coap);
    struct transport *transport = coap_context_get_app_data(coap_session_get_context(coap));
    if (session == NULL && coap_session_get_proto(coap) == COAP_PROTO_UDP &&
        coap_session_get_type(coap) == COAP_SESSION_TYPE_SERVER)
        session = session_incoming(transport, coap);
    return session != NULL && session->state == SESSION_OPEN ? session : NULL;
}

static void on_request(coap_resource_t *resource, coap_session_t *coap, const coap_pdu_t *pdu,
    const coap_string_t *query, coap_pdu_t *response)
{
    struct transport_session *path = session_for(coap);
    struct transport_session *owner = path != NULL ? oscore_owner(path->transport) : NULL;
    struct transport_session *session = owner != NULL ? owner : path;
    if (session == NULL || session->state != SESSION_OPEN) {
        /* A context that is being removed is none any more (RFC 8613 8.2). */
        coap_pdu_set_code(
            response, owner != NULL ? COAP_RESPONSE_CODE_UNAUTHORIZED : COAP_RESPONSE_CODE_SERVICE_UNAVAILABLE);
        return;
    }
    struct transport_request request = { .session = session,
        .path = path,
        .pdu = pdu,
        .response = response,
        .resource = resource,
        .query = query,
        .observe = -1 };
    if (session->scheme != TRANSPORT_COAPS_TCP && owner == NULL) { /* RFC 8323 3.2: no message IDs over TCP */
        uint16_t mid = (uint16_t)coap_pdu_get_mid(pdu);
        int64_t now_ms = transport_now_ms(session->transport);
        const struct answer_kept *kept = session->transport->filtered ? NULL : find_kept(session, mid, now_ms);
        if (kept != NULL) {
            repeat(&request, kept);
            return;
        }
        request.kept = keep(session, mid, now_ms);
    }
    run(&request);
}

enum msgin5g_err request_setup(struct transport *transport)
{
    transport->resource = coap_resource_unknown_init2(on_request, COAP_RESOURCE_HANDLE_WELLKNOWN_CORE);
    if (transport->resource == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    for (unsigned method = COAP_REQUEST_GET; method <= COAP_REQUEST_IPATCH; method++)
        coap_register_request_handler(transport->resource, (coap_request_t)method, on_request);
    coap_add_resource(transport->coap, transport->resource);
    return MSGIN5G_OK;
}

/* ---- what a request says ---- */

enum transport_method transport_request_method(const struct transport_request *request)
{
    return (enum transport_method)coap_pdu_get_code(request->pdu);
}

bool transport_request_path(const struct transport_request *request, char *out, size_t capacity)
{
    coap_opt_filter_t filter;
    coap_opt_iterator_t iterator;
    const coap_opt_t *option;
    size_t used = 0;
    coap_option_filter_clear(&filter);
    coap_option_filter_set(&filter, COAP_OPTION_URI_PATH);
    coap_option_iterator_init(request->pdu, &iterator, &filter);
    for (bool first = true; (option = coap_option_next(&iterator)) != NULL; first = false) {
        const uint8_t *segment = coap_opt_value(option);
        size_t length = coap_opt_length(option);
        if (used + !first + length >= capacity || memchr(segment, '/', length) != NULL ||
            memchr(segment, '\0', length) != NULL)
            return false;
        if (!first)
            out[used++] = '/';
        memcpy(out + used, segment, length);
        used += length;
    }
    if (capacity == 0)
        return false;
    out[used] = '\0';
    return true;
}

bool transport_request_host(const struct transport_request *request, char *out, size_t capacity)
{
    coap_opt_iterator_t iterator;
    const coap_opt_t *option = coap_check_option(request->pdu, COAP_OPTION_URI_HOST, &iterator);
    if (option == NULL || coap_opt_length(option) >= capacity ||
        memchr(coap_opt_value(option), '\0', coap_opt_length(option)) != NULL)
        return false;
    memcpy(out, coap_opt_value(option), coap_opt_length(option));
    out[coap_opt_length(option)] = '\0';
    return true;
}

bool transport_request_protected(const struct transport_request *request)
{
    return oscore_owner(request->path->transport) != NULL;
}

struct msgin5g_str transport_request_echo(const struct transport_request *request)
{
    coap_opt_iterator_t iterator;
    const coap_opt_t *option = coap_check_option(request->pdu, COAP_OPTION_ECHO, &iterator);
    if (option == NULL)
        return (struct msgin5g_str){ NULL, 0 };
    return (struct msgin5g_str){ (const char *)coap_opt_value(option), coap_opt_length(option) };
}

static int format_option(const struct transport_request *request, coap_option_num_t number)
{
    coap_opt_iterator_t iterator;
    const coap_opt_t *option = coap_check_option(request->pdu, number, &iterator);
    return option == NULL ? TRANSPORT_FORMAT_NONE
                          : (int)coap_decode_var_bytes(coap_opt_value(option), coap_opt_length(option));
}

int transport_request_format(const struct transport_request *request)
{
    return format_option(request, COAP_OPTION_CONTENT_FORMAT);
}

int transport_request_accept(const struct transport_request *request)
{
    return format_option(request, COAP_OPTION_ACCEPT);
}

struct msgin5g_str transport_request_body(const struct transport_request *request)
{
    size_t length = 0, offset = 0, total = 0;
    const uint8_t *body = NULL;
    (void)coap_get_data_large(request->pdu, &length, &body, &offset, &total);
    return (struct msgin5g_str){ (const char *)body, length };
}

struct msgin5g_str transport_request_query(const struct transport_request *request, const char *name)
{
    coap_opt_filter_t filter;
    coap_opt_iterator_t iterator;
    const coap_opt_t *option;
    size_t length = strlen(name);
    coap_option_filter_clear(&filter);
    coap_option_filter_set(&filter, COAP_OPTION_URI_QUERY);
    coap_option_iterator_init(request->pdu, &iterator, &filter);
    while ((option = coap_option_next(&iterator)) != NULL) {
        const char *value = (const char *)coap_opt_value(option);
        size_t left = coap_opt_length(option);
        if (left > length && memcmp(value, name, length) == 0 && value[length] == '=')
            return (struct msgin5g_str){ value + length + 1, left - length - 1 };
    }
    return (struct msgin5g_str){ NULL, 0 };
}

bool transport_request_confirmable(const struct transport_request *request)
{
    return coap_pdu_get_type(request->pdu) == COAP_MESSAGE_CON;
}
