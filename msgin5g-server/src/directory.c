#include "directory.h"

#include <stdlib.h>
#include <string.h>

struct directory {
    struct directory_entry *entries;
};

enum msgin5g_err directory_create(struct directory **out)
{
    struct directory *directory = calloc(1, sizeof *directory);
    if (directory == NULL)
        return MSGIN5G_ERR_NO_MEMORY;
    *out = directory;
    return MSGIN5G_OK;
}

void directory_free(struct directory *directory)
{
    free(directory);
}

enum msgin5g_err directory_add(struct directory *directory, struct directory_entry *entry)
{
    HASH_ADD_KEYPTR(hh, directory->entries, entry->id, strlen(entry->id), entry);
    return HASH_ADDED(entry) ? MSGIN5G_OK : MSGIN5G_ERR_NO_MEMORY;
}

void directory_remove(struct directory *directory, struct directory_entry *entry)
{
    HASH_DELETE(hh, directory->entries, entry);
}

struct directory_entry *directory_find(const struct directory *directory, const struct msgin5g_service_id *id)
{
    struct directory_entry *entry;
    HASH_FIND(hh, directory->entries, id->text, id->length, entry);
    return entry;
}

size_t directory_count(const struct directory *directory)
{
    return HASH_COUNT(directory->entries);
}

struct directory_entry *directory_first(const struct directory *directory)
{
    return directory->entries;
}
