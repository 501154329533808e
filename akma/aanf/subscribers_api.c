#include "subscribers_api.h"

#include "base/json_writer.h"
#include "base/log.h"
#include "management.h"
#include "subscriber_json.h"

#include <string.h>

#define LIST_OCTETS_MAX ((size_t)4 << 20)
#define ENTRY_OCTETS    8192 /* more than one subscriber needs, every octet escaped */
#define DETAIL_MAX      128

static void write_subscriber(struct json_writer *writer, const struct subscriber *subscriber)
{
    uint8_t sqn[6];
    char sqn_hex[2 * sizeof sqn + 1], amf_hex[2 * sizeof subscriber->amf + 1];
    for (size_t i = 0; i < sizeof sqn; i++)
        sqn[i] = (uint8_t)(subscriber->sqn >> (40 - 8 * i));
    secret_to_hex(sqn, sizeof sqn, sqn_hex);
    secret_to_hex(subscriber->amf, sizeof subscriber->amf, amf_hex);
    json_object_begin(writer, NULL);
    json_text(writer, "supi", subscriber->supi);
    json_text(writer, "gpsi", subscriber->gpsi);
    json_text(writer, "rid", subscriber->rid);
    json_text(writer, "home_realm", subscriber->home_realm);
    json_text(writer, "amf", amf_hex);
    json_text(writer, "sqn", sqn_hex);
    json_bool(writer, "akma_allowed", subscriber->akma_allowed);
    json_text(writer, "origin", subscriber->provisioned ? "management" : "configuration");
    json_object_end(writer);
}

/* ---- looking ---------------------------------------------------------------------------------------------------- */

struct listing {
    struct json_writer writer;
    bool full;
};

static void list_one(void *ctx, const struct subscriber *subscriber)
{
    struct listing *listing = ctx;
    struct json_writer *writer = &listing->writer;
    listing->full = listing->full || writer->length + 2 * (size_t)ENTRY_OCTETS > writer->capacity;
    if (!listing->full)
        write_subscriber(writer, subscriber);
}

static void respond_json(struct http_request *request, int status, const struct json_writer *writer)
{
    size_t length = 0;
    enum msgin5g_err err = json_writer_finish(writer, &length);
    if (err == MSGIN5G_OK)
        http_respond(
            request, &(struct http_answer){
                         .status = status, .content_type = "application/json", .body = writer->out, .length = length });
    else
        http_respond_problem(request, 500, NULL, msgin5g_err_text(err));
}

void subscribers_api_list(void *ctx, struct http_request *request)
{
    struct management *management = ctx;
    struct subscriber_store *subscribers = management->aanf->subscribers;
    struct listing listing = { 0 };
    struct buffer body;
    uint8_t *place;
    if (!management_admit(management, request))
        return;
    log_info("subscribers listed remote=%s", http_request_remote(request)); /* TS 33.117 4.2.3.2.5 */
    buffer_init(&body, LIST_OCTETS_MAX);
    if (buffer_reserve(&body, LIST_OCTETS_MAX, &place) == MSGIN5G_OK) {
        json_writer_init(&listing.writer, place, LIST_OCTETS_MAX);
        json_object_begin(&listing.writer, NULL);
        json_integer(&listing.writer, "count", (int64_t)subscriber_store_count(subscribers));
        json_array_begin(&listing.writer, "subscribers");
        subscriber_store_each(subscribers, list_one, &listing);
        json_array_end(&listing.writer);
        json_bool(&listing.writer, "complete", !listing.full);
        json_object_end(&listing.writer);
        respond_json(request, 200, &listing.writer);
    } else {
        http_respond_problem(request, 500, NULL, msgin5g_err_text(MSGIN5G_ERR_NO_MEMORY));
    }
    buffer_free(&body);
}

static void respond_subscriber(struct http_request *request, int status, const struct subscriber *subscriber)
{
    uint8_t text[ENTRY_OCTETS];
    struct json_writer writer;
    json_writer_init(&writer, text, sizeof text);
    write_subscriber(&writer, subscriber);
    respond_json(request, status, &writer);
}

/* The one the path names, of @p supi for a while. @return NULL after answering 404. */
static struct subscriber *find(
    const struct management *management, struct http_request *request, char supi[AKMA_SUPI_MAX + 1])
{
    struct msgin5g_str named = http_request_param(request, "supi");
    supi[0] = '\0';
    if (named.length <= AKMA_SUPI_MAX) {
        memcpy(supi, named.octets, named.length);
        supi[named.length] = '\0';
    }
    struct subscriber *subscriber = subscriber_store_find(management->aanf->subscribers, supi);
    if (subscriber == NULL)
        http_respond_problem(request, 404, "USER_NOT_FOUND", NULL);
    return subscriber;
}

void subscribers_api_show(void *ctx, struct http_request *request)
{
    struct management *management = ctx;
    char supi[AKMA_SUPI_MAX + 1];
    if (!management_admit(management, request))
        return;
    const struct subscriber *subscriber = find(management, request, supi);
    if (subscriber != NULL)
        respond_subscriber(request, 200, subscriber);
}

/* ---- changing --------------------------------------------------------------------------------------------------- */

