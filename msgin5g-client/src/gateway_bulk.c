/* Registrations and de-registrations that wait for others and go out together (TS 24.538 6.3.4.3; EC-5). */
#include "gateway_internal.h"

#include <stdlib.h>
#include <string.h>

#define HOLD_MAX_S      86400
#define RETRY_MS        1000
#define LIFETIME_S      3600   /* EC-9; for a server that does not say */
#define REFRESH_PERCENT 70     /* earlier than the UE, so that it need not */
#define BODIES_MAX      200000 /* octets of all entries of one request, which has to fit EC-22 */

struct gateway_bulk {
    struct msgin5g_gateway *gateway; /* NULL: gone */
    enum gateway_want asked;
    size_t count;
    struct gateway_ue *ues[];
};

static void forget_body(struct gateway_ue *ue)
{
    free(ue->body);
    ue->body = NULL;
    ue->length = 0;
}

bool gateway_keep(struct gateway_ue *ue, struct msgin5g_str body)
{
    uint8_t *copy = malloc(body.length);

    if (copy == NULL)
        return false;
    memcpy(copy, body.octets, body.length);
    forget_body(ue);
    ue->body = copy;
    ue->length = body.length;
    ue->want = GATEWAY_WANTS_NOTHING;
    return true;
}

static size_t collect(const struct msgin5g_gateway *gateway, enum gateway_want want, struct gateway_ue **out)
{
    struct gateway_ue *ue, *next;
    size_t count = 0, octets = 0;

    HASH_ITER (hh, gateway->ues, ue, next) {
        if (ue->want != want || !ue->ready || ue->sent != GATEWAY_WANTS_NOTHING)
            continue;
        octets += ue->length;
        if (count == gateway->batch || octets > BODIES_MAX)
            break;
        out[count++] = ue;
    }
    return count;
}

static void wait_again(struct gateway_ue *ue, int64_t delay_ms)
{
    ue->ready = false;
    ue->due_ms = gateway_now_ms(ue->gateway) + delay_ms;
}

/* Nobody has answered: what the UE has not replaced in the meantime is asked again. */
static void take_back(struct gateway_ue *ue, bool at_once)
{
    if (ue->want == GATEWAY_WANTS_NOTHING && ue->body != NULL) {
        ue->want = ue->sent;
        ue->tell = ue->sent_tell;
        ue->ready = at_once;
        if (!at_once)
            wait_again(ue, RETRY_MS);
    }
    ue->sent = GATEWAY_WANTS_NOTHING;
}

/* TS 24.538 6.3.4.3.3, 6.3.4.3.6. The token of the request is not used again (EC-26): the transport chooses its own. */
static void post_result(struct gateway_ue *ue, enum gateway_want asked, const struct msgin5g_reg_response *response)
{
    struct msgin5g_message message =
        msgin5g_message_init(asked == GATEWAY_WANTS_REG ? MSGIN5G_TYPE_REGRESP : MSGIN5G_TYPE_DEREGRESP);
    uint8_t body[MSGIN5G_MESSAGE_MAX];
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = ue->gateway->client->server.path,
        .format = TRANSPORT_FORMAT_JSON,
        .body = body,
        .confirmable = true };

    message.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, { ue->id.text, ue->id.length } };
    message.result = response->result;
    message.reg_exp_time_s = response->reg_exp_time_s;
    message.cause = response->cause;
    if (ue->session != NULL && msgin5g_message_encode(&message, body, sizeof body, &call.length) == MSGIN5G_OK)
        (void)transport_send(ue->session, &call, NULL, NULL);
}

