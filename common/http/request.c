#include "request.h"

#include "base/secret.h"
#include "server_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define KEPT_OCTETS 8192 /* of each buffer of a request that waits for the next one */

struct http_request *request_new(void)
{
    struct http_request *request = calloc(1, sizeof *request);
    if (request == NULL)
        return NULL;
    fields_init(&request->fields, 0);
    buffer_init(&request->body, 0);
    buffer_init(&request->answer, SIZE_MAX);
    return request;
}

/* Bodies of the AAnF hold keys: nothing of them stays in a buffer that waits. */
static void empty(struct buffer *buffer, size_t limit)
{
    if (buffer->capacity > KEPT_OCTETS)
        buffer_wipe_free(buffer);
    else if (buffer->length > 0)
        secret_wipe(buffer->data, buffer->length);
    buffer->length = 0;
    buffer->limit = limit;
}

void request_reset(struct http_request *request, size_t header_octets, size_t body_octets)
{
    struct fields *fields = &request->fields;
    peer_drop(request->peer);
    empty(&fields->text, 0);
    empty(&request->body, body_octets);
    empty(&request->answer, SIZE_MAX);
    fields_reset(fields, header_octets);
    request->connection = NULL;
    request->peer = NULL;
    request->method = request->path = request->query = (struct text_ref){ 0, 0 };
    request->has_query = request->fields_done = request->complete = request->dispatched = request->answered = false;
    request->dropped = 0;
    request->route = NULL;
    request->match = HTTP_MATCH_NONE;
    request->param_count = 0;
    request->refused = 0;
    request->stream_id = 0;
    request->sending = (struct h2_body){ NULL, 0 };
}

void request_free(struct http_request *request)
{
    if (request == NULL)
        return;
    peer_drop(request->peer);
    fields_free(&request->fields);
    buffer_wipe_free(&request->body);
    buffer_wipe_free(&request->answer);
    free(request);
}

void request_refuse(struct http_request *request, int status)
{
    if (request->refused == 0)
        request->refused = status;
}

static void put(struct http_request *request, struct msgin5g_str text, struct text_ref *out)
{
    if (fields_put(&request->fields, text, out) != MSGIN5G_OK)
        request_refuse(request, 431);
}

void request_set_method(struct http_request *request, struct msgin5g_str method)
{
    put(request, method, &request->method);
}

/* Percent escapes must be whole, and what they hide must not end a C text (RFC 3986 2.1). */
static bool escapes_are_good(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (text[i] != '%')
            continue;
        char escape[3];
        if (length - i < 3)
            return false;
        memcpy(escape, text + i, 3);
        if (percent_decode(escape, 3) != 1)
            return false;
    }
    return true;
}

void request_set_target(struct http_request *request, struct msgin5g_str target)
{
    const char *question = target.length > 0 ? memchr(target.octets, '?', target.length) : NULL;
    struct msgin5g_str path = target;
    if (question != NULL)
        path.length = (size_t)(question - target.octets);
    bool asterisk = path.length == 1 && path.octets[0] == '*' && question == NULL;
    if (!asterisk && (path.length == 0 || path.octets[0] != '/' || memchr(target.octets, '#', target.length) != NULL ||
                         !escapes_are_good(path.octets, path.length)))
        request_refuse(request, 400);
    put(request, path, &request->path);
    request->has_query = question != NULL;
    if (question != NULL)
        put(request, (struct msgin5g_str){ question + 1, target.length - path.length - 1 }, &request->query);
}

void request_add_body(struct http_request *request, const void *octets, size_t length)
{
    if (request->refused != 0)
        return;
    enum msgin5g_err err = buffer_append(&request->body, octets, length);
    if (err != MSGIN5G_OK)
        request_refuse(request, err == MSGIN5G_ERR_LIMIT ? 413 : 503);
}

struct msgin5g_str http_request_method(const struct http_request *request)
{
    return fields_text(&request->fields, request->method);
}

struct msgin5g_str http_request_path(const struct http_request *request)
{
    return fields_text(&request->fields, request->path);
}

struct msgin5g_str http_request_query(const struct http_request *request)
{
    return request->has_query ? fields_text(&request->fields, request->query) : (struct msgin5g_str){ NULL, 0 };
}

struct msgin5g_str http_request_param(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->param_count; i++) {
        if (text_is(request->params[i].name, name))
            return fields_text(&request->fields, request->params[i].value);
    }
    return (struct msgin5g_str){ NULL, 0 };
}

struct msgin5g_str http_request_header(const struct http_request *request, const char *name)
{
    return fields_find(&request->fields, msgin5g_str(name));
}

struct msgin5g_str http_request_body(const struct http_request *request)
{
    return (struct msgin5g_str){ (const char *)request->body.data, request->body.length };
}

bool http_request_is_json(const struct http_request *request)
{
    static const char json[] = "application/json";
    size_t length = sizeof json - 1;
    struct msgin5g_str type = http_request_header(request, "content-type");
    return type.length >= length && strncasecmp(type.octets, json, length) == 0 &&
           (type.length == length || type.octets[length] == ';' || type.octets[length] == ' ');
}

const struct tls_peer_names *http_request_peer(const struct http_request *request)
{
    return request->peer->names;
}

const char *http_request_remote(const struct http_request *request)
{
    return request->peer->remote;
}

int64_t http_request_age_ms(const struct http_request *request)
{
    const struct http_connection *connection = request->connection;
    return connection != NULL ? loop_now_ms(connection->server->loop) - request->since_ms : 0;
}

const char *http_request_server_name(const struct http_request *request)
{
    const struct http_connection *connection = request->connection;
    const char *name = connection != NULL ? connection->server->config.server_name : NULL;
    return name != NULL ? name : "";
}

const struct http_route *http_request_route(const struct http_request *request)
{
    return request->route;
}

enum http_match http_request_match(const struct http_request *request)
{
    return request->match;
}

void http_respond(struct http_request *request, const struct http_answer *answer)
{
    if (request->connection == NULL)
        request_free(request);
    else
        connection_respond(request->connection, request, answer);
}

void http_request_abort(struct http_request *request, enum http_abort how)
{
    if (request->connection == NULL)
        request_free(request);
    else
        connection_abort(request->connection, request, how);
}
