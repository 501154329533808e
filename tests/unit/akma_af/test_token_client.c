/* The AF's access token against an NRF of the test's own: the request, single flight, renewal, pauses, rejection. */
#include "http/server.h"
#include "token_client.h"
#include "token_json.h"
#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW    1700000000
#define ROUNDS 1000
#define NF_ID  "22222222-2222-4222-8222-222222222222"

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct http_server *server;
    struct token_client *client;
    /* What the NRF does. */
    int status;
    int lifetime_s;
    bool hold;
    /* What it saw. */
    unsigned int requests;
    char asked[1024];
    struct http_request *held;
    /* What the client said. */
    struct token_waiter waiters[3];
    unsigned int answers;
    enum msgin5g_err err;
};

static void serve(void *ctx, struct http_request *request)
{
    struct fixture *fixture = ctx;
    struct msgin5g_str body = http_request_body(request);
    char answer[256];
    fixture->requests++;
    (void)snprintf(fixture->asked, sizeof fixture->asked, "%.*s", (int)body.length, body.octets);
    if (fixture->hold) {
        fixture->held = request;
        return;
    }
    int length =
        snprintf(answer, sizeof answer, "{\"access_token\":\"t%u\",\"token_type\":\"Bearer\",\"expires_in\":%d}",
            fixture->requests, fixture->lifetime_s);
    http_respond(request,
        &(struct http_answer){
            .status = fixture->status, .content_type = "application/json", .body = answer, .length = (size_t)length });
}

