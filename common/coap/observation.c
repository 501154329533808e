/* Observation at the server (RFC 7641): who observes is known to the owner, here is what goes over the wire. */
#include "internal.h"

#include <string.h>
#include <utlist.h>

#define SEQUENCE_MASK   0xffffff
#define CONFIRM_AFTER_S 86400 /* RFC 7641 4.5 */

enum transport_observe transport_request_observe(const struct transport_request *request)
{
    coap_opt_iterator_t iterator;
    if (transport_request_method(request) != TRANSPORT_GET)
        return TRANSPORT_OBSERVE_NONE;
    const coap_opt_t *option = coap_check_option(request->pdu, COAP_OPTION_OBSERVE, &iterator);
    if (option == NULL)
        return TRANSPORT_OBSERVE_NONE;
    switch (coap_decode_var_bytes(coap_opt_value(option), coap_opt_length(option))) {
    case 0:
        return TRANSPORT_OBSERVE_BEGIN;
    case 1:
        return TRANSPORT_OBSERVE_END;
    default: /* reserved, and the option is elective */
        return TRANSPORT_OBSERVE_NONE;
    }
}

static uint32_t now_s(const struct transport_session *session)
{
    return (uint32_t)(transport_now_ms(session->transport) / 1000);
}

enum msgin5g_err transport_observation_begin(
    struct transport_request *request, struct transport_observation *observation)
{
    struct transport_session *session = request->session;
    coap_bin_const_t token = coap_pdu_get_token(request->pdu);
    if (token.length > TRANSPORT_TOKEN_MAX)
        return MSGIN5G_ERR_MALFORMED;
    transport_observation_cancel(observation);
    observation->session = session;
    observation->token_length = (uint8_t)token.length;
    if (token.length > 0)
        memcpy(observation->token, token.s, token.length);
    observation->sequence = (observation->sequence + 1) & SEQUENCE_MASK;
    observation->confirmed_s = now_s(session);
    observation->mid = (uint16_t)coap_pdu_get_mid(request->pdu);
    DL_APPEND(session->observations, observation);
    request->observe = (int32_t)observation->sequence;
    return MSGIN5G_OK;
}

static void unbind(struct transport_observation *observation)
{
    DL_DELETE(observation->session->observations, observation);
    observation->session = NULL;
}

void transport_observation_cancel(struct transport_observation *observation)
{
    struct exchange *exchange;
    if (observation->session == NULL)
        return;
    DL_FOREACH (observation->session->exchanges, exchange) {
        if (exchange->observation == observation)
            exchange->observation = NULL;
    }
    unbind(observation);
}

/* The peer does not want them: those on their way, or waiting for their turn, are not acknowledged any more. */
static void fail_notifications(struct transport_session *session, const struct transport_observation *observation)
{
    struct exchange *exchange = session->exchanges;
    while (exchange != NULL) {
        if (exchange->kind == EXCHANGE_NOTIFICATION && exchange->observation == observation) {
            exchange_finish(exchange, MSGIN5G_ERR_PEER, NULL);
            exchange = session->exchanges; /* done() may have ended others */
        } else {
            exchange = exchange->next;
        }
    }
}

static void end(struct transport_observation *observation, enum transport_observe_end why)
{
    struct transport_session *session = observation->session;
    const struct transport_handler *handler = &session->transport->handler;
    unbind(observation);
    if (handler->observation_ended != NULL)
        handler->observation_ended(session->transport->ctx, observation, why);
    fail_notifications(session, observation); /* a place to compare with: its owner may have freed it */
}

void transport_observations_end(struct transport_session *session)
{
    while (session->observations != NULL)
        end(session->observations, TRANSPORT_OBSERVE_END_SESSION);
}

/* ---- notifications ---- */

static struct exchange *find_notification(const struct transport_session *path, uint16_t mid)
{
    struct exchange *exchange;
    for (struct transport_session *session = NULL; (session = oscore_next_on(path, session)) != NULL;) {
        DL_FOREACH (session->exchanges, exchange) {
            if (exchange->kind == EXCHANGE_NOTIFICATION && exchange->mid == mid)
                return exchange;
        }
    }
    return NULL;
}

void observation_on_acked(struct transport_session *session, uint16_t mid)
{
    static const struct transport_result acked = { .code = 0, .format = TRANSPORT_FORMAT_NONE };
    struct exchange *exchange = find_notification(session, mid);
    if (exchange != NULL)
        exchange_finish(exchange, MSGIN5G_OK, &acked);
}

