#include "client_internal.h"

#include "base/secret.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <utlist.h>

#define READS_A_ROUND 16

static const char *authority(const struct link *link)
{
    return link->client->url.authority;
}

static enum msgin5g_err create_h2(struct link *link)
{
    const struct h2_config config = {
        .is_server = false,
        .streams = 0,
        .header_octets = RESPONSE_FIELDS_MAX,
        .events = &link_events,
        .ctx = link,
    };
    return h2_session_create(&config, &link->h2);
}

static void become_ready(struct link *link, bool over_h1)
{
    enum msgin5g_err err = over_h1 ? h1_response_create(&link_events, link, &link->h1) : create_h2(link);
    if (err != MSGIN5G_OK) {
        link_close(link, err);
        return;
    }
    link->client->over_h1 = over_h1;
    link->phase = LINK_READY;
    link->unread = true; /* the server may have spoken already, within TLS */
    client_link_ready(link->client);
}

/* What a TLS or socket result that is no success means for the calls. */
static enum msgin5g_err judge(struct link *link, int result)
{
    struct http_client *client = link->client;
    const struct tls_stream *tls = link->wire.tls;
    bool ready = link->phase == LINK_READY && link->heard;
    if (tls != NULL && tls_stream_refused(tls)) {
        client_problem(client, "TLS with %s: %s", authority(link), tls_stream_problem(tls));
        return MSGIN5G_ERR_AUTHENTICATION;
    }
    if (tls != NULL && result == TLS_FAILED) {
        client_problem(client, "TLS with %s: %s", authority(link), tls_stream_problem(tls));
        return ready ? MSGIN5G_ERR_CLOSED : MSGIN5G_ERR_AUTHENTICATION;
    }
    client_problem(client, "%s closed the connection%s", authority(link),
        link->phase == LINK_READY ? "" : " in the TLS handshake");
    return ready ? MSGIN5G_ERR_CLOSED : MSGIN5G_ERR_CONNECT;
}

static void shake(struct link *link)
{
    int result = tls_stream_handshake(link->wire.tls);
    link->blocked = result == TLS_WANT_WRITE;
    if (result == TLS_WANT_READ || result == TLS_WANT_WRITE) {
        loop_io_modify(link->io, EPOLLIN | (link->blocked ? EPOLLOUT : 0U));
        return;
    }
    if (result != 0) {
        link_close(link, judge(link, result));
        return;
    }
    bool over_h1 = strcmp(tls_stream_alpn(link->wire.tls), "h2") != 0;
    if (over_h1 && link->client->config.versions != HTTP_VERSION_ANY) {
        client_problem(link->client, "%s does not speak HTTP/2", authority(link));
        link_close(link, MSGIN5G_ERR_PEER);
        return;
    }
    become_ready(link, over_h1);
}

static void finish_connect(struct link *link)
{
    int error = 0;
    socklen_t length = sizeof error;
    struct http_client *client = link->client;
    if (getsockopt(link->wire.fd, SOL_SOCKET, SO_ERROR, &error, &length) != 0)
        error = errno;
    if (error != 0) {
        client_problem(client, "cannot connect to %s: %s", authority(link), strerror(error));
        link_close(link, MSGIN5G_ERR_CONNECT);
        return;
    }
    wire_no_delay(link->wire.fd);
    if (!client->url.secure) {
        become_ready(link, client->config.versions == HTTP_VERSION_ANY);
        return;
    }
    if (tls_stream_create(client->config.tls, link->wire.fd, client->url.host, &link->wire.tls) != MSGIN5G_OK) {
        link_close(link, MSGIN5G_ERR_NO_MEMORY);
        return;
    }
    link->phase = LINK_HANDSHAKE;
    shake(link);
}

static enum msgin5g_err receive(struct link *link, const uint8_t *octets, size_t length)
{
    if (link->h1 == NULL)
        return h2_session_receive(link->h2, octets, length);
    enum msgin5g_err err = h1_response_receive(link->h1, octets, length);
    link->draining = link->draining || !h1_response_keeps_alive(link->h1);
    return err;
}

static void read_all(struct link *link)
{
    struct http_client *client = link->client;
    for (int i = 0; link->phase == LINK_READY; i++) {
        if (i == READS_A_ROUND) {
            link->unread = true;
            client_wake(client);
            return;
        }
        int octets = wire_read(&link->wire, client->scratch, sizeof client->scratch);
        if (octets == TLS_WANT_READ || octets == TLS_WANT_WRITE)
            return;
        if (octets <= 0) {
            if (link->h1 != NULL)
                h1_response_eof(link->h1);
            link_close(link, judge(link, octets));
            return;
        }
        link->heard = true;
        enum msgin5g_err err = receive(link, client->scratch, (size_t)octets);
        secret_wipe(client->scratch, (size_t)octets); /* an answer may hold keys */
        if (err != MSGIN5G_OK) {
            client_problem(client, "%s broke HTTP%s", authority(link), link->h1 != NULL ? "/1.1" : "/2");
            link_close(link, err);
        }
    }
}

