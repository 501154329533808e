/* The AF role over an AAnF client of the test's own: single flight, bounded waiting, refusals and expiry remembered. */
#include "akma/af.h"
#include "naanf_client.h"
#include "virtual_clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NOW       1700000000
#define CALLS_MAX 16

/* The AAnF client of this test: calls wait until the test answers them. */
struct naanf_client {
    size_t calls; /* ever made */
    struct {
        naanf_client_fn *done;
        void *ctx;
    } open[CALLS_MAX];
    size_t open_count;
    enum msgin5g_err refuse; /* what retrieve() returns at once */
};

static struct naanf_client *client;

enum msgin5g_err naanf_client_create(struct loop *loop, const struct akma_af_config *config, struct naanf_client **out)
{
    (void)loop;
    (void)config;
    client = calloc(1, sizeof *client);
    *out = client;
    return client != NULL ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

static void answer(enum msgin5g_err err, const struct naanf_key_data *data)
{
    assert_true(client->open_count > 0);
    naanf_client_fn *done = client->open[0].done;
    void *ctx = client->open[0].ctx;
    memmove(&client->open[0], &client->open[1], --client->open_count * sizeof client->open[0]);
    done(ctx, err, data);
}

/* Also at the end of tests whose waiters look at their stack. */
static void answer_rest(void)
{
    while (client->open_count > 0)
        answer(MSGIN5G_ERR_CLOSED, NULL);
}

void naanf_client_renew(struct naanf_client *unused)
{
    (void)unused;
}

void naanf_client_free(struct naanf_client *which)
{
    if (which == NULL)
        return;
    answer_rest();
    free(which);
}

enum msgin5g_err naanf_client_retrieve(
    struct naanf_client *which, const struct akma_af_ref *ref, naanf_client_fn *done, void *ctx)
{
    (void)ref;
    if (which->refuse != MSGIN5G_OK)
        return which->refuse;
    assert_true(which->open_count < CALLS_MAX);
    which->open[which->open_count].done = done;
    which->open[which->open_count++].ctx = ctx;
    which->calls++;
    return MSGIN5G_OK;
}

bool naanf_client_healthy(const struct naanf_client *which)
{
    return which->refuse == MSGIN5G_OK;
}

struct fixture {
    struct virtual_clock clock;
    struct loop *loop;
    struct akma_af *af;
};

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct akma_af_config config = { .aanf_url = "https://127.0.0.1:1", .pending = 4, .negative_ms = 60000 };
    assert_non_null(fixture);
    assert_int_equal(secret_setup(), MSGIN5G_OK);
    virtual_clock_init(&fixture->clock, NOW);
    assert_int_equal(loop_create(virtual_clock_source(&fixture->clock), &fixture->loop), MSGIN5G_OK);
    assert_int_equal(akma_af_create(fixture->loop, &config, &fixture->af), MSGIN5G_OK);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    akma_af_free(fixture->af);
    loop_free(fixture->loop);
    free(fixture);
    return 0;
}

static void pass(struct fixture *fixture, int64_t ms)
{
    virtual_clock_advance(&fixture->clock, ms);
    assert_int_equal(loop_process(fixture->loop, 0), MSGIN5G_OK);
}

static const struct akma_af_ref ref_a = { { "0.a@r", 5 }, "af.example", { { 1, 0, 0, 0, 9 } } };
static const struct akma_af_ref ref_b = { { "0.b@r", 5 }, "af.example", { { 1, 0, 0, 0, 9 } } };

static struct naanf_key_data key_data(const char *supi)
{
    struct naanf_key_data data = { .expiry_s = NOW + 10 };
    memset(&data.k_af, 7, sizeof data.k_af);
    memcpy(data.supi, supi, strlen(supi) + 1);
    return data;
}

/* What a waiter heard. */
struct heard {
    unsigned int count;
    enum msgin5g_err err;
};

