/* Handshakes between gate, key source and transport, with the AAnF role and the transport played by the test. */
#include "handshake.h"

#include "gate_octets.h"
#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME        "msgin5g.lab.example"
#define A_KID       "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define IDENTITY    "3GPP-AKMA;" A_KID
#define CCM_8       0xC0A8
#define START_UTC_S 1772323200
#define NOBODY      (-1)

/* The test's AAnF role: one key, perhaps. */
struct akma_af {
    bool cached;
    enum msgin5g_err refusal; /* remembered refusal; MSGIN5G_OK: none */
    enum msgin5g_err fetch_err;
    int fetches;
    akma_af_done_fn *done;
    void *done_ctx;
    struct ua_id asked;
    int64_t expiry_s;
};

enum msgin5g_err akma_af_lookup(struct akma_af *af, const struct akma_af_ref *ref, struct akma_af_key *out)
{
    assert_string_equal(ref->fqdn, NAME);
    if (af->refusal != MSGIN5G_OK)
        return af->refusal;
    if (!af->cached)
        return MSGIN5G_ERR_NOT_CACHED;
    memset(out, 0, sizeof *out);
    memset(out->k_af.octets, 0x5A, sizeof out->k_af.octets);
    out->expiry_s = af->expiry_s;
    strcpy(out->identity, "imsi-001010000000001");
    return MSGIN5G_OK;
}

enum msgin5g_err akma_af_fetch(struct akma_af *af, const struct akma_af_ref *ref, akma_af_done_fn *done, void *ctx)
{
    assert_int_equal(ref->a_kid.length, strlen(A_KID));
    af->fetches++;
    af->asked = ref->ua_id;
    if (af->fetch_err != MSGIN5G_OK)
        return af->fetch_err;
    af->done = done;
    af->done_ctx = ctx;
    return MSGIN5G_OK;
}

static void answer(struct akma_af *af, enum msgin5g_err err)
{
    akma_af_done_fn *done = af->done;
    if (done == NULL) {
        fail_msg("nobody asked");
        return;
    }
    af->done = NULL;
    done(af->done_ctx, err);
}

/* The test's transport: one session at a time, found through its user pointer. */
struct transport_session {
    struct handshake *handshake; /* NULL: ended */
    enum transport_scheme scheme;
    uint16_t suite;
    bool is_1_3;
    bool cookie_valid;
    int alert; /* NOBODY: not refused */
    int replayed;
    size_t replayed_octets;
    bool ends_with_replay;
};

static enum transport_scheme scheme_of(const struct transport_session *session)
{
    return session->scheme;
}

static uint16_t suite_of(const struct transport_session *session)
{
    return session->suite;
}

static bool is_1_3(const struct transport_session *session)
{
    return session->is_1_3;
}

static const char *remote_of(const struct transport_session *session)
{
    (void)session;
    return "192.0.2.1:40000";
}

static bool cookie_valid(const struct transport_session *session, const uint8_t *cookie, size_t length)
{
    (void)cookie;
    assert_true(length > 0);
    return session->cookie_valid;
}

static void end(struct transport_session *session)
{
    handshake_end(session->handshake);
    session->handshake = NULL;
}

static void refuse(struct transport_session *session, enum tls_alert alert)
{
    session->alert = (int)alert;
    end(session);
}

static void replay(struct transport_session *session, const uint8_t *octets, size_t length)
{
    (void)octets;
    session->replayed++;
    session->replayed_octets += length;
    if (session->ends_with_replay)
        end(session);
}

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct metrics *registry;
    struct server_metrics *metrics;
    struct akma_af af;
    struct psk_source *source;
    struct handshakes *handshakes;
    struct transport_session session;
    struct server_config config;
};

static char fqdn_text[] = "MSGin5G.lab.example";
static char *fqdns[] = { fqdn_text };

static void start(struct fixture *fixture)
{
    static const struct handshake_transport transport = { scheme_of, suite_of, is_1_3, remote_of, cookie_valid, refuse,
        replay };
    assert_int_equal(handshakes_create(fixture->loop, &fixture->config, &transport, fixture->source, fixture->metrics,
                         &fixture->handshakes),
        MSGIN5G_OK);
}

