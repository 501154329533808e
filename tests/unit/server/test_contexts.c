/* OSCORE contexts from half-open to their end, with the transport played by the test. */
#include "contexts.h"

#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define A_KID       "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define A_KID_2     "0.ryqwa1hPPSqB6HtP_YHkYqPPSgzEg_VEa2koJgoszEg@5gc.mnc001.mcc001.3gppnetwork.org"
#define UE          "im:ue-1@lab.example"
#define START_UTC_S 1772323200
#define LIFETIME_S  3600
#define SESSIONS    16
#define HALF_OPEN   10
#define KEPT_S      600

/* A session of the test's transport; closed() follows when the test says so, as with the real one. */
struct transport_session {
    struct link *link;
    uint8_t recipient_id;
    bool closing;
    bool observed;
};

struct transport {
    struct transport_session sessions[SESSIONS];
    size_t count;
    enum msgin5g_err err;
};

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct metrics *registry;
    struct server_metrics *metrics;
    struct server_config config;
    struct transport transport;
    struct a_kid_sessions *a_kid_sessions;
    struct directory *directory;
    struct identity_map *map;
    struct registrations *registrations;
    struct contexts *contexts;
};

static enum msgin5g_err expect_context(
    struct transport *transport, const struct transport_oscore *oscore, void *user, struct transport_session **out)
{
    if (transport->err != MSGIN5G_OK)
        return transport->err;
    assert_true(transport->count < SESSIONS);
    assert_int_equal(oscore->master_secret.length, 32);
    assert_int_equal(oscore->master_salt.length, 4);
    assert_int_equal(oscore->sender_id.length, 1);
    assert_int_equal(oscore->recipient_id.length, 1);
    *out = &transport->sessions[transport->count++];
    **out = (struct transport_session){ user, (uint8_t)*oscore->recipient_id.octets, false, true };
    return MSGIN5G_OK;
}

static void close_session(struct transport_session *session)
{
    session->closing = true;
}

static void end_observations(struct transport_session *session)
{
    session->observed = false;
}

static const char *remote(const struct transport_session *session)
{
    (void)session;
    return "192.0.2.1:40000";
}

static void closed(struct fixture *fixture, struct transport_session *session, enum transport_end end)
{
    struct link *link = session->link;
    session->link = NULL;
    contexts_closed(link, end);
    loop_timer_cancel(fixture->loop, &link->peer.key_expiry);
    a_kid_sessions_leave(fixture->a_kid_sessions, &link->a_kid);
    registrations_peer_closed(fixture->registrations, &link->peer);
    free(link->peer.identity);
    free(link);
}

/* What the transport does in a quiet moment. */
static void settle(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->transport.count; i++) {
        struct transport_session *session = &fixture->transport.sessions[i];
        if (session->closing && session->link != NULL)
            closed(fixture, session, TRANSPORT_END_LOCAL);
    }
}

