#include "h1_parser.h"

#include <http_parser.h>

#include <assert.h>
#include <inttypes.h>
#include <string.h>
#include <strings.h>

#define LINE_OCTETS  256 /* of a chunk's size with its extensions */
#define CHUNK_DIGITS 8

const char *status_text(int status)
{
    return http_status_str((enum http_status)status);
}

void h1_parser_init(struct h1_parser *parser, size_t header_octets)
{
    memset(parser, 0, sizeof *parser);
    parser->header_octets = header_octets;
    buffer_init(&parser->head, header_octets);
}

void h1_parser_free(struct h1_parser *parser)
{
    buffer_free(&parser->head);
}

void h1_parser_reset(struct h1_parser *parser)
{
    parser->phase = H1_HEAD;
    parser->head.length = 0;
    parser->body_left = 0;
    parser->trailer_octets = 0;
    parser->keep_alive = parser->expects_continue = parser->is_head = false;
}

bool h1_parser_begun(const struct h1_parser *parser)
{
    return parser->phase != H1_HEAD || parser->head.length > 0;
}

static enum h1_result broken(struct http_request *request, int status)
{
    request_refuse(request, status);
    return H1_BROKEN;
}

/* ---- the head, checked before http-parser sees it -------------------------------------------------------- */

static bool is_token_char(char c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != '\0' && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool is_field_char(char c)
{
    return c == '\t' || ((unsigned char)c >= 0x20 && c != 0x7f);
}

/* method SP target SP version, each once, visible ASCII only (RFC 9112 3). @return 0 or the status that says what is
 * wrong. */
static int check_request_line(const char *line, size_t length)
{
    const char *first = memchr(line, ' ', length);
    if (first == NULL || first == line)
        return 400;
    const char *target = first + 1;
    const char *second = memchr(target, ' ', length - (size_t)(target - line));
    if (second == NULL || second == target)
        return 400;
    for (const char *c = line; c < first; c++) {
        if (!is_token_char(*c))
            return 400;
    }
    for (const char *c = target; c < second; c++) {
        if (*c <= 0x20 || *c >= 0x7f)
            return 400;
    }
    size_t version = length - (size_t)(second + 1 - line);
    if (version != 8 || memcmp(second + 1, "HTTP/", 5) != 0)
        return 400;
    return memcmp(second + 6, "1.1", 3) == 0 || memcmp(second + 6, "1.0", 3) == 0 ? 0 : 505;
}

/* name ":" value; no space before the colon, no line that goes on in the next (RFC 9112 5). */
static bool field_line_is_good(const char *line, size_t length)
{
    size_t at = 0;
    while (at < length && is_token_char(line[at]))
        at++;
    if (at == 0 || at == length || line[at] != ':')
        return false;
    for (at++; at < length; at++) {
        if (!is_field_char(line[at]))
            return false;
    }
    return true;
}

/* Every line ends with CRLF and holds neither CR, LF nor NUL. @return 0 or a status. */
static int check_head(const char *head, size_t length)
{
    bool first = true;
    while (length > 2) {
        const char *lf = memchr(head, '\n', length);
        assert(lf != NULL); /* the head ends with CRLF CRLF */
        size_t line = (size_t)(lf - head);
        if (line == 0 || head[line - 1] != '\r')
            return 400;
        int status = first ? check_request_line(head, line - 1) : field_line_is_good(head, line - 1) ? 0 : 400;
        if (status != 0)
            return status;
        first = false;
        head += line + 1;
        length -= line + 1;
    }
    return length == 2 && head[0] == '\r' ? 0 : 400;
}

/* ---- the head, read by http-parser ----------------------------------------------------------------------- */

struct reading {
    struct http_request *request;
    struct msgin5g_str target, name, value; /* in the head's octets */
    bool headers_done;
};

static void extend(struct msgin5g_str *text, const char *at, size_t length)
{
    if (text->octets == NULL)
        text->octets = at;
    text->length += length;
}

static int on_url(http_parser *http, const char *at, size_t length)
{
    extend(&((struct reading *)http->data)->target, at, length);
    return 0;
}

static void finish_field(struct reading *reading)
{
    struct msgin5g_str *value = &reading->value;
    while (value->length > 0 && (value->octets[value->length - 1] == ' ' || value->octets[value->length - 1] == '\t'))
        value->length--; /* white space around a value is none of it (RFC 9112 5) */
    if (reading->name.octets != NULL &&
        fields_add(&reading->request->fields, reading->name, reading->value) != MSGIN5G_OK)
        request_refuse(reading->request, 431);
    reading->name = reading->value = (struct msgin5g_str){ NULL, 0 };
}

static int on_name(http_parser *http, const char *at, size_t length)
{
    struct reading *reading = http->data;
    if (reading->value.octets != NULL)
        finish_field(reading);
    extend(&reading->name, at, length);
    return 0;
}

static int on_value(http_parser *http, const char *at, size_t length)
{
    extend(&((struct reading *)http->data)->value, at, length);
    return 0;
}

static int on_headers_complete(http_parser *http)
{
    struct reading *reading = http->data;
    finish_field(reading);
    reading->headers_done = true;
    http_parser_pause(http, 1); /* the body's framing is ours */
    return 0;
}

static size_t count_fields(const struct http_request *request, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < request->fields.count; i++)
        count += text_is(fields_text(&request->fields, request->fields.list[i].name), name);
    return count;
}

