/* The doors of the storage actor: each on the loop of its shard. */
#include "base/log.h"
#include "store_actor.h"

#include <inttypes.h>
#include <stdlib.h>

#define DOOR_OCTETS_MAX 67108864 /* of requests under way */

bool store_nobody_waits(const struct store_request *request)
{
    return request->type == STORE_WRITE && ((const struct store_write *)request)->done == NULL;
}

void store_request_free(struct store_request *request)
{
    store_arena_reset(&request->arena);
    free(request);
}

/* Under the lock: the door's loop is woken once for all that it finds. */
void store_door_give_back(struct store_request *request)
{
    struct store_door *door = request->door;
    bool first = door->finished.first == NULL;
    store_chain_add(&door->finished, request);
    if (first)
        (void)mailbox_post(door->mailbox, door); /* has room: one item at a time */
    if (door->waiting)
        pthread_cond_signal(&door->came_back);
}

static void hand_over(struct store *store, struct store_request *request)
{
    pthread_mutex_lock(&store->lock);
    store_chain_add(&store->queue, request);
    store->queued++;
    store->eager += store_nobody_waits(request) ? 0 : 1;
    bool wake = store->idle && (store->queued == 1 || !store_nobody_waits(request));
    pthread_mutex_unlock(&store->lock);
    if (wake)
        pthread_cond_signal(&store->wake);
}

/* What was removed before goes first: order is the order of calls. */
static void flush_removals(void *ctx)
{
    struct store_door *door = ctx;
    struct store_write *removals = door->removals;
    door->removals = NULL;
    if (removals != NULL)
        (void)store_write_commit(removals, NULL, NULL);
}

static void enqueue(struct store_door *door, struct store_request *request, size_t octets)
{
    flush_removals(door);
    request->charged = octets;
    door->outstanding++;
    door->octets += octets;
    hand_over(door->store, request);
}

enum msgin5g_err store_door_submit(struct store_door *door, struct store_request *request, size_t octets)
{
    enum msgin5g_err err = MSGIN5G_OK;
    if (door->closed && !store_nobody_waits(request))
        err = MSGIN5G_ERR_CLOSED;
    else if (!store_nobody_waits(request) &&
             (door->outstanding >= STORE_REQUESTS_MAX || door->octets + octets > DOOR_OCTETS_MAX))
        err = MSGIN5G_ERR_OVERLOADED;
    if (err != MSGIN5G_OK) {
        metric_add(request->type == STORE_WRITE ? door->store->metrics.refused : NULL, 1);
        store_request_free(request);
        return err;
    }
    enqueue(door, request, octets);
    return MSGIN5G_OK;
}

static void finish_request(struct store_door *door, struct store_request *request)
{
    door->outstanding--;
    door->octets -= request->charged;
    if (request->type == STORE_WRITE) {
        struct store_write *write = (struct store_write *)request;
        if (write->done != NULL)
            write->done(request->ctx, request->err);
        else if (request->err != MSGIN5G_OK)
            log_error("a change that nobody waited for is lost problem=\"%s\"", msgin5g_err_text(request->err));
    } else if (store_read_finish(request)) {
        if (!door->closed) {
            enqueue(door, request, request->charged);
            return;
        }
        store_read_give_up(request, MSGIN5G_ERR_CLOSED);
    }
    store_request_free(request);
}

static bool take_finished(struct store_door *door)
{
    struct store_chain finished;
    struct store_request *request;
    pthread_mutex_lock(&door->store->lock);
    finished = door->finished;
    door->finished = (struct store_chain){ 0 };
    pthread_mutex_unlock(&door->store->lock);
    bool some = finished.first != NULL;
    while ((request = store_chain_take(&finished)) != NULL)
        finish_request(door, request);
    return some;
}

static void on_finished(void *ctx, void *item)
{
    (void)item;
    (void)take_finished(ctx);
}

void store_remove(struct store_door *door, uint64_t id)
{
    if (door->removals == NULL)
        door->removals = store_write_create(door);
    if (door->removals == NULL) {
        log_error("a delivered message stays stored for want of memory id=%" PRIu64, id);
        return;
    }
    store_write_remove(door->removals, id);
}

enum msgin5g_err store_door_create(struct store *store, struct loop *loop, struct store_door **out)
{
    struct store_door *door = calloc(1, sizeof *door);
    if (door == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    door->store = store;
    door->loop = loop;
    pthread_cond_init(&door->came_back, NULL);
    enum msgin5g_err err = mailbox_create(loop, 4, on_finished, door, &door->mailbox);
    if (err == MSGIN5G_OK)
        err = loop_on_round_end(loop, flush_removals, door);
    if (err != MSGIN5G_OK) {
        mailbox_free(door->mailbox, NULL);
        pthread_cond_destroy(&door->came_back);
        free(door);
        return err;
    }
    *out = door;
    return MSGIN5G_OK;
}

/* What nobody waits for is committed now; with a failing disk it is given up, or this would never end. */
static void hurry(struct store_door *door)
{
    struct store *store = door->store;
    pthread_mutex_lock(&store->lock);
    door->waiting = true;
    store->hurry = true;
    pthread_mutex_unlock(&store->lock);
    pthread_cond_signal(&store->wake);
}

static void wait_for_one(struct store_door *door)
{
    pthread_mutex_lock(&door->store->lock);
    while (door->finished.first == NULL)
        (void)pthread_cond_wait(&door->came_back, &door->store->lock);
    pthread_mutex_unlock(&door->store->lock);
}

void store_door_free(struct store_door *door)
{
    if (door == NULL)
        return;
    door->closed = true;
    do { /* callbacks that run here may still remove messages */
        flush_removals(door);
        hurry(door);
        while (door->outstanding > 0) {
            wait_for_one(door);
            (void)take_finished(door);
        }
    } while (door->removals != NULL);
    loop_off_round_end(door->loop, flush_removals, door);
    mailbox_free(door->mailbox, NULL);
    pthread_cond_destroy(&door->came_back);
    free(door);
}
