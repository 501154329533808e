#include "connection.h"

#include "server_internal.h"

#include "base/log.h"
#include "base/secret.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utlist.h>

#define READS_A_ROUND 16
#define IN_OCTETS_MAX ((size_t)2 * SCRATCH_OCTETS)
#define REQUESTS_A_STREAM                                                                                              \
    2 /* requests in hand for every stream allowed: resetting a stream does not stop its handler */

static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"; /* RFC 9113 3.4 */
#define PREFACE_OCTETS (sizeof preface - 1)

static int64_t now_ms(const struct http_connection *connection)
{
    return loop_now_ms(connection->server->loop);
}

/* ---- deadlines ------------------------------------------------------------------------------------------- */

/* When something must have happened; -1: we wait for a handler, and that is not the peer's fault. */
static int64_t due_ms(const struct http_connection *connection)
{
    const struct http_limits *limits = &connection->server->config.limits;
    const struct http_request *first = connection->answering;
    if (connection->phase < CONNECTION_H1)
        return connection->active_ms + limits->request_ms;
    if (connection->out.length > 0)
        return connection->progress_ms + limits->request_ms;
    if (connection->receiving != NULL)
        return connection->receiving->since_ms + limits->request_ms;
    if (first != NULL) /* an answer that the peer's window does not let out */
        return first->answered ? first->since_ms + limits->idle_ms : -1;
    return connection->active_ms + limits->idle_ms;
}

/* The timer may run early, which costs one look; it must not run late. */
static void arm(struct http_connection *connection)
{
    int64_t due = due_ms(connection);
    if (connection->phase == CONNECTION_DEAD || due < 0)
        return;
    if (connection->timer.heap_index != 0 && connection->timer.due_ms <= due)
        return;
    int64_t delay = due - now_ms(connection);
    if (loop_timer_set(connection->server->loop, &connection->timer, delay > 0 ? delay : 0) != MSGIN5G_OK)
        connection_close(connection);
}

static void on_late_request(struct http_connection *connection, struct http_request *late)
{
    if (connection->phase == CONNECTION_H2) {
        h2_session_reset(connection->h2, late->stream_id, H2_CANCEL);
        late->since_ms = now_ms(connection);
        connection_mark_dirty(connection);
        return;
    }
    request_refuse(late, 408);
    connection->closing = true;
    connection_complete(connection, late);
}

static void on_timer(void *ctx)
{
    struct http_connection *connection = ctx;
    int64_t due = due_ms(connection);
    if (due < 0 || due > now_ms(connection)) {
        arm(connection);
        return;
    }
    bool settled = connection->phase >= CONNECTION_H1 && connection->out.length == 0;
    if (settled && connection->receiving != NULL) {
        on_late_request(connection, connection->receiving);
    } else if (settled && connection->phase == CONNECTION_H2 && connection->requests == 0 && !connection->closing) {
        connection_drain(connection);
        connection->closing = true; /* after the GOAWAY */
    } else {
        connection_close(connection);
    }
    arm(connection);
}

/* ---- requests -------------------------------------------------------------------------------------------- */

struct http_request *connection_begin_request(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    if (connection->requests >= (size_t)server->config.limits.streams * REQUESTS_A_STREAM)
        return NULL;
    struct http_request *request = server_take_request(server);
    if (request == NULL)
        return NULL;
    request_reset(request, server->config.limits.header_octets, server->config.limits.body_octets);
    request->connection = connection;
    request->peer = peer_take(connection->peer);
    request->since_ms = now_ms(connection);
    DL_APPEND(connection->receiving, request);
    connection->requests++;
    connection->total++;
    return request;
}

static void no_route(struct http_request *request, const struct http_route *routes)
{
    if (request->match == HTTP_MATCH_NONE) {
        http_respond_problem(request, 404, NULL, NULL);
        return;
    }
    /* Allow: the methods of all rows with this path (RFC 9110 15.5.6). */
    char allow[128] = "";
    size_t length = 0;
    for (; routes->method != NULL; routes++) {
        if (route_path_matches(request, routes) && length + strlen(routes->method) + 3 <= sizeof allow)
            length +=
                (size_t)snprintf(allow + length, sizeof allow - length, "%s%s", length > 0 ? ", " : "", routes->method);
    }
    const struct http_header header = { "allow", allow };
    http_respond_problem_with(request, 405, NULL, NULL, &header, 1);
}

