#include "base/mailbox.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#define CAPACITY_MAX 1048576

/* Two arrays: posters fill one, the loop's thread empties the other without the lock, then they change places. */
struct mailbox {
    pthread_mutex_t lock;
    void **posted;
    size_t posted_count;
    size_t capacity;

    void **taken; /* from here on: the loop's thread only */
    size_t taken_count;
    size_t next;
    int wake_fd;
    struct loop_io *io;
    mailbox_fn *run;
    void *ctx;
    bool running;
    bool freed; /* by a callback; whoever runs the batch releases it */
};

static void release(struct mailbox *mailbox)
{
    loop_io_remove(mailbox->io);
    if (mailbox->wake_fd >= 0)
        close(mailbox->wake_fd);
    free(mailbox->posted);
    free(mailbox->taken);
    pthread_mutex_destroy(&mailbox->lock);
    free(mailbox);
}

static void take_posted(struct mailbox *mailbox)
{
    void **empty = mailbox->taken;
    pthread_mutex_lock(&mailbox->lock);
    mailbox->taken = mailbox->posted;
    mailbox->taken_count = mailbox->posted_count;
    mailbox->posted = empty;
    mailbox->posted_count = 0;
    pthread_mutex_unlock(&mailbox->lock);
    mailbox->next = 0;
}

static void on_wake(void *ctx, uint32_t events)
{
    struct mailbox *mailbox = ctx;
    eventfd_t count;
    (void)events;
    (void)eventfd_read(mailbox->wake_fd, &count);
    take_posted(mailbox);
    mailbox->running = true;
    while (mailbox->next < mailbox->taken_count)
        mailbox->run(mailbox->ctx, mailbox->taken[mailbox->next++]);
    mailbox->running = false;
    if (mailbox->freed)
        release(mailbox);
}

enum msgin5g_err mailbox_create(struct loop *loop, size_t capacity, mailbox_fn *run, void *ctx, struct mailbox **out)
{
    enum msgin5g_err err = MSGIN5G_ERR_NO_MEMORY;
    if (capacity == 0 || capacity > CAPACITY_MAX)
        return MSGIN5G_ERR_INVALID;
    struct mailbox *mailbox = calloc(1, sizeof *mailbox);
    if (mailbox == NULL)
        return err;
    pthread_mutex_init(&mailbox->lock, NULL);
    mailbox->capacity = capacity;
    mailbox->run = run;
    mailbox->ctx = ctx;
    mailbox->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    mailbox->posted = calloc(capacity, sizeof *mailbox->posted);
    mailbox->taken = calloc(capacity, sizeof *mailbox->taken);
    if (mailbox->posted == NULL || mailbox->taken == NULL)
        goto fail;
    err = MSGIN5G_ERR_IO;
    if (mailbox->wake_fd < 0)
        goto fail;
    if ((err = loop_io_add(loop, mailbox->wake_fd, EPOLLIN, on_wake, mailbox, &mailbox->io)) != MSGIN5G_OK)
        goto fail;
    *out = mailbox;
    return MSGIN5G_OK;
fail:
    release(mailbox);
    return err;
}

enum msgin5g_err mailbox_post(struct mailbox *mailbox, void *item)
{
    pthread_mutex_lock(&mailbox->lock);
    size_t before = mailbox->posted_count;
    if (before < mailbox->capacity)
        mailbox->posted[mailbox->posted_count++] = item;
    pthread_mutex_unlock(&mailbox->lock);
    if (before == mailbox->capacity)
        return MSGIN5G_ERR_LIMIT;
    if (before == 0) /* who finds it empty wakes the loop; the others ride along */
        (void)eventfd_write(mailbox->wake_fd, 1);
    return MSGIN5G_OK;
}

void mailbox_free(struct mailbox *mailbox, void (*drop)(void *item))
{
    if (mailbox == NULL)
        return;
    while (drop != NULL && mailbox->next < mailbox->taken_count)
        drop(mailbox->taken[mailbox->next++]);
    take_posted(mailbox);
    while (drop != NULL && mailbox->next < mailbox->taken_count)
        drop(mailbox->taken[mailbox->next++]);
    mailbox->next = mailbox->taken_count;
    mailbox->freed = mailbox->running;
    if (!mailbox->running)
        release(mailbox);
}
