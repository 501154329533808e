#include "notifier.h"

#include "akma/naanf.h"
#include "base/log.h"
#include "http/client.h"
#include "policy.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define DEADLINE_MS 2000

static const int64_t pauses_ms[NOTIFIER_ATTEMPTS - 1] = { 1000, 5000 };

/* One afs[].notif_uris: there is a connection for each, made before it is needed. */
struct place {
    struct place *next;
    struct http_client *http;
    char base[];
};

struct notice {
    struct notice *prev, *next;
    struct notifier *notifier;
    struct place *place;
    int attempts;
    struct loop_timer again;
    struct naanf_disable_notif notif;
    char path[];
};

struct notifier {
    struct loop *loop;
    struct tls_context *tls;
    struct place *places;
    struct notice *notices;
    size_t count;
    bool closing;
    struct metric *sent, *unknown, *failed;
    struct log_limit failure_lines;
};

enum msgin5g_err notifier_create(
    struct loop *loop, struct tls_context *tls, struct metrics *metrics, struct notifier **out)
{
    static const char name[] = "msgin5g_aanf_notifications_total";
    static const char help[] = "Disablement notices to AFs, by how they ended";
    struct notifier *notifier = calloc(1, sizeof *notifier);
    if (notifier == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    notifier->loop = loop;
    notifier->tls = tls;
    notifier->sent = metrics_counter(metrics, name, help, "result=\"ok\"");
    notifier->unknown = metrics_counter(metrics, name, help, "result=\"unknown_a_kid\"");
    notifier->failed = metrics_counter(metrics, name, help, "result=\"failed\"");
    *out = notifier;
    return MSGIN5G_OK;
}

static void notice_free(struct notice *notice)
{
    struct notifier *notifier = notice->notifier;
    loop_timer_cancel(notifier->loop, &notice->again);
    DL_DELETE(notifier->notices, notice);
    notifier->count--;
    free(notice);
}

void notifier_free(struct notifier *notifier)
{
    if (notifier == NULL)
        return;
    notifier->closing = true;
    while (notifier->places != NULL) {
        struct place *place = notifier->places;
        notifier->places = place->next;
        http_client_free(place->http); /* ends the calls of its notices */
        free(place);
    }
    struct notice *notice = NULL;
    struct notice *next = NULL;
    DL_FOREACH_SAFE (notifier->notices, notice, next) /* those that wait for another attempt */
        notice_free(notice);
    free(notifier);
}

static struct place *place_find(const struct notifier *notifier, const char *uri)
{
    for (struct place *place = notifier->places; place != NULL; place = place->next)
        if (policy_uri_path(place->base, uri) != NULL)
            return place;
    return NULL;
}

static enum msgin5g_err place_add(struct notifier *notifier, const char *base)
{
    size_t octets = strlen(base) + 1;
    struct place *place = calloc(1, sizeof *place + octets);
    if (place == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    memcpy(place->base, base, octets);
    struct http_client_config http = { .url = base, .tls = notifier->tls, .metrics_label = "af" };
    enum msgin5g_err err = http_client_create(notifier->loop, &http, &place->http);
    if (err != MSGIN5G_OK) {
        log_warning("no notices can be sent there uri=%s reason=%s", base, msgin5g_err_text(err));
        free(place);
        return err == MSGIN5G_ERR_NO_MEMORY ? err : MSGIN5G_OK;
    }
    LL_PREPEND(notifier->places, place);
    return MSGIN5G_OK;
}

enum msgin5g_err notifier_prepare(struct notifier *notifier, const struct aanf_config *config)
{
    const struct af_config *afs = config->afs.values;
    enum msgin5g_err err = MSGIN5G_OK;
    for (size_t i = 0; i < config->afs.count; i++)
        for (size_t j = 0; err == MSGIN5G_OK && j < afs[i].notif_uris.count; j++)
            if (place_find(notifier, afs[i].notif_uris.values[j]) == NULL)
                err = place_add(notifier, afs[i].notif_uris.values[j]);
    return err;
}

static void notice_post(struct notice *notice);

static void on_again(void *ctx)
{
    notice_post(ctx);
}

/* 404: the AF has never heard of it, so there is nothing to end (section 1.6 of the AKMA digest). */
static void notice_done(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct notice *notice = ctx;
    struct notifier *notifier = notice->notifier;
    char shown[LOG_A_KID_LEN];
    unsigned left_out;
    int status = err == MSGIN5G_OK ? response->status : 0;
    bool final = (status >= 200 && status < 300) || status == 404;
    if (!final && !notifier->closing && notice->attempts < NOTIFIER_ATTEMPTS &&
        loop_timer_set(notifier->loop, &notice->again, pauses_ms[notice->attempts - 1]) == MSGIN5G_OK)
        return;
    metric_add(!final ? notifier->failed : status == 404 ? notifier->unknown : notifier->sent, 1);
    if (!final && log_limit_take(&notifier->failure_lines, loop_now_ms(notifier->loop), &left_out))
        log_warning("notice of disablement not delivered a_kid=%s status=%d reason=%s left_out=%u",
            log_a_kid(notice->notif.a_kid, shown), status, msgin5g_err_text(err), left_out);
    notice_free(notice);
}

static void notice_post(struct notice *notice)
{
    static const struct http_header headers[] = { { "user-agent", "AANF" } }; /* TS 29.500 5.2.2.2 */
    struct buffer body;
    buffer_init(&body, NAANF_BODY_MAX);
    enum msgin5g_err err = naanf_disable_notif_encode(&notice->notif, &body);
    const struct http_call call = {
        .method = "POST",
        .path = notice->path,
        .content_type = "application/json",
        .body = body.data,
        .length = body.length,
        .headers = headers,
        .header_count = 1,
        .deadline_ms = DEADLINE_MS,
    };
    notice->attempts++;
    if (err == MSGIN5G_OK)
        err = http_client_send(notice->place->http, &call, notice_done, notice);
    buffer_free(&body);
    if (err != MSGIN5G_OK)
        notice_done(notice, err, NULL);
}

void notifier_send(struct notifier *notifier, const char *uri, const char *a_kid)
{
    struct place *place = place_find(notifier, uri);
    const char *path = place != NULL ? policy_uri_path(place->base, uri) : NULL;
    size_t length = strlen(a_kid);
    struct notice *notice = NULL;
    if (path != NULL && length <= AKMA_A_KID_MAX && notifier->count < NOTIFIER_WAITING_MAX)
        notice = calloc(1, sizeof *notice + strlen(path) + 1);
    if (notice == NULL) {
        metric_add(notifier->failed, 1);
        return;
    }
    notice->notifier = notifier;
    notice->place = place;
    memcpy(notice->notif.a_kid, a_kid, length + 1);
    memcpy(notice->path, path, strlen(path) + 1);
    loop_timer_init(&notice->again, on_again, notice);
    DL_APPEND(notifier->notices, notice);
    notifier->count++;
    notice_post(notice);
}