/* Whoever asks too often is told so, whatever it asks for (TS 29.500 6.4.2; decision D6). */
static bool may_ask(struct http_connection *connection)
{
    struct quota *quota = connection->server->quota;
    if (quota == NULL)
        return true;
    if (connection->quota == NULL)
        connection->quota = quota_enter(quota, connection->peer);
    return connection->quota != NULL && quota_take(quota, connection->quota, now_ms(connection));
}

static void too_many(struct http_request *request, const char *cause)
{
    const struct http_header header = { "retry-after", "1" };
    http_respond_problem_with(request, 429, cause, NULL, &header, 1);
}

void connection_dispatch(struct http_connection *connection, struct http_request *request)
{
    const struct http_server_config *config = &connection->server->config;
    request->dispatched = true;
    if (!may_ask(connection)) {
        too_many(request, config->busy_cause);
        return;
    }
    if (request->refused == 0)
        route_find(request, config->routes);
    if (request->refused != 0)
        http_respond_problem(request, request->refused, NULL, NULL);
    else if (request->route != NULL)
        request->route->handle(config->ctx, request);
    else if (config->fallback != NULL)
        config->fallback(config->ctx, request);
    else
        no_route(request, config->routes);
}

void connection_complete(struct http_connection *connection, struct http_request *request)
{
    DL_DELETE(connection->receiving, request);
    DL_APPEND(connection->answering, request);
    request->complete = true;
    connection->active_ms = request->since_ms = now_ms(connection);
    if (!request->dispatched)
        connection_dispatch(connection, request);
}

void connection_end_request(struct http_connection *connection, struct http_request *request)
{
    if (request->complete)
        DL_DELETE(connection->answering, request);
    else
        DL_DELETE(connection->receiving, request);
    connection->requests--;
    connection->active_ms = now_ms(connection);
    if (request->dispatched && !request->answered)
        request->connection = NULL;
    else
        server_give_request(connection->server, request);
}

void connection_respond(
    struct http_connection *connection, struct http_request *request, const struct http_answer *answer)
{
    server_count_answer(connection->server, answer->status);
    request->answered = true;
    if (request->complete)
        request->since_ms = now_ms(connection);
    if (connection->phase == CONNECTION_H2)
        connection_h2_respond(connection, request, answer);
    else
        connection_h1_respond(connection, request, answer);
    connection_mark_dirty(connection);
}

void connection_abort(struct http_connection *connection, struct http_request *request, enum http_abort how)
{
    bool h2 = connection->phase == CONNECTION_H2;
    request->answered = request->aborted = true;
    if (h2 && how == HTTP_ABORT_STREAM) {
        h2_session_reset(connection->h2, request->stream_id, H2_INTERNAL_ERROR);
    } else {
        if (h2 && how == HTTP_ABORT_GOAWAY)
            h2_session_goaway(connection->h2, H2_INTERNAL_ERROR);
        connection->resetting = how == HTTP_ABORT_CONNECTION;
        connection->closing = true;
    }
    connection_mark_dirty(connection);
}

/* ---- octets in ------------------------------------------------------------------------------------------- */

static void enter_h2(struct http_connection *connection)
{
    connection->phase = CONNECTION_H2;
    if (connection_h2_open(connection) != MSGIN5G_OK)
        connection_close(connection);
    else if (connection->draining)
        connection_drain(connection);
}

/* In clear the first octets say which format it is: the preface of HTTP/2 by prior knowledge, or a request. */
static void detect(struct http_connection *connection, const uint8_t *octets, size_t length)
{
    struct buffer *in = &connection->in;
    if (buffer_append(in, octets, length) != MSGIN5G_OK) {
        connection_close(connection);
        return;
    }
    size_t compared = in->length < PREFACE_OCTETS ? in->length : PREFACE_OCTETS;
    if (memcmp(in->data, preface, compared) != 0) {
        if (connection->server->config.http2_only) {
            connection_close(connection);
            return;
        }
        connection->phase = CONNECTION_H1;
    } else if (compared == PREFACE_OCTETS) {
        enter_h2(connection);
    } else {
        return;
    }
    struct buffer first = *in;
    buffer_init(in, IN_OCTETS_MAX);
    if (connection->phase == CONNECTION_H2)
        connection_h2_input(connection, first.data, first.length);
    else if (connection->phase == CONNECTION_H1)
        connection_h1_input(connection, (const char *)first.data, first.length);
    buffer_wipe_free(&first);
}

static void input(struct http_connection *connection, const uint8_t *octets, size_t length)
{
    switch (connection->phase) {
    case CONNECTION_DETECT:
        detect(connection, octets, length);
        break;
    case CONNECTION_H1:
        connection_h1_input(connection, (const char *)octets, length);
        break;
    case CONNECTION_H2:
        connection_h2_input(connection, octets, length);
        break;
    default:
        break;
    }
}

