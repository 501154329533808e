/* The client against our server on one loop: results, deadlines, reconnecting, refusals, limits. */
#include "certs.h"
#include "rig.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct certs certs;

/* What came back for one call. */
struct outcome {
    size_t count;
    enum msgin5g_err err;
    int status;
    size_t length;
    char body[128];
    char kind[32];
    struct http_client **to_free; /* free this client from the callback */
};

static void on_done(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct outcome *outcome = ctx;
    outcome->count++;
    outcome->err = err;
    assert_int_equal(err == MSGIN5G_OK, response != NULL);
    if (response != NULL) {
        const char *kind = http_response_header(response, "x-kind");
        outcome->status = response->status;
        outcome->length = response->length;
        size_t kept = response->length < sizeof outcome->body ? response->length : sizeof outcome->body;
        if (kept > 0)
            memcpy(outcome->body, response->body, kept);
        snprintf(outcome->kind, sizeof outcome->kind, "%s", kind != NULL ? kind : "");
    }
    if (outcome->to_free != NULL && *outcome->to_free != NULL) {
        struct http_client *client = *outcome->to_free;
        *outcome->to_free = NULL;
        http_client_free(client);
    }
}

static bool is_done(void *ctx)
{
    return ((struct outcome *)ctx)->count > 0;
}

static struct tls_context *context_with_alpn(bool is_server, const char *entity, const char *ca, const char *alpn)
{
    char certificate[CERTS_PATH_MAX], key[CERTS_PATH_MAX], ca_path[CERTS_PATH_MAX], file[64];
    char problem[200] = "";
    struct tls_context *context = NULL;
    struct tls_context_config config = { .is_server = is_server, .alpn = alpn, .peer_certificate_required = is_server };
    if (entity != NULL) {
        snprintf(file, sizeof file, "%s.pem", entity);
        config.certificate_file = certs_path(&certs, file, certificate);
        snprintf(file, sizeof file, "%s.key", entity);
        config.key_file = certs_path(&certs, file, key);
    }
    config.ca_file = certs_path(&certs, ca, ca_path);
    if (tls_context_create(&config, &context, problem, sizeof problem) != MSGIN5G_OK)
        fail_msg("%s", problem);
    return context;
}

static struct tls_context *context_new(bool is_server, const char *entity, const char *ca)
{
    return context_with_alpn(is_server, entity, ca, is_server ? "h2,http/1.1" : "h2");
}

static struct http_client *client_new(
    struct rig *rig, struct tls_context *tls, const char *host, uint16_t port, size_t queued)
{
    char url[64];
    struct http_client *client = NULL;
    snprintf(url, sizeof url, "%s://%s:%u", tls != NULL ? "https" : "http", host, port);
    const struct http_client_config config = { .url = url, .tls = tls, .queued = queued };
    assert_int_equal(http_client_create(rig->loop, &config, &client), MSGIN5G_OK);
    return client;
}

static void ask(struct http_client *client, const char *method, const char *path, const void *body, size_t length,
    struct outcome *outcome)
{
    const struct http_header header = { "x-test", "1" };
    const struct http_call call = { .method = method,
        .path = path,
        .content_type = body != NULL ? "text/plain" : NULL,
        .body = body,
        .length = length,
        .headers = &header,
        .header_count = 1 };
    memset(outcome, 0, offsetof(struct outcome, to_free));
    assert_int_equal(http_client_send(client, &call, on_done, outcome), MSGIN5G_OK);
    assert_int_equal(outcome->count, 0); /* never inside */
}

static void ask_and_wait(struct rig *rig, struct http_client *client, const char *path, struct outcome *outcome)
{
    ask(client, "GET", path, NULL, 0, outcome);
    rig_run_until(rig, is_done, outcome);
    assert_int_equal(outcome->count, 1);
}

static void says_hello(struct rig *rig, struct http_client *client)
{
    struct outcome outcome = { 0 };
    ask_and_wait(rig, client, "/hello", &outcome);
    assert_int_equal(outcome.err, MSGIN5G_OK);
    assert_int_equal(outcome.status, 200);
    assert_int_equal(outcome.length, 5);
    assert_memory_equal(outcome.body, "hello", 5);
    assert_string_equal(outcome.kind, "greeting");
}

static void test_in_clear(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 0);
    says_hello(&rig, client);
    ask(client, "POST", "/echo", "some octets", 11, &outcome);
    rig_run_until(&rig, is_done, &outcome);
    assert_int_equal(outcome.status, 201);
    assert_memory_equal(outcome.body, "some octets", 11);
    ask_and_wait(&rig, client, "/nothing", &outcome);
    assert_int_equal(outcome.status, 404);
    assert_string_equal(http_client_problem(client), "");
    http_client_free(client);
    rig_close(&rig);
}

