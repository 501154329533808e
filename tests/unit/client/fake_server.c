#include "fake_server.h"

#include "akma/oscore.h"
#include "coap/transport_oscore.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void on_opened(void *ctx, struct transport_session *session)
{
    struct fake_server *server = ctx;

    server->opened++;
    server->session = session;
}

static void on_closed(void *ctx, struct transport_session *session, enum transport_end end)
{
    struct fake_server *server = ctx;

    (void)end;
    server->closed++;
    if (server->session == session)
        server->session = NULL;
}

static void copy(struct msgin5g_str text, char *out, size_t capacity)
{
    snprintf(out, capacity, "%.*s", (int)text.length, text.length > 0 ? text.octets : "");
}

static void remember(
    struct fake_server *server, const struct msgin5g_message *message, const struct transport_request *request)
{
    struct fake_entry *entry;

    assert_true(server->logged < FAKE_LOG_MAX);
    entry = &server->log[server->logged++];
    entry->type = message->type;
    entry->status = message->delivery_status;
    entry->reg_exp_time_s = message->reg_exp_time_s;
    copy(message->ori.addr, entry->ori, sizeof entry->ori);
    copy(message->dest.addr, entry->dest, sizeof entry->dest);
    copy(message->msg_id, entry->msg_id, sizeof entry->msg_id);
    copy(message->payload, entry->payload, sizeof entry->payload);
    copy(message->cause, entry->cause, sizeof entry->cause);
    copy(message->segment.set_id, entry->set_id, sizeof entry->set_id);
    copy(message->seg_no_list, entry->seg_no_list, sizeof entry->seg_no_list);
    entry->segment = message->segment;
    entry->availability = message->availability;
    entry->max_segment_size = message->max_segment_size;
    entry->report_requested = message->report_requested;
    entry->result = message->result;
    entry->payload_length = message->payload.length;
    entry->item_count = message->item_count;
    assert_true(transport_request_path(request, entry->path, sizeof entry->path));
}

static void answer(struct fake_server *server, struct transport_request *request, const struct msgin5g_message *message)
{
    bool has_body = message->type == MSGIN5G_TYPE_REG || message->type == MSGIN5G_TYPE_DEREG;
    const struct msgin5g_reg_response response = {
        .ue_service_id = message->ori.addr,
        .result = message->type == MSGIN5G_TYPE_DEREG || server->reg_result,
        .reg_exp_time_s = message->type == MSGIN5G_TYPE_REG ? server->lifetime_s : MSGIN5G_REG_EXP_TIME_NONE,
        .cause = server->reg_result ? (struct msgin5g_str){ 0 } : msgin5g_str("NOT_AUTHORIZED"),
    };
    uint8_t body[512];
    struct transport_answer out = {
        .code = server->code[message->type], .format = TRANSPORT_FORMAT_NONE, .body = body, .max_age_s = -1
    };

    if (out.code == 0)
        out.code = message->type == MSGIN5G_TYPE_REG ? MSGIN5G_COAP_CODE(2, 1) : MSGIN5G_COAP_CODE(2, 4);
    if (has_body) {
        out.format = TRANSPORT_FORMAT_JSON;
        assert_int_equal(msgin5g_reg_response_encode(&response, body, sizeof body, &out.length), MSGIN5G_OK);
    }
    transport_respond(request, &out);
}

static void on_get(struct fake_server *server, struct transport_request *request)
{
    struct msgin5g_sub_response response = server->sub_response;
    uint8_t body[256];
    struct transport_answer out = { .code = server->sub_code, .format = TRANSPORT_FORMAT_NONE, .max_age_s = -1 };

    assert_true(transport_request_path(request, server->topic_path, sizeof server->topic_path));
    copy(transport_request_body(request), server->sub_body, sizeof server->sub_body);
    if (transport_request_observe(request) == TRANSPORT_OBSERVE_END) {
        server->ends++;
        transport_observation_cancel(&server->observation);
        response = (struct msgin5g_sub_response){ .status = MSGIN5G_SUB_DELETED };
    } else {
        server->gets++;
        if (server->sub_code == 0 && response.status != MSGIN5G_SUB_FAILED)
            assert_int_equal(transport_observation_begin(request, &server->observation), MSGIN5G_OK);
    }
    if (out.code == 0) {
        out.code = MSGIN5G_COAP_CODE(2, 5);
        out.format = TRANSPORT_FORMAT_JSON;
        out.body = body;
        assert_int_equal(msgin5g_sub_response_encode(&response, body, sizeof body, &out.length), MSGIN5G_OK);
    }
    transport_respond(request, &out);
}

static struct msgin5g_str str_of(const void *octets, size_t length)
{
    return (struct msgin5g_str){ octets, length };
}

