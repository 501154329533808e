#include "internal.h"

#include "base/secret.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define CHUNK           256U
#define CHUNKS_MAX      65536U /* 16 M requests in flight */
#define RANDOM_FACTOR   1.5    /* ACK_RANDOM_FACTOR, RFC 7252 4.8 */
#define TOKEN_MARK      0x80   /* keeps our tokens apart from those libcoap counts up from 1 for block-wise transfers */
#define GENERATION_MASK 0x7fff

/* ---- the table ---- */

static void on_timer(void *ctx);

void exchange_table_init(struct transport *transport)
{
    struct exchange_table *table = &transport->exchanges;
    const struct transport_config *config = &transport->config;
    /* MAX_TRANSMIT_WAIT (RFC 7252 4.8.2), and the same again for an answer that follows an empty acknowledgement */
    double wait_ms = config->ack_timeout_ms * (double)((2U << config->max_retransmit) - 1) * RANDOM_FACTOR;
    table->lifetime_ms = 2 * (int64_t)wait_ms;
    loop_timer_init(&table->timer, on_timer, transport);
}

void exchange_table_free(struct transport *transport)
{
    struct exchange_table *table = &transport->exchanges;
    loop_timer_cancel(transport->loop, &table->timer);
    for (size_t i = 0; i < table->chunk_count; i++)
        free(table->chunks[i]);
    free(table->chunks);
}

static bool grow(struct exchange_table *table)
{
    if (table->chunk_count == CHUNKS_MAX)
        return false;
    struct exchange **chunks = realloc(table->chunks, (table->chunk_count + 1) * sizeof(struct exchange *));
    if (chunks == NULL)
        return false;
    table->chunks = chunks;
    struct exchange *chunk = calloc(CHUNK, sizeof *chunk);
    if (chunk == NULL)
        return false;
    for (uint32_t i = CHUNK; i-- > 0;) {
        chunk[i].index = (uint32_t)table->chunk_count * CHUNK + i;
        secret_random(&chunk[i].generation, sizeof chunk[i].generation);
        chunk[i].next = table->free;
        table->free = &chunk[i];
    }
    table->chunks[table->chunk_count++] = chunk;
    return true;
}

struct exchange *exchange_take(struct transport_session *session, enum exchange_kind kind)
{
    struct transport *transport = session->transport;
    struct exchange_table *table = &transport->exchanges;
    if (table->free == NULL && !grow(table))
        return NULL;
    struct exchange *exchange = table->free;
    table->free = exchange->next;
    exchange->session = session;
    exchange->generation++;
    exchange->kind = (uint8_t)kind;
    exchange->observation = NULL;
    exchange->held = NULL;
    DL_APPEND(session->exchanges, exchange);
    session->exchange_count++;
    exchange_watch(exchange);
    return exchange;
}

void exchange_watch(struct exchange *exchange)
{
    struct transport *transport = exchange->session->transport;
    struct exchange_table *table = &transport->exchanges;
    exchange_unwatch(exchange);
    exchange->timed = true;
    exchange->due_ms = transport_now_ms(transport) + table->lifetime_ms;
    exchange->older = table->newest;
    exchange->younger = NULL;
    if (table->newest != NULL)
        table->newest->younger = exchange;
    else
        table->oldest = exchange;
    table->newest = exchange;
    if (table->timer.heap_index == 0)
        (void)loop_timer_set(transport->loop, &table->timer, table->lifetime_ms);
}

void exchange_unwatch(struct exchange *exchange)
{
    struct exchange_table *table = &exchange->session->transport->exchanges;
    if (!exchange->timed)
        return;
    exchange->timed = false;
    if (exchange->older != NULL)
        exchange->older->younger = exchange->younger;
    else
        table->oldest = exchange->younger;
    if (exchange->younger != NULL)
        exchange->younger->older = exchange->older;
    else
        table->newest = exchange->older;
}

void exchange_give(struct exchange *exchange)
{
    struct transport_session *session = exchange->session;
    assert(session != NULL);
    struct exchange_table *table = &session->transport->exchanges;
    exchange_unwatch(exchange);
    DL_DELETE(session->exchanges, exchange);
    session->exchange_count--;
    held_on_end(session, exchange);
    exchange->session = NULL;
    exchange->next = table->free;
    table->free = exchange;
}

/* ---- tokens: mark and generation (2 octets), place (4 octets) ---- */