void gateway_settle(struct gateway_ue *ue, enum gateway_want asked, const struct msgin5g_reg_response *response)
{
    int64_t lifetime_s = response->reg_exp_time_s > 0 ? response->reg_exp_time_s : LIFETIME_S;

    if (lifetime_s > 365 * (int64_t)HOLD_MAX_S)
        lifetime_s = 365 * (int64_t)HOLD_MAX_S;
    ue->registered = asked == GATEWAY_WANTS_REG && response->result;
    if (ue->registered)
        ue->refresh_ms = gateway_now_ms(ue->gateway) + lifetime_s * 1000 * REFRESH_PERCENT / 100;
    else if (ue->want == GATEWAY_WANTS_NOTHING)
        forget_body(ue);
    if (asked == GATEWAY_WANTS_DEREG)
        gateway_tell(ue, MSGIN5G_GATEWAY_DEREGISTERED, response->cause);
    else
        gateway_tell(ue, response->result ? MSGIN5G_GATEWAY_REGISTERED : MSGIN5G_GATEWAY_REFUSED, response->cause);
}

/* Who was registered, and is not any more, hears of it even if it asked for nothing. */
static void settle_entry(struct gateway_ue *ue, const struct msgin5g_reg_response *response)
{
    enum gateway_want asked = ue->sent;
    bool tell = ue->sent_tell || (asked == GATEWAY_WANTS_REG && !response->result);

    ue->sent = GATEWAY_WANTS_NOTHING;
    if (tell)
        post_result(ue, asked, response);
    gateway_settle(ue, asked, response);
}

static void settle_all(struct gateway_bulk *bulk, const struct msgin5g_bulk_response *answer)
{
    struct msgin5g_gateway *gateway = bulk->gateway;
    const struct msgin5g_reg_response unanswered = { .reg_exp_time_s = MSGIN5G_REG_EXP_TIME_NONE,
        .cause = msgin5g_str(msgin5g_err_cause(MSGIN5G_ERR_INTERNAL)) };
    size_t granted = 0;

    for (size_t i = 0; i < answer->count; i++) {
        struct gateway_ue *ue = gateway_find(gateway, answer->entries[i].ue_service_id);

        if (ue == NULL || ue->sent != bulk->asked)
            continue;
        granted += answer->entries[i].result ? 1 : 0;
        settle_entry(ue, &answer->entries[i]);
    }
    for (size_t i = 0; i < bulk->count; i++)
        if (bulk->ues[i]->sent != GATEWAY_WANTS_NOTHING)
            settle_entry(bulk->ues[i], &unanswered);
    if (gateway->events.bulk != NULL)
        gateway->events.bulk(gateway->ctx, gateway, bulk->asked == GATEWAY_WANTS_DEREG, bulk->count, granted);
}

/* The request as a whole was refused for good: each UE in it hears the same. */
static void refuse_all(struct gateway_bulk *bulk, uint8_t code)
{
    enum msgin5g_err err = code == MSGIN5G_COAP_CODE(4, 3) ? MSGIN5G_ERR_NOT_AUTHORIZED : MSGIN5G_ERR_MALFORMED;
    const struct msgin5g_reg_response refused = { .reg_exp_time_s = MSGIN5G_REG_EXP_TIME_NONE,
        .cause = msgin5g_str(msgin5g_err_cause(err)) };

    for (size_t i = 0; i < bulk->count; i++)
        settle_entry(bulk->ues[i], &refused);
}

static void judge(struct gateway_bulk *bulk, enum msgin5g_err err, const struct transport_result *result)
{
    struct msgin5g_bulk_response answer;
    bool good =
        err == MSGIN5G_OK && result->code >> 5 == 2 &&
        msgin5g_bulk_response_decode((const uint8_t *)result->body.octets, result->body.length, &answer) == MSGIN5G_OK;

    if (good) {
        settle_all(bulk, &answer);
        msgin5g_bulk_response_free(&answer);
    } else if (err == MSGIN5G_OK && result->code >> 5 == 4 && result->code != MSGIN5G_COAP_CODE(4, 29)) {
        refuse_all(bulk, result->code);
    } else {
        for (size_t i = 0; i < bulk->count; i++)
            take_back(bulk->ues[i], err == MSGIN5G_ERR_CLOSED || err == MSGIN5G_ERR_TIMEOUT);
    }
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct gateway_bulk *bulk = ctx;
    struct msgin5g_gateway *gateway = bulk->gateway;

    if (gateway != NULL) {
        gateway->bulk = NULL;
        judge(bulk, err, result);
        gateway_schedule(gateway);
    }
    free(bulk);
}