static const struct http_route routes[] = {
    { "POST", "/oauth2/token", NULL, serve },
    { NULL, NULL, NULL, NULL },
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    char url[64];
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    assert_int_equal(tls_setup(), MSGIN5G_OK);
    virtual_clock_init(&fixture->clock, NOW);
    fixture->status = 200;
    fixture->lifetime_s = 600;
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    const struct http_server_config server = {
        .host = "127.0.0.1", .http2_only = true, .routes = routes, .ctx = fixture, .metrics_label = "nrf"
    };
    assert_int_equal(http_server_create(fixture->loop, &server, &fixture->server), MSGIN5G_OK);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/oauth2/token", http_server_port(fixture->server));
    const struct akma_af_config config = { .token_url = url, .nf_instance_id = NF_ID, .deadline_ms = 2000 };
    assert_int_equal(token_client_create(fixture->loop, &config, &fixture->client), MSGIN5G_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    token_client_free(fixture->client);
    if (fixture->held != NULL)
        http_respond(fixture->held, &(struct http_answer){ .status = 500 });
    http_server_free(fixture->server);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void hear(void *ctx, enum msgin5g_err err)
{
    struct fixture *fixture = ctx;
    fixture->answers++;
    fixture->err = err;
}

static enum msgin5g_err wait_for_token(struct fixture *fixture, size_t index)
{
    fixture->waiters[index] = (struct token_waiter){ .done = hear, .ctx = fixture };
    return token_client_wait(fixture->client, &fixture->waiters[index]);
}

static void run(struct fixture *fixture, unsigned int answers, unsigned int requests)
{
    for (int round = 0; round < ROUNDS && fixture->answers < answers && fixture->requests < requests; round++)
        assert_int_equal(loop_process(fixture->loop, 10), MSGIN5G_OK);
}

static void settle(struct fixture *fixture)
{
    for (int round = 0; round < 20; round++)
        assert_int_equal(loop_process(fixture->loop, 1), MSGIN5G_OK);
}

static void pass(struct fixture *fixture, int64_t ms)
{
    virtual_clock_advance(&fixture->clock, ms);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
}

static void get(struct fixture *fixture, enum msgin5g_err err)
{
    unsigned int answers = fixture->answers;
    assert_int_equal(wait_for_token(fixture, 0), MSGIN5G_OK);
    assert_int_equal(fixture->answers, answers); /* never inside the call */
    run(fixture, answers + 1, UINT32_MAX);
    assert_int_equal(fixture->answers, answers + 1);
    assert_int_equal(fixture->err, err);
}

static const char *current(struct fixture *fixture)
{
    uint64_t number = 0;
    return token_client_current(fixture->client, &number);
}

static void test_request_and_answer(void **state)
{
    struct fixture *fixture = *state;
    assert_null(current(fixture));
    get(fixture, MSGIN5G_OK);
    assert_string_equal(current(fixture), "Bearer t1");
    assert_string_equal(fixture->asked, "grant_type=client_credentials&nfInstanceId=" NF_ID
                                        "&nfType=AF&targetNfType=AANF&scope=naanf-akma%20naanf-akma%3Aapplicationkeyget"
                                        "%20naanf-akma%3Aapplicationkeyget%3Asupi-access");
}

static void test_single_flight(void **state)
{
    struct fixture *fixture = *state;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(wait_for_token(fixture, i), MSGIN5G_OK);
    run(fixture, 3, UINT32_MAX);
    assert_int_equal(fixture->answers, 3);
    assert_int_equal(fixture->requests, 1);
}

/* Renewed behind the back of those who use it, before it expires. */
static void test_renewal_in_the_background(void **state)
{
    struct fixture *fixture = *state;
    get(fixture, MSGIN5G_OK);
    pass(fixture, 567999);
    assert_string_equal(current(fixture), "Bearer t1");
    settle(fixture);
    assert_int_equal(fixture->requests, 1);
    pass(fixture, 1);
    assert_string_equal(current(fixture), "Bearer t1");
    run(fixture, UINT32_MAX, 2);
    settle(fixture);
    assert_string_equal(current(fixture), "Bearer t2");
    assert_int_equal(fixture->requests, 2);
}

static void test_expired_token_is_not_used(void **state)
{
    struct fixture *fixture = *state;
    get(fixture, MSGIN5G_OK);
    pass(fixture, 598000);
    assert_null(current(fixture));
    get(fixture, MSGIN5G_OK);
    assert_string_equal(current(fixture), "Bearer t2");
}

/* 1, 2, 4 ... seconds, a quarter more or less. */
static void test_pauses_after_failures(void **state)
{
    struct fixture *fixture = *state;
    fixture->status = 400;
    for (int64_t pause_ms = 1000; pause_ms <= 16000; pause_ms *= 2) {
        get(fixture, MSGIN5G_ERR_AANF);
        assert_null(current(fixture));
        pass(fixture, pause_ms * 3 / 4 - 1);
        assert_int_equal(wait_for_token(fixture, 1), MSGIN5G_ERR_LIMIT);
        pass(fixture, pause_ms / 2 + 1);
    }
    fixture->status = 200;
    get(fixture, MSGIN5G_OK);
}

static void test_no_answer_in_time(void **state)
{
    struct fixture *fixture = *state;
    fixture->hold = true;
    assert_int_equal(wait_for_token(fixture, 0), MSGIN5G_OK);
    run(fixture, UINT32_MAX, 1);
    pass(fixture, 2000);
    run(fixture, 1, UINT32_MAX);
    assert_int_equal(fixture->err, MSGIN5G_ERR_AANF);
}

static void test_rejected_token(void **state)
{
    struct fixture *fixture = *state;
    uint64_t first = 0;
    uint64_t second = 0;
    get(fixture, MSGIN5G_OK);
    assert_non_null(token_client_current(fixture->client, &first));
    assert_true(token_client_reject(fixture->client, first));
    assert_true(token_client_reject(fixture->client, first)); /* another request that carried it */
    assert_null(current(fixture));
    get(fixture, MSGIN5G_OK);
    assert_non_null(token_client_current(fixture->client, &second));
    assert_true(token_client_reject(fixture->client, first)); /* late: the new one stays */
    assert_non_null(current(fixture));
    assert_false(token_client_reject(fixture->client, second));
    assert_int_equal(wait_for_token(fixture, 0), MSGIN5G_ERR_LIMIT);
    pass(fixture, 1251);
    get(fixture, MSGIN5G_OK);
}

static void test_free_answers_who_waits(void **state)
{
    struct fixture *fixture = *state;
    fixture->hold = true;
    assert_int_equal(wait_for_token(fixture, 0), MSGIN5G_OK);
    assert_int_equal(wait_for_token(fixture, 1), MSGIN5G_OK);
    token_client_free(fixture->client);
    fixture->client = NULL;
    assert_int_equal(fixture->answers, 2);
    assert_int_equal(fixture->err, MSGIN5G_ERR_CLOSED);
}

static void test_urls(void **state)
{
    static const char *const bad[] = { "", "localhost", "ftp://localhost/", "https:///oauth2/token" };
    struct fixture *fixture = *state;
    struct token_client *client = NULL;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const struct akma_af_config config = { .token_url = bad[i], .nf_instance_id = NF_ID };
        assert_int_equal(token_client_create(fixture->loop, &config, &client), MSGIN5G_ERR_INVALID);
    }
}

static void test_answers_read(void **state)
{
    static const struct {
        const char *body;
        enum msgin5g_err err;
    } rows[] = {
        { "{\"access_token\":\"a.b.c\",\"token_type\":\"bearer\"}", MSGIN5G_OK },
        { "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":1e12}", MSGIN5G_OK },
        { "{\"access_token\":\"a\",\"token_type\":\"mac\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"access_token\":\"a\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"token_type\":\"Bearer\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"access_token\":\"\",\"token_type\":\"Bearer\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"access_token\":\"a\\r\\nx: y\",\"token_type\":\"Bearer\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"access_token\":\"\xc3\xa4\",\"token_type\":\"Bearer\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"access_token\":1,\"token_type\":\"Bearer\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":\"9\"}", MSGIN5G_ERR_MALFORMED },
        { "{\"access_token\":\"a\",\"token_type\":\"Bearer\",\"expires_in\":0}", MSGIN5G_ERR_MALFORMED },
        { "[]", MSGIN5G_ERR_MALFORMED },
        { "", MSGIN5G_ERR_MALFORMED },
    };
    struct token_answer answer;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(token_answer_decode(msgin5g_str(rows[i].body), &answer), rows[i].err);
        assert_true(answer.lifetime_s >= 0 && answer.lifetime_s <= 604800);
        assert_int_equal(answer.token[0] == '\0', rows[i].err != MSGIN5G_OK);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request_and_answer),
        TEST(test_single_flight),
        TEST(test_renewal_in_the_background),
        TEST(test_expired_token_is_not_used),
        TEST(test_pauses_after_failures),
        TEST(test_no_answer_in_time),
        TEST(test_rejected_token),
        TEST(test_free_answers_who_waits),
        TEST(test_urls),
        cmocka_unit_test(test_answers_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
