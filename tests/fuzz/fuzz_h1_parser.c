/* HTTP/1.1 requests as any peer may send them. The first octet says how they are cut into pieces. */
#include "h1_parser.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            (void)fprintf(stderr, "line %d: %s\n", __LINE__, #condition);                                              \
            abort();                                                                                                   \
        }                                                                                                              \
    } while (0)

#define HEADER_OCTETS 512
#define BODY_OCTETS   256

static const struct http_route routes[] = {
    { "GET", "/a/{b}/c", NULL, NULL },
    { "POST", "/{x}/{y}/{z}", NULL, NULL },
    { NULL, NULL, NULL, NULL },
};

/* What a connection does with a complete request. */
static void use(struct http_request *request)
{
    struct msgin5g_str path = http_request_path(request);
    CHECK(http_request_body(request).length <= BODY_OCTETS);
    CHECK(request->fields.cost <= HEADER_OCTETS);
    CHECK(path.length > 0 && (path.octets[0] == '/' || path.octets[0] == '*'));
    route_find(request, routes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t length)
{
    struct h1_parser parser;
    struct http_request *request = request_new();
    enum h1_result result = H1_MORE;
    if (length == 0 || request == NULL) {
        request_free(request);
        return 0;
    }
    size_t piece = data[0] == 0 ? length : data[0];
    h1_parser_init(&parser, HEADER_OCTETS);
    request_reset(request, HEADER_OCTETS, BODY_OCTETS);
    for (size_t at = 1; at < length && result != H1_BROKEN;) {
        size_t taken = 0;
        size_t now = length - at < piece ? length - at : piece;
        result = h1_parser_feed(&parser, request, (const char *)data + at, now, &taken);
        CHECK(taken <= now && (result != H1_MORE || taken == now));
        CHECK(result != H1_BROKEN || request->refused != 0);
        at += taken;
        if (result == H1_COMPLETE) {
            if (request->refused == 0)
                use(request);
            request_reset(request, HEADER_OCTETS, BODY_OCTETS);
            h1_parser_reset(&parser);
        }
    }
    request_free(request);
    h1_parser_free(&parser);
    return 0;
}