static enum msgin5g_err post(struct gateway_bulk *bulk)
{
    struct msgin5g_client *client = bulk->gateway->client;
    struct msgin5g_str *bodies = calloc(bulk->count, sizeof *bodies);
    uint8_t *body = malloc(MSGIN5G_BULK_MAX);
    size_t length = 0;
    enum msgin5g_err err = bodies != NULL && body != NULL ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;

    for (size_t i = 0; err == MSGIN5G_OK && i < bulk->count; i++)
        bodies[i] = (struct msgin5g_str){ (const char *)bulk->ues[i]->body, bulk->ues[i]->length };
    if (err == MSGIN5G_OK)
        err = msgin5g_bulk_encode(bulk->asked == GATEWAY_WANTS_REG ? MSGIN5G_TYPE_REG : MSGIN5G_TYPE_DEREG,
            (struct msgin5g_str){ client->id.text, client->id.length }, bodies, bulk->count, body, MSGIN5G_BULK_MAX,
            &length);
    if (err == MSGIN5G_OK)
        err = client_post_octets(client, body, length, on_answer, bulk);
    free(bodies);
    free(body);
    return err;
}

/* @return true when a request is under way now. */
static bool send_batch(struct msgin5g_gateway *gateway, enum gateway_want want)
{
    struct gateway_bulk *bulk = calloc(1, sizeof *bulk + gateway->batch * sizeof(struct gateway_ue *));

    if (bulk == NULL)
        return false;
    bulk->gateway = gateway;
    bulk->asked = want;
    bulk->count = collect(gateway, want, bulk->ues);
    if (bulk->count == 0 || post(bulk) != MSGIN5G_OK) {
        for (size_t i = 0; i < bulk->count; i++)
            wait_again(bulk->ues[i], RETRY_MS);
        free(bulk);
        return false;
    }
    for (size_t i = 0; i < bulk->count; i++) {
        struct gateway_ue *ue = bulk->ues[i];

        ue->sent = want;
        ue->sent_tell = ue->tell;
        ue->want = GATEWAY_WANTS_NOTHING;
    }
    gateway->bulk = bulk;
    return true;
}

/* One at a time; the answer to it brings the next. */
static void pump(struct msgin5g_gateway *gateway)
{
    if (gateway->bulk == NULL && gateway->client->state == MSGIN5G_CLIENT_REGISTERED &&
        !send_batch(gateway, GATEWAY_WANTS_REG))
        (void)send_batch(gateway, GATEWAY_WANTS_DEREG);
}

/* Any of them that is due takes all others along (6.3.4.3.2). */
static void flush(struct msgin5g_gateway *gateway)
{
    struct gateway_ue *ue, *next;

    HASH_ITER (hh, gateway->ues, ue, next)
        ue->ready = true;
}

static void ask_again(struct gateway_ue *ue)
{
    if (!ue->registered || ue->want != GATEWAY_WANTS_NOTHING || ue->sent != GATEWAY_WANTS_NOTHING || ue->body == NULL)
        return;
    ue->want = GATEWAY_WANTS_REG;
    ue->tell = false;
    ue->ready = true;
}

static void on_timer(void *ctx)
{
    struct msgin5g_gateway *gateway = ctx;
    int64_t now_ms = gateway_now_ms(gateway);
    struct gateway_ue *ue, *next;
    bool due = false;

    HASH_ITER (hh, gateway->ues, ue, next) {
        if (ue->admitted_until_ms > 0 && ue->admitted_until_ms <= now_ms)
            gateway_leave(ue);
        if (ue->registered && ue->refresh_ms <= now_ms)
            ask_again(ue);
        due |= ue->want != GATEWAY_WANTS_NOTHING && !ue->ready && ue->due_ms <= now_ms;
    }
    if (due)
        flush(gateway);
    gateway_schedule(gateway);
}

static int64_t earlier(int64_t a_ms, int64_t b_ms)
{
    return a_ms < b_ms ? a_ms : b_ms;
}