static void connect_again(struct fixture *fixture)
{
    fixture->session = (struct transport_session){ .cookie_valid = true, .alert = NOBODY };
    fixture->session.handshake = handshake_begin(fixture->handshakes, &fixture->session);
    assert_non_null(fixture->session.handshake);
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    virtual_clock_init(&fixture->clock, START_UTC_S);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    assert_int_equal(metrics_create(&fixture->registry), MSGIN5G_OK);
    assert_int_equal(server_metrics_create(fixture->registry, &fixture->metrics), MSGIN5G_OK);
    assert_int_equal(psk_source_create(&fixture->af, &fixture->source), MSGIN5G_OK);
    fixture->af.expiry_s = START_UTC_S + 3600;
    fixture->config.fqdns = (struct config_strings){ fqdns, 1 };
    fixture->config.pending_peers = 2;
    fixture->config.pending_octets = 65536;
    fixture->config.key_requests_burst = 1;
    start(fixture);
    connect_again(fixture);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    end(&fixture->session);
    if (fixture->af.done != NULL)
        answer(&fixture->af, MSGIN5G_ERR_CLOSED);
    psk_source_free(fixture->source);
    handshakes_free(fixture->handshakes);
    server_metrics_free(fixture->metrics);
    metrics_free(fixture->registry);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static enum transport_gate_verdict send_octets(struct fixture *fixture, const struct octets *octets)
{
    return handshake_gate(fixture->session.handshake, octets->data, octets->length);
}

static enum transport_gate_verdict send_hello_1_2(struct fixture *fixture, const char *name)
{
    struct octets octets;
    struct hello hello = { .legacy_cookie = "c", .server_name = name, .psk_mode = -1 };
    hello_datagram(&hello, &octets);
    return send_octets(fixture, &octets);
}

static enum transport_gate_verdict send_hello_1_3(struct fixture *fixture, const char *identity)
{
    struct octets octets;
    struct hello hello = {
        .cookie = "c", .server_name = NAME, .identities = { identity }, .psk_mode = 1, .version = 0xFEFC
    };
    hello_datagram(&hello, &octets);
    return send_octets(fixture, &octets);
}

static enum transport_gate_verdict send_key_exchange(struct fixture *fixture, const char *identity, size_t length)
{
    struct octets octets;
    key_exchange_datagram(identity, length, &octets);
    fixture->session.suite = CCM_8; /* ServerHello is out */
    return send_octets(fixture, &octets);
}

static void assert_refused(const struct fixture *fixture, enum transport_gate_verdict verdict, enum tls_alert alert)
{
    assert_int_equal(verdict, TRANSPORT_GATE_REFUSE);
    assert_int_equal(fixture->session.alert, alert);
    assert_null(fixture->session.handshake);
}

static void test_dtls_1_2_asks_with_the_suite_and_replays(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t suite_id[] = { 1, 0, 1, 0xC0, 0xA8 };
    struct transport_psk psk;
    assert_int_equal(send_hello_1_2(fixture, "MSGIN5G.lab.EXAMPLE"), TRANSPORT_GATE_PASS);
    assert_int_equal(fixture->af.fetches, 0);
    assert_int_equal(send_key_exchange(fixture, IDENTITY, strlen(IDENTITY)), TRANSPORT_GATE_HOLD);
    assert_int_equal(fixture->af.fetches, 1);
    assert_memory_equal(fixture->af.asked.octets, suite_id, sizeof suite_id);
    /* ChangeCipherSpec and Finished come before the key does. */
    assert_int_equal(handshake_gate(fixture->session.handshake, (const uint8_t *)"later", 5), TRANSPORT_GATE_HOLD);
    assert_int_equal(fixture->af.fetches, 1);
    fixture->af.cached = true;
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 2);
    assert_true(handshake_psk(fixture->session.handshake, IDENTITY, &psk));
    assert_int_equal(psk.key_length, AKMA_KEY_LEN);
    assert_int_equal(psk.key[0], 0x5A);
    struct handshake_outcome outcome = handshake_outcome(fixture->session.handshake);
    assert_true(outcome.known);
    assert_string_equal(outcome.identity, "imsi-001010000000001");
    assert_int_equal(outcome.expiry_s, START_UTC_S + 3600);
}

static void test_dtls_1_3_asks_with_its_own_id(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    assert_memory_equal(fixture->af.asked.octets, ua_id_dtls_1_3.octets, UA_ID_LEN);
    fixture->af.cached = true;
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 1);
}

static void test_cached_key_passes_at_once(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.cached = true;
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_PASS);
    assert_int_equal(send_hello_1_3(fixture, "3GPP-AKMA" A_KID), TRANSPORT_GATE_PASS); /* C7: without ';' */
    assert_int_equal(fixture->af.fetches, 0);
}

