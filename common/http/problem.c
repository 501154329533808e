/* Problem details (RFC 9457, TS 29.571 5.2.4.1). */
#include "request.h"

#include "base/json_writer.h"

#define PROBLEM_OCTETS_MAX 2048

struct problem {
    int status;
    const char *cause, *detail; /* NULL: absent */
    const char *param, *reason; /* of invalidParams; param NULL: absent */
};

static size_t write_problem(uint8_t out[PROBLEM_OCTETS_MAX], const struct problem *problem)
{
    struct json_writer writer;
    size_t length = 0;
    json_writer_init(&writer, out, PROBLEM_OCTETS_MAX);
    json_object_begin(&writer, NULL);
    json_text(&writer, "title", status_text(problem->status));
    json_integer(&writer, "status", problem->status);
    if (problem->cause != NULL)
        json_text(&writer, "cause", problem->cause);
    if (problem->detail != NULL)
        json_text(&writer, "detail", problem->detail);
    if (problem->param != NULL) {
        json_array_begin(&writer, "invalidParams");
        json_object_begin(&writer, NULL);
        json_text(&writer, "param", problem->param);
        if (problem->reason != NULL)
            json_text(&writer, "reason", problem->reason);
        json_object_end(&writer);
        json_array_end(&writer);
    }
    json_object_end(&writer);
    return json_writer_finish(&writer, &length) == MSGIN5G_OK ? length : 0;
}

static void respond(
    struct http_request *request, const struct problem *problem, const struct http_header *headers, size_t header_count)
{
    uint8_t body[PROBLEM_OCTETS_MAX];
    size_t length = write_problem(body, problem);
    if (length == 0) /* a detail that is too long or no UTF-8 is no reason to say nothing */
        length = write_problem(body, &(struct problem){ .status = problem->status, .cause = problem->cause });
    const struct http_answer answer = {
        .status = problem->status,
        .content_type = "application/problem+json",
        .body = body,
        .length = length,
        .headers = headers,
        .header_count = header_count,
    };
    http_respond(request, &answer);
}

void http_respond_problem_with(struct http_request *request, int status, const char *cause, const char *detail,
    const struct http_header *headers, size_t header_count)
{
    respond(request, &(struct problem){ .status = status, .cause = cause, .detail = detail }, headers, header_count);
}

void http_respond_invalid(
    struct http_request *request, int status, const char *cause, const char *param, const char *reason)
{
    respond(request, &(struct problem){ .status = status, .cause = cause, .param = param, .reason = reason }, NULL, 0);
}

void http_respond_problem(struct http_request *request, int status, const char *cause, const char *detail)
{
    http_respond_problem_with(request, status, cause, detail, NULL, 0);
}