/* The target of a request to us: origin form, or absolute form with the authority dropped (RFC 9112 3.2.2). */
static void set_target(struct http_request *request, struct msgin5g_str target)
{
    struct http_parser_url url;
    if (target.length > 0 && target.octets[0] != '/' && target.octets[0] != '*') {
        http_parser_url_init(&url);
        if (http_parser_parse_url(target.octets, target.length, 0, &url) != 0 || (url.field_set & 1U << UF_HOST) == 0 ||
            (url.field_set & 1U << UF_USERINFO) != 0) {
            request_refuse(request, 400);
            return;
        }
        if ((url.field_set & 1U << UF_PATH) == 0) {
            target = msgin5g_str("/");
        } else {
            target.octets += url.field_data[UF_PATH].off;
            target.length -= url.field_data[UF_PATH].off;
        }
    }
    request_set_target(request, target);
}

/* How the body is framed (RFC 9112 6.3). Two answers to that question are refused, as are unknown codings. */
static enum h1_result set_framing(struct h1_parser *parser, struct http_request *request, const http_parser *http)
{
    size_t lengths = count_fields(request, "content-length");
    size_t codings = count_fields(request, "transfer-encoding");
    if (lengths > 1 || codings > 1 || (lengths > 0 && codings > 0))
        return broken(request, 400);
    if (codings > 0) {
        struct msgin5g_str coding = http_request_header(request, "transfer-encoding");
        if (http->http_minor == 0)
            return broken(request, 400);
        if (coding.length != 7 || strncasecmp(coding.octets, "chunked", 7) != 0)
            return broken(request, 501);
        parser->phase = H1_CHUNK_SIZE;
        return H1_MORE;
    }
    if (lengths > 0 && http->content_length == UINT64_MAX) /* an empty value */
        return broken(request, 400);
    parser->body_left = lengths > 0 ? http->content_length : 0;
    parser->phase = parser->body_left > 0 ? H1_BODY : H1_DONE;
    if (parser->body_left > request->body.limit)
        return broken(request, 413);
    return parser->phase == H1_DONE ? H1_COMPLETE : H1_MORE;
}

static int status_of_error(enum http_errno error)
{
    switch (error) {
    case HPE_INVALID_METHOD:
        return 501;
    case HPE_INVALID_VERSION:
        return 505;
    default:
        return 400;
    }
}

