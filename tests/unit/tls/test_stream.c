/* TLS over a socket pair, both ends in this thread: profile, names, ALPN, refusals. */
#include "certs.h"

#include "tls/stream.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROUNDS 100

static struct certs certs;

struct pair {
    int fds[2];
    struct tls_context *server_context, *client_context;
    struct tls_stream *server, *client;
    int server_result, client_result;
};

static struct tls_context *context_new(
    bool is_server, const char *entity, const char *ca, const char *alpn, bool required)
{
    char certificate[CERTS_PATH_MAX], key[CERTS_PATH_MAX], ca_path[CERTS_PATH_MAX], file[64];
    char problem[200] = "";
    struct tls_context_config config = { .is_server = is_server, .alpn = alpn, .peer_certificate_required = required };
    if (entity != NULL) {
        snprintf(file, sizeof file, "%s.pem", entity);
        config.certificate_file = certs_path(&certs, file, certificate);
        snprintf(file, sizeof file, "%s.key", entity);
        config.key_file = certs_path(&certs, file, key);
    }
    if (ca != NULL)
        config.ca_file = certs_path(&certs, ca, ca_path);
    struct tls_context *context = NULL;
    if (tls_context_create(&config, &context, problem, sizeof problem) != MSGIN5G_OK)
        fail_msg("%s", problem);
    return context;
}

static void pair_open(struct pair *pair, const char *server_name)
{
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair->fds), 0);
    assert_int_equal(tls_stream_create(pair->server_context, pair->fds[0], NULL, &pair->server), MSGIN5G_OK);
    assert_int_equal(tls_stream_create(pair->client_context, pair->fds[1], server_name, &pair->client), MSGIN5G_OK);
}

static bool settled(int result)
{
    return result != TLS_WANT_READ && result != TLS_WANT_WRITE;
}

/* Both go on until each is done or has failed; a failing end is closed, as a program would. */
static void pair_shake(struct pair *pair)
{
    pair->server_result = pair->client_result = TLS_WANT_READ;
    for (int i = 0; i < ROUNDS && !(settled(pair->server_result) && settled(pair->client_result)); i++) {
        if (!settled(pair->client_result) && settled(pair->client_result = tls_stream_handshake(pair->client)) &&
            pair->client_result != 0)
            shutdown(pair->fds[1], SHUT_WR);
        if (!settled(pair->server_result) && settled(pair->server_result = tls_stream_handshake(pair->server)) &&
            pair->server_result != 0)
            shutdown(pair->fds[0], SHUT_WR);
    }
}

static void pair_close(struct pair *pair)
{
    tls_stream_free(pair->client);
    tls_stream_free(pair->server);
    tls_context_free(pair->client_context);
    tls_context_free(pair->server_context);
    close(pair->fds[0]);
    close(pair->fds[1]);
}

static void mutual(struct pair *pair, const char *server_name)
{
    memset(pair, 0, sizeof *pair);
    pair->server_context = context_new(true, "server", "ca.pem", "h2,http/1.1", true);
    pair->client_context = context_new(false, "client", "ca.pem", "http/1.1,h2", false);
    pair_open(pair, server_name);
    pair_shake(pair);
}

static void test_mutual_handshake_and_octets(void **state)
{
    struct pair pair;
    struct tls_peer_names names;
    char octets[64];
    (void)state;
    mutual(&pair, "localhost");
    assert_int_equal(pair.client_result, 0);
    assert_int_equal(pair.server_result, 0);
    assert_string_equal(tls_stream_alpn(pair.client), "h2"); /* the server's preference */
    assert_string_equal(tls_stream_alpn(pair.server), "h2");
    assert_int_equal(tls_stream_write(pair.client, "hello", 5), 5);
    assert_int_equal(tls_stream_read(pair.server, octets, sizeof octets), 5);
    assert_memory_equal(octets, "hello", 5);
    assert_int_equal(tls_stream_read(pair.server, octets, sizeof octets), TLS_WANT_READ);
    assert_int_equal(tls_stream_peer_names(pair.server, &names), MSGIN5G_OK);
    assert_int_equal(names.count, 3);
    assert_string_equal(names.names[0], "urn:uuid:1234");
    assert_string_equal(names.names[1], "af.example");
    assert_string_equal(names.names[2], "client");
    pair_close(&pair);
}

