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
    struct http_server *server;
    uint16_t port;
    struct naanf_client *client;
    /* What the AAnF does. */
    int status;
    const char *body;
    struct http_header header;
    bool hold;
    /* What it saw. */
    unsigned int requests;
    char asked[1024];
    struct http_request *held;
    /* What the client said. */
    unsigned int answers;
    enum msgin5g_err err;
    struct naanf_key_data data;
};

static void serve(void *ctx, struct http_request *request)
{
    struct fixture *fixture = ctx;
    struct msgin5g_str body = http_request_body(request);
    fixture->requests++;
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

static const struct http_route routes[] = {
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
    char url[64];
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(tls_setup(), MSGIN5G_OK);
    virtual_clock_init(&fixture->clock, NOW);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    open_server(fixture);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u", fixture->port);
    struct akma_af_config config = { .aanf_url = url, .deadline_ms = 2000 };
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
    pass(fixture, 1);
    assert_answer(fixture, MSGIN5G_ERR_AANF);
}

static void test_pauses_double_until_it_recovers(void **state)
{
    struct fixture *fixture = *state;
    fixture->status = 503;
    for (int64_t pause_ms = 1000; pause_ms <= 4000; pause_ms *= 2) {
        assert_answer(fixture, MSGIN5G_ERR_AANF);
        pass(fixture, pause_ms - 1);
        assert_int_equal(ask(fixture), MSGIN5G_ERR_LIMIT);
        pass(fixture, 1);
    }
    fixture->status = 204;
    assert_answer(fixture, MSGIN5G_ERR_UNKNOWN_A_KID);
    fixture->status = 503;
    assert_answer(fixture, MSGIN5G_ERR_AANF);
    pass(fixture, 1000);
    assert_int_equal(ask(fixture), MSGIN5G_OK);
    run(fixture, UINT32_MAX);
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
        TEST(test_pauses_double_until_it_recovers),
        TEST(test_no_answer_in_time),
        TEST(test_lost_connection_is_tried_again_once),
        TEST(test_nobody_listens),
        TEST(test_free_answers_what_is_open),
        TEST(test_unusable_reference_or_url),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
