/* The AAnF client against an AAnF of the test's own: what it asks, how it judges answers, pauses, times out, repeats.
 */
#include "http/server.h"
#include "naanf_client.h"
#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW    1700000000 /* 2023-11-14T22:13:20Z */
#define KEY    "1b3e4d7656ca49fb8ec0da4ef76a6e356d11301bfa7097f1958a879334567959"
#define ZERO   "0000000000000000000000000000000000000000000000000000000000000000"
#define LATER  "\"expiry\":\"2023-11-14T23:13:20Z\""
#define A_KID  "0.pHY_9qVCfFj6UfYuA2wqozyINDzdpfF9uGzxq3tWYbY@5gc.mnc001.mcc001.3gppnetwork.org"
#define ROUNDS 1000

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct http_server *server, *other; /* the AAnF, and one it may redirect to */
    uint16_t port, other_port;
    struct naanf_client *client;
    /* What the AAnF does. */
    int status;
    const char *body;
    struct http_header header;
    bool hold;
    /* What it saw. */
    unsigned int requests;
    char asked[1024];
    char sent[64], max_rsp_time[16], peer_info[64]; /* headers */
    unsigned int other_requests;
    struct http_request *held;
    /* What the client said. */
    unsigned int answers;
    enum msgin5g_err err;
    struct naanf_key_data data;
};

static void keep_header(const struct http_request *request, const char *name, char *out, size_t size)
{
    struct msgin5g_str value = http_request_header(request, name);
    (void)snprintf(out, size, "%.*s", (int)value.length, value.length > 0 ? value.octets : "");
}

static void serve(void *ctx, struct http_request *request)
{
    struct fixture *fixture = ctx;
    struct msgin5g_str body = http_request_body(request);
    fixture->requests++;
    keep_header(request, "3gpp-sbi-sender-timestamp", fixture->sent, sizeof fixture->sent);
    keep_header(request, "3gpp-sbi-max-rsp-time", fixture->max_rsp_time, sizeof fixture->max_rsp_time);
    keep_header(request, "3gpp-sbi-nf-peer-info", fixture->peer_info, sizeof fixture->peer_info);
    (void)snprintf(fixture->asked, sizeof fixture->asked, "%.*s", (int)body.length, body.octets);
    if (fixture->hold) {
        fixture->held = request;
        return;
    }
    struct http_answer answer = { .status = fixture->status, .headers = &fixture->header };
    answer.header_count = fixture->header.name != NULL ? 1 : 0;
    if (fixture->body != NULL) {
        answer.content_type = fixture->status < 300 ? "application/json" : "application/problem+json";
        answer.body = fixture->body;
        answer.length = strlen(fixture->body);
    }
    http_respond(request, &answer);
}

/* Where redirects lead, at either server: a key, or another redirect. */
static void serve_elsewhere(void *ctx, struct http_request *request)
{
    struct fixture *fixture = ctx;
    static const char key[] = "{" LATER ",\"kaf\":\"" KEY "\",\"supi\":\"imsi-001010000000001\"}";
    fixture->other_requests++;
    http_respond(
        request, &(struct http_answer){
                     .status = 200, .content_type = "application/json", .body = key, .length = sizeof key - 1 });
}

static const struct http_route routes[] = {
    { "POST", NAANF_API "/retrieve-applicationkey", NULL, serve },
    { "POST", "/moved/retrieve", NULL, serve_elsewhere },
    { NULL, NULL, NULL, NULL },
};

static const struct http_route other_routes[] = {
    { "POST", "/elsewhere/retrieve", NULL, serve_elsewhere },
    { "POST", NAANF_API "/retrieve-applicationkey", NULL, serve },
    { NULL, NULL, NULL, NULL },
};

