/* The actor's thread: group commit, and what happens while the disk fails. */
#include "store.h"

#include "base/log.h"
#include "store_actor.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LAZY_MS        20      /* how long what nobody waits for may wait */
#define RETRY_MS       1000    /* between attempts while the disk fails */
#define BATCH_REQUESTS 4096    /* a transaction */
#define BATCH_OCTETS   8388608 /* the same */

static void finish_time(struct timespec *out, int64_t ms)
{
    (void)clock_gettime(CLOCK_MONOTONIC, out);
    out->tv_sec += ms / 1000;
    out->tv_nsec += ms % 1000 * 1000000;
    if (out->tv_nsec >= 1000000000) {
        out->tv_sec++;
        out->tv_nsec -= 1000000000;
    }
}

static int64_t now_us(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* ---- the thread: one transaction ----------------------------------------------------------------------------------
 */

static enum msgin5g_err apply_write(struct store *store, struct store_write *write)
{
    if (write->has_copies && store_engine_counts(store->engine)->octets + write->quota > store->quota_octets)
        return MSGIN5G_ERR_QUEUE_FULL;
    return store_write_apply(write, store->engine);
}

/* One attempt at the whole batch. A write over the quota drops out; one that cannot be carried out at all (its id is
 * taken) is marked, and the attempt has to be made again without it. */
static enum msgin5g_err attempt(struct store *store, struct store_chain *batch)
{
    enum msgin5g_err err = store_engine_begin(store->engine);
    for (struct store_request *request = batch->first; request != NULL && err == MSGIN5G_OK; request = request->next) {
        if (request->type != STORE_WRITE) {
            store_read_run(request, store->engine);
        } else if (request->err != MSGIN5G_ERR_INVALID) {
            request->err = apply_write(store, (struct store_write *)request);
            if (request->err != MSGIN5G_ERR_QUEUE_FULL)
                err = request->err;
        }
    }
    if (err == MSGIN5G_OK)
        return store_engine_commit(store->engine);
    store_engine_rollback(store->engine);
    return err;
}

/* Outside of a transaction: nothing was written, so what is read is read without it. */
static void run_reads(struct store *store, struct store_chain *batch)
{
    for (struct store_request *request = batch->first; request != NULL; request = request->next)
        if (request->type != STORE_WRITE)
            store_read_run(request, store->engine);
}

static void fail_writes(struct store_chain *batch, enum msgin5g_err err)
{
    for (struct store_request *request = batch->first; request != NULL; request = request->next)
        if (request->type == STORE_WRITE && request->err != MSGIN5G_ERR_INVALID)
            request->err = err;
}

static void tell_health(struct store *store, bool healthy)
{
    if (atomic_exchange(&store->healthy, healthy) == healthy)
        return;
    metric_set(store->metrics.healthy, healthy);
    if (healthy)
        log_info("the store can be written again");
    else
        log_error("the store cannot be written");
}

static void commit_batch(struct store *store, struct store_chain *batch)
{
    int64_t begin_us = now_us();
    enum msgin5g_err err;
    while ((err = attempt(store, batch)) == MSGIN5G_ERR_INVALID)
        log_error("a write was left out, its id is that of another message");
    if (err == MSGIN5G_OK) {
        metric_add(store->metrics.commits, 1);
        metric_observe_us(store->metrics.commit_time, now_us() - begin_us);
    } else {
        fail_writes(batch, err);
        run_reads(store, batch);
    }
    tell_health(store, err == MSGIN5G_OK);
}

static void count_result(struct store *store, const struct store_request *request)
{
    if (request->type != STORE_WRITE)
        return;
    metric_add(request->err == MSGIN5G_OK               ? store->metrics.stored
               : request->err == MSGIN5G_ERR_QUEUE_FULL ? store->metrics.full
                                                        : store->metrics.failed,
        1);
}

static void count_engine(struct store *store)
{
    const struct store_engine_counts *counts = store_engine_counts(store->engine);
    metric_set(store->metrics.messages, (int64_t)counts->copies);
    metric_set(store->metrics.octets, (int64_t)counts->octets);
    metric_add(store->metrics.damaged, counts->damaged - store->damaged_told);
    store->damaged_told = counts->damaged;
}

/* ---- the thread: what comes and goes ------------------------------------------------------------------------------
 */

static void finish_batch(struct store *store, struct store_chain *batch)
{
    struct store_request *request;
    pthread_mutex_lock(&store->lock);
    while ((request = store_chain_take(batch)) != NULL) {
        bool retry = request->err != MSGIN5G_OK && request->err != MSGIN5G_ERR_INVALID && store_nobody_waits(request) &&
                     !request->door->waiting;
        if (retry) {
            store_chain_add(&store->again, request);
            continue;
        }
        count_result(store, request);
        store_door_give_back(request);
    }
    pthread_mutex_unlock(&store->lock);
}

/* Under the lock. How long the thread may sleep: -1 for good, 0 when there is work. */
static int64_t may_sleep_ms(const struct store *store)
{
    if (store->eager > 0 || store->hurry || store->stopping)
        return 0;
    if (!atomic_load(&store->healthy))
        return RETRY_MS;
    return store->queued > 0 ? LAZY_MS : -1;
}

/* Under the lock. @return false when the time is over. */
static bool sleep_for(struct store *store, int64_t ms)
{
    struct timespec until;
    int rc = 0;
    store->idle = true;
    if (ms < 0) {
        rc = pthread_cond_wait(&store->wake, &store->lock);
    } else {
        finish_time(&until, ms);
        while (rc != ETIMEDOUT && may_sleep_ms(store) != 0)
            rc = pthread_cond_timedwait(&store->wake, &store->lock, &until);
    }
    store->idle = false;
    return rc != ETIMEDOUT;
}

/* Under the lock, until there is work: what somebody waits for, what has waited long enough, or a disk to try again. */
static void wait_for_work(struct store *store)
{
    int64_t ms;
    bool awake = true;
    while (awake && (ms = may_sleep_ms(store)) != 0)
        awake = sleep_for(store, ms);
    store->hurry = false;
}

/* Under the lock: what was left over, then what came, as far as it fits into one transaction. */
static void take_batch(struct store *store, struct store_chain *out)
{
    size_t requests = 0, octets = 0;
    *out = store->again;
    store->again = (struct store_chain){ 0 };
    while (store->queue.first != NULL && requests < BATCH_REQUESTS && octets < BATCH_OCTETS) {
        struct store_request *request = store_chain_take(&store->queue);
        store->queued--;
        store->eager -= store_nobody_waits(request) ? 0 : 1;
        requests++;
        octets += request->charged;
        store_chain_add(out, request);
    }
}

static bool has_writes(const struct store_chain *batch)
{
    for (const struct store_request *request = batch->first; request != NULL; request = request->next)
        if (request->type == STORE_WRITE)
            return true;
    return false;
}

static void run_batch(struct store *store, struct store_chain *batch)
{
    if (has_writes(batch) ||
        !atomic_load(&store->healthy)) /* an empty transaction tries whether the disk works again */
        commit_batch(store, batch);
    else
        run_reads(store, batch);
    count_engine(store);
    finish_batch(store, batch);
    int64_t begin_us = now_us();
    if (store_engine_maintain(store->engine))
        metric_observe_us(store->metrics.maintenance_time, now_us() - begin_us);
}

static void *work(void *ctx)
{
    struct store *store = ctx;
    struct store_chain batch;
    pthread_mutex_lock(&store->lock);
    while (!store->stopping || store->queued > 0) {
        wait_for_work(store);
        take_batch(store, &batch);
        metric_set(store->metrics.waiting, (int64_t)store->queued);
        if (batch.first == NULL && atomic_load(&store->healthy))
            continue;
        pthread_mutex_unlock(&store->lock);
        run_batch(store, &batch);
        pthread_mutex_lock(&store->lock);
    }
    pthread_mutex_unlock(&store->lock);
    return NULL;
}

/* ---- open and close ---------------------------------------------------------------------------------------------- */

static void register_metrics(struct store *store, struct metrics *registry)
{
    static const double seconds[] = { 0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 2 };
    size_t count = sizeof seconds / sizeof seconds[0];
    struct store_metrics *metrics = &store->metrics;
#define STORE_METRIC_REGISTER(member, type, name, labels, help)                                                        \
    metrics->member = metrics_##type(registry, name, help, labels);
    STORE_METRICS(STORE_METRIC_REGISTER)
#undef STORE_METRIC_REGISTER
    metrics->commit_time = metrics_histogram(
        registry, "msgin5g_store_commit_seconds", "Time a transaction took, its sync included.", "", seconds, count);
    metrics->maintenance_time = metrics_histogram(registry, "msgin5g_store_checkpoint_seconds",
        "Time the WAL took to get into the database; commits wait.", "", seconds, count);
}

static enum msgin5g_err read_key(struct store *store, const char *key_file)
{
    const char *problem = NULL;
    if (key_file == NULL)
        return MSGIN5G_OK;
    enum msgin5g_err err = secret_seal_key_read(key_file, &store->seal.key, &problem);
    store->seal.sealed = err == MSGIN5G_OK;
    if (err != MSGIN5G_OK)
        log_error("the store's key file cannot be used path=%s problem=\"%s\"", key_file, problem);
    return err;
}

/* Signals are for the thread of the loop. */
static enum msgin5g_err start(struct store *store)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    store->started = pthread_create(&store->thread, NULL, work, store) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return store->started ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

static void init_locks(struct store *store)
{
    pthread_condattr_t attributes;
    pthread_mutex_init(&store->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&store->wake, &attributes);
    pthread_condattr_destroy(&attributes);
}

enum msgin5g_err store_open(const struct store_config *config, struct metrics *registry, struct store **out)
{
    struct store *store = calloc(1, sizeof *store);
    if (store == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    init_locks(store);
    store->quota_octets = (uint64_t)config->quota_octets;
    atomic_store(&store->healthy, true);
    enum msgin5g_err err = read_key(store, config->key_file);
    if (err == MSGIN5G_OK)
        err = store_engine_open(config->folder, &store->seal, &store->engine);
    if (err == MSGIN5G_OK) {
        register_metrics(store, registry);
        metric_set(store->metrics.healthy, 1);
        store->highest_id = store_engine_counts(store->engine)->highest_id;
        count_engine(store);
        err = start(store);
    }
    if (err != MSGIN5G_OK) {
        store_close(store);
        return err;
    }
    const struct store_engine_counts *counts = store_engine_counts(store->engine);
    log_info("store in use folder=%s messages=%" PRIu64 " octets=%" PRIu64 " sealed=%s", config->folder, counts->copies,
        counts->octets, store->seal.sealed ? "yes" : "no");
    *out = store;
    return MSGIN5G_OK;
}

void store_close(struct store *store)
{
    if (store == NULL)
        return;
    if (store->started) {
        pthread_mutex_lock(&store->lock);
        store->stopping = true;
        pthread_mutex_unlock(&store->lock);
        pthread_cond_signal(&store->wake);
        pthread_join(store->thread, NULL);
    }
    store_engine_close(store->engine);
    secret_wipe(&store->seal, sizeof store->seal);
    pthread_cond_destroy(&store->wake);
    pthread_mutex_destroy(&store->lock);
    free(store);
}

uint64_t store_highest_id(const struct store *store)
{
    return store->highest_id;
}

bool store_healthy(const struct store *store)
{
    return atomic_load(&store->healthy);
}
