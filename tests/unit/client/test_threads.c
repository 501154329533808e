/* Contexts share nothing: each may run in a thread of its own. */
#include "fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 8

struct worker {
    pthread_t thread;
    struct fixture *fixture;
    char uri[64];
    enum msgin5g_err err;
    bool registered, sent;
};

static void on_registered(void *ctx, struct msgin5g_client *client, int64_t lifetime_s)
{
    struct worker *worker = ctx;
    char msg_id[MSGIN5G_UUID_LEN + 1];
    const struct msgin5g_outgoing message = {
        .to_type = MSGIN5G_ADDR_UE, .to = FIXTURE_PEER, .payload = "hello", .payload_length = 5
    };

    (void)lifetime_s;
    worker->registered = true;
    worker->err = msgin5g_client_send(client, &message, msg_id);
}

static void on_sent(
    void *ctx, struct msgin5g_client *client, const char *msg_id, enum msgin5g_err err, unsigned char coap_code)
{
    struct worker *worker = ctx;

    (void)client;
    (void)msg_id;
    (void)coap_code;
    worker->sent = err == MSGIN5G_OK;
}

static atomic_uint finished;

static void *work(void *ctx)
{
    static const struct msgin5g_client_events events = { .registered = on_registered, .sent = on_sent };
    struct worker *worker = ctx;
    const struct msgin5g_client_config config = { .server = worker->uri, .ue_service_id = FIXTURE_UE };
    struct msgin5g_context *context = NULL;
    struct msgin5g_client *client;
    int64_t end_ms = fixture_now_ms() + 10000;

    worker->err = msgin5g_context_create(NULL, &context);
    if (worker->err == MSGIN5G_OK)
        worker->err = msgin5g_client_create(context, &config, &events, worker, &client);
    if (worker->err == MSGIN5G_OK)
        worker->err = msgin5g_client_set_akma(client, FAKE_A_KID, worker->fixture->k_akma.octets);
    if (worker->err == MSGIN5G_OK)
        worker->err = msgin5g_client_register(client);
    while (worker->err == MSGIN5G_OK && !worker->sent && fixture_now_ms() < end_ms)
        worker->err = msgin5g_context_process(context, 100);
    msgin5g_context_free(context);
    atomic_fetch_add(&finished, 1);
    return NULL;
}

static void each_context_has_its_thread(void **state)
{
    struct fixture *fixture = *state;
    struct worker workers[THREADS] = { 0 };

    for (unsigned i = 0; i < THREADS; i++) {
        workers[i].fixture = fixture;
        snprintf(workers[i].uri, sizeof workers[i].uri, "coaps://" FAKE_FQDN ":%u", fixture->server.port);
        assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
    }
    while (atomic_load(&finished) < THREADS)
        assert_int_equal(loop_process(fixture->server.loop, 10), MSGIN5G_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
        assert_int_equal(workers[i].err, MSGIN5G_OK);
        assert_true(workers[i].registered);
        assert_true(workers[i].sent);
    }
    assert_int_equal(fake_server_count(&fixture->server, MSGIN5G_TYPE_MSG), THREADS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_context_has_its_thread, fixture_setup, fixture_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