static void test_close_notify_reaches_the_peer(void **state)
{
    struct pair pair;
    char octets[8];
    (void)state;
    mutual(&pair, "localhost");
    assert_int_equal(tls_stream_read(pair.client, octets, sizeof octets), TLS_WANT_READ);
    tls_stream_free(pair.server);
    pair.server = NULL;
    assert_int_equal(tls_stream_read(pair.client, octets, sizeof octets), TLS_CLOSED);
    assert_string_equal(tls_stream_problem(pair.client), ""); /* an orderly end */
    pair_close(&pair);
}

static void test_truncation_is_told_from_an_orderly_end(void **state)
{
    struct pair pair;
    char octets[8];
    (void)state;
    mutual(&pair, "localhost");
    assert_int_equal(tls_stream_read(pair.client, octets, sizeof octets), TLS_WANT_READ);
    shutdown(pair.fds[0], SHUT_WR);
    assert_int_equal(tls_stream_read(pair.client, octets, sizeof octets), TLS_CLOSED);
    assert_string_not_equal(tls_stream_problem(pair.client), "");
    pair_close(&pair);
}

static void test_much_data_crosses_in_pieces(void **state)
{
    enum { TOTAL = 300000 };
    struct pair pair;
    static uint8_t sent[TOTAL], received[TOTAL + 1];
    size_t written = 0, read = 0;
    (void)state;
    for (size_t i = 0; i < TOTAL; i++)
        sent[i] = (uint8_t)(i * 7 + i / 251);
    mutual(&pair, "localhost");
    while (read < TOTAL) {
        int w = written < TOTAL ? tls_stream_write(pair.client, sent + written, TOTAL - written) : TLS_WANT_READ;
        assert_true(w > 0 || !settled(w));
        written += w > 0 ? (size_t)w : 0;
        int r = tls_stream_read(pair.server, received + read, sizeof received - read);
        assert_true(r > 0 || !settled(r));
        read += r > 0 ? (size_t)r : 0;
    }
    assert_memory_equal(sent, received, TOTAL);
    pair_close(&pair);
}

static void test_ip_address_is_checked(void **state)
{
    struct pair pair;
    (void)state;
    mutual(&pair, "127.0.0.1");
    assert_int_equal(pair.client_result, 0);
    pair_close(&pair);
    mutual(&pair, "127.0.0.2");
    assert_int_equal(pair.client_result, TLS_FAILED);
    assert_true(tls_stream_refused(pair.client));
    pair_close(&pair);
    mutual(&pair, "::1");
    assert_int_equal(pair.client_result, 0);
    pair_close(&pair);
}

static void test_other_name_is_refused(void **state)
{
    struct pair pair;
    (void)state;
    mutual(&pair, "other.example");
    assert_int_equal(pair.client_result, TLS_FAILED);
    assert_true(tls_stream_refused(pair.client));
    assert_non_null(strstr(tls_stream_problem(pair.client), "other.example"));
    pair_close(&pair);
}

/* The common name is "server", and no alternative name says so (RFC 9110 4.3.4). */
static void test_common_name_does_not_count(void **state)
{
    struct pair pair;
    (void)state;
    mutual(&pair, "server");
    assert_int_equal(pair.client_result, TLS_FAILED);
    pair_close(&pair);
}

static void refused(
    const char *server, const char *server_ca, const char *client, const char *client_ca, bool by_client)
{
    struct pair pair;
    char octets[8];
    memset(&pair, 0, sizeof pair);
    pair.server_context = context_new(true, server, server_ca, NULL, true);
    pair.client_context = context_new(false, client, client_ca, NULL, false);
    pair_open(&pair, "localhost");
    pair_shake(&pair);
    if (by_client) {
        assert_int_equal(pair.client_result, TLS_FAILED);
        assert_true(tls_stream_refused(pair.client));
        assert_int_not_equal(pair.server_result, 0);
    } else {
        assert_int_equal(pair.server_result, TLS_FAILED);
        assert_true(tls_stream_refused(pair.server));
        /* In TLS 1.3 the client is done before the server has judged: it hears of it when it reads. */
        if (pair.client_result == 0)
            pair.client_result = tls_stream_read(pair.client, octets, sizeof octets);
        assert_int_equal(pair.client_result, TLS_FAILED);
        assert_true(tls_stream_refused(pair.client));
        assert_non_null(strstr(tls_stream_problem(pair.client), "alert"));
    }
    pair_close(&pair);
}