static void say(const char *what, const char *supi, const struct http_request *request, enum msgin5g_err err)
{
    char shown[LOG_IDENTITY_LEN];
    log_info("subscriber changed by management what=%s supi=%s remote=%s result=\"%s\"", what,
        log_identity(supi, shown), http_request_remote(request), msgin5g_err_text(err));
}

static void refuse(struct http_request *request, enum msgin5g_err err, const struct subscriber_problem *problem)
{
    char detail[DETAIL_MAX];
    if (err == MSGIN5G_ERR_MALFORMED) {
        (void)snprintf(detail, sizeof detail, "%s%s%s", problem->member != NULL ? problem->member : "",
            problem->member != NULL ? ": " : "", problem->what);
        http_respond_problem(request, 400, NULL, detail);
    } else {
        http_respond_problem(request, 500, err == MSGIN5G_ERR_LIMIT ? "INSUFFICIENT_RESOURCES" : "SYSTEM_FAILURE",
            err == MSGIN5G_ERR_LIMIT ? "see limits.provisioned" : NULL);
    }
}

/* Keep it; with other keys, or without AKMA, what its old SIM derived is over. */
static enum msgin5g_err put(struct aanf *aanf, const struct subscriber_config *config)
{
    struct subscriber_keys before = { 0 };
    const struct subscriber *subscriber = subscriber_store_find(aanf->subscribers, config->supi);
    bool known = subscriber != NULL;
    if (known)
        before = *subscriber->keys;
    enum msgin5g_err err = subscriber_store_put(aanf->subscribers, config);
    if (err == MSGIN5G_OK) {
        subscriber = subscriber_store_find(aanf->subscribers, config->supi);
        state_keep_subscriber(aanf->state, subscriber);
        if (!subscriber->akma_allowed || (known && !secret_equal(subscriber->keys, &before, sizeof before)))
            (void)aanf_remove_context(aanf, config->supi);
    }
    secret_wipe(&before, sizeof before);
    return err;
}

void subscribers_api_add(void *ctx, struct http_request *request)
{
    struct management *management = ctx;
    struct subscriber_store *subscribers = management->aanf->subscribers;
    struct subscriber_config config = { 0 };
    struct subscriber_problem problem = { 0 };
    if (!management_admit_keys(management, request))
        return;
    enum msgin5g_err err = config_defaults(subscriber_config_keys, &config);
    if (err == MSGIN5G_OK)
        err = subscriber_json_decode(http_request_body(request), &config, &problem);
    if (err != MSGIN5G_OK) {
        refuse(request, err, &problem);
    } else if (subscriber_store_find(subscribers, config.supi) != NULL) {
        http_respond_problem(request, 409, NULL, "this subscriber is there already");
    } else {
        err = put(management->aanf, &config);
        say("add", config.supi, request, err);
        if (err == MSGIN5G_OK)
            respond_subscriber(request, 201, subscriber_store_find(subscribers, config.supi));
        else
            refuse(request, err, &problem);
    }
    config_free(subscriber_config_keys, &config);
}

/* The configuration is the master of what it holds: a change here would be gone at the next SIGHUP. */
static bool may_change(struct http_request *request, const struct subscriber *subscriber)
{
    if (subscriber->provisioned)
        return true;
    http_respond_problem(
        request, 409, NULL, "this subscriber is in the configuration: change it there and send SIGHUP");
    return false;
}

void subscribers_api_change(void *ctx, struct http_request *request)
{
    struct management *management = ctx;
    struct subscriber_config config = { 0 };
    struct subscriber_problem problem = { 0 };
    char supi[AKMA_SUPI_MAX + 1];
    if (!management_admit_keys(management, request))
        return;
    const struct subscriber *subscriber = find(management, request, supi);
    if (subscriber == NULL || !may_change(request, subscriber))
        return;
    enum msgin5g_err err = subscriber_to_config(subscriber, &config);
    if (err == MSGIN5G_OK)
        err = subscriber_json_decode(http_request_body(request), &config, &problem);
    if (err == MSGIN5G_OK && strcmp(config.supi, supi) != 0) {
        problem = (struct subscriber_problem){ "supi", "cannot be changed" };
        err = MSGIN5G_ERR_MALFORMED;
    }
    if (err == MSGIN5G_OK) {
        err = put(management->aanf, &config);
        say("change", supi, request, err);
    }
    if (err == MSGIN5G_OK)
        respond_subscriber(request, 200, subscriber_store_find(management->aanf->subscribers, supi));
    else
        refuse(request, err, &problem);
    config_free(subscriber_config_keys, &config);
}

void subscribers_api_remove(void *ctx, struct http_request *request)
{
    struct management *management = ctx;
    struct aanf *aanf = management->aanf;
    char supi[AKMA_SUPI_MAX + 1];
    if (!management_admit(management, request))
        return;
    const struct subscriber *subscriber = find(management, request, supi);
    if (subscriber == NULL || !may_change(request, subscriber))
        return;
    enum msgin5g_err err = subscriber_store_remove(aanf->subscribers, supi);
    state_drop_subscriber(aanf->state, supi);
    (void)aanf_remove_context(aanf, supi);
    say("remove", supi, request, err);
    http_respond(request, &(struct http_answer){ .status = 204 });
}
