#include "contexts_api.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "management.h"

#include <string.h>

#define LIST_OCTETS_MAX ((size_t)4 << 20)
#define ENTRY_OCTETS    4096 /* more than one context or one key of it needs */

/* ---- the list --------------------------------------------------------------------------------------------------- */

struct listing {
    struct json_writer writer;
    bool open; /* a context's object */
    bool full;
};

static void close_context(struct listing *listing)
{
    if (!listing->open)
        return;
    json_array_end(&listing->writer);
    json_object_end(&listing->writer);
    listing->open = false;
}

static void list_context(struct listing *listing, const struct anchor_key *key)
{
    struct json_writer *writer = &listing->writer;
    char shown[LOG_A_KID_LEN];
    close_context(listing);
    listing->full = listing->full || writer->length + 2 * (size_t)ENTRY_OCTETS > writer->capacity;
    if (listing->full)
        return;
    json_object_begin(writer, NULL);
    if (key->supi[0] != '\0')
        json_text(writer, "supi", key->supi);
    if (key->gpsi[0] != '\0')
        json_text(writer, "gpsi", key->gpsi);
    json_text(writer, "aKId", log_a_kid(key->a_kid, shown));
    json_array_begin(writer, "keys");
    listing->open = true;
}

static void list_grant(struct listing *listing, const struct context_grant *grant)
{
    struct json_writer *writer = &listing->writer;
    char af_id[AKMA_AF_ID_MAX + 1], expiry[CLOCK_RFC3339_LEN + 1];
    if (!listing->open || writer->length + 2 * (size_t)ENTRY_OCTETS > writer->capacity ||
        af_id_format(grant->fqdn, &grant->ua_id, af_id) != MSGIN5G_OK ||
        clock_format_rfc3339(grant->expiry_s, expiry) != MSGIN5G_OK)
        return;
    json_object_begin(writer, NULL);
    json_text(writer, "afId", af_id);
    json_text(writer, "expiry", expiry);
    json_object_end(writer);
}

static void list_change(void *ctx, const struct context_change *change)
{
    if (change->kind == CONTEXT_KEPT)
        list_context(ctx, &change->key);
    else
        list_grant(ctx, &change->grant);
}

void contexts_api_list(void *ctx, struct http_request *request)
{
    struct management *management = ctx;
    const struct context_store *contexts = management->aanf->contexts;
    struct listing listing = { 0 };
    struct buffer body;
    uint8_t *place;
    size_t length = 0;
    if (!management_admit(management, request))
        return;
    log_info("contexts listed remote=%s", http_request_remote(request)); /* TS 33.117 4.2.3.2.5 */
    buffer_init(&body, LIST_OCTETS_MAX);
    enum msgin5g_err err = buffer_reserve(&body, LIST_OCTETS_MAX, &place);
    if (err == MSGIN5G_OK) {
        json_writer_init(&listing.writer, place, LIST_OCTETS_MAX);
        json_object_begin(&listing.writer, NULL);
        json_integer(&listing.writer, "count", (int64_t)context_store_count(contexts));
        json_array_begin(&listing.writer, "contexts");
        context_store_each(contexts, list_change, &listing);
        close_context(&listing);
        json_array_end(&listing.writer);
        json_bool(&listing.writer, "complete", !listing.full);
        json_object_end(&listing.writer);
        err = json_writer_finish(&listing.writer, &length);
    }
    if (err == MSGIN5G_OK)
        http_respond(request, &(struct http_answer){
                                  .status = 200, .content_type = "application/json", .body = place, .length = length });
    else
        http_respond_problem(request, 500, NULL, msgin5g_err_text(err));
    buffer_free(&body);
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

static void change(void *ctx, struct http_request *request, const char *what,
    enum msgin5g_err (*run)(struct aanf *aanf, const char *subscriber))
{
    struct management *management = ctx;
    struct msgin5g_str named = http_request_param(request, "subscriber");
    char subscriber[AKMA_SUPI_MAX + 1] = "";
    if (!management_admit(management, request))
        return;
    if (named.length <= AKMA_SUPI_MAX)
        memcpy(subscriber, named.octets, named.length);
    enum msgin5g_err err = run(management->aanf, subscriber);
    log_info("context changed by management what=%s remote=%s result=\"%s\"", what, http_request_remote(request),
        msgin5g_err_text(err));
    if (err == MSGIN5G_OK)
        http_respond(request, &(struct http_answer){ .status = 204 });
    else
        http_respond_problem(request, 404, "AKMA_CONTEXT_NOT_FOUND", NULL);
}

void contexts_api_remove(void *ctx, struct http_request *request)
{
    change(ctx, request, "remove", aanf_end_context);
}

static enum msgin5g_err expire(struct aanf *aanf, const char *subscriber)
{
    return context_store_expire(aanf->contexts, subscriber, loop_utc_s(aanf->loop));
}

void contexts_api_expire(void *ctx, struct http_request *request)
{
    change(ctx, request, "expire", expire);
}