/* A peer that does not read what we say is not listened to either, or answers and resets would pile up here. */
static bool is_clogged(const struct http_connection *connection)
{
    return connection->blocked && connection->out.length >= SCRATCH_OCTETS;
}

static bool may_read(const struct http_connection *connection)
{
    return connection->phase != CONNECTION_DEAD && !connection->closing && !is_clogged(connection) &&
           !(connection->phase == CONNECTION_H1 && connection_h1_is_waiting(connection));
}

static void read_all(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    connection->unread = false;
    for (int i = 0; may_read(connection); i++) {
        if (i == READS_A_ROUND) { /* others' turn; what waits inside TLS is out of epoll's sight */
            connection->unread = true;
            break;
        }
        int octets = wire_read(&connection->wire, server->scratch, sizeof server->scratch);
        if (octets == TLS_WANT_READ || octets == TLS_WANT_WRITE)
            break;
        if (octets <= 0) {
            connection_close(connection);
            break;
        }
        input(connection, server->scratch, (size_t)octets);
        secret_wipe(server->scratch, (size_t)octets); /* a body may hold a key */
    }
    if (is_clogged(connection))
        connection->unread = true;
}

static void shake(struct http_connection *connection)
{
    struct tls_stream *tls = connection->wire.tls;
    int result = tls_stream_handshake(tls);
    connection->blocked = result == TLS_WANT_WRITE;
    if (result == TLS_WANT_READ || result == TLS_WANT_WRITE)
        return;
    if (result != 0) {
        metric_add(connection->server->tls_failures, 1);
        log_debug("TLS handshake failed remote=%s problem=\"%s\"", connection->peer->remote, tls_stream_problem(tls));
        connection_close(connection);
        return;
    }
    peer_set_names(connection->peer, tls);
    connection->active_ms = now_ms(connection);
    if (strcmp(tls_stream_alpn(tls), "h2") == 0)
        enter_h2(connection);
    else if (connection->server->config.http2_only)
        connection_close(connection);
    else
        connection->phase = CONNECTION_H1;
}

/* ---- octets out ------------------------------------------------------------------------------------------ */

static void write_all(struct http_connection *connection)
{
    struct buffer *out = &connection->out;
    connection->blocked = false;
    while (connection->phase != CONNECTION_DEAD) {
        if (connection->phase == CONNECTION_H2 && !connection_h2_output(connection)) {
            connection_close(connection);
            return;
        }
        if (out->length == 0)
            return;
        int octets = wire_write(&connection->wire, out->data, out->length);
        if (octets == TLS_WANT_READ || octets == TLS_WANT_WRITE) {
            connection->blocked = octets == TLS_WANT_WRITE;
            return;
        }
        if (octets <= 0) {
            connection_close(connection);
            return;
        }
        buffer_consume(out, (size_t)octets);
        connection->progress_ms = now_ms(connection);
    }
}

static void watch(struct http_connection *connection)
{
    uint32_t events = connection->blocked ? EPOLLOUT : 0;
    if (may_read(connection) || connection->phase == CONNECTION_HANDSHAKE)
        events |= EPOLLIN;
    loop_io_modify(connection->io, events);
}

static bool is_finished(const struct http_connection *connection)
{
    if (connection->out.length > 0)
        return false;
    if (connection->closing)
        return true;
    return connection->phase == CONNECTION_H2 && h2_session_done(connection->h2);
}

/* HTTP/1.1: what had to wait until the request before it was answered. */
static void go_on_reading(struct http_connection *connection)
{
    bool waited = connection->phase == CONNECTION_H1 && connection->paused;
    if (!may_read(connection) || !(waited || connection->unread))
        return;
    connection->paused = false;
    if (connection->in.length > 0) {
        struct buffer rest = connection->in;
        buffer_init(&connection->in, IN_OCTETS_MAX);
        connection_h1_input(connection, (const char *)rest.data, rest.length);
        buffer_wipe_free(&rest);
    }
    read_all(connection);
}

/* Dissolving the association resets it at once, before TLS can say good-bye: the peer sees ECONNRESET (connect(2)). */
static void reset(struct http_connection *connection)
{
    const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
    (void)connect(connection->wire.fd, &nobody, sizeof nobody);
    connection_close(connection);
}

