#include "contexts.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#define EXPIRED_KEPT_MS (10 * INT64_C(60000)) /* so long a UE is told why its context is of no use any more */

struct contexts {
    struct loop *loop;
    const struct server_config *config;
    struct contexts_transport transport;
    const struct way_ue_config *way_config;
    struct a_kid_sessions *a_kid_sessions;
    struct registrations *registrations;
    struct server_metrics *metrics;
    struct link *half_open; /* oldest first */
    size_t half_open_count, open_count;
};

enum msgin5g_err contexts_create(struct loop *loop, const struct server_config *config,
    const struct contexts_transport *transport, const struct way_ue_config *way_config,
    struct a_kid_sessions *a_kid_sessions, struct server_metrics *metrics, struct contexts **out)
{
    struct contexts *contexts = calloc(1, sizeof *contexts);
    if (contexts == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    contexts->loop = loop;
    contexts->config = config;
    contexts->transport = *transport;
    contexts->way_config = way_config;
    contexts->a_kid_sessions = a_kid_sessions;
    contexts->metrics = metrics;
    *out = contexts;
    return MSGIN5G_OK;
}

void contexts_free(struct contexts *contexts)
{
    free(contexts);
}

void contexts_serve(struct contexts *contexts, struct registrations *registrations)
{
    contexts->registrations = registrations;
}

static void show_counts(const struct contexts *contexts)
{
    metric_set(contexts->metrics->contexts_half_open, (int64_t)contexts->half_open_count);
    metric_set(contexts->metrics->contexts_open, (int64_t)contexts->open_count);
}

static void go_to(struct link *link, enum context_state next)
{
    struct contexts *contexts = link->contexts;
    if (link->state == CONTEXT_HALF_OPEN) {
        DL_DELETE(contexts->half_open, link);
        contexts->half_open_count--;
    }
    if (next == CONTEXT_HALF_OPEN) {
        DL_APPEND(contexts->half_open, link);
        contexts->half_open_count++;
    }
    contexts->open_count -= link->state == CONTEXT_OPEN;
    contexts->open_count += next == CONTEXT_OPEN;
    link->state = next;
    show_counts(contexts);
}

static void close_link(struct link *link)
{
    go_to(link, CONTEXT_ENDED);
    link->contexts->transport.close(link->peer.session);
}

/* ---- half-open ---- */

static void evict(struct link *link)
{
    metric_add(link->contexts->metrics->contexts_evicted, 1);
    close_link(link);
}

struct half_open_search {
    struct link *oldest;
    size_t count;
};

static void note_half_open(void *ctx, struct a_kid_member *member)
{
    struct half_open_search *search = ctx;
    struct link *link = link_of_a_kid(member);
    if (link->state != CONTEXT_HALF_OPEN)
        return;
    if (search->count++ == 0)
        search->oldest = link;
}

/* The oldest one goes: whoever repeats what a UE said (N13, N14) can delay this UE, but not lock it out. */
static void make_room(struct contexts *contexts, const struct establishment_grant *grant)
{
    struct half_open_search search = { NULL, 0 };
    (void)a_kid_sessions_each(contexts->a_kid_sessions, msgin5g_str(grant->a_kid), note_half_open, &search);
    if (search.count >= CONTEXTS_PER_A_KID)
        evict(search.oldest);
    if (contexts->half_open_count >= (size_t)contexts->config->half_open_total)
        evict(contexts->half_open);
}

static void on_key_expiry(void *ctx);

static struct link *link_new(struct contexts *contexts, const struct establishment_grant *grant)
{
    struct link *link = calloc(1, sizeof *link);
    if (link == NULL)
        return NULL;
    link->contexts = contexts;
    way_ue_init(&link->peer, contexts->way_config);
    link->expiry_s = grant->expiry_s;
    link->peer.registrations_until_s = grant->expiry_s + contexts->config->key_expiry_grace_ms / 1000;
    loop_timer_init(&link->peer.key_expiry, on_key_expiry, link);
    if (*grant->identity != '\0' && (link->peer.identity = strdup(grant->identity)) == NULL) {
        free(link);
        return NULL;
    }
    return link;
}

static enum msgin5g_err expect(struct contexts *contexts, const struct establishment_grant *grant, struct link *link)
{
    const struct transport_oscore oscore = {
        .master_secret = { (const char *)grant->secret.octets, sizeof grant->secret.octets },
        .master_salt = { (const char *)grant->salt, grant->salt_length },
        .sender_id = { (const char *)grant->af_sid.octets, grant->af_sid.length },
        .recipient_id = { (const char *)grant->ue_sid.octets, grant->ue_sid.length },
        .id_context = grant->id_context,
    };
    enum msgin5g_err err =
        contexts->transport.expect(contexts->transport.transport, &oscore, link, &link->peer.session);
    return err == MSGIN5G_ERR_LIMIT ? MSGIN5G_ERR_OVERLOADED : err;
}

enum msgin5g_err contexts_accept(struct contexts *contexts, const struct establishment_grant *grant)
{
    make_room(contexts, grant);
    struct link *link = link_new(contexts, grant);
    if (link == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    enum msgin5g_err err = expect(contexts, grant, link);
    if (err != MSGIN5G_OK) {
        free(link->peer.identity);
        free(link);
        return err;
    }
    go_to(link, CONTEXT_HALF_OPEN);
    err = a_kid_sessions_join(contexts->a_kid_sessions, &link->a_kid, msgin5g_str(grant->a_kid));
    if (err != MSGIN5G_OK)
        close_link(link);
    return err;
}

/* ---- open ---- */

static void replace(void *ctx, struct a_kid_member *other)
{
    struct link *newer = ctx, *older = link_of_a_kid(other);
    if (older->state != CONTEXT_OPEN && older->state != CONTEXT_EXPIRED)
        return;
    log_debug("session closed, its UE has a newer OSCORE context remote=%s",
        newer->contexts->transport.remote(older->peer.session));
    metric_add(newer->contexts->metrics->contexts_replaced, 1);
    registrations_move(newer->contexts->registrations, &older->peer, &newer->peer);
    close_link(older);
}

static enum msgin5g_err set_key_expiry(struct link *link)
{
    struct contexts *contexts = link->contexts;
    int64_t left_ms = (link->expiry_s - loop_utc_s(contexts->loop)) * 1000 + contexts->config->key_expiry_grace_ms;
    return loop_timer_set(contexts->loop, &link->peer.key_expiry, left_ms > 0 ? left_ms : 0);
}

void contexts_confirm(struct link *link)
{
    if (link->state != CONTEXT_HALF_OPEN)
        return;
    go_to(link, CONTEXT_OPEN);
    metric_add(link->contexts->metrics->contexts_confirmed, 1);
    a_kid_sessions_each_other(&link->a_kid, replace, link);
    if (set_key_expiry(link) != MSGIN5G_OK)
        close_link(link);
}

/* ---- expired ---- */

/* The first time K_AF is over, the second time the UE has been waited for long enough. */
static void on_key_expiry(void *ctx)
{
    struct link *link = ctx;
    struct contexts *contexts = link->contexts;
    if (link->state != CONTEXT_OPEN) {
        close_link(link);
        return;
    }
    log_debug("K_AF expired remote=%s", contexts->transport.remote(link->peer.session));
    metric_add(contexts->metrics->sessions_key_expired, 1);
    registrations_peer_closed(contexts->registrations, &link->peer);
    contexts->transport.end_observations(link->peer.session);
    go_to(link, CONTEXT_EXPIRED);
    if (loop_timer_set(contexts->loop, &link->peer.key_expiry, EXPIRED_KEPT_MS) != MSGIN5G_OK)
        close_link(link);
}

bool contexts_expired(const struct link *link)
{
    return link->state == CONTEXT_EXPIRED || link->state == CONTEXT_ENDED;
}

void contexts_end(struct link *link)
{
    close_link(link);
}

void contexts_closed(struct link *link, enum transport_end end)
{
    struct contexts *contexts = link->contexts;
    if (link->state == CONTEXT_HALF_OPEN && end == TRANSPORT_END_TIMEOUT)
        metric_add(contexts->metrics->contexts_timed_out, 1);
    go_to(link, CONTEXT_ENDED);
}