static int64_t next_ms(const struct msgin5g_gateway *gateway)
{
    struct gateway_ue *ue, *next;
    int64_t next_ms = INT64_MAX;

    HASH_ITER (hh, gateway->ues, ue, next) {
        bool idle = ue->want == GATEWAY_WANTS_NOTHING && ue->sent == GATEWAY_WANTS_NOTHING;

        if (ue->admitted_until_ms > 0)
            next_ms = earlier(next_ms, ue->admitted_until_ms);
        if (ue->registered && idle && ue->body != NULL)
            next_ms = earlier(next_ms, ue->refresh_ms);
        if (ue->want != GATEWAY_WANTS_NOTHING && !ue->ready)
            next_ms = earlier(next_ms, ue->due_ms);
    }
    return next_ms;
}

void gateway_schedule(struct msgin5g_gateway *gateway)
{
    struct loop *loop = gateway->client->context->loop;
    int64_t at_ms, now_ms = gateway_now_ms(gateway);

    pump(gateway);
    at_ms = next_ms(gateway);
    loop_timer_cancel(loop, &gateway->timer);
    if (at_ms < INT64_MAX)
        (void)loop_timer_set(loop, &gateway->timer, at_ms > now_ms ? at_ms - now_ms : 0);
}

static size_t count_waiting(const struct msgin5g_gateway *gateway)
{
    struct gateway_ue *ue, *next;
    size_t count = 0;

    HASH_ITER (hh, gateway->ues, ue, next)
        count += ue->want != GATEWAY_WANTS_NOTHING && ue->sent == GATEWAY_WANTS_NOTHING ? 1 : 0;
    return count;
}

int64_t gateway_hold(struct gateway_ue *ue, const struct msgin5g_message *message, struct msgin5g_str body)
{
    struct msgin5g_gateway *gateway = ue->gateway;
    int64_t hold_s = message->req_exp_time_s >= 0 ? message->req_exp_time_s : gateway->hold_s;

    if (!gateway_keep(ue, body))
        return -1;
    if (hold_s > HOLD_MAX_S)
        hold_s = HOLD_MAX_S;
    ue->want = message->type == MSGIN5G_TYPE_REG ? GATEWAY_WANTS_REG : GATEWAY_WANTS_DEREG;
    ue->tell = true;
    wait_again(ue, hold_s * 1000);
    if (count_waiting(gateway) >= gateway->batch)
        flush(gateway);
    return hold_s;
}

void gateway_withdraw(struct gateway_ue *ue)
{
    struct msgin5g_message dereg = msgin5g_message_init(MSGIN5G_TYPE_DEREG);
    uint8_t body[1024];
    size_t length = 0;

    ue->want = GATEWAY_WANTS_NOTHING;
    if (!ue->registered && ue->sent != GATEWAY_WANTS_REG) {
        forget_body(ue);
        return;
    }
    dereg.ori = (struct msgin5g_address){ MSGIN5G_ADDR_UE, { ue->id.text, ue->id.length } };
    if (msgin5g_message_encode(&dereg, body, sizeof body, &length) != MSGIN5G_OK ||
        !gateway_keep(ue, (struct msgin5g_str){ (const char *)body, length }))
        return;
    ue->want = GATEWAY_WANTS_DEREG;
    ue->tell = false;
    wait_again(ue, ue->gateway->hold_s * 1000);
}

void gateway_upstream_registered(struct msgin5g_gateway *gateway)
{
    struct gateway_ue *ue, *next;

    HASH_ITER (hh, gateway->ues, ue, next)
        ask_again(ue);
    gateway_schedule(gateway);
}

void gateway_bulk_init(struct msgin5g_gateway *gateway)
{
    loop_timer_init(&gateway->timer, on_timer, gateway);
}

void gateway_bulk_abandon(struct msgin5g_gateway *gateway)
{
    loop_timer_cancel(gateway->client->context->loop, &gateway->timer);
    if (gateway->bulk != NULL)
        gateway->bulk->gateway = NULL;
}