static void test_mutual_tls(void **state)
{
    struct rig rig;
    struct tls_context *server = context_new(true, "server", "ca.pem");
    struct tls_context *own = context_new(false, "client", "ca.pem");
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, server, 0, NULL);
    struct http_client *client = client_new(&rig, own, "localhost", http_server_port(rig.server), 0);
    says_hello(&rig, client);
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
    tls_context_free(server);
    tls_context_free(own);
}

static bool all_done(void *ctx)
{
    struct outcome *outcomes = ctx;
    for (size_t i = 0; i < 250; i++) {
        if (outcomes[i].count == 0)
            return false;
    }
    return true;
}

/* More than the server takes at once, also before its SETTINGS have come: what it refuses is tried again. */
static void many(const struct http_limits *limits)
{
    static struct outcome outcomes[250];
    struct rig rig;
    memset(outcomes, 0, sizeof outcomes);
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, limits);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 0);
    for (size_t i = 0; i < 250; i++)
        ask(client, "POST", "/echo", &i, sizeof i, &outcomes[i]);
    rig_run_until(&rig, all_done, outcomes);
    for (size_t i = 0; i < 250; i++) {
        assert_int_equal(outcomes[i].count, 1);
        assert_int_equal(outcomes[i].err, MSGIN5G_OK);
        assert_memory_equal(outcomes[i].body, &i, sizeof i);
    }
    assert_int_equal(rig.handled, 250);
    http_client_free(client);
    rig_close(&rig);
}

static void test_many_calls_share_a_connection(void **state)
{
    (void)state;
    many(NULL);
    many(&(struct http_limits){ .streams = 3 });
}

static void test_deadline(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 0);
    ask(client, "GET", "/hold", NULL, 0, &outcome);
    rig_settle(&rig);
    assert_int_equal(rig.held_count, 1);
    rig_pass(&rig, 1999);
    assert_int_equal(outcome.count, 0);
    rig_pass(&rig, 1);
    assert_int_equal(outcome.count, 1);
    assert_int_equal(outcome.err, MSGIN5G_ERR_TIMEOUT);
    rig_release(&rig); /* the stream is gone: nobody is answered */
    rig_settle(&rig);
    assert_int_equal(outcome.count, 1);
    says_hello(&rig, client); /* and the connection lives on */
    http_client_free(client);
    rig_close(&rig);
}

static void test_refused_connect(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    uint16_t port = http_server_port(rig.server);
    rig_stop_serving(&rig);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", port, 0);
    ask_and_wait(&rig, client, "/hello", &outcome);
    assert_int_equal(outcome.err, MSGIN5G_ERR_CONNECT);
    assert_non_null(strstr(http_client_problem(client), "cannot connect"));
    /* The next one waits until it may be tried again; a server that is back by then is found. */
    ask(client, "GET", "/hello", NULL, 0, &outcome);
    rig_settle(&rig);
    assert_int_equal(outcome.count, 0);
    rig_serve(&rig, NULL, port, NULL);
    rig_pass(&rig, 50);
    assert_int_equal(outcome.count, 1);
    assert_int_equal(outcome.err, MSGIN5G_OK);
    http_client_free(client);
    rig_close(&rig);
}

static void test_deadline_while_unreachable_names_the_cause(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    uint16_t port = http_server_port(rig.server);
    rig_stop_serving(&rig);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", port, 0);
    const struct http_call call = { .method = "GET", .path = "/hello", .deadline_ms = 5 };
    ask_and_wait(&rig, client, "/hello", &outcome);
    memset(&outcome, 0, sizeof outcome);
    assert_int_equal(http_client_send(client, &call, on_done, &outcome), MSGIN5G_OK);
    rig_pass(&rig, 5); /* less than the back-off */
    assert_int_equal(outcome.count, 1);
    assert_int_equal(outcome.err, MSGIN5G_ERR_CONNECT);
    http_client_free(client);
    rig_close(&rig);
}

static void test_server_restart(void **state)
{
    struct rig rig;
    struct outcome lost = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    uint16_t port = http_server_port(rig.server);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", port, 0);
    says_hello(&rig, client);
    ask(client, "GET", "/hold", NULL, 0, &lost);
    rig_settle(&rig);
    assert_int_equal(rig.held_count, 1);
    rig_stop_serving(&rig);
    rig_settle(&rig);
    assert_int_equal(lost.count, 1);
    assert_int_equal(lost.err, MSGIN5G_ERR_CLOSED); /* may have been processed: not for us to repeat */
    rig_serve(&rig, NULL, port, NULL);
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
}

