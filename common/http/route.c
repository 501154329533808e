#include "request.h"

#include <string.h>

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    digit = (char)(digit | 0x20);
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

long percent_decode(char *text, size_t length)
{
    size_t written = 0;
    for (size_t i = 0; i < length; i++) {
        char octet = text[i];
        if (octet == '%') {
            int high = length - i > 2 ? hex_value(text[i + 1]) : -1;
            int low = length - i > 2 ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0)
                return -1;
            octet = (char)(high << 4 | low);
            i += 2;
        }
        text[written++] = octet;
    }
    return (long)written;
}

/* Cut the first segment off @p path, which begins with '/'. */
static struct msgin5g_str take_segment(struct msgin5g_str *path)
{
    struct msgin5g_str segment = { path->octets + 1, path->length - 1 };
    const char *slash = segment.length > 0 ? memchr(segment.octets, '/', segment.length) : NULL;
    if (slash != NULL)
        segment.length = (size_t)(slash - segment.octets);
    path->octets += 1 + segment.length;
    path->length -= 1 + segment.length;
    return segment;
}

static bool is_param(struct msgin5g_str segment)
{
    return segment.length > 2 && segment.octets[0] == '{' && segment.octets[segment.length - 1] == '}';
}

static bool path_matches(struct msgin5g_str path, struct msgin5g_str template)
{
    while (path.length > 0 && template.length > 0) {
        if (path.octets[0] != '/' || template.octets[0] != '/') /* "*" */
            return msgin5g_str_equal(path, template);
        struct msgin5g_str want = take_segment(&template);
        struct msgin5g_str have = take_segment(&path);
        if (is_param(want) ? have.length == 0 : !msgin5g_str_equal(want, have))
            return false;
    }
    return path.length == 0 && template.length == 0;
}

static void add_param(struct http_request *request, struct msgin5g_str name, struct text_ref segment)
{
    struct text_ref value;
    struct fields *fields = &request->fields;
    /* Room first: the segment lies in the same block, which moves as it grows. */
    uint8_t *place;
    if (request->param_count == REQUEST_PARAMS_MAX ||
        buffer_reserve(&fields->text, segment.length + 1, &place) != MSGIN5G_OK ||
        fields_put(fields, fields_text(fields, segment), &value) != MSGIN5G_OK) {
        request_refuse(request, 414);
        return;
    }
    char *text = (char *)fields->text.data + value.at;
    long length = percent_decode(text, value.length);
    value.length = length > 0 ? (uint32_t)length : 0;
    text[value.length] = '\0';
    request->params[request->param_count].name = name;
    request->params[request->param_count++].value = value;
}

static void collect_params(struct http_request *request, struct msgin5g_str template)
{
    uint32_t at = request->path.at;
    struct msgin5g_str path = http_request_path(request);
    while (template.length > 0 && path.length > 0 && template.octets[0] == '/') {
        struct msgin5g_str want = take_segment(&template);
        struct msgin5g_str have = take_segment(&path);
        at++;
        if (is_param(want)) {
            size_t left = path.length;
            add_param(request, (struct msgin5g_str){ want.octets + 1, want.length - 2 },
                (struct text_ref){ at, (uint32_t)have.length });
            path = http_request_path(request); /* the block may have moved */
            path.octets += path.length - left;
            path.length = left;
        }
        at += (uint32_t)have.length;
    }
}

bool route_path_matches(const struct http_request *request, const struct http_route *route)
{
    return path_matches(http_request_path(request), msgin5g_str(route->path));
}

void route_find(struct http_request *request, const struct http_route *routes)
{
    struct msgin5g_str method = http_request_method(request);
    request->match = HTTP_MATCH_NONE;
    for (const struct http_route *route = routes; route != NULL && route->method != NULL; route++) {
        if (!route_path_matches(request, route))
            continue;
        if (!text_is(method, route->method)) {
            request->match = HTTP_MATCH_OTHER_METHOD;
            continue;
        }
        request->match = HTTP_MATCH_ROUTE;
        request->route = route;
        collect_params(request, msgin5g_str(route->path));
        return;
    }
}
