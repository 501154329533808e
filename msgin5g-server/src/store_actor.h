/* The storage actor from inside: what its thread and its doors share. See store.h. */
#ifndef STORE_ACTOR_H
#define STORE_ACTOR_H

#include "base/mailbox.h"
#include "store_metrics.h"
#include "store_request.h"

#include <pthread.h>
#include <stdatomic.h>

struct store {
    struct store_engine *engine;
    struct store_seal seal;
    uint64_t quota_octets;
    uint64_t highest_id;
    struct store_metrics metrics;
    uint64_t damaged_told;
    pthread_t thread;
    bool started;
    atomic_bool healthy;

    pthread_mutex_t lock; /* of what follows, and of the doors' finished chains */
    pthread_cond_t wake;
    struct store_chain queue;
    size_t queued, eager; /* requests in it; those that somebody waits for */
    bool idle, hurry, stopping;

    struct store_chain again; /* the thread's: what nobody waits for and could not be committed */
};

struct store_door {
    struct store *store;
    struct loop *loop;
    struct mailbox *mailbox;
    size_t outstanding, octets; /* requests under way, and what they hold */
    struct store_write *removals;
    bool closed;
    struct store_chain finished; /* under the store's lock */
    bool waiting;                /* store_door_free() does; the same */
    pthread_cond_t came_back;
};

/** True for a write without a callback. */
bool store_nobody_waits(const struct store_request *request);
/** Under the lock, on the thread: the request is the door's again. */
void store_door_give_back(struct store_request *request);

#endif
