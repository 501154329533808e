#include "sbi.h"

#include "base/clock.h"
#include "base/json_writer.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#define PROBLEM_OCTETS_MAX 1024
#define PARAM_MAX          128

/* ---- custom headers: all others of TS 29.500 5.2.3 are ignored ----------------------------------------------------
 */

#define PEER_INFO_MAX   256
#define RSP_TIME_DIGITS 5

/* "srcinst=<id>; dstinst=<id>; ..." in any order: the value of @p name. */
static struct msgin5g_str peer_info_value(struct msgin5g_str header, const char *name)
{
    size_t name_length = strlen(name);
    const char *end = header.length > 0 ? header.octets + header.length : header.octets;
    for (const char *at = header.octets; at < end;) {
        const char *stop = memchr(at, ';', (size_t)(end - at));
        if (stop == NULL)
            stop = end;
        while (at < stop && *at == ' ')
            at++;
        if ((size_t)(stop - at) > name_length && memcmp(at, name, name_length) == 0 && at[name_length] == '=')
            return (struct msgin5g_str){ at + name_length + 1, (size_t)(stop - at) - name_length - 1 };
        at = stop + 1;
    }
    return (struct msgin5g_str){ "", 0 };
}

/* Who answers whom, for those who said who they are (TS 29.500 5.2.3.2.20). @return headers written, 0 or 1. */
static size_t peer_info_header(const struct http_request *request, char text[PEER_INFO_MAX], struct http_header *out)
{
    static const char type[] = "AANF-";
    const char *name = http_request_server_name(request);
    struct msgin5g_str source = peer_info_value(http_request_header(request, "3gpp-sbi-nf-peer-info"), "srcinst");
    if (!msgin5g_uuid_valid(source) || strncmp(name, type, sizeof type - 1) != 0)
        return 0;
    (void)snprintf(
        text, PEER_INFO_MAX, "srcinst=%s; dstinst=%.*s", name + sizeof type - 1, (int)source.length, source.octets);
    *out = (struct http_header){ "3gpp-sbi-nf-peer-info", text };
    return 1;
}

static void respond(struct http_request *request, const struct http_answer *answer)
{
    char text[PEER_INFO_MAX];
    struct http_header header = { NULL, NULL };
    struct http_answer full = *answer;
    full.header_count = peer_info_header(request, text, &header);
    full.headers = &header;
    http_respond(request, &full);
}

/* 1 to 5 digits; anything else is as if it were not there. @return milliseconds or -1. */
static int64_t max_rsp_time_ms(const struct http_request *request)
{
    struct msgin5g_str text = http_request_header(request, "3gpp-sbi-max-rsp-time");
    int64_t value = 0;
    if (text.length == 0 || text.length > RSP_TIME_DIGITS)
        return -1;
    for (size_t i = 0; i < text.length; i++) {
        if (text.octets[i] < '0' || text.octets[i] > '9')
            return -1;
        value = value * 10 + (text.octets[i] - '0');
    }
    return value;
}

bool sbi_too_late(struct http_request *request, int64_t utc_s)
{
    int64_t sent_ms;
    int64_t most_ms = max_rsp_time_ms(request);
    if (most_ms < 0)
        return false;
    int64_t age_ms = http_request_age_ms(request);
    struct msgin5g_str sent = http_request_header(request, "3gpp-sbi-sender-timestamp");
    if (clock_parse_http_date(sent, &sent_ms) == MSGIN5G_OK && utc_s * 1000 - sent_ms > age_ms)
        age_ms = utc_s * 1000 - sent_ms;
    if (age_ms <= most_ms)
        return false;
    sbi_refuse(
        request, &(struct sbi_refusal){ 504, "TIMED_OUT_REQUEST", NULL, "later than 3gpp-Sbi-Max-Rsp-Time allows" });
    return true;
}

/* ---- answers ------------------------------------------------------------------------------------------------------
 */

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
    respond(request, &answer);
}

void sbi_refuse_body(struct http_request *request, const struct naanf_problem *problem)
{
    int status = strcmp(problem->cause, "SYSTEM_FAILURE") == 0 ? 500 : 400;
    sbi_refuse(request, &(struct sbi_refusal){ status, problem->cause, problem->param, problem->reason });
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
    if (!http_request_is_json(request)) {
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
    respond(request, &answer);
}

void sbi_respond_empty(struct http_request *request)
{
    const struct http_answer answer = { .status = 204 };
    respond(request, &answer);
}
