/* The Gateway Client: who is behind it, over which session, and what they ask for (TS 24.538 6.3.4.3, 6.3.5). */
#include "gateway_internal.h"

#include <stdlib.h>
#include <string.h>

#define DEFAULT_HOLD_S      30
#define DEFAULT_BATCH       100
#define DEFAULT_ADMISSION_S 86400
#define ADMISSION_S         3600 /* when the UE does not say */
#define DEFAULT_UES         1000

int64_t gateway_now_ms(const struct msgin5g_gateway *gateway)
{
    return loop_now_ms(gateway->client->context->loop);
}

struct gateway_ue *gateway_find(const struct msgin5g_gateway *gateway, struct msgin5g_str ue_service_id)
{
    struct msgin5g_service_id id;
    struct gateway_ue *ue = NULL;

    if (msgin5g_service_id_parse(ue_service_id, &id) == MSGIN5G_OK)
        HASH_FIND(hh, gateway->ues, id.text, id.length, ue);
    return ue;
}

void gateway_tell(struct gateway_ue *ue, enum msgin5g_gateway_event event, struct msgin5g_str cause)
{
    struct msgin5g_gateway *gateway = ue->gateway;

    if (gateway->events.ue != NULL)
        gateway->events.ue(gateway->ctx, gateway, ue->id.text, event, cause);
}

void gateway_respond(struct transport_request *request, uint8_t code, const void *body, size_t length)
{
    const struct transport_answer answer = { .code = code,
        .format = length > 0 ? TRANSPORT_FORMAT_JSON : TRANSPORT_FORMAT_NONE,
        .body = body,
        .length = length,
        .max_age_s = -1 };

    transport_respond(request, &answer);
}

void gateway_leave(struct gateway_ue *ue)
{
    bool was_admitted = ue->admitted_until_ms > 0;

    ue->admitted_until_ms = 0;
    gateway_withdraw(ue);
    if (was_admitted)
        gateway_tell(ue, MSGIN5G_GATEWAY_LEFT, (struct msgin5g_str){ NULL, 0 });
}

/* TS 24.538 6.3.5.3: who has proved with its key to be this UE may stay, until it has to say so again. */
static void on_gwreg(struct gateway_ue *ue, const struct msgin5g_message *message, struct transport_request *request)
{
    struct msgin5g_gateway *gateway = ue->gateway;
    int64_t wish_s = message->reg_exp_time_s > 0 ? message->reg_exp_time_s : ADMISSION_S;
    bool is_new = ue->admitted_until_ms == 0;
    struct msgin5g_reg_response response = { .ue_service_id = message->ori.addr, .result = true };
    uint8_t body[1024];
    size_t length = 0;

    response.reg_exp_time_s = wish_s < gateway->admission_s ? wish_s : gateway->admission_s;
    if (msgin5g_gwreg_response_encode(&response, body, sizeof body, &length) != MSGIN5G_OK) {
        gateway_respond(request, MSGIN5G_COAP_CODE(5, 0), NULL, 0);
        return;
    }
    ue->admitted_until_ms = gateway_now_ms(gateway) + response.reg_exp_time_s * 1000;
    gateway_respond(request, is_new ? MSGIN5G_COAP_CODE(2, 1) : MSGIN5G_COAP_CODE(2, 4), body, length);
    gateway_schedule(gateway);
    if (is_new)
        gateway_tell(ue, MSGIN5G_GATEWAY_ADMITTED, (struct msgin5g_str){ NULL, 0 });
}

/* TS 24.538 6.3.4.3.1, 6.3.4.3.4: the result comes later, with REGRESP or DEREGRESP. */
static void hold(struct gateway_ue *ue, const struct msgin5g_message *message, struct transport_request *request)
{
    struct msgin5g_reg_response response = { .ue_service_id = message->ori.addr, .deferred = true };
    bool is_new = !ue->registered && message->type == MSGIN5G_TYPE_REG;
    uint8_t body[1024];
    size_t length = 0;

    response.expected_time_s = gateway_hold(ue, message, transport_request_body(request));
    if (response.expected_time_s < 0 ||
        msgin5g_reg_response_encode(&response, body, sizeof body, &length) != MSGIN5G_OK) {
        gateway_respond(request, MSGIN5G_COAP_CODE(5, 0), NULL, 0);
        return;
    }
    gateway_respond(request, is_new ? MSGIN5G_COAP_CODE(2, 1) : MSGIN5G_COAP_CODE(2, 4), body, length);
    gateway_tell(ue, MSGIN5G_GATEWAY_HELD, (struct msgin5g_str){ NULL, 0 });
    gateway_schedule(ue->gateway);
}

