/*
 * UE Service ID -> where it is served (decision D4). There is one node with one shard so far, so "where" is the entry
 * itself, embedded in a registration; node and shard become members here when there are more.
 */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include "hash.h"
#include "msgin5g/ids.h"

struct directory;

/** Embedded in what it leads to; @p id is the owner's text. */
struct directory_entry {
    UT_hash_handle hh;
    const char *id;
};

enum msgin5g_err directory_create(struct directory **out);
/** Entries must have been removed. NULL is allowed. */
void directory_free(struct directory *directory);
/** @p entry stays the caller's; its id must not be there yet. @return MSGIN5G_OK or ERR_NO_MEMORY. */
enum msgin5g_err directory_add(struct directory *directory, struct directory_entry *entry);
void directory_remove(struct directory *directory, struct directory_entry *entry);
/** @return NULL when nobody serves @p id now. */
struct directory_entry *directory_find(const struct directory *directory, const struct msgin5g_service_id *id);
size_t directory_count(const struct directory *directory);
/** First entry, and the one after @p entry (through its hh.next), to walk over all of them. */
struct directory_entry *directory_first(const struct directory *directory);

#endif
