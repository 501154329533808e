#include "admin_registrations.h"

#include "base/buffer.h"
#include "base/clock.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "http/query.h"

#include <stdlib.h>
#include <string.h>

#define LIMIT_DEFAULT 100
#define LIMIT_MAX     1000
#define VISITED_MAX   5000 /* entries a page looks at, so that a prefix nobody has does not hold up the loop */
#define ENTRY_OCTETS  4096 /* more than one registration, or the end of the page, needs */
#define ENTRY_USUAL   256

struct page {
    long limit;
    char after[HTTP_QUERY_VALUE_MAX + 1]; /* "": from the first */
    char prefix[HTTP_QUERY_VALUE_MAX + 1];
};

static bool set_limit(struct page *page, const char *text)
{
    char *end;
    if (*text < '0' || *text > '9')
        return false;
    page->limit = strtol(text, &end, 10);
    return *end == '\0' && page->limit >= 1 && page->limit <= LIMIT_MAX;
}

/* @return the parameter that is wrong, NULL when all are good. */
static const char *read_page(const struct http_request *request, struct page *page)
{
    struct msgin5g_str query = http_request_query(request);
    struct http_query_pair pair;
    *page = (struct page){ .limit = LIMIT_DEFAULT };
    while (query.length > 0) {
        if (http_query_take(&query, &pair) != MSGIN5G_OK)
            return "the query is malformed or too long";
        if (strcmp(pair.name, "limit") == 0) {
            if (!set_limit(page, pair.value))
                return "limit: expected 1..1000";
        } else if (strcmp(pair.name, "after") == 0) {
            memcpy(page->after, pair.value, sizeof page->after);
        } else if (strcmp(pair.name, "prefix") == 0) {
            memcpy(page->prefix, pair.value, sizeof page->prefix);
        } else {
            return "expected limit, after and prefix only";
        }
    }
    return NULL;
}

static struct registration *find(const struct registrations *registrations, struct msgin5g_str text)
{
    struct msgin5g_service_id id;
    return msgin5g_service_id_parse(text, &id) == MSGIN5G_OK ? registrations_find(registrations, &id) : NULL;
}

static void write_entry(struct json_writer *writer, const struct registration *registration)
{
    char expiry[CLOCK_RFC3339_LEN + 1];
    json_object_begin(writer, NULL);
    json_text(writer, "ueServiceId", registration->place.id);
    if (*registration->identity != '\0')
        json_text(writer, "identity", registration->identity);
    json_bool(writer, "connected", registration->peer != NULL);
    if (clock_format_rfc3339(registration->expires_s, expiry) == MSGIN5G_OK)
        json_text(writer, "expiry", expiry);
    json_object_end(writer);
}

/* In the order of registering, which later registrations do not disturb. */
static void write_page(
    struct json_writer *writer, const struct page *page, const struct registration *next, int64_t count)
{
    const struct registration *last = NULL;
    size_t prefix = strlen(page->prefix);
    long visited = 0, written = 0;
    json_object_begin(writer, NULL);
    json_integer(writer, "count", count);
    json_array_begin(writer, "registrations");
    while (next != NULL && written < page->limit && visited < VISITED_MAX &&
           writer->length + 2 * (size_t)ENTRY_OCTETS <= writer->capacity) {
        if (strncmp(next->place.id, page->prefix, prefix) == 0) {
            write_entry(writer, next);
            written++;
        }
        visited++;
        last = next;
        next = registrations_next(next);
    }
    json_array_end(writer);
    if (next != NULL && last != NULL)
        json_text(writer, "next", last->place.id);
    json_object_end(writer);
}

static void respond_page(struct registrations *registrations, struct http_request *request, const struct page *page,
    const struct registration *first)
{
    size_t capacity = (size_t)page->limit * ENTRY_USUAL + 3 * (size_t)ENTRY_OCTETS;
    struct json_writer writer;
    struct buffer body;
    uint8_t *place;
    size_t length = 0;
    buffer_init(&body, capacity);
    enum msgin5g_err err = buffer_reserve(&body, capacity, &place);
    if (err == MSGIN5G_OK) {
        json_writer_init(&writer, place, capacity);
        write_page(&writer, page, first, (int64_t)registrations_count(registrations));
        err = json_writer_finish(&writer, &length);
    }
    if (err == MSGIN5G_OK)
        http_respond(request, &(struct http_answer){
                                  .status = 200, .content_type = "application/json", .body = place, .length = length });
    else
        http_respond_problem(request, 500, NULL, msgin5g_err_text(err));
    buffer_free(&body);
}

void admin_registrations_list(struct registrations *registrations, struct http_request *request)
{
    struct page page;
    const struct registration *first = registrations_first(registrations);
    const char *problem = read_page(request, &page);
    if (problem != NULL) {
        http_respond_problem(request, 400, NULL, problem);
        return;
    }
    if (page.after[0] != '\0') {
        const struct registration *before = find(registrations, msgin5g_str(page.after));
        if (before == NULL) {
            http_respond_problem(request, 410, NULL, "after: this registration has ended; begin again");
            return;
        }
        first = registrations_next(before);
    }
    log_info("registrations listed remote=%s", http_request_remote(request)); /* TS 33.117 4.2.3.2.5 */
    respond_page(registrations, request, &page, first);
}

void admin_registrations_end(struct registrations *registrations, struct http_request *request)
{
    char shown[LOG_IDENTITY_LEN];
    struct registration *registration = find(registrations, http_request_param(request, "id"));
    if (registration == NULL) {
        http_respond_problem(request, 404, NULL, "not registered");
        return;
    }
    log_info("registration ended by management ue_service_id=%s remote=%s", log_identity(registration->place.id, shown),
        http_request_remote(request));
    registrations_end(registration);
    http_respond(request, &(struct http_answer){ .status = 204 });
}
