#include "fixture.h"

#include "base/secret.h"
#include "coap/transport_oscore.h"

#include <stdlib.h>
#include <string.h>

static const uint8_t shared_key[16] = "0123456789abcde";

static void on_opened(void *ctx, struct transport_session *session)
{
    struct end *end = ctx;
    end->opened++;
    end->last = session;
    end->last_suite = transport_session_suite(session);
    end->last_1_3 = transport_session_is_1_3(session);
    if (end->ask_when_opened) {
        struct transport_call call = {
            .method = TRANSPORT_GET, .path = "a", .format = TRANSPORT_FORMAT_NONE, .confirmable = true
        };
        assert_int_equal(transport_send(session, &call, fixture_on_answer, &end->fixture->answer), MSGIN5G_OK);
    }
}

static void on_closed(void *ctx, struct transport_session *session, enum transport_end how)
{
    struct end *end = ctx;
    end->closed++;
    end->last_end = how;
    end->last_alert = transport_session_alert(session);
    if (end->last == session)
        end->last = NULL;
    if (end->gated == session)
        end->gated = NULL;
}

/* @return whether the request was refused for want of the Echo. */
static bool demand_echo(const struct end *end, struct transport_request *request)
{
    static const struct transport_answer refusal = { MSGIN5G_COAP_CODE(4, 1), TRANSPORT_FORMAT_NONE, "ECHO", 4, -1 };
    if (end->demanded_echo == NULL ||
        msgin5g_str_equal(transport_request_echo(request), msgin5g_str(end->demanded_echo)))
        return false;
    assert_null(transport_request_echo(request).octets);
    transport_request_demand_echo(request, msgin5g_str(end->demanded_echo));
    transport_respond(request, &refusal);
    return true;
}

static void on_request(void *ctx, struct transport_session *session, struct transport_request *request)
{
    struct end *end = ctx;
    struct msgin5g_str body = transport_request_body(request);
    end->requests++;
    end->asker = session;
    end->last_protected = transport_request_protected(request);
    assert_true(transport_request_path(request, end->path, sizeof end->path));
    assert_true(body.length <= sizeof end->body);
    if (body.length > 0)
        memcpy(end->body, body.octets, body.length);
    end->body_length = body.length;
    end->format = transport_request_format(request);
    end->observe = transport_request_observe(request);
    if (end->observe == TRANSPORT_OBSERVE_BEGIN)
        assert_int_equal(transport_observation_begin(request, &end->observation), end->observe_err);
    if (end->observe == TRANSPORT_OBSERVE_END)
        transport_observation_cancel(&end->observation);
    if (end->close_in_request)
        transport_session_close(session);
    if (demand_echo(end, request))
        return;
    if (end->defer) {
        end->deferred = transport_defer(request);
        assert_non_null(end->deferred);
        return;
    }
    struct transport_answer answer = { .code = MSGIN5G_COAP_CODE(2, end->observe == TRANSPORT_OBSERVE_NONE ? 4 : 5),
        .format = end->answer_length > 0 ? TRANSPORT_FORMAT_JSON : TRANSPORT_FORMAT_NONE,
        .body = end->answer_body,
        .length = end->answer_length,
        .max_age_s = -1 };
    transport_respond(request, &answer);
}

static enum transport_gate_verdict on_gate(
    void *ctx, struct transport_session *session, const uint8_t *octets, size_t length)
{
    struct end *end = ctx;
    end->gate_calls++;
    end->gated = session;
    if (end->refuse_alert != 0)
        transport_session_refuse(session, (enum tls_alert)end->refuse_alert);
    if (end->verdict == TRANSPORT_GATE_HOLD) {
        assert_true(end->held_count < 16 && length <= sizeof end->held[0]);
        memcpy(end->held[end->held_count], octets, length);
        end->held_length[end->held_count++] = length;
    }
    return end->verdict;
}

static bool on_server_psk(void *ctx, struct transport_session *session, const char *identity, struct transport_psk *out)
{
    struct end *end = ctx;
    const char *name = transport_session_server_name(session);
    if (strcmp(identity, FIXTURE_IDENTITY) != 0)
        return false;
    (void)strncpy(end->server_name, name != NULL ? name : "", sizeof end->server_name - 1);
    memcpy(out->key, end->key, sizeof end->key);
    out->key_length = sizeof end->key;
    return true;
}

static bool on_client_psk(
    void *ctx, struct transport_session *session, const char *hint, uint16_t suite, struct transport_psk *out)
{
    struct end *end = ctx;
    (void)session;
    end->psk_suite = suite;
    (void)strncpy(end->psk_hint, hint != NULL ? hint : "", sizeof end->psk_hint - 1);
    memcpy(out->key, end->key, sizeof end->key);
    out->key_length = sizeof end->key;
    (void)strcpy(out->identity, FIXTURE_IDENTITY);
    return true;
}

static void on_observation_ended(void *ctx, struct transport_observation *observation, enum transport_observe_end how)
{
    struct end *end = ctx;
    assert_ptr_equal(observation, &end->observation);
    assert_null(observation->session);
    end->observations_ended++;
    end->last_observe_end = how;
}