/* The context that both halves make (TS 33.535 D.3.3). */
static void expect(struct fake_server *server, struct msgin5g_str body, const struct oscore_request *asked,
    const struct oscore_response *told, struct msgin5g_str answer)
{
    uint8_t salt[OSCORE_MASTER_SALT_MAX];
    struct transport_oscore oscore = { .sender_id = str_of(asked->af_sid.octets, asked->af_sid.length),
        .recipient_id = str_of(told->ue_sid.octets, told->ue_sid.length) };
    struct k_af k_af;
    struct oscore_master_secret oms;
    struct transport_session *session;

    assert_int_equal(kdf_k_af(&server->k_akma, FAKE_FQDN, &ua_id_oscore, &k_af), MSGIN5G_OK);
    assert_int_equal(kdf_oscore_master_secret(&k_af, &oms), MSGIN5G_OK);
    oscore.master_secret = str_of(oms.octets, sizeof oms.octets);
    oscore.master_salt.octets = (const char *)salt;
    assert_int_equal(oscore_master_salt(body, answer, salt, &oscore.master_salt.length), MSGIN5G_OK);
    assert_int_equal(transport_oscore_expect(server->transport, &oscore, NULL, &session), MSGIN5G_OK);
}

static void on_akma(struct fake_server *server, struct transport_request *request)
{
    struct msgin5g_str body = transport_request_body(request);
    struct oscore_request asked;
    struct oscore_response told = { .n2.length = OSCORE_NONCE_LEN, .ue_sid.length = 4 };
    uint8_t octets[OSCORE_RESPONSE_MAX];
    struct transport_answer out = { .code = server->akma_code,
        .format = TRANSPORT_FORMAT_NONE,
        .max_age_s = server->akma_max_age_s > 0 ? server->akma_max_age_s : -1 };

    server->handshakes++;
    assert_int_equal(transport_request_method(request), TRANSPORT_POST);
    assert_int_equal(transport_request_format(request), TRANSPORT_FORMAT_CBOR);
    assert_true(transport_request_host(request, server->server_name, sizeof server->server_name));
    assert_int_equal(oscore_request_decode((const uint8_t *)body.octets, body.length, &asked), MSGIN5G_OK);
    snprintf(server->identity, sizeof server->identity, "%s", asked.a_kid);
    if (server->akma_echo && transport_request_echo(request).length == 0) {
        transport_request_demand_echo(request, msgin5g_str("12345678"));
        out.code = MSGIN5G_COAP_CODE(4, 1);
        transport_respond(request, &out);
        return;
    }
    if (server->akma_silent) {
        assert_true(server->held_count < 16);
        server->held[server->held_count++] = transport_defer(request);
        return;
    }
    if (out.code == 0) {
        secret_random(told.n2.octets, told.n2.length);
        secret_random(told.ue_sid.octets, told.ue_sid.length);
        assert_int_equal(oscore_response_encode(&told, octets, &out.length), MSGIN5G_OK);
        expect(server, body, &asked, &told, str_of(octets, out.length));
        out.code = MSGIN5G_COAP_CODE(2, 1);
        out.format = TRANSPORT_FORMAT_CBOR;
        out.body = octets;
    }
    transport_respond(request, &out);
}

/* The server's K_AF has expired: it says so, and knows the context no more. */
static bool forget(struct fake_server *server, struct transport_session *session, struct transport_request *request)
{
    static const struct transport_answer expired = { MSGIN5G_COAP_CODE(4, 1), TRANSPORT_FORMAT_NONE, "K_AF_EXPIRED", 12,
        -1 };

    if (server->forget_count == 0)
        return false;
    server->forget_count--;
    transport_respond(request, &expired);
    transport_session_close(session);
    return true;
}

static void on_request(void *ctx, struct transport_session *session, struct transport_request *request)
{
    struct fake_server *server = ctx;
    struct msgin5g_str body = transport_request_body(request);
    struct msgin5g_message message;

    if (server->oscore && !transport_request_protected(request)) {
        on_akma(server, request);
        return;
    }
    if (transport_request_method(request) == TRANSPORT_GET) {
        on_get(server, request);
        return;
    }
    assert_int_equal(transport_request_format(request), TRANSPORT_FORMAT_JSON);
    assert_true(transport_request_confirmable(request));
    assert_int_equal(
        msgin5g_message_decode((const uint8_t *)body.octets, body.length, &message, NULL, NULL), MSGIN5G_OK);
    if (message.type == MSGIN5G_TYPE_MSG && forget(server, session, request)) {
        msgin5g_message_free(&message);
        return;
    }
    remember(server, &message, request);
    if (server->hold[message.type]) {
        assert_true(server->held_count < 16);
        server->held[server->held_count++] = transport_defer(request);
    } else {
        answer(server, request, &message);
    }
    msgin5g_message_free(&message);
}