static void test_untrusted_certificates_are_refused(void **state)
{
    (void)state;
    refused("server", "ca.pem", "client", "other-ca.pem", true);
    refused("server", "other-ca.pem", "client", "ca.pem", false);
}

static void test_client_without_certificate_is_refused(void **state)
{
    (void)state;
    refused("server", "ca.pem", NULL, "ca.pem", false);
}

static void test_client_without_ca_refuses_all(void **state)
{
    (void)state;
    refused("server", "ca.pem", "client", NULL, true);
}

static void test_expired_certificate_is_refused(void **state)
{
    (void)state;
    refused("expired", "ca.pem", "client", "ca.pem", true);
    refused("server", "ca.pem", "expired", "ca.pem", false);
}

static void test_rsa_certificate_works(void **state)
{
    struct pair pair;
    (void)state;
    memset(&pair, 0, sizeof pair);
    pair.server_context = context_new(true, "rsa", "ca.pem", NULL, true);
    pair.client_context = context_new(false, "client", "ca.pem", NULL, false);
    pair_open(&pair, "localhost");
    pair_shake(&pair);
    assert_int_equal(pair.client_result, 0);
    assert_int_equal(pair.server_result, 0);
    assert_string_equal(tls_stream_alpn(pair.client), "");
    pair_close(&pair);
}

static void test_no_common_alpn_fails(void **state)
{
    struct pair pair;
    (void)state;
    memset(&pair, 0, sizeof pair);
    pair.server_context = context_new(true, "server", "ca.pem", "h2", true);
    pair.client_context = context_new(false, "client", "ca.pem", "http/1.1", false);
    pair_open(&pair, "localhost");
    pair_shake(&pair);
    assert_int_equal(pair.server_result, TLS_FAILED);
    assert_int_equal(pair.client_result, TLS_FAILED);
    assert_false(tls_stream_refused(pair.client)); /* not a matter of certificates */
    pair_close(&pair);
}

static void test_server_without_ca_asks_for_no_certificate(void **state)
{
    struct pair pair;
    struct tls_peer_names names;
    (void)state;
    memset(&pair, 0, sizeof pair);
    pair.server_context = context_new(true, "server", NULL, NULL, false);
    pair.client_context = context_new(false, NULL, "ca.pem", NULL, false);
    pair_open(&pair, "localhost");
    pair_shake(&pair);
    assert_int_equal(pair.client_result, 0);
    assert_int_equal(pair.server_result, 0);
    assert_int_equal(tls_stream_peer_names(pair.server, &names), MSGIN5G_ERR_UNAUTHENTICATED);
    assert_int_equal(names.count, 0);
    pair_close(&pair);
}