static enum h1_result read_head(struct h1_parser *parser, struct http_request *request)
{
    const char *head = (const char *)parser->head.data;
    struct reading reading = { .request = request };
    http_parser_settings settings;
    http_parser http;
    int status = check_head(head, parser->head.length);
    if (status != 0)
        return broken(request, status);
    http_parser_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_header_field = on_name;
    settings.on_header_value = on_value;
    settings.on_headers_complete = on_headers_complete;
    http_parser_init(&http, HTTP_REQUEST);
    http.data = &reading;
    (void)http_parser_execute(&http, &settings, head, parser->head.length);
    enum http_errno error = HTTP_PARSER_ERRNO(&http);
    if (!reading.headers_done)
        return broken(request, status_of_error(error));
    if (count_fields(request, "host") > 1 || (http.http_minor == 1 && count_fields(request, "host") == 0))
        return broken(request, 400);
    request_set_method(request, msgin5g_str(http_method_str((enum http_method)http.method)));
    if (http.method == HTTP_CONNECT)
        return broken(request, 405);
    set_target(request, reading.target);
    struct msgin5g_str expect = http_request_header(request, "expect");
    parser->expects_continue =
        http.http_minor == 1 && expect.length == 12 && strncasecmp(expect.octets, "100-continue", 12) == 0;
    parser->is_head = http.method == HTTP_HEAD;
    parser->keep_alive = http_should_keep_alive(&http) != 0;
    return set_framing(parser, request, &http);
}

/* ---- octets ---------------------------------------------------------------------------------------------- */