static void open_server(struct fixture *fixture)
{
    struct http_server_config config = { .host = "127.0.0.1",
        .port = fixture->port,
        .http2_only = true,
        .routes = routes,
        .ctx = fixture,
        .metrics_label = "aanf" };
    assert_int_equal(http_server_create(fixture->loop, &config, &fixture->server), MSGIN5G_OK);
    fixture->port = http_server_port(fixture->server);
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char url[64], other_url[64];
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(tls_setup(), MSGIN5G_OK);
    virtual_clock_init(&fixture->clock, NOW);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    open_server(fixture);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", fixture->port);
    struct http_server_config http = {
        .host = "127.0.0.1", .http2_only = true, .routes = other_routes, .ctx = fixture, .metrics_label = "other"
    };
    assert_int_equal(http_server_create(fixture->loop, &http, &fixture->other), MSGIN5G_OK);
    fixture->other_port = http_server_port(fixture->other);
    (void)snprintf(other_url, sizeof other_url, "http://127.0.0.1:%u/", fixture->other_port);
    const char *const redirect_urls[] = { other_url };
    struct akma_af_config config = { .aanf_url = url,
        .redirect_urls = redirect_urls,
        .redirect_url_count = 1,
        .nf_instance_id = "22222222-2222-4222-8222-222222222222",
        .deadline_ms = 2000 };
    assert_int_equal(naanf_client_create(fixture->loop, &config, &fixture->client), MSGIN5G_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    naanf_client_free(fixture->client);
    if (fixture->held != NULL)
        http_respond(fixture->held, &(struct http_answer){ .status = 500 });
    http_server_free(fixture->server);
    http_server_free(fixture->other);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void hear(void *ctx, enum msgin5g_err err, const struct naanf_key_data *data)
{
    struct fixture *fixture = ctx;
    fixture->answers++;
    fixture->err = err;
    assert_int_equal(data != NULL, err == MSGIN5G_OK);
    if (data != NULL)
        fixture->data = *data;
}

static const struct akma_af_ref ref = { { A_KID, sizeof A_KID - 1 }, "msgin5g.lab.example", { { 1, 0, 0, 0, 9 } } };

static enum msgin5g_err ask(struct fixture *fixture)
{
    fixture->answers = 0;
    return naanf_client_retrieve(fixture->client, &ref, hear, fixture);
}

/* Until the client has an answer, or the AAnF has got so many requests. */
static void run(struct fixture *fixture, unsigned int requests)
{
    for (int round = 0; round < ROUNDS && fixture->answers == 0 && fixture->requests < requests; round++)
        assert_int_equal(loop_process(fixture->loop, 10), MSGIN5G_OK);
}

static void assert_answer(struct fixture *fixture, enum msgin5g_err err)
{
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    assert_int_equal(fixture->answers, 0);
    run(fixture, UINT32_MAX);
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->err, err);
}

static void test_key_as_asked(void **state)
{
    struct fixture *fixture = *state;
    char hex[2 * AKMA_KEY_LEN + 1];
    fixture->status = 200;
    fixture->body = "{" LATER ",\"kaf\":\"" KEY "\",\"supi\":\"imsi-001010000000001\",\"suppFeat\":\"1\"}";
    assert_answer(fixture, MSGIN5G_OK);
    secret_to_hex(fixture->data.k_af.octets, AKMA_KEY_LEN, hex);
    assert_string_equal(hex, KEY);
    assert_int_equal(fixture->data.expiry_s, NOW + 3600);
    assert_string_equal(fixture->data.supi, "imsi-001010000000001");
    assert_true(naanf_client_healthy(fixture->client));

    struct naanf_key_request asked;
    struct naanf_problem problem;
    assert_int_equal(naanf_key_request_decode(msgin5g_str(fixture->asked), &asked, &problem), MSGIN5G_OK);
    assert_string_equal(asked.a_kid, A_KID);
    assert_string_equal(asked.af_id, "msgin5g.lab.example:0100000009");
    assert_string_equal(asked.supp_feat, "1");
    assert_false(asked.anonymous);
}

/* Section 5.1 of the AKMA digest, "AF side"; N1, N4, N7, N8. */
static void test_judgement(void **state)
{
    static const struct {
        int status;
        const char *body;
        enum msgin5g_err err;
    } rows[] = {
        { 200, "{\"expiry\":\"2023-11-14T22:13:20Z\",\"kaf\":\"" KEY "\"}", MSGIN5G_ERR_UNKNOWN_A_KID },
        { 200, "{\"expiry\":\"2001-01-01T00:00:00Z\",\"kaf\":\"" KEY "\"}", MSGIN5G_ERR_UNKNOWN_A_KID },
        { 200, "{\"expiry\":\"soon\",\"kaf\":\"" KEY "\"}", MSGIN5G_ERR_UNKNOWN_A_KID },
        { 200, "{\"kaf\":\"" KEY "\"}", MSGIN5G_ERR_UNKNOWN_A_KID },
        { 200, "{" LATER ",\"kaf\":\"1b3e\"}", MSGIN5G_ERR_AANF },
        { 200, "{" LATER ",\"kaf\":\"" ZERO "\"}", MSGIN5G_ERR_AANF },
        { 200, "{" LATER "}", MSGIN5G_ERR_AANF },
        { 200, "{" LATER ",\"kaf\":\"" KEY "\"", MSGIN5G_ERR_AANF },
        { 200, "", MSGIN5G_ERR_AANF },
        { 204, NULL, MSGIN5G_ERR_UNKNOWN_A_KID },
        { 403, "{\"status\":403,\"cause\":\"K_AKMA_NOT_PRESENT\"}", MSGIN5G_ERR_UNKNOWN_A_KID },
        { 404, NULL, MSGIN5G_ERR_UNKNOWN_A_KID },
        { 403, "{\"cause\":\"AF_NOT_ALLOWED\"}", MSGIN5G_ERR_AF_NOT_ALLOWED },
        { 403, "{\"cause\":1}", MSGIN5G_ERR_AF_NOT_ALLOWED },
        { 403, "{\"cause", MSGIN5G_ERR_AF_NOT_ALLOWED },
        { 403, NULL, MSGIN5G_ERR_AF_NOT_ALLOWED },
        { 401, NULL, MSGIN5G_ERR_AF_NOT_ALLOWED },
        { 400, "{\"cause\":\"MANDATORY_IE_INCORRECT\"}", MSGIN5G_ERR_AANF },
        { 418, NULL, MSGIN5G_ERR_AANF },
        { 201, NULL, MSGIN5G_ERR_AANF },
        { 500, NULL, MSGIN5G_ERR_AANF },
        { 599, NULL, MSGIN5G_ERR_AANF },
    };
    struct fixture *fixture = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        fixture->status = rows[i].status;
        fixture->body = rows[i].body;
        assert_answer(fixture, rows[i].err);
        assert_int_equal(naanf_client_healthy(fixture->client), rows[i].status < 500);
    }
}

