/* POST /akma between key source and transport, with the AAnF role and the transport played by the test (TS 33.535
 * D.3.2 to D.3.5; section 4.8 of the AKMA digest; vectors: W2 of the same). */
#include "establishment.h"

#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NAME        "msgin5g.lab.example"
#define A_KID       "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define REMOTE      "192.0.2.1:40000"
#define START_UTC_S 1772323200

/* The test's AAnF role. */
struct akma_af {
    bool cached;
    enum msgin5g_err refusal; /* remembered refusal; MSGIN5G_OK: none */
    enum msgin5g_err fetch_err;
    int lookups, fetches;
    akma_af_done_fn *done[8];
    void *done_ctx[8];
};

enum msgin5g_err akma_af_lookup(struct akma_af *af, const struct akma_af_ref *ref, struct akma_af_key *out)
{
    assert_string_equal(ref->fqdn, NAME);
    assert_memory_equal(&ref->ua_id, &ua_id_oscore, sizeof ua_id_oscore);
    af->lookups++;
    if (af->refusal != MSGIN5G_OK)
        return af->refusal;
    if (!af->cached)
        return MSGIN5G_ERR_NOT_CACHED;
    memset(out, 0, sizeof *out);
    memset(out->k_af.octets, 0x5A, sizeof out->k_af.octets);
    out->expiry_s = START_UTC_S + 3600;
    strcpy(out->identity, "imsi-001010000000001");
    return MSGIN5G_OK;
}

enum msgin5g_err akma_af_fetch(struct akma_af *af, const struct akma_af_ref *ref, akma_af_done_fn *done, void *ctx)
{
    assert_true(msgin5g_str_equal(ref->a_kid, msgin5g_str(A_KID)));
    if (af->fetch_err != MSGIN5G_OK)
        return af->fetch_err;
    af->done[af->fetches] = done;
    af->done_ctx[af->fetches] = ctx;
    af->fetches++;
    return MSGIN5G_OK;
}

/* A request, and the answer that is owed. */
struct transport_request {
    bool no_memory;
    bool deferred;
    bool answered;
    uint8_t echo[REACHABILITY_TOKEN_LEN]; /* demanded */
    size_t echo_length;
    uint8_t code;
    int64_t max_age_s;
    uint8_t body[64];
    size_t length;
};

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct metrics *registry;
    struct server_metrics *metrics;
    struct akma_af af;
    struct server_config config;
    struct establishments *establishments;
    uint8_t payload[OSCORE_REQUEST_MAX + 1];
    size_t payload_length;
    struct transport_request request; /* the one in hand */
    struct establishment_grant grant; /* the last one; its texts are gone */
    char identity[32];
    int grants;
    int ids_taken; /* so many UE-SIDs are refused first */
    int ids_asked;
    enum msgin5g_err accept_err;
};

static bool id_taken(void *ctx, const struct oscore_sid *ue_sid)
{
    struct fixture *fixture = ctx;
    assert_int_equal(ue_sid->length, 4);
    return fixture->ids_asked++ < fixture->ids_taken;
}

static enum msgin5g_err accept_grant(void *ctx, const struct establishment_grant *grant)
{
    struct fixture *fixture = ctx;
    if (fixture->accept_err != MSGIN5G_OK)
        return fixture->accept_err;
    assert_string_equal(grant->a_kid, A_KID);
    fixture->grants++;
    fixture->grant = *grant;
    snprintf(fixture->identity, sizeof fixture->identity, "%s", grant->identity);
    return MSGIN5G_OK;
}

static void demand_echo(struct transport_request *request, struct msgin5g_str echo)
{
    assert_int_equal(echo.length, sizeof request->echo);
    memcpy(request->echo, echo.octets, echo.length);
    request->echo_length = echo.length;
}

static struct transport_deferred *defer(struct transport_request *request)
{
    if (request->no_memory)
        return NULL;
    request->deferred = true;
    return (struct transport_deferred *)request;
}

static void note(struct transport_request *request, const struct transport_answer *answer)
{
    assert_false(request->answered);
    request->answered = true;
    request->code = answer->code;
    request->max_age_s = answer->max_age_s;
    request->length = answer->length;
    assert_true(answer->length < sizeof request->body);
    memcpy(request->body, answer->body, answer->length);
    request->body[answer->length] = '\0';
    assert_int_equal(
        answer->format, answer->code == MSGIN5G_COAP_CODE(2, 1) ? TRANSPORT_FORMAT_CBOR : TRANSPORT_FORMAT_NONE);
}