static void start_end(struct fixture *fixture, struct end *end, const struct transport_config *config)
{
    static const struct transport_handler handler = { on_opened, on_closed, on_request, on_gate, on_server_psk,
        on_client_psk, on_observation_ended };
    end->fixture = fixture;
    memcpy(end->key, shared_key, sizeof end->key);
    assert_int_equal(transport_create(fixture->loop, config, &handler, end, &end->transport), MSGIN5G_OK);
}

int fixture_setup(void **state)
{
    static const struct transport_config config = { .psk_hint = "3GPP-AKMA", .ccm8 = true };
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(loop_create(clock_system(), &fixture->loop), MSGIN5G_OK);
    start_end(fixture, &fixture->server, &config);
    start_end(fixture, &fixture->client, &config);
    *state = fixture;
    return 0;
}

int fixture_teardown(void **state)
{
    struct fixture *fixture = *state;
    transport_free(fixture->client.transport);
    transport_free(fixture->server.transport);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

void fixture_restart(
    struct fixture *fixture, const struct transport_config *server, const struct transport_config *client)
{
    transport_free(fixture->client.transport);
    transport_free(fixture->server.transport);
    start_end(fixture, &fixture->server, server);
    start_end(fixture, &fixture->client, client);
}

void fixture_listen(struct fixture *fixture, enum transport_scheme scheme)
{
    assert_int_equal(transport_listen(fixture->server.transport, scheme, "127.0.0.1", 0, &fixture->port), MSGIN5G_OK);
    assert_int_not_equal(fixture->port, 0);
}

bool fixture_run(struct fixture *fixture, bool (*done)(struct fixture *fixture), int limit_ms)
{
    struct clock_source clock = clock_system();
    int64_t end_ms = clock.monotonic_ms(clock.ctx) + limit_ms;
    while (!done(fixture)) {
        int64_t left_ms = end_ms - clock.monotonic_ms(clock.ctx);
        if (left_ms <= 0)
            return false;
        assert_int_equal(loop_process(fixture->loop, (int)left_ms), MSGIN5G_OK);
    }
    return true;
}

bool both_open(struct fixture *fixture)
{
    return fixture->server.opened > 0 && fixture->client.opened > 0;
}

bool answered(struct fixture *fixture)
{
    return fixture->answer.count > 0;
}

bool client_closed(struct fixture *fixture)
{
    return fixture->client.closed > 0;
}

bool server_closed(struct fixture *fixture)
{
    return fixture->server.closed > 0;
}

struct transport_session *fixture_connect(
    struct fixture *fixture, enum transport_scheme scheme, enum tls_psk_versions versions)
{
    struct transport_session *session = NULL;
    struct transport_peer peer = { .scheme = scheme,
        .host = "127.0.0.1",
        .port = fixture->port,
        .server_name = scheme <= TRANSPORT_COAPS_TCP ? "localhost" : NULL,
        .versions = versions };
    unsigned opened = fixture->client.opened, closed = fixture->client.closed;
    assert_int_equal(transport_connect(fixture->client.transport, &peer, fixture, &session), MSGIN5G_OK);
    assert_int_equal(fixture->client.opened, opened);
    assert_int_equal(fixture->client.closed, closed);
    assert_ptr_equal(transport_session_user(session), fixture);
    return session;
}

static bool client_open(struct fixture *fixture)
{
    return fixture->client.opened > 0;
}

struct transport_session *fixture_open(
    struct fixture *fixture, enum transport_scheme scheme, enum tls_psk_versions versions)
{
    struct transport_session *session = fixture_connect(fixture, scheme, versions);
    assert_true(fixture_run(fixture, scheme <= TRANSPORT_COAPS_TCP ? both_open : client_open, 3000));
    return session;
}

void fixture_on_answer(void *ctx, enum msgin5g_err err, const struct transport_result *result)
{
    struct answer *answer = ctx;
    answer->count++;
    answer->err = err;
    if (result == NULL)
        return;
    answer->code = result->code;
    answer->format = result->format;
    answer->is_protected = result->is_protected;
    answer->length = result->body.length;
    assert_true(answer->length <= sizeof answer->body);
    if (answer->length > 0)
        memcpy(answer->body, result->body.octets, answer->length);
}

void fixture_ask(struct fixture *fixture, struct transport_session *session, const void *body, size_t length)
{
    struct transport_call call = { .method = TRANSPORT_POST,
        .path = "msgin5g/v1",
        .format = length > 0 ? TRANSPORT_FORMAT_JSON : TRANSPORT_FORMAT_NONE,
        .body = body,
        .length = length,
        .confirmable = true };
    memset(&fixture->answer, 0, sizeof fixture->answer);
    assert_int_equal(transport_send(session, &call, fixture_on_answer, &fixture->answer), MSGIN5G_OK);
    assert_int_equal(fixture->answer.count, 0);
    assert_true(fixture_run(fixture, answered, 10000));
    assert_int_equal(fixture->answer.count, 1);
}