static void token_write(const struct exchange *exchange, uint8_t token[EXCHANGE_TOKEN_LEN])
{
    uint16_t generation = exchange->generation & GENERATION_MASK;
    token[0] = (uint8_t)(TOKEN_MARK | generation >> 8);
    token[1] = (uint8_t)generation;
    token[2] = (uint8_t)(exchange->index >> 24);
    token[3] = (uint8_t)(exchange->index >> 16);
    token[4] = (uint8_t)(exchange->index >> 8);
    token[5] = (uint8_t)exchange->index;
}

/* With OSCORE the requests are a peer's, and what libcoap says of them comes over its path. */
static bool carries(const struct transport_session *session, const struct transport_session *owner)
{
    return owner == session || (owner != NULL && session->oscore != NULL && owner->oscore != NULL &&
                                   owner->oscore->path == session->oscore);
}

static struct exchange *token_find(const struct transport_session *session, coap_bin_const_t token)
{
    const struct exchange_table *table = &session->transport->exchanges;
    if (token.length != EXCHANGE_TOKEN_LEN || (token.s[0] & TOKEN_MARK) == 0)
        return NULL;
    uint32_t index = (uint32_t)token.s[2] << 24 | (uint32_t)token.s[3] << 16 | (uint32_t)token.s[4] << 8 | token.s[5];
    uint16_t generation = (uint16_t)((token.s[0] & ~TOKEN_MARK) << 8 | token.s[1]);
    if (index >= table->chunk_count * CHUNK)
        return NULL;
    struct exchange *exchange = &table->chunks[index / CHUNK][index % CHUNK];
    bool same = carries(session, exchange->session) && exchange->kind != EXCHANGE_NOTIFICATION &&
                (exchange->generation & GENERATION_MASK) == generation;
    return same ? exchange : NULL;
}

/* ---- the end of an exchange ---- */

void exchange_finish(struct exchange *exchange, enum msgin5g_err err, const struct transport_result *result)
{
    transport_done_fn *done = exchange->done;
    void *ctx = exchange->ctx;
    exchange_give(exchange);
    if (done != NULL)
        done(ctx, err, result);
}

static void on_timer(void *ctx)
{
    struct transport *transport = ctx;
    struct exchange_table *table = &transport->exchanges;
    int64_t now_ms = transport_now_ms(transport);
    while (table->oldest != NULL && table->oldest->due_ms <= now_ms) {
        metric_add(transport->metrics.timeouts, 1);
        exchange_finish(table->oldest, MSGIN5G_ERR_TIMEOUT, NULL);
    }
    if (table->oldest != NULL)
        (void)loop_timer_set(transport->loop, &table->timer, table->oldest->due_ms - now_ms);
}

void exchange_end_all(struct transport_session *session, enum msgin5g_err err)
{
    while (session->exchanges != NULL)
        exchange_finish(session->exchanges, err, NULL);
}

/* What the options say; @return false for a part of a body: libcoap hands that out when it gave up on the rest. */
static bool read_options(const coap_pdu_t *pdu, struct transport_result *result)
{
    coap_opt_iterator_t iterator;
    const coap_opt_t *option;
    bool whole = true;
    result->format = TRANSPORT_FORMAT_NONE;
    result->max_age_s = -1;
    coap_option_iterator_init(pdu, &iterator, COAP_OPT_ALL);
    while ((option = coap_option_next(&iterator)) != NULL) {
        unsigned value = coap_decode_var_bytes(coap_opt_value(option), coap_opt_length(option));
        if (iterator.number == COAP_OPTION_CONTENT_FORMAT)
            result->format = (int)value;
        else if (iterator.number == COAP_OPTION_MAXAGE)
            result->max_age_s = value;
        else if (iterator.number == COAP_OPTION_OBSERVE)
            result->observed = true;
        else if (iterator.number == COAP_OPTION_BLOCK2) /* RFC 7959 2.2: number, more, size */
            whole = value >> 3 == 0;
    }
    return whole;
}

/* An answer to an observer leaves it in place as long as the server says that more will follow (RFC 7641 3.2). */
static void hand_over(struct exchange *exchange, const struct transport_result *result)
{
    if (exchange->kind != EXCHANGE_OBSERVER || !result->observed || result->code >> 5 != 2) {
        exchange_finish(exchange, MSGIN5G_OK, result);
        return;
    }
    exchange_unwatch(exchange);
    exchange->done(exchange->ctx, MSGIN5G_OK, result);
}