static void pass(struct fixture *fixture, int64_t ms)
{
    virtual_clock_advance(&fixture->clock, ms);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
}

static void test_pause_as_long_as_the_aanf_says(void **state)
{
    struct fixture *fixture = *state;
    fixture->status = 429;
    fixture->header = (struct http_header){ "retry-after", "7" };
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    pass(fixture, 6999);
    assert_int_equal(ask(fixture), MSGIN5G_ERR_LIMIT);
    pass(fixture, 1 + 1000); /* and at most a second more */
    assert_answer(fixture, MSGIN5G_ERR_AANF);
}

static void test_pause_until_a_date(void **state)
{
    struct fixture *fixture = *state;
    fixture->status = 503;
    fixture->header = (struct http_header){ "retry-after", "Tue, 14 Nov 2023 22:13:26 GMT" }; /* in 6 s */
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    pass(fixture, 5999);
    assert_int_equal(ask(fixture), MSGIN5G_ERR_LIMIT);
    pass(fixture, 1 + 1000);
    assert_answer(fixture, MSGIN5G_ERR_AANF);
}

/* AFs that were sent away together do not come back together. */
static void test_pauses_differ(void **state)
{
    struct fixture *fixture = *state;
    int64_t least = INT64_MAX, most = 0;
    fixture->status = 429;
    fixture->header = (struct http_header){ "retry-after", "4" };
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    for (int i = 0; i < 20; i++) {
        int64_t waited_ms = 0;
        while (ask(fixture) == MSGIN5G_ERR_LIMIT) {
            pass(fixture, 20);
            waited_ms += 20;
        }
        run(fixture, UINT32_MAX);
        assert_in_range(waited_ms, 4000, 5000);
        least = waited_ms < least ? waited_ms : least;
        most = waited_ms > most ? waited_ms : most;
    }
    assert_true(most - least >= 100);
}

static void test_pauses_double_until_it_recovers(void **state)
{
    struct fixture *fixture = *state;
    fixture->status = 503;
    for (int64_t pause_ms = 1000; pause_ms <= 4000; pause_ms *= 2) {
        assert_answer(fixture, MSGIN5G_ERR_AANF);
        pass(fixture, pause_ms - 1);
        assert_int_equal(ask(fixture), MSGIN5G_ERR_LIMIT);
        pass(fixture, 1 + pause_ms / 4);
    }
    fixture->status = 204;
    assert_answer(fixture, MSGIN5G_ERR_UNKNOWN_A_KID);
    fixture->status = 503;
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    pass(fixture, 1250);
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    run(fixture, UINT32_MAX);
}