static void config_problem(struct tls_context_config config, const char *expected)
{
    struct tls_context *context = NULL;
    char problem[200];
    assert_int_equal(tls_context_create(&config, &context, problem, sizeof problem), MSGIN5G_ERR_CONFIG);
    if (strstr(problem, expected) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", problem, expected);
    assert_null(context);
}

static void test_bad_files_are_named(void **state)
{
    char pem[CERTS_PATH_MAX], key[CERTS_PATH_MAX], other[CERTS_PATH_MAX];
    (void)state;
    certs_path(&certs, "server.pem", pem);
    certs_path(&certs, "server.key", key);
    certs_path(&certs, "client.key", other);
    config_problem(
        (struct tls_context_config){ .is_server = true, .certificate_file = "/no/such.pem", .key_file = key },
        "/no/such.pem");
    config_problem((struct tls_context_config){ .is_server = true, .certificate_file = key, .key_file = key },
        "no usable certificate");
    config_problem((struct tls_context_config){ .is_server = true, .certificate_file = pem, .key_file = pem },
        "no usable private key");
    config_problem((struct tls_context_config){ .is_server = true, .certificate_file = pem, .key_file = other },
        "does not belong");
    config_problem((struct tls_context_config){ .ca_file = key }, "no usable CA");
    config_problem((struct tls_context_config){ .is_server = true }, "do not go together");
}

static void test_names_are_bounded(void **state)
{
    struct tls_stream *stream = NULL;
    char name[TLS_PEER_NAME_MAX + 2];
    struct tls_context *context = context_new(false, NULL, "ca.pem", NULL, false);
    (void)state;
    memset(name, 'a', sizeof name);
    name[sizeof name - 1] = '\0';
    assert_int_equal(tls_stream_create(context, 0, name, &stream), MSGIN5G_ERR_INVALID);
    assert_int_equal(tls_stream_create(context, 0, "", &stream), MSGIN5G_ERR_INVALID);
    tls_context_free(context);
}

static size_t lines_with(const char *path, const char *label)
{
    char line[512];
    size_t count = 0;
    FILE *file = fopen(path, "re");
    assert_non_null(file);
    while (fgets(line, sizeof line, file) != NULL)
        count += strncmp(line, label, strlen(label)) == 0;
    fclose(file);
    return count;
}

static void test_key_log(void **state)
{
    struct pair pair;
    char path[CERTS_PATH_MAX], pem[CERTS_PATH_MAX], key[CERTS_PATH_MAX];
    struct tls_context_config config = { .is_server = true, .key_log = true };
    (void)state;
    config.certificate_file = certs_path(&certs, "server.pem", pem);
    config.key_file = certs_path(&certs, "server.key", key);
    config.key_log_file = certs_path(&certs, "keys.log", path);
    memset(&pair, 0, sizeof pair);
    assert_int_equal(tls_context_create(&config, &pair.server_context, NULL, 0), MSGIN5G_OK);
    pair.client_context = context_new(false, NULL, "ca.pem", NULL, false);
    pair_open(&pair, "localhost");
    pair_shake(&pair);
    assert_int_equal(pair.server_result, 0);
    assert_int_equal(lines_with(path, "CLIENT_HANDSHAKE_TRAFFIC_SECRET "), 1);
    assert_int_equal(lines_with(path, "SERVER_HANDSHAKE_TRAFFIC_SECRET "), 1);
    assert_int_equal(lines_with(path, "CLIENT_TRAFFIC_SECRET_0 "), 1);
    assert_int_equal(lines_with(path, "SERVER_TRAFFIC_SECRET_0 "), 1);
    pair_close(&pair);
}

static int set_up(void **state)
{
    (void)state;
    certs_make(&certs, "server:localhost,127.0.0.1,::1 client:urn:uuid:1234,af.example");
    certs_add(&certs, "--key rsa", "rsa:localhost");
    certs_add(&certs, "--days -1", "expired:localhost");
    struct certs other;
    char from[CERTS_PATH_MAX], to[CERTS_PATH_MAX];
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
        cmocka_unit_test(test_mutual_handshake_and_octets),
        cmocka_unit_test(test_close_notify_reaches_the_peer),
        cmocka_unit_test(test_truncation_is_told_from_an_orderly_end),
        cmocka_unit_test(test_much_data_crosses_in_pieces),
        cmocka_unit_test(test_ip_address_is_checked),
        cmocka_unit_test(test_other_name_is_refused),
        cmocka_unit_test(test_common_name_does_not_count),
        cmocka_unit_test(test_untrusted_certificates_are_refused),
        cmocka_unit_test(test_client_without_certificate_is_refused),
        cmocka_unit_test(test_client_without_ca_refuses_all),
        cmocka_unit_test(test_expired_certificate_is_refused),
        cmocka_unit_test(test_rsa_certificate_works),
        cmocka_unit_test(test_no_common_alpn_fails),
        cmocka_unit_test(test_server_without_ca_asks_for_no_certificate),
        cmocka_unit_test(test_bad_files_are_named),
        cmocka_unit_test(test_names_are_bounded),
        cmocka_unit_test(test_key_log),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