static void test_invented_cookie_costs_the_aanf_nothing(void **state)
{
    struct fixture *fixture = *state;
    fixture->session.cookie_valid = false;
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_PASS);
    assert_int_equal(fixture->af.fetches, 0);
    assert_int_equal(metric_value(fixture->metrics->gate_bad_cookie), 1);
}

static void test_key_exchange_before_the_server_spoke_costs_nothing(void **state)
{
    struct fixture *fixture = *state;
    struct octets octets;
    assert_int_equal(send_hello_1_2(fixture, NAME), TRANSPORT_GATE_PASS);
    key_exchange_datagram(IDENTITY, strlen(IDENTITY), &octets);
    assert_int_equal(send_octets(fixture, &octets), TRANSPORT_GATE_PASS);
    assert_int_equal(fixture->af.fetches, 0);
}

static void test_late_hello_of_a_stranger_ends_nothing(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(send_hello_1_2(fixture, NAME), TRANSPORT_GATE_PASS);
    fixture->session.suite = CCM_8;
    assert_int_equal(send_hello_1_2(fixture, NULL), TRANSPORT_GATE_PASS);
    assert_int_equal(send_hello_1_2(fixture, "other.lab.example"), TRANSPORT_GATE_PASS);
    assert_int_equal(send_key_exchange(fixture, IDENTITY, strlen(IDENTITY)), TRANSPORT_GATE_HOLD);
}

/* wolfSSL looks for a suite before it sends the cookie: it gets a key that is good for nothing else. */
static void test_key_before_the_cookie_is_random(void **state)
{
    struct fixture *fixture = *state;
    struct transport_psk first, second;
    fixture->af.cached = true;
    assert_true(handshake_psk(fixture->session.handshake, IDENTITY, &first));
    assert_true(handshake_psk(fixture->session.handshake, IDENTITY, &second));
    assert_int_equal(first.key_length, AKMA_KEY_LEN);
    assert_memory_not_equal(first.key, second.key, AKMA_KEY_LEN);
    assert_false(handshake_outcome(fixture->session.handshake).known);
}

static void test_server_name_is_needed(void **state)
{
    assert_refused(*state, send_hello_1_2(*state, NULL), TLS_ALERT_MISSING_EXTENSION);
}

static void test_server_name_must_be_ours(void **state)
{
    assert_refused(*state, send_hello_1_2(*state, "other.lab.example"), TLS_ALERT_UNRECOGNIZED_NAME);
}

/* N2: refused here, without a word to the AAnF. */
static void test_identities_that_are_none(void **state)
{
    struct fixture *fixture = *state;
    char long_identity[300];
    memset(long_identity, 'a', sizeof long_identity);
    for (size_t i = 0; i < sizeof AKMA_PSK_PREFIX - 1; i++)
        long_identity[i] = AKMA_PSK_PREFIX[i];
    const struct msgin5g_str identities[] = {
        { "", 0 },
        msgin5g_str("Client_identity"),
        msgin5g_str("3GPP-AKMA;"),
        msgin5g_str("3GPP-AKMA;no-at-sign"),
        msgin5g_str("3GPP-AKMA;0.short@realm"),
        msgin5g_str("3GPP-SEAL;key-1"),
        { IDENTITY "\0x", sizeof IDENTITY + 1 },
        { long_identity, sizeof long_identity },
    };
    for (size_t i = 0; i < sizeof identities / sizeof identities[0]; i++) {
        if (fixture->session.handshake == NULL)
            connect_again(fixture);
        assert_int_equal(send_hello_1_2(fixture, NAME), TRANSPORT_GATE_PASS);
        assert_refused(fixture, send_key_exchange(fixture, identities[i].octets, identities[i].length),
            TLS_ALERT_UNKNOWN_PSK_IDENTITY);
    }
    assert_int_equal(fixture->af.fetches, 0);
    assert_int_equal(metric_value(fixture->metrics->refused_identity), sizeof identities / sizeof identities[0]);
}

static void test_refusals_of_the_aanf_become_alerts(void **state)
{
    static const struct {
        enum msgin5g_err err;
        enum tls_alert alert;
    } rows[] = {
        { MSGIN5G_ERR_UNKNOWN_A_KID, TLS_ALERT_UNKNOWN_PSK_IDENTITY },
        { MSGIN5G_ERR_AF_NOT_ALLOWED, TLS_ALERT_ACCESS_DENIED },
        { MSGIN5G_ERR_TIMEOUT, TLS_ALERT_INTERNAL_ERROR },
        { MSGIN5G_ERR_AANF, TLS_ALERT_INTERNAL_ERROR },
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (fixture->session.handshake == NULL)
            connect_again(fixture);
        assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
        answer(&fixture->af, rows[i].err);
        assert_refused(fixture, TRANSPORT_GATE_REFUSE, rows[i].alert);
        assert_int_equal(fixture->session.replayed, 0);
    }
}