static void on_registration(
    struct gateway_ue *ue, const struct msgin5g_message *message, struct transport_request *request)
{
    enum gateway_want want = message->type == MSGIN5G_TYPE_REG ? GATEWAY_WANTS_REG : GATEWAY_WANTS_DEREG;
    struct msgin5g_str body = transport_request_body(request);

    if (body.length > GATEWAY_HELD_MAX)
        gateway_respond(request, MSGIN5G_COAP_CODE(4, 13), NULL, 0);
    else if (message->entry_count > 0)
        gateway_respond(request, MSGIN5G_COAP_CODE(4, 0), NULL, 0);
    else if (!message->urgent)
        hold(ue, message, request);
    else if (want == GATEWAY_WANTS_REG && !gateway_keep(ue, body))
        gateway_respond(request, MSGIN5G_COAP_CODE(5, 0), NULL, 0);
    else {
        ue->want = GATEWAY_WANTS_NOTHING; /* what it asked before is void */
        gateway_relay_up(ue, request, want);
    }
}

/* Everything is for the UE that holds the key of this session, and after its gateway registration alone. */
static bool may_ask(const struct gateway_ue *ue, const struct msgin5g_message *message)
{
    return message->ori.type == MSGIN5G_ADDR_UE && gateway_find(ue->gateway, message->ori.addr) == ue &&
           (message->type == MSGIN5G_TYPE_GWREG || ue->admitted_until_ms > 0);
}

static void handle(struct gateway_ue *ue, const struct msgin5g_message *message, struct transport_request *request)
{
    bool about_set = message->type == MSGIN5G_TYPE_SEGREC || message->type == MSGIN5G_TYPE_SEGCONFIR;

    if (!about_set && !may_ask(ue, message))
        gateway_respond(request, MSGIN5G_COAP_CODE(4, 3), NULL, 0);
    else if (message->type == MSGIN5G_TYPE_GWREG)
        on_gwreg(ue, message, request);
    else if (message->type == MSGIN5G_TYPE_REG || message->type == MSGIN5G_TYPE_DEREG)
        on_registration(ue, message, request);
    else if (message->type == MSGIN5G_TYPE_MSG || message->type == MSGIN5G_TYPE_IMDN)
        gateway_relay_up(ue, request, GATEWAY_WANTS_NOTHING);
    else
        gateway_respond(request, MSGIN5G_COAP_CODE(4, 0), NULL, 0);
}

static void on_request(void *ctx, struct transport_session *session, struct transport_request *request)
{
    struct gateway_ue *ue = transport_session_user(session);
    struct msgin5g_str body = transport_request_body(request);
    int format = transport_request_format(request);
    struct msgin5g_message message;
    enum msgin5g_err err = MSGIN5G_OK;

    (void)ctx;
    if (ue == NULL)
        err = MSGIN5G_ERR_UNAUTHENTICATED;
    else if (transport_request_method(request) != TRANSPORT_POST)
        err = MSGIN5G_ERR_METHOD;
    else if (format != TRANSPORT_FORMAT_NONE && format != TRANSPORT_FORMAT_JSON)
        err = MSGIN5G_ERR_UNSUPPORTED_FORMAT;
    else
        err = msgin5g_message_decode((const uint8_t *)body.octets, body.length, &message, NULL, NULL);
    if (err != MSGIN5G_OK) {
        gateway_respond(request, msgin5g_err_coap_code(err), NULL, 0);
        return;
    }
    handle(ue, &message, request);
    msgin5g_message_free(&message);
}

/* The PSK identity is the UE Service ID. Whether the key is right shows when the session opens. */
static bool on_server_psk(void *ctx, struct transport_session *session, const char *identity, struct transport_psk *out)
{
    struct gateway_ue *ue = gateway_find(ctx, msgin5g_str(identity));

    if (ue == NULL)
        return false;
    transport_session_set_user(session, ue);
    memcpy(out->key, ue->key->octets, sizeof ue->key->octets);
    out->key_length = sizeof ue->key->octets;
    return true;
}

/* The newest session of a UE is the one that counts. */
static void on_opened(void *ctx, struct transport_session *session)
{
    struct gateway_ue *ue = transport_session_user(session);
    struct transport_session *before;

    (void)ctx;
    if (ue == NULL) {
        transport_session_close(session);
        return;
    }
    before = ue->session;
    ue->session = session;
    if (before == NULL)
        return;
    transport_session_set_user(before, NULL);
    transport_session_close(before);
}

static void on_closed(void *ctx, struct transport_session *session, enum transport_end end)
{
    struct gateway_ue *ue = transport_session_user(session);

    (void)ctx;
    (void)end;
    if (ue == NULL || ue->session != session)
        return;
    ue->session = NULL;
    gateway_leave(ue);
    gateway_schedule(ue->gateway);
}

