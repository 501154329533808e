#include "sbi.h"

#include "base/json_writer.h"

#include <string.h>
#include <strings.h>

#define PROBLEM_OCTETS_MAX 1024
#define PARAM_MAX          128

void sbi_refuse(struct http_request *request, const struct sbi_refusal *refusal)
{
    uint8_t body[PROBLEM_OCTETS_MAX];
    size_t length = 0;
    struct json_writer writer;
    json_writer_init(&writer, body, sizeof body);
    json_object_begin(&writer, NULL);
    json_integer(&writer, "status", refusal->status);
    if (refusal->cause != NULL)
        json_text(&writer, "cause", refusal->cause);
    if (refusal->param == NULL && refusal->reason != NULL)
        json_text(&writer, "detail", refusal->reason);
    if (refusal->param != NULL) {
        json_array_begin(&writer, "invalidParams");
        json_object_begin(&writer, NULL);
        json_text(&writer, "param", refusal->param);
        if (refusal->reason != NULL)
            json_text(&writer, "reason", refusal->reason);
        json_object_end(&writer);
        json_array_end(&writer);
    }
    json_object_end(&writer);
    bool written = json_writer_finish(&writer, &length) == MSGIN5G_OK;
    struct http_answer answer = {
        .status = refusal->status,
        .content_type = written ? "application/problem+json" : NULL,
        .body = body,
        .length = written ? length : 0,
    };
    http_respond(request, &answer);
}

void sbi_refuse_body(struct http_request *request, const struct naanf_problem *problem)
{
    int status = strcmp(problem->cause, "SYSTEM_FAILURE") == 0 ? 500 : 400;
    sbi_refuse(request, &(struct sbi_refusal){ status, problem->cause, problem->param, problem->reason });
}

/* "application/json", parameters allowed. */
static bool is_json(struct msgin5g_str type)
{
    size_t length = strlen(SBI_JSON);
    if (type.length < length || strncasecmp(type.octets, SBI_JSON, length) != 0)
        return false;
    return type.length == length || type.octets[length] == ';' || type.octets[length] == ' ';
}

/* Name of the first query parameter, as invalidParams wants it; anything unprintable ends the name. */
static void query_param(struct msgin5g_str query, char out[PARAM_MAX])
{
    static const char prefix[] = "query ";
    size_t length = sizeof prefix - 1;
    memcpy(out, prefix, length);
    for (size_t i = 0; i < query.length && length + 1 < PARAM_MAX; i++) {
        char next = query.octets[i];
        if (next == '=' || next == '&' || next <= ' ' || next >= 0x7f)
            break;
        out[length++] = next;
    }
    out[length] = '\0';
}

bool sbi_accept(struct http_request *request)
{
    struct msgin5g_str query = http_request_query(request);
    char param[PARAM_MAX];
    if (query.length > 0) {
        query_param(query, param);
        sbi_refuse(request,
            &(struct sbi_refusal){ 400, "INVALID_QUERY_PARAM", param, "this operation has no query parameters" });
        return false;
    }
    if (!is_json(http_request_header(request, "content-type"))) {
        sbi_refuse(request, &(struct sbi_refusal){ 415, NULL, "header Content-Type", "must be application/json" });
        return false;
    }
    return true;
}

void sbi_respond_body(struct http_request *request, int status, enum msgin5g_err err, const struct buffer *body)
{
    if (err != MSGIN5G_OK) {
        sbi_refuse(request, &(struct sbi_refusal){ 500, "SYSTEM_FAILURE", NULL, NULL });
        return;
    }
    struct http_answer answer = {
        .status = status,
        .content_type = SBI_JSON,
        .body = body->data,
        .length = body->length,
    };
    http_respond(request, &answer);
}

void sbi_respond_empty(struct http_request *request)
{
    http_respond(request, &(struct http_answer){ .status = 204 });
}