static void test_goaway_finishes_what_is_in_hand(void **state)
{
    struct rig rig, second;
    struct outcome held = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    uint16_t port = http_server_port(rig.server);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", port, 0);
    ask(client, "GET", "/hold", NULL, 0, &held);
    rig_settle(&rig);
    http_server_drain(rig.server);
    rig_settle(&rig);
    second = rig; /* another server on the same loop and port */
    second.server = NULL;
    second.held_count = 0;
    rig_serve(&second, NULL, port, NULL);
    says_hello(&rig, client);
    assert_int_equal(held.count, 0);
    rig_release(&rig);
    rig_run_until(&rig, is_done, &held);
    assert_int_equal(held.err, MSGIN5G_OK);
    assert_int_equal(held.status, 204);
    http_client_free(client);
    rig_stop_serving(&second);
    rig_close(&rig);
}

static void fails_with(struct tls_context *server, struct tls_context *own, const char *host, const char *problem)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    rig_open(&rig);
    rig_serve(&rig, server, 0, NULL);
    struct http_client *client = client_new(&rig, own, host, http_server_port(rig.server), 0);
    ask_and_wait(&rig, client, "/hello", &outcome);
    assert_int_equal(outcome.err, MSGIN5G_ERR_AUTHENTICATION);
    if (strstr(http_client_problem(client), problem) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", http_client_problem(client), problem);
    assert_int_equal(rig.handled, 0);
    http_client_free(client);
    rig_close(&rig);
    tls_context_free(server);
    tls_context_free(own);
}

static void test_wrong_certificates(void **state)
{
    (void)state;
    fails_with(context_new(true, "server", "ca.pem"), context_new(false, "client", "other-ca.pem"), "localhost",
        "certificate refused");
    fails_with(context_new(true, "server", "ca.pem"), context_new(false, NULL, "ca.pem"), "localhost", "alert");
    fails_with(
        context_new(true, "server", "other-ca.pem"), context_new(false, "client", "ca.pem"), "localhost", "alert");
    fails_with(context_new(true, "elsewhere", "ca.pem"), context_new(false, "client", "ca.pem"), "127.0.0.1",
        "it is not for 127.0.0.1");
}

static void test_queue_limit(void **state)
{
    struct rig rig;
    struct outcome outcomes[3] = { 0 };
    const struct http_call call = { .method = "GET", .path = "/hello" };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 2);
    ask(client, "GET", "/hello", NULL, 0, &outcomes[0]);
    ask(client, "GET", "/hello", NULL, 0, &outcomes[1]);
    assert_int_equal(http_client_send(client, &call, on_done, &outcomes[2]), MSGIN5G_ERR_LIMIT);
    rig_settle(&rig);
    assert_int_equal(outcomes[0].count + outcomes[1].count, 2);
    assert_int_equal(outcomes[2].count, 0);
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
}

static void test_response_too_large(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 0);
    ask_and_wait(&rig, client, "/big", &outcome);
    assert_int_equal(outcome.err, MSGIN5G_ERR_PAYLOAD_TOO_LARGE);
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
}

static void test_request_too_large(void **state)
{
    static char body[200000];
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 0);
    ask(client, "POST", "/echo", body, sizeof body, &outcome);
    rig_run_until(&rig, is_done, &outcome);
    assert_int_equal(outcome.err, MSGIN5G_OK);
    assert_int_equal(outcome.status, 413);
    assert_int_equal(rig.handled, 0);
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
}

static void test_free_answers_open_calls(void **state)
{
    struct rig rig;
    struct outcome held = { 0 }, waiting = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 0);
    ask(client, "GET", "/hold", NULL, 0, &held);
    rig_settle(&rig);
    ask(client, "GET", "/hello", NULL, 0, &waiting);
    http_client_free(client);
    assert_int_equal(held.count, 1);
    assert_int_equal(held.err, MSGIN5G_ERR_CLOSED);
    assert_int_equal(waiting.count, 1);
    assert_int_equal(waiting.err, MSGIN5G_ERR_CLOSED);
    rig_settle(&rig);
    rig_close(&rig);
}

