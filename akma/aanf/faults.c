#include "faults.h"

#include <stdlib.h>
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
};

enum msgin5g_err faults_create(
    struct loop *loop, bool enabled, const struct faults_setting *setting, struct faults **out)
{
    struct faults *faults = calloc(1, sizeof *faults);
    if (faults == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *faults = (struct faults){ .loop = loop, .enabled = enabled, .setting = *setting };
    *out = faults;
    return MSGIN5G_OK;
}

static struct held release(struct held *held)
{
    struct held copy = *held;
    loop_timer_cancel(held->faults->loop, &held->timer);
    DL_DELETE(held->faults->held, held);
    held->faults->held_count--;
    free(held);
    return copy;
}

static void answer(struct http_request *request, int status)
{
    http_respond_problem(request, status, NULL, "fault injection");
}

void faults_free(struct faults *faults)
{
    if (faults == NULL)
        return;
    struct held *held = NULL;
    struct held *next = NULL;
    DL_FOREACH_SAFE (faults->held, held, next)
        answer(release(held).request, 503);
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

static void due(void *ctx)
{
    struct held held = release(ctx);
    int64_t status = held.serve == NULL ? 504 : held.faults->setting.status;
    if (status != 0)
        answer(held.request, (int)status);
    else
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
    if (setting->status == 0)
        return false;
    answer(request, (int)setting->status);
    return true;
}