coap_response_t exchange_on_response(
    coap_session_t *coap, const coap_pdu_t *sent, const coap_pdu_t *received, coap_mid_t mid)
{
    struct transport_session *session = session_of(coap);
    struct exchange *exchange = session != NULL ? token_find(session, coap_pdu_get_token(received)) : NULL;
    size_t length = 0, offset = 0, total = 0;
    const uint8_t *body = NULL;
    (void)sent;
    (void)mid;
    if (exchange == NULL)
        return COAP_RESPONSE_FAIL; /* nobody waits for it: Reset (RFC 7252 4.2) */
    (void)coap_get_data_large(received, &length, &body, &offset, &total);
    struct transport_result result = { .code = (uint8_t)coap_pdu_get_code(received),
        .body = { (const char *)body, length },
        .is_protected = oscore_owner(session->transport) != NULL };
    if (!read_options(received, &result) || length > session->transport->config.body_octets)
        exchange_finish(exchange, MSGIN5G_ERR_PAYLOAD_TOO_LARGE, NULL);
    else
        hand_over(exchange, &result);
    return COAP_RESPONSE_OK;
}

/* Anybody may send a request without OSCORE from an address that is not its own: only what is protected counts. */
static void end_silent_peer(struct transport_session *session, const coap_pdu_t *sent)
{
    coap_opt_iterator_t iterator;
    if (!oscore_is_path(session))
        session_end(session, TRANSPORT_END_TIMEOUT);
    else if (sent != NULL && coap_check_option(sent, COAP_OPTION_OSCORE, &iterator) != NULL)
        oscore_end_users(session, TRANSPORT_END_TIMEOUT);
}

/* The session is told as well: a peer that answered no retransmission, a handshake that failed. */
static void note_nack(struct transport_session *session, const coap_pdu_t *sent, coap_nack_reason_t reason)
{
    switch (reason) {
    case COAP_NACK_TOO_MANY_RETRIES:
        metric_add(session->transport->metrics.timeouts, 1);
        end_silent_peer(session, sent);
        break;
    case COAP_NACK_TLS_LAYER_FAILED: /* libcoap has freed wolfSSL's object already */
        session->ssl = NULL;
        session->tls_failed = true;
        session_end(session, TRANSPORT_END_HANDSHAKE);
        break;
    case COAP_NACK_TLS_FAILED:
        session_note_tls(session);
        break;
    case COAP_NACK_ICMP_ISSUE: /* nobody listens there; once a session is open, retransmission decides */
        if (session->state == SESSION_HALF_OPEN || oscore_is_new(session))
            session_end(session, TRANSPORT_END_ERROR);
        break;
    default:
        break;
    }
}

/*
 * With other reasons the session ends and its exchanges with it; then libcoap 4.3.5 without our patches hands out a
 * request whose token it has freed already.
 */
static bool names_exchange(coap_nack_reason_t reason)
{
    return reason == COAP_NACK_RST || reason == COAP_NACK_BAD_RESPONSE || reason == COAP_NACK_TOO_MANY_RETRIES;
}

void exchange_on_nack(coap_session_t *coap, const coap_pdu_t *sent, coap_nack_reason_t reason, coap_mid_t mid)
{
    struct transport_session *session = session_of(coap);
    if (session == NULL)
        return;
    if (sent == NULL || coap_pdu_get_code(sent) >= COAP_RESPONSE_CODE(200)) {
        observation_on_nack(session, names_exchange(reason) ? sent : NULL, reason, (uint16_t)mid);
    } else if (names_exchange(reason)) {
        struct exchange *exchange = token_find(session, coap_pdu_get_token(sent));
        if (exchange != NULL)
            exchange_finish(
                exchange, reason == COAP_NACK_TOO_MANY_RETRIES ? MSGIN5G_ERR_TIMEOUT : MSGIN5G_ERR_PEER, NULL);
    }
    note_nack(session, sent, reason);
}

/* ---- sending ---- */

static bool add_host(coap_pdu_t *pdu, const char *host)
{
    return host == NULL || coap_add_option(pdu, COAP_OPTION_URI_HOST, strlen(host), (const uint8_t *)host) > 0;
}

static bool add_path(coap_pdu_t *pdu, const char *path)
{
    while (*path != '\0') {
        size_t length = strcspn(path, "/");
        if (coap_add_option(pdu, COAP_OPTION_URI_PATH, length, (const uint8_t *)path) == 0)
            return false;
        path += length;
        if (*path == '/')
            path++;
    }
    return true;
}

static bool add_format(coap_pdu_t *pdu, int format)
{
    uint8_t octets[4];
    if (format == TRANSPORT_FORMAT_NONE)
        return true;
    unsigned length = coap_encode_var_safe(octets, sizeof octets, (unsigned)format);
    return coap_add_option(pdu, COAP_OPTION_CONTENT_FORMAT, length, octets) > 0;
}