static void redirect_to(struct fixture *fixture, const char *location)
{
    fixture->header = (struct http_header){ "location", location };
    fixture->status = 308;
    fixture->requests = fixture->other_requests = 0;
}

/* TS 29.500 6.10.9.1: once, to the AAnF itself or a place of the configuration. */
static void test_redirect_is_followed(void **state)
{
    struct fixture *fixture = *state;
    char other[128], itself[128];
    (void)snprintf(other, sizeof other, "HTTP://127.0.0.1:%u/elsewhere/retrieve#x", fixture->other_port);
    (void)snprintf(itself, sizeof itself, "http://127.0.0.1:%u/moved/retrieve", fixture->port);
    const char *const locations[] = { other, itself, "/moved/retrieve" };
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        redirect_to(fixture, locations[i]);
        fixture->status = i % 2 == 0 ? 307 : 308;
        assert_answer(fixture, MSGIN5G_OK);
        assert_int_equal(fixture->requests, 1);
        assert_int_equal(fixture->other_requests, 1);
    }
}

static void test_redirect_is_not_followed(void **state)
{
    struct fixture *fixture = *state;
    static const char *const locations[] = { "http://127.0.0.2/elsewhere/retrieve", "https://127.0.0.1/moved/retrieve",
        "ftp://127.0.0.1/", "//127.0.0.1/moved/retrieve", "moved/retrieve", "http://user@127.0.0.1/", "http://", "/a b",
        "" };
    for (size_t i = 0; i < sizeof locations / sizeof *locations; i++) {
        redirect_to(fixture, locations[i]);
        assert_answer(fixture, MSGIN5G_ERR_AANF);
        assert_int_equal(fixture->requests, 1);
        assert_int_equal(fixture->other_requests, 0);
    }
    redirect_to(fixture, "/moved/retrieve");
    fixture->body = "{\"cause\":\"SCP_REDIRECTION\"}";
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    assert_int_equal(fixture->other_requests, 0);
    fixture->header.name = NULL; /* no Location */
    assert_answer(fixture, MSGIN5G_ERR_AANF);
}

static void test_second_redirect_is_an_error(void **state)
{
    struct fixture *fixture = *state;
    char location[128];
    (void)snprintf(
        location, sizeof location, "http://127.0.0.1:%u" NAANF_API "/retrieve-applicationkey", fixture->other_port);
    redirect_to(fixture, location);
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    assert_int_equal(fixture->requests, 2);
    assert_int_equal(fixture->other_requests, 0);
}

/* TS 29.500 5.2.3: who asks, since when, and how long it waits. */
static void test_custom_headers(void **state)
{
    struct fixture *fixture = *state;
    int64_t sent_ms;
    fixture->status = 204;
    assert_answer(fixture, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(clock_parse_http_date(msgin5g_str(fixture->sent), &sent_ms), MSGIN5G_OK);
    assert_string_equal(fixture->max_rsp_time, "2000");
    assert_string_equal(fixture->peer_info, "srcinst=22222222-2222-4222-8222-222222222222");
}

static void test_no_answer_in_time(void **state)
{
    struct fixture *fixture = *state;
    fixture->hold = true;
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    run(fixture, 1);
    assert_int_equal(fixture->requests, 1);
    assert_int_equal(fixture->answers, 0);
    virtual_clock_advance(&fixture->clock, 2000);
    run(fixture, UINT32_MAX);
    assert_int_equal(fixture->err, MSGIN5G_ERR_TIMEOUT);
    assert_false(naanf_client_healthy(fixture->client));
}

/* The connection breaks under the request: asking once more does no harm (TS 29.500 5.2.8). */
static void test_lost_connection_is_tried_again_once(void **state)
{
    struct fixture *fixture = *state;
    fixture->hold = true;
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    run(fixture, 1);
    http_server_free(fixture->server);
    http_respond(fixture->held, &(struct http_answer){ .status = 500 }); /* nobody hears that */
    fixture->held = NULL;
    open_server(fixture);
    fixture->hold = false;
    fixture->status = 204;
    for (int round = 0; round < ROUNDS && fixture->answers == 0; round++) {
        virtual_clock_advance(&fixture->clock, 1);
        assert_int_equal(loop_process(fixture->loop, 1), MSGIN5G_OK);
    }
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->requests, 2);
    assert_int_equal(fixture->err, MSGIN5G_ERR_UNKNOWN_A_KID);
}

