#include "server_internal.h"

#include "address.h"

#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utlist.h>

#define BACKLOG         1024
#define ACCEPTS_A_ROUND 64
#define SPARE_MAX       256
#define PAUSE_MS        100

/* ---- requests that wait for their next use
 * ------------------------------------------------------------ */

struct http_request *server_take_request(struct http_server *server)
{
    struct http_request *request = server->spare;
    if (request == NULL)
        return request_new();
    LL_DELETE(server->spare, request);
    server->spare_count--;
    return request;
}

void server_give_request(struct http_server *server, struct http_request *request)
{
    if (server->spare_count == SPARE_MAX) {
        request_free(request);
        return;
    }
    request_reset(request, 0, 0);
    LL_PREPEND(server->spare, request);
    server->spare_count++;
}

/* ---- metrics --------------------------------------------------------------------------------------------- */

void server_count_answer(struct http_server *server, int status)
{
    if (server->config.metrics == NULL)
        return;
    for (size_t i = 0; i < STATUS_COUNTERS; i++) {
        struct status_counter *counter = &server->counters[i];
        if (counter->status == status) {
            metric_add(counter->metric, 1);
            return;
        }
        if (counter->status != 0)
            continue;
        counter->status = status;
        (void)snprintf(counter->labels, sizeof counter->labels, "%s,status=\"%d\"", server->labels, status);
        counter->metric = metrics_counter(server->config.metrics, "msgin5g_http_requests_total",
            "HTTP requests answered by a server of this process.", counter->labels);
        metric_add(counter->metric, 1);
        return;
    }
}

static void set_up_metrics(struct http_server *server)
{
    struct metrics *metrics = server->config.metrics;
    if (metrics == NULL)
        return;
    (void)snprintf(server->labels, sizeof server->labels, "server=\"%.32s\"", server->config.metrics_label);
    server->connections_open =
        metrics_gauge(metrics, "msgin5g_http_connections", "HTTP connections open.", server->labels);
    server->connections_refused = metrics_counter(metrics, "msgin5g_http_connections_refused_total",
        "HTTP connections closed at once: too many.", server->labels);
    server->tls_failures = metrics_counter(
        metrics, "msgin5g_http_tls_failures_total", "TLS handshakes of HTTP connections that failed.", server->labels);
}

/* ---- writing once a round -------------------------------------------------------------------------------- */

/* The end of this round writes; when no round is running, the timer makes one. */
void server_mark_dirty(struct http_server *server, struct http_connection *connection)
{
    LL_PREPEND2(server->dirty, connection, next_dirty);
    if (server->flush.heap_index == 0)
        (void)loop_timer_set(server->loop, &server->flush, 0);
}

void server_bury(struct http_server *server, struct http_connection *connection)
{
    connection->next = server->dead;
    server->dead = connection;
    if (server->flush.heap_index == 0)
        (void)loop_timer_set(server->loop, &server->flush, 0);
}

/* Those that are in the list of dirty ones too go the next time: on_round_end() takes them out first. */
static void free_dead(struct http_server *server)
{
    struct http_connection *kept = NULL;
    while (server->dead != NULL) {
        struct http_connection *connection = server->dead;
        server->dead = connection->next;
        if (connection->dirty) {
            connection->next = kept;
            kept = connection;
        } else {
            connection_free(connection);
        }
    }
    server->dead = kept;
}

static void on_round_end(void *ctx)
{
    struct http_server *server = ctx;
    struct http_connection *connection = server->dirty;
    if (connection == NULL && server->dead == NULL)
        return;
    loop_timer_cancel(server->loop, &server->flush);
    server->dirty = NULL;
    while (connection != NULL) {
        struct http_connection *next = connection->next_dirty;
        connection->dirty = false;
        if (connection->phase != CONNECTION_DEAD)
            connection_flush(connection);
        connection = next;
    }
    free_dead(server);
}

/* ---- listening ------------------------------------------------------------------------------------------- */