static void respond(struct transport_deferred *deferred, const struct transport_answer *answer)
{
    note((struct transport_request *)deferred, answer);
}

static char fqdn_text[] = "MSGin5G.lab.example", other_text[] = "other.lab.example";
static char *fqdns[] = { fqdn_text, other_text };

static void start(struct fixture *fixture)
{
    const struct establishment_ops ops = { id_taken, accept_grant, demand_echo, defer, respond, fixture };
    establishments_free(fixture->establishments);
    fixture->establishments = NULL;
    assert_int_equal(establishments_create(fixture->loop, &fixture->config, &ops, &fixture->af, fixture->metrics,
                         &fixture->establishments),
        MSGIN5G_OK);
}

static void write_payload(struct fixture *fixture, const struct oscore_request *request)
{
    assert_int_equal(oscore_request_encode(request, fixture->payload, &fixture->payload_length), MSGIN5G_OK);
}

static struct oscore_request good_request(void)
{
    return (struct oscore_request){ .a_kid = A_KID, .n1 = { "12345678", 8 }, .af_sid = { { 1 }, 1 } };
}

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct oscore_request request = good_request();
    assert_non_null(fixture);
    virtual_clock_init(&fixture->clock, START_UTC_S);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    assert_int_equal(metrics_create(&fixture->registry), MSGIN5G_OK);
    assert_int_equal(server_metrics_create(fixture->registry, &fixture->metrics), MSGIN5G_OK);
    fixture->config = (struct server_config){ .fqdns = { fqdns, 1 },
        .pending_peers = 2,
        .key_requests_per_source = 1,
        .key_requests_burst = 2,
        .oscore_half_open_ms = 30000 };
    start(fixture);
    write_payload(fixture, &request);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    establishments_free(fixture->establishments);
    server_metrics_free(fixture->metrics);
    metrics_free(fixture->registry);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static struct establishment_request post_of(struct fixture *fixture)
{
    fixture->request = (struct transport_request){ .no_memory = fixture->request.no_memory };
    return (struct establishment_request){ .handle = &fixture->request,
        .method = TRANSPORT_POST,
        .format = TRANSPORT_FORMAT_CBOR,
        .body = { (const char *)fixture->payload, fixture->payload_length },
        .host = NAME,
        .remote = REMOTE };
}

/* @return the code as 100 * class + detail; 0: deferred. */
static int handle(struct fixture *fixture, const struct establishment_request *post)
{
    struct transport_answer answer;
    if (!establishments_handle(fixture->establishments, post, &answer))
        return 0;
    note(&fixture->request, &answer);
    return (fixture->request.code >> 5) * 100 + (fixture->request.code & 31);
}

static int post(struct fixture *fixture)
{
    struct establishment_request from = post_of(fixture);
    return handle(fixture, &from);
}

/* All requests are fixture->request: the answer is what it holds afterwards. */
static void answer_fetch(struct fixture *fixture, int index, enum msgin5g_err err)
{
    struct akma_af *af = &fixture->af;
    fixture->request = (struct transport_request){ 0 };
    akma_af_done_fn *done = af->done[index];
    if (done == NULL) {
        fail_msg("nobody asked");
        return;
    }
    af->done[index] = NULL;
    done(af->done_ctx[index], err);
}

static void assert_diagnostic(const struct fixture *fixture, const char *text)
{
    assert_string_equal((const char *)fixture->request.body, text);
}

/* ---- what is granted ---- */