static void test_nobody_listens(void **state)
{
    struct fixture *fixture = *state;
    http_server_free(fixture->server);
    fixture->server = NULL;
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    for (int round = 0; round < ROUNDS && fixture->answers == 0; round++) {
        virtual_clock_advance(&fixture->clock, 10);
        assert_int_equal(loop_process(fixture->loop, 1), MSGIN5G_OK);
    }
    assert_int_equal(fixture->answers, 1);
    assert_true(fixture->err == MSGIN5G_ERR_AANF || fixture->err == MSGIN5G_ERR_TIMEOUT);
    assert_false(naanf_client_healthy(fixture->client));
}

/* Nobody asks for a key, and yet it is known soon that the AAnF is back. */
static void test_probe_finds_the_aanf_again(void **state)
{
    struct fixture *fixture = *state;
    fixture->hold = true;
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    run(fixture, 1);
    virtual_clock_advance(&fixture->clock, 2000);
    run(fixture, UINT32_MAX);
    assert_int_equal(fixture->err, MSGIN5G_ERR_TIMEOUT);
    assert_false(naanf_client_healthy(fixture->client));
    int64_t waited_ms = 0;
    for (; !naanf_client_healthy(fixture->client) && waited_ms < 5000; waited_ms += 20) {
        virtual_clock_advance(&fixture->clock, 20);
        assert_int_equal(loop_process(fixture->loop, 1), MSGIN5G_OK);
    }
    assert_in_range(waited_ms, 700, 2000);
    assert_int_equal(fixture->requests, 1); /* it was no key request */
}

static void test_probe_backs_off(void **state)
{
    struct fixture *fixture = *state;
    fixture->status = 500; /* of a probe's answer nothing follows at once */
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    assert_false(naanf_client_healthy(fixture->client));
    for (int64_t waited_ms = 0; waited_ms < 20000; waited_ms += 100)
        pass(fixture, 100);
    assert_false(naanf_client_healthy(fixture->client));
    fixture->status = 204; /* a key request that is answered says it sooner */
    assert_answer(fixture, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_true(naanf_client_healthy(fixture->client));
}

static void test_renewed_connections(void **state)
{
    struct fixture *fixture = *state;
    fixture->status = 204;
    assert_answer(fixture, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(http_server_connections(fixture->server), 1);
    fixture->hold = true;
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    run(fixture, 2);
    naanf_client_renew(fixture->client); /* the one in flight ends where it began */
    http_respond(fixture->held, &(struct http_answer){ .status = 204 });
    fixture->held = NULL;
    fixture->hold = false;
    run(fixture, UINT32_MAX);
    assert_int_equal(fixture->err, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_answer(fixture, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(http_server_connections(fixture->server), 1);
}

static void test_free_answers_what_is_open(void **state)
{
    struct fixture *fixture = *state;
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    naanf_client_free(fixture->client);
    fixture->client = NULL;
    assert_int_equal(fixture->answers, 1);
    assert_int_equal(fixture->err, MSGIN5G_ERR_CLOSED);
}

static void test_unusable_reference_or_url(void **state)
{
    struct fixture *fixture = *state;
    struct naanf_client *other;
    struct akma_af_ref bad = ref;
    struct akma_af_config config = { .aanf_url = "ftp://127.0.0.1" };
    bad.a_kid.length = 0;
    assert_int_equal(naanf_client_retrieve(fixture->client, &bad, hear, fixture), MSGIN5G_ERR_INVALID);
    bad = ref;
    bad.fqdn = "";
    assert_int_equal(naanf_client_retrieve(fixture->client, &bad, hear, fixture), MSGIN5G_ERR_INVALID);
    assert_int_equal(naanf_client_create(fixture->loop, &config, &other), MSGIN5G_ERR_INVALID);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_key_as_asked),
        TEST(test_judgement),
        TEST(test_pause_as_long_as_the_aanf_says),
        TEST(test_pause_until_a_date),
        TEST(test_pauses_differ),
        TEST(test_pauses_double_until_it_recovers),
        TEST(test_redirect_is_followed),
        TEST(test_redirect_is_not_followed),
        TEST(test_second_redirect_is_an_error),
        TEST(test_custom_headers),
        TEST(test_no_answer_in_time),
        TEST(test_lost_connection_is_tried_again_once),
        TEST(test_nobody_listens),
        TEST(test_probe_finds_the_aanf_again),
        TEST(test_probe_backs_off),
        TEST(test_renewed_connections),
        TEST(test_free_answers_what_is_open),
        TEST(test_unusable_reference_or_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