static void test_free_from_a_callback(void **state)
{
    struct rig rig;
    struct outcome first = { 0 }, second = { 0 }, held = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_new(&rig, NULL, "127.0.0.1", http_server_port(rig.server), 0);
    first.to_free = &client;
    ask(client, "GET", "/hold", NULL, 0, &held);
    ask(client, "GET", "/hello", NULL, 0, &first);
    ask(client, "GET", "/hello", NULL, 0, &second);
    rig_settle(&rig);
    assert_null(client);
    assert_int_equal(first.err, MSGIN5G_OK);
    assert_int_equal(second.count, 1);
    assert_int_equal(held.count, 1);
    assert_int_equal(held.err, MSGIN5G_ERR_CLOSED);
    rig_close(&rig);
}

static void test_silent_server(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    struct tls_context *own = context_new(false, "client", "ca.pem");
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL); /* reads the ClientHello as a request that never ends */
    struct http_client *client = client_new(&rig, own, "127.0.0.1", http_server_port(rig.server), 0);
    const struct http_call call = { .method = "GET", .path = "/hello", .deadline_ms = 60000 };
    assert_int_equal(http_client_send(client, &call, on_done, &outcome), MSGIN5G_OK);
    rig_settle(&rig);
    if (outcome.count == 0)
        rig_pass(&rig, 2000); /* connect_ms */
    assert_int_equal(outcome.count, 1);
    assert_true(outcome.err == MSGIN5G_ERR_CONNECT || outcome.err == MSGIN5G_ERR_AUTHENTICATION);
    http_client_free(client);
    rig_close(&rig);
    tls_context_free(own);
}

static void test_bad_urls(void **state)
{
    static const char *const urls[] = { "", "ftp://a:1", "http://", "http://a:0", "http://a:65536", "http://a:x",
        "http://a:1/path", "http://user@a:1", "http://[::1:80", "https://127.0.0.1:1" /* without TLS */ };
    struct rig rig;
    (void)state;
    rig_open(&rig);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        struct http_client *client = NULL;
        const struct http_client_config config = { .url = urls[i] };
        if (http_client_create(rig.loop, &config, &client) != MSGIN5G_ERR_INVALID)
            fail_msg("%s was taken", urls[i]);
    }
    rig_close(&rig);
}

/* ---- HTTP/1.1 -------------------------------------------------------------------------------------------- */

static struct http_client *client_any(struct rig *rig, struct tls_context *tls, size_t connections)
{
    char url[64];
    struct http_client *client = NULL;
    snprintf(url, sizeof url, "%s://localhost:%u", tls != NULL ? "https" : "http", http_server_port(rig->server));
    const struct http_client_config config = {
        .url = url, .tls = tls, .versions = HTTP_VERSION_ANY, .connections = connections
    };
    assert_int_equal(http_client_create(rig->loop, &config, &client), MSGIN5G_OK);
    return client;
}

static void test_h1_in_clear(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_any(&rig, NULL, 0);
    says_hello(&rig, client);
    ask(client, "POST", "/echo", "some octets", 11, &outcome);
    rig_run_until(&rig, is_done, &outcome);
    assert_int_equal(outcome.status, 201);
    assert_memory_equal(outcome.body, "some octets", 11);
    ask(client, "HEAD", "/hello", NULL, 0, &outcome);
    rig_run_until(&rig, is_done, &outcome);
    assert_int_equal(outcome.err, MSGIN5G_OK);
    assert_int_equal(outcome.length, 0);
    says_hello(&rig, client);
    assert_int_equal(http_server_connections(rig.server), 1); /* one after the other on the same connection */
    http_client_free(client);
    rig_close(&rig);
}

/* What ALPN chooses; a client for HTTP/2 alone does not take less. */
static void test_versions_over_tls(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    struct tls_context *both = context_with_alpn(false, "client", "ca.pem", "h2,http/1.1");
    struct tls_context *only_2 = context_with_alpn(false, "client", "ca.pem", NULL);
    struct tls_context *servers[] = { context_with_alpn(true, "server", "ca.pem", "h2,http/1.1"),
        context_with_alpn(true, "server", "ca.pem", "http/1.1") };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        rig_open(&rig);
        rig_serve(&rig, servers[i], 0, NULL);
        struct http_client *client = client_any(&rig, both, 0);
        says_hello(&rig, client);
        http_client_free(client);
        client = client_new(&rig, only_2, "localhost", http_server_port(rig.server), 0);
        ask_and_wait(&rig, client, "/hello", &outcome);
        assert_int_equal(outcome.err, MSGIN5G_ERR_PEER); /* it offers no ALPN: HTTP/1.1 */
        http_client_free(client);
        rig_close(&rig);
        tls_context_free(servers[i]);
    }
    tls_context_free(both);
    tls_context_free(only_2);
}