static void on_io(void *ctx, uint32_t events)
{
    struct link *link = ctx;
    (void)events;
    switch (link->phase) {
    case LINK_CONNECTING:
        finish_connect(link);
        break;
    case LINK_HANDSHAKE:
        shake(link);
        break;
    case LINK_READY:
        read_all(link);
        break;
    case LINK_DEAD:
        break;
    }
    client_wake(link->client);
}

/* @return false when there is nothing more to write now. */
static bool fill(struct link *link)
{
    if (link->h1 == NULL && h2_session_send(link->h2, &link->out, SCRATCH_OCTETS) != MSGIN5G_OK) {
        link_close(link, MSGIN5G_ERR_PEER);
        return false;
    }
    return link->out.length > 0;
}

void link_flush(struct link *link)
{
    if (link->phase != LINK_READY)
        return;
    if (link->unread) {
        link->unread = false;
        read_all(link);
    }
    link->blocked = false;
    while (link->phase == LINK_READY && !link->blocked && fill(link)) {
        int octets = wire_write(&link->wire, link->out.data, link->out.length);
        if (octets > 0)
            buffer_consume(&link->out, (size_t)octets);
        else if (octets == TLS_WANT_READ || octets == TLS_WANT_WRITE)
            link->blocked = true;
        else
            link_close(link, judge(link, octets));
    }
    if (link->phase != LINK_READY)
        return;
    bool said_all = link->h1 == NULL && h2_session_done(link->h2);
    if (said_all || link->given_up || (link->draining && link->open_count == 0 && link->out.length == 0)) {
        link_close(link, MSGIN5G_ERR_CLOSED);
        return;
    }
    loop_io_modify(link->io, EPOLLIN | (link->blocked ? EPOLLOUT : 0U));
}

size_t link_room(const struct link *link)
{
    if (link->phase != LINK_READY || link->draining)
        return 0;
    return link->h1 == NULL ? h2_session_room(link->h2, link->open_count) : link->open_count == 0;
}

enum msgin5g_err link_request(struct link *link, struct call *call, const struct http_header *fields, size_t count)
{
    if (link->h1 == NULL) {
        call->sending = (struct h2_body){ call->body.data, call->body.length };
        call->stream_id =
            h2_session_request(link->h2, fields, count, call->body.length > 0 ? &call->sending : NULL, call);
        return call->stream_id >= 0 ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
    }
    size_t before = link->out.length;
    enum msgin5g_err err = h1_write_request(&link->out, fields, count, call->body.data, call->body.length);
    if (err == MSGIN5G_OK)
        h1_response_expect(link->h1, call, strcmp(fields[0].value, "HEAD") == 0);
    else
        link->out.length = before;
    return err;
}

/* HTTP/1.1 has no way to take a request back but to close; that happens at the end of the round. */
void link_give_up(struct link *link, struct call *call)
{
    if (link->h1 == NULL)
        h2_session_reset(link->h2, call->stream_id, H2_CANCEL);
    else
        link->draining = link->given_up = true;
}

static bool start(struct link *link, const struct sockaddr_storage *address)
{
    link->wire.fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (link->wire.fd < 0)
        return false;
    if (connect(link->wire.fd, (const struct sockaddr *)address, address_length(address)) != 0 && errno != EINPROGRESS)
        return false;
    return loop_io_add(link->client->loop, link->wire.fd, EPOLLOUT, on_io, link, &link->io) == MSGIN5G_OK;
}

void link_open(struct http_client *client)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL) {
        client_link_lost(client, NULL, MSGIN5G_ERR_NO_MEMORY);
        return;
    }
    link->client = client;
    link->wire.fd = -1;
    buffer_init(&link->out, SIZE_MAX);
    DL_APPEND(client->links, link);
    client->link_count++;
    client->current = link;
    if (!start(link, &client->addresses[client->address_at])) {
        client_problem(client, "cannot connect to %s: %s", client->url.authority, strerror(errno));
        link_close(link, MSGIN5G_ERR_CONNECT);
    }
}

void link_close(struct link *link, enum msgin5g_err result)
{
    struct http_client *client = link->client;
    if (link->phase == LINK_DEAD)
        return;
    bool was_current = client->current == link;
    link->phase = LINK_DEAD;
    while (link->open != NULL) {
        struct call *call = link->open;
        call_leave(call);
        call_finish(call, result);
        if (call->reported)
            call_recycle(call);
    }
    loop_io_remove(link->io);
    wire_close(&link->wire);
    DL_DELETE(client->links, link);
    client->link_count--;
    link->next = client->dead;
    client->dead = link;
    if (was_current)
        client->current = NULL;
    if (was_current || link->h1 != NULL)
        client_link_lost(client, link, result);
    client_wake(client);
}

void link_free(struct link *link)
{
    h2_session_free(link->h2);
    h1_response_free(link->h1);
    buffer_wipe_free(&link->out);
    free(link);
}