static void hear(void *ctx, enum msgin5g_err err)
{
    struct heard *heard = ctx;
    heard->count++;
    heard->err = err;
}

static void test_many_waiters_one_request(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard[3] = { 0 };
    struct naanf_key_data data = key_data("imsi-1");
    struct akma_af_key key;
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard[i]), MSGIN5G_OK);
    assert_int_equal(client->calls, 1);
    assert_int_equal(heard[0].count, 0);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_NOT_CACHED);
    answer(MSGIN5G_OK, &data);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(heard[i].count, 1);
        assert_int_equal(heard[i].err, MSGIN5G_OK);
    }
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_OK);
    assert_string_equal(key.identity, "imsi-1");
    assert_memory_equal(&key.k_af, &data.k_af, sizeof key.k_af);
}

static void test_references_do_not_share_a_request(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard[3] = { 0 };
    struct akma_af_ref other_suite = ref_a;
    other_suite.ua_id = ua_id_tls_1_3;
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard[0]), MSGIN5G_OK);
    assert_int_equal(akma_af_fetch(fixture->af, &ref_b, hear, &heard[1]), MSGIN5G_OK);
    assert_int_equal(akma_af_fetch(fixture->af, &other_suite, hear, &heard[2]), MSGIN5G_OK);
    assert_int_equal(client->calls, 3);
    answer(MSGIN5G_ERR_TIMEOUT, NULL);
    assert_int_equal(heard[0].err, MSGIN5G_ERR_TIMEOUT);
    assert_int_equal(heard[1].count + heard[2].count, 0);
    answer_rest();
}

static void test_waiting_is_bounded(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = { 0 };
    for (int i = 0; i < 4; i++)
        assert_int_equal(akma_af_fetch(fixture->af, i % 2 ? &ref_a : &ref_b, hear, &heard), MSGIN5G_OK);
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_ERR_LIMIT);
    answer(MSGIN5G_ERR_AANF, NULL);
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer_rest();
}

static void test_refusal_is_remembered_for_5_s_at_most(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = { 0 };
    struct akma_af_key key;
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_ERR_UNKNOWN_A_KID, NULL);
    assert_int_equal(heard.err, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_b, &key), MSGIN5G_ERR_NOT_CACHED);
    pass(fixture, 4999);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_UNKNOWN_A_KID);
    pass(fixture, 1);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_NOT_CACHED);
}

static void test_failures_are_not_remembered(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = { 0 };
    struct akma_af_key key;
    const enum msgin5g_err failures[] = { MSGIN5G_ERR_AANF, MSGIN5G_ERR_TIMEOUT };
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
        answer(failures[i], NULL);
        assert_int_equal(heard.err, failures[i]);
        assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_NOT_CACHED);
    }
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_ERR_AF_NOT_ALLOWED, NULL);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_AF_NOT_ALLOWED);
}

static void test_key_expires_and_is_fetched_again(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = { 0 };
    struct naanf_key_data data = key_data("imsi-1");
    struct akma_af_key key;
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_OK, &data);
    pass(fixture, 9000);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_OK);
    pass(fixture, 1000);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_NOT_CACHED);
    data.expiry_s += 3600;
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_OK, &data);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_OK);
}

/* The AAnF knows the A-KID no more: neither does the cache, whatever the reference was. */
static void test_unknown_a_kid_drops_its_keys(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = { 0 };
    struct naanf_key_data data = key_data("imsi-1");
    struct akma_af_key key;
    struct akma_af_ref other = ref_a;
    other.ua_id = ua_id_tls_1_3;
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_OK, &data);
    assert_int_equal(akma_af_fetch(fixture->af, &other, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_ERR_UNKNOWN_A_KID, NULL);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_NOT_CACHED);
}

static void test_a_key_ends_a_refusal(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = { 0 };
    struct naanf_key_data data = key_data("imsi-1");
    struct akma_af_key key;
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_ERR_UNKNOWN_A_KID, NULL);
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_OK, &data);
    akma_af_forget(fixture->af, ref_a.a_kid);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_NOT_CACHED);
}

