#include "naanf_probe.h"

#include "akma/naanf.h"
#include "base/secret.h"

#include <stdlib.h>

#define DEADLINE_MS 2000

struct naanf_probe {
    struct loop *loop;
    struct http_client *http;
    struct token_client *tokens;
    naanf_probe_fn *alive;
    void *ctx;
    struct loop_timer timer;
    struct token_waiter waiter;
    int64_t pause_ms;
    bool wanted;
    bool in_flight;
};

/* Between three quarters of the pause and all of it: AFs that lost their AAnF together do not come back together. */
static void again(struct naanf_probe *probe)
{
    uint32_t random;
    secret_random(&random, sizeof random);
    int64_t pause_ms = probe->pause_ms * 3 / 4 + (int64_t)random % (probe->pause_ms / 4 + 1);
    probe->pause_ms = probe->pause_ms * 2 < NAANF_PROBE_LONGEST_MS ? probe->pause_ms * 2 : NAANF_PROBE_LONGEST_MS;
    (void)loop_timer_set(probe->loop, &probe->timer, pause_ms); /* its place in the heap is still there */
}

/* Any answer but that of a server in trouble: 501 for a method it does not have is as good as 200. */
static bool is_alive(const struct http_response *response)
{
    static const int troubles[] = { 429, 500, 502, 503, 504 };
    if (response == NULL)
        return false;
    for (size_t i = 0; i < sizeof troubles / sizeof *troubles; i++)
        if (response->status == troubles[i])
            return false;
    return true;
}

static void answered(void *ctx, enum msgin5g_err err, const struct http_response *response)
{
    struct naanf_probe *probe = ctx;
    (void)err;
    probe->in_flight = false;
    if (!probe->wanted)
        return;
    if (!is_alive(response)) {
        again(probe);
        return;
    }
    naanf_probe_stop(probe);
    probe->alive(probe->ctx);
}

/* OPTIONS changes nothing and needs no A-KID: it goes the way of a key request, TLS and HTTP/2 included. */
static void ask(struct naanf_probe *probe)
{
    static const struct http_header headers[] = { { "user-agent", "AF-msgin5g" } };
    const struct http_call call = { .method = "OPTIONS",
        .path = NAANF_API "/retrieve-applicationkey",
        .headers = headers,
        .header_count = sizeof headers / sizeof *headers,
        .deadline_ms = DEADLINE_MS };
    if (http_client_send(probe->http, &call, answered, probe) == MSGIN5G_OK)
        probe->in_flight = true;
    else
        again(probe);
}

static void token_arrived(void *ctx, enum msgin5g_err err)
{
    struct naanf_probe *probe = ctx;
    probe->in_flight = false;
    if (!probe->wanted)
        return;
    if (err == MSGIN5G_OK)
        ask(probe);
    else
        again(probe);
}

/* Without a token no key: where they are used, the first question is whether there is one. */
static void on_timer(void *ctx)
{
    struct naanf_probe *probe = ctx;
    uint64_t number;
    if (probe->tokens == NULL || token_client_current(probe->tokens, &number) != NULL) {
        ask(probe);
        return;
    }
    probe->waiter = (struct token_waiter){ .done = token_arrived, .ctx = probe };
    if (token_client_wait(probe->tokens, &probe->waiter) == MSGIN5G_OK)
        probe->in_flight = true;
    else
        again(probe);
}

enum msgin5g_err naanf_probe_create(struct loop *loop, struct http_client *http, struct token_client *tokens,
    naanf_probe_fn *alive, void *ctx, struct naanf_probe **out)
{
    struct naanf_probe *probe = calloc(1, sizeof *probe);
    if (probe == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *probe = (struct naanf_probe){ .loop = loop, .http = http, .tokens = tokens, .alive = alive, .ctx = ctx };
    loop_timer_init(&probe->timer, on_timer, probe);
    *out = probe;
    return MSGIN5G_OK;
}

void naanf_probe_start(struct naanf_probe *probe, int64_t first_ms)
{
    if (probe->wanted)
        return;
    probe->wanted = true;
    probe->pause_ms = first_ms;
    if (!probe->in_flight) /* else what is under way says how it goes on */
        again(probe);
}

void naanf_probe_stop(struct naanf_probe *probe)
{
    if (probe == NULL)
        return;
    probe->wanted = false;
    loop_timer_cancel(probe->loop, &probe->timer);
}

void naanf_probe_free(struct naanf_probe *probe)
{
    naanf_probe_stop(probe);
    free(probe);
}
