/*
 * The storage interface in memory, for tests: what is asked for happens, in order, when the loop goes round, and fails
 * on demand. It links in place of the real one.
 */
#ifndef FAKE_STORE_H
#define FAKE_STORE_H

#include "store.h"

/** @p loop is borrowed. */
struct store_door *fake_store_create(struct loop *loop);
void fake_store_free(struct store_door *door);
/** While dead nothing can be asked for; what was asked for and has not happened never does (kill -9). */
void fake_store_set_dead(struct store_door *door, bool dead);
/** Nothing happens until false is set. */
void fake_store_hold(struct store_door *door, bool hold);
/** What writes end with from now on; reads fail with it too, unless it is ERR_QUEUE_FULL. */
void fake_store_fail(struct store_door *door, enum msgin5g_err err);
/** Copies stored now; those for @p recipient, NULL: all. */
size_t fake_store_count(const struct store_door *door, const char *recipient);
/** Records of a kind. */
size_t fake_store_records(const struct store_door *door, enum store_kind kind);
/** Highest id ever stored. */
uint64_t fake_store_highest(const struct store_door *door);

#endif