static enum transport_gate_verdict on_gate(
    void *ctx, struct transport_session *session, const uint8_t *octets, size_t length)
{
    struct fake_server *server = ctx;

    (void)octets;
    (void)length;
    if (server->refuse_count == 0)
        return TRANSPORT_GATE_PASS;
    server->refuse_count--;
    server->handshakes++;
    transport_session_refuse(session, (enum tls_alert)server->refuse_alert);
    return TRANSPORT_GATE_REFUSE;
}

static bool on_server_psk(void *ctx, struct transport_session *session, const char *identity, struct transport_psk *out)
{
    struct fake_server *server = ctx;
    const char *name = transport_session_server_name(session);
    struct ua_id ua_id =
        transport_session_is_1_3(session) ? ua_id_dtls_1_3 : ua_id_tls_1_2(transport_session_suite(session));
    struct k_af k_af;

    if (name != NULL) /* not yet known while wolfSSL answers the first ClientHello without a state */
        snprintf(server->server_name, sizeof server->server_name, "%s", name);
    server->handshakes++;
    snprintf(server->identity, sizeof server->identity, "%s", identity);
    assert_int_equal(kdf_k_af(&server->k_akma, FAKE_FQDN, &ua_id, &k_af), MSGIN5G_OK);
    memcpy(out->key, k_af.octets, sizeof k_af.octets);
    out->key_length = sizeof k_af.octets;
    return true;
}

void fake_server_start(struct fake_server *server)
{
    static const struct transport_handler handler = {
        .opened = on_opened, .closed = on_closed, .request = on_request, .gate = on_gate, .server_psk = on_server_psk
    };
    const struct transport_config config = {
        .psk_hint = "3GPP-AKMA", .ccm8 = true, .half_open_s = 1, .nstart = 16, .oscore_open_path = "akma"
    };
    enum transport_scheme scheme = server->oscore ? TRANSPORT_OSCORE : TRANSPORT_COAPS;

    assert_int_equal(loop_create(clock_system(), &server->loop), MSGIN5G_OK);
    assert_int_equal(transport_create(server->loop, &config, &handler, server, &server->transport), MSGIN5G_OK);
    assert_int_equal(transport_listen(server->transport, scheme, "127.0.0.1", server->port, &server->port), MSGIN5G_OK);
}

void fake_server_stop(struct fake_server *server)
{
    const struct transport_answer late = { .code = MSGIN5G_COAP_CODE(5, 0), .format = -1, .max_age_s = -1 };

    for (unsigned i = 0; i < server->held_count; i++)
        transport_deferred_respond(server->held[i], &late);
    server->held_count = 0;
    transport_free(server->transport);
    loop_free(server->loop);
    server->transport = NULL;
    server->loop = NULL;
}

static void on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct fake_server *server = ctx;

    if (err == MSGIN5G_OK) {
        server->answered++;
        server->last_answer = result->code;
    }
}

void fake_server_send(struct fake_server *server, const struct msgin5g_message *message)
{
    uint8_t body[MSGIN5G_MESSAGE_MAX];
    struct transport_call call = {
        .method = TRANSPORT_POST, .path = "msgin5g", .format = TRANSPORT_FORMAT_JSON, .body = body, .confirmable = true
    };

    assert_int_equal(msgin5g_message_encode(message, body, sizeof body, &call.length), MSGIN5G_OK);
    assert_non_null(server->session);
    assert_int_equal(transport_send(server->session, &call, on_answer, server), MSGIN5G_OK);
}

void fake_server_notify(struct fake_server *server, const struct msgin5g_message *message)
{
    uint8_t body[MSGIN5G_MESSAGE_MAX];
    struct transport_answer answer = {
        .code = MSGIN5G_COAP_CODE(2, 5), .format = TRANSPORT_FORMAT_JSON, .body = body, .max_age_s = -1
    };

    assert_int_equal(msgin5g_message_encode(message, body, sizeof body, &answer.length), MSGIN5G_OK);
    assert_int_equal(transport_notify(&server->observation, &answer, true, on_answer, server), MSGIN5G_OK);
}

unsigned fake_server_count(const struct fake_server *server, enum msgin5g_type type)
{
    unsigned count = 0;

    for (unsigned i = 0; i < server->logged; i++)
        count += server->log[i].type == type;
    return count;
}

const struct fake_entry *fake_server_last(const struct fake_server *server, enum msgin5g_type type)
{
    for (unsigned i = server->logged; i-- > 0;)
        if (server->log[i].type == type)
            return &server->log[i];
    fail_msg("no %s came", msgin5g_type_text(type));
    return NULL;
}