struct again {
    struct akma_af *af;
    struct heard heard;
};

static void fetch_again(void *ctx, enum msgin5g_err err)
{
    struct again *again = ctx;
    assert_int_equal(err, MSGIN5G_ERR_TIMEOUT);
    assert_int_equal(akma_af_fetch(again->af, &ref_a, hear, &again->heard), MSGIN5G_OK);
}

static void test_waiter_may_fetch_from_its_callback(void **state)
{
    struct fixture *fixture = *state;
    struct again again = { .af = fixture->af };
    struct heard heard = { 0 };
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, fetch_again, &again), MSGIN5G_OK);
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    answer(MSGIN5G_ERR_TIMEOUT, NULL);
    assert_int_equal(heard.count, 1);
    assert_int_equal(client->calls, 2);
    answer(MSGIN5G_ERR_AANF, NULL);
    assert_int_equal(again.heard.count, 1);
    assert_int_equal(again.heard.err, MSGIN5G_ERR_AANF);
}

static void test_request_that_cannot_be_sent(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard = { 0 };
    const struct akma_af_ref empty = { { "", 0 }, "af.example", { { 0 } } };
    struct akma_af_key key;
    client->refuse = MSGIN5G_ERR_LIMIT;
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_ERR_LIMIT);
    assert_false(akma_af_healthy(fixture->af));
    client->refuse = MSGIN5G_OK;
    assert_true(akma_af_healthy(fixture->af));
    assert_int_equal(akma_af_fetch(fixture->af, &empty, hear, &heard), MSGIN5G_ERR_INVALID);
    assert_int_equal(akma_af_lookup(fixture->af, &empty, &key), MSGIN5G_ERR_NOT_CACHED);
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    assert_int_equal(heard.count, 0);
    answer_rest();
}

/* The notice of the AAnF may overtake the answer that it makes void. */
static void test_key_disabled_before_it_arrives(void **state)
{
    struct fixture *fixture = *state;
    struct naanf_key_data data = key_data("imsi-001010000000001");
    struct akma_af_key key;
    struct heard heard = { 0 };
    assert_false(akma_af_forget(fixture->af, ref_a.a_kid));
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard), MSGIN5G_OK);
    assert_true(akma_af_forget(fixture->af, msgin5g_str("0.a@R")));
    answer(MSGIN5G_OK, &data);
    assert_int_equal(heard.count, 1);
    assert_int_equal(heard.err, MSGIN5G_ERR_UNKNOWN_A_KID);
    assert_int_equal(akma_af_lookup(fixture->af, &ref_a, &key), MSGIN5G_ERR_UNKNOWN_A_KID);
}

static void test_free_answers_what_is_open(void **state)
{
    struct fixture *fixture = *state;
    struct heard heard[2] = { 0 };
    assert_int_equal(akma_af_fetch(fixture->af, &ref_a, hear, &heard[0]), MSGIN5G_OK);
    assert_int_equal(akma_af_fetch(fixture->af, &ref_b, hear, &heard[1]), MSGIN5G_OK);
    akma_af_free(fixture->af);
    fixture->af = NULL;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(heard[i].count, 1);
        assert_int_equal(heard[i].err, MSGIN5G_ERR_CLOSED);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_many_waiters_one_request),
        TEST(test_references_do_not_share_a_request),
        TEST(test_waiting_is_bounded),
        TEST(test_refusal_is_remembered_for_5_s_at_most),
        TEST(test_failures_are_not_remembered),
        TEST(test_key_expires_and_is_fetched_again),
        TEST(test_unknown_a_kid_drops_its_keys),
        TEST(test_a_key_ends_a_refusal),
        TEST(test_waiter_may_fetch_from_its_callback),
        TEST(test_request_that_cannot_be_sent),
        TEST(test_key_disabled_before_it_arrives),
        TEST(test_free_answers_what_is_open),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