static void test_key_in_the_cache(void **state)
{
    struct fixture *fixture = *state;
    struct oscore_response response;
    struct k_af k_af;
    struct oscore_master_secret secret;
    fixture->af.cached = true;
    assert_int_equal(post(fixture), 201);
    assert_int_equal(oscore_response_decode(fixture->request.body, fixture->request.length, &response), MSGIN5G_OK);
    memset(&k_af, 0x5A, sizeof k_af);
    assert_int_equal(kdf_oscore_master_secret(&k_af, &secret), MSGIN5G_OK);
    assert_memory_equal(&fixture->grant.secret, &secret, sizeof secret);
    assert_int_equal(fixture->grant.expiry_s, START_UTC_S + 3600);
    assert_string_equal(fixture->identity, "imsi-001010000000001");
    assert_int_equal(fixture->grant.af_sid.length, 1);
    assert_int_equal(fixture->grant.ue_sid.length, response.ue_sid.length);
    assert_memory_equal(fixture->grant.ue_sid.octets, response.ue_sid.octets, response.ue_sid.length);
    assert_null(fixture->grant.id_context.octets);
    /* the Master Salt is both payloads, as they went over the wire */
    assert_int_equal(fixture->grant.salt_length, fixture->payload_length + fixture->request.length);
    assert_memory_equal(fixture->grant.salt, fixture->payload, fixture->payload_length);
    assert_memory_equal(fixture->grant.salt + fixture->payload_length, fixture->request.body, fixture->request.length);
    assert_int_equal(fixture->af.fetches, 0);
}

static void test_n22_reused_n1_gets_a_new_n2_and_ue_sid(void **state)
{
    struct fixture *fixture = *state;
    struct oscore_response first, second;
    fixture->af.cached = true;
    assert_int_equal(post(fixture), 201);
    assert_int_equal(oscore_response_decode(fixture->request.body, fixture->request.length, &first), MSGIN5G_OK);
    assert_int_equal(post(fixture), 201);
    assert_int_equal(oscore_response_decode(fixture->request.body, fixture->request.length, &second), MSGIN5G_OK);
    assert_memory_not_equal(first.n2.octets, second.n2.octets, 8);
    assert_memory_not_equal(first.ue_sid.octets, second.ue_sid.octets, 4);
}

static void test_id_context_goes_along(void **state)
{
    struct fixture *fixture = *state;
    static const uint8_t osc_inp[] = { 0xA1, 0x06, 0x43, 'a', 'b', 'c' };
    fixture->af.cached = true;
    fixture->payload[0] = 0x84; /* one element more */
    fixture->payload[fixture->payload_length++] = 0x46;
    memcpy(fixture->payload + fixture->payload_length, osc_inp, sizeof osc_inp);
    fixture->payload_length += sizeof osc_inp;
    assert_int_equal(post(fixture), 201);
    assert_int_equal(fixture->grant.id_context.length, 3);
}

static void test_ue_sids_are_unique(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.cached = true;
    fixture->ids_taken = 3;
    assert_int_equal(post(fixture), 201);
    assert_int_equal(fixture->ids_asked, 4);
    fixture->ids_asked = 0;
    fixture->ids_taken = 1000;
    assert_int_equal(post(fixture), 503);
    assert_diagnostic(fixture, "OVERLOADED");
    assert_int_equal(fixture->grants, 1);
}

static void test_too_many_contexts(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.cached = true;
    fixture->accept_err = MSGIN5G_ERR_OVERLOADED;
    assert_int_equal(post(fixture), 503);
    assert_diagnostic(fixture, "OVERLOADED");
    assert_int_equal(fixture->request.max_age_s, 30);
}

/* ---- the AAnF is asked ---- */

static void test_key_is_fetched(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(post(fixture), 0);
    assert_true(fixture->request.deferred);
    assert_false(fixture->request.answered);
    assert_int_equal(fixture->grants, 0);
    fixture->af.cached = true;
    answer_fetch(fixture, 0, MSGIN5G_OK);
    assert_int_equal(fixture->request.code, MSGIN5G_COAP_CODE(2, 1));
    assert_int_equal(fixture->grants, 1);
    assert_memory_equal(fixture->grant.salt, fixture->payload, fixture->payload_length);
}

struct refusal_row {
    enum msgin5g_err err;
    uint8_t code;
    const char *diagnostic;
    int64_t max_age_s;
};