static void test_remembered_refusal_asks_nobody(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.refusal = MSGIN5G_ERR_UNKNOWN_A_KID;
    assert_refused(fixture, send_hello_1_3(fixture, IDENTITY), TLS_ALERT_UNKNOWN_PSK_IDENTITY);
    assert_int_equal(fixture->af.fetches, 0);
}

/* N6, N7: a key that came and is no good any more is not asked for again. */
static void test_key_that_expired_on_its_way(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    answer(&fixture->af, MSGIN5G_OK); /* and the cache has nothing */
    assert_refused(fixture, TRANSPORT_GATE_REFUSE, TLS_ALERT_UNKNOWN_PSK_IDENTITY);
    assert_int_equal(fixture->af.fetches, 1);
}

static void test_source_that_cannot_ask(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.fetch_err = MSGIN5G_ERR_LIMIT;
    assert_refused(fixture, send_hello_1_3(fixture, IDENTITY), TLS_ALERT_INTERNAL_ERROR);
    assert_int_equal(metric_value(fixture->metrics->gate_pending), 0);
}

static void test_peer_that_leaves_while_it_waits(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    assert_true(metric_value(fixture->metrics->gate_held_octets) > 0);
    end(&fixture->session);
    assert_int_equal(metric_value(fixture->metrics->gate_held_octets), 0);
    fixture->af.cached = true;
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 0);
    assert_int_equal(metric_value(fixture->metrics->gate_pending), 0);
}

static void test_session_that_ends_during_replay(void **state)
{
    struct fixture *fixture = *state;
    fixture->session.ends_with_replay = true;
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    fixture->af.cached = true;
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 1);
}

static void test_held_datagrams_are_bounded(void **state)
{
    struct fixture *fixture = *state;
    for (int i = 0; i < 40; i++)
        assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    assert_int_equal(metric_value(fixture->metrics->gate_dropped), 40 - 16);
    fixture->af.cached = true;
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 16);
    assert_int_equal(metric_value(fixture->metrics->gate_held_octets), 0);
}

