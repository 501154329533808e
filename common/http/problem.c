/* Problem details (RFC 9457, TS 29.571 5.2.4.1). */
#include "request.h"

#include "base/json_writer.h"

#define PROBLEM_OCTETS_MAX 2048

static size_t write_problem(uint8_t out[PROBLEM_OCTETS_MAX], int status, const char *cause, const char *detail)
{
    struct json_writer writer;
    size_t length = 0;
    json_writer_init(&writer, out, PROBLEM_OCTETS_MAX);
    json_object_begin(&writer, NULL);
    json_text(&writer, "title", status_text(status));
    json_integer(&writer, "status", status);
    if (cause != NULL)
        json_text(&writer, "cause", cause);
    if (detail != NULL)
        json_text(&writer, "detail", detail);
    json_object_end(&writer);
    return json_writer_finish(&writer, &length) == MSGIN5G_OK ? length : 0;
}

void http_respond_problem_with(struct http_request *request, int status, const char *cause, const char *detail,
    const struct http_header *headers, size_t header_count)
{
    uint8_t body[PROBLEM_OCTETS_MAX];
    size_t length = write_problem(body, status, cause, detail);
    if (length == 0) /* a detail that is too long or no UTF-8 is no reason to say nothing */
        length = write_problem(body, status, cause, NULL);
    const struct http_answer answer = {
        .status = status,
        .content_type = "application/problem+json",
        .body = body,
        .length = length,
        .headers = headers,
        .header_count = header_count,
    };
    http_respond(request, &answer);
}

void http_respond_problem(struct http_request *request, int status, const char *cause, const char *detail)
{
    http_respond_problem_with(request, status, cause, detail, NULL, 0);
}