static void test_what_the_aanf_says(void **state)
{
    static const struct refusal_row rows[] = {
        { MSGIN5G_ERR_UNKNOWN_A_KID, MSGIN5G_COAP_CODE(4, 1), "K_AKMA_NOT_PRESENT", -1 },
        { MSGIN5G_ERR_AF_NOT_ALLOWED, MSGIN5G_COAP_CODE(4, 3), "AF_NOT_ALLOWED", -1 },
        { MSGIN5G_ERR_TIMEOUT, MSGIN5G_COAP_CODE(5, 3), "AANF_UNAVAILABLE", 30 },
        { MSGIN5G_ERR_AANF, MSGIN5G_COAP_CODE(5, 3), "AANF_UNAVAILABLE", 30 },
        { MSGIN5G_ERR_CLOSED, MSGIN5G_COAP_CODE(5, 3), "AANF_UNAVAILABLE", 30 },
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture->af.fetches = 0;
        virtual_clock_advance(&fixture->clock, 10000);
        assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
        assert_int_equal(post(fixture), 0);
        answer_fetch(fixture, 0, rows[i].err);
        assert_int_equal(fixture->request.code, rows[i].code);
        assert_int_equal(fixture->request.max_age_s, rows[i].max_age_s);
        assert_diagnostic(fixture, rows[i].diagnostic);
    }
    assert_int_equal(fixture->grants, 0);
}

/* N6, N7: what came is over already; asking again would go on for ever. */
static void test_n7_key_that_is_over_when_it_comes(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(post(fixture), 0);
    answer_fetch(fixture, 0, MSGIN5G_OK);
    assert_int_equal(fixture->request.code, MSGIN5G_COAP_CODE(4, 1));
    assert_int_equal(fixture->af.fetches, 1);
}

static void test_n1_refusals_are_remembered(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.refusal = MSGIN5G_ERR_UNKNOWN_A_KID;
    assert_int_equal(post(fixture), 401);
    assert_diagnostic(fixture, "K_AKMA_NOT_PRESENT");
    fixture->af.refusal = MSGIN5G_ERR_AF_NOT_ALLOWED;
    assert_int_equal(post(fixture), 403);
    assert_int_equal(fixture->af.fetches, 0);
}