static void build(struct fixture *fixture)
{
    static char identity[] = "imsi-001010000000001", id[] = UE;
    static char *ids[] = { id };
    static struct binding_config binding = { .identity = identity, .service_ids = { ids, 1 } };
    static const struct way_ue_config way_config = { .path = "msgin5g" };
    const struct contexts_transport transport = { expect_context, close_session, end_observations, remote,
        &fixture->transport };
    const struct registrations_config registrations = {
        .default_s = 86400, .min_s = 1, .max_s = 86400, .max = 10, .per_session = 4
    };
    fixture->config = (struct server_config){
        .half_open_total = HALF_OPEN, .binding_template = (char[]){ "" }, .bindings = { &binding, 1 }
    };
    assert_int_equal(a_kid_sessions_create(&fixture->a_kid_sessions), MSGIN5G_OK);
    assert_int_equal(identity_map_create(&fixture->config, &fixture->map), MSGIN5G_OK);
    assert_int_equal(directory_create(&fixture->directory), MSGIN5G_OK);
    assert_int_equal(registrations_create(fixture->loop, &registrations, fixture->directory, fixture->map,
                         fixture->metrics, &fixture->registrations),
        MSGIN5G_OK);
    assert_int_equal(contexts_create(fixture->loop, &fixture->config, &transport, &way_config, fixture->a_kid_sessions,
                         fixture->metrics, &fixture->contexts),
        MSGIN5G_OK);
    contexts_serve(fixture->contexts, fixture->registrations);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    virtual_clock_init(&fixture->clock, START_UTC_S);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    assert_int_equal(metrics_create(&fixture->registry), MSGIN5G_OK);
    assert_int_equal(server_metrics_create(fixture->registry, &fixture->metrics), MSGIN5G_OK);
    build(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < fixture->transport.count; i++) {
        if (fixture->transport.sessions[i].link != NULL)
            closed(fixture, &fixture->transport.sessions[i], TRANSPORT_END_LOCAL);
    }
    contexts_free(fixture->contexts);
    registrations_free(fixture->registrations);
    directory_free(fixture->directory);
    identity_map_free(fixture->map);
    a_kid_sessions_free(fixture->a_kid_sessions);
    server_metrics_free(fixture->metrics);
    metrics_free(fixture->registry);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static enum msgin5g_err grant(struct fixture *fixture, const char *a_kid)
{
    struct establishment_grant grant = { .a_kid = a_kid,
        .expiry_s = loop_utc_s(fixture->loop) + LIFETIME_S,
        .identity = "imsi-001010000000001",
        .salt_length = 4,
        .af_sid = { { 1 }, 1 },
        .ue_sid = { { (uint8_t)fixture->transport.count }, 1 } };
    return contexts_accept(fixture->contexts, &grant);
}

/* @return the link of the new half-open context. */
static struct link *half_open(struct fixture *fixture)
{
    assert_int_equal(grant(fixture, A_KID), MSGIN5G_OK);
    return fixture->transport.sessions[fixture->transport.count - 1].link;
}

static struct link *open_context(struct fixture *fixture)
{
    struct link *link = half_open(fixture);
    contexts_confirm(link);
    settle(fixture);
    return link;
}

static void wait_s(struct fixture *fixture, int64_t seconds)
{
    virtual_clock_advance(&fixture->clock, seconds * 1000);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    settle(fixture);
}

static size_t alive(const struct fixture *fixture)
{
    size_t count = 0;
    for (size_t i = 0; i < fixture->transport.count; i++)
        count += fixture->transport.sessions[i].link != NULL;
    return count;
}

static int64_t metric(const struct metric *metric)
{
    return (int64_t)metric_value(metric);
}

/* ---- half-open ---- */

static void test_a_context_is_half_open_until_confirmed(void **state)
{
    struct fixture *fixture = *state;
    struct link *link = half_open(fixture);
    assert_int_equal(link->state, CONTEXT_HALF_OPEN);
    assert_string_equal(link->peer.identity, "imsi-001010000000001");
    assert_int_equal(metric(fixture->metrics->contexts_half_open), 1);
    contexts_confirm(link);
    assert_int_equal(link->state, CONTEXT_OPEN);
    assert_int_equal(metric(fixture->metrics->contexts_half_open), 0);
    assert_int_equal(metric(fixture->metrics->contexts_open), 1);
    assert_int_equal(metric(fixture->metrics->contexts_confirmed), 1);
    assert_false(contexts_expired(link));
}

static void test_half_open_contexts_time_out(void **state)
{
    struct fixture *fixture = *state;
    struct link *link = half_open(fixture);
    closed(fixture, link->peer.session, TRANSPORT_END_TIMEOUT);
    assert_int_equal(metric(fixture->metrics->contexts_half_open), 0);
    assert_int_equal(metric(fixture->metrics->contexts_timed_out), 1);
}

/* N13, N14: whoever repeats the UE's POST fills nothing up, and does not end the UE's open context. */
static void test_n13_eight_half_open_contexts_an_a_kid(void **state)
{
    struct fixture *fixture = *state;
    struct link *open = open_context(fixture);
    for (int i = 0; i < CONTEXTS_PER_A_KID; i++)
        (void)half_open(fixture);
    assert_int_equal(alive(fixture), 1 + CONTEXTS_PER_A_KID);
    (void)half_open(fixture);
    settle(fixture);
    assert_int_equal(alive(fixture), 1 + CONTEXTS_PER_A_KID);
    assert_null(fixture->transport.sessions[1].link); /* the oldest one went */
    assert_int_equal(open->state, CONTEXT_OPEN);
    assert_int_equal(metric(fixture->metrics->contexts_evicted), 1);
}

static void test_half_open_contexts_in_all(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < HALF_OPEN; i++)
        assert_int_equal(grant(fixture, i % 2 == 0 ? A_KID : A_KID_2), MSGIN5G_OK);
    assert_int_equal(grant(fixture, A_KID), MSGIN5G_OK);
    settle(fixture);
    assert_int_equal(alive(fixture), HALF_OPEN);
    assert_null(fixture->transport.sessions[0].link);
    assert_int_equal(metric(fixture->metrics->contexts_half_open), HALF_OPEN);
}