static void test_h1_pool(void **state)
{
    static struct outcome outcomes[250];
    struct rig rig;
    (void)state;
    memset(outcomes, 0, sizeof outcomes);
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_any(&rig, NULL, 3);
    for (size_t i = 0; i < 3; i++)
        ask(client, "GET", "/hold", NULL, 0, &outcomes[i]);
    rig_settle(&rig);
    assert_int_equal(rig.held_count, 3);
    assert_int_equal(http_server_connections(rig.server), 3);
    for (size_t i = 3; i < 250; i++)
        ask(client, "POST", "/echo", &i, sizeof i, &outcomes[i]);
    rig_settle(&rig);
    assert_int_equal(outcomes[3].count, 0); /* no connection is free */
    rig_release(&rig);
    rig_run_until(&rig, all_done, outcomes);
    for (size_t i = 3; i < 250; i++) {
        assert_int_equal(outcomes[i].err, MSGIN5G_OK);
        assert_memory_equal(outcomes[i].body, &i, sizeof i);
    }
    assert_int_equal(http_server_connections(rig.server), 3);
    http_client_free(client);
    rig_close(&rig);
}

/* HTTP/1.1 can only close to get rid of a request; the next one takes another connection. */
static void test_h1_deadline(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_any(&rig, NULL, 1);
    ask(client, "GET", "/hold", NULL, 0, &outcome);
    rig_settle(&rig);
    rig_pass(&rig, 2000);
    assert_int_equal(outcome.count, 1);
    assert_int_equal(outcome.err, MSGIN5G_ERR_TIMEOUT);
    rig_release(&rig);
    rig_settle(&rig);
    rig_pass(&rig, 2000); /* more than the back-off after a connection without a response */
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
}

static void test_h1_server_restart(void **state)
{
    struct rig rig;
    struct outcome lost = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    uint16_t port = http_server_port(rig.server);
    struct http_client *client = client_any(&rig, NULL, 2);
    says_hello(&rig, client);
    ask(client, "GET", "/hold", NULL, 0, &lost);
    rig_settle(&rig);
    rig_stop_serving(&rig);
    rig_settle(&rig);
    assert_int_equal(lost.count, 1);
    assert_int_equal(lost.err, MSGIN5G_ERR_CLOSED);
    rig_serve(&rig, NULL, port, NULL);
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
}

/* Over HTTP/1.1 a path could end the request line; it does not get that far. */
static void test_h1_injection(void **state)
{
    struct rig rig;
    struct outcome outcome = { 0 };
    (void)state;
    rig_open(&rig);
    rig_serve(&rig, NULL, 0, NULL);
    struct http_client *client = client_any(&rig, NULL, 0);
    ask_and_wait(&rig, client, "/hello HTTP/1.1\r\nhost: x\r\n\r\nGET /hold", &outcome);
    assert_int_equal(outcome.err, MSGIN5G_ERR_INVALID);
    assert_int_equal(rig.handled, 0);
    says_hello(&rig, client);
    http_client_free(client);
    rig_close(&rig);
}

static int set_up(void **state)
{
    struct certs other;
    char from[CERTS_PATH_MAX], to[CERTS_PATH_MAX];
    (void)state;
    certs_make(&certs, "server:localhost,127.0.0.1 client:urn:uuid:1234 elsewhere:elsewhere.example");
    certs_make(&other, "unused");
    int failed = rename(certs_path(&other, "ca.pem", from), certs_path(&certs, "other-ca.pem", to));
    certs_remove(&other);
    return failed != 0 || tls_setup() != MSGIN5G_OK;
}

static int tear_down(void **state)
{
    (void)state;
    certs_remove(&certs);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_clear),
        cmocka_unit_test(test_mutual_tls),
        cmocka_unit_test(test_many_calls_share_a_connection),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_refused_connect),
        cmocka_unit_test(test_deadline_while_unreachable_names_the_cause),
        cmocka_unit_test(test_server_restart),
        cmocka_unit_test(test_goaway_finishes_what_is_in_hand),
        cmocka_unit_test(test_wrong_certificates),
        cmocka_unit_test(test_queue_limit),
        cmocka_unit_test(test_response_too_large),
        cmocka_unit_test(test_request_too_large),
        cmocka_unit_test(test_free_answers_open_calls),
        cmocka_unit_test(test_free_from_a_callback),
        cmocka_unit_test(test_silent_server),
        cmocka_unit_test(test_bad_urls),
        cmocka_unit_test(test_h1_in_clear),
        cmocka_unit_test(test_versions_over_tls),
        cmocka_unit_test(test_h1_pool),
        cmocka_unit_test(test_h1_deadline),
        cmocka_unit_test(test_h1_server_restart),
        cmocka_unit_test(test_h1_injection),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