static void test_hidden_identities_look_like_known_ones(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.hide_identities = true;
    start(fixture);
    fixture->af.refusal = MSGIN5G_ERR_UNKNOWN_A_KID;
    assert_int_equal(post(fixture), 201);
    assert_string_equal(fixture->identity, "");
    assert_int_equal(fixture->grant.expiry_s, START_UTC_S + 30);
    struct oscore_master_secret secret = fixture->grant.secret;
    fixture->af.refusal = MSGIN5G_OK;
    assert_int_equal(post(fixture), 0);
    fixture->af.refusal = MSGIN5G_ERR_UNKNOWN_A_KID;
    answer_fetch(fixture, 0, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(fixture->request.code, MSGIN5G_COAP_CODE(2, 1));
    assert_memory_not_equal(&fixture->grant.secret, &secret, sizeof secret);
    fixture->af.refusal = MSGIN5G_ERR_AF_NOT_ALLOWED; /* not about the UE: said openly */
    assert_int_equal(post(fixture), 403);
}

/* A flood with a forged address costs the UE that is there one round trip, and the AAnF no more than both shares. */
static void test_n13_one_source_asks_too_often(void **state)
{
    struct fixture *fixture = *state;
    uint8_t echo[REACHABILITY_TOKEN_LEN];
    fixture->config.pending_peers = 10;
    start(fixture);
    assert_int_equal(post(fixture), 0);
    assert_int_equal(post(fixture), 0);
    assert_int_equal(post(fixture), 401);
    assert_diagnostic(fixture, "ECHO_REQUIRED");
    assert_int_equal(fixture->request.echo_length, sizeof echo);
    memcpy(echo, fixture->request.echo, sizeof echo);
    struct establishment_request shown = post_of(fixture);
    shown.echo = (struct msgin5g_str){ (const char *)echo, sizeof echo };
    assert_int_equal(handle(fixture, &shown), 0);
    assert_int_equal(handle(fixture, &shown), 0);
    fixture->request = (struct transport_request){ 0 };
    assert_int_equal(handle(fixture, &shown), 429);
    assert_int_equal(fixture->request.max_age_s, 2);
    struct establishment_request forged = post_of(fixture);
    forged.remote = "192.0.2.2:40000";
    forged.echo = shown.echo;
    assert_int_equal(handle(fixture, &forged), 0); /* on its own share: the Echo of another address shows nothing */
    assert_int_equal(fixture->af.fetches, 5);
    fixture->af.cached = true; /* a key that is there costs nobody anything */
    assert_int_equal(post(fixture), 201);
    for (int i = 0; i < fixture->af.fetches; i++)
        answer_fetch(fixture, i, MSGIN5G_ERR_AANF);
}

static void test_too_many_wait(void **state)
{
    struct fixture *fixture = *state;
    fixture->config.key_requests_burst = 3;
    start(fixture);
    assert_int_equal(post(fixture), 0);
    assert_int_equal(post(fixture), 0);
    assert_int_equal(post(fixture), 503);
    assert_diagnostic(fixture, "OVERLOADED");
    answer_fetch(fixture, 0, MSGIN5G_ERR_AANF);
    assert_int_equal(post(fixture), 401); /* room again, but this source has had its share */
    answer_fetch(fixture, 1, MSGIN5G_ERR_AANF);
}

static void test_the_aanf_cannot_be_asked(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.fetch_err = MSGIN5G_ERR_LIMIT;
    assert_int_equal(post(fixture), 503);
    assert_diagnostic(fixture, "AANF_UNAVAILABLE");
}

static void test_no_memory_to_owe_an_answer(void **state)
{
    struct fixture *fixture = *state;
    fixture->request.no_memory = true;
    assert_int_equal(post(fixture), 503);
    fixture->af.cached = true;
    answer_fetch(fixture, 0, MSGIN5G_OK); /* and nobody is answered twice */
    assert_false(fixture->request.answered);
    assert_int_equal(fixture->grants, 0);
}

/* ---- what is refused unread ---- */

static void test_n22_malformed_requests_cost_nothing(void **state)
{
    struct fixture *fixture = *state;
    for (size_t length = 0; length < fixture->payload_length; length++) {
        struct establishment_request from = post_of(fixture);
        from.body.length = length;
        assert_int_equal(handle(fixture, &from), 400);
        assert_diagnostic(fixture, "BAD_REQUEST");
    }
    fixture->payload_length = OSCORE_REQUEST_MAX + 1;
    assert_int_equal(post(fixture), 400);
    assert_int_equal(fixture->af.lookups + fixture->af.fetches, 0);
}

static void test_method_and_format(void **state)
{
    struct fixture *fixture = *state;
    struct establishment_request from = post_of(fixture);
    from.method = TRANSPORT_PUT;
    assert_int_equal(handle(fixture, &from), 405);
    from = post_of(fixture);
    from.format = TRANSPORT_FORMAT_JSON;
    assert_int_equal(handle(fixture, &from), 415);
    from = post_of(fixture);
    from.format = TRANSPORT_FORMAT_NONE;
    assert_int_equal(handle(fixture, &from), 415);
    assert_diagnostic(fixture, "BAD_REQUEST");
}

static int post_to(struct fixture *fixture, const char *host)
{
    struct establishment_request from = post_of(fixture);
    from.host = host;
    return handle(fixture, &from);
}

static void test_uri_host_is_the_fqdn_of_af_id(void **state)
{
    struct fixture *fixture = *state;
    fixture->af.cached = true;
    assert_int_equal(post_to(fixture, NULL), 201);
    assert_int_equal(post_to(fixture, "192.0.2.7"), 201);
    assert_int_equal(post_to(fixture, "2001:db8::7"), 201);
    assert_int_equal(post_to(fixture, "[2001:db8::7]"), 201);
    assert_int_equal(post_to(fixture, "msgin5g.LAB.example"), 201);
    assert_int_equal(post_to(fixture, "stranger.example"), 400);
    assert_int_equal(post_to(fixture, ""), 400);
    fixture->config.fqdns.count = 2; /* which of them? */
    start(fixture);
    assert_int_equal(post_to(fixture, NULL), 400);
    assert_int_equal(post_to(fixture, "192.0.2.7"), 400);
    assert_int_equal(post_to(fixture, NAME), 201);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_key_in_the_cache, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n22_reused_n1_gets_a_new_n2_and_ue_sid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_id_context_goes_along, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ue_sids_are_unique, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_contexts, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_key_is_fetched, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_the_aanf_says, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n7_key_that_is_over_when_it_comes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n1_refusals_are_remembered, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_hidden_identities_look_like_known_ones, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n13_one_source_asks_too_often, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_too_many_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_aanf_cannot_be_asked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_no_memory_to_owe_an_answer, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_n22_malformed_requests_cost_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_method_and_format, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_uri_host_is_the_fqdn_of_af_id, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