static void test_the_transport_has_no_room(void **state)
{
    struct fixture *fixture = *state;
    fixture->transport.err = MSGIN5G_ERR_LIMIT;
    assert_int_equal(grant(fixture, A_KID), MSGIN5G_ERR_OVERLOADED);
    fixture->transport.err = MSGIN5G_ERR_NO_MEMORY;
    assert_int_equal(grant(fixture, A_KID), MSGIN5G_ERR_NO_MEMORY);
    assert_int_equal(metric(fixture->metrics->contexts_half_open), 0);
}

/* ---- open ---- */

static struct registration *register_ue(struct fixture *fixture, struct link *link)
{
    static const char json[] = "{\"msgIden\":\"urn:3gpp:msgin5g\",\"msgType\":\"REG\","
                               "\"oriAddr\":{\"oriAddrType\":\"UE\",\"addr\":\"" UE "\"}}";
    struct msgin5g_message message, partial;
    const char *detail;
    struct reply reply = { 0 };
    struct services services = { .registrations = fixture->registrations };
    assert_int_equal(
        msgin5g_message_decode((const uint8_t *)json, strlen(json), &message, &partial, &detail), MSGIN5G_OK);
    struct request request = { .peer = &link->peer, .message = &message };
    assert_int_equal(msgin5g_service_id_parse(msgin5g_str(UE), &request.originator), MSGIN5G_OK);
    assert_int_equal(registration_on_reg(&services, &request, &reply), MSGIN5G_OK);
    msgin5g_message_free(&message);
    msgin5g_message_free(&partial);
    return registrations_find(fixture->registrations, &request.originator);
}

/* Only the holder of the key replaces; what was registered stays reachable all the while. */
static void test_a_newer_context_takes_over_once_confirmed(void **state)
{
    struct fixture *fixture = *state;
    struct link *old = open_context(fixture);
    struct registration *registration = register_ue(fixture, old);
    struct transport_session *old_session = old->peer.session;
    struct link *newer = half_open(fixture);
    assert_ptr_equal(registration->peer, &old->peer);
    assert_false(old_session->closing);
    contexts_confirm(newer);
    assert_ptr_equal(registration->peer, &newer->peer);
    assert_true(old_session->closing);
    settle(fixture);
    assert_int_equal(alive(fixture), 1);
    assert_ptr_equal(registration->peer, &newer->peer);
    assert_int_equal(metric(fixture->metrics->contexts_replaced), 1);
    assert_int_equal(metric(fixture->metrics->contexts_open), 1);
}

static void test_other_half_open_contexts_stay(void **state)
{
    struct fixture *fixture = *state;
    struct link *other = half_open(fixture);
    (void)open_context(fixture);
    assert_int_equal(other->state, CONTEXT_HALF_OPEN);
    contexts_confirm(other);
    settle(fixture);
    assert_int_equal(alive(fixture), 1);
}

/* ---- N6 ---- */

static void test_n6_k_af_expires(void **state)
{
    struct fixture *fixture = *state;
    struct link *link = open_context(fixture);
    (void)register_ue(fixture, link);
    wait_s(fixture, LIFETIME_S - 1);
    assert_false(contexts_expired(link));
    wait_s(fixture, 1);
    assert_true(contexts_expired(link));
    assert_null(link->peer.registrations); /* nothing is sent under this key any more */
    assert_false(link->peer.session->observed);
    assert_int_equal(metric(fixture->metrics->sessions_key_expired), 1);
    assert_int_equal(metric(fixture->metrics->contexts_open), 0);
    contexts_end(link);
    settle(fixture);
    assert_int_equal(alive(fixture), 0);
}

static void test_n6_grace_time(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.key_expiry_grace_ms = 5000;
    struct link *link = open_context(fixture);
    wait_s(fixture, LIFETIME_S + 4);
    assert_false(contexts_expired(link));
    wait_s(fixture, 1);
    assert_true(contexts_expired(link));
}

static void test_an_expired_context_is_not_kept_for_ever(void **state)
{
    struct fixture *fixture = *state;
    (void)open_context(fixture);
    wait_s(fixture, LIFETIME_S);
    assert_int_equal(alive(fixture), 1);
    wait_s(fixture, KEPT_S);
    assert_int_equal(alive(fixture), 0);
}

static void test_an_expired_context_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    (void)open_context(fixture);
    wait_s(fixture, LIFETIME_S);
    struct link *newer = open_context(fixture);
    assert_int_equal(alive(fixture), 1);
    assert_int_equal(newer->state, CONTEXT_OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_context_is_half_open_until_confirmed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_open_contexts_time_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n13_eight_half_open_contexts_an_a_kid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_half_open_contexts_in_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_transport_has_no_room, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_newer_context_takes_over_once_confirmed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_other_half_open_contexts_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n6_k_af_expires, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n6_grace_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_expired_context_is_not_kept_for_ever, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_expired_context_is_replaced, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
