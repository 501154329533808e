/* A bounded queue into a loop: any thread posts, the loop's thread receives (decision D4). */
#ifndef BASE_MAILBOX_H
#define BASE_MAILBOX_H

#include "base/loop.h"

struct mailbox;
/** Runs on the loop's thread, once an item, in the order of posting by one thread; the item's ownership passes to it.
 */
typedef void mailbox_fn(void *ctx, void *item);

/** @p capacity 1 to 1048576 items. @return MSGIN5G_OK, ERR_INVALID, ERR_IO or ERR_NO_MEMORY. */
enum msgin5g_err mailbox_create(struct loop *loop, size_t capacity, mailbox_fn *run, void *ctx, struct mailbox **out);
/** Post from any thread. @return MSGIN5G_OK (the item is the mailbox's now) or ERR_LIMIT when it is full (still the
 * caller's). */
enum msgin5g_err mailbox_post(struct mailbox *mailbox, void *item);
/** Release; items still inside are handed to @p drop (may be NULL when there can be none). Only on the loop's thread,
 * also inside of a mailbox_fn; nobody may post any more. NULL is allowed. */
void mailbox_free(struct mailbox *mailbox, void (*drop)(void *item));

#endif