static void free_body(coap_session_t *coap, void *body)
{
    (void)coap;
    free(body);
}

static bool add_body(coap_session_t *coap, coap_pdu_t *pdu, const void *body, size_t length)
{
    if (length == 0)
        return true;
    if (length <= SMALL_BODY && coap_add_data(pdu, length, body) != 0)
        return true;
    uint8_t *copy = malloc(length); /* libcoap's until the last block has gone */
    if (copy == NULL)
        return false;
    memcpy(copy, body, length);
    return coap_add_data_large_request(coap, pdu, length, copy, free_body, copy) != 0;
}

static coap_pdu_t *make_request(
    const struct transport_session *session, const struct transport_call *call, const uint8_t *token, int observe)
{
    coap_pdu_t *pdu = coap_new_pdu(
        call->confirmable ? COAP_MESSAGE_CON : COAP_MESSAGE_NON, (coap_pdu_code_t)call->method, session->coap);
    if (pdu == NULL)
        return NULL;
    if (call->unprotected)
        oscore_set_unprotected(pdu);
    if (coap_add_token(pdu, EXCHANGE_TOKEN_LEN, token) == 0 || !add_host(pdu, call->host) ||
        (observe >= 0 && !request_add_uint(pdu, COAP_OPTION_OBSERVE, (uint32_t)observe)) ||
        !add_path(pdu, call->path) || !add_format(pdu, call->format) ||
        (call->accept_json && !request_add_uint(pdu, COAP_OPTION_ACCEPT, TRANSPORT_FORMAT_JSON)) ||
        !add_body(session->coap, pdu, call->body, call->length)) {
        coap_delete_pdu(pdu);
        return NULL;
    }
    return pdu;
}

bool exchange_may_send(const struct transport_session *session, const struct transport_call *call)
{
    return session->state == SESSION_OPEN &&
           (session->scheme != TRANSPORT_OSCORE || call->unprotected || oscore_use(session));
}

static enum msgin5g_err send_request(
    struct transport_session *session, const struct transport_call *call, const uint8_t *token, int observe)
{
    enum msgin5g_err err = MSGIN5G_ERR_NO_MEMORY;
    transport_enter(session->transport);
    coap_pdu_t *pdu = make_request(session, call, token, observe);
    if (pdu != NULL)
        err = coap_send(session->coap, pdu) == COAP_INVALID_MID ? MSGIN5G_ERR_CLOSED : MSGIN5G_OK;
    transport_leave(session->transport);
    return err;
}

enum msgin5g_err exchange_send(const struct exchange *exchange, const struct transport_call *call, int observe)
{
    uint8_t token[EXCHANGE_TOKEN_LEN];
    token_write(exchange, token);
    return send_request(exchange->session, call, token, observe);
}

static enum msgin5g_err send_or_hold(struct exchange *exchange, const struct transport_call *call)
{
    struct transport_session *session = exchange->session;
    if (!held_is_large(session, call))
        return exchange_send(exchange, call, -1);
    struct transport_call certain = *call;
    certain.confirmable = true; /* with one block lost the others would be for nothing */
    if (session->large != NULL)
        return held_add(exchange, &certain);
    session->large = exchange;
    return exchange_send(exchange, &certain, -1);
}

enum msgin5g_err transport_send(
    struct transport_session *session, const struct transport_call *call, transport_done_fn *done, void *ctx)
{
    static const uint8_t nobody_waits[EXCHANGE_TOKEN_LEN] = { TOKEN_MARK | 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff };
    if (!exchange_may_send(session, call))
        return MSGIN5G_ERR_CLOSED;
    if (call->length > session->transport->config.body_octets)
        return MSGIN5G_ERR_PAYLOAD_TOO_LARGE;
    if (!call->confirmable && done == NULL && !held_is_large(session, call))
        return send_request(session, call, nobody_waits, -1);
    if (session->exchange_count >= TRANSPORT_EXCHANGES_MAX)
        return MSGIN5G_ERR_LIMIT;
    struct exchange *exchange = exchange_take(session, EXCHANGE_REQUEST);
    if (exchange == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    /* done() only once transport_send() has said yes: what ends the exchange in the meantime ends it silently */
    exchange->done = NULL;
    enum msgin5g_err err = send_or_hold(exchange, call);
    if (err != MSGIN5G_OK) {
        if (exchange->session == session)
            exchange_give(exchange);
        return err;
    }
    exchange->done = done;
    exchange->ctx = ctx;
    return MSGIN5G_OK;
}
