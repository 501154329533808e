#include "faults.h"

#include "akma/keys.h"
#include "base/log.h"
#include "base/secret.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define DROPPED_MS 60000 /* no AF waits that long */

struct held {
    struct held *prev, *next;
    struct faults *faults;
    struct http_request *request;
    http_handler_fn *serve; /* NULL: answered with 504 */
    void *ctx;
    struct loop_timer timer;
};

struct faults {
    struct loop *loop;
    bool enabled;
    struct faults_setting setting;
    struct held *held;
    size_t held_count;
    struct metric *held_gauge;
};

bool faults_location_valid(const char *text)
{
    size_t length = strlen(text);
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] >= 0x7f)
            return false;
    return length <= FAULTS_LOCATION_MAX;
}

enum msgin5g_err faults_create(
    struct loop *loop, bool enabled, const struct faults_setting *setting, struct metric *held, struct faults **out)
{
    struct faults *faults = calloc(1, sizeof *faults);
    if (faults == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *faults = (struct faults){ .loop = loop, .enabled = enabled, .setting = *setting, .held_gauge = held };
    *out = faults;
    return MSGIN5G_OK;
}

static struct held release(struct held *held)
{
    struct held copy = *held;
    loop_timer_cancel(held->faults->loop, &held->timer);
    DL_DELETE(held->faults->held, held);
    held->faults->held_count--;
    metric_set(held->faults->held_gauge, (int64_t)held->faults->held_count);
    free(held);
    return copy;
}

static void answer(struct http_request *request, int status, const char *location)
{
    const struct http_header header = { "location", location };
    if (status < 300)
        http_respond(request, &(struct http_answer){ .status = status });
    else
        http_respond_problem_with(
            request, status, NULL, "fault injection", &header, status < 400 && location[0] != '\0' ? 1 : 0);
}

void faults_free(struct faults *faults)
{
    if (faults == NULL)
        return;
    struct held *held = NULL;
    struct held *next = NULL;
    DL_FOREACH_SAFE (faults->held, held, next)
        answer(release(held).request, 503, "");
    free(faults);
}

bool faults_enabled(const struct faults *faults)
{
    return faults->enabled;
}

struct faults_setting faults_setting(const struct faults *faults)
{
    return faults->setting;
}

void faults_set(struct faults *faults, const struct faults_setting *setting)
{
    faults->setting = *setting;
}

/* @return false when there is nothing to do instead of serving. */
static bool strike(const struct faults *faults, struct http_request *request)
{
    static const enum http_abort aborts[] = { [FAULTS_RESET_STREAM] = HTTP_ABORT_STREAM,
        [FAULTS_RESET_GOAWAY] = HTTP_ABORT_GOAWAY,
        [FAULTS_RESET_CONNECTION] = HTTP_ABORT_CONNECTION };
    const struct faults_setting *setting = &faults->setting;
    if (setting->reset == FAULTS_RESET_NONE && setting->status == 0)
        return false;
    log_info("fault injected remote=%s reset=%s status=%d", http_request_remote(request), faults_resets[setting->reset],
        (int)setting->status);
    if (setting->reset != FAULTS_RESET_NONE)
        http_request_abort(request, aborts[setting->reset]);
    else
        answer(request, (int)setting->status, setting->location);
    return true;
}

static void due(void *ctx)
{
    struct held held = release(ctx);
    if (held.serve == NULL)
        answer(held.request, 504, "");
    else if (!strike(held.faults, held.request))
        held.serve(held.ctx, held.request);
}

static bool hold(struct faults *faults, struct http_request *request, http_handler_fn *serve, void *ctx, int64_t ms)
{
    if (faults->held_count >= FAULTS_HELD_MAX)
        return false;
    struct held *held = calloc(1, sizeof *held);
    if (held == NULL)
        return false;
    *held = (struct held){ .faults = faults, .request = request, .serve = serve, .ctx = ctx };
    loop_timer_init(&held->timer, due, held);
    if (loop_timer_set(faults->loop, &held->timer, ms) != MSGIN5G_OK) {
        free(held);
        return false;
    }
    DL_APPEND(faults->held, held);
    faults->held_count++;
    metric_set(faults->held_gauge, (int64_t)faults->held_count);
    return true;
}

bool faults_take(struct faults *faults, struct http_request *request, http_handler_fn *serve, void *ctx)
{
    const struct faults_setting *setting = &faults->setting;
    if (!faults->enabled)
        return false;
    if (setting->drop)
        return hold(faults, request, NULL, NULL, DROPPED_MS);
    if (setting->latency_ms > 0)
        return hold(faults, request, serve, ctx, setting->latency_ms);
    return strike(faults, request);
}

/* ---- wrong answers: the text of a right one is changed, so that nothing else about it differs -------------------- */

const char *const faults_resets[] = { "none", "stream", "goaway", "connection", NULL };
const char *const faults_keys[] = { "right", "other", "zero", "short", NULL };
const char *const faults_expiries[] = { "right", "past", "unparsable", NULL };
const char *const faults_bodies[] = { "whole", "truncated", "anonymous", NULL };

/* The text of a string member of the body's object, as our encoder wrote it. @return NULL when there is none. */
static char *text_of(struct buffer *body, const char *opening, size_t *length)
{
    char *at = memmem(body->data, body->length, opening, strlen(opening));
    if (at == NULL)
        return NULL;
    at += strlen(opening);
    const char *end = memchr(at, '"', body->length - (size_t)(at - (char *)body->data));
    *length = end != NULL ? (size_t)(end - at) : 0;
    return end != NULL ? at : NULL;
}

static void spoil_key(int fault, struct buffer *body)
{
    size_t length;
    uint8_t random[AKMA_KEY_LEN] = { 0 };
    char hex[2 * sizeof random + 1];
    char *key = text_of(body, "\"kaf\":\"", &length);
    if (key == NULL || length != sizeof hex - 1 || fault == FAULTS_KEY_RIGHT)
        return;
    if (fault == FAULTS_KEY_SHORT) {
        memmove(key, key + 2, body->length - (size_t)(key + 2 - (char *)body->data));
        body->length -= 2;
        return;
    }
    if (fault == FAULTS_KEY_OTHER)
        secret_random(random, sizeof random);
    secret_to_hex(random, sizeof random, hex);
    memcpy(key, hex, length);
}

static void spoil_expiry(int fault, struct buffer *body)
{
    static const char past[] = "2001-01-01T00:00:00Z";
    size_t length;
    char *expiry = text_of(body, "\"expiry\":\"", &length);
    if (expiry == NULL || length != sizeof past - 1)
        return;
    if (fault == FAULTS_EXPIRY_PAST)
        memcpy(expiry, past, length);
    else if (fault == FAULTS_EXPIRY_UNPARSABLE)
        memset(expiry, 'x', length);
}

/* Under another name the member is one that the AF does not know, and ignores. */
static void hide_member(const char *opening, struct buffer *body)
{
    char *at = memmem(body->data, body->length, opening, strlen(opening));
    if (at != NULL)
        at[1] = 'x';
}

void faults_spoil(const struct faults *faults, struct buffer *body)
{
    const struct faults_setting *setting = &faults->setting;
    if (!faults->enabled)
        return;
    spoil_key(setting->key, body);
    spoil_expiry(setting->expiry, body);
    if (setting->body == FAULTS_BODY_TRUNCATED)
        body->length /= 2;
    if (setting->body == FAULTS_BODY_ANONYMOUS) {
        hide_member("\"supi\":\"", body);
        hide_member("\"gpsi\":\"", body);
    }
}