static enum msgin5g_err open_gateway(struct msgin5g_gateway *gateway, const struct msgin5g_gateway_config *config)
{
    static const struct transport_handler handler = {
        .opened = on_opened, .closed = on_closed, .request = on_request, .server_psk = on_server_psk
    };
    const struct transport_config transport = { .max_sessions = (unsigned)(2 * gateway->max_ues),
        .body_octets = MSGIN5G_MESSAGE_MAX };
    enum msgin5g_err err = secret_arena_create(gateway->max_ues, sizeof(struct k_akma), &gateway->keys);

    if (err == MSGIN5G_OK)
        err = transport_create(gateway->client->context->loop, &transport, &handler, gateway, &gateway->transport);
    if (err == MSGIN5G_OK)
        err = transport_listen(gateway->transport, TRANSPORT_COAPS, config->address, config->port, &gateway->port);
    return err;
}

enum msgin5g_err msgin5g_gateway_create(struct msgin5g_client *client, const struct msgin5g_gateway_config *config,
    const struct msgin5g_gateway_events *events, void *ctx, struct msgin5g_gateway **out)
{
    struct msgin5g_gateway *gateway;
    enum msgin5g_err err;

    if (client->gateway != NULL || client->behind_gateway || config->address == NULL ||
        config->batch > MSGIN5G_BULK_ENTRIES_MAX)
        return MSGIN5G_ERR_INVALID;
    if ((gateway = calloc(1, sizeof *gateway)) == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    gateway->client = client;
    gateway->ctx = ctx;
    if (events != NULL)
        gateway->events = *events;
    gateway->max_ues = config->max_ues != 0 ? config->max_ues : DEFAULT_UES;
    gateway->batch = config->batch != 0 ? config->batch : DEFAULT_BATCH;
    gateway->hold_s = config->hold_s != 0 ? config->hold_s : DEFAULT_HOLD_S;
    gateway->admission_s = config->admission_s != 0 ? config->admission_s : DEFAULT_ADMISSION_S;
    gateway_bulk_init(gateway);
    if ((err = open_gateway(gateway, config)) != MSGIN5G_OK) {
        msgin5g_gateway_free(gateway);
        return err;
    }
    client->gateway = gateway;
    *out = gateway;
    return MSGIN5G_OK;
}

void msgin5g_gateway_free(struct msgin5g_gateway *gateway)
{
    static const struct msgin5g_gateway_events deaf;
    struct gateway_ue *ue, *next;

    if (gateway == NULL)
        return;
    gateway->events = deaf;
    gateway->client->gateway = NULL;
    gateway_relay_abandon(gateway);
    transport_free(gateway->transport); /* ends what was on its way to UEs */
    gateway_bulk_abandon(gateway);
    ue = gateway->ues;
    HASH_CLEAR(hh, gateway->ues); /* of the table alone */
    for (; ue != NULL; ue = next) {
        next = ue->hh.next;
        free(ue->body);
        free(ue);
    }
    secret_arena_free(gateway->keys);
    free(gateway);
}

enum msgin5g_err msgin5g_gateway_add_ue(
    struct msgin5g_gateway *gateway, const char *ue_service_id, const unsigned char key[MSGIN5G_GATEWAY_KEY_LEN])
{
    struct gateway_ue *ue, *added;
    struct msgin5g_service_id id;

    if (msgin5g_service_id_parse(msgin5g_str(ue_service_id), &id) != MSGIN5G_OK ||
        gateway_find(gateway, msgin5g_str(ue_service_id)) != NULL)
        return MSGIN5G_ERR_INVALID;
    if (HASH_COUNT(gateway->ues) >= gateway->max_ues)
        return MSGIN5G_ERR_LIMIT;
    if ((ue = calloc(1, sizeof *ue)) == NULL || (ue->key = secret_arena_take(gateway->keys)) == NULL) {
        free(ue);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    ue->gateway = gateway;
    ue->id = id;
    memcpy(ue->key->octets, key, sizeof ue->key->octets);
    HASH_ADD_KEYPTR(hh, gateway->ues, ue->id.text, ue->id.length, ue);
    HASH_FIND(hh, gateway->ues, id.text, id.length, added);
    if (added == ue)
        return MSGIN5G_OK;
    secret_arena_give(gateway->keys, ue->key);
    free(ue);
    return MSGIN5G_ERR_NO_MEMORY;
}

unsigned short msgin5g_gateway_port(const struct msgin5g_gateway *gateway)
{
    return gateway->port;
}