static struct transport_observation *find_refused(
    const struct transport_session *path, const coap_pdu_t *sent, uint16_t mid)
{
    struct transport_observation *observation;
    coap_bin_const_t token = sent != NULL ? coap_pdu_get_token(sent) : (coap_bin_const_t){ 0, NULL };
    for (struct transport_session *session = NULL; (session = oscore_next_on(path, session)) != NULL;) {
        DL_FOREACH (session->observations, observation) {
            bool same = sent == NULL ? observation->mid == mid
                                     : observation->token_length == token.length &&
                                           memcmp(observation->token, token.s, token.length) == 0;
            if (same)
                return observation;
        }
    }
    return NULL;
}

void observation_on_nack(
    struct transport_session *session, const coap_pdu_t *sent, coap_nack_reason_t reason, uint16_t mid)
{
    if (reason == COAP_NACK_TOO_MANY_RETRIES) { /* the session ends, and all that is left with it */
        struct exchange *exchange = find_notification(session, mid);
        if (exchange != NULL)
            exchange_finish(exchange, MSGIN5G_ERR_TIMEOUT, NULL);
    } else if (reason == COAP_NACK_RST) {
        struct transport_observation *observation = find_refused(session, sent, mid);
        struct exchange *exchange = find_notification(session, mid);
        if (observation != NULL)
            end(observation, TRANSPORT_OBSERVE_END_REFUSED);
        else if (exchange != NULL) /* cancelled in the meantime */
            exchange_finish(exchange, MSGIN5G_ERR_PEER, NULL);
    }
}

static coap_pdu_t *make_notification(
    const struct transport_observation *observation, const struct transport_answer *answer, bool confirmable)
{
    const struct transport_session *session = observation->session;
    coap_pdu_t *pdu =
        coap_new_pdu(confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, (coap_pdu_code_t)answer->code, session->coap);
    if (pdu == NULL)
        return NULL;
    bool made = coap_add_token(pdu, observation->token_length, observation->token) != 0 &&
                request_add_uint(pdu, COAP_OPTION_OBSERVE, observation->sequence) &&
                (answer->format == TRANSPORT_FORMAT_NONE ||
                    request_add_uint(pdu, COAP_OPTION_CONTENT_FORMAT, (uint32_t)answer->format));
    if (made)
        return pdu;
    coap_delete_pdu(pdu);
    return NULL;
}

static enum msgin5g_err send_notification(
    struct transport_observation *observation, const struct transport_answer *answer, bool confirmable)
{
    struct transport_session *session = observation->session;
    coap_pdu_t *pdu = make_notification(observation, answer, confirmable);
    if (pdu == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    if (answer->length > 0 && coap_add_data(pdu, answer->length, answer->body) == 0) {
        coap_delete_pdu(pdu);
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    }
    observation->mid = (uint16_t)coap_pdu_get_mid(pdu);
    return coap_send(session->coap, pdu) == COAP_INVALID_MID ? MSGIN5G_ERR_CLOSED : MSGIN5G_OK;
}

/* The exchange is there before the message goes out: an acknowledgement cannot come too early, but an end can. */
static enum msgin5g_err notify_and_wait(struct transport_observation *observation,
    const struct transport_answer *answer, transport_done_fn *done, void *ctx)
{
    struct transport_session *session = observation->session;
    if (session->exchange_count >= TRANSPORT_EXCHANGES_MAX)
        return MSGIN5G_ERR_LIMIT;
    struct exchange *exchange = exchange_take(session, EXCHANGE_NOTIFICATION);
    if (exchange == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    exchange->done = NULL;
    enum msgin5g_err err = send_notification(observation, answer, true);
    if (err != MSGIN5G_OK) {
        if (exchange->session == session)
            exchange_give(exchange);
        return err;
    }
    exchange->mid = observation->mid;
    exchange->observation = observation;
    exchange->done = done;
    exchange->ctx = ctx;
    return MSGIN5G_OK;
}

enum msgin5g_err transport_notify(struct transport_observation *observation, const struct transport_answer *answer,
    bool confirmable, transport_done_fn *done, void *ctx)
{
    struct transport_session *session = observation->session;
    if (session == NULL || session->state != SESSION_OPEN)
        return MSGIN5G_ERR_CLOSED;
    if (done != NULL && (!confirmable || session->scheme == TRANSPORT_COAPS_TCP))
        return MSGIN5G_ERR_INVALID;
    confirmable = confirmable || now_s(session) - observation->confirmed_s >= CONFIRM_AFTER_S;
    observation->sequence = (observation->sequence + 1) & SEQUENCE_MASK;
    transport_enter(session->transport);
    enum msgin5g_err err = done != NULL ? notify_and_wait(observation, answer, done, ctx)
                                        : send_notification(observation, answer, confirmable);
    transport_leave(session->transport);
    if (err == MSGIN5G_OK && confirmable && observation->session == session)
        observation->confirmed_s = now_s(session);
    return err;
}
