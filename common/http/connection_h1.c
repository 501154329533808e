/* HTTP/1.1 on a connection of the server: one request at a time, answered in order. */
#include "server_internal.h"

#include <stdlib.h>

/* The request that is being received or answered; NULL between requests. */
static struct http_request *in_hand(const struct http_connection *connection)
{
    return connection->receiving != NULL ? connection->receiving : connection->answering;
}

bool connection_h1_is_waiting(const struct http_connection *connection)
{
    return connection->answering != NULL || connection->out.length > 0;
}

static void say_continue(struct http_connection *connection)
{
    connection->h1.expects_continue = false;
    if (buffer_append_text(&connection->out, "HTTP/1.1 100 Continue\r\n\r\n") != MSGIN5G_OK)
        connection_close(connection);
}

void connection_h1_input(struct http_connection *connection, const char *octets, size_t length)
{
    size_t taken = 0;
    struct http_request *request = in_hand(connection);
    if (request == NULL && (request = connection_begin_request(connection)) == NULL) {
        connection_close(connection);
        return;
    }
    enum h1_result result = h1_parser_feed(&connection->h1, request, octets, length, &taken);
    connection_mark_dirty(connection);
    if (result == H1_MORE) {
        if (!h1_parser_begun(&connection->h1))
            connection_end_request(connection, request); /* only empty lines so far */
        else if (connection->h1.expects_continue)
            say_continue(connection);
        return;
    }
    if (result == H1_BROKEN)
        connection->closing = true;
    else if (buffer_append(&connection->in, octets + taken, length - taken) != MSGIN5G_OK) {
        connection_close(connection);
        return;
    }
    connection->paused = true;
    connection_complete(connection, request);
}

void connection_h1_respond(
    struct http_connection *connection, struct http_request *request, const struct http_answer *answer)
{
    bool keep_alive = connection->h1.keep_alive && !connection->closing && !connection->draining;
    enum msgin5g_err err = h1_write_answer(
        &connection->out, answer, connection->server->config.server_name, keep_alive, connection->h1.is_head);
    connection_end_request(connection, request);
    if (err != MSGIN5G_OK) {
        connection_close(connection);
        return;
    }
    connection->closing = !keep_alive;
    h1_parser_reset(&connection->h1);
}