static void test_one_source_asks_too_often(void **state)
{
    struct fixture *fixture = *state;
    end(&fixture->session);
    handshakes_free(fixture->handshakes);
    fixture->config.key_requests_per_source = 1;
    start(fixture);
    connect_again(fixture);
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    answer(&fixture->af, MSGIN5G_ERR_UNKNOWN_A_KID);
    connect_again(fixture);
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    assert_int_equal(fixture->af.fetches, 1);
    assert_int_equal(metric_value(fixture->metrics->gate_rate_limited), 1);
    assert_int_equal(fixture->session.alert, NOBODY);
    /* The datagram comes again, a second later. */
    virtual_clock_advance(&fixture->clock, 1000);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
    assert_int_equal(send_hello_1_3(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    assert_int_equal(fixture->af.fetches, 2);
}

static void test_hidden_identities_look_like_a_wrong_key(void **state)
{
    struct fixture *fixture = *state;
    struct transport_psk psk;
    end(&fixture->session);
    handshakes_free(fixture->handshakes);
    fixture->config.hide_identities = true;
    start(fixture);
    connect_again(fixture);
    assert_int_equal(send_hello_1_2(fixture, NAME), TRANSPORT_GATE_PASS);
    assert_int_equal(send_key_exchange(fixture, "nobody", 6), TRANSPORT_GATE_PASS);
    assert_true(handshake_psk(fixture->session.handshake, "nobody", &psk));
    assert_int_equal(psk.key_length, AKMA_KEY_LEN);
    assert_false(handshake_outcome(fixture->session.handshake).known);
    /* An A-KID the AAnF does not know is asked for, then goes on like that as well. */
    assert_int_equal(send_key_exchange(fixture, IDENTITY, strlen(IDENTITY)), TRANSPORT_GATE_HOLD);
    fixture->af.refusal = MSGIN5G_ERR_UNKNOWN_A_KID;
    answer(&fixture->af, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(fixture->session.alert, NOBODY);
    assert_int_equal(fixture->session.replayed, 1);
}

/* ---- over TLS ---- */

static void connect_tls(struct fixture *fixture)
{
    end(&fixture->session);
    fixture->session =
        (struct transport_session){ .scheme = TRANSPORT_COAPS_TCP, .cookie_valid = false, .alert = NOBODY };
    fixture->session.handshake = handshake_begin(fixture->handshakes, &fixture->session);
    assert_non_null(fixture->session.handshake);
}

static enum transport_gate_verdict send_tls_hello(struct fixture *fixture, const char *identity, int psk_mode)
{
    struct octets octets;
    struct hello hello = {
        .server_name = NAME, .identities = { identity }, .psk_mode = psk_mode, .version = identity != NULL ? 0x0304 : 0
    };
    fixture->session.is_1_3 = identity != NULL;
    tls_hello(&hello, &octets);
    return send_octets(fixture, &octets);
}

static enum transport_gate_verdict send_tls_key_exchange(struct fixture *fixture, const char *identity)
{
    struct octets octets;
    tls_key_exchange(identity, strlen(identity), &octets);
    fixture->session.suite = TLS_SUITE_ECDHE_PSK_AES128_GCM;
    return send_octets(fixture, &octets);
}

/* TS 33.220 H.3: 01 00 00 00 07 whatever the suite; what was held goes on as one piece. */
static void test_tls_1_3_asks_with_its_own_id(void **state)
{
    struct fixture *fixture = *state;
    struct transport_psk psk;
    connect_tls(fixture);
    assert_int_equal(send_tls_hello(fixture, IDENTITY, 1), TRANSPORT_GATE_HOLD);
    assert_memory_equal(fixture->af.asked.octets, ua_id_tls_1_3.octets, UA_ID_LEN);
    const uint8_t more[] = { 20, 3, 3, 0, 1, 1 };
    assert_int_equal(handshake_gate(fixture->session.handshake, more, sizeof more), TRANSPORT_GATE_HOLD);
    int64_t held = metric_value(fixture->metrics->gate_held_octets);
    fixture->af.cached = true;
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 1);
    assert_int_equal(fixture->session.replayed_octets, held);
    assert_int_equal(metric_value(fixture->metrics->gate_held_octets), 0);
    assert_true(handshake_psk(fixture->session.handshake, IDENTITY, &psk));
    assert_true(handshake_outcome(fixture->session.handshake).known);
}

static void test_tls_1_2_asks_with_the_suite(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t suite_id[] = { 1, 0, 1, 0xD0, 0x01 };
    connect_tls(fixture);
    assert_int_equal(send_tls_hello(fixture, NULL, -1), TRANSPORT_GATE_PASS);
    assert_int_equal(fixture->af.fetches, 0);
    assert_int_equal(send_tls_key_exchange(fixture, IDENTITY), TRANSPORT_GATE_HOLD);
    assert_memory_equal(fixture->af.asked.octets, suite_id, sizeof suite_id);
    fixture->af.cached = true;
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 1);
}

static void test_tls_refusals(void **state)
{
    struct fixture *fixture = *state;
    struct octets octets;
    struct hello hello = { .psk_mode = -1 };
    connect_tls(fixture);
    tls_hello(&hello, &octets);
    assert_refused(fixture, send_octets(fixture, &octets), TLS_ALERT_MISSING_EXTENSION);
    hello.server_name = "other.lab.example";
    connect_tls(fixture);
    tls_hello(&hello, &octets);
    assert_refused(fixture, send_octets(fixture, &octets), TLS_ALERT_UNRECOGNIZED_NAME);
    connect_tls(fixture);
    assert_refused(fixture, send_tls_hello(fixture, "3GPP-AKMA;no-at-sign", 1), TLS_ALERT_UNKNOWN_PSK_IDENTITY);
    assert_int_equal(fixture->af.fetches, 0);
}

/* N16: psk_ke alone, and TLS 1.3 without a PSK. */
static void test_1_3_without_psk_dhe_ke(void **state)
{
    struct fixture *fixture = *state;
    struct octets octets;
    struct hello hello = { .server_name = NAME, .psk_mode = -1, .version = 0x0304 };
    connect_tls(fixture);
    assert_refused(fixture, send_tls_hello(fixture, IDENTITY, 0), TLS_ALERT_HANDSHAKE_FAILURE);
    connect_tls(fixture);
    tls_hello(&hello, &octets);
    assert_refused(fixture, send_octets(fixture, &octets), TLS_ALERT_HANDSHAKE_FAILURE);
    assert_int_equal(metric_value(fixture->metrics->refused_no_psk), 2);
}

static void test_stream_that_is_no_tls(void **state)
{
    struct fixture *fixture = *state;
    connect_tls(fixture);
    assert_refused(fixture, handshake_gate(fixture->session.handshake, (const uint8_t *)"GET / HTTP/1.1", 14),
        TLS_ALERT_DECODE_ERROR);
    assert_int_equal(metric_value(fixture->metrics->gate_malformed), 1);
}

static void test_stream_that_goes_on_while_it_waits(void **state)
{
    struct fixture *fixture = *state;
    connect_tls(fixture);
    assert_int_equal(send_tls_hello(fixture, IDENTITY, 1), TRANSPORT_GATE_HOLD);
    assert_refused(fixture, send_tls_hello(fixture, IDENTITY, 1), TLS_ALERT_DECODE_ERROR);
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(metric_value(fixture->metrics->gate_pending), 0);
}

/* A stream with a hole is of no use: what cannot be held ends it. */
static void test_stream_that_is_too_long_to_hold(void **state)
{
    struct fixture *fixture = *state;
    const uint8_t one[] = { 20, 3, 3, 0, 1, 1 };
    enum transport_gate_verdict verdict;
    int runs = 0;
    connect_tls(fixture);
    assert_int_equal(send_tls_hello(fixture, IDENTITY, 1), TRANSPORT_GATE_HOLD);
    do {
        verdict = handshake_gate(fixture->session.handshake, one, sizeof one);
    } while (verdict == TRANSPORT_GATE_HOLD && ++runs < 100);
    assert_refused(fixture, verdict, TLS_ALERT_INTERNAL_ERROR);
    answer(&fixture->af, MSGIN5G_OK);
    assert_int_equal(fixture->session.replayed, 0);
}

static void test_stream_with_no_room_to_wait(void **state)
{
    struct fixture *fixture = *state;
    end(&fixture->session);
    handshakes_free(fixture->handshakes);
    fixture->config.key_requests_per_source = 1;
    start(fixture);
    connect_tls(fixture);
    assert_int_equal(send_tls_hello(fixture, IDENTITY, 1), TRANSPORT_GATE_HOLD);
    answer(&fixture->af, MSGIN5G_ERR_UNKNOWN_A_KID);
    connect_tls(fixture);
    assert_refused(fixture, send_tls_hello(fixture, IDENTITY, 1), TLS_ALERT_INTERNAL_ERROR);
    assert_int_equal(metric_value(fixture->metrics->gate_rate_limited), 1);
}

/* There is no cookie to wait for: a key before any hello was judged is no key. */
static void test_no_key_before_a_hello_over_tls(void **state)
{
    struct fixture *fixture = *state;
    struct transport_psk psk;
    fixture->af.cached = true;
    connect_tls(fixture);
    assert_false(handshake_psk(fixture->session.handshake, IDENTITY, &psk));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dtls_1_2_asks_with_the_suite_and_replays),
        TEST(test_dtls_1_3_asks_with_its_own_id),
        TEST(test_cached_key_passes_at_once),
        TEST(test_invented_cookie_costs_the_aanf_nothing),
        TEST(test_key_exchange_before_the_server_spoke_costs_nothing),
        TEST(test_late_hello_of_a_stranger_ends_nothing),
        TEST(test_key_before_the_cookie_is_random),
        TEST(test_server_name_is_needed),
        TEST(test_server_name_must_be_ours),
        TEST(test_identities_that_are_none),
        TEST(test_refusals_of_the_aanf_become_alerts),
        TEST(test_remembered_refusal_asks_nobody),
        TEST(test_key_that_expired_on_its_way),
        TEST(test_source_that_cannot_ask),
        TEST(test_peer_that_leaves_while_it_waits),
        TEST(test_session_that_ends_during_replay),
        TEST(test_held_datagrams_are_bounded),
        TEST(test_one_source_asks_too_often),
        TEST(test_hidden_identities_look_like_a_wrong_key),
        TEST(test_tls_1_3_asks_with_its_own_id),
        TEST(test_tls_1_2_asks_with_the_suite),
        TEST(test_tls_refusals),
        TEST(test_1_3_without_psk_dhe_ke),
        TEST(test_stream_that_is_no_tls),
        TEST(test_stream_that_goes_on_while_it_waits),
        TEST(test_stream_that_is_too_long_to_hold),
        TEST(test_stream_with_no_room_to_wait),
        TEST(test_no_key_before_a_hello_over_tls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