/* Collect up to and including the empty line. */
static enum h1_result feed_head(
    struct h1_parser *parser, struct http_request *request, const char *octets, size_t length, size_t *taken)
{
    size_t at = 0;
    struct buffer *head = &parser->head;
    while (at < length) {
        const char *lf = memchr(octets + at, '\n', length - at);
        size_t piece = lf != NULL ? (size_t)(lf + 1 - (octets + at)) : length - at;
        if (buffer_append(head, octets + at, piece) != MSGIN5G_OK)
            return broken(request, 431);
        at += piece;
        *taken = at;
        if (lf == NULL)
            continue;
        if (head->length == 2 && memcmp(head->data, "\r\n", 2) == 0) {
            head->length = 0; /* empty lines before a request (RFC 9112 2.2) */
            continue;
        }
        if (head->length >= 4 && memcmp(head->data + head->length - 4, "\r\n\r\n", 4) == 0)
            return read_head(parser, request);
        /* A line that ends with a lone LF can never become right; say so now, before the limit is reached. */
        if (head->length < 2 || head->data[head->length - 2] != '\r')
            return broken(request, 400);
    }
    *taken = at;
    return H1_MORE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Collect one line that ends with CRLF into parser->head. @return H1_COMPLETE when it is there, without its CRLF. */
static enum h1_result feed_line(
    struct h1_parser *parser, struct http_request *request, const char *octets, size_t length, size_t *taken)
{
    struct buffer *line = &parser->head;
    const char *lf = memchr(octets, '\n', length);
    size_t piece = lf != NULL ? (size_t)(lf + 1 - octets) : length;
    *taken = piece;
    if (line->length + piece > LINE_OCTETS + 2 || buffer_append(line, octets, piece) != MSGIN5G_OK)
        return broken(request, 400);
    if (lf == NULL)
        return H1_MORE;
    if (line->length < 2 || line->data[line->length - 2] != '\r' ||
        memchr(line->data, '\r', line->length - 2) != NULL || memchr(line->data, '\0', line->length) != NULL)
        return broken(request, 400);
    line->length -= 2;
    return H1_COMPLETE;
}

/* Size in hexadecimal, then perhaps extensions, which are ignored (RFC 9112 7.1). */
static enum h1_result take_chunk_size(struct h1_parser *parser, struct http_request *request)
{
    const char *line = (const char *)parser->head.data;
    size_t length = parser->head.length;
    size_t at = 0;
    uint64_t size = 0;
    for (; at < length && hex_digit(line[at]) >= 0; at++)
        size = size << 4 | (uint64_t)hex_digit(line[at]);
    if (at == 0 || at > CHUNK_DIGITS || (at < length && line[at] != ';'))
        return broken(request, 400);
    if (size > request->body.limit - request->body.length)
        return broken(request, 413);
    parser->head.length = 0;
    parser->body_left = size;
    parser->phase = size > 0 ? H1_CHUNK_DATA : H1_TRAILER;
    return H1_MORE;
}

/* Trailer fields are checked and dropped (RFC 9110 6.5.1). */
static enum h1_result take_trailer_line(struct h1_parser *parser, struct http_request *request)
{
    size_t length = parser->head.length;
    parser->head.length = 0;
    if (length == 0) {
        parser->phase = H1_DONE;
        return H1_COMPLETE;
    }
    parser->trailer_octets += length;
    if (parser->trailer_octets > parser->header_octets)
        return broken(request, 431);
    return field_line_is_good((const char *)parser->head.data, length) ? H1_MORE : broken(request, 400);
}

static enum h1_result feed_body(
    struct h1_parser *parser, struct http_request *request, const char *octets, size_t length, size_t *taken)
{
    *taken = parser->body_left < length ? (size_t)parser->body_left : length;
    request_add_body(request, octets, *taken);
    parser->body_left -= *taken;
    if (parser->body_left > 0)
        return H1_MORE;
    if (parser->phase == H1_BODY) {
        parser->phase = H1_DONE;
        return H1_COMPLETE;
    }
    parser->phase = H1_CHUNK_END;
    return H1_MORE;
}

static enum h1_result feed_chunked_line(
    struct h1_parser *parser, struct http_request *request, const char *octets, size_t length, size_t *taken)
{
    enum h1_result result = feed_line(parser, request, octets, length, taken);
    if (result != H1_COMPLETE)
        return result;
    switch (parser->phase) {
    case H1_CHUNK_SIZE:
        return take_chunk_size(parser, request);
    case H1_TRAILER:
        return take_trailer_line(parser, request);
    default: /* H1_CHUNK_END: nothing but CRLF */
        if (parser->head.length > 0)
            return broken(request, 400);
        parser->phase = H1_CHUNK_SIZE;
        return H1_MORE;
    }
}

static enum h1_result feed_once(
    struct h1_parser *parser, struct http_request *request, const char *octets, size_t length, size_t *taken)
{
    enum h1_result result;
    switch (parser->phase) {
    case H1_HEAD:
        result = feed_head(parser, request, octets, length, taken);
        if (result == H1_MORE && parser->phase != H1_HEAD)
            parser->head.length = 0; /* from here on it holds chunk lines */
        return result;
    case H1_BODY:
    case H1_CHUNK_DATA:
        return feed_body(parser, request, octets, length, taken);
    default:
        return feed_chunked_line(parser, request, octets, length, taken);
    }
}

enum h1_result h1_parser_feed(
    struct h1_parser *parser, struct http_request *request, const char *octets, size_t length, size_t *taken)
{
    enum h1_result result = H1_MORE;
    *taken = 0;
    assert(parser->phase != H1_DONE);
    while (result == H1_MORE && *taken < length) {
        size_t now = 0;
        result = feed_once(parser, request, octets + *taken, length - *taken, &now);
        *taken += now;
    }
    return result;
}

/* ---- answers --------------------------------------------------------------------------------------------- */

static bool has_no_body(int status)
{
    return status < 200 || status == 204 || status == 304;
}

enum msgin5g_err h1_write_answer(
    struct buffer *out, const struct http_answer *answer, const char *server, bool keep_alive, bool is_head)
{
    enum msgin5g_err err = buffer_appendf(out, "HTTP/1.1 %d %s\r\n", answer->status, status_text(answer->status));
    if (err == MSGIN5G_OK && server != NULL)
        err = buffer_appendf(out, "server: %s\r\n", server);
    if (err == MSGIN5G_OK && answer->content_type != NULL)
        err = buffer_appendf(out, "content-type: %s\r\n", answer->content_type);
    for (size_t i = 0; i < answer->header_count && err == MSGIN5G_OK; i++)
        err = buffer_appendf(out, "%s: %s\r\n", answer->headers[i].name, answer->headers[i].value);
    if (err == MSGIN5G_OK && !has_no_body(answer->status))
        err = buffer_appendf(out, "content-length: %zu\r\n", answer->length);
    if (err == MSGIN5G_OK)
        err = buffer_append_text(out, keep_alive ? "\r\n" : "connection: close\r\n\r\n");
    if (err == MSGIN5G_OK && !is_head && !has_no_body(answer->status))
        err = buffer_append(out, answer->body, answer->length);
    return err;
}
