#include "store_checkpoint.h"

#include "base/log.h"

#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>

struct store_checkpoint {
    sqlite3 *db;
    pthread_t thread;
    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t changed;
    bool wanted, stopping; /* wanted until it is done */
    int moved;
};

/* Outside of the lock. An error is no harm: the WAL stays longer, and commits tell when the disk fails. */
static int move_pages(struct store_checkpoint *checkpoint)
{
    int pages = 0, moved = 0;
    int rc = sqlite3_wal_checkpoint_v2(checkpoint->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
    if (rc != SQLITE_OK)
        log_debug("the WAL stays as it is reason=\"%s\"", sqlite3_errmsg(checkpoint->db));
    return rc == SQLITE_OK ? moved : 0;
}

static void *work(void *ctx)
{
    struct store_checkpoint *checkpoint = ctx;
    pthread_mutex_lock(&checkpoint->lock);
    while (!checkpoint->stopping) {
        if (!checkpoint->wanted) {
            (void)pthread_cond_wait(&checkpoint->changed, &checkpoint->lock);
            continue;
        }
        pthread_mutex_unlock(&checkpoint->lock);
        int moved = move_pages(checkpoint);
        pthread_mutex_lock(&checkpoint->lock);
        checkpoint->moved = moved;
        checkpoint->wanted = false;
        pthread_cond_broadcast(&checkpoint->changed);
    }
    pthread_mutex_unlock(&checkpoint->lock);
    return NULL;
}

enum msgin5g_err store_checkpoint_start(const char *path, struct store_checkpoint **out)
{
    struct store_checkpoint *checkpoint = calloc(1, sizeof *checkpoint);
    if (checkpoint == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    int rc = sqlite3_open_v2(path, &checkpoint->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) /* a connection that has read nothing does not know that there is a WAL */
        rc = sqlite3_exec(checkpoint->db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (rc != SQLITE_OK) {
        (void)sqlite3_close(checkpoint->db);
        free(checkpoint);
        return (rc & 0xff) == SQLITE_NOMEM ? MSGIN5G_ERR_NO_MEMORY : MSGIN5G_ERR_STORE;
    }
    pthread_mutex_init(&checkpoint->lock, NULL);
    pthread_cond_init(&checkpoint->changed, NULL);
    if (pthread_create(&checkpoint->thread, NULL, work, checkpoint) != 0) {
        (void)sqlite3_close(checkpoint->db);
        free(checkpoint);
        return MSGIN5G_ERR_NO_MEMORY;
    }
    *out = checkpoint;
    return MSGIN5G_OK;
}

void store_checkpoint_stop(struct store_checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    pthread_mutex_lock(&checkpoint->lock);
    checkpoint->stopping = true;
    pthread_cond_broadcast(&checkpoint->changed);
    pthread_mutex_unlock(&checkpoint->lock);
    pthread_join(checkpoint->thread, NULL);
    (void)sqlite3_close(checkpoint->db);
    pthread_cond_destroy(&checkpoint->changed);
    pthread_mutex_destroy(&checkpoint->lock);
    free(checkpoint);
}

void store_checkpoint_run(struct store_checkpoint *checkpoint)
{
    pthread_mutex_lock(&checkpoint->lock);
    checkpoint->wanted = true;
    pthread_cond_broadcast(&checkpoint->changed);
    pthread_mutex_unlock(&checkpoint->lock);
}

bool store_checkpoint_idle(struct store_checkpoint *checkpoint, int *moved)
{
    pthread_mutex_lock(&checkpoint->lock);
    bool idle = !checkpoint->wanted;
    *moved = checkpoint->moved;
    pthread_mutex_unlock(&checkpoint->lock);
    return idle;
}

void store_checkpoint_wait(struct store_checkpoint *checkpoint, int *moved)
{
    pthread_mutex_lock(&checkpoint->lock);
    while (checkpoint->wanted)
        (void)pthread_cond_wait(&checkpoint->changed, &checkpoint->lock);
    *moved = checkpoint->moved;
    pthread_mutex_unlock(&checkpoint->lock);
}