static void on_listen(void *ctx, uint32_t events)
{
    struct http_server *server = ctx;
    (void)events;
    for (int i = 0; i < ACCEPTS_A_ROUND && server->fd >= 0; i++) {
        struct sockaddr_storage address = { 0 };
        socklen_t length = sizeof address;
        int fd = accept4(server->fd, (struct sockaddr *)&address, &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd < 0) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                loop_io_modify(server->io, 0);
                (void)loop_timer_set(server->loop, &server->pause, PAUSE_MS);
            }
            return;
        }
        if (server->connection_count >= server->config.limits.connections) {
            metric_add(server->connections_refused, 1);
            close(fd);
            continue;
        }
        connection_open(server, fd, &address);
    }
}

static void on_pause_end(void *ctx)
{
    struct http_server *server = ctx;
    loop_io_modify(server->io, EPOLLIN);
}

static void stop_listening(struct http_server *server)
{
    loop_timer_cancel(server->loop, &server->pause);
    loop_io_remove(server->io);
    server->io = NULL;
    if (server->fd >= 0)
        close(server->fd);
    server->fd = -1;
}

static enum msgin5g_err start_listening(struct http_server *server)
{
    struct sockaddr_storage address;
    socklen_t length = address_resolve(server->config.host, server->config.port, &address, 1);
    int on = 1;
    if (length == 0)
        return MSGIN5G_ERR_INVALID;
    server->fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (server->fd < 0 || setsockopt(server->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        bind(server->fd, (struct sockaddr *)&address, length) != 0 || listen(server->fd, BACKLOG) != 0 ||
        getsockname(server->fd, (struct sockaddr *)&address, &length) != 0)
        return MSGIN5G_ERR_IO;
    server->port = address_port(&address);
    return loop_io_add(server->loop, server->fd, EPOLLIN, on_listen, server, &server->io);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static void fill_in_limits(struct http_limits *limits)
{
    if (limits->body_octets == 0)
        limits->body_octets = 65536;
    if (limits->header_octets == 0)
        limits->header_octets = 16384;
    if (limits->streams == 0)
        limits->streams = 100;
    if (limits->connections == 0)
        limits->connections = 1024;
    if (limits->burst == 0)
        limits->burst = limits->per_second;
    if (limits->idle_ms == 0)
        limits->idle_ms = 60000;
    if (limits->request_ms == 0)
        limits->request_ms = 10000;
}

enum msgin5g_err http_server_create(
    struct loop *loop, const struct http_server_config *config, struct http_server **out)
{
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    server->loop = loop;
    server->config = *config;
    server->fd = -1;
    fill_in_limits(&server->config.limits);
    loop_timer_init(&server->pause, on_pause_end, server);
    loop_timer_init(&server->flush, on_round_end, server);
    set_up_metrics(server);
    enum msgin5g_err err = loop_on_round_end(loop, on_round_end, server);
    const struct http_limits *limits = &server->config.limits;
    if (err == MSGIN5G_OK && limits->per_second > 0)
        err = quota_create(limits->per_second, limits->burst, limits->connections, &server->quota);
    if (err == MSGIN5G_OK)
        err = start_listening(server);
    if (err != MSGIN5G_OK) {
        http_server_free(server);
        return err;
    }
    *out = server;
    return MSGIN5G_OK;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_connections(const struct http_server *server)
{
    return server->connection_count;
}

void http_server_drain(struct http_server *server)
{
    struct http_connection *connection, *next;
    stop_listening(server);
    DL_FOREACH_SAFE (server->connections, connection, next)
        connection_drain(connection);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    stop_listening(server);
    while (server->connections != NULL)
        connection_close(server->connections);
    for (struct http_connection *dirty = server->dirty; dirty != NULL; dirty = dirty->next_dirty)
        dirty->dirty = false;
    free_dead(server);
    loop_timer_cancel(server->loop, &server->flush);
    loop_off_round_end(server->loop, on_round_end, server);
    while (server->spare != NULL) {
        struct http_request *request = server->spare;
        LL_DELETE(server->spare, request);
        request_free(request);
    }
    quota_free(server->quota);
    free(server);
}