void connection_flush(struct http_connection *connection)
{
    if (connection->resetting && connection->phase != CONNECTION_DEAD) {
        reset(connection);
        return;
    }
    if (connection->out.length == 0)
        connection->progress_ms = now_ms(connection);
    if (connection->phase >= CONNECTION_H1)
        write_all(connection);
    if (connection->phase == CONNECTION_DEAD)
        return;
    if (is_finished(connection)) {
        connection_close(connection);
        return;
    }
    go_on_reading(connection);
    if (connection->phase == CONNECTION_DEAD)
        return;
    if (connection->unread && may_read(connection))
        connection_mark_dirty(connection);
    watch(connection);
    arm(connection);
}

void connection_mark_dirty(struct http_connection *connection)
{
    if (connection->dirty || connection->phase == CONNECTION_DEAD)
        return;
    connection->dirty = true;
    server_mark_dirty(connection->server, connection);
}

static void on_io(void *ctx, uint32_t events)
{
    struct http_connection *connection = ctx;
    (void)events; /* errors and hang-ups show when reading or writing */
    if (connection->phase == CONNECTION_HANDSHAKE)
        shake(connection);
    if (connection->phase != CONNECTION_HANDSHAKE) {
        read_all(connection);
        if ((events & (EPOLLERR | EPOLLHUP)) != 0 && !may_read(connection))
            connection_close(connection); /* nobody is left to answer to */
    }
    connection_mark_dirty(connection);
}

/* ---- life ------------------------------------------------------------------------------------------------ */

static bool set_up(struct http_connection *connection, const struct sockaddr_storage *address)
{
    struct http_server *server = connection->server;
    if ((connection->peer = peer_new(address)) == NULL)
        return false;
    if (server->config.tls != NULL &&
        tls_stream_create(server->config.tls, connection->wire.fd, NULL, &connection->wire.tls) != MSGIN5G_OK)
        return false;
    connection->phase = server->config.tls != NULL ? CONNECTION_HANDSHAKE : CONNECTION_DETECT;
    if (loop_io_add(server->loop, connection->wire.fd, EPOLLIN, on_io, connection, &connection->io) != MSGIN5G_OK)
        return false;
    loop_timer_init(&connection->timer, on_timer, connection);
    return loop_timer_set(server->loop, &connection->timer, server->config.limits.request_ms) == MSGIN5G_OK;
}

void connection_open(struct http_server *server, int fd, const struct sockaddr_storage *address)
{
    struct http_connection *connection = calloc(1, sizeof *connection);
    if (connection == NULL) {
        struct wire wire = { .fd = fd };
        wire_close(&wire);
        return;
    }
    wire_no_delay(fd);
    connection->server = server;
    connection->wire.fd = fd;
    connection->active_ms = connection->progress_ms = now_ms(connection);
    buffer_init(&connection->in, IN_OCTETS_MAX);
    buffer_init(&connection->out, SIZE_MAX);
    h1_parser_init(&connection->h1, server->config.limits.header_octets);
    DL_APPEND(server->connections, connection);
    server->connection_count++;
    metric_set(server->connections_open, (int64_t)server->connection_count);
    if (!set_up(connection, address))
        connection_close(connection);
}

void connection_close(struct http_connection *connection)
{
    struct http_server *server = connection->server;
    if (connection->phase == CONNECTION_DEAD)
        return;
    connection->phase = CONNECTION_DEAD;
    while (connection->receiving != NULL)
        connection_end_request(connection, connection->receiving);
    while (connection->answering != NULL)
        connection_end_request(connection, connection->answering);
    loop_timer_cancel(server->loop, &connection->timer);
    loop_io_remove(connection->io);
    wire_close(&connection->wire);
    quota_leave(server->quota, connection->quota);
    DL_DELETE(server->connections, connection);
    server->connection_count--;
    metric_set(server->connections_open, (int64_t)server->connection_count);
    server_bury(server, connection);
}

void connection_free(struct http_connection *connection)
{
    h2_session_free(connection->h2);
    h1_parser_free(&connection->h1);
    buffer_wipe_free(&connection->in);
    buffer_wipe_free(&connection->out);
    peer_drop(connection->peer);
    free(connection);
}

void connection_drain(struct http_connection *connection)
{
    connection->draining = true;
    if (connection->phase == CONNECTION_H2)
        h2_session_goaway(connection->h2, H2_NO_ERROR);
    else if (connection->phase == CONNECTION_H1 && connection->requests == 0)
        connection->closing = true;
    else if (connection->phase < CONNECTION_H1)
        connection->closing = connection->in.length == 0;
    connection_mark_dirty(connection);
}
