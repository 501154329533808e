/* NSS key log for labs (decision D8). The file is opened for each line: no state, and several processes may share it.
 */
#include "tls_internal.h"

#include "base/secret.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define RANDOM_OCTETS      32
#define SECRET_OCTETS      48 /* TLS 1.2 master secret; also the longest TLS 1.3 secret (SHA-384) */
#define CHANGE_CIPHER_SPEC 20
#define LINE_MAX_OCTETS    256

static void write_line(
    const char *path, const char *label, const uint8_t *client_random, const uint8_t *secret, size_t length)
{
    char random_hex[2 * RANDOM_OCTETS + 1];
    char secret_hex[2 * SECRET_OCTETS + 1];
    char line[LINE_MAX_OCTETS];
    if (length > SECRET_OCTETS)
        return;
    secret_to_hex(client_random, RANDOM_OCTETS, random_hex);
    secret_to_hex(secret, length, secret_hex);
    int octets = snprintf(line, sizeof line, "%s %s %s\n", label, random_hex, secret_hex);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
    if (fd >= 0) {
        ssize_t written = write(fd, line, (size_t)octets);
        (void)written; /* nobody depends on a lab's key log */
        close(fd);
    }
    secret_wipe(line, sizeof line);
    secret_wipe(secret_hex, sizeof secret_hex);
}

/* wolfSSL's Tls13SecretCb. */
static int on_tls13_secret(WOLFSSL *ssl, int id, const unsigned char *secret, int length, void *ctx)
{
    static const char *const labels[] = {
        [CLIENT_HANDSHAKE_TRAFFIC_SECRET] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
        [SERVER_HANDSHAKE_TRAFFIC_SECRET] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
        [CLIENT_TRAFFIC_SECRET] = "CLIENT_TRAFFIC_SECRET_0",
        [SERVER_TRAFFIC_SECRET] = "SERVER_TRAFFIC_SECRET_0",
        [EXPORTER_SECRET] = "EXPORTER_SECRET",
    };
    unsigned char client_random[RANDOM_OCTETS];
    if (id < 0 || (size_t)id >= sizeof labels / sizeof labels[0] || labels[id] == NULL || length <= 0)
        return 0;
    if (wolfSSL_get_client_random(ssl, client_random, sizeof client_random) == sizeof client_random)
        write_line(ctx, labels[id], client_random, secret, (size_t)length);
    return 0;
}

/*
 * TLS 1.2: wolfSSL hands the master secret to no callback on the server's side. When the first ChangeCipherSpec passes
 * it has been derived and is still at hand; afterwards wolfSSL calls this no more, since messages are encrypted.
 */
static void on_message(int written, int version, int type, const void *octets, size_t length, WOLFSSL *ssl, void *ctx)
{
    unsigned char *secret, *server_random, *client_random;
    unsigned int secret_length, server_random_length, client_random_length;
    int tls = wolfSSL_GetVersion(ssl);
    (void)written, (void)version, (void)octets, (void)length;
    if (type != CHANGE_CIPHER_SPEC || tls == WOLFSSL_TLSV1_3 || tls == WOLFSSL_DTLSV1_3)
        return;
    if (wolfSSL_get_keys(ssl, &secret, &secret_length, &server_random, &server_random_length, &client_random,
            &client_random_length) == WOLFSSL_SUCCESS)
        write_line(ctx, "CLIENT_RANDOM", client_random, secret, secret_length);
}

void key_log_attach(WOLFSSL *ssl, const char *path)
{
    void *ctx = (void *)path; /* wolfSSL keeps no const pointer; both callbacks only read it */
    (void)wolfSSL_set_tls13_secret_cb(ssl, on_tls13_secret, ctx);
    (void)wolfSSL_set_msg_callback(ssl, on_message);
    (void)wolfSSL_set_msg_callback_arg(ssl, ctx);
}
