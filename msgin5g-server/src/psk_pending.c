#include "psk_pending.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

struct held {
    struct held *next;
    size_t length;
    uint8_t octets[];
};

struct psk_pending {
    size_t max_peers, max_octets;
    size_t peers, octets;
    struct server_metrics *metrics;
};

struct psk_wait {
    struct psk_pending *all;
    void *owner;
    struct held *datagrams; /* oldest first */
    size_t count;
    size_t octets;
};

enum msgin5g_err psk_pending_create(
    size_t max_peers, size_t max_octets, struct server_metrics *metrics, struct psk_pending **out)
{
    struct psk_pending *pending = calloc(1, sizeof *pending);
    if (pending == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    pending->max_peers = max_peers;
    pending->max_octets = max_octets;
    pending->metrics = metrics;
    *out = pending;
    return MSGIN5G_OK;
}

void psk_pending_free(struct psk_pending *pending)
{
    free(pending);
}

static void show(const struct psk_pending *pending)
{
    metric_set(pending->metrics->gate_pending, (int64_t)pending->peers);
    metric_set(pending->metrics->gate_held_octets, (int64_t)pending->octets);
}

struct psk_wait *psk_wait_begin(struct psk_pending *pending, void *owner)
{
    struct psk_wait *wait = pending->peers < pending->max_peers ? calloc(1, sizeof *wait) : NULL;
    if (wait == NULL)
        return NULL;
    wait->all = pending;
    wait->owner = owner;
    pending->peers++;
    show(pending);
    return wait;
}

void *psk_wait_owner(const struct psk_wait *wait)
{
    return wait->owner;
}

bool psk_wait_hold(struct psk_wait *wait, const uint8_t *octets, size_t length)
{
    struct psk_pending *all = wait->all;
    bool room = wait->count < PSK_PENDING_DATAGRAMS && length <= PSK_PENDING_OCTETS - wait->octets &&
                all->octets + length <= all->max_octets;
    struct held *held = room ? malloc(sizeof *held + length) : NULL;
    if (held == NULL) {
        metric_add(all->metrics->gate_dropped, 1);
        return false;
    }
    held->length = length;
    memcpy(held->octets, octets, length);
    LL_APPEND(wait->datagrams, held);
    wait->count++;
    wait->octets += length;
    all->octets += length;
    show(all);
    return true;
}

static struct held *take(struct psk_wait *wait)
{
    struct held *held = wait->datagrams;
    if (held == NULL)
        return NULL;
    LL_DELETE(wait->datagrams, held);
    wait->count--;
    wait->octets -= held->length;
    wait->all->octets -= held->length;
    show(wait->all);
    return held;
}

void psk_wait_abandon(struct psk_wait *wait)
{
    wait->owner = NULL;
    for (struct held *held; (held = take(wait)) != NULL;)
        free(held);
}

uint8_t *psk_wait_take(struct psk_wait *wait, size_t *length)
{
    struct held *held = take(wait);
    if (held == NULL)
        return NULL;
    *length = held->length;
    /* The octets move to the front, so that the block is theirs alone. */
    return memmove(held, held->octets, held->length);
}

uint8_t *psk_wait_take_all(struct psk_wait *wait, size_t *length)
{
    uint8_t *all = wait->octets > 0 ? malloc(wait->octets) : NULL;
    *length = 0;
    if (all == NULL)
        return NULL;
    for (struct held *held; (held = take(wait)) != NULL; free(held)) {
        memcpy(all + *length, held->octets, held->length);
        *length += held->length;
    }
    return all;
}

void psk_wait_end(struct psk_wait *wait)
{
    psk_wait_abandon(wait);
    wait->all->peers--;
    show(wait->all);
    free(wait);
}
